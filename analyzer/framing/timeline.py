"""From stamps to points in time: the year and the zone that stamps leave out. Knows one file's order; no clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

from analyzer.framing.frame import Clock
from analyzer.framing.stamps import DAY, LEAP_YEAR, SECOND

_HALF_YEAR = 180 * DAY
_SLOT = 900 * SECOND  # zones change their offset at quarters of an hour
_MOST_SLOTS = 100_000
_STRAGGLING = 7 * DAY
_LATE = 300 * SECOND
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- zones are added where they belong
_FIRST = date(1970, 1, 1).toordinal()
_MARCH = (date(LEAP_YEAR, 3, 1).toordinal() - _FIRST) * DAY
_29_FEBRUARY = _MARCH - DAY


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _new_year(year: int) -> int:
    return (date(year, 1, 1).toordinal() - _FIRST) * DAY


def in_year(time: int, year: int) -> int:
    """A yearless time in that year; 29 February becomes 1 March where there is none."""
    moved = time - _new_year(LEAP_YEAR) + _new_year(year)
    return moved - DAY if time >= _MARCH and not _is_leap(year) else moved


class TimeLine:
    """Makes the times of one file's lines, given in the file's order, microseconds UTC.

    The year of the first stamp without one is `year` if given; else the one nearest to a line of the file that named
    its year; else the greatest that does not put it more than a day after `file_time` (microseconds UTC, when the file
    was last written); else `default_year`. From there it is carried over New Year.
    """

    def __init__(
        self, zone: tzinfo, year: int | None = None, file_time: int | None = None, default_year: int | None = None
    ) -> None:
        self._zone = zone
        self._forced = year
        self._file_time = file_time
        self._default = default_year
        self._year: int | None = None
        self._last_yearless = 0
        self._last_dated: int | None = None  # of a line that named its year
        self._last_utc: int | None = None
        self._last_stamp: tuple[int, Clock] | None = None
        self._last_answer: int | None = None
        self._slots: dict[int, tuple[int, int]] = {}  # offsets east, before and after a change that shows a time twice

    def utc(self, time: int | None, clock: Clock) -> int | None:
        """Microseconds UTC of a frame's `time` and `clock`; None where nothing tells."""
        if time is None or clock is Clock.NONE:
            return None
        if clock is Clock.UTC:
            self._last_dated = time
            return time
        stamp = (time, clock)
        if stamp != self._last_stamp:  # many lines share a second
            self._last_stamp = stamp
            self._last_answer = self._found(time, clock)
        return self._last_answer

    def _found(self, time: int, clock: Clock) -> int | None:
        if clock is Clock.LOCAL:
            self._last_dated = time
            return self._from_zone(time)
        year = self._year_of(time)
        return None if year is None else self._from_zone(in_year(time, year))

    def _year_of(self, time: int) -> int | None:
        """A step back of half a year is a new year; one forward, just after New Year, is a straggler of the old one."""
        if self._year is None:
            self._year = self._first_year(time)
            if self._year is None:
                return None
        else:
            step = time - self._last_yearless
            if step < -_HALF_YEAR:
                self._year += 1
            elif step > _HALF_YEAR and self._is_straggler(time):
                return self._year - 1
        self._last_yearless = time
        return self._year

    def _is_straggler(self, time: int) -> bool:
        start, end = _new_year(LEAP_YEAR), _new_year(LEAP_YEAR + 1)
        return self._last_yearless - start < _STRAGGLING and end - time <= _STRAGGLING

    def _first_year(self, time: int) -> int | None:
        if self._forced is not None:
            return self._forced
        leap = _29_FEBRUARY <= time < _MARCH
        if self._last_dated is not None:
            near = self._last_dated
            years = [year for year in range(_year(near) - 8, _year(near) + 9) if _fits(year, leap)]
            return min(years, key=lambda year: abs(in_year(time, year) - near)) if years else self._default
        if self._file_time is None:
            return self._default
        latest = self._file_time + DAY
        last = _year(latest) + 1
        for year in range(last, max(last - 10, 1), -1):
            if _fits(year, leap) and self._from_zone(in_year(time, year)) <= latest:
                return year
        return self._default

    def _from_zone(self, time: int) -> int:
        """A local time in UTC. One that clocks skip is read as before the change; of two, the line before decides."""
        slot = time // _SLOT
        offsets = self._slots.get(slot)
        if offsets is None:
            if len(self._slots) >= _MOST_SLOTS:
                self._slots.clear()
            offsets = self._slots[slot] = self._offsets(slot * _SLOT)
        first, second = offsets
        utc = time - first
        if second < first and self._last_utc is not None and utc < self._last_utc - _LATE:
            utc = time - second
        self._last_utc = utc
        return utc

    def _offsets(self, time: int) -> tuple[int, int]:
        try:
            local = (_EPOCH + timedelta(microseconds=time)).replace(tzinfo=self._zone)
            first, second = local.utcoffset(), local.replace(fold=1).utcoffset()
        except (OverflowError, ValueError):  # the first and the last day of the calendar
            first = second = None
        micro = timedelta(microseconds=1)
        return (first or timedelta()) // micro, (second or timedelta()) // micro


def _year(time: int) -> int:
    try:
        return datetime.fromtimestamp(time / SECOND, UTC).year
    except (OverflowError, ValueError, OSError):
        return 1970


def _fits(year: int, leap: bool) -> bool:
    """29 February is only written in leap years."""
    return 1 <= year <= 9999 and (not leap or _is_leap(year))
