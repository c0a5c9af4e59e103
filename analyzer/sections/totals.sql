-- title: Totals
-- question: How much mail was there, and what became of it?
-- definition: One figure per row, each with its own definition beside it. Delivered, still waiting, bounced and discarded
--   add up to the recipients.
-- chart: none
-- column measure text "Measure": the figure's name in files
-- column value int "Value": empty where no line tells
-- column unit text "Unit": what is counted
-- column definition text "Definition": what exactly is counted
WITH
    state AS (SELECT state, count(*) AS n, sum(size) AS bytes FROM pairs GROUP BY ALL),
    event AS (
        SELECT event, sum(n) AS n, sum(n) FILTER (reply_origin IS NULL OR reply_origin = 'wire') AS told
        FROM flow GROUP BY ALL),
    accepted AS (SELECT * FROM messages WHERE accepted),
    delay AS (
        SELECT delay_ms, n, sum(n) OVER (ORDER BY delay_ms) AS up_to, sum(n) OVER () AS total
        FROM (SELECT delay_ms, sum(n) AS n FROM delays GROUP BY ALL)),
    seen AS (SELECT DISTINCT recipient_key, domain_key FROM pairs)
SELECT measure, value::BIGINT AS value, unit, definition
FROM (VALUES
    (1, 'accepted', (SELECT count(*) FROM accepted), 'messages',
     'Messages put into the queue, each queue ID once. A message that passes a content filter has two queue IDs.'),
    (2, 'recipients', (SELECT count(*) FROM pairs), 'recipients',
     'Pairs of a message and a recipient with at least one delivery line. An address replaced by a rule is not counted, '
     'its new addresses are.'),
    (3, 'delivered', coalesce((SELECT n FROM state WHERE state = 'delivered'), 0), 'recipients',
     'Recipients for whom a line says that the next server or the mailbox took the message.'),
    (4, 'waiting', coalesce((SELECT n FROM state WHERE state = 'waiting'), 0), 'recipients',
     'Recipients whose last line says that delivery failed for now, or that the message is on hold.'),
    (5, 'bounced', coalesce((SELECT n FROM state WHERE state = 'bounced'), 0), 'recipients',
     'Recipients whose delivery failed for good, or was given up after the longest time in the queue.'),
    (6, 'discarded', coalesce((SELECT n FROM state WHERE state = 'discarded'), 0), 'recipients',
     'Recipients whose message was accepted and then thrown away by a rule.'),
    (7, 'rejected', coalesce((SELECT told FROM event WHERE event = 'rejected'), 0), 'replies',
     'Refusals by our server before a message was queued, permanent and temporary ones, one for each that a line reports.'),
    (8, 'reject_warnings', coalesce((SELECT n FROM event WHERE event = 'reject_warning'), 0), 'lines',
     'Refusals that were only tried out: the line says what would have been refused, the mail went on.'),
    (9, 'held', coalesce((SELECT n FROM event WHERE event = 'held'), 0), 'lines',
     'Lines by which a message was put on hold.'),
    (10, 'filtered', coalesce((SELECT n FROM event WHERE event = 'filtered'), 0), 'lines',
     'Lines by which a rule sent a message to a content filter.'),
    (11, 'redirected', coalesce((SELECT n FROM event WHERE event = 'redirected'), 0), 'lines',
     'Lines by which a rule sent a message to another address.'),
    (12, 'quarantined', coalesce((SELECT n FROM event WHERE event = 'quarantined'), 0), 'lines',
     'Messages that were kept although the client was told a refusal.'),
    (13, 'deferrals', coalesce((SELECT n FROM event WHERE event = 'deferred'), 0), 'attempts',
     'Failed delivery attempts that will be tried again, each attempt counted.'),
    (14, 'notified', coalesce((SELECT n FROM event WHERE event = 'notified'), 0), 'messages',
     'Delivery status notifications that our server sent.'),
    (15, 'bytes_received', coalesce((SELECT sum(size) FROM accepted), 0), 'bytes',
     'Sizes of the messages accepted, each once.'),
    (16, 'bytes_delivered', coalesce((SELECT bytes FROM state WHERE state = 'delivered'), 0), 'bytes',
     'Sizes of the messages delivered, once for each recipient.'),
    (17, 'senders', (SELECT count(DISTINCT sender_key) FROM accepted), 'addresses',
     'Different envelope senders of the messages accepted, upper and lower case alike; the empty one counts as one.'),
    (18, 'sender_domains',
     (SELECT count(DISTINCT domain) FROM names WHERE key IN (SELECT sender_key FROM accepted)), 'domains',
     'Different domains of those senders.'),
    (19, 'recipient_addresses', (SELECT count(DISTINCT recipient_key) FROM seen), 'addresses',
     'Different addresses among the recipients, upper and lower case alike.'),
    (20, 'recipient_domains', (SELECT count(DISTINCT domain_key) FROM seen), 'domains',
     'Different domains of those addresses.'),
    (21, 'connections',
     coalesce((SELECT sum(n) FROM flow WHERE event = 'connected' AND process IS DISTINCT FROM 'postscreen'), 0), 'connections',
     'Connections by clients to the SMTP servers; one that postscreen ended before is not counted. 0 where the log does not '
     'report them.'),
    (22, 'auth_failed', coalesce((SELECT n FROM event WHERE event = 'auth_failed'), 0), 'logins',
     'Logins by clients that failed.'),
    (23, 'authenticated',
     coalesce((SELECT n FROM event WHERE event = 'authenticated'), 0) + (SELECT count(*) FROM messages WHERE login), 'logins',
     'Logins that succeeded: each line that reports one, and each message that names the login it came with.'),
    (24, 'warnings', coalesce((SELECT n FROM event WHERE event = 'warning'), 0), 'lines',
     'Lines in which the mail server warns.'),
    (25, 'errors', coalesce((SELECT n FROM event WHERE event = 'error'), 0), 'lines',
     'Lines in which the mail server reports an error of its own.'),
    (26, 'delay_p50_ms', (SELECT min(delay_ms) FROM delay WHERE up_to * 100 >= total * 50), 'ms',
     'Half of the deliveries took at most this long, from arrival to delivery as the log gives it.'),
    (27, 'delay_p95_ms', (SELECT min(delay_ms) FROM delay WHERE up_to * 100 >= total * 95), 'ms',
     '95 of 100 deliveries took at most this long.'),
    (28, 'delay_p99_ms', (SELECT min(delay_ms) FROM delay WHERE up_to * 100 >= total * 99), 'ms',
     '99 of 100 deliveries took at most this long.'),
    (29, 'delay_max_ms', (SELECT max(delay_ms) FROM delay), 'ms',
     'The slowest delivery took this long.')
) AS total(place, measure, value, unit, definition)
ORDER BY place
