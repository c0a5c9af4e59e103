-- facts: what a cause is decided for: the most frequent texts, and all others of one code together
-- column failure_key: the group
-- column speaker: who gave the reply
-- column reply_code: printed in the reply
-- column enhanced_code: printed in the reply
-- column shape: the normalised text; of others together that of the most frequent one
-- column count: failures
-- column examined: whether it is one of the most frequent texts, of which the words are looked at
SELECT
    target AS failure_key, any_value(speaker) AS speaker, any_value(reply_code) AS reply_code,
    any_value(enhanced_code) AS enhanced_code, min_by(shape, place) AS shape, sum(count)::BIGINT AS count, min(place) <= $1 AS examined
FROM texts
GROUP BY target
ORDER BY min(place)
