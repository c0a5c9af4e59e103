"""Stamps as microseconds since 1970. Knows calendars; what stands round a stamp is for others.

Logs repeat their stamps line after line, so whole seconds are cached.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from analyzer.framing.frame import Clock
from analyzer.framing.months import month

SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = date(1970, 1, 1).toordinal()
_UTC, _LOCAL = Clock.UTC, Clock.LOCAL
_LONG, _POINT = 32, ord(".")
#: A stamp without a year stands in this one, which has a 29 February.
LEAP_YEAR = 2000
_ISO = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_RFC3164 = re.compile(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d")
_STAMP = re.compile(
    rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?+ ?+(Z|[+-]\d\d:?+\d\d)?+"
    rb"|([^\s\d]{3,12}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d)"
)


def instant(year: int, month_number: int, day: int, clock: bytes) -> int | None:
    """Microseconds of `hh:mm:ss` on that day as if UTC; None if there is no such time. A leap second counts on."""
    hour, minute, second = int(clock[:2]), int(clock[3:5]), int(clock[6:8])
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        days = date(year, month_number, day).toordinal() - _EPOCH
    except ValueError:
        return None
    return days * DAY + (hour * 3600 + minute * 60 + second) * SECOND


@lru_cache(4096)
def iso(stamp: bytes) -> int | None:
    """`YYYY-MM-DDThh:mm:ss`, 19 bytes, as if UTC; None for anything else."""
    if _ISO.fullmatch(stamp) is None:
        return None
    return instant(int(stamp[:4]), int(stamp[5:7]), int(stamp[8:10]), stamp[11:19])


@lru_cache(4096)
def rfc3164(stamp: bytes) -> int | None:
    """`Mmm dd hh:mm:ss`, 15 bytes, as if UTC in the year 2000; None for anything else."""
    number = month(stamp[:3]) if _RFC3164.fullmatch(stamp) else None
    return None if number is None else instant(LEAP_YEAR, number, int(stamp[4:6]), stamp[7:15])


def fraction(digits: bytes | None) -> int:
    """Microseconds of the digits behind the point; what is finer is cut off."""
    return int(digits[:6].ljust(6, b"0")) if digits else 0


@lru_cache(1000)
def offset(zone: bytes) -> int | None:
    """Microseconds east of Greenwich of `Z`, `UTC`, `GMT`, `+hh:mm`, `+hhmm`, `+hh`. None for other names."""
    if zone in (b"Z", b"UTC", b"GMT"):
        return 0
    digits = zone[1:].replace(b":", b"")
    if zone[:1] not in (b"+", b"-") or not digits.isdigit() or len(digits) not in (2, 4):
        return None
    hours, minutes = int(digits[:2]), int(digits[2:] or b"0")
    if hours > 15 or minutes > 59:
        return None
    east = (hours * 60 + minutes) * 60 * SECOND
    return -east if zone[:1] == b"-" else east


def zoned(stamp: bytes, digits: bytes | None, zone: bytes | None) -> tuple[int, Clock] | None:
    """Time and clock of an ISO 8601 stamp in its parts; None if there is no such time."""
    time = iso(stamp)
    if time is None:
        return None
    if digits:
        time += fraction(digits)
    if zone is None:
        return time, _LOCAL
    east = offset(zone)
    return (time, _LOCAL) if east is None else (time - east, _UTC)


def iso_word(stamp: bytes) -> tuple[int, Clock] | None:
    """Time and clock of a whole ISO 8601 stamp; fast for `2026-11-24T13:14:27.951657+00:00`."""
    if len(stamp) == _LONG and stamp[19] == _POINT:
        time = iso(stamp[:19])
        digits = stamp[20:26]
        east = offset(stamp[26:])
        if time is not None and east is not None and digits.isdigit():
            return time + int(digits) - east, _UTC
    return written(stamp)


def written(text: bytes) -> tuple[int, Clock] | None:
    """A stamp that fills the whole text: ISO 8601 or RFC 3164, in a field of its own."""
    found = _STAMP.fullmatch(text.strip())
    if found is None:
        return None
    if found[1]:
        return zoned(found[1], found[2], found[3])
    number = month(found[4])
    time = None if number is None else instant(LEAP_YEAR, number, int(found[5]), found[6])
    return None if time is None else (time, Clock.YEARLESS)


def since_1970(number: float | str) -> int | None:
    """Microseconds of a count since 1970, in seconds, milli-, micro- or nanoseconds, by its size. None for nonsense."""
    try:
        if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < 20:
            number = int(number)
        count = float(number)
        for unit in (SECOND, 1000, 1):
            if abs(count) < 1e17 / unit:
                return number * unit if isinstance(number, int) else round(count * unit)
        return int(number) // 1000 if abs(count) < 1e20 else None
    except (ValueError, OverflowError):
        return None
