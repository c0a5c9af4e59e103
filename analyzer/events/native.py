"""The compiled engine over the blocks of a run: on several threads, put in order again, with the reference engine beside it.

The compiled engine takes the lines that stand for themselves; whatever spans lines, is rare or is not known to it comes
here and goes to ``FileLines``, in the order of the lines, with the state that the lines in between have left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import local
from typing import TYPE_CHECKING, Any

from analyzer import schema
from analyzer.events import Reader, _Facts, _is_second
from analyzer.events.accounting import Accounting
from analyzer.events.columns import ALL, decode
from analyzer.events.lines import _DELIVERY, _FAILURES, _NO_STAMP, SHAPED, FileLines, Row, printable
from analyzer.events.seen import Seen
from analyzer.framing import Clock, TimeLine
from analyzer.framing.said import _DAEMONS, host_of, program_of
from analyzer.framing.timeline import _SLOT
from analyzer.matcher import Recogniser
from analyzer.matcher.program import CLOSED, Program, extension, program_for
from analyzer.replies import normalise
from analyzer.schema import Column
from analyzer.sources import Block, Source, blocks

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = ("events", "no_event", "other_programs")
_ATTEMPT_FAILED = CLOSED["event"].index("attempt_failed")
#: Columns that are read for what follows from them, whoever asks.
_NEEDED = frozenset({"line", "time", "mta", "host", "event", "queue_id", "reply_code", "enhanced_code", "reply_origin", "text",
                     "relay_ip", "recipient"})  # fmt: skip
#: What the extension keeps of lines of which few are shown, and of lines that are only counted.
_INNER = (
    Column("raw_at", "int64", "where in its block the line of a failure begins"),
    Column("weight", "int32", "lines that the row stands for, if more than one"),
    Column("lasted", "int64", "µs from the first of them to the last"),
)
_AHEAD = 6  # blocks that wait for the ordered reader besides those under way
_TIDY_FROM = 4096  # kept rows among which those that were given back are looked for
_UNKNOWN = -(1 << 62)  # the extension's word for "none yet"


class Times(TimeLine):
    """A file's time line whose state the extension may carry on, line by line, and give back."""

    def state(self) -> tuple[int, int, int, int]:
        """Year, last time without a year, last with one, last in UTC."""
        found = (self._year, self._last_yearless, self._last_dated, self._last_utc)
        return tuple(_UNKNOWN if value is None else value for value in found)  # type: ignore[return-value]

    def restore(self, year: int, yearless: int, dated: int, utc: int) -> None:
        """Take over what became of ``state``."""
        self._last_yearless = yearless
        self._year, self._last_dated, self._last_utc = (None if v == _UNKNOWN else v for v in (year, dated, utc))

    def utc_of(self, time: int, clock: int) -> int | None:
        """``utc`` with the clock as a number."""
        return self.utc(time, Clock(clock))

    def offset_of(self, local_time: int) -> int | None:
        """The offset of a quarter of an hour that was asked for before; None if clocks are put back in it."""
        first, second = self._slots.get(local_time // _SLOT, (0, -1))
        return first if second >= first else None


@dataclass
class BesideLines(FileLines):
    """The lines of one file that the compiled engine left, read with the state that the others have left."""

    empty: Callable[[], Any] = object  # makes a batch without rows
    engine: Any = None
    _kept: Any = None  # rows of the compiled engine that wait in `_hosts`
    _lines_before: int = 0
    _near: tuple[bytes, int] = (b"", 0)  # a block, and where the last line of it ends that the compiled engine took
    _unread: list[Row] = field(default_factory=list)  # stands in `_last` until somebody asks for that line's events

    def __post_init__(self) -> None:
        self._kept = self.empty()

    def complete(self, batch: Any, times: Times) -> None:
        """Do what is left of a batch; its rows are complete then but for the columns that ``finish`` fills."""
        start = self._number
        done = 0
        for declined, line, rows, begin, end, before, program in batch.left:
            self._pass(batch, done, rows, times)
            done = rows
            self._number = start + line
            self._bare = self._bare or 0 < batch.first_bare < line
            if before is not None:
                self._goes_on_from(before)
                self._near, self._last = (batch.data, begin), self._unread
            raw = batch.data[begin:end]
            if not declined:
                self._unrecognised(program, raw)
            else:
                if self._last is self._unread and b"repeated" in raw:
                    self._recall()
                for row in self._line(raw):
                    self._add(batch, row, rows)
        self._pass(batch, done, batch.native_rows, times)
        self._number = start + batch.lines
        self._bare = self._bare or batch.first_bare > 0
        if batch.last_tag is not None:
            self._goes_on_from(batch.last_tag)
            self._near, self._last = (batch.data, len(batch.data)), self._unread
        self._count_lines(batch)
        self._lines_before = self._number
        self._tidy()

    def end(self, batch: Any) -> None:
        """Add what was open at the end of the file."""
        for row in self.finish():
            self._add(batch, row, 0)

    def _pass(self, batch: Any, first: int, last: int, times: Times) -> None:
        """The compiled engine's rows between two lines of ours: their times, and the hosts' replies among them."""
        batch.resolve(first, last, times)
        self.engine.settle_hosts(batch, first, last, self._hosts, _ATTEMPT_FAILED, self._kept, self._lines_before)

    def _add(self, batch: Any, row: Row, behind: int) -> None:
        if isinstance(row, self.engine.KeptRow):
            row.give_to(batch, behind)
        else:
            batch.append(row, behind)

    def _tidy(self) -> None:
        """Leave the kept rows behind that were given back."""
        if len(self._kept) <= _TIDY_FROM:
            return
        held: list[Any] = [row for rows in self._hosts.held.values() for row in rows if isinstance(row, self.engine.KeptRow)]
        if len(self._kept) > 4 * len(held):
            self._kept = self.empty()
            for row in held:
                row.move_to(self._kept)

    def _goes_on_from(self, tag: bytes) -> None:
        """Take over from the compiled engine, which has read the line before: this was its program."""
        name = program_of(tag)
        program = self.recogniser.program(name)
        self._stamped = True
        self._continues = program is not None and "continued" in program.matcher.grammar.traits
        self._owner = program.mta if program is not None else _owner(name)

    def _unrecognised(self, tag: bytes, raw: bytes) -> None:
        program = self.recogniser.program(program_of(tag))
        assert program is not None
        self._last = []
        self._goes_on_from(tag)
        self._count("unrecognised")
        message = self._message_of(raw)
        self.accounting.unrecognised(self.file, self._number, program.mta, normalise(decode(message[:200])), printable(raw))
        if self.on_unrecognised is not None:
            self.on_unrecognised(self.file, self._number, raw)

    def _message_of(self, raw: bytes) -> bytes:
        from analyzer.framing import frame

        framed = frame(raw)
        return raw if framed is None else framed.message

    def _recall(self) -> None:
        """Read the line before once more, for its events alone: the next one says that it was repeated."""
        data, end = self._near
        end -= data.endswith(b"\n", 0, end)
        raw = data[data.rfind(b"\n", 0, end) + 1 : end]
        accounting, told, owner, continues = self.accounting, self.on_unrecognised, self._owner, self._continues
        self.accounting, self.on_unrecognised = Accounting(), None
        for _ in self._line(raw):
            pass
        self.accounting, self.on_unrecognised, self._owner, self._continues = accounting, told, owner, continues

    def _count_lines(self, batch: Any) -> None:
        for tag, kind, lines in batch.counts:
            name = program_of(tag)
            program = self.recogniser.program(name)
            self.accounting.count(self.file, program.mta if program is not None else _owner(name), KINDS[kind])
            key = (self.file, program.mta if program is not None else _owner(name), KINDS[kind])
            self.accounting.lines[key if key in self.accounting.lines else (self.file, "(others)", KINDS[kind])] += lines - 1
        for template, lines in batch.silent:
            self.accounting.silent[template] += lines


def set_up(engine: Any, program: Program) -> None:
    """Tell the extension the columns and their words; once, before it is used."""
    engine.set_up([(c.name, c.type) for c in (*ALL, *_INNER)], program.closed, {"analyzer_schema": str(schema.VERSION)})


def _owner(name: bytes) -> str:
    return decode(name.rpartition(b"/")[2] if b"/" in name else name)[:60] or _NO_STAMP


@dataclass
class CompiledReader(Reader):
    """A ``Reader`` that runs the compiled engine on ``jobs`` threads. ``chunks`` gives Arrow streams without pyarrow."""

    jobs: int = 1
    block_size: int = 1 << 20
    engine: Any = field(default_factory=extension)
    _program: Program | None = None

    def chunks(self, columns: Sequence[Column] | None = None, *, rows: int = 10_000) -> Iterator[Any]:
        """Arrow streams (by the PyCapsule interface) of about so many rows each; without ``columns`` those that are tallied."""
        names = [column.name for column in columns] if columns is not None else list(self.engine.GROUPED)
        if self.reading.since is not None or self.reading.until is not None:
            names = [name for name in names if name not in ("weight", "lasted")]  # a period may begin within a minute
        held: list[Any] = []
        count = 0
        for batch in self.finished(names):
            held.append(batch)
            count += len(batch)
            if count >= rows:
                yield self.engine.Batches(held, names)
                held, count = [], 0
        if held:
            yield self.engine.Batches(held, names)

    def batches(self, columns: Sequence[Column] = schema.EVENTS, *, rows: int = 0) -> Iterator[pa.RecordBatch]:
        """Record batches with these columns, one for each block of lines that has events."""
        import pyarrow as pa

        names = [column.name for column in columns]
        for batch in self.finished(names):
            yield from pa.RecordBatchReader.from_stream(self.engine.Batches([batch], names))

    def finished(self, names: Sequence[str]) -> Iterator[Any]:
        """The extension's batches with these columns, one for each block of lines that has events."""
        recogniser = Recogniser(mta=self.reading.mta)
        program = program_for(self.reading.mta)
        set_up(self.engine, program)
        second = [_is_second(source) for source in self.sources]
        seen = Seen(enabled=any(second) and not all(second))
        make = _Scanners(self.engine, program, recogniser, names, seen.enabled)
        order = sorted(range(len(self.sources)), key=lambda i: second[i])
        with ThreadPoolExecutor(max(1, self.jobs)) as pool:
            for file_no, index in enumerate(order):
                source = self.sources[index]
                times = Times(self.reading.zone, self.reading.year, source.modified, self.reading.default_year)
                lines = BesideLines(
                    source.name, file_no, times, recogniser, self.accounting, seen,
                    second=second[index], on_unrecognised=self.on_unrecognised, empty=make.empty,
                    engine=self.engine,
                )  # fmt: skip
                yield from self._file(source, lines, times, make, pool)

    def _file(self, source: Source, lines: BesideLines, times: Times, make: _Scanners, pool: ThreadPoolExecutor) -> Iterator[Any]:
        size = 0
        facts = _Facts()
        for block, batch in self._scanned(source, make, pool):
            self.declined += sum(declined for declined, *_ in batch.left)
            lines.complete(batch, times)
            if self._settle(batch, lines, facts, batch.lines):
                yield batch
            size += len(block.data)
            self.anything_read = True
            if self.on_block is not None:
                self.on_block(source, block)
        batch = make.empty()
        lines.end(batch)
        if self._settle(batch, lines, facts, 0):
            yield batch
        self.inputs.append(
            {"file": source.name, "lines": lines.lines, "bytes": size, "mta": sorted(facts.mtas), "hosts": sorted(facts.hosts)}
        )

    def _scanned(self, source: Source, make: _Scanners, pool: ThreadPoolExecutor) -> Iterator[tuple[Block, Any]]:
        """Blocks with their batches, in order. The next one is read while others are scanned, a few more than there are threads."""
        found = blocks(source, size=self.block_size, report=self.damage.append)
        if self.jobs < 2:
            scanner = make.scanner()
            for block in found:
                yield block, scanner.scan(block.data)
            return
        waiting: deque[tuple[Block, Future[Any]]] = deque()
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(next, found, None)
            while (next_block := coming.result()) is not None:
                coming = reader.submit(next, found, None)
                waiting.append((next_block, pool.submit(make, next_block.data)))
                if len(waiting) > self.jobs + _AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()

    def _settle(self, batch: Any, lines: BesideLines, facts: _Facts, count: int) -> bool:
        """Complete the columns; whether any row is left in the period that was asked for."""
        reach = batch.reach()
        if reach is not None:
            self.reach = reach if self.reach is None else (min(reach[0], self.reach[0]), max(reach[1], self.reach[1]))
        facts.mtas.update(batch.texts("mta"))
        for host in batch.texts("host"):
            if len(facts.hosts) < 1000:
                facts.hosts.add(host)
        batch.finish(lines.file, lines.file_no, lines.lines - count, self.reading.since, self.reading.until)
        return len(batch) > 0


class _Scanners:
    """Makes a scanner for each thread that asks."""

    def __init__(self, engine: Any, program: Program, recogniser: Recogniser, names: Sequence[str], seen: bool) -> None:
        self._engine, self._program, self._recogniser, self._names, self._seen = engine, program, recogniser, names, seen
        self._own = local()

    def __call__(self, data: bytes) -> Any:
        return self.scanner().scan(data)

    def scanner(self) -> Any:
        """This thread's scanner."""
        if not hasattr(self._own, "scanner"):
            needed = {*self._names, *_NEEDED}
            self._own.scanner = self._engine.Scanner(
                self._program, self._named, _is_no_host, _FAILURES, SHAPED, _DELIVERY, sorted(needed), self._seen
            )
        return self._own.scanner

    def empty(self) -> Any:
        """A batch without rows."""
        return self.scanner().scan(b"")

    def _named(self, tag: bytes) -> tuple[Any, ...]:
        """Whose program a tag names: group, whether it is a syslog daemon, agents, MTA, instance, process."""
        name = program_of(tag)
        program = self._recogniser.program(name)
        daemon = name in _DAEMONS or tag in _DAEMONS
        if program is None:
            return -1, daemon
        group = self._program.group(program.mta, program.process)
        agents = program.process in program.matcher.grammar.processes
        return group, daemon, agents, program.mta, program.instance, program.process


def _is_no_host(word: bytes) -> bool:
    return host_of(word) is None
