-- title: Clients
-- question: Who speaks to our servers, and whom do they refuse?
-- definition: Those who connected to us, by IP address (by name where the log gives no address), most refused first.
-- chart: bars client_ip refused
-- column client_ip text "Client": IP address
-- column client_host text "Name": the name that the log gives most often for it
-- column connections int "Connections": reported by the log; some mail servers do not report them
-- column accepted int "Accepted": messages put into the queue, each queue ID once
-- column refused int "Refused": refusals by our server before a message was queued
-- column auth_failed int "Failed logins": logins that failed
-- column most_text text "Most frequent refusal": its normalised text
-- column most_code int "Code": the reply code of that refusal
WITH
    counts AS (
        SELECT
            client_key,
            min(rowid) AS line,  -- of any of its rows: they all have the same address
            coalesce(sum(n) FILTER (event = 'connected'), 0) AS connections,
            coalesce(sum(n) FILTER (event = 'rejected' AND told), 0) AS refused,
            coalesce(sum(n) FILTER (event = 'auth_failed'), 0) AS auth_failed
        FROM clients GROUP BY ALL),
    hosts AS (
        SELECT client_key, client_host, row_number() OVER (PARTITION BY client_key ORDER BY n DESC, client_host) AS place
        FROM (SELECT client_key, client_host, sum(n) AS n FROM clients WHERE client_host IS NOT NULL GROUP BY ALL)),
    accepted AS (SELECT client_key, count(*) AS accepted FROM messages WHERE accepted GROUP BY ALL),
    refusals AS (
        SELECT
            client_key, x.shape, x.reply_code,
            row_number() OVER (PARTITION BY client_key
                               ORDER BY c.n DESC, x.shape, x.reply_code NULLS LAST, x.enhanced_code NULLS LAST) AS place
        FROM (SELECT client_key, failure_key, sum(n) AS n FROM clients WHERE failure_key IS NOT NULL GROUP BY ALL) c
        JOIN said x USING (failure_key))
SELECT
    l.client_ip,
    h.client_host,
    c.connections::BIGINT AS connections,
    coalesce(a.accepted, 0) AS accepted,
    c.refused::BIGINT AS refused,
    c.auth_failed::BIGINT AS auth_failed,
    r.shape AS most_text,
    r.reply_code AS most_code
FROM counts c
JOIN clients l ON l.rowid = c.line
LEFT JOIN hosts h ON h.client_key = c.client_key AND h.place = 1
LEFT JOIN accepted a ON a.client_key = c.client_key
LEFT JOIN refusals r ON r.client_key = c.client_key AND r.place = 1
ORDER BY c.refused DESC, c.auth_failed DESC, accepted DESC, c.connections DESC, l.client_ip NULLS LAST, h.client_host
