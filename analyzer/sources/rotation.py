"""Rotated sets: which files are one log, and in which order they were written.

Knows names and times; opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from analyzer.sources.damage import Source

_PACKED_SUFFIX = re.compile(r"\.(?:gz|bz2|xz|zst|z)$", re.IGNORECASE)
# logrotate's numbers and dates (dateext, also with hours or seconds), exicyclog's mainlog.01, Exim's mainlog-%D, a
# date in front of ".log".
_ROTATED = re.compile(
    r"""(?P<head>.+?)
        (?: [-._](?P<date>(?:19|20)\d\d[-_]?(?:0[1-9]|1[0-2])[-_]?(?:0[1-9]|[12]\d|3[01]))(?:[-_T.]?(?P<more>\d{1,10}))?
          | \.(?P<number>\d{1,4})
          | \.(?P<old>old) )
        (?P<tail>\.log)?""",
    re.VERBOSE,
)
_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a file name says: the log's own name, and the date or the number of the rotation."""

    stem: str
    day: date | None = None
    more: int = 0  # digits after the date: hour, or seconds since 1970
    number: int = 0  # 0 is the log being written

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """Sorts by age, oldest first: numbers fall, dates rise, the log being written is last."""
        current = self.day is None and not self.number
        return current, self.day.toordinal() if self.day else 0, self.more, -self.number


def rotation(name: str) -> Rotation:
    """Take a file name apart: `mail.log.2.gz` is `mail.log`, number 2; `mail-20261101.log` is of `mail.log` too."""
    bare = _PACKED_SUFFIX.sub("", name)
    match = _ROTATED.fullmatch(bare)
    if match is None:
        return Rotation(bare)
    stem = match["head"] + (match["tail"] or "")
    if match["date"] is None:
        return Rotation(stem, number=1 if match["old"] else int(match["number"]))
    try:
        day = date.fromisoformat(re.sub("[-_]", "", match["date"]))
    except ValueError:  # 31 February: some number, not a date
        return Rotation(bare)
    return Rotation(stem, day, int(match["more"] or 0))


@dataclass(frozen=True, slots=True)
class Member:
    """A source and the time of its first line: microseconds since 1970, the year a mere placeholder if `yearless`."""

    source: Source
    time: int | None
    yearless: bool = False

    @property
    def rotation(self) -> Rotation:
        """What the file's name says."""
        return rotation(self.source.path.name if self.source.path else self.source.name)

    @property
    def hint(self) -> int | None:
        """A time after the first line: the end of the day in the name, which no copy changes, else `modified`."""
        day = self.rotation.day
        if day is None:
            return self.source.modified
        return (day.toordinal() - _EPOCH.toordinal() + 1) * _DAY


def in_order(members: Sequence[Member]) -> list[Source]:
    """The sources with each rotated set in one place, where its first file stood, and the oldest file first.

    A set is the files of one folder with one stem. It is ordered by the time of each file's first line. A file
    without one (empty, or no line is understood) follows the file that its name puts before it; a set without any
    is ordered by its names: number, date, then `modified`.
    """
    sets: dict[object, list[Member]] = {}
    for place, member in enumerate(members):
        path = member.source.path
        key: object = (path.parent.absolute(), member.rotation.stem) if path else place
        sets.setdefault(key, []).append(member)
    return [source for rotated in sets.values() for source in _oldest_first(rotated)]


def _oldest_first(rotated: list[Member]) -> list[Source]:
    by_name = sorted(rotated, key=lambda member: (member.rotation.rank, member.source.modified or 0))
    times = with_years(by_name)
    last = next((time for time in times if time is not None), 0)
    keys = [last := last if time is None else time for time in times]
    return [by_name[place].source for place in sorted(range(len(keys)), key=keys.__getitem__)]


def with_years(by_name: Sequence[Member]) -> list[int | None]:
    """The times of a set's files, those without a year put into theirs, so that December stands before January.

    1. A file's year is the latest that puts its first line no later than its hint (two days are granted for time
       zones and clocks). That is believed if the hints rise in the same order as the times, which they do not where
       a copy gave all files one `modified`.
    2. Else, if going round the year from the file that the names call oldest meets the files in the names' order,
       the names are believed.
    3. Else the year is cut at its widest gap: a set covers less than a year, and nothing was logged in the gap.
    """
    yearless = [place for place, member in enumerate(by_name) if member.time is not None and member.yearless]
    times = [member.time for member in by_name]
    hinted = {place: _year_by_hint(by_name[place]) for place in yearless}
    if not _believable(by_name, hinted) and len(yearless) == sum(time is not None for time in times):
        hinted = _year_by_cut({place: _in_leap_year(by_name[place], 1972) for place in yearless})
    return [hinted.get(place, time) for place, time in enumerate(times)]


def _in_leap_year(member: Member, year: int) -> int:
    """Microseconds since 1970 of a yearless time in that year; 29 February becomes 1 March where there is none."""
    stamp = _EPOCH + timedelta(microseconds=member.time or 0)
    try:
        moved = stamp.replace(year=year)
    except ValueError:
        moved = stamp.replace(year=year, month=3, day=1)
    return (moved - _EPOCH) // timedelta(microseconds=1)


def _year_by_hint(member: Member) -> int:
    hint = member.hint or 0
    year = (_EPOCH + timedelta(microseconds=hint + 2 * _DAY)).year
    this_year = _in_leap_year(member, year)
    return this_year if this_year <= hint + 2 * _DAY else _in_leap_year(member, year - 1)


def _believable(by_name: Sequence[Member], hinted: dict[int, int]) -> bool:
    hints = [by_name[place].hint or 0 for place in sorted(hinted, key=hinted.__getitem__)]
    return all(hints) and all(earlier < later for earlier, later in pairwise(hints))


def _year_by_cut(places: dict[int, int]) -> dict[int, int]:
    """Times in one year, those before the cut moved into the next. `places` stand in the names' order."""
    named = list(places)
    oldest = named[0]
    year = 366 * _DAY
    around = {place: (time - places[oldest]) % year for place, time in places.items()}
    if sorted(named, key=around.__getitem__) == named:
        return around
    circle = sorted(named, key=places.__getitem__)
    gaps = {place: (places[place] - places[before]) % year for before, place in pairwise(circle[-1:] + circle)}
    first = max(circle, key=lambda place: (gaps[place], -circle.index(place)))
    return {place: (time - places[first]) % year for place, time in places.items()}
