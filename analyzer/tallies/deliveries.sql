-- tally: what became of each recipient of each message
-- key message_key: the message
-- key recipient_key: the recipient
-- measure domain_key min: the recipient's domain
-- measure last max: the line that counts: one bit if it says delivered, then its time, file, line and state in one number,
--   so that the greatest is the last delivered line, or without one the last line
SELECT
    message_key,
    recipient_key,
    min(domain_key) AS domain_key,
    max(((event = 'delivered')::HUGEINT << 120)
        | (greatest(coalesce(time_us, 0), 0)::HUGEINT << 56)
        | (ref::HUGEINT << 4)
        | CASE event WHEN 'delivered' THEN 1 WHEN 'deferred' THEN 2 WHEN 'bounced' THEN 3 WHEN 'expired' THEN 4
                     WHEN 'discarded' THEN 5 WHEN 'held' THEN 6 ELSE 7 END) AS last
FROM e
WHERE queue_id IS NOT NULL
  AND recipient_key IS NOT NULL
  AND event IN ('delivered', 'deferred', 'bounced', 'expired', 'discarded', 'held', 'redirected')
GROUP BY ALL
