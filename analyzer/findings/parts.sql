-- facts: the values of a cause's key that are findings of their own: those behind a tenth of the group's failures or more
-- column failure_key: the group
-- column value: of its key
-- column part: the finding's own key
SELECT failure_key, value, hash(failure_key, value) AS part
FROM (SELECT failure_key, value, sum(n) AS n, sum(sum(n)) OVER (PARTITION BY failure_key) AS total FROM failed GROUP BY failure_key, value)
WHERE value IS NOT NULL AND n >= $1 AND n < total AND n * 10 >= total
