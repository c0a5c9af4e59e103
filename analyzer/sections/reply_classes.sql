-- title: Reply classes
-- question: How much went well, how much failed for now or for good?
-- definition: Counted replies by speaker and first digit. A delivery whose line prints no code counts in the class that the
--   mail server's own status gives.
-- chart: bars class_name count
-- column speaker text "Speaker": who gave the reply: us, remote or local
-- column reply_class int "Class": first digit of the reply code
-- column class_name text "Meaning": of that digit
-- column count int "Count": replies
-- column share share "Share": of all counted replies of this speaker
SELECT
    speaker,
    reply_class,
    '' AS class_name,
    sum(n)::BIGINT AS count,
    sum(n)::DOUBLE / sum(sum(n)) OVER (PARTITION BY speaker) AS share
FROM (SELECT * REPLACE (coalesce(speaker, 'local') AS speaker) FROM counted)
WHERE reply_class IS NOT NULL
GROUP BY speaker, reply_class
ORDER BY speaker, reply_class
