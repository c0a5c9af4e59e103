-- view: what the tallies read, one row per event of a chunk, with every value that a tally may group by or measure.
--   message_key puts all lines of one message together: Postfix writes its submission service into `instance`, while the
--   rest of that message's lines come from the main one, so only the first part of `instance` counts.
--   ref is a line's place in reading order; failing marks what findings are made of: a failure told in this session with a
--   code of class 4 or 5, or a delivery, a refusal or a login that failed without any code.
--   The compiled engine gives the same values (matcher/_values.pxi); upper case is lowered in ASCII only, as there.
SELECT
    *,
    CASE WHEN failing THEN hash(failure_speaker, reply_code, enhanced_code, failure_shape) END AS failure_key,
    CASE WHEN accepted THEN time_us END AS queued_us,
    CASE WHEN accepted THEN size END AS queued_size,
    CASE WHEN accepted THEN sender_key END AS queued_sender_key,
    {'ref': ref, 'time_us': time_us, 'raw': coalesce(raw, '')} AS example,
    queue_id IS NOT NULL AND recipient_key IS NOT NULL
        AND event IN ('delivered', 'deferred', 'bounced', 'expired', 'discarded', 'held', 'redirected') AS of_delivery,
    recipient_key IS NOT NULL
        AND (failing OR (queue_id IS NOT NULL
                         AND event IN ('delivered', 'deferred', 'bounced', 'expired', 'discarded', 'held'))) AS named_recipient,
    sender_key IS NOT NULL AND (failing OR (queue_id IS NOT NULL AND accepted)) AS named_sender,
    queue_id IS NOT NULL AND (accepted OR event = 'info' OR (given_up AND recipient IS NULL)) AS of_message,
    client_key IS NOT NULL
        AND (accepted OR event IN ('connected', 'rejected', 'auth_failed', 'protocol_error')
             OR (event = 'info' AND queue_id IS NOT NULL))
        AND NOT (event = 'connected' AND process = 'postscreen') AS of_client  -- smtpd reports those that it passes on
FROM (
    SELECT
        chunk.*,
        1 AS one,
        epoch_us(time) AS time_us,
        epoch_us(time) AS last_us,
        (epoch_us(time) // ({bar} * 1000000)) * {bar} AS bar,
        (file_no::BIGINT << 36) | line AS ref,
        line & 31 AS sample,
        lower_ascii(recipient) AS recipient_text,
        lower_ascii(sender) AS sender_text,
        recipient_domain AS recipient_domain_text,
        sender_domain AS sender_domain_text,
        client_ip AS client_ip_text,
        client_host AS client_host_text,
        CASE WHEN queue_id IS NOT NULL THEN hash(host, split_part(instance, '/', 1), queue_id) END AS message_key,
        CASE WHEN recipient IS NOT NULL THEN hash(lower_ascii(recipient)) END AS recipient_key,
        CASE WHEN sender IS NOT NULL THEN hash(lower_ascii(sender)) END AS sender_key,
        CASE WHEN recipient_domain IS NOT NULL THEN hash(recipient_domain) END AS domain_key,
        CASE WHEN sender_domain IS NOT NULL THEN hash(sender_domain) END AS sender_domain_key,
        CASE WHEN client_ip IS NOT NULL OR client_host IS NOT NULL
             THEN hash(coalesce(client_ip, client_host)) END AS client_key,
        CASE WHEN client_host IS NOT NULL THEN hash(client_host) END AS client_host_key,
        CASE WHEN event NOT IN ('queued', 'quarantined', 'info') THEN event END AS client_event,
        coalesce(auth_user IS NOT NULL OR local_user IS NOT NULL
                 OR contains(instance, 'submission') OR contains(instance, 'smtps')
                 OR contains(process, 'submission') OR contains(process, 'smtps'), false) AS trusted,
        coalesce(reply_origin, 'wire') = 'wire' AS told,
        coalesce(speaker, 'local') AS failure_speaker,
        coalesce(shape, '') AS failure_shape,
        shape IS NOT NULL OR event IN ('rejected', 'reject_warning', 'held', 'discarded', 'redirected', 'filtered',
                                       'quarantined', 'screened', 'deferred', 'bounced', 'expired', 'auth_failed', 'error',
                                       'warning') AS trouble,
        event = 'delivered' AND delay_ms IS NOT NULL AS has_delay,
        event IN ('queued', 'quarantined') AS accepted,
        auth_user IS NOT NULL AS login,
        event = 'expired' AS given_up,
        -- One bit if the line says delivered, then its time, file, line and state.
        ((event = 'delivered')::HUGEINT << 120)
            | (greatest(coalesce(epoch_us(time), 0), 0)::HUGEINT << 56)
            | (((file_no::BIGINT << 36) | line)::HUGEINT << 4)
            | CASE event WHEN 'delivered' THEN 1 WHEN 'deferred' THEN 2 WHEN 'bounced' THEN 3 WHEN 'expired' THEN 4
                         WHEN 'discarded' THEN 5 WHEN 'held' THEN 6 ELSE 7 END AS outcome,
        coalesce(
            CASE WHEN reply_code IS NOT NULL OR enhanced_code IS NOT NULL
                 THEN reply_class IN (4, 5)
                      AND event IN ('rejected', 'deferred', 'bounced', 'expired', 'attempt_failed', 'protocol_error',
                                    'auth_failed')
                 ELSE event IN ('rejected', 'deferred', 'bounced', 'expired', 'auth_failed') END
            AND (reply_origin IS NULL OR reply_origin = 'wire'), false) AS failing
    FROM chunk)
