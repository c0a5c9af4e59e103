"""Lines that begin with a stamp, or with a tag alone. Knows framing; has never heard of Postfix."""

from __future__ import annotations

import re
from functools import lru_cache

from analyzer.framing.frame import Clock, Frame, Inner
from analyzer.framing.months import month
from analyzer.framing.said import host_of, program_of, rest, said, tagged
from analyzer.framing.stamps import LEAP_YEAR, fraction, instant, iso_word, offset, rfc3164, since_1970, zoned

_LOCAL, _YEARLESS, _UTC = Clock.LOCAL, Clock.YEARLESS, Clock.UTC
_BLANK = ord(" ")
_NAMES = re.compile(rb"([A-Za-z\d][\w.-]*+) ([A-Za-z][\w./-]*+)\[(\d{1,9})")
_MOST_NAMES = 300
_BOM = b"\xef"
_WEEKDAY = rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?+"
_LOOSE_RFC3164 = re.compile(
    _WEEKDAY + rb"([^\s\d<\[{]{3,24}+|\d{1,2}(?:\xe6\x9c\x88|\xec\x9b\x94))[ \t]{1,3}(\d{1,2})(?:[ \t]{1,2}(\d{4}))?"
    rb"[ \t]{1,2}(\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?+"
    rb"(?: ((?:19|20)\d\d)(?= ))?+(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d)(?=[ \t:]))?+:?+[ \t]++"
)
_LOOSE_ISO = re.compile(
    rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?+"
    rb"(?: ?(Z|[+-]\d\d(?::?\d\d)?|UTC|GMT)(?=[ \t:]))?+:?+[ \t]++"
)
_SHORT_FULL = re.compile(
    rb"[^\s\d<\[{]{2,24}+ (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))?+ ([A-Z]{1,5}|[+-]\d\d(?::?\d\d)?) "
)
_SHORT_UNIX = re.compile(rb"(\d{9,11})(?:\.(\d{1,9}))?+ ")
_MONOTONIC = re.compile(rb"\[ {0,11}\d{1,11}\.\d{1,6}(?: <[ \d.]{1,20}>)?+\] ")
_RFC5424 = re.compile(
    rb"(?:<\d{1,3}>)?+1 (-|\d{4}-\d\d-\d\dT\S{9,40}+) (\S{1,255}+) (\S{1,255}+) (\S{1,128}+) \S{1,255}+ "
    rb'(?:-|(?:\[[^\s\]="]++(?: ++[^\s\]="]++="(?:[^"\\]++|\\.)*+")*+ ?\])++)(?: |\Z)'
    rb"(?:\xef\xbb\xbf)?+ ?+(?:\xef\xbb\xbf)?+",
    re.DOTALL,
)
_PRI_1 = re.compile(rb"(?:<\d{1,3}>)?1")
_BARE_TAG = re.compile(rb"([A-Za-z][\w./@-]{0,127}+)\[(\d{1,10})\]: ")
_FOREGROUND = re.compile(rb" {0,4}(\d{1,10})   (?=\S)")


@lru_cache(10_000)
def _names(text: bytes) -> tuple[bytes | None, bytes, int] | None:
    """`mx postfix/smtpd[12`, what stands between stamp and `]: `: the same for every line that a process says."""
    found = _NAMES.fullmatch(text)
    return (host_of(found[1]), program_of(found[2]), int(found[3])) if found else None


def common_rfc3164(line: bytes, inner: Inner) -> Frame | None:
    """`Nov 24 13:14:27 mx postfix/smtpd[12]: `: what nearly every such line looks like, read fast."""
    head, mark, _ = line.partition(b"]: ")
    if not mark or len(head) > _MOST_NAMES or len(head) < 16 or head[15] != _BLANK:
        return None
    names = _names(head[16:])
    time = rfc3164(head[:15])
    if names is None or time is None:
        return None
    host, tag, pid = names
    return said(line, len(head) + 3, time, _YEARLESS, host, tag, pid)


def common_iso(line: bytes, inner: Inner) -> Frame | None:
    """`2026-11-24T13:14:27.951657+00:00 mx postfix/smtpd[12]: `, likewise."""
    head, mark, _ = line.partition(b"]: ")
    if not mark or len(head) > _MOST_NAMES or head[10:11] != b"T":
        return None
    stamp, _, text = head.partition(b" ")
    names = _names(text)
    when = iso_word(stamp) if names is not None else None
    if names is None or when is None:
        return None
    host, tag, pid = names
    time, clock = when
    return said(line, len(head) + 3, time, clock, host, tag, pid)


@lru_cache(10_000)
def _names_5424(names: tuple[bytes, bytes, bytes, bytes]) -> tuple[bytes | None, bytes, int | None] | None:
    """HOSTNAME, APP-NAME and PROCID, after `<PRI>1`; None if the line is not so plain."""
    version, host, tag, pid = names
    if not host or not tag or not pid or tag == b"-" or _PRI_1.fullmatch(version) is None:
        return None
    return host_of(host), program_of(tag), int(pid) if pid.isdigit() and len(pid) < 11 else None


def common_rfc5424(line: bytes, inner: Inner) -> Frame | None:
    """RFC 5424 without structured data, read fast."""
    fields = line.split(b" ", 7)
    if len(fields) < 8 or fields[6] != b"-" or len(line) - len(fields[7]) > _MOST_NAMES:
        return None
    version, stamp, host, tag, pid, _, _, message = fields
    names = _names_5424((version, host, tag, pid))
    when = iso_word(stamp) if names is not None else None
    if names is None or when is None or message[:1] == _BOM:
        return None
    host_name, program, number = names
    time, clock = when
    return said(message, message[:1] == b" ", time, clock, host_name, program, number)


def rfc5424(line: bytes, inner: Inner) -> Frame | None:
    """RFC 5424, section 6, with or without its PRI.

    rsyslog leaves the blank behind the tag in front of the message, so that two stand there. In every other framing of
    the same line one belongs to the framing: both do here, or the messages would differ.
    """
    found = _RFC5424.match(line)
    if found is None:
        return None
    stamp, host, tag, pid = found.groups()
    time: int | None = None
    clock = Clock.NONE
    if stamp != b"-":
        when = iso_word(stamp)
        if when is None:
            return None
        time, clock = when
    if tag == b"-":
        bare = tagged(line, found.end(), time, clock, host_of(host))
        return bare or Frame(time, clock, host_of(host), b"-", None, b"")
    number = int(pid) if pid.isdigit() and len(pid) < 11 else None
    return said(line, found.end(), time, clock, host_of(host), program_of(tag), number)


def loose_rfc3164(line: bytes, inner: Inner) -> Frame | None:
    """Any line that begins with a month's name, day and time: other languages, a year, fractions, tabs, no host."""
    found = _LOOSE_RFC3164.match(line)
    if found is None:
        return None
    number = month(found[1])
    if number is None:
        return None
    year = found[3] or found[6]
    time = instant(int(year) if year else LEAP_YEAR, number, int(found[2]), found[4])
    if time is None:
        return None
    time += fraction(found[5])
    east = offset(found[7]) if found[7] else None
    if year and east is not None:
        return rest(line, found.end(), time - east, _UTC, inner)
    return rest(line, found.end(), time, _LOCAL if year else _YEARLESS, inner)


def loose_iso(line: bytes, inner: Inner) -> Frame | None:
    """Any line that begins with an ISO 8601 stamp."""
    found = _LOOSE_ISO.match(line)
    when = zoned(found[1], found[2], found[3]) if found else None
    return rest(line, found.end(), *when, inner) if found and when else None


def short_full(line: bytes, inner: Inner) -> Frame | None:
    """`Tue 2026-11-24 13:14:27 UTC mx postfix/smtpd[12]: ` of journalctl -o short-full and with-unit.

    Of the zones' names only UTC and GMT say a zone: CST is one in America and another in China.
    """
    found = _SHORT_FULL.match(line)
    when = zoned(found[1], found[2], found[3]) if found else None
    return rest(line, found.end(), *when, inner) if found and when else None


def short_unix(line: bytes, inner: Inner) -> Frame | None:
    """`1795528140.951657 mx postfix/smtpd[12]: ` of journalctl -o short-unix."""
    found = _SHORT_UNIX.match(line)
    time = since_1970(int(found[1])) if found else None
    return rest(line, found.end(), time + fraction(found[2]), _UTC, inner) if found and time is not None else None


def monotonic(line: bytes, inner: Inner) -> Frame | None:
    """`[ 7258.657561] mx postfix/smtpd[12]: ` of journalctl -o short-monotonic: counted from a boot nobody names."""
    found = _MONOTONIC.match(line)
    return rest(line, found.end(), None, Clock.NONE, inner) if found else None


def priority(line: bytes, inner: Inner) -> Frame | None:
    """`<22>` in front of any other shape, or of host and tag alone."""
    end = line.find(b">", 0, 5)
    if end < 2 or not line[1:end].isdigit():
        return None
    body = line[end + 1 :].lstrip(b" ")
    frame = inner(body)
    return frame if frame is not None else rest(body, 0, None, Clock.NONE, inner)


def bare_tag(line: bytes, inner: Inner) -> Frame | None:
    """`postfix/smtpd[12]: ` alone: no stamp at all. The process ID is asked for: `Subject: ` is no program."""
    found = _BARE_TAG.match(line)
    return said(line, found.end(), None, Clock.NONE, None, program_of(found[1]), int(found[2])) if found else None


def foreground(line: bytes, inner: Inner) -> Frame | None:
    """`  276   `: a process ID padded to five places in the stamp's place, by a program kept in the foreground."""
    found = _FOREGROUND.match(line)
    if found is None or found.end() < 8:
        return None
    return Frame(None, Clock.NONE, None, b"", int(found[1]), line[found.end() :])
