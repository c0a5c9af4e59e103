-- facts: the first lines that are kept of groups with parts, by whom they are about
-- column failure_key: the group, for what is left of it, or the part
-- column lines: each with place, time and text; so many at most
SELECT f.failure_key, list_sort(list_distinct(list(x.line)))[1:$3] AS lines
FROM (SELECT unnest(lines) AS line FROM examples WHERE failure_key IN (SELECT unnest($1::UBIGINT[]))) x
JOIN failed f ON f.first_ref = x.line.ref
WHERE f.failure_key IN (SELECT unnest($2::UBIGINT[]))
GROUP BY f.failure_key
