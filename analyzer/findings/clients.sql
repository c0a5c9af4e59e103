-- facts: the clients that each recurring group was told to
-- column failure_key: the group
-- column own: failures told to clients with a login, on a submission service, or with an address or a name of ours
-- column names: different names of clients, or addresses where they have none
-- column name: the smallest of them
SELECT
    failure_key,
    coalesce(sum(n) FILTER (trusted OR hash(client_ip, client_host) IN (SELECT hash(client_ip, client_host) FROM own_clients)), 0)::BIGINT AS own,
    count(DISTINCT coalesce(nullif(client_host, 'unknown'), client_ip, '')) AS names,
    min(coalesce(nullif(client_host, 'unknown'), client_ip)) AS name
FROM clients
WHERE failure_key IN (SELECT unnest($1::UBIGINT[]))
GROUP BY ALL
