-- title: Reply codes
-- question: What was said?
-- definition: Counted replies by speaker and code. Counted is a code said in the session that the line is about, or a
--   delivery whose line prints no code; replies quoted again, address probes and decisions that nobody was told are not.
-- chart: bars name count
-- column speaker text "Speaker": who gave the reply: us (our server, to a client), remote (another server, to us), local
--   (our server itself, without a session)
-- column reply_code int "Code": the three digits; empty where the line prints none
-- column enhanced_code text "Enhanced code": the enhanced status code that the reply prints
-- column name text "Name": of the reply code, in the catalogue's words
-- column reply_class int "Class": the first digit
-- column count int "Count": replies
-- column share share "Share": of all counted replies of this speaker
-- column first time "First": time of the first one
-- column last time "Last": time of the last one
SELECT
    speaker,
    reply_code,
    enhanced_code,
    '' AS name,
    reply_class,
    sum(n)::BIGINT AS count,
    sum(n)::DOUBLE / sum(sum(n)) OVER (PARTITION BY speaker) AS share,
    min(first) AS first,
    max(last) AS last
FROM (SELECT * REPLACE (coalesce(speaker, 'local') AS speaker) FROM counted)
GROUP BY speaker, reply_code, enhanced_code, reply_class
ORDER BY speaker, count DESC, reply_code NULLS LAST, enhanced_code NULLS FIRST, reply_class
