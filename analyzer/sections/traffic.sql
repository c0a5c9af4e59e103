-- title: When it happened
-- question: Since when, better or worse?
-- definition: What happened in each bar of the time axis; lines without a time are left out.
-- chart: strips accepted refused transient permanent
-- column bar time "From": start of the bar
-- column accepted int "Accepted": messages put into the queue
-- column delivered int "Delivered": recipients whose message was delivered then
-- column refused int "Refused by us": refusals by our server before a message was queued
-- column transient int "Temporary failures 4xx": counted replies of other servers of class 4
-- column permanent int "Permanent failures 5xx": counted replies of other servers of class 5
-- column deferred int "Deferred": delivery attempts that failed for now
-- column bounced int "Bounced": recipients whose delivery failed for good then
WITH counts AS (
    SELECT queued // 1000000 * 1000000 AS time_us, 'accepted' AS what, count(*) AS n
    FROM messages WHERE accepted AND queued IS NOT NULL GROUP BY ALL
    UNION ALL
    SELECT time_us // 1000000 * 1000000, state, count(*)
    FROM pairs WHERE state IN ('delivered', 'bounced') AND time_us IS NOT NULL GROUP BY ALL
    UNION ALL
    SELECT bar * 1000000, CASE event WHEN 'rejected' THEN 'refused' ELSE event END, sum(n)
    FROM flow
    WHERE bar IS NOT NULL
      AND (event = 'deferred' OR (event = 'rejected' AND (reply_origin IS NULL OR reply_origin = 'wire')))
    GROUP BY ALL
    UNION ALL
    SELECT bar * 1000000, CASE reply_class WHEN 4 THEN 'transient' ELSE 'permanent' END, sum(n)
    FROM counted WHERE bar IS NOT NULL AND speaker = 'remote' AND reply_class IN (4, 5) GROUP BY ALL
), placed AS (
    SELECT b.number, c.what, c.n FROM counts c ASOF JOIN bars b ON c.time_us >= b.start
)
SELECT
    b.start AS bar,
    coalesce(sum(n) FILTER (what = 'accepted'), 0)::BIGINT AS accepted,
    coalesce(sum(n) FILTER (what = 'delivered'), 0)::BIGINT AS delivered,
    coalesce(sum(n) FILTER (what = 'refused'), 0)::BIGINT AS refused,
    coalesce(sum(n) FILTER (what = 'transient'), 0)::BIGINT AS transient,
    coalesce(sum(n) FILTER (what = 'permanent'), 0)::BIGINT AS permanent,
    coalesce(sum(n) FILTER (what = 'deferred'), 0)::BIGINT AS deferred,
    coalesce(sum(n) FILTER (what = 'bounced'), 0)::BIGINT AS bounced
FROM bars b LEFT JOIN placed p USING (number)
GROUP BY b.number, b.start
ORDER BY b.number
