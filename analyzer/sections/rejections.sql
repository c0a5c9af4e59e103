-- title: Refused by us
-- question: What do our servers refuse, and why?
-- definition: What our servers did to mail before or while taking it: refused, would have refused, held, discarded,
--   redirected, sent to a filter or quarantined; by the text that was said, with what differs from message to message
--   masked.
-- chart: bars text count
-- column action text "Action": rejected, reject_warning, held, discarded, redirected, filtered or quarantined
-- column stage text "Stage": of the session; empty where the line does not say
-- column rule text "Rule": the restriction, ruleset, ACL or map that decided, where the line names it
-- column reply_code int "Code": the reply code that the client was told
-- column enhanced_code text "Enhanced code": the enhanced status code in the reply
-- column text text "Text": normalised
-- column count int "Count": lines
SELECT
    event AS action,
    stage,
    rule,
    reply_code,
    enhanced_code,
    coalesce(shape, '') AS text,
    sum(n)::BIGINT AS count
FROM failures
WHERE event IN ('rejected', 'reject_warning', 'held', 'discarded', 'redirected', 'filtered', 'quarantined')
GROUP BY ALL
ORDER BY count DESC, action, stage NULLS LAST, rule NULLS LAST, reply_code NULLS LAST, enhanced_code NULLS LAST, text
