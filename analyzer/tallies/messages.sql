-- tally: each message, by host, instance and queue ID
-- key message_key: the message
-- measure accepted max: whether a line says that it was put into the queue
-- measure queued min: when, µs UTC; the first time where the MTA says so at every retry
-- measure size max: bytes
-- measure sender_key min: envelope sender
-- measure client_key min: the client that brought it
-- measure login max: whether it came with a login
-- measure expired max: whether it was given up, for all recipients that still waited
SELECT
    message_key,
    max(event IN ('queued', 'quarantined')) AS accepted,
    min(time_us) FILTER (event IN ('queued', 'quarantined')) AS queued,
    max(size) FILTER (event IN ('queued', 'quarantined')) AS size,
    min(sender_key) FILTER (event IN ('queued', 'quarantined')) AS sender_key,
    min(client_key) AS client_key,
    max(auth_user IS NOT NULL) AS login,
    max(event = 'expired') AS expired
FROM e
WHERE queue_id IS NOT NULL
  AND (event IN ('queued', 'quarantined', 'info') OR (event = 'expired' AND recipient IS NULL))
GROUP BY ALL
