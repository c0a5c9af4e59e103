-- facts: the first lines of groups in the log, so many of each at most
-- column failure_key: the group
-- column lines: each with place, time and text
SELECT failure_key, list_sort(list_distinct(flatten(list(lines))))[1:$2] AS lines
FROM examples
WHERE failure_key IN (SELECT unnest($1::UBIGINT[]))
GROUP BY failure_key
