"""How numbers, times, shares and texts are written, the same in every renderer; pure functions, no medium.

Knows how a thing is said; has never seen a terminal, a page or a plot.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo

# Names without the locale: the report reads the same everywhere.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_MTA_NAMES = {"postfix": "Postfix", "exim": "Exim"}


# ---- numbers
def number(value: int) -> str:
    """A count with commas: 1,284."""
    return f"{value:,}"


def word(count: int) -> str:
    """A small count in words up to twelve, above that in digits."""
    return _WORDS[count] if 0 <= count < len(_WORDS) else number(count)


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun: ``1 file``, ``6 files``."""
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def nouned(count: int, plural: str) -> str:
    """A finding's count with its noun, which findings carry in the plural: ``1 refusal``, ``47 bounces``."""
    singular = plural[:-1] if plural.endswith("s") else plural
    return f"{number(count)} {singular if count == 1 else plural}"


def share(value: float | None) -> str:
    """A share of one as per cent; never rounded to all or nothing unless it is."""
    if value is None:
        return "–"
    percent = value * 100
    for digits in (1, 2):
        text = f"{percent:.{digits}f}"
        if value in (0, 1) or float(text) not in (0.0, 100.0):
            return f"{text} %"
    return "< 0.01 %" if percent < 50 else "> 99.99 %"


def duration(ms: int | None) -> str:
    """Milliseconds as a person says them: 40 ms, 1.6 s, 4 min 10 s, 6 h 39 min, 3 d 4 h."""
    if ms is None:
        return "–"
    if ms < 100:
        return f"{ms} ms"
    if ms < 9_950:
        return f"{ms / 1000:.1f} s"
    seconds = round(ms / 1000)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 600:
        return _two(seconds, 60, "min", 1, "s")
    if seconds < 3_570:
        return f"{round(seconds / 60)} min"
    if seconds < 86_400:
        return _two(round(seconds / 60), 60, "h", 1, "min")
    return _two(round(seconds / 3600), 24, "d", 1, "h")


def _two(amount: int, many: int, big: str, one: int, small: str) -> str:
    whole, rest = divmod(amount, many)
    return f"{whole} {big} {rest // one} {small}" if rest else f"{whole} {big}"


def size(count: int | None) -> str:
    """Bytes with a decimal unit: 812 B, 64.2 kB, 1.3 GB."""
    if count is None:
        return "–"
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


# ---- times
def instant(value: int | datetime) -> datetime:
    """A time of a Result, microseconds in UTC or aware, as an aware datetime in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    seconds, micros = divmod(value, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


def iso(value: int | datetime) -> str:
    """ISO 8601 in UTC, with the fraction only where there is one: 2026-11-23T09:12:07Z."""
    return instant(value).isoformat().replace("+00:00", "Z")


def date(moment: datetime, *, year: bool = True) -> str:
    """Mon 23 Nov 2026."""
    day = f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]}"
    return f"{day} {moment.year}" if year else day


def clock(
    value: int | datetime | None, zone: tzinfo, frame: tuple[int, int] | None = None, *, seconds: bool = False
) -> str:
    """The shortest time that is clear within ``frame``: 09:12, else 23 Nov 09:12, else 23 Nov 2025 09:12."""
    if value is None:
        return "unknown"
    moment = instant(value).astimezone(zone)
    text = f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
    first, last = (instant(edge).astimezone(zone) for edge in frame) if frame else (None, None)
    if first is None or last is None or first.year != last.year:
        return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year} {text}"
    if first.date() != last.date():
        return f"{moment.day} {_MONTHS[moment.month - 1]} {text}"
    return text


def zone_name(zone: tzinfo, value: int | None) -> str:
    """Europe/Madrid (UTC+1): the zone with its offset at that time; UTC alone."""
    moment = (instant(value) if value is not None else datetime(2000, 1, 1, tzinfo=UTC)).astimezone(zone)
    offset = moment.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    name = str(getattr(zone, "key", None) or moment.tzname() or "")
    hours, rest = divmod(abs(minutes), 60)
    text = "UTC" + (("+" if minutes > 0 else "-") + str(hours) + (f":{rest:02}" if rest else "") if minutes else "")
    return text if name in ("", "UTC", "Etc/UTC") or name.startswith("UTC") else f"{name} ({text})"


def bar_word(seconds: int, merged: int = 1) -> str:
    """What one bar stands for: minute, 15 minutes, hour, 2 hours, day, week."""
    width = seconds * merged
    for unit, length in (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60)):
        if width >= length and width % length == 0:
            return unit if width == length else f"{width // length} {unit}s"
    return f"{width} seconds"


# ---- names
def mta_name(mta: str) -> str:
    """An MTA's name as its makers write it."""
    return _MTA_NAMES.get(mta, shown(mta))


def code(reply_code: int | None, enhanced_code: str | None) -> str:
    """Both codes of a reply: ``553 5.1.3``, ``no code 4.4.1``, ``no code``."""
    first = str(reply_code) if reply_code is not None else "no code"
    return f"{first} {shown(enhanced_code)}" if enhanced_code else first


# ---- texts from a log: bytes of an attacker
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def shown(text: str | None) -> str:
    """The text with control, bidirectional, invisible and broken characters as escapes; safe to look at anywhere."""
    if text is None:
        return ""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(char) if unicodedata.category(char) in _UNSAFE else char for char in text)


def _escape(char: str) -> str:
    point = ord(char)
    if char in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[char]
    if 0xDC80 <= point <= 0xDCFF:  # a byte that was no UTF-8, kept by surrogateescape
        return f"\\x{point - 0xDC00:02x}"
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def cut_middle(text: str, limit: int = 600) -> str:
    """A text over the limit loses its middle and says how long it was; both ends of a log line tell."""
    if len(text) <= limit:
        return text
    note = f" [... {number(len(text))} characters ...] "
    keep = max(2, limit - len(note))
    return text[: keep * 2 // 3] + note + text[len(text) - keep // 3 :]


def pieces(text: str, marks: Iterable[str]) -> list[tuple[str, bool]]:
    """The text cut into (part, marked): the words that decided, found whatever their case."""
    wanted = sorted({shown(mark) for mark in marks if mark}, key=lambda mark: (-len(mark), mark))
    if not wanted:
        return [(text, False)]
    parts = re.split("(" + "|".join(re.escape(mark) for mark in wanted) + ")", text, flags=re.IGNORECASE)
    return [(part, bool(place % 2)) for place, part in enumerate(parts) if part]


def unbroken(text: str) -> str:
    """The text with no break between a figure and its unit."""
    return _UNIT.sub("\xa0", text)


_UNIT = re.compile(r"(?<=\d) (?=(?:%|ms|s|min|h|d)(?:[ ,.;:)]|$))")


# ---- bars
def merge(bars: Sequence[int], at_most: int = 30) -> tuple[list[int], int]:
    """Neighbours added until at most so many bars are left, and how many became one."""
    step = max(1, math.ceil(len(bars) / at_most))
    return [sum(bars[start : start + step]) for start in range(0, len(bars), step)], step


def peak(bars: Sequence[int]) -> int | None:
    """Place of the highest bar, the first of equals; None where all are nought."""
    highest = max(bars, default=0)
    return list(bars).index(highest) if highest else None


# ---- columns of a terminal
def display_width(text: str) -> int:
    """Columns that a terminal needs: wide East Asian characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def clip(text: str, columns: int, ellipsis: str = "…") -> str:
    """The text in at most so many columns, its loss marked."""
    if display_width(text) <= columns:
        return text
    room = columns - display_width(ellipsis)
    kept = ""
    used = 0
    for char in text:
        used += _columns(char)
        if used > room:
            break
        kept += char
    return kept + ellipsis


_BLANK = re.compile(r" (?!(?:%|ms|s|min|h|d|[kMGT]?B)(?:[ ,.;:)]|$))")


def wrap(text: str, columns: int) -> Iterator[str]:
    """Lines of at most so many columns, cut at blanks (never before a unit), and anywhere in a word too long."""
    line = ""
    for token in _BLANK.split(text):
        rest = token
        if line and display_width(line) + 1 + display_width(rest) <= columns:
            line += " " + rest
            continue
        if line:
            yield line
        while display_width(rest) > columns:
            head = clip(rest, columns, "") or rest[0]
            yield head
            rest = rest[len(head) :]
        line = rest
    yield line
