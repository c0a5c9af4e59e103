"""What framing gives for one line. Knows no shape of line and no program."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple


class Clock(IntEnum):
    """What a stamp says about itself; the smaller, the more it says."""

    UTC = 0  #: a point in time: year and zone were said
    LOCAL = 1  #: a year but no zone: microseconds as if the stamp were UTC
    YEARLESS = 2  #: neither (RFC 3164): as if UTC, in the leap year 2000
    NONE = 3  #: no stamp at all


class Frame(NamedTuple):
    """A log line taken apart: when, where, who, and what was said."""

    time: int | None  #: microseconds since 1970, to be read as `clock` says; None with `Clock.NONE`
    clock: Clock
    host: bytes | None
    tag: bytes  #: the program's whole name as written; b"" where the framing names none, b"-" where it says "none"
    pid: int | None
    message: bytes
    partial: bool = False  #: a container runtime cut the line here; see `join`
    repeat: int = 0  #: said so many times more: `message` (b"" means the line before)


Inner = Callable[[bytes], Frame | None]
"""Frames what a wrapper holds; gives None where wrappers are nested too deep."""


def outer_time(time: int | None, clock: Clock, inner: Frame) -> Frame:
    """The inner frame, with the better of two stamps.

    The one that says more wins (zone before year before neither). Of equal ones the inner wins if it has a fraction of
    a second: it is the program's own, while the outer one is when somebody passed the line on.
    """
    if time is None or inner.clock < clock or (inner.clock == clock and (inner.time or 0) % 1_000_000):
        return inner
    return tuple.__new__(Frame, (time, clock, *inner[2:]))
