-- tally: the first three lines of each finding's group, as they stand in the log
-- key failure_key: the finding's group
-- key speaker: who gave the reply
-- key reply_code: printed in the reply
-- key enhanced_code: printed in the reply
-- key shape: the normalised text
-- measure lines list3: place, time and text of a line
SELECT
    failure_key,
    coalesce(speaker, 'local') AS speaker,
    reply_code,
    enhanced_code,
    coalesce(shape, '') AS shape,
    min(DISTINCT {'ref': ref, 'time_us': time_us, 'raw': coalesce(raw, '')}, 3) AS lines
FROM e
WHERE failing
GROUP BY ALL
