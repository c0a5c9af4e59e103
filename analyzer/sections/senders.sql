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
    per_address AS (
        SELECT n.text, n.domain_key, s.*, r.* EXCLUDE (sender_key)
        FROM sent s JOIN names n ON n.key = s.sender_key LEFT JOIN reached r USING (sender_key)),
    per_domain AS (
        SELECT
            domain_key, sum(messages) AS messages, sum(bytes) AS bytes, sum(recipients) AS recipients,
            sum(delivered) AS delivered, sum(failed) AS failed
        FROM per_address WHERE domain_key IS NOT NULL GROUP BY ALL)
SELECT
    kind,
    sender,
    messages::BIGINT AS messages,
    bytes::BIGINT AS bytes,
    coalesce(recipients, 0)::BIGINT AS recipients,
    coalesce(delivered, 0)::BIGINT AS delivered,
    coalesce(failed, 0)::BIGINT AS failed
FROM (
    SELECT 'address' AS kind, CASE text WHEN '' THEN '<>' ELSE text END AS sender, messages, bytes, recipients, delivered, failed
    FROM per_address
    UNION ALL
    (SELECT 'domain' AS kind, domain AS sender, messages, bytes, recipients, delivered, failed
     FROM per_domain JOIN domains USING (domain_key)
     ORDER BY messages DESC, sender LIMIT 5000))  -- so that there is room for addresses
ORDER BY kind DESC, messages DESC, sender
