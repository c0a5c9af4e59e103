-- facts: failures of each recurring group in each bar of the time axis that has some
-- column failure_key: the group
-- column number: of the bar
-- column count: failures
SELECT f.failure_key, b.number, sum(f.n)::BIGINT AS count
FROM (SELECT * FROM failed WHERE bar IS NOT NULL) f
ASOF JOIN bars b ON f.bar * 1000000 >= b.start
GROUP BY ALL
