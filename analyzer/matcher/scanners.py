"""The field types that no single class run can do, by hand: each takes what it can from a position and never gives back.

A scanner gets (line, position, fields, column) and returns the new position, or -1 if its field is not there.
Keep this list short: each entry is written again in the compiled engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from analyzer.matcher.store import Fields, address, text

Scanner = Callable[[bytes, int, Fields, str | None], int]

#: Up to the `>` that ends it. A closed quoted string is taken whole, so that `>` inside it ends nothing.
MAILBOX = rb'(?:[^<>"\\]|\\.|"(?:[^"\\]|\\.)*+")*+'
QUOTED = rb'"(?:[^"\\]|\\.)*+"'
EXIM_WORD = rb"(?:[^ :]|:(?![ ]|$))++"

_MAILBOX = re.compile(MAILBOX, re.DOTALL)
_EXIM_SENDER = re.compile(rb'<>|(?:[^ "\\]|\\.|"(?:[^"\\]|\\.)*+")++', re.DOTALL)
_EXIM_WORD = re.compile(EXIM_WORD, re.DOTALL)
_EXIM_HOST = re.compile(
    rb'(?:([^ \[\]()<>"=]++) )?+(?:\(((?:[^()]|\([^()]*+\))*+)\) )?+\[([^\] ]*+)\](?::([0-9]++))?+\*?+', re.DOTALL
)
_BARE_HOST = re.compile(rb'([^ \[\]()<>"=,;]++)(?=$| [A-Za-z]++=|:)', re.DOTALL)
_PLAIN_WORDS = re.compile(rb"(?:[^ :=]++(?=[ :]|$)(?: (?![A-Z]++=))?+)++", re.DOTALL)
_EXIM_STAGE = re.compile(
    rb"(?:pipelined )?(initial connection|RCPT TO|MAIL FROM|end of data|EHLO|HELO|LHLO|STARTTLS|AUTH|DATA|BDAT|QUIT|RSET|XCLIENT)"
)
_STAGES = {
    b"initial connection": "connect", b"RCPT TO": "rcpt", b"MAIL FROM": "mail", b"end of data": "eod", b"BDAT": "eod",
    b"EHLO": "helo", b"HELO": "helo", b"LHLO": "helo", b"STARTTLS": "starttls", b"AUTH": "auth", b"DATA": "data",
    b"QUIT": "other", b"RSET": "other", b"XCLIENT": "other",
}  # fmt: skip
_RECIPIENT_PLACES = 128
_RUN = re.compile(rb"(?:[^ :]|:(?![ ]|$))++", re.DOTALL)
_COMMAND = re.compile(rb'[|/](?:[^" <]|"(?:[^"\\]|\\.)*+"| (?!<|[A-Z]++=))*+', re.DOTALL)
_QUOTES = re.compile(rb'\\(.)|"', re.DOTALL)
_SENDMAIL_RELAY = re.compile(
    rb"(?:([^ ,\[\]]++)(?:@([^ ,\[\]]++))?+ ?+)?+(?:\[([^\],]*+)\])?+(?: \([^)]*+\))?+", re.DOTALL
)
_SENDMAIL_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SENDMAIL_BRACKETS = re.compile(rb"<" + MAILBOX + rb">", re.DOTALL)
_SENDMAIL_ITEM = re.compile(rb'(?:[^,"\\]|\\.|"(?:[^"\\]|\\.)*+")++', re.DOTALL)


def exim_sender(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """The envelope sender after `<=`; `<>` is the null reverse-path."""
    match = _EXIM_SENDER.match(line, position)
    if match is None:
        return -1
    if column is not None:
        fields.setdefault(column, b"" if match[0] == b"<>" else match[0])
    return match.end()


def exim_recipient(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """A recipient after `=>` and the like.

    Exim prints a quoted local part without its quotes first, then as it was in brackets. The first form can hold anything,
    so the place of the second is the one whose mailbox, without quotes and escapes, equals what stands before it (ASCII case
    aside: Exim lower-cases the first). Otherwise the first form ends at a blank, and `<parent>` may follow.
    Source: Exim specification 53.9, "Local deliveries"; deliver.c string_log_address.
    """
    place = position
    for _ in range(_RECIPIENT_PLACES):
        place = line.find(b' <"', place)
        if place < 0:
            break
        match = _MAILBOX.match(line, place + 2)
        if match is not None and line[match.end() : match.end() + 1] == b">":
            plain = _QUOTES.sub(lambda m: m[1] or b"", match[0])
            if plain.lower() == line[position:place].lower():
                if column is not None:
                    fields.setdefault(column, match[0])
                return match.end() + 1
        place += 1
    match = _COMMAND.match(line, position) if line[position : position + 1] in (b"|", b"/") else None
    match = match or _RUN.match(line, position)
    if match is None:
        return -1
    end = match.end()
    recipient = match[0].rstrip(b" ") if match[0][:1] in (b"|", b"/") else match[0]
    if line.startswith(b" <", end) or line.startswith(b"<", end):
        start = end + (2 if line.startswith(b" <", end) else 1)
        parent = _MAILBOX.match(line, start)
        if parent is not None and line[parent.end() : parent.end() + 1] == b">":
            end = parent.end() + 1
            fields.setdefault("orig_recipient", parent[0])
    if column is not None:
        fields.setdefault(column, recipient)
    return end


def exim_word(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """A run without blank that stops before a colon which ends a clause."""
    match = _EXIM_WORD.match(line, position)
    if match is None:
        return -1
    if column is not None:
        text(fields, column, match[0])
    return match.end()


def exim_host(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """`name (helo) [address]:port`, each of the first two may be missing; a * at the end says DNSSEC."""
    match = _EXIM_HOST.match(line, position)
    if match is None:
        match = _BARE_HOST.match(line, position)
        if match is None:
            return -1
        if column is not None:
            fields.setdefault(f"{column}_host", match[1])
        return match.end()
    if column is not None:
        name, helo, ip, port = match.groups()
        if name is not None:
            fields.setdefault(f"{column}_host", name)
        if helo is not None and column == "client":
            fields.setdefault("helo", helo)
        address(fields, f"{column}_ip", ip)
        if port is not None and column == "relay":
            text(fields, "relay_port", port)
        if column == "relay" and name is None and ip:
            fields.setdefault("relay_host", ip)
    return match.end()


def exim_stage(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """The command after which a remote error came, with its arguments, up to the `: ` before the reply.

    An argument in brackets may hold `: ` itself, so it is taken as a mailbox.
    """
    match = _EXIM_STAGE.match(line, position)
    if match is None:
        return line.find(b": ", position)
    fields.setdefault("stage", _STAGES[match[1]])
    place = match.end()
    if line.startswith(b":<", place):
        mailbox = _MAILBOX.match(line, place + 2)
        if mailbox is not None:
            place = mailbox.end()
    return line.find(b": ", place)


def plain_words(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """Words of Exim's own, up to a colon or to a KEY=."""
    match = _PLAIN_WORDS.match(line, position)
    if match is None:
        return -1
    if column is not None:
        text(fields, column, match[0].rstrip(b" "))
    return match.end()


def sendmail_mailboxes(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """sendmail's `to=`: `<a>,<b>`, a quoted command or plain items, joined by commas without a blank.

    Stores a list; sendmail doubles every backslash when it logs, so that is undone before quotes are read.
    Source: sendmail deliver.c, logdelivery(); conf.c, sm_syslog().
    """
    found: list[bytes] = []
    place = position
    while True:
        item = _SENDMAIL_BRACKETS.match(line, place)
        if item is not None:
            found.append(item[0][1:-1])
        else:
            item = _SENDMAIL_QUOTED.match(line, place) or _SENDMAIL_ITEM.match(line, place)
            if item is None or item.end() == place:
                break
            found.append(item[0])
        place = item.end()
        if line[place : place + 1] != b"," or line[place + 1 : place + 2] in (b" ", b""):
            break
        place += 1
    if not found:
        return -1
    if column is not None:
        fields.setdefault(column, found)
    return place


def sendmail_relay(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """`host [address]`, with `(may be forged)`, `user@host` or only one of the two."""
    match = _SENDMAIL_RELAY.match(line, position)
    if match is None or match.end() == position:
        return -1
    side = column or ""
    name, at, ip = match.groups()
    host = at or name
    if side and host:
        fields.setdefault(f"{side}_host", host.removesuffix(b"."))
    if side and ip:
        address(fields, f"{side}_ip", ip)
        if side == "relay" and not host:
            fields.setdefault("relay_host", ip.removeprefix(b"IPv6:"))
    return match.end()


#: Scanner by type.
SCANNERS: dict[str, Scanner] = {
    "exim_sender": exim_sender,
    "exim_recipient": exim_recipient,
    "exim_word": exim_word,
    "exim_host": exim_host,
    "exim_stage": exim_stage,
    "plain_words": plain_words,
    "sendmail_mailboxes": sendmail_mailboxes,
    "sendmail_relay": sendmail_relay,
}
