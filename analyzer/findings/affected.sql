-- facts: whom each recurring group hit: its recipients, or its senders where no recipient was named; so many at most
-- column failure_key: the group
-- column address: lower case
-- column count: failures
-- column first_ref: place of the first line
-- column last_ref: place of the last line
SELECT
    failure_key,
    coalesce(recipient, nullif(sender, '')) AS address,
    sum(n)::BIGINT AS count,
    min(first_ref) AS first_ref,
    max(last_ref) AS last_ref
FROM failed_addresses
WHERE failure_key IN (SELECT unnest($1::UBIGINT[])) AND coalesce(recipient, nullif(sender, '')) IS NOT NULL
GROUP BY failure_key, address
QUALIFY row_number() OVER (PARTITION BY failure_key ORDER BY count DESC, address) <= $2
ORDER BY failure_key, count DESC, address
