-- view: the domain behind a domain's key
SELECT domain_key, min(domain) AS domain
FROM names
WHERE domain IS NOT NULL
GROUP BY ALL
