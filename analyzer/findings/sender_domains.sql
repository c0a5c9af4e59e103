-- facts: the domains of those who sent what some groups refuse
-- column sender_key: the envelope sender
-- column domain_key: its domain
SELECT key AS sender_key, domain_key FROM names
WHERE key IN (SELECT sender_key FROM failed WHERE failure_key IN (SELECT unnest($1::UBIGINT[])))
