-- facts: each group of at least so many failures: how many, since when, by whom and towards whom
-- column failure_key: the group
-- column speaker: who gave the reply
-- column reply_code: printed in the reply
-- column enhanced_code: printed in the reply
-- column shape: the normalised text
-- column count: failures
-- column first: time of the first one
-- column last: time of the last one
-- column event: the most frequent kind of failure
-- column reply_class: 4 or 5, as most of that kind have it; null where no line tells
-- column domains: different recipient domains
-- column domain: the smallest of them
-- column relays: different servers spoken to
-- column relay_host: the smallest of them
-- column hosts: different hosts of ours that wrote the lines
-- column host: the smallest of them
WITH
    kinds AS (
        SELECT
            failure_key, event, reply_class,
            row_number() OVER (PARTITION BY failure_key ORDER BY sum(n) DESC, event, reply_class NULLS LAST) AS place
        FROM failures WHERE failure_key IS NOT NULL GROUP BY failure_key, event, reply_class),
    counts AS (
        SELECT
            failure_key,
            sum(n)::BIGINT AS count,
            min(first) AS first,
            max(last) AS last,
            count(DISTINCT recipient_domain) AS domains,
            min(recipient_domain) AS domain,
            count(DISTINCT relay_host) AS relays,
            min(relay_host) AS relay_host,
            count(DISTINCT host) AS hosts,
            min(host) AS host
        FROM failures WHERE failure_key IS NOT NULL GROUP BY ALL HAVING sum(n) >= $1)
SELECT
    x.failure_key, x.speaker, x.reply_code, x.enhanced_code, x.shape, c.count, c.first, c.last, k.event, k.reply_class,
    c.domains, c.domain, c.relays, c.relay_host, c.hosts, c.host
FROM said x
JOIN counts c USING (failure_key)
JOIN kinds k ON k.failure_key = x.failure_key AND k.place = 1
ORDER BY c.count DESC, x.speaker, x.reply_code NULLS LAST, x.enhanced_code NULLS LAST, x.shape
