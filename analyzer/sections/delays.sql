-- title: Delays
-- question: How slow is it?
-- definition: Deliveries by the time from arrival to delivery, as the log gives it. A mail server that writes no such time
--   is not in here.
-- chart: histogram range count
-- column range text "Range": how long it took
-- column upper_ms ms "Up to": upper end of the range, itself not included; empty for the last one
-- column count int "Deliveries": recipients' deliveries in this range
-- column cumulative_share share "Up to here": share of all deliveries that took less than the range's upper end
WITH ranges(place, range, lower_ms, upper_ms) AS (VALUES
    (1, 'under 1 s', 0, 1000),
    (2, '1 to 5 s', 1000, 5000),
    (3, '5 to 30 s', 5000, 30000),
    (4, '30 s to 2 min', 30000, 120000),
    (5, '2 to 10 min', 120000, 600000),
    (6, '10 min to 1 h', 600000, 3600000),
    (7, '1 to 6 h', 3600000, 21600000),
    (8, 'over 6 h', 21600000, NULL)),
counts AS (
    SELECT r.place, r.range, r.upper_ms, coalesce(sum(d.n), 0)::BIGINT AS count
    FROM ranges r
    LEFT JOIN (SELECT greatest(delay_ms, 0) AS delay_ms, n FROM delays) d
        ON d.delay_ms >= r.lower_ms AND (r.upper_ms IS NULL OR d.delay_ms < r.upper_ms)
    GROUP BY ALL)
SELECT
    range,
    upper_ms,
    count,
    CASE WHEN sum(count) OVER () > 0
         THEN (sum(count) OVER (ORDER BY place))::DOUBLE / sum(count) OVER () END AS cumulative_share
FROM counts
ORDER BY place
