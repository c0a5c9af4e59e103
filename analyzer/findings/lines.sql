-- facts: the first lines of each recurring group in the log
-- column failure_key: the group
-- column lines: of one of its texts, each with place, time and text
SELECT failure_key, lines
FROM examples
WHERE failure_key IN (SELECT unnest($1::UBIGINT[]))
