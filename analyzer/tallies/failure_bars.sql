-- tally: failures per bar of time, by the finding's group and the recipient's domain
-- key bar: start of the bar, seconds UTC; null where the line has no stamp
-- key failure_key: the finding's group
-- key domain_key: the recipient's domain
-- measure n sum: failures
SELECT bar, failure_key, domain_key, count(*) AS n
FROM e
WHERE failing
GROUP BY ALL
