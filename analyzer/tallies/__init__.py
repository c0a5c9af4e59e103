"""Tallies: a chunk of events grouped into small tables that add up, whatever the chunks and their order.

To keep count of something new: add a table to ``tallies.toml``, whose head says how. Nothing in it may depend on the order
of rows. A chunk comes as an Arrow table, which SQL groups, or from the compiled engine, which groups it itself.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import ascii_lowercase, ascii_uppercase
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

from analyzer.cached import cached
from analyzer.errors import SectionError
from analyzer.events.columns import ALL
from analyzer.tallies import bars
from analyzer.tallies.bars import Axis
from analyzer.tallies.header import read_header
from analyzer.tallies.own import LIKELY_PRIVATE, Own

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

__all__ = ["LEAST_MEMORY", "MEMORY", "MERGES", "Own", "Tallies", "Tally", "tallies"]

#: How events make a measure, and how two partial ones become one; of ``list3`` the three smallest that differ are kept.
COUNTS = {
    "sum": "coalesce(sum({0}), 0)::BIGINT",
    "min": "min({0})",
    "max": "max({0})",
    "text": "min({0})",
    "last": "max({0})",
    "list3": "min(DISTINCT {0}, 3)",
}
MERGES = COUNTS | {"list3": "list_sort(list_distinct(flatten(list({0}))))[1:3]"}
#: How a measure is made of the columns that the compiled engine gives.
_TAKEN = {
    "last": "(({0}_high::HUGEINT << 64) | {0}_low::HUGEINT)",
    "list3": "list_sort(list({{'ref': {0}_ref, 'time_us': {0}_time, 'raw': coalesce({0}_raw, '')}}))",
}
#: Each thread of the database needs its own part of the memory limit: more would have too little.
MOST_THREADS = 8
#: Bytes that the counts may take before they go to disk: four ninths of it in the compiled engine's groups, which are added
#: to the tables when that is full, the rest in the database.
MEMORY = 320_000_000
LEAST_MEMORY = 100_000_000
#: How often a statement is tried: as it is, on one thread, and with half as much memory more each time.
_MOST_STEPS = 6
#: What a row takes while parts are added up, at most: with its texts, in every thread's own table.
_BYTES_A_ROW = 500
#: A line's place in reading order is one number: ``file_no << PLACE_BITS | line``.
PLACE_BITS = 36
_SQL_TYPES = {
    "text": "VARCHAR",
    "category": "VARCHAR",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "time": "TIMESTAMP WITH TIME ZONE",
}


@dataclass(frozen=True)
class Tally:
    """One tally: its keys (name, value), its measures (name, way of merging, value), which events it counts, its table."""

    name: str
    keys: tuple[tuple[str, str], ...]
    measures: tuple[tuple[str, str, str], ...]
    where: str
    into: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys, then measures."""
        return (*(name for name, _ in self.keys), *(name for name, _, _ in self.measures))

    @property
    def sql(self) -> str:
        """The groups of the view ``e``."""
        keys = (f"{value} AS {name}" for name, value in self.keys)
        counted = (f"{COUNTS[way].format(value)} AS {name}" for name, way, value in self.measures)
        return f"SELECT {', '.join((*keys, *counted))} FROM e WHERE {self.where} GROUP BY ALL"

    @property
    def has_bars(self) -> bool:
        """Whether it is kept by bars of time."""
        return any(name == "bar" for name, _ in self.keys)

    @property
    def shrinks(self) -> bool:
        """Whether wider bars make it much smaller: not where messages tell its rows apart."""
        return self.has_bars and all(name != "message_key" for name, _ in self.keys)

    @property
    def measures_texts(self) -> bool:
        """Whether texts are measured: the smallest one, the first lines."""
        return any(way in ("text", "list3") for _, way, _ in self.measures)

    def merge_sql(self, number: int, passes: int) -> str:
        """The same GROUP BY again, over the parts, in the bars of the axis: pass ``number`` of so many."""
        keys = ", ".join(name for name, _ in self.keys)
        merged = ", ".join(f"{MERGES[way].format(name)} AS {name}" for name, way, _ in self.measures)
        source = self.name
        if passes > 1:
            apart = ", ".join(name for name, _ in self.keys if name != "bar")
            source = f"(SELECT * FROM {source} WHERE hash({apart}) % {passes} = {number})"
        if self.has_bars:
            source = f"(SELECT t.* REPLACE (start // 1000000 AS bar) FROM {source} t ASOF LEFT JOIN bars ON bar * 1000000 >= start)"
        return f"SELECT {keys}, {merged} FROM {source} GROUP BY {keys}"

    def taken_sql(self, types: Mapping[str, str]) -> str:
        """The rows of the table ``part``, in which the compiled engine gives its groups, in the table's own types."""
        lists = [name for name, way, _ in self.measures if way == "list3"]
        values = {name: name for name in self.columns}
        values |= {name: _TAKEN[way].format(name) for name, way, _ in self.measures if way in _TAKEN}
        columns = ", ".join(f"{value}::{types[name]} AS {name}" for name, value in values.items())
        return f"SELECT {columns} FROM part" + (f" GROUP BY {', '.join(name for name, _ in self.keys)}" if lists else "")


def _read_tally(name: str, table: Mapping[str, Any]) -> Tally:
    if not table.get("tally"):
        raise SectionError(f"tallies.toml: [{name}] needs a line `tally = ...` that says what it counts.")
    keys = tuple((key, key if isinstance(said, str) else said[0]) for key, said in table["keys"].items())
    measures = tuple((measure, way, value) for measure, (way, value, _) in table["measures"].items())
    for measure, way, _ in measures:
        if way not in MERGES:
            raise SectionError(
                f"tallies.toml: [{name}] merges the measure {measure} by {way!r}: write one of {', '.join(MERGES)}."
            )
    return Tally(name, keys, measures, table.get("where", "true"), table.get("into", name))


@cache
def tallies() -> tuple[Tally, ...]:
    """All tallies, in the file's order."""
    read = tomllib.loads((files(__name__) / "tallies.toml").read_text("utf-8"))
    return tuple(_read_tally(name, table) for name, table in read.items())


@cache
def tables() -> tuple[Tally, ...]:
    """The tallies that have a table of their own."""
    return tuple(tally for tally in tallies() if tally.into == tally.name)


@cache
def _view(name: str) -> str:
    return read_header(files(__name__) / "views" / f"{name}.sql").sql


class Tallies:
    """Counts of all chunks added so far; after ``merge`` sections and findings ask it with ``rows``.

    Holds an in-memory database that spills into a private folder where it outgrows ``memory``; close it, or use it in a
    ``with`` statement.
    """

    def __init__(self, zone: tzinfo, memory: int = MEMORY, threads: int | None = None, own: Own | None = None):
        """``memory``: bytes that the counts may take before they go to disk."""
        self.zone = zone
        self.own = own or Own()
        self._folder = TemporaryDirectory(prefix="analyzer-")
        self._most_grouped = memory * 4 // 9
        self._threads = threads or min(os.cpu_count() or 1, MOST_THREADS)
        self._memory, self._room = memory, max(memory * 5 // 9, 50_000_000)
        self._rows_a_pass = memory * 4 // 5 // _BYTES_A_ROW
        self._allowed = self._room
        config: dict[str, Any] = {
            "memory_limit": f"{self._room}B",
            "temp_directory": self._folder.name,
            "preserve_insertion_order": False,
            # Nothing is ever fetched from elsewhere, and no name in a query means a variable of some caller.
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "threads": self._threads,
        }
        self._axis = Axis(0, ())
        self._files: dict[int, str] = {}
        self._span: tuple[int, int] | None = None
        self._groups: Any = None
        self._types: dict[str, dict[str, str]] = {}
        self._parts: Counter[str] = Counter()
        # The database opens while the first lines are read: nothing is asked of it before there are counts.
        self._opener = ThreadPoolExecutor(1)
        self._opening = self._opener.submit(self._open, config)

    @property
    def _database(self) -> Any:
        return self._opening.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the memory and remove what was spilled."""
        self._database.close()
        self._opener.shutdown()
        self._folder.cleanup()

    def add(self, chunk: Any) -> None:
        """Count a chunk of events: a pyarrow Table, a reader, or anything that gives an Arrow stream as often as asked.

        Its columns are those of ``events.ALL``. What the compiled engine hands over it groups itself.
        """
        if hasattr(chunk, "groups"):
            self._add_grouped(chunk)
            return
        if hasattr(chunk, "read_all"):
            chunk = chunk.read_all()  # a reader can be read only once; every tally reads the chunk
        self._database.register("chunk", chunk)
        try:
            ((first, last),) = self.rows("SELECT epoch_us(min(time)), epoch_us(max(time)) FROM chunk")
            _see_chunk(self._database, bars.WIDTHS[0] if first is None else bars.part_width(first, last))
            self._database.execute("INSERT INTO files SELECT DISTINCT file_no, file FROM chunk")
            for tally in tallies():
                self._database.execute(f"INSERT INTO {tally.into} {tally.sql}")
                self._parts[tally.into] += 1
        finally:
            self._database.unregister("chunk")

    def _add_grouped(self, chunk: Any) -> None:
        if self._groups is None:
            self._groups = chunk.groups(_specs(), bars.WIDTHS[0])
        if chunk.reach is not None:
            first, last = self._span or chunk.reach
            self._span = min(first, chunk.reach[0]), max(last, chunk.reach[1])
        self._files.update(chunk.files)
        self._groups.add(chunk, bars.part_width(*self._span) if self._span else bars.WIDTHS[0])
        # While the database is empty its share is free too: what then fits need not be added up a second time.
        if self._groups.bytes > self._most_grouped * (1 if self._parts else 1.7):
            self._take_groups()

    def _take_groups(self) -> None:
        """Add what the compiled engine has grouped to the tables."""
        if self._groups is None:
            return
        database = self._database  # before its types are asked for
        self._limit(self._room)
        for number, tally in enumerate(tables()):
            part = self._groups.take(number)
            if part.num_rows:
                database.register("part", part)
                database.execute(f"INSERT INTO {tally.name} {tally.taken_sql(self._types[tally.name])}")
                database.unregister("part")
                self._parts[tally.name] += 1
        self._groups.clear()

    def _limit(self, memory: int) -> None:
        import duckdb

        with suppress(duckdb.OutOfMemoryException):  # what is held now may be more than a lower limit
            self._set(f"memory_limit = '{memory}B'")
            self._allowed = memory

    def _set(self, option: str) -> None:
        # With a cursor of its own: what was asked before may still be to be fetched.
        self._database.cursor().execute(f"SET GLOBAL {option}")

    def _execute(self, sql: str, values: list[Any] | None = None) -> Any:
        """Run a statement; where its share of memory does not do, on one thread, and then with more and more memory.

        Most of what the database holds can go to disk, but not the hash tables of a question while it is answered: a report
        that takes more memory than was asked for is better than none.
        """
        import duckdb

        allowed, step = self._allowed, 0
        try:
            for step in range(_MOST_STEPS):
                try:
                    return self._database.execute(sql, values)
                except duckdb.OutOfMemoryException:
                    if step == _MOST_STEPS - 1:
                        raise
                    self._set("threads = 1")
                    self._limit(allowed + step * allowed // 2)
        finally:
            if step:
                self._limit(allowed)
                self._set(f"threads = {self._threads}")

    def merge(self) -> None:
        """Add the parts up. More chunks may follow, and another ``merge``: the sums do not depend on how many."""
        run = self._execute
        self._take_groups()
        self._limit(self._memory * 4 // 5)  # nothing else takes any now
        period = self.period
        self._axis = bars.axis(*period, self.zone) if period else Axis(0, ())
        run("CREATE OR REPLACE TABLE bars (number INTEGER, start BIGINT)")
        run("INSERT INTO bars SELECT generate_subscripts($1, 1) - 1, unnest($1)", [list(self._axis.starts)])
        for tally in tables():
            # What is kept by bars goes into those of the axis, which are wider and far fewer.
            if self._parts[tally.name] > 1 or tally.shrinks:
                # What a GROUP BY holds of texts cannot go to disk, so that it takes no more rows at once than there is room for.
                ((rows,),) = self.rows(f"SELECT count(*) FROM {tally.name}")
                passes = 1 + rows // self._rows_a_pass if tally.measures_texts else 1
                run(f"CREATE TABLE merged AS FROM {tally.name} LIMIT 0")
                for number in range(passes):
                    run(f"INSERT INTO merged {tally.merge_sql(number, passes)}")
                run(f"DROP TABLE {tally.name}")
                run(f"ALTER TABLE merged RENAME TO {tally.name}")
                self._parts[tally.name] = 1
        run(f"CREATE OR REPLACE TABLE pairs AS {_view('pairs')}")

    def regroup(self, sql: str, values: list[Any] | None = None) -> None:
        """Put groups of failures together: ``sql`` asks for pairs of a group's key and the key that its failures go to.

        For the findings, which come last: the sections are asked before. In ``failed_addresses``, by far the largest table,
        the keys stay; ``regrouped`` says where each goes.
        """
        self.keep("moved", f"SELECT * FROM ({sql}) AS t(failure_key, target)", values)
        if self.rows("SELECT count(*) FROM moved") == [(0,)]:
            return
        run = self._execute
        for table in ("failures", "clients", "examples"):
            run(
                f"UPDATE {table} SET failure_key = moved.target FROM moved WHERE moved.failure_key = {table}.failure_key"
            )
        run("UPDATE regrouped SET target = moved.target FROM moved WHERE moved.failure_key = regrouped.target")
        run("INSERT INTO regrouped FROM moved WHERE failure_key NOT IN (SELECT failure_key FROM regrouped)")

    def keep(self, name: str, sql: str, values: list[Any] | None = None) -> None:
        """Keep an answer as the table ``name``, for further questions; it takes the place of an earlier one."""
        self._execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}", values)

    def change(self, sql: str, values: list[Any] | None = None) -> None:
        """Change a table that was kept."""
        self._execute(sql, values)

    def see_own_clients(self) -> None:
        """Make the table ``own_clients``: address and name of the clients that are no strangers, by ``own``."""
        run = self._execute
        run("CREATE OR REPLACE TEMP TABLE own_clients (client_ip VARCHAR, client_host VARCHAR)")
        likely = "" if self.own.networks or self.own.domains else f"AND regexp_matches(client_ip, '{LIKELY_PRIVATE}')"
        known = self.rows(f"SELECT DISTINCT client_ip, client_host FROM clients WHERE failure_key IS NOT NULL {likely}")
        ours = [client for client in known if self.own.has_client(*client)]
        if ours:
            addresses, names = zip(*ours, strict=True)
            run(
                "INSERT INTO own_clients SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[])",
                [list(addresses), list(names)],
            )

    @property
    def period(self) -> tuple[int, int] | None:
        """Time of the first and the last event, µs UTC; None if no line has a time."""
        ((first, last),) = self.rows("SELECT min(first), max(last) FROM flow")
        return None if first is None else (first, last)

    def axis(self) -> Axis:
        """The report's time axis; without a bar where no line has a time."""
        return self._axis

    def rows(self, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Answer of a question put to the merged tallies, the table ``bars`` and the table ``pairs``."""
        return self._execute(sql, values).fetchall()  # type: ignore[no-any-return]

    def table(self, sql: str, values: list[Any] | None = None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The same with the names of the columns in front."""
        answer = self._execute(sql, values)
        return tuple(column[0] for column in answer.description), answer.fetchall()

    def files(self) -> dict[int, str]:
        """Name of each file by its place in reading order."""
        return dict(self._files) | {number: name for number, name in self.rows("SELECT file_no, file FROM files")}

    @staticmethod
    def place(ref: int, files_read: dict[int, str]) -> tuple[str, int]:
        """File and line of a reference."""
        return files_read[ref >> PLACE_BITS], ref & ((1 << PLACE_BITS) - 1)

    def _open(self, config: dict[str, Any]) -> Any:
        import duckdb

        database: Any = duckdb.connect(":memory:", config=config)
        sources = ("tallies/*.toml", "tallies/*.py", "tallies/views/*.sql", "schema.py", "events/columns.py")
        self._types = cached("tables", sources, lambda: _find_types(database))
        for name, types in self._types.items():
            database.execute(f"CREATE TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in types.items())})")
        database.execute("CREATE TABLE files (file_no INTEGER, file VARCHAR)")
        database.execute("CREATE TABLE regrouped (failure_key UBIGINT, target UBIGINT)")
        for view in ("counted", "domains"):
            database.execute(f"CREATE VIEW {view} AS {_view(view)}")
        return database


def _find_types(database: Any) -> dict[str, dict[str, str]]:
    """Columns and their types of each table: what its SQL says over an empty chunk."""
    columns = ((column.name, column.type) for column in ALL)
    empty = ", ".join(f'NULL::{_SQL_TYPES[kind]} AS "{name}"' for name, kind in columns)
    database.execute(f"CREATE TEMP VIEW chunk AS SELECT {empty} WHERE false")
    _see_chunk(database, bars.WIDTHS[0])
    found = {
        tally.name: {name: kind for name, kind, *_ in database.execute(f"DESCRIBE {tally.sql}").fetchall()} for tally in tables()
    }
    database.execute("DROP VIEW e")
    database.execute("DROP VIEW chunk")
    return found


def _see_chunk(database: Any, bar_seconds: int) -> None:
    """Make the view ``e`` of the chunk."""
    database.execute(
        f"CREATE MACRO IF NOT EXISTS lower_ascii(text) AS translate(text, '{ascii_uppercase}', '{ascii_lowercase}')"
    )
    database.execute(f"CREATE OR REPLACE TEMP VIEW e AS {_view('e').replace('{bar}', str(bar_seconds))}")


def _specs() -> list[tuple[Any, ...]]:
    """The tables as the compiled engine wants them: keys, measures with their ways, and every tally that adds to them."""
    return [
        (
            [name for name, _ in table.keys],
            [(name, way) for name, way, _ in table.measures],
            [
                (
                    "one" if tally.where == "true" else tally.where,
                    [value for _, value in tally.keys],
                    [value for _, _, value in tally.measures],
                )
                for tally in tallies()
                if tally.into == table.name
            ],
        )
        for table in tables()
    ]
