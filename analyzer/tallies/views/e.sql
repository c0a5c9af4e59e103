-- view: what a tally reads, one row per event of a chunk: the event columns, and what every tally needs of them.
--   message_key puts all lines of one message together: Postfix writes its submission service into `instance`, while the
--   rest of that message's lines come from the main one, so only the first part of `instance` counts.
--   ref is a line's place in reading order; failing marks what findings are made of: a failure told in this session with a
--   code of class 4 or 5, or a delivery, a refusal or a login that failed without any code.
SELECT
    *,
    CASE WHEN failing
         THEN hash(coalesce(speaker, 'local'), reply_code, enhanced_code, coalesce(shape, '')) END AS failure_key
FROM (
    SELECT
        chunk.*,
        epoch_us(time) AS time_us,
        (epoch_us(time) // ({bar} * 1000000)) * {bar} AS bar,
        (file_no::BIGINT << 36) | line AS ref,
        CASE WHEN queue_id IS NOT NULL THEN hash(host, split_part(instance, '/', 1), queue_id) END AS message_key,
        CASE WHEN recipient IS NOT NULL THEN hash(lower(recipient)) END AS recipient_key,
        CASE WHEN sender IS NOT NULL THEN hash(lower(sender)) END AS sender_key,
        CASE WHEN recipient_domain IS NOT NULL THEN hash(recipient_domain) END AS domain_key,
        CASE WHEN client_ip IS NOT NULL OR client_host IS NOT NULL
             THEN hash(coalesce(client_ip, client_host)) END AS client_key,
        coalesce(
            CASE WHEN reply_code IS NOT NULL OR enhanced_code IS NOT NULL
                 THEN reply_class IN (4, 5)
                      AND event IN ('rejected', 'deferred', 'bounced', 'expired', 'attempt_failed', 'protocol_error',
                                    'auth_failed')
                 ELSE event IN ('rejected', 'deferred', 'bounced', 'expired', 'auth_failed') END
            AND (reply_origin IS NULL OR reply_origin = 'wire'), false) AS failing
    FROM chunk)
