-- tally: how many events of each kind, per bar of time
-- key bar: start of the bar, seconds UTC; null where the line has no stamp
-- key mta: who wrote the line
-- key host: the host that wrote it
-- key process: the program
-- key event: what happened
-- key speaker: who gave the reply
-- key stage: of the SMTP session
-- key transport: delivery agent, transport or mailer
-- key reply_code: printed in the reply
-- key enhanced_code: printed in the reply
-- key dsn: what the MTA says itself
-- key reply_class: 2 to 5
-- key reply_origin: wire, repeated, probe, own
-- measure n sum: events
-- measure bytes sum: of the sizes that lines name
-- measure first min: time of the first one, µs UTC
-- measure last max: time of the last one, µs UTC
SELECT
    bar, mta, host, process, event, speaker, stage, transport, reply_code, enhanced_code, dsn, reply_class, reply_origin,
    count(*) AS n,
    coalesce(sum(size), 0)::BIGINT AS bytes,
    min(time_us) AS first,
    max(time_us) AS last
FROM e
GROUP BY ALL
