"""The report's time axis: how wide a bar is and where each one starts. Knows the calendar, nothing about mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 7 * 86400
#: Bar widths in seconds, each nesting in the next: the first that gives at most MOST_BARS is taken, else the last.
WIDTHS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, WEEK)
#: A chunk's bars are at most this wide, since every zone's offset from UTC is a multiple of it.
WIDEST_PART = 15 * MINUTE
MOST_BARS = 60
_MICRO = 1_000_000


class Axis(NamedTuple):
    """A time axis: the width of its bars in seconds, and where each starts (µs UTC)."""

    seconds: int
    starts: tuple[int, ...]


def part_width(first: int, last: int) -> int:
    """Width in seconds of the bars in which one chunk is counted, from its first and last time (µs UTC).

    Never wider than ``axis`` takes for a period that holds the chunk, so that these bars nest in the report's.
    """
    for width in WIDTHS:
        step = width * _MICRO
        if width == WIDEST_PART or last // step - first // step < MOST_BARS:
            return width
    return WIDEST_PART


def axis(first: int, last: int, zone: tzinfo) -> Axis:
    """The time axis from ``first`` to ``last``, aligned to the zone's clock.

    Days and weeks (from Monday) start at local midnight, six-hour bars at local 0, 6, 12 and 18, also where daylight
    saving time makes one of them an hour shorter or longer.
    """
    width = 0
    starts: tuple[int, ...] = ()
    for width in WIDTHS:
        # A week's worth too many is enough to know; a bar that daylight saving shortens must not decide.
        if width != WEEK and (last - first) // (width * _MICRO) > MOST_BARS + WEEK // DAY:
            continue
        starts = _starts(first, last, width, zone)
        if len(starts) <= MOST_BARS:
            break
    return Axis(width, starts)


def _starts(first: int, last: int, width: int, zone: tzinfo) -> tuple[int, ...]:
    local = datetime.fromtimestamp(first // _MICRO, zone).replace(tzinfo=None, fold=0)
    midnight = local.replace(hour=0, minute=0, second=0)
    if width <= HOUR:
        # A clock that goes back shows an hour twice: step by elapsed time, from where the clock's own hour began.
        start = first // _MICRO - int((local - midnight).total_seconds()) % width
        return tuple(range(start * _MICRO, last + 1, width * _MICRO))
    if width == WEEK:
        midnight -= timedelta(days=midnight.weekday())
    if width == 6 * HOUR:
        midnight += timedelta(hours=local.hour // 6 * 6)
    found = []
    while (start := _micros(midnight, zone)) <= last:
        found.append(start)
        midnight += timedelta(seconds=width)
    return tuple(found)


def _micros(local: datetime, zone: tzinfo) -> int:
    return int(local.replace(tzinfo=zone).astimezone(UTC).timestamp()) * _MICRO
