-- view: recipients as reports count them, one row per message and recipient with at least one delivery line.
--   state: delivered if any line says so, else what the last line says; a deferred one whose message was given up counts as
--   bounced. A redirected pair is left out, since its new addresses are counted; so is a held one whose message went on
--   to other addresses (a hold names the address before aliases).
WITH
    held AS (SELECT DISTINCT message_key FROM deliveries WHERE last & 15 = 6),
    gone_on AS (SELECT DISTINCT message_key FROM deliveries SEMI JOIN held USING (message_key) WHERE last & 15 <> 6)
SELECT
    message_key,
    recipient_key,
    domain_key,
    sender_key,
    coalesce(size, 0) AS size,
    CASE WHEN last & 15 = 1 THEN 'delivered'
         WHEN last & 15 = 5 THEN 'discarded'
         WHEN last & 15 IN (3, 4) OR (last & 15 = 2 AND expired) THEN 'bounced'
         ELSE 'waiting' END AS state,
    nullif(((last >> 56) & 1152921504606846975)::BIGINT, 0) AS time_us
FROM deliveries
LEFT JOIN messages USING (message_key)
WHERE last & 15 <> 7
  AND NOT (last & 15 = 6 AND message_key IN (FROM gone_on))
