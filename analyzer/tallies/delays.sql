-- tally: how long deliveries took, as an exact histogram for each domain
-- key domain_key: the recipient's domain
-- key delay_ms: from arrival to delivery, as the log says it
-- measure n sum: deliveries
SELECT domain_key, delay_ms, count(*) AS n
FROM e
WHERE event = 'delivered' AND delay_ms IS NOT NULL
GROUP BY ALL
