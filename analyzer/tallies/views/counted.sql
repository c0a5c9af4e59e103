-- view: counted replies: a code said in this session, or a delivery whose line prints none (its class is the MTA's own)
SELECT *, CASE WHEN bar IS NOT NULL THEN bar * 1000000 END AS bar_start
FROM flow
WHERE (reply_code IS NOT NULL AND reply_origin = 'wire') OR (event = 'delivered' AND reply_code IS NULL)
