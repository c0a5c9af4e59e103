-- title: Client networks
-- question: Do refused clients come from one neighbourhood?
-- definition: Three or more addresses of one /24 (IPv6: one /64) that our servers refused with the same words.
-- chart: none
-- column network text "Network": the addresses' common part
-- column clients int "Addresses": of it that were refused
-- column refused int "Refused": refusals by our server before a message was queued, and failed logins
-- column text text "Refusal": its normalised text
-- column reply_code int "Code": the reply code of that refusal
-- column enhanced_code text "Enhanced code": its enhanced status code
WITH
    refused AS (
        SELECT client_ip, failure_key, sum(n) AS n
        FROM clients WHERE failure_key IS NOT NULL AND told AND client_ip IS NOT NULL GROUP BY ALL),
    -- `2001:db8::7` is 2001, db8, as many noughts as are missing of eight, 7
    groups AS (
        SELECT
            *,
            list_filter(string_split(split_part(client_ip, '::', 1), ':'), lambda g: g <> '') AS before,
            list_filter(string_split(split_part(client_ip, '::', 2), ':'), lambda g: g <> '') AS after
        FROM refused),
    placed AS (
        SELECT
            failure_key, client_ip, n,
            CASE
                WHEN NOT contains(client_ip, ':') THEN regexp_replace(client_ip, '[0-9]+$', '0/24')
                WHEN NOT contains(client_ip, '.') THEN
                    array_to_string(
                        (before || list_transform(range(8 - len(before) - len(after)), lambda i: '0') || after)[1:4], ':')
                    || '::/64'
            END AS network
        FROM groups)
SELECT
    p.network,
    count(DISTINCT p.client_ip) AS clients,
    sum(p.n)::BIGINT AS refused,
    x.shape AS text,
    x.reply_code,
    x.enhanced_code
FROM placed p
JOIN said x USING (failure_key)
WHERE p.network IS NOT NULL
GROUP BY p.network, failure_key, x.shape, x.reply_code, x.enhanced_code
HAVING count(DISTINCT p.client_ip) >= 3
ORDER BY refused DESC, network, text, x.reply_code NULLS LAST, x.enhanced_code NULLS LAST
