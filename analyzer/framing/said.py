"""From behind a stamp to the message: host, level, tag, process ID, and what daemons put in front of a message.

Knows what syslog daemons write between stamp and message; has never heard of Postfix.
"""

from __future__ import annotations

import re
from functools import lru_cache

from analyzer.framing.frame import Clock, Frame, Inner, outer_time
from analyzer.framing.stamps import zoned

_FACILITY = (
    rb"(?:kern|user|mail|daemon|auth|security|syslog|lpr|news|uucp|cron|authpriv|ftp|ntp|audit|console|mark|local[0-7])"
)
_SEVERITY = rb"(?:emerg|panic|alert|crit|critical|error|err|warning|warn|notice|info|debug|none)"
#: `mail.info` (busybox), `mail:info` (AIX), `<mail.info>` and `<2.6>` (FreeBSD's syslogd -v), `INFO`, `[info]`.
LEVEL = (
    rb"(?:" + _FACILITY + rb"[.:]" + _SEVERITY + rb"|<" + _FACILITY + rb"\." + _SEVERITY + rb">|<\d{1,2}\.\d>"
    rb"|\[" + _SEVERITY + rb"\]"
    rb"|(?:EMERG|PANIC|ALERT|CRIT|CRITICAL|FATAL|ERROR|ERR|WARNING|WARN|NOTICE|INFO|DEBUG|TRACE))"
)
_IS_LEVEL = re.compile(LEVEL)
_LEVELS = re.compile(rb"[ \t]*+(?:" + LEVEL + rb"[ \t]++)*+")
_WORD = re.compile(rb"([^ \t]{1,255}+)[ \t]*+")
#: What framing adds in front of a message: one blank, or a tab and the blank of rsyslog's %msg%. More is the message's.
_GAP = rb"(?:\t ?+| )?+"
#: `name[pid]:`, `name[pid]` (forwarded by some daemons), `name[pid] <Info>:` (macOS): the name may hold colons, as a
#: service named 127.0.0.1:10025 has. `name:`: it may not.
_TAG = re.compile(
    rb"([^\s\[]{1,255}+)\[(\d{1,10})\](?=[\s:]|\Z)(?: <\w{1,12}>(?=:))?+:?+"
    + _GAP
    + rb"|([^\s\[\]:]{1,255}+):(?=\s|\Z)"
    + _GAP
)
_COMMON = re.compile(rb"([A-Za-z\d][\w.-]{0,254}+) ([A-Za-z][\w./-]{0,254}+)\[(\d{1,10})\]:?+ ")
_PATH = re.compile(rb"[A-Za-z][\w.-]*+(?:/[A-Za-z][\w-]*+)++")
_UNIT = re.compile(rb"([^@]+?)(?:@.*)?\.(?:service|scope|socket)", re.DOTALL)
#: A second stamp: somebody stamped a line that had one.
_AGAIN = re.compile(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|\{\"|<\d{1,3}>")
_FORWARDED = re.compile(rb"Message forwarded from (\S{1,255}?): ")
_REPEATED = re.compile(rb"[- ]{0,4}(?:l|L)ast message (?:'.*' )?repeated (\d{1,9}) times?+", re.DOTALL)
_REPEATED_TEXT = re.compile(rb"message repeated (\d{1,9}) times?: \[ ?")
_MESSAGE_ID = re.compile(rb"\[ID \d{1,10} " + _FACILITY + rb"\." + _SEVERITY + rb"\] ?")
#: A program's own stamp: `2026-11-24 13:14:27.123 +0000 [12] `, as a program that keeps a log file itself may put in
#: front of what it tells syslog too.
_OWN = rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))?+(?: ([+-]\d{4}))?+ (?:\[(\d{1,10})\] )?+"
_OWN_STAMP = re.compile(_OWN)
#: The same as a framing of its own, if it is not a syslog line with such a stamp.
_OWN_LINE = re.compile(
    _OWN + rb"(?!" + LEVEL + rb"[ \t:])"
    rb"(?![ \t]*+(?:[A-Za-z\d][\w.:/-]{0,255}+[ \t]++)?+(?:" + LEVEL + rb"[ \t]++)?+"
    rb"[A-Za-z][\w./@-]{0,255}+\[\d{1,10}\]:)"
)  # fmt: skip
_MARKS = frozenset((b"[", b"m", b"1", b"2", b"l", b"L", b"-"))
_DAEMONS = (b"", b"-", b"--", b"---", b"syslogd", b"syslog", b"rsyslogd", b"syslog-ng", b"klogd")
_new = tuple.__new__


@lru_cache(10_000)
def host_of(word: bytes) -> bytes | None:
    """A host's name; None where a level or `-` stands in its place."""
    return None if word == b"-" or _IS_LEVEL.fullmatch(word) else word


@lru_cache(10_000)
def program_of(tag: bytes) -> bytes:
    """The tag, or what a systemd unit is named after: `postfix@-.service` is `postfix`."""
    unit = _UNIT.fullmatch(tag)
    return unit[1] if unit else tag


def own(line: bytes, inner: Inner) -> Frame | None:
    """A line of a log file that the program keeps itself: stamp and message, no program named."""
    found = _OWN_LINE.match(line)
    if found is None:
        return None
    stamp, digits, zone, pid = found.groups()
    when = zoned(stamp, digits, zone)
    if when is None:
        return None
    return _new(Frame, (*when, None, b"", int(pid) if pid else None, line[found.end() :], False, 0))


def said(
    line: bytes, at: int, time: int | None, clock: Clock, host: bytes | None, tag: bytes, pid: int | None
) -> Frame:
    """The frame of a line whose message starts at `at`, less what daemons put in front of messages."""
    message = line[at:]
    if message[:1] in _MARKS:
        return _marked(time, clock, host, tag, pid, message)
    return _new(Frame, (time, clock, host, tag, pid, message, False, 0))


def _marked(time: int | None, clock: Clock, host: bytes | None, tag: bytes, pid: int | None, message: bytes) -> Frame:
    repeat = 0
    mark = _MESSAGE_ID.match(message) if message[:1] == b"[" else None
    if mark:
        message = message[mark.end() :]
    mark = _REPEATED_TEXT.match(message)
    if mark:
        repeat, message = int(mark[1]), message[mark.end() :].removesuffix(b"]")
    elif tag in _DAEMONS:
        mark = _REPEATED.match(message)
        if mark:
            repeat, message = int(mark[1]), b""
    stamp = _OWN_STAMP.match(message) if message[4:5] == b"-" else None
    when = zoned(stamp[1], stamp[2], stamp[3]) if stamp else None
    if stamp is None or when is None:
        return _new(Frame, (time, clock, host, tag, pid, message, False, repeat))
    if stamp[4] and pid is None:
        pid = int(stamp[4])
    message = message[stamp.end() :]
    return outer_time(time, clock, _new(Frame, (*when, host, tag, pid, message, False, repeat)))


def rest(line: bytes, at: int, time: int | None, clock: Clock, inner: Inner) -> Frame | None:
    """The frame of a line whose stamp ends at `at`: any host, level and tag, or none of them. None if nothing follows.

    A line may be stamped again, by whoever passed it on: the inner stamp stands in front of the host or behind one.
    """
    at = _skip(_LEVELS, line, at)
    common = _COMMON.match(line, at)
    if common is not None:
        return said(line, common.end(), time, clock, host_of(common[1]), program_of(common[2]), int(common[3]))
    host: bytes | None = None
    forwarded = _FORWARDED.match(line, at)
    if forwarded is None and not _names_program(line, at):
        again = _stamped_again(line, at, time, clock, None, inner)
        if again is not None:
            return again
        word = _WORD.match(line, at)
        if word is None:
            return None
        host, at = host_of(word[1]), word.end()
        forwarded = _FORWARDED.match(line, at)
    if forwarded is not None:
        host, at = forwarded[1], forwarded.end()
    at = _skip(_LEVELS, line, at)
    again = _stamped_again(line, at, time, clock, host, inner)
    return again if again is not None else tagged(line, at, time, clock, host)


def _skip(pattern: re.Pattern[bytes], line: bytes, at: int) -> int:
    found = pattern.match(line, at)
    return found.end() if found else at


def _names_program(line: bytes, at: int) -> bool:
    """Whether the word behind the stamp is the tag already, or what is said instead of one."""
    if _TAG.match(line, at) is not None or _REPEATED.match(line, at) is not None or line.startswith(b"--", at):
        return True
    word = _WORD.match(line, at)
    if word is None or _PATH.fullmatch(word[1]) is None:
        return False
    following = _TAG.match(line, word.end())
    return following is None or following[2] is None  # `host/name smtpd[1]:` has its tag behind


def _stamped_again(
    line: bytes, at: int, time: int | None, clock: Clock, host: bytes | None, inner: Inner
) -> Frame | None:
    if clock is Clock.NONE or _AGAIN.match(line, at) is None:
        return None
    frame = inner(line[at:])
    if frame is None:
        return None
    return outer_time(time, clock, frame if frame.host is not None else frame._replace(host=host))


def tagged(line: bytes, at: int, time: int | None, clock: Clock, host: bytes | None) -> Frame | None:
    """The frame of a line whose tag, if it has one, starts at `at`."""
    repeated = _REPEATED.match(line, at)
    if repeated is not None:
        return Frame(time, clock, host, b"-", None, b"", repeat=int(repeated[1]))
    tag = _TAG.match(line, at)
    if tag is not None:
        program, pid = (tag[1], int(tag[2])) if tag[1] else (tag[3], None)
        return said(line, tag.end(), time, clock, host, program_of(program), pid)
    word = _WORD.match(line, at)
    if word is None:  # one word only: it is what was said, by nobody known
        return None if host is None else Frame(time, clock, None, host, None, b"")
    # A tag without a colon: the blank of `%programname% %msg%` is doubled, as %msg% starts with one.
    return said(line, min(word.end(), word.end(1) + 2), time, clock, host, program_of(word[1]), None)


def tag_and_pid(text: bytes) -> tuple[bytes, int | None] | None:
    """`name[pid]:` or `name:` in a field of its own; None if the text is neither."""
    found = _TAG.fullmatch(text.strip())
    if found is None:
        return None
    return (program_of(found[1]), int(found[2])) if found[1] else (program_of(found[3]), None)
