-- tally: what failed, was refused, held or complained about, with the words that were said, all bars together
-- key failure_key: the finding's group; null for what is no failure of its own (warnings, holds, repeated replies)
-- key mta: who wrote the line
-- key host: the host that wrote it
-- key process: the program
-- key event: what happened
-- key speaker: who gave the reply
-- key stage: of the SMTP session
-- key transport: delivery agent, transport or mailer
-- key reply_code: printed in the reply
-- key enhanced_code: printed in the reply
-- key reply_class: 2 to 5
-- key reply_origin: wire, repeated, probe, own
-- key relay_host: who we spoke to
-- key recipient_domain: whom the mail was for
-- key rule: restriction, ruleset, ACL or map
-- key shape: the normalised text; of a screening test its name
-- measure n sum: events
-- measure first min: time of the first one, µs UTC
-- measure last max: time of the last one, µs UTC
SELECT
    failure_key, mta, host, process, event, speaker, stage, transport, reply_code, enhanced_code, reply_class,
    reply_origin, relay_host, recipient_domain, rule,
    -- A test's name is the words in capitals at the start (PASS NEW, DNSBL); numbers and addresses follow.
    CASE WHEN event = 'screened'
         THEN coalesce(nullif(trim(regexp_extract(text, '^[A-Z][A-Z -]+')), ''), shape, left(text, 60))
         ELSE shape END AS shape,
    count(*) AS n,
    min(time_us) AS first,
    max(time_us) AS last
FROM e
WHERE shape IS NOT NULL
   OR event IN ('rejected', 'reject_warning', 'held', 'discarded', 'redirected', 'filtered', 'quarantined', 'screened',
                'deferred', 'bounced', 'expired', 'auth_failed', 'error', 'warning')
GROUP BY ALL
