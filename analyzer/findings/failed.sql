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
-- column value: the recipient's domain or the sender, as the cause is a matter of the one or the other
WITH asked AS (SELECT unnest($1::UBIGINT[]) AS failure_key, unnest($2::VARCHAR[]) AS cause_key)
SELECT
    a.failure_key, f.message_key, f.recipient_key, coalesce(f.sender_key, m.sender_key) AS sender_key, f.bar, f.n, f.first_ref,
    f.last_ref, f.first, f.last,
    CASE cause_key WHEN 'domain' THEN f.domain_key WHEN 'sender' THEN coalesce(f.sender_key, m.sender_key) END AS value
FROM failed_addresses f
LEFT JOIN regrouped g ON g.failure_key = f.failure_key
JOIN asked a ON a.failure_key = coalesce(g.target, f.failure_key)
LEFT JOIN messages m ON m.message_key = f.message_key
