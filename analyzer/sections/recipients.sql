-- title: Recipients
-- question: Who gets the most mail, and who does not get it?
-- definition: Recipients by their address in lower case, those with the most messages first.
-- chart: bars recipient messages
-- column recipient text "Recipient": envelope recipient
-- column messages int "Messages": with at least one delivery line for this address, however many attempts
-- column delivered int "Delivered": those that were delivered
-- column failed int "Failed": those that bounced or still wait
-- column bytes bytes "Volume": sizes of the messages delivered
SELECT
    text AS recipient,
    messages,
    delivered,
    failed,
    bytes
FROM (
    SELECT
        recipient_key,
        count(*) AS messages,
        count(*) FILTER (state = 'delivered') AS delivered,
        count(*) FILTER (state IN ('bounced', 'waiting')) AS failed,
        coalesce(sum(size) FILTER (state = 'delivered'), 0)::BIGINT AS bytes
    FROM pairs GROUP BY ALL)
JOIN names ON key = recipient_key
ORDER BY messages DESC, recipient
