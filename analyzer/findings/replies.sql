-- facts: what a trend is measured against: counted replies of each speaker in each bar; of the local speaker, who gives no
--   replies, delivery attempts
-- column speaker: who
-- column number: of the bar
-- column count: replies
SELECT c.speaker, b.number, sum(c.n)::BIGINT AS count
FROM (
    SELECT bar_start, speaker, n FROM counted WHERE bar IS NOT NULL AND speaker IN ('us', 'remote')
    UNION ALL
    SELECT bar * 1000000, 'local', n FROM flow
    WHERE bar IS NOT NULL AND event IN ('delivered', 'deferred', 'bounced', 'expired')) c
ASOF JOIN bars b ON c.bar_start >= b.start
GROUP BY ALL
