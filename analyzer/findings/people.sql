-- facts: how many different people each recurring group hit, and how many of its recipients got their mail later
-- column failure_key: the group
-- column recipients: different recipient addresses
-- column senders: different envelope senders
-- column sender: the smallest of them, not counting the empty one
-- column sender_domains: different domains of them
-- column sender_domain: the smallest of these
-- column pairs: recipients of messages, or sender and recipient where the message was refused before it was queued
-- column reached: those of them that were delivered later, or whose sender's mail was accepted for them later
WITH
    hit AS (
        SELECT
            failure_key, message_key, recipient_key, CASE WHEN message_key IS NULL THEN sender_key END AS sender_key,
            min(first) AS first
        FROM failed WHERE recipient_key IS NOT NULL GROUP BY ALL),
    later AS (
        SELECT recipient_key, sender_key, max(time_us) AS time_us
        FROM pairs
        SEMI JOIN (SELECT recipient_key FROM hit WHERE message_key IS NULL) USING (recipient_key)
        WHERE state = 'delivered' AND sender_key IS NOT NULL GROUP BY ALL),
    got AS (SELECT message_key, recipient_key FROM pairs WHERE state = 'delivered'),
    marked AS (
        SELECT h.failure_key, coalesce(g.message_key IS NOT NULL OR l.time_us > h.first, false) AS reached
        FROM hit h
        LEFT JOIN got g ON g.message_key = h.message_key AND g.recipient_key = h.recipient_key
        LEFT JOIN later l ON l.recipient_key = h.recipient_key AND l.sender_key = h.sender_key)
SELECT
    f.failure_key,
    coalesce(r.recipients, 0) AS recipients,
    coalesce(s.senders, 0) AS senders,
    s.sender,
    coalesce(s.sender_domains, 0) AS sender_domains,
    s.sender_domain,
    coalesce(m.pairs, 0) AS pairs,
    coalesce(m.reached, 0) AS reached
FROM (SELECT DISTINCT failure_key FROM failed) f
LEFT JOIN (
    SELECT failure_key, count(*) AS recipients
    FROM (SELECT DISTINCT failure_key, recipient_key FROM failed WHERE recipient_key IS NOT NULL)
    GROUP BY ALL) r USING (failure_key)
LEFT JOIN (
    SELECT
        failure_key, count(*) AS senders, min(nullif(text, '')) AS sender,
        count(DISTINCT domain_key) AS sender_domains, min(domain) AS sender_domain
    FROM (SELECT DISTINCT failure_key, sender_key FROM failed WHERE sender_key IS NOT NULL)
    JOIN names ON key = sender_key
    GROUP BY ALL) s USING (failure_key)
LEFT JOIN (SELECT failure_key, count(*) AS pairs, count(*) FILTER (reached) AS reached FROM marked GROUP BY ALL) m
    USING (failure_key)
