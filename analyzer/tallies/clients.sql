-- tally: what clients did, and what they were told
-- key client_key: the client: its IP address, else its name
-- key client_ip: who spoke to us, by address
-- key client_host: by name
-- key event: connected, rejected, auth_failed, or null where the line only names a message's client
-- key trusted: with a login, as a local user, or on a submission service
-- key failure_key: the finding's group
-- key told: whether the client was told so in this session
-- measure n sum: events
SELECT
    client_key,
    client_ip,
    client_host,
    CASE WHEN event NOT IN ('queued', 'quarantined', 'info') THEN event END AS event,
    coalesce(auth_user IS NOT NULL OR local_user IS NOT NULL
             OR contains(instance, 'submission') OR contains(instance, 'smtps')
             OR contains(process, 'submission') OR contains(process, 'smtps'), false) AS trusted,
    failure_key,
    coalesce(reply_origin, 'wire') = 'wire' AS told,
    count(*) AS n
FROM e
WHERE client_key IS NOT NULL
  AND (event IN ('connected', 'rejected', 'auth_failed', 'protocol_error', 'queued', 'quarantined')
       OR (event = 'info' AND queue_id IS NOT NULL))
  AND NOT (event = 'connected' AND process = 'postscreen')  -- smtpd reports the connections that it passes on
GROUP BY ALL
