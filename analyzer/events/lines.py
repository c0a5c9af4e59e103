"""From one line to its events: framing, whose line it is, what it says, and what spans lines.

Knows that lines may be continued, split, repeated or echoed; the MTAs' own habits are traits in their grammars.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from analyzer.events.accounting import Accounting
from analyzer.events.columns import decode
from analyzer.events.hosts import HostLines
from analyzer.events.seen import Seen
from analyzer.framing import Clock, Frame, TimeLine, frame, join
from analyzer.grammar import Template
from analyzer.matcher import Match, Program, Recogniser
from analyzer.replies import normalise

Row = dict[str, Any]

RAW_BYTES = 600
_MOST_TEXTS = 100_000
_MOST_OPEN = 1000
_MOST_STREAMS = 8
_PART_BYTES = 1 << 16
_DELIVERY = frozenset({"delivered", "deferred", "bounced", "expired", "probed"})
_FAILURES = frozenset({"deferred", "bounced", "expired", "rejected", "reject_warning", "attempt_failed", "protocol_error",
                       "auth_failed", "error", "warning"})  # fmt: skip
SHAPED = _FAILURES | {"held", "discarded", "redirected", "filtered", "quarantined", "screened"}
_PART = re.compile(rb"\[([0-9]{1,4})([/\\])([0-9]{1,4})\] ?")
_NUMBERED = re.compile(rb"(NOQUEUE|[0-9A-Za-z]{8,18})?\[([0-9]{1,3})\]: ")
_MORE = b" ..."
_SECOND = 1_000_000
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_NO_STAMP = "(no program named)"


def printable(raw: bytes) -> str:
    """A raw line for people: at most 600 bytes, the middle left out of longer ones, control characters escaped."""
    if len(raw) > RAW_BYTES:
        half = RAW_BYTES // 2
        text = decode(raw[:half]) + f" ... ({len(raw)} bytes) ... " + decode(raw[-half:])
    else:
        text = decode(raw)
    return _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


@dataclass
class _Split:
    """An entry split into parts, until the last one comes."""

    number: int
    raw: bytes
    frame: Frame
    message: bytes


@dataclass
class FileLines:
    """Reads the lines of one file in order. ``rows`` gives the events of each; ``accounting`` counts every line."""

    file: str
    file_no: int
    timeline: TimeLine
    recogniser: Recogniser
    accounting: Accounting
    seen: Seen
    second: bool = False  # a file that repeats lines of another (rejectlog, paniclog)
    on_unrecognised: Callable[[str, int, bytes], None] | None = None
    _number: int = 0
    _continues: bool = False
    _owner: str = _NO_STAMP
    _stamped: bool = False
    _cut: list[tuple[int, bytes]] = field(default_factory=list)
    _split: dict[tuple[bytes | None, int | None], _Split] = field(default_factory=dict)
    _dumps: dict[tuple[bytes | None, int | None], int] = field(default_factory=dict)
    _numbered: dict[tuple[bytes | None, int | None, bytes], tuple[_Split, int]] = field(default_factory=dict)
    _closed: dict[tuple[bytes | None, int | None], tuple[int, tuple[Any, ...]]] = field(default_factory=dict)
    _last: list[Row] = field(default_factory=list)
    _previous: dict[tuple[bytes | None, int | None], tuple[bytes, bool]] = field(default_factory=dict)
    _hosts: HostLines = field(default_factory=HostLines)
    _echoes: bool | None = None
    _bare: bool = False

    @property
    def lines(self) -> int:
        """Lines read so far."""
        return self._number

    def rows(self, data: bytes) -> Iterator[Row]:
        """Events of a block of whole lines, in the order of the lines."""
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        for raw in lines:
            self._number += 1
            yield from self._line(raw)

    def finish(self) -> Iterator[Row]:
        """Events of what was still open at the end of the file: entries whose last part never came."""
        for number, raw in self._cut:
            framed = frame(raw)
            if framed is not None:
                yield from self._message(framed, framed.message, number, raw)
        for held in self._split.values():
            yield from self._joined(held)
        for held, _ in self._numbered.values():
            yield from self._message(held.frame, held.message, held.number, held.raw)
        self._cut.clear()
        self._split.clear()
        yield from self._hosts.rest()
        self._numbered.clear()

    def _count(self, kind: str, program: str | None = None) -> None:
        self.accounting.count(self.file, program or self._owner, kind)

    def _line(self, raw: bytes) -> Iterator[Row]:
        number = self._number
        if self._cut:
            number, raw = self._with_cut(number, raw)
        framed = frame(raw)
        if framed is None or (framed.clock is Clock.NONE and self._continues and self._stamped):
            # What has no stamp among stamped lines goes on from the line before, whatever it looks like.
            self._count(*(("no_event",) if self._continues else ("other_programs", _NO_STAMP)))
            return
        self._stamped = self._stamped or framed.clock is not Clock.NONE
        if framed.partial and len(self._cut) < _MOST_STREAMS and len(raw) < _PART_BYTES:
            self._cut.append((number, raw))
            return
        if framed.repeat:
            yield from self._repeated(framed)
            return
        yield from self._message(framed, framed.message, number, raw)

    def _with_cut(self, number: int, raw: bytes) -> tuple[int, bytes]:
        """The line put behind the one that a container runtime cut it from; it has that one's number."""
        for place, (first, held) in enumerate(self._cut):
            joined = join(held, raw)
            if joined is not None:
                del self._cut[place]
                self._count("no_event")
                return first, joined
        return number, raw

    def _repeated(self, framed: Frame) -> Iterator[Row]:
        """`last message repeated N times`: the events of the line before, once more for each."""
        if not framed.message:
            self._count("events" if self._last else "no_event")
            for _ in range(min(framed.repeat, 100_000)):
                for row in self._last:
                    yield row | {"line": self._number}
            return
        rows = list(self._message(framed, framed.message, self._number, framed.message))
        for _ in range(min(framed.repeat, 100_000)):
            yield from (dict(row) for row in rows)

    def _message(self, framed: Frame, message: bytes, number: int, raw: bytes) -> Iterator[Row]:
        """Events of one whole message; counts its (first) line."""
        program = self.recogniser.program(framed.tag)
        if program is None:
            self._last = []
            self._continues = False
            self._owner = decode(framed.tag.rpartition(b"/")[2] if b"/" in framed.tag else framed.tag)[:60] or _NO_STAMP
            self._count("other_programs")
            return
        self._owner = program.mta
        traits = program.matcher.grammar.traits
        self._continues = "continued" in traits
        if "split" in traits and message.startswith(b"["):
            part = _PART.match(message)
            if part is not None:
                yield from self._part(framed, message, number, raw, part)
                return
        if "numbered" in traits:
            part = _NUMBERED.match(message)
            if part is not None:
                yield from self._numbered_part(framed, message, number, raw, part)
                return
        if program.matcher.grammar.echoed and framed.tag and self._is_echo(framed, message, program.matcher.grammar.echoed):
            self._count("no_event")
            return
        match = program.matcher.match(program.process, message)
        if match is None:
            self._last = []
            if not framed.tag and not self._bare:
                self._count("other_programs", _NO_STAMP)  # a stamp without a program's name, in no file of this MTA
                return
            self._count("unrecognised")
            self.accounting.unrecognised(
                self.file, number, program.mta, normalise(decode(message[:200])), printable(raw)
            )
            if self.on_unrecognised is not None:
                self.on_unrecognised(self.file, number, raw)
            return
        self._bare = self._bare or not framed.tag
        if "second_files" in traits and self.seen.enabled:
            line = b"%d %b" % (framed.time or 0, message)
            if self.second:
                if line in self.seen:
                    self._count("no_event")
                    return
            else:
                self.seen.add(line)
        rows = self._events(framed, program, match, number, raw)
        self._last = rows
        self._count("events" if rows else "no_event")
        yield from self._hosts.settle(rows) if "host_lines" in traits else rows

    def _part(self, framed: Frame, message: bytes, number: int, raw: bytes, part: re.Match[bytes]) -> Iterator[Row]:
        """`[1/4]`: parts of one long entry, joined. `[1\\4]`: an entry of several lines, broken where one ends.

        Of the second kind (a message's headers below a rejection) only the first line says something; its later parts
        may be broken either way.
        """
        key = (framed.host, framed.pid)
        index, count, rest = int(part[1]), int(part[3]), message[part.end() :]
        if index == 1 and part[2] == b"\\":
            if len(self._dumps) < _MOST_OPEN:
                self._dumps[key] = count
            inner = frame(rest)
            yield from self._message(framed, rest if inner is None else inner.message, number, raw)
            return
        if index > 1 and (part[2] == b"\\" or self._dumps.get(key) == count):
            if index == count:
                self._dumps.pop(key, None)
            self._count("no_event")
            return
        held = self._split.pop(key, None)
        if index == 1 and held is not None:
            yield from self._joined(held)
            held = None
        if held is not None:
            held.message += rest[: max(0, _PART_BYTES - len(held.message))]
            self._count("no_event")
        else:
            held = _Split(number, raw, framed, rest)
        if index >= count or len(self._split) >= _MOST_OPEN:
            yield from self._joined(held)
        else:
            self._split[key] = held

    def _joined(self, held: _Split) -> Iterator[Row]:
        inner = frame(held.message)  # the entry's own stamp stands behind the first part's number
        message = held.message if inner is None else inner.message
        yield from self._message(held.frame, message, held.number, held.raw)

    def _numbered_part(self, framed: Frame, message: bytes, number: int, raw: bytes, part: re.Match[bytes]) -> Iterator[Row]:
        """`ID[1]: text ...`, `ID[2]: text`: parts of one long entry, broken behind a comma or a blank, joined.

        A part whose first one is missing says nothing: a stranger may have put there whatever stands in it.
        """
        entry = part[1] or b""
        key = (framed.host, framed.pid, entry)
        index, text = int(part[2]), message[part.end() :]
        more = text.endswith(_MORE)
        text = text.removesuffix(_MORE) if more else text
        held, last = self._numbered.pop(key, (None, 0))
        if held is not None and index != last + 1:
            yield from self._message(held.frame, held.message, held.number, held.raw)
            held = None
        if held is not None:
            held.message += text[: max(0, _PART_BYTES - len(held.message))]
            self._count("no_event")
        elif index > 1:
            self._count("no_event")
            return
        else:
            held = _Split(number, raw, framed, (entry + b": " if entry else b"") + text)
        if more and len(self._numbered) < _MOST_OPEN:
            self._numbered[key] = held, index
        else:
            yield from self._message(held.frame, held.message, held.number, held.raw)

    def _is_quoted(self, framed: Frame, row: Row) -> bool:
        """Whether the line quotes the 421 that ended the session (RFC 5321 3.8): it was said to a recipient before."""
        if row.get("reply_code") != 421 or row.get("speaker") != "remote":
            return False
        key = (framed.host, framed.pid)
        said = tuple(row.get(column) for column in ("queue_id", "relay_host", "relay_ip", "text"))
        time = framed.time or 0
        before, words = self._closed.get(key, (0, ()))
        if len(self._closed) > _MOST_OPEN:
            self._closed.clear()
        self._closed[key] = (time, said)
        return words == said and abs(time - before) <= _SECOND

    def _is_echo(self, framed: Frame, message: bytes, words: tuple[bytes, ...]) -> bool:
        """Whether the line is the reject or panic log's copy of the line before: the same process said it again at once.

        Only lines with certain words go to two logs. Whether syslog gets both is learnt from the first of them; a genuine
        repeat of such a line is echoed too.
        """
        key = (framed.host, framed.pid)
        before, was_echo = self._previous.get(key, (b"", False))
        echo = before == message and not was_echo and self._echoes is not False and any(word in message for word in words)
        if echo:
            self._echoes = True
        elif before and not was_echo and self._echoes is None and any(word in before for word in words):
            self._echoes = False
        if len(self._previous) > _MOST_OPEN:
            self._previous.clear()
        self._previous[key] = (message, echo)
        return echo

    def _events(self, framed: Frame, program: Program, match: Match, number: int, raw: bytes) -> list[Row]:
        row: Row = match.fields
        event = row.get("event")
        if event is None:
            self.accounting.silent[program.mta, match.template.name] += 1
            return []
        row["file"] = self.file
        row["file_no"] = self.file_no
        row["line"] = number
        row["time"] = self.timeline.utc(framed.time, framed.clock)
        row["mta"] = program.mta
        row["host"] = framed.host
        row["instance"] = program.instance
        row["process"] = program.process
        row["pid"] = framed.pid
        if "closing" in program.matcher.grammar.traits and self._is_quoted(framed, row):
            row["reply_origin"] = "repeated"
        complete(row, match.template, is_agent=program.process in program.matcher.grammar.processes)
        failed = event in _FAILURES or (row.get("reply_class") or 0) >= 4
        if failed:
            row["raw"] = printable(raw)
        if failed or event in SHAPED:
            row["shape"] = shape_of(row.get("text"), event)
        recipients = row.get("recipient")
        if not isinstance(recipients, list):
            return [_with_domains(row)]
        return [_with_domains(row | {"recipient": recipient}) for recipient in recipients]


def complete(row: Row, template: Template, *, is_agent: bool) -> None:
    """Columns that follow from others: class, origin, the stage of a delivery, the agent's name as transport."""
    event = row["event"]
    code, enhanced = row.get("reply_code"), row.get("enhanced_code")
    speaker = row.get("speaker")
    if code is not None:
        row["reply_class"] = code // 100
    elif (digit := (enhanced or row.get("dsn") or b"")[:1]).isdigit():  # a stranger may have written `dsn=.`
        row["reply_class"] = int(digit)
    if speaker and row.get("reply_origin") is None and (code is not None or enhanced):
        row["reply_origin"] = "wire"
    if event == "delivered" and speaker == "remote":
        row.setdefault("stage", "eod")
    if is_agent and event in _DELIVERY and row.get("recipient") is not None:
        row.setdefault("transport", row["process"])
    host = row.get("relay_host")
    if isinstance(host, bytes) and host.endswith(b"."):
        row["relay_host"] = host[:-1]


def _with_domains(row: Row) -> Row:
    for column, source in (("sender_domain", "sender"), ("recipient_domain", "recipient")):
        address = row.get(source)
        if address:
            _, at, domain = (address if isinstance(address, bytes) else address.encode()).rpartition(b"@")
            if at and domain:
                row[column] = domain.rstrip(b".").lower()
    return row


_TEST = re.compile(rb"[A-Z][A-Z -]+")
_SHAPE_BYTES = 1000
_SHAPES: dict[bytes, str] = {}


def shape_of(text: bytes | str | None, event: str = "") -> str:
    """The normalised text; of a screening test its name, the words in capitals at the start (numbers and addresses follow)."""
    if not text:
        return ""
    if isinstance(text, str):  # a word that a grammar's line gives
        text = text.encode()
    test = _TEST.match(text) if event == "screened" else None
    if test is not None:
        return test[0].decode().strip(" ")
    text = text[:_SHAPE_BYTES]
    shape = _SHAPES.get(text)
    if shape is None:
        if len(_SHAPES) >= _MOST_TEXTS:
            _SHAPES.clear()
        shape = _SHAPES[text] = normalise(decode(text))
    return shape
