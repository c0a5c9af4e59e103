-- title: Destinations
-- question: Who does not get our mail?
-- definition: Recipients by the domain of their address, those with the most recipients first.
-- chart: bars domain recipients
-- column domain text "Domain": what stands after the recipient's last @; empty for local addresses without one
-- column recipients int "Recipients": pairs of a message and a recipient with at least one delivery line
-- column delivered int "Delivered": those whose message was delivered
-- column delivered_share share "Share": delivered, of the recipients
-- column bounced int "Bounced": those whose delivery failed for good or was given up
-- column waiting int "Waiting": those whose delivery failed for now, or whose message is on hold
-- column discarded int "Discarded": those whose message was thrown away by a rule
-- column transient_replies int "4xx": counted replies of class 4 by the servers that took mail for the domain
-- column permanent_replies int "5xx": counted replies of class 5 by those servers
-- column bytes bytes "Volume": sizes of the messages delivered, once for each recipient
-- column delay_p50_ms ms "Delay": half of the deliveries took at most this long
-- column delay_p95_ms ms "95 %": 95 of 100 deliveries took at most this long
-- column delay_max_ms ms "Slowest": the slowest delivery took this long
-- column bars text "Failures": failed delivery attempts in each bar of the time axis, from left to right
WITH
    recipients AS (
        SELECT
            domain_key,
            count(*) AS recipients,
            count(*) FILTER (state = 'delivered') AS delivered,
            count(*) FILTER (state = 'bounced') AS bounced,
            count(*) FILTER (state = 'waiting') AS waiting,
            count(*) FILTER (state = 'discarded') AS discarded,
            coalesce(sum(size) FILTER (state = 'delivered'), 0) AS bytes
        FROM pairs GROUP BY ALL),
    replies AS (
        SELECT
            domain_key,
            sum(n) FILTER (reply_class = 4) AS transient_replies,
            sum(n) FILTER (reply_class = 5) AS permanent_replies
        FROM failures
        WHERE speaker = 'remote' AND reply_code IS NOT NULL AND reply_origin = 'wire' AND recipient_domain IS NOT NULL
        GROUP BY ALL),
    ranked AS (
        SELECT domain_key, delay_ms, sum(n) OVER (PARTITION BY domain_key ORDER BY delay_ms) AS up_to,
               sum(n) OVER (PARTITION BY domain_key) AS total
        FROM delays),
    delay AS (
        SELECT
            domain_key,
            min(delay_ms) FILTER (up_to * 100 >= total * 50) AS delay_p50_ms,
            min(delay_ms) FILTER (up_to * 100 >= total * 95) AS delay_p95_ms,
            max(delay_ms) AS delay_max_ms
        FROM ranked GROUP BY ALL),
    failed AS (
        SELECT f.domain_key, b.number, sum(f.n)::BIGINT AS n
        FROM (SELECT bar, domain_key, sum(n) AS n FROM failed_addresses
              WHERE bar IS NOT NULL AND failure_key IN (SELECT failure_key FROM said WHERE speaker <> 'us')
              GROUP BY ALL) f
        ASOF JOIN bars b ON f.bar * 1000000 >= b.start
        GROUP BY ALL),
    failed_domains AS (SELECT DISTINCT domain_key FROM failed),
    strips AS (
        SELECT d.domain_key, string_agg(coalesce(f.n, 0)::VARCHAR, ' ' ORDER BY b.number) AS bars
        FROM failed_domains d CROSS JOIN bars b
        LEFT JOIN failed f ON f.domain_key IS NOT DISTINCT FROM d.domain_key AND f.number = b.number
        GROUP BY d.domain_key),
    nothing AS (SELECT string_agg('0', ' ' ORDER BY number) AS bars FROM bars)
SELECT
    coalesce(d.domain, '') AS domain,
    r.recipients,
    r.delivered,
    r.delivered::DOUBLE / r.recipients AS delivered_share,
    r.bounced,
    r.waiting,
    r.discarded,
    coalesce(p.transient_replies, 0)::BIGINT AS transient_replies,
    coalesce(p.permanent_replies, 0)::BIGINT AS permanent_replies,
    r.bytes::BIGINT AS bytes,
    y.delay_p50_ms,
    y.delay_p95_ms,
    y.delay_max_ms,
    coalesce(s.bars, (SELECT bars FROM nothing), '') AS bars
FROM recipients r
LEFT JOIN domains d USING (domain_key)
LEFT JOIN replies p USING (domain_key)
LEFT JOIN delay y ON y.domain_key IS NOT DISTINCT FROM r.domain_key
LEFT JOIN strips s ON s.domain_key IS NOT DISTINCT FROM r.domain_key
ORDER BY r.recipients DESC, domain
