"""What the tallies know about each group of failures. Asks and counts; judges nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from analyzer.findings.model import Affected, Example
from analyzer.tallies.header import check_columns, read_header

if TYPE_CHECKING:
    from analyzer.tallies import Tallies

Row = dict[str, Any]
#: What a failure without any class in its line is: for now, or for good.
_CLASS_OF_EVENT = {"deferred": 4, "attempt_failed": 4}


@dataclass(frozen=True)
class Facts:
    """One group of failures; times in µs UTC, bars as counts per bar of the report's time axis."""

    key: int
    speaker: str
    reply_code: int | None
    enhanced_code: str | None
    text: str
    event: str  # the most frequent one
    reply_class: int
    count: int
    of_speaker: int  # failures of this speaker, the rarer ones too
    first: int | None
    last: int | None
    log_end: int | None
    bars: tuple[int, ...]
    replies: tuple[int, ...]  # of the speaker, in the same bars
    recipients: int
    senders: int
    sender: str | None  # the only one, else None
    client: str | None  # the only client that it was told to, else None
    domains: int
    domain: str | None  # the only one, else None
    relays: int
    relay_host: str | None  # the only one, else None
    own_clients: int  # failures told to clients of ours
    reached_later: float | None
    examples: tuple[Example, ...]
    affected: tuple[Affected, ...]


def texts_of(tallies: Tallies) -> list[Row]:
    """What was said in every group of failures, and how often."""
    return _ask(tallies, "texts")


def gather(tallies: Tallies, recurring: int, most: int) -> tuple[list[Facts], tuple[int, int]]:
    """The groups with at least ``recurring`` failures, and the rest: number of groups, and of failures.

    ``most``: addresses of each that are named.
    """
    groups = _ask(tallies, "groups", [recurring])
    (rare,) = _ask(tallies, "rarer", [recurring])
    of_speaker = {row["speaker"]: row["count"] for row in _ask(tallies, "speakers")}
    known = _Known(tallies, [group["failure_key"] for group in groups], most)
    facts = [_facts(group, of_speaker[group["speaker"]], known) for group in groups]
    return facts, (rare["groups"], rare["failures"])


def examples_by_code(tallies: Tallies) -> dict[tuple[str, int | None, str | None], tuple[Example, ...]]:
    """The first three lines of each speaker, reply code and enhanced code among the failures; without any code none."""
    rows = _ask(tallies, "code_lines")
    found = {(row["speaker"], row["reply_code"], row["enhanced_code"]): row["lines"] for row in rows}
    files_read = tallies.files()
    return {
        code: _examples(tallies, files_read, lines)
        for code, lines in sorted(found.items(), key=lambda item: tuple(str(part or "") for part in item[0]))
    }


class _Known:
    """Answers about all recurring groups at once, by the group's key."""

    def __init__(self, tallies: Tallies, keys: list[int], most: int) -> None:
        self.starts = tallies.axis().starts
        period = tallies.period
        self.log_end = period[1] if period else None
        self._files = tallies.files()
        self._tallies = tallies
        self.people = {row["failure_key"]: row for row in _ask(tallies, "people", [keys])}
        self._bars = _by_number(_ask(tallies, "bars", [keys]), "failure_key")
        self._replies = _by_number(_ask(tallies, "replies"), "speaker")
        tallies.see_own_clients()
        self._clients = {row["failure_key"]: row for row in _ask(tallies, "clients", [keys])}
        self._affected: dict[int, list[Affected]] = defaultdict(list)
        for row in _ask(tallies, "affected", [keys, most]):
            first, last = (tallies.place(row[ref], self._files) for ref in ("first_ref", "last_ref"))
            self._affected[row["failure_key"]].append(Affected(row["address"], row["count"], *first, *last))
        self._lines: dict[int, list[Row]] = defaultdict(list)
        for row in _ask(tallies, "lines", [keys]):
            self._lines[row["failure_key"]] += row["lines"]

    def bars(self, key: int) -> tuple[int, ...]:
        """A group's failures in each bar of the axis."""
        return _filled(self._bars[key], len(self.starts))

    def replies(self, speaker: str) -> tuple[int, ...]:
        """A speaker's replies in each bar of the axis."""
        return _filled(self._replies[speaker], len(self.starts))

    def affected(self, key: int) -> tuple[Affected, ...]:
        """The addresses that a group hit, most hit first."""
        return tuple(self._affected[key])

    def client(self, key: int) -> str | None:
        """The only client of a group, else None."""
        told = self._clients.get(key)
        return told["name"] if told and told["names"] == 1 else None

    def own_clients(self, key: int) -> int:
        """A group's failures told to clients of ours."""
        return self._clients[key]["own"] if key in self._clients else 0

    def examples(self, key: int) -> tuple[Example, ...]:
        """A group's first lines in the log."""
        return _examples(self._tallies, self._files, self._lines[key])


def _facts(group: Row, of_speaker: int, known: _Known) -> Facts:
    key, people = group["failure_key"], known.people[group["failure_key"]]
    return Facts(
        key=key,
        speaker=group["speaker"],
        reply_code=group["reply_code"],
        enhanced_code=group["enhanced_code"],
        text=group["shape"],
        event=group["event"],
        reply_class=group["reply_class"] or _CLASS_OF_EVENT.get(group["event"], 5),
        count=group["count"],
        of_speaker=of_speaker,
        first=group["first"],
        last=group["last"],
        log_end=known.log_end,
        bars=known.bars(key),
        replies=known.replies(group["speaker"]),
        recipients=people["recipients"],
        senders=people["senders"],
        sender=people["sender"] if people["senders"] == 1 else None,
        client=known.client(key),
        domains=group["domains"],
        domain=group["domain"] if group["domains"] == 1 else None,
        relays=group["relays"],
        relay_host=group["relay_host"] if group["relays"] == 1 else None,
        own_clients=known.own_clients(key),
        reached_later=people["reached"] / people["pairs"] if people["pairs"] else None,
        examples=known.examples(key),
        affected=known.affected(key),
    )


@cache
def _question(name: str) -> tuple[tuple[str, ...], str]:
    header = read_header(files(__package__) / f"{name}.sql")
    return tuple(entry.name for entry in header.all("column")), header.sql


def _ask(tallies: Tallies, name: str, values: list[Any] | None = None) -> list[Row]:
    columns, sql = _question(name)
    given, rows = tallies.table(sql, values)
    check_columns(f"{name}.sql", columns, given)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _by_number(rows: Iterable[Row], key: str) -> dict[Any, dict[int, int]]:
    found: dict[Any, dict[int, int]] = defaultdict(dict)
    for row in rows:
        found[row[key]][row["number"]] = row["count"]
    return found


def _filled(counts: dict[int, int], length: int) -> tuple[int, ...]:
    return tuple(counts.get(number, 0) for number in range(length))


def _examples(tallies: Tallies, files_read: dict[int, str], lines: list[Row]) -> tuple[Example, ...]:
    first = sorted({(line["ref"], line["time_us"], line["raw"]) for line in lines}, key=lambda line: line[0])[:3]
    return tuple(Example(*tallies.place(ref, files_read), time, raw) for ref, time, raw in first)
