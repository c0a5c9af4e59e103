-- title: Senders
-- question: Who sends, and whose mail fails?
-- definition: Messages accepted, by envelope sender and by its domain; the empty sender of notifications is shown as <>.
-- chart: bars sender messages
-- column kind text "Kind": address or domain
-- column sender text "Sender": envelope sender in lower case, or what stands after its last @
-- column messages int "Messages": put into the queue, each queue ID once
-- column bytes bytes "Volume": sizes of those messages, each once
-- column recipients int "Recipients": pairs of a message and a recipient with at least one delivery line
-- column delivered int "Delivered": recipients whose message was delivered
-- column failed int "Failed": recipients whose delivery bounced or still waits
WITH
    sent AS (
        SELECT sender_key, count(*) AS messages, coalesce(sum(size), 0) AS bytes
        FROM messages WHERE accepted AND sender_key IS NOT NULL GROUP BY ALL),
    reached AS (
        SELECT
            sender_key,
            count(*) AS recipients,
            count(*) FILTER (state = 'delivered') AS delivered,
            count(*) FILTER (state IN ('bounced', 'waiting')) AS failed
        FROM pairs WHERE sender_key IS NOT NULL GROUP BY ALL),
    named AS (SELECT key AS sender_key, min(text) AS text, min(domain) AS domain FROM names GROUP BY ALL),
    per_address AS (
        SELECT * FROM sent JOIN named USING (sender_key) LEFT JOIN reached USING (sender_key))
SELECT
    kind,
    sender,
    sum(messages)::BIGINT AS messages,
    sum(bytes)::BIGINT AS bytes,
    coalesce(sum(recipients), 0)::BIGINT AS recipients,
    coalesce(sum(delivered), 0)::BIGINT AS delivered,
    coalesce(sum(failed), 0)::BIGINT AS failed
FROM (
    SELECT 'address' AS kind, CASE text WHEN '' THEN '<>' ELSE text END AS sender, * FROM per_address
    UNION ALL
    SELECT 'domain' AS kind, domain AS sender, * FROM per_address WHERE domain IS NOT NULL)
GROUP BY kind, sender
ORDER BY kind, messages DESC, sender
