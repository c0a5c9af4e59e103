-- facts: all failures of each speaker
-- column speaker: who gave the reply
-- column count: failures
SELECT coalesce(speaker, 'local') AS speaker, sum(n)::BIGINT AS count
FROM failures WHERE failure_key IS NOT NULL
GROUP BY ALL
