-- facts: how many different people each group hit, and how many of its recipients got their mail later
-- column failure_key: the group
-- column recipients: different recipient addresses
-- column senders: different envelope senders
-- column sender: the smallest of them, not counting the empty one
-- column pairs: recipients of messages, or sender and recipient where the message was refused before it was queued
-- column reached: those of them that were delivered later, or whose sender's mail was accepted for them later
WITH
    hit AS (
        SELECT failure_key, message_key, recipient, sender, recipient_key, sender_key, min(first) AS first
        FROM failed_addresses GROUP BY ALL),
    delivered AS (
        SELECT message_key, recipient_key, sender_key, time_us
        FROM pairs WHERE state = 'delivered' AND recipient_key IN (SELECT recipient_key FROM hit)),
    queued_later AS (
        SELECT DISTINCT failure_key, message_key, recipient
        FROM hit JOIN delivered d USING (message_key, recipient_key)),
    refused_later AS (
        SELECT DISTINCT h.failure_key, h.sender, h.recipient
        FROM hit h JOIN delivered d ON d.recipient_key = h.recipient_key AND d.sender_key = h.sender_key
        WHERE h.message_key IS NULL AND d.time_us > h.first),
    marked AS (
        SELECT DISTINCT h.failure_key, h.message_key, h.recipient,
               CASE WHEN h.message_key IS NULL THEN h.sender END AS sender,
               q.failure_key IS NOT NULL OR r.failure_key IS NOT NULL AS reached
        FROM hit h
        LEFT JOIN queued_later q
            ON q.failure_key = h.failure_key AND q.message_key = h.message_key AND q.recipient = h.recipient
        LEFT JOIN refused_later r
            ON h.message_key IS NULL AND r.failure_key = h.failure_key AND r.sender = h.sender
            AND r.recipient = h.recipient
        WHERE h.recipient IS NOT NULL)
SELECT
    a.failure_key,
    count(DISTINCT a.recipient) AS recipients,
    count(DISTINCT a.sender) AS senders,
    min(nullif(a.sender, '')) AS sender,
    coalesce(min(m.pairs), 0) AS pairs,
    coalesce(min(m.reached), 0) AS reached
FROM failed_addresses a
LEFT JOIN (SELECT failure_key, count(*) AS pairs, count(*) FILTER (reached) AS reached FROM marked GROUP BY ALL) m
    USING (failure_key)
GROUP BY a.failure_key
