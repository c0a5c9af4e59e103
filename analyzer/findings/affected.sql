-- facts: whom each recurring group hit: its recipients, or its senders where no recipient was named; so many at most
-- column failure_key: the group
-- column address: lower case
-- column count: failures
-- column first_ref: place of the first line
-- column last_ref: place of the last line
SELECT
    f.failure_key,
    n.text AS address,
    f.count,
    f.first_ref,
    f.last_ref
FROM (
    SELECT
        failure_key,
        coalesce(recipient_key, sender_key) AS key,
        sum(n)::BIGINT AS count,
        min(first_ref) AS first_ref,
        max(last_ref) AS last_ref
    FROM failed
    GROUP BY ALL) f
JOIN names n USING (key)
WHERE n.text <> ''
QUALIFY row_number() OVER (PARTITION BY f.failure_key ORDER BY f.count DESC, n.text) <= $1
ORDER BY f.failure_key, f.count DESC, address
