-- tally: whom each failure hit
-- key failure_key: the finding's group
-- key message_key: the message; null if it was refused before it was queued
-- key recipient: lower case
-- key sender: lower case
-- measure n sum: failures
-- measure first_ref min: place of the first line
-- measure last_ref max: place of the last line
-- measure first min: time of the first one, µs UTC
SELECT
    failure_key,
    message_key,
    lower(recipient) AS recipient,
    lower(sender) AS sender,
    count(*) AS n,
    min(ref) AS first_ref,
    max(ref) AS last_ref,
    min(time_us) AS first
FROM e
WHERE failing
GROUP BY ALL
