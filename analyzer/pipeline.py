"""The whole flow, from logs to an analysis; read ``run`` from top to bottom to understand the program.

``Options`` in, ``Analysis`` out. The clock and the zone are options too: the same input gives the same analysis.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer import catalogue, causes, findings, schema, sections, sources, times
from analyzer.errors import UsageError
from analyzer.events import Reader, Reading, arrow_schema, columns_for, columns_named, first_time, with_causes
from analyzer.failing import Condition
from analyzer.framing import Clock
from analyzer.grammar import mtas
from analyzer.report import Result, text
from analyzer.schema import Column
from analyzer.sources import Block, Damage, Found, Source
from analyzer.tallies import LEAST_MEMORY, MEMORY, Own, Tallies
from analyzer.version import __version__

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from matplotlib.axes import Axes

Progress = Callable[[Source, Block], None]


@dataclass(frozen=True)
class Options:
    """What the user asked for; names as on the command line."""

    logs: tuple[str, ...] = ()
    mta: str | None = None
    since: str | None = None
    until: str | None = None
    year: int | None = None
    log_timezone: str | None = None
    timezone: str | None = None
    recurring: int = 3
    own: tuple[str, ...] = ()
    unrecognised: Path | None = None
    jobs: int | None = None
    memory: str | None = None
    causes: tuple[Path, ...] = ()
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if self.mta not in (None, "auto", *mtas()):
            raise UsageError(f"There is no MTA {self.mta!r}. Choose auto, {', '.join(mtas())}.")
        if self.recurring < 1:
            raise UsageError("--recurring takes a whole number from 1 on.")
        if self.jobs is not None and self.jobs < 1:
            raise UsageError("--jobs takes a whole number from 1 on.")
        if self.memory is not None:
            _bytes_of(self.memory)
        for name in (self.timezone, self.log_timezone):
            times.zone(name)

    @property
    def zone(self) -> tzinfo:
        """The zone in which times are shown: the logs' own unless another was asked for."""
        return times.zone(self.timezone or self.log_timezone)

    @property
    def asked(self) -> tuple[int | None, int | None]:
        """``since`` and ``until`` in microseconds UTC."""
        since, until = (None if t is None else times.moment(t, self.zone, self.now) for t in (self.since, self.until))
        return since, until

    def reading(self) -> Reading:
        """How the logs are to be read."""
        since, until = self.asked
        mta = None if self.mta == "auto" else self.mta
        return Reading(mta, self.year, times.zone(self.log_timezone), self.now.year, since, until)


@dataclass(frozen=True)
class Analysis(Result):
    """The result of one run, with what a notebook wants of it."""

    options: Options = field(default_factory=Options)

    def section(self, name: str) -> pd.DataFrame:
        """A section as a DataFrame: times tz-aware, repeated texts categorical. Raises UsageError for an unknown name."""
        from analyzer.report import frames

        return frames.section(self, name)

    def plot(self, name: str, ax: Axes | None = None) -> Axes:
        """A section's chart on matplotlib axes; the global style is left alone."""
        from analyzer.report import plots

        return plots.axes(self, name, ax=ax)

    def events(self, columns: Sequence[str] | None = None) -> pa.RecordBatchReader:
        """The events behind the numbers, read again from the logs."""
        return EventStream(self.options, columns).reader()

    def write(self, folder: str | Path) -> list[Path]:
        """Write the page, the tables, ``summary.json`` and the plots; the files written, the page first."""
        from analyzer.report import files, html, plots
        from analyzer.report.folder import put

        target = Path(folder)
        page = html.render(self, catalogue=catalogue.load(), version=__version__)
        written = [put(target / "report.html", page.encode())]
        return [*written, *files.write(self, target), *plots.draw(self, target / "plots")]

    def _repr_html_(self) -> str:
        from analyzer.report import html

        return html.notebook(self)


def _bytes_of(size: str | None) -> int:
    """What ``--memory`` names: a number and MB or GB. Raises UsageError for anything else."""
    if size is None:
        return MEMORY
    found = re.fullmatch(r"(\d{1,6}) ?([MG])B?", size.strip(), re.IGNORECASE)
    amount = int(found[1]) * (10**6 if found[2] in "mM" else 10**9) if found else 0
    if amount < LEAST_MEMORY:
        raise UsageError(f"--memory takes a size from {LEAST_MEMORY // 10**6}MB on, such as 800MB or 4GB, not {size!r}.")
    return amount


def conditions(expressions: Sequence[str]) -> list[Condition]:
    """The conditions of ``--fail-on``. Raises UsageError for one that is not understood."""
    return [Condition.parse(text, causes.load().causes) for text in expressions]


def find(options: Options) -> Found:
    """The logs that the options name, in reading order."""
    return sources.find(options.logs, time_of=_time_inside)


def _time_inside(head: bytes) -> tuple[int, bool] | None:
    """Time of the first stamped line, and whether its year is not known: what orders a rotated set."""
    found = first_time(head)
    return None if found is None else (found[0], found[1] is Clock.YEARLESS)


def run(options: Options, progress: Progress | None = None, *, brief: bool = False) -> Analysis:
    """Read the logs, tally their events, put the report's questions to the tallies.

    ``brief``: only what the printed summary and ``--fail-on`` need.
    """
    found = find(options)
    book = causes.load(options.causes)  # what is wrong in a file of rules is said before the logs are read
    with (
        _UnrecognisedFile(options.unrecognised) as unrecognised,
        Tallies(options.zone, _bytes_of(options.memory), own=Own.parse(options.own)) as tallies,
    ):
        reader = _reader(found, options, progress, unrecognised)
        for chunk in reader.chunks():
            tallies.add(chunk)
        sources.require_any(reader.anything_read, reader.damage)
        tallies.merge()
        axis = tallies.axis()
        accounting = reader.accounting
        wanted = text.SECTIONS if brief else None
        made = sections.run(tallies, wanted) | sections.of_lines(accounting.lines, accounting.shapes, accounting.silent)
        decided = findings.decide(tallies, book)
        made |= sections.of_causes(findings.count_causes(decided, book))
        found_failures, rarer = findings.find(
            tallies, catalogue.load(), recurring=options.recurring, causes=book,
            most_addresses=text.ADDRESSES if brief else findings.MOST_ADDRESSES, decided=decided,
        )  # fmt: skip
        return Analysis(
            inputs=tuple(reader.inputs), period=tallies.period, zone=options.zone,
            bar_seconds=axis.seconds, bar_starts=axis.starts,
            accounting=accounting.totals(), damage=tuple(d.row() for d in (*found.damage, *reader.damage)),
            sections=made, findings=tuple(found_failures), rarer=rarer, examples=findings.code_examples(tallies),
            notes=tuple(found.notes), asked=options.asked, reach=reader.reach,
            declined=reader.declined, options=options,
        )  # fmt: skip


class EventStream:
    """Events as record batches, in bounded memory; ``notes`` and ``damage`` are complete once the batches are exhausted."""

    def __init__(
        self, options: Options, columns: Sequence[str] | None = None, progress: Progress | None = None
    ) -> None:
        chosen = columns_named(columns)
        self._found = find(options)
        self._rules = options.causes
        self._reader = _reader(self._found, options, progress)
        self.schema = arrow_schema(chosen)
        self.batches = self._batches(chosen)
        self.notes = self._found.notes

    def _batches(self, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        if schema.CAUSE in columns:
            read = self._reader.batches(columns_for(columns))
            yield from with_causes(read, columns, causes.load(self._rules))
        else:
            yield from self._reader.batches(columns)
        sources.require_any(self._reader.anything_read, self._reader.damage)

    @property
    def damage(self) -> list[Damage]:
        """What could not be read."""
        return [*self._found.damage, *self._reader.damage]

    def reader(self) -> pa.RecordBatchReader:
        """As pyarrow's own reader."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self.schema, self.batches)


def _reader(
    found: Found,
    options: Options,
    progress: Progress | None = None,
    unrecognised: Callable[[str, int, bytes], None] | None = None,
) -> Reader:
    """The compiled engine's reader where it is built, else the reference engine's."""
    reading = options.reading()
    if engine() == "compiled":
        from analyzer.events.native import CompiledReader

        return CompiledReader(found.sources, reading, progress, unrecognised, jobs=options.jobs or os.cpu_count() or 1)
    return Reader(found.sources, reading, progress, unrecognised)


def engine() -> str:
    """The engine that reads the lines: ``compiled``, or ``reference`` where the extension is not built."""
    from analyzer.matcher.program import extension

    return "reference" if extension() is None else "compiled"


class _UnrecognisedFile:
    """Writes the lines that no template took to the file of ``--unrecognised``, as they were."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def __enter__(self) -> Callable[[str, int, bytes], None] | None:
        if self._path is None:
            return None
        self._stream = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        return self._write

    def __exit__(self, *_: object) -> None:
        if self._path is not None:
            self._stream.close()

    def _write(self, _file: str, _line: int, raw: bytes) -> None:
        self._stream.write(raw + b"\n")
