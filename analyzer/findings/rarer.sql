-- facts: the groups of fewer failures than that
-- column groups: how many
-- column failures: their failures
SELECT count(*) AS groups, coalesce(sum(n), 0)::BIGINT AS failures
FROM (SELECT failure_key, sum(n) AS n FROM failures WHERE failure_key IS NOT NULL GROUP BY ALL HAVING sum(n) < $1)
