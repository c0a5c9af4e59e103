-- facts: what was said in each group of failures
-- column failure_key: the group
-- column speaker: who gave the reply
-- column reply_code: printed in the reply
-- column enhanced_code: printed in the reply
-- column shape: the normalised text
-- column count: failures
SELECT x.failure_key, x.speaker, x.reply_code, x.enhanced_code, x.shape, c.count
FROM (SELECT failure_key, speaker, reply_code, enhanced_code, min(shape) AS shape FROM examples GROUP BY ALL) x
JOIN (SELECT failure_key, sum(n)::BIGINT AS count FROM failures WHERE failure_key IS NOT NULL GROUP BY ALL) c USING (failure_key)
