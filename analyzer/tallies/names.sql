-- tally: the text behind an address's key
-- key key: hash of the address in lower case
-- measure text min: the address in lower case
-- measure domain min: what stands after its last @
SELECT recipient_key AS key, min(lower(recipient)) AS text, min(recipient_domain) AS domain
FROM e
WHERE queue_id IS NOT NULL
  AND recipient_key IS NOT NULL
  AND event IN ('delivered', 'deferred', 'bounced', 'expired', 'discarded', 'held')
GROUP BY ALL
UNION ALL
SELECT sender_key AS key, min(lower(sender)) AS text, min(sender_domain) AS domain
FROM e
WHERE queue_id IS NOT NULL AND sender_key IS NOT NULL AND event IN ('queued', 'quarantined')
GROUP BY ALL
