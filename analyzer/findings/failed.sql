-- facts: whom the recurring groups hit, a row per message, recipient and bar, with the value of the cause's key
-- column failure_key: the group
-- column message_key: the message; null if it was refused before it was queued
-- column recipient_key: the recipient
-- column sender_key: the envelope sender, of the line or of the message
-- column bar: start of the bar, seconds UTC
-- column n: failures
-- column first_ref: place of the first line
-- column last_ref: place of the last line
-- column first: time of the first one
-- column last: time of the last one
-- column value: the recipient's domain, the sender or the sender's domain, as the cause is a matter of the one or the other
WITH
    asked AS (SELECT unnest($1::UBIGINT[]) AS failure_key, unnest($2::VARCHAR[]) AS cause_key),
    failed AS (
        SELECT f.* REPLACE (coalesce(f.sender_key, m.sender_key) AS sender_key), a.cause_key
        FROM failed_addresses f JOIN asked a USING (failure_key) LEFT JOIN messages m USING (message_key)),
    sender_domains AS (
        SELECT key, domain_key FROM names
        WHERE key IN (SELECT sender_key FROM failed WHERE cause_key = 'sender_domain'))
SELECT
    failure_key, message_key, recipient_key, sender_key, bar, n, first_ref, last_ref, first, last,
    CASE cause_key WHEN 'domain' THEN f.domain_key WHEN 'sender' THEN sender_key WHEN 'sender_domain' THEN s.domain_key END AS value
FROM failed f LEFT JOIN sender_domains s ON s.key = CASE WHEN cause_key = 'sender_domain' THEN sender_key END
