"""The columns that users build on: name, type, unit, meaning, source. The README's table is made from this one."""

from __future__ import annotations

from typing import NamedTuple

#: Version of the event columns, written into Parquet metadata as ``analyzer_schema``.
VERSION = 1


class Column(NamedTuple):
    """One column: ``type`` is one of text, category (dictionary text), int8, int16, int32, int64, time (µs, UTC)."""

    name: str
    type: str
    meaning: str
    source: str = ""


#: One row per thing that happened to a message, a recipient or a session.
EVENTS: tuple[Column, ...] = (
    Column("file", "category", "the file read, as it was named"),
    Column("line", "int64", "line in that file, from 1; only LF ends a line"),
    Column("time", "time", "when, in UTC; null where the line has no stamp"),
    Column("mta", "category", "postfix, exim, sendmail"),
    Column("host", "category", "the host that wrote the line", "RFC 3164 4.1.2, RFC 5424 6.2.4"),
    Column(
        "instance", "category", "what stands before the last / of Postfix's program name; the name itself elsewhere"
    ),
    Column("process", "category", "last component of the program name, such as smtpd"),
    Column("pid", "int32", "process ID"),
    Column("queue_id", "text", "queue ID; null for Postfix's NOQUEUE"),
    Column("message_id", "text", "message ID without angle brackets", "RFC 5322 3.6.4"),
    Column("event", "category", "what happened"),
    Column("speaker", "category", "who gave the reply: us, remote, local"),
    Column("stage", "category", "connect, helo, starttls, auth, mail, rcpt, data, eod, other", "RFC 5321 4.1.1"),
    Column("reply_code", "int16", "the code in the reply's text; null if it has none", "RFC 5321 4.2"),
    Column("enhanced_code", "text", "the enhanced status code in the reply's text", "RFC 3463 2"),
    Column("dsn", "text", "what the field dsn= says: the MTA's own opinion"),
    Column(
        "reply_class", "int8", "2 to 5: first digit of reply_code, else of enhanced_code, else of dsn", "RFC 5321 4.2.1"
    ),
    Column("reply_origin", "category", "wire, repeated, probe, own; counts of replies count wire"),
    Column("text", "text", "reply or diagnostic without its codes"),
    Column("sender", "text", "envelope sender; empty for the null reverse-path, null where not said", "RFC 5321 4.5.5"),
    Column("recipient", "text", "envelope recipient"),
    Column("orig_recipient", "text", "what the recipient was addressed to, before aliases", "RFC 3464 2.3.1"),
    Column("relay_host", "text", "the next hop we spoke to", "RFC 5321 2.3.10"),
    Column("relay_ip", "text", "its address"),
    Column("relay_port", "int32", "its port"),
    Column("client_host", "text", "who spoke to us, by name"),
    Column("client_ip", "text", "who spoke to us, by address"),
    Column("helo", "text", "the name given at HELO or EHLO", "RFC 5321 4.1.1.1"),
    Column("transport", "category", "Exim T=, Postfix's delivery agent, sendmail mailer="),
    Column("router", "category", "Exim R="),
    Column("protocol", "text", "SMTP, ESMTP, esmtpsa and the like"),
    Column("tls_version", "text", "TLS version"),
    Column("tls_cipher", "text", "TLS cipher"),
    Column("auth_mechanism", "text", "SASL mechanism or Exim's authenticator", "RFC 4954"),
    Column("auth_user", "text", "login name"),
    Column("local_user", "text", "Exim U=, Postfix uid=, sendmail ctladdr="),
    Column("size", "int64", "bytes"),
    Column("nrcpt", "int32", "recipients"),
    Column("delay_ms", "int64", "milliseconds from arrival to this attempt: delay=, Exim QT="),
    Column("delay_before_ms", "int64", "milliseconds before the queue manager: delays=a"),
    Column("delay_queue_ms", "int64", "milliseconds in the queue manager: delays=b"),
    Column("delay_connect_ms", "int64", "milliseconds of connection set-up: delays=c"),
    Column("delay_transmit_ms", "int64", "milliseconds of transmission: delays=d, Exim DT=, sendmail xdelay="),
    Column("rule", "text", "restriction, ruleset, ACL or map that decided, where the line names it"),
    Column("next_queue_id", "text", "the message's ID in the next queue, from `queued as` in a reply"),
)

#: What is added to events that failed; no engine reads it from a line.
CAUSE = Column("cause", "category", "why it failed (`analyzer explain` tells more); null where nothing failed")
#: The columns that users get.
COLUMNS: tuple[Column, ...] = (*EVENTS, CAUSE)

#: Every word that the column ``event`` may hold, with its meaning.
EVENT_WORDS: dict[str, str] = {
    "connected": "a client connected",
    "disconnected": "a client's session ended",
    "queued": "accepted into the queue, with sender and size; Postfix logs it again at each retry",
    "delivered": "one recipient's delivery succeeded",
    "deferred": "one recipient's delivery failed for now",
    "bounced": "one recipient's delivery failed for good",
    "expired": "given up after the queue's lifetime",
    "probed": "address verification, no mail",
    "rejected": "refused by our server before it was queued",
    "reject_warning": "would have been refused (warn_if_reject)",
    "held": "put on hold",
    "discarded": "accepted and thrown away",
    "redirected": "sent to another recipient by a rule",
    "filtered": "sent to a content filter by a rule",
    "quarantined": "accepted although the client was told a refusal",
    "removed": "left the queue",
    "notified": "a DSN was sent",
    "protocol_error": "the other side broke or cut the protocol",
    "attempt_failed": "a failed attempt at a host, no recipient named",
    "authenticated": "a login succeeded",
    "auth_failed": "a login failed",
    "info": "adds facts to a message",
    "tls": "a TLS session or its failure",
    "screened": "a test of postscreen or of a DNS list",
    "warning": "the MTA warns",
    "error": "the MTA reports an error of its own",
}

SPEAKERS: dict[str, str] = {
    "us": "our server, to a client",
    "remote": "another server, to us (LMTP servers and content filters too)",
    "local": "our MTA itself, without SMTP",
}

STAGES = ("connect", "helo", "starttls", "auth", "mail", "rcpt", "data", "eod", "other")

ORIGINS: dict[str, str] = {
    "wire": "said in this session",
    "repeated": "the line quotes an earlier reply",
    "probe": "address verification",
    "own": "our MTA's decision that no client saw",
}
