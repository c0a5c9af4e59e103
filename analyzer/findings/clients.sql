-- facts: the clients that each group was told to
-- column failure_key: the group
-- column client_ip: address
-- column client_host: name
-- column trusted: with a login, as a local user, or on a submission service
-- column count: failures
SELECT failure_key, client_ip, client_host, trusted, sum(n)::BIGINT AS count
FROM clients
WHERE failure_key IS NOT NULL
GROUP BY ALL
