-- facts: what was said in each group of failures, the most frequent first
-- column failure_key: the group
-- column speaker: who gave the reply
-- column reply_code: printed in the reply
-- column enhanced_code: printed in the reply
-- column shape: the normalised text
-- column count: failures
-- column place: 1 for the most frequent text
-- column target: the group itself for the $1 most frequent texts; of the others the most frequent one with the same codes
WITH placed AS (
    SELECT *, row_number() OVER (ORDER BY count DESC, shape, speaker, coalesce(reply_code, 0), coalesce(enhanced_code, '')) AS place
    FROM said
    JOIN (SELECT failure_key, sum(n)::BIGINT AS count FROM failures WHERE failure_key IS NOT NULL GROUP BY ALL) USING (failure_key))
SELECT
    failure_key, speaker, reply_code, enhanced_code, shape, count, place,
    CASE WHEN place <= $1 THEN failure_key
         ELSE first_value(failure_key) OVER (PARTITION BY place <= $1, speaker, reply_code, enhanced_code ORDER BY place) END AS target
FROM placed
