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
MAILBOX = rb'(?:[^<>"\\]++|\\.|"(?:[^"\\]++|\\.)*+")*+'
QUOTED = rb'"(?:[^"\\]++|\\.)*+"'
EXIM_WORD = rb"(?:[^ :]|:(?![ ]|$))++"

_MAILBOX = re.compile(MAILBOX, re.DOTALL)
_EXIM_SENDER = re.compile(rb'<>|(?:[^ "\\]|\\.|"(?:[^"\\]|\\.)*+")++', re.DOTALL)
_EXIM_WORD = re.compile(EXIM_WORD, re.DOTALL)
_EXIM_HOST = re.compile(
    rb'(?:([^ \[\]()<>"=]++) )?+(?:DS )?+(?:\(((?:[^()]|\([^()]*+\))*+)\) )?+\[([^\] ]*+)\](?::([0-9]++))?+\*?+', re.DOTALL
)
_BARE_HOST = re.compile(rb'([^ \[\]()<>"=,;]++)(?=$| [A-Za-z]++=|:)', re.DOTALL)
_PLAIN_WORDS = re.compile(rb"(?:[^ :=]++(?=[ :]|$)(?: (?![A-Z]++=))?+)++", re.DOTALL)
_EXIM_STAGE = re.compile(
    rb"(?:pipelined )?(initial connection|RCPT TO|MAIL FROM|end of data|sending data block|"
    rb"EHLO|HELO|LHLO|STARTTLS|AUTH|DATA|BDAT|QUIT|RSET|XCLIENT)"
)
_STAGES = {
    b"initial connection": "connect", b"RCPT TO": "rcpt", b"MAIL FROM": "mail", b"EHLO": "helo", b"HELO": "helo",
    b"LHLO": "helo", b"STARTTLS": "starttls", b"AUTH": "auth", b"DATA": "data", b"end of data": "eod", b"BDAT": "eod",
    b"sending data block": "eod", b"QUIT": "other", b"RSET": "other", b"XCLIENT": "other",
}  # fmt: skip
_EXIM_PAIR = re.compile(rb"([^ :]++)(?::([^ :]++))?+(?::[^ :]++)*+", re.DOTALL)
_PAIRS = {"tls_version": "tls_cipher", "auth_mechanism": "auth_user"}
_PLACE_BYTES = 100
_RECIPIENT_PLACES = 128
_RUN = re.compile(rb"(?:[^ :]|:(?![ ]|$))++", re.DOTALL)
_PARENTS = re.compile(rb' \((?:[^()"\\]|\\.|"(?:[^"\\]|\\.)*+")*+\)', re.DOTALL)
_TOP = re.compile(rb" ?+<(" + MAILBOX + rb")>", re.DOTALL)
_QUOTED_ADDRESS = re.compile(rb'"(?:[^"\\]|\\.)*+"@(?:[^ :]|:(?![ ]|$))++', re.DOTALL)
_OTHER_DOMAIN = re.compile(rb"@[^ @<>\"]++")
_COMMAND_ENDS = (b'" H=', b'" U=')
_QUOTES = re.compile(rb'\\(.)|"', re.DOTALL)
_SENDMAIL_RELAY = re.compile(
    rb"([^ ,\[\]()]++|\[[^\], ]*+\])(?: \[([^\], ]*+)\]| \(([0-9A-Fa-f.:]++)\))?+(?: \(may be forged\))?+", re.DOTALL
)
_SENDMAIL_BRACKETS = re.compile(rb'<(?:[^<>"\\]|\\.|"(?:[^"\\]|\\.)*+"|<' + MAILBOX + rb">)*+>", re.DOTALL)  # <<a>@b> too
_SENDMAIL_ITEM = re.compile(rb'(?:[^,"\\]|\\.|"(?:[^"\\]|\\.)*+")++', re.DOTALL)
_SENDMAIL_IDS = re.compile(rb" \([0-9-]++/[0-9-]++\)")
_SENDMAIL_NAMED = re.compile(rb"[^<>]*+<(" + MAILBOX + rb")>", re.DOTALL)
#: 200 bytes as sendmail had them: a byte that cannot be printed is written as four.
_SENDMAIL_CUT = re.compile(rb"(?:\\[0-7]{3}|.){200}", re.DOTALL)
_SENDMAIL_SAID_ITSELF = (b"421 4.4.1 Connection ", b"451 4.4.1 reply: read error from ", b"451 4.4.1 timeout writing message to ")
_SENDMAIL_OWN = frozenset({b"local", b"prog", b"*file*", b"*include*"})


def exim_sender(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """The envelope sender after `<=`; `<>` is the null reverse-path."""
    match = _EXIM_SENDER.match(line, position)
    if match is None:
        return -1
    if column is not None:
        fields.setdefault(column, b"" if match[0] == b"<>" else match[0])
    return match.end()


def exim_recipient(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """A recipient after `=>` and the like: the address, its parents in parentheses, the first of all in brackets.

    Exim prints a quoted local part without its quotes first, then the original address in brackets. The first form can hold
    anything, so the place of the second is the one whose local part, without quotes and escapes, equals the first form's
    (ASCII case aside: Exim lower-cases the first). A pipe or a file stands before the first bracketed address that ends a
    word. Otherwise the first form ends at a blank. A local part alone is the bracketed address if that has the same one.
    Source: Exim specification 53.9, "Local deliveries"; deliver.c string_log_address.
    """
    place = position
    for _ in range(_RECIPIENT_PLACES):
        place = line.find(b' <"', place)
        if place < 0:
            break
        match = _MAILBOX.match(line, place + 2)
        if match is not None and line[match.end() : match.end() + 1] == b">":
            local, domain = _same_local(line[position:place], match[0])
            if local is not None:
                if domain is not None:
                    fields.setdefault("orig_recipient", match[0])
                if column is not None:
                    fields.setdefault(column, match[0] if domain is None else local + b"@" + domain)
                return match.end() + 1
        place += 1
    if line.startswith((b"|", b"/", b"save "), position):
        end = _exim_program(line, position, fields, column)
        if end >= 0:
            return end
    start = position
    while line[start : start + 1] == b" ":
        start += 1
    match = _QUOTED_ADDRESS.match(line, start) or _RUN.match(line, start)
    if match is None:
        return -1
    recipient, end = match[0], match.end()
    parents = _PARENTS.match(line, end)
    end = parents.end() if parents is not None else end
    top = _TOP.match(line, end)
    if top is not None:
        end = top.end()
        if b"@" not in recipient and _same_local(recipient, top[1])[0] is not None:
            recipient = top[1]
        else:
            fields.setdefault("orig_recipient", top[1])
    if column is not None:
        fields.setdefault(column, recipient)
    return end


def _same_local(printed: bytes, mailbox: bytes) -> tuple[bytes | None, bytes | None]:
    """The local part of a mailbox if the printed address has the same one; with its domain if that is another one."""
    local, at, domain = mailbox.rpartition(b"@")
    plain = _QUOTES.sub(lambda m: m[1] or b"", local).lower()
    if not at or not printed or not printed.lower().startswith(plain):
        return None, None
    rest = printed[len(plain) :]
    if not rest or rest.lower() == b"@" + domain.lower():
        return local, None
    return (local, rest[1:]) if _OTHER_DOMAIN.fullmatch(rest) is not None else (None, None)


def _exim_program(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """A pipe or a file as recipient: up to the first bracketed address that ends a word."""
    place = position
    for _ in range(_RECIPIENT_PLACES):
        place = line.find(b" <", place)
        if place < 0:
            return -1
        top = _TOP.match(line, place)
        if top is not None and line[top.end() : top.end() + 1] in (b"", b" ", b":"):
            command = line[position:place]
            if command.endswith(b")"):
                inner = command.rfind(b" (")
                command = command[:inner] if inner > 0 and b"@" in command[inner:] else command
            if column is not None:
                fields.setdefault(column, command)
            fields.setdefault("orig_recipient", top[1])
            return top.end()
        place += 1
    return -1


def exim_place(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """The argument of the command that an ACL refused: an address in brackets, a word, or the first 100 bytes of either.

    Exim prints at most 100 bytes of it, so a longer one ends there whatever it holds; nothing of it is stored then.
    Source: Exim smtp_in.c smtp_handle_acl_fail.
    """
    cut = position + _PLACE_BYTES
    is_cut = len(line) >= cut and line[cut : cut + 2] in (b": ", b"")
    if line[position : position + 1] == b"<":
        match = _MAILBOX.match(line, position + 1)
        closed = match is not None and line[match.end() : match.end() + 1] == b">"
        end = match.end() + 1 if match is not None and closed else -1
    else:
        match = _RUN.match(line, position)
        end = match.end() if match is not None else -1
    if end < 0 or (end > cut and is_cut):
        return cut if is_cut else -1
    if column is not None and match is not None:
        fields.setdefault(column, match[0])
    if line[end : end + 1] == b" ":  # parameters of the command
        end = line.find(b": ", end)
    return end


def exim_pair(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """`version:cipher:bits` or `authenticator:login`: the first two parts go to the column and to the one beside it."""
    match = _EXIM_PAIR.match(line, position)
    if match is None:
        return -1
    if column is not None:
        fields.setdefault(column, match[1])
        if match[2] is not None:
            fields.setdefault(_PAIRS[column], match[2])
    return match.end()


def exim_command(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """A client's command up to its closing quote; not there if more than one place can be that (Exim escapes no quote)."""
    ends = [line.find(end, position) for end in _COMMAND_ENDS]
    if sum(line.count(end, position) for end in _COMMAND_ENDS) != 1:
        return -1
    if column is not None:
        text(fields, column, line[position : max(ends)])
    return max(ends)


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
    """The command after which a remote error came, with its arguments, up to the `: ` before the reply or to the end.

    An argument in brackets may hold `: ` itself, so it is taken as a mailbox.
    """
    match = _EXIM_STAGE.match(line, position)
    place = position
    if match is not None:
        fields.setdefault("stage", _STAGES[match[1]])
        place = match.end()
        if line.startswith(b":<", place):
            mailbox = _MAILBOX.match(line, place + 2)
            if mailbox is not None:
                place = mailbox.end()
    end = line.find(b": ", place)
    return len(line) if end < 0 else end


def plain_words(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """Words of Exim's own, up to a colon or to a KEY=."""
    match = _PLAIN_WORDS.match(line, position)
    if match is None:
        return -1
    if column is not None:
        text(fields, column, match[0].rstrip(b" "))
    return match.end()


def sendmail_mailboxes(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """sendmail's `to=`: `<a>,<b>`, a quoted command or plain items, joined by commas without a blank; stores a list.

    An address that sendmail cut (it makes room for the rest of the line) has no closing bracket or quote: nothing of it is
    stored, and the next field is the last that looks like sendmail's. Source: sendmail deliver.c, logdelivery().
    """
    found: list[bytes] = []
    place = position
    while True:
        item = _SENDMAIL_BRACKETS.match(line, place)
        if item is not None:
            found.append(item[0][1:-1])
        elif line[place : place + 1] == b"<":
            place = line.rfind(b", delay=", place)
            break
        else:
            item = _SENDMAIL_ITEM.match(line, place)
            if item is None:
                if line[place : place + 1] == b'"':
                    place = line.rfind(b", delay=", place)
                break
            named = _SENDMAIL_NAMED.fullmatch(item[0])
            found.append(named[1] if named is not None else item[0])
        place = item.end()
        if line[place : place + 1] != b"," or line[place + 1 : place + 2] in (b" ", b""):
            break
        place += 1
    if found and column is not None:
        fields.setdefault(column, found)
    return place if place > position else -1


def sendmail_address(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """One address: in brackets, or plain up to a comma; `ctladdr=` adds `(uid/gid)`."""
    item = _SENDMAIL_BRACKETS.match(line, position)
    if item is not None:
        value = item[0][1:-1]
    elif line[position : position + 1] == b"<":
        end = line.find(b", delay=", position)  # shortened in the middle, where a quote may have stood
        return end if end > 0 and column == "local_user" else -1
    else:
        item = _SENDMAIL_ITEM.match(line, position)
        if item is None:
            return -1
        ids = _SENDMAIL_IDS.search(item[0])
        value = item[0] if ids is None else item[0][: ids.start()]
    if column is not None:
        fields.setdefault(column, value)
    ids = _SENDMAIL_IDS.match(line, item.end())
    return item.end() if ids is None else ids.end()


def sendmail_sender(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """The sender, of which sendmail prints 200 bytes: a longer one ends there whatever it holds, and is not stored.

    Source: sendmail headers.c, logsender().
    """
    cut = _SENDMAIL_CUT.match(line, position)
    is_cut = cut is not None and line.startswith(b", size=", cut.end())
    item = _SENDMAIL_BRACKETS.match(line, position)
    if item is None and line[position : position + 1] != b"<":
        item = _SENDMAIL_ITEM.match(line, position)
    if item is None or (cut is not None and is_cut and item.end() > cut.end()):
        return cut.end() if cut is not None and is_cut else line.find(b", size=", position)
    if column is not None:
        value = item[0]
        fields.setdefault(column, value[1:-1] if value.startswith(b"<") else value)
    return item.end()


def sendmail_reply(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """What the server said about this recipient, up to `, stat=`.

    sendmail prints the last reply that it has: after a 421 that is the one to its own QUIT, after a cut connection the one
    that accepted the recipient. A delivery failed, so neither is its reply. Without a relay sendmail said it to itself.
    """
    end = line.find(b", stat=", position)
    end = len(line) if end < 0 else end
    first = line[position : position + 1]
    if first in (b"4", b"5"):
        if column is not None:
            # Beside the code, reply= may show the enhanced code of an earlier reply; `stat=Deferred:` has the line as it came.
            as_it_came = b", stat=Deferred: " + line[position : position + 3]
            start = end + len(as_it_came) - 3 if line.startswith(as_it_came, end) else position
            text(fields, column, line[start:] if start > end else line[start:end])
        if fields.get("dsn", b"").startswith(b"2"):  # left over from a recipient before
            fields.setdefault("event", "deferred" if first == b"4" else "bounced")
        if "relay_host" in fields and not line.startswith(_SENDMAIL_SAID_ITSELF, position):
            fields.setdefault("speaker", "remote")
        else:
            fields.setdefault("speaker", "local")
            fields.setdefault("reply_origin", "own")
    return end


def sendmail_relay(line: bytes, position: int, fields: Fields, column: str | None) -> int:
    """`host [address]`, with `(may be forged)`, `user@host`, `[address]` alone or twice, `host (address)`.

    Of a mailer that hands over to a program or a file, `relay=` is no host but what stands behind the + of an address.
    """
    match = _SENDMAIL_RELAY.match(line, position)
    if match is None:
        return -1
    side = column or ""
    name, bracketed, plain = match.groups()
    ip = bracketed or plain
    if side == "relay" and ip is None and fields.get("transport") in _SENDMAIL_OWN:
        return match.end()
    if name.startswith(b"["):
        ip = ip or name[1:-1]
        if side == "relay":
            fields.setdefault("relay_host", name[1:-1].removeprefix(b"IPv6:"))
    elif side:
        host = name.rpartition(b"@")[2].strip(b"'").removesuffix(b".")
        if host:
            fields.setdefault(f"{side}_host", host)
    if side and ip:
        address(fields, f"{side}_ip", ip)
    return match.end()


#: Scanner by type.
SCANNERS: dict[str, Scanner] = {
    "exim_sender": exim_sender,
    "exim_recipient": exim_recipient,
    "exim_word": exim_word,
    "exim_command": exim_command,
    "exim_host": exim_host,
    "exim_pair": exim_pair,
    "exim_place": exim_place,
    "exim_stage": exim_stage,
    "plain_words": plain_words,
    "sendmail_mailboxes": sendmail_mailboxes,
    "sendmail_address": sendmail_address,
    "sendmail_sender": sendmail_sender,
    "sendmail_reply": sendmail_reply,
    "sendmail_relay": sendmail_relay,
}
