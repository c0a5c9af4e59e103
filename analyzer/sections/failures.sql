-- title: Failed deliveries
-- question: Which deliveries fail, where, and with which words?
-- definition: Delivery attempts that failed, for now or for good, each attempt counted; by the text that was said, with what
--   differs from message to message masked. Attempts that only quote an earlier failure are in here too.
-- chart: bars text count
-- column event text "What": deferred (failed for now), bounced (for good) or expired (given up)
-- column transport text "Transport": delivery agent, transport or mailer
-- column relay_host text "Relay": the server that was spoken to
-- column reply_code int "Code": the reply code, where the text has one
-- column enhanced_code text "Enhanced code": the enhanced status code in the text
-- column text text "Text": normalised
-- column count int "Count": lines
SELECT
    event,
    transport,
    relay_host,
    reply_code,
    enhanced_code,
    coalesce(shape, '') AS text,
    sum(n)::BIGINT AS count
FROM failures
WHERE event IN ('deferred', 'bounced', 'expired')
GROUP BY ALL
ORDER BY count DESC, event, text, relay_host NULLS LAST, transport NULLS LAST, reply_code NULLS LAST,
         enhanced_code NULLS LAST
