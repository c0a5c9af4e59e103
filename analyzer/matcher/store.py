"""How what a field took becomes a column's value: one small function per type. Bytes in, bytes or int stored.

A column keeps its first value: what a stranger adds to a line stands later in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from analyzer import schema
from analyzer.replies import parse_reply

Fields = dict[str, Any]
Store = Callable[[Fields, str, bytes], None]

#: Words in Postfix's `(in reply to ... command)`, with their stage. Source: Postfix src/smtp/smtp_proto.c.
IN_REPLY_TO: dict[bytes, str] = {
    b"initial server greeting": "connect",
    b"EHLO": "helo", b"HELO": "helo", b"LHLO": "helo",
    b"STARTTLS": "starttls", b"AUTH": "auth",
    b"XFORWARD": "other", b"XCLIENT": "other", b"RSET": "other", b"QUIT": "other", b"VRFY": "other", b"NOOP": "other",
    b"MAIL FROM": "mail", b"RCPT TO": "rcpt", b"DATA": "data", b"end of DATA": "eod", b"BDAT": "eod",
}  # fmt: skip

#: Columns that hold a number.
NUMBERS = frozenset(column.name for column in schema.EVENTS if column.type.startswith("int"))
_MAX_DIGITS = 18
_ADDRESS = re.compile(rb"(?:IPv6:|ipv6:)?([0-9A-Fa-f.:]*[.:][0-9A-Fa-f.:]+)(?:%[0-9A-Za-z.]+)?")
_EXIM_TIME = re.compile(rb"(?:([0-9]{1,9})w)?(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})(?:\.([0-9]{1,9}))?s)?")
_SENDMAIL_TIME = re.compile(rb"(?:([0-9]{1,6})\+)?([0-9]{1,4}):([0-9]{2}):([0-9]{2})")
_SECONDS = re.compile(rb"([0-9]{1,12})(?:\.([0-9]{1,9})[0-9]*)?")
# `queued as ID` (Postfix, sendmail in our logs), `OK id=ID` (Exim), `ID Message accepted for delivery` (sendmail).
_QUEUED_AS = re.compile(
    rb"(?:[Qq]ueued (?:mail )?(?:as |for delivery as )|\bid=)<?([0-9A-Za-z][0-9A-Za-z._/+-]{4,63})"
    rb"|^([0-9A-Za-z]{8,20}) Message accepted for delivery"
)
_DELAYS = ("delay_before_ms", "delay_queue_ms", "delay_connect_ms", "delay_transmit_ms")


def text(fields: Fields, column: str, value: bytes) -> None:
    """Bytes as they are; a number in a number's column."""
    if column in NUMBERS:
        number(fields, column, value)
    elif column == "reply":
        reply(fields, column, value)
    else:
        fields.setdefault(column, value)


def number(fields: Fields, column: str, value: bytes) -> None:
    """Digits; more of them than an int64 holds are nobody's size. In a text column they stay text (Postfix's uid=)."""
    if column not in NUMBERS:
        fields.setdefault(column, value)
    elif value.isdigit() and len(value) <= _MAX_DIGITS:
        fields.setdefault(column, int(value))


def address(fields: Fields, column: str, value: bytes) -> None:
    """An IP address without its IPv6: tag and scope; `unknown` and socket names store nothing."""
    match = _ADDRESS.fullmatch(value)
    if match is not None:
        fields.setdefault(column, match[1])


def reply(fields: Fields, _column: str, value: bytes) -> None:
    """A reply taken apart into its codes and its text."""
    parsed = parse_reply(value)
    if parsed.reply_code is not None:
        fields.setdefault("reply_code", parsed.reply_code)
    if parsed.enhanced_code is not None:
        fields.setdefault("enhanced_code", parsed.enhanced_code.encode())
    fields["text"] = parsed.text
    if parsed.reply_code is not None and parsed.reply_code < 300:
        queued_as = _QUEUED_AS.search(parsed.text[:400])
        if queued_as is not None:
            fields.setdefault("next_queue_id", (queued_as[1] or queued_as[2]).rstrip(b"."))


def accepted(fields: Fields, _column: str, value: bytes) -> None:
    """What sendmail prints of the reply that accepted a message, `Sent (ok: queued as ID)`: its code is not printed."""
    parsed = parse_reply(value.removesuffix(b")"))
    if parsed.reply_code is not None:
        fields.setdefault("reply_code", parsed.reply_code)
    if parsed.enhanced_code is not None:
        fields.setdefault("enhanced_code", parsed.enhanced_code.encode())
    fields["text"] = parsed.text
    queued_as = _QUEUED_AS.search(parsed.text[:400])
    if queued_as is not None:
        fields.setdefault("next_queue_id", (queued_as[1] or queued_as[2]).rstrip(b"."))


def in_reply(fields: Fields, column: str, value: bytes) -> None:
    """A remote reply, less what Postfix adds about the command; a line cut before that has no stage."""
    start = value.rfind(b" (in reply to ")
    if start >= 0:
        words = value[start + 14 :].removesuffix(b")").removesuffix(b" command")
        stage = IN_REPLY_TO.get(words)
        if stage is not None:
            fields.setdefault("stage", stage)
            value = value[:start]
    text(fields, column, value)


def paren(fields: Fields, column: str, value: bytes) -> None:
    """All but the closing parenthesis, which a cut line has lost."""
    text(fields, column, value.removesuffix(b")"))


def quoted(fields: Fields, column: str, value: bytes) -> None:
    """What stands between the quotes, with its escapes."""
    text(fields, column, value[1:-1])


def cut_quoted(fields: Fields, column: str, value: bytes) -> None:
    """The same where a cut line has lost the closing quote."""
    text(fields, column, value[1:].removesuffix(b'"'))


def milliseconds(fields: Fields, column: str, value: bytes) -> None:
    """Seconds with a fraction."""
    match = _SECONDS.fullmatch(value)
    if match is not None:
        fields.setdefault(column, int(match[1]) * 1000 + _thousandths(match[2]))


def _thousandths(fraction: bytes | None) -> int:
    return int((fraction or b"0")[:3].ljust(3, b"0"))


def delays(fields: Fields, _column: str, value: bytes) -> None:
    """Postfix's `delays=a/b/c/d`: before the queue manager, in it, connecting, transmitting. Source: Postfix postconf(5), delay_logging."""
    for column, part in zip(_DELAYS, value.split(b"/"), strict=False):
        milliseconds(fields, column, part)


def exim_time(fields: Fields, column: str, value: bytes) -> None:
    """Exim's readable times, `1d2h`, `0.012s`. Source: Exim specification 53."""
    match = _EXIM_TIME.fullmatch(value)
    if match is None or not value:
        return
    weeks, days, hours, minutes, seconds = (int(match[i] or 0) for i in range(1, 6))
    total = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds
    fields.setdefault(column, total * 1000 + _thousandths(match[6]))


def sendmail_time(fields: Fields, column: str, value: bytes) -> None:
    """sendmail's `d+hh:mm:ss`. Source: sendmail conf/pintvl."""
    match = _SENDMAIL_TIME.fullmatch(value)
    if match is not None:
        days, hours, minutes, seconds = (int(match[i] or 0) for i in range(1, 5))
        fields.setdefault(column, (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)


#: Store function by type; the types not listed store text.
STORES: dict[str, Store] = {
    "int": number,
    "ip": address,
    "inreply": in_reply,
    "accepted": accepted,
    "paren": paren,
    "quoted": quoted,
    "cutquoted": cut_quoted,
    "seconds": milliseconds,
    "delays4": delays,
    "exim_time": exim_time,
    "sendmail_time": sendmail_time,
}


def for_type(kind: str) -> Store:
    """The function that stores what a field of this type took."""
    return STORES.get(kind, text)
