"""What the tallies know about each group of failures. Asks and counts; judges nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.findings.asking import Row, ask, sql_of
from analyzer.findings.model import Affected, Example
from analyzer.findings.parts import split

if TYPE_CHECKING:
    from analyzer.tallies import Tallies

#: What a failure without any class in its line is: for now, or for good.
_CLASS_OF_EVENT = {"deferred": 4, "attempt_failed": 4}
#: Lines of a group that are shown, and that are looked at for names in them.
_EXAMPLES, _ENOUGH_LINES = 3, 12
_NO_CLIENTS: Row = {"own": 0, "names": 0, "name": None}


@dataclass(frozen=True)
class Facts:
    """One group of failures; times in µs UTC, bars as counts per bar of the report's time axis."""

    key: int
    group: int  # the group that it is a part of, itself if it is no part: what its cause was decided by
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
    sender_domain: str | None  # the only one, else None
    clients: int  # that it was told to
    client: str | None  # the only one, else None
    domains: int
    domain: str | None  # the only one, else None
    relays: int
    relay_host: str | None  # the only one, else None
    host: str | None  # the only one of ours that wrote the lines, else None
    own_clients: int  # failures told to clients of ours
    reached_later: float | None
    examples: tuple[Example, ...]
    affected: tuple[Affected, ...]


def texts_of(tallies: Tallies, most: int) -> list[Row]:
    """What was said in the groups of failures and how often, the most frequent first.

    Beyond the ``most`` most frequent texts all groups with the same codes are put together in the tallies for good.
    """
    tallies.keep("texts", sql_of("texts"), [most])
    tallies.regroup("SELECT failure_key, target FROM texts WHERE target <> failure_key")
    return ask(tallies, "causes_of", [most])


def lines_of(tallies: Tallies, keys: list[int]) -> dict[int, list[str]]:
    """The first lines of each of these groups of failures, enough to see which names they give."""
    rows = ask(tallies, "lines", [keys, _ENOUGH_LINES])
    return {row["failure_key"]: [line["raw"] for line in row["lines"]] for row in rows}


def gather(
    tallies: Tallies, recurring: int, most: int, cause_key: Callable[[int], str]
) -> tuple[list[Facts], tuple[int, int]]:
    """The groups with at least ``recurring`` failures, and the rest: number of groups, and of failures.

    ``most``: addresses of each that are named. ``cause_key``: of a group, whose matter its cause is (``causes.KEYS``): a
    sender, say, that stands for a tenth of the group's failures is a part, a finding of its own.
    """
    groups = ask(tallies, "groups", [recurring])
    (rare,) = ask(tallies, "rarer", [recurring])
    of_speaker = {row["speaker"]: row["count"] for row in ask(tallies, "speakers")}
    clients = _clients(tallies, groups)
    whole, parts = split(tallies, groups, clients, cause_key, recurring)
    rest = [part for part in parts if part["count"] < recurring]
    found = [*whole, *(part for part in parts if part["count"] >= recurring)]
    known = _Known(tallies, found, clients, most)
    facts = [_facts(group, of_speaker[group["speaker"]], known) for group in found]
    return facts, (rare["groups"] + len(rest), rare["failures"] + sum(part["count"] for part in rest))


def _clients(tallies: Tallies, groups: list[Row]) -> dict[int, Row]:
    tallies.see_own_clients()
    return {row["failure_key"]: row for row in ask(tallies, "clients", [[group["failure_key"] for group in groups]])}


def examples_by_code(tallies: Tallies) -> dict[tuple[str, int | None, str | None], tuple[Example, ...]]:
    """The first three lines of each speaker, reply code and enhanced code among the failures; without any code none."""
    rows = ask(tallies, "code_lines")
    found = {(row["speaker"], row["reply_code"], row["enhanced_code"]): row["lines"] for row in rows}
    files_read = tallies.files()
    return {
        code: _examples(tallies, files_read, lines)
        for code, lines in sorted(found.items(), key=lambda item: tuple(str(part or "") for part in item[0]))
    }


class _Known:
    """Answers about all recurring groups at once, by the group's key."""

    def __init__(self, tallies: Tallies, groups: list[Row], clients: Mapping[int, Row], most: int) -> None:
        self.starts = tallies.axis().starts
        period = tallies.period
        self.log_end = period[1] if period else None
        self._files = tallies.files()
        self._tallies = tallies
        self.people = {row["failure_key"]: row for row in ask(tallies, "people")}
        self._bars = _by_number(ask(tallies, "bars"), "failure_key")
        self._replies = _by_number(ask(tallies, "replies"), "speaker")
        self._clients = clients
        self._affected: dict[int, list[Affected]] = defaultdict(list)
        for row in ask(tallies, "affected", [most]):
            first, last = (tallies.place(row[ref], self._files) for ref in ("first_ref", "last_ref"))
            self._affected[row["failure_key"]].append(Affected(row["address"], row["count"], *first, *last))
        whole = [group["failure_key"] for group in groups if "group" not in group]
        parts = [group["failure_key"] for group in groups if "group" in group]
        split = list({group["group"] for group in groups if "group" in group})
        rows = ask(tallies, "lines", [whole, _EXAMPLES])
        if parts:
            rows += ask(tallies, "split_lines", [split, parts, _EXAMPLES])
        self._lines = {row["failure_key"]: row["lines"] for row in rows}

    def bars(self, key: int) -> tuple[int, ...]:
        """A group's failures in each bar of the axis."""
        return _filled(self._bars[key], len(self.starts))

    def replies(self, speaker: str) -> tuple[int, ...]:
        """A speaker's replies in each bar of the axis."""
        return _filled(self._replies[speaker], len(self.starts))

    def affected(self, key: int) -> tuple[Affected, ...]:
        """The addresses that a group hit, most hit first."""
        return tuple(self._affected[key])

    def clients(self, group: int) -> Row:
        """How many clients a group was told to, one of them, and how many of its failures were told to clients of ours."""
        return self._clients.get(group, _NO_CLIENTS)

    def examples(self, key: int) -> tuple[Example, ...]:
        """A group's first lines in the log."""
        return _examples(self._tallies, self._files, self._lines.get(key, []))


def _facts(group: Row, of_speaker: int, known: _Known) -> Facts:
    key: int = group["failure_key"]
    whole: int = group.get("group", key)
    people = known.people[key]
    clients = known.clients(whole)
    return Facts(
        key=key,
        group=whole,
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
        sender_domain=people["sender_domain"] if people["sender_domains"] == 1 else None,
        clients=clients["names"],
        client=clients["name"] if clients["names"] == 1 else None,
        domains=group["domains"],
        domain=group["domain"] if group["domains"] == 1 else None,
        relays=group["relays"],
        relay_host=group["relay_host"] if group["relays"] == 1 else None,
        host=group["host"] if group["hosts"] == 1 else None,
        own_clients=min(clients["own"], group["count"]),  # of a part: all of them or none
        reached_later=people["reached"] / people["pairs"] if people["pairs"] else None,
        examples=known.examples(key),
        affected=known.affected(key),
    )


def _by_number(rows: Iterable[Row], key: str) -> dict[Any, dict[int, int]]:
    found: dict[Any, dict[int, int]] = defaultdict(dict)
    for row in rows:
        found[row[key]][row["number"]] = row["count"]
    return found


def _filled(counts: dict[int, int], length: int) -> tuple[int, ...]:
    return tuple(counts.get(number, 0) for number in range(length))


def _examples(tallies: Tallies, files_read: dict[int, str], lines: list[Row]) -> tuple[Example, ...]:
    return tuple(Example(*tallies.place(line["ref"], files_read), line["time_us"], line["raw"]) for line in lines)
