-- title: Our servers
-- question: What do our mail servers say themselves?
-- definition: One small table per mail server program, in that program's own words: what it delivered by, refused at,
--   deferred, tested and complained about.
-- chart: none
-- column mta text "Program": postfix, exim or sendmail
-- column host text "Host": the host that wrote the lines; empty where the log names none
-- column table text "Table": which small table the row belongs to
-- column item text "Item": what is counted
-- column count int "Count": lines that say so
-- column bytes bytes "Volume": sum of the sizes that those lines name; empty where they name none
WITH item AS (
    SELECT mta, host,
           CASE mta WHEN 'exim' THEN 'Deliveries by transport' WHEN 'sendmail' THEN 'Deliveries by mailer'
                    ELSE 'Deliveries by agent' END AS "table",
           coalesce(transport, process, '') AS item, n, bytes
    FROM flow WHERE event = 'delivered'
    UNION ALL
    SELECT mta, host,
           CASE mta WHEN 'exim' THEN 'Deferrals by transport' WHEN 'sendmail' THEN 'Deferrals by mailer'
                    ELSE 'Deferrals by process' END,
           CASE mta WHEN 'postfix' THEN coalesce(process, '') ELSE coalesce(transport, '(before a transport)') END, n, 0
    FROM flow WHERE event = 'deferred'
    UNION ALL
    SELECT mta, host, 'DSN status', dsn, n, 0
    FROM flow WHERE dsn IS NOT NULL AND event IN ('delivered', 'deferred', 'bounced', 'expired')
    UNION ALL
    SELECT mta, host,
           CASE mta WHEN 'exim' THEN 'Rejections by stage' WHEN 'sendmail' THEN 'Rejections by ruleset'
                    ELSE 'Rejections by stage and rule' END,
           concat_ws(': ', CASE WHEN mta = 'sendmail' AND rule IS NOT NULL THEN NULL ELSE coalesce(stage, 'stage unknown') END,
                     coalesce(rule, CASE WHEN mta = 'exim' THEN shape END)), n, 0
    FROM failures WHERE event = 'rejected'
    UNION ALL
    SELECT mta, host,
           CASE WHEN process = 'postscreen' THEN 'postscreen tests' ELSE 'Screening' END, coalesce(shape, rule, ''), n, 0
    FROM failures WHERE event = 'screened'
    UNION ALL
    SELECT mta, host, CASE event WHEN 'warning' THEN 'Warnings' ELSE 'Errors' END,
           concat_ws(': ', process, coalesce(shape, '')), n, 0
    FROM failures WHERE event IN ('warning', 'error')
)
SELECT
    mta,
    coalesce(host, '') AS host,
    "table",
    item,
    sum(n)::BIGINT AS count,
    nullif(sum(bytes), 0)::BIGINT AS bytes
FROM item
GROUP BY ALL
ORDER BY mta, host, "table", count DESC, item
