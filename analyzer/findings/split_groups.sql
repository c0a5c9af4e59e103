-- facts: what a group and its parts share out: how many, since when, and towards whom
-- column failure_key: the group, for what is left of it, or the part
-- column count: failures
-- column first: time of the first one
-- column last: time of the last one
-- column domains: different recipient domains
-- column domain: the smallest of them
SELECT
    failure_key, sum(n)::BIGINT AS count, min(first) AS first, max(last) AS last,
    count(DISTINCT domain_key) AS domains, min(domain) AS domain
FROM failed LEFT JOIN names ON key = recipient_key
WHERE failure_key IN (SELECT unnest($1::UBIGINT[]))
GROUP BY failure_key
