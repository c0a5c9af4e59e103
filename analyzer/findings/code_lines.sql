-- facts: the first three lines of each speaker, reply code and enhanced code among the failures
-- column speaker: who gave the reply
-- column reply_code: printed in the reply
-- column enhanced_code: printed in the reply
-- column lines: each with place, time and text
SELECT speaker, reply_code, enhanced_code, list_sort(list_distinct(flatten(list(lines))))[1:3] AS lines
FROM examples
WHERE reply_code IS NOT NULL OR enhanced_code IS NOT NULL
GROUP BY speaker, reply_code, enhanced_code
