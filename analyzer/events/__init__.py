"""From logs to events: Arrow record batches in the columns of ``analyzer.schema``, and the accounting of every line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from analyzer import schema
from analyzer.events.accounting import KINDS, Accounting
from analyzer.events.columns import ALL, arrow_schema, batch
from analyzer.events.lines import FileLines, Row
from analyzer.events.reasons import columns_for, with_causes
from analyzer.events.seen import Seen
from analyzer.framing import TimeLine, first_time
from analyzer.grammar import load_all
from analyzer.matcher import Recogniser
from analyzer.schema import Column
from analyzer.sources import Block, Damage, Source, blocks

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "ALL", "KINDS", "Accounting", "Reader", "Reading", "arrow_schema", "batch", "columns_for",
    "columns_named", "first_time", "with_causes",
]  # fmt: skip

BATCH_ROWS = 20_000
CHUNK_ROWS = 500_000  # tallied at once
_SECOND_FILES = ("rejectlog", "paniclog")


@dataclass(frozen=True)
class Reading:
    """How logs are read: the options that decide what an event is."""

    mta: str | None = None  # one MTA only
    year: int | None = None  # of stamps without a year
    zone: tzinfo = UTC  # of stamps without a zone
    default_year: int | None = None  # where neither option nor file time tells the year
    since: int | None = None  # µs UTC, inclusive
    until: int | None = None  # µs UTC, exclusive


@dataclass
class Reader:
    """Reads sources in order. ``batches`` yields events; the other fields tell about the lines once it is exhausted."""

    sources: Sequence[Source]
    reading: Reading = field(default_factory=Reading)
    on_block: Callable[[Source, Block], None] | None = None
    on_unrecognised: Callable[[str, int, bytes], None] | None = None
    accounting: Accounting = field(default_factory=Accounting)
    damage: list[Damage] = field(default_factory=list)
    reach: tuple[int, int] | None = None  # first and last time of an event, whatever was asked
    inputs: list[dict[str, Any]] = field(default_factory=list)
    anything_read: bool = False
    declined: int = 0  # lines that the compiled engine left to the reference engine

    def batches(self, columns: Sequence[Column] = schema.EVENTS, *, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Record batches of at most about ``rows`` rows with these columns."""
        pending: list[Row] = []
        for row in self.rows():
            pending.append(row)
            if len(pending) >= rows:
                yield batch(pending, columns)
                pending = []
        if pending:
            yield batch(pending, columns)

    def chunks(self, columns: Sequence[Column] = ALL, *, rows: int = CHUNK_ROWS) -> Iterator[Any]:
        """Arrow streams (by the PyCapsule interface) of about so many rows each, for the tallies."""
        import pyarrow as pa

        held: list[pa.RecordBatch] = []
        count = 0
        for made in self.batches(columns):
            held.append(made)
            count += made.num_rows
            if count >= rows:
                yield pa.Table.from_batches(held)
                held, count = [], 0
        if held:
            yield pa.Table.from_batches(held)

    def rows(self) -> Iterator[Row]:
        """Every event as a dict, in the order of files and lines."""
        recogniser = Recogniser(mta=self.reading.mta)
        second = [_is_second(source) for source in self.sources]
        seen = Seen(enabled=any(second) and not all(second))
        order = sorted(range(len(self.sources)), key=lambda i: second[i])  # what repeats comes after what it repeats
        for file_no, index in enumerate(order):
            source = self.sources[index]
            timeline = TimeLine(self.reading.zone, self.reading.year, source.modified, self.reading.default_year)
            lines = FileLines(
                source.name, file_no, timeline, recogniser, self.accounting, seen,
                second=second[index], on_unrecognised=self.on_unrecognised,
            )  # fmt: skip
            size = 0
            facts = _Facts()
            for block in blocks(source, report=self.damage.append):
                yield from self._kept(lines.rows(block.data), facts)
                size += len(block.data)
                self.anything_read = True
                if self.on_block is not None:
                    self.on_block(source, block)
            yield from self._kept(lines.finish(), facts)
            self.inputs.append(
                {
                    "file": source.name,
                    "lines": lines.lines,
                    "bytes": size,
                    "mta": sorted(facts.mtas),
                    "hosts": sorted(facts.hosts),
                }
            )

    def _kept(self, rows: Iterator[Row], facts: _Facts) -> Iterator[Row]:
        since, until = self.reading.since, self.reading.until
        for row in rows:
            time = row["time"]
            facts.see(row)
            if time is not None:
                if self.reach is None:
                    self.reach = (time, time)
                elif time < self.reach[0] or time > self.reach[1]:
                    self.reach = (min(time, self.reach[0]), max(time, self.reach[1]))
                if (since is not None and time < since) or (until is not None and time >= until):
                    continue
            elif since is not None or until is not None:
                continue  # a line without a stamp is in no period
            yield row


@dataclass
class _Facts:
    """What a file's events say about the file."""

    mtas: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)

    def see(self, row: Row) -> None:
        self.mtas.add(row["mta"])
        host = row["host"]
        if host is not None and len(self.hosts) < 1000:
            self.hosts.add(host.decode("utf-8", "backslashreplace"))


def _is_second(source: Source) -> bool:
    """Whether a file repeats lines of another by its name, and some MTA is known to write such files."""
    name = PurePath(source.name).name.lower()
    return any(word in name for word in _SECOND_FILES) and any("second_files" in g.traits for g in load_all())


def columns_named(names: Sequence[str] | None) -> list[Column]:
    """The schema's columns of these names, in this order; all if None. Raises UsageError with the nearest name."""
    from difflib import get_close_matches

    from analyzer.errors import UsageError

    if names is None:
        return list(schema.COLUMNS)
    known = {column.name: column for column in schema.COLUMNS}
    chosen = []
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Columns: {', '.join(known)}."
            raise UsageError(f"There is no column {name!r}. {hint}")
        chosen.append(known[name])
    return chosen
