-- facts: the lines that are kept of groups with parts, each with whom it is about
-- column failure_key: the group, for what is left of it, or the part
-- column lines: of one sample, each with place, time and text
SELECT f.failure_key, list(x.line) AS lines
FROM (SELECT unnest(lines) AS line FROM examples WHERE failure_key IN (SELECT unnest($1::UBIGINT[]))) x
JOIN failed f ON f.first_ref = x.line.ref
WHERE f.failure_key IN (SELECT unnest($2::UBIGINT[]))
GROUP BY f.failure_key
