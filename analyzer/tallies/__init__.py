"""Tallies: a chunk of events grouped into small tables that add up, whatever the chunks and their order.

To keep count of something new: put ``<name>.sql`` here. Its header names each column: ``-- key NAME: meaning`` for what
is grouped by, ``-- measure NAME WAY: meaning`` for what adds up, WAY being a word of ``MERGES``. Its SQL reads ``e``,
one row per event (``views/e.sql``), and gives the keys, then the measures. Nothing may depend on the order of rows: no
``any_value``, no ``first``, no sums of fractions, no approximate quantile.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

from analyzer.errors import SectionError
from analyzer.events.columns import ALL
from analyzer.tallies import bars
from analyzer.tallies.bars import Axis
from analyzer.tallies.header import Header, check_columns, read_header
from analyzer.tallies.own import Own

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

__all__ = ["MERGES", "Own", "Tallies", "Tally", "tallies"]

#: How two partial measures become one; of ``list3`` the three smallest that differ are kept.
MERGES = {
    "sum": "sum({0})::BIGINT",
    "min": "min({0})",
    "max": "max({0})",
    "list3": "list_sort(list_distinct(flatten(list({0}))))[1:3]",
}
#: Each thread of the database needs its own part of the memory limit: more would have too little.
MOST_THREADS = 8
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
    """One tally: its keys, its measures (name and way of merging) and the SELECT that fills it from ``e``."""

    name: str
    keys: tuple[str, ...]
    measures: tuple[tuple[str, str], ...]
    sql: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys, then measures."""
        return self.keys + tuple(name for name, _ in self.measures)

    @property
    def merge_sql(self) -> str:
        """The same GROUP BY again, over the parts."""
        merged = (f"{MERGES[way].format(name)} AS {name}" for name, way in self.measures)
        return f"SELECT {', '.join((*self.keys, *merged))} FROM {self.name} GROUP BY {', '.join(self.keys)}"


def _read_tally(header: Header) -> Tally:
    measures = tuple((entry.name, entry.type) for entry in header.all("measure"))
    for name, way in measures:
        if way not in MERGES:
            raise SectionError(
                f"{header.file}: measure {name} is merged by {way or 'nothing'!r}: write one of {', '.join(MERGES)}."
            )
    header.text("tally")
    keys = tuple(entry.name for entry in header.all("key"))
    return Tally(header.file.removesuffix(".sql"), keys, measures, header.sql)


@cache
def tallies() -> tuple[Tally, ...]:
    """All tallies of this folder, by name."""
    found = [path for path in files(__name__).iterdir() if path.name.endswith(".sql")]
    return tuple(_read_tally(read_header(path)) for path in sorted(found, key=lambda path: path.name))


@cache
def _view(name: str) -> str:
    return read_header(files(__name__) / "views" / f"{name}.sql").sql


class Tallies:
    """Counts of all chunks added so far; after ``merge`` sections and findings ask it with ``rows``.

    Holds an in-memory database that spills into a private folder where it outgrows ``memory``; close it, or use it in a
    ``with`` statement.
    """

    def __init__(self, zone: tzinfo, memory: str = "250MB", threads: int | None = None, own: Own | None = None):
        import duckdb

        self.zone = zone
        self.own = own or Own()
        self._folder = TemporaryDirectory(prefix="analyzer-")
        config: dict[str, Any] = {
            "memory_limit": memory,
            "temp_directory": self._folder.name,
            "preserve_insertion_order": False,
            # Nothing is ever fetched from elsewhere, and no name in a query means a variable of some caller.
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "threads": threads or min(os.cpu_count() or 1, MOST_THREADS),
        }
        self._database: Any = duckdb.connect(":memory:", config=config)
        self._axis = Axis(0, ())
        self._make_tables()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the memory and remove what was spilled."""
        self._database.close()
        self._folder.cleanup()

    def add(self, chunk: Any) -> None:
        """Count a chunk of events: a pyarrow Table, a reader, or anything that gives an Arrow stream as often as asked.

        Its columns are those of ``events.ALL``.
        """
        if hasattr(chunk, "read_all"):
            chunk = chunk.read_all()  # a reader can be read only once; every tally reads the chunk
        self._database.register("chunk", chunk)
        try:
            ((first, last),) = self.rows("SELECT epoch_us(min(time)), epoch_us(max(time)) FROM chunk")
            self._see_chunk(bars.WIDTHS[0] if first is None else bars.part_width(first, last))
            for tally in tallies():
                self._database.execute(f"INSERT INTO {tally.name} {tally.sql}")
        finally:
            self._database.unregister("chunk")

    def merge(self) -> None:
        """Add the parts up. More chunks may follow, and another ``merge``: the sums do not depend on how many."""
        run = self._database.execute
        for tally in tallies():
            run(f"CREATE TABLE merged AS {tally.merge_sql}")
            run(f"DROP TABLE {tally.name}")
            run(f"ALTER TABLE merged RENAME TO {tally.name}")
        run(f"CREATE OR REPLACE TABLE pairs AS {_view('pairs')}")
        period = self.period
        self._axis = bars.axis(*period, self.zone) if period else Axis(0, ())
        run("CREATE OR REPLACE TABLE bars (number INTEGER, start BIGINT)")
        run("INSERT INTO bars SELECT generate_subscripts($1, 1) - 1, unnest($1)", [list(self._axis.starts)])

    def regroup(self, goes_to: Mapping[int, int]) -> None:
        """Put groups of failures together: the failures of each key go to the key that it is mapped to.

        For the findings, which come last: the sections are asked before.
        """
        moved = {key: target for key, target in goes_to.items() if key != target}
        if not moved:
            return
        run = self._database.execute
        run("CREATE OR REPLACE TEMP TABLE moved (failure_key UBIGINT, target UBIGINT)")
        run("INSERT INTO moved SELECT unnest($1::UBIGINT[]), unnest($2::UBIGINT[])", [list(moved), list(moved.values())])
        for table in ("failures", "failed_addresses", "failure_bars", "clients", "examples"):
            run(f"UPDATE {table} SET failure_key = moved.target FROM moved WHERE moved.failure_key = {table}.failure_key")

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
        return self._database.execute(sql, values).fetchall()  # type: ignore[no-any-return]

    def table(self, sql: str, values: list[Any] | None = None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The same with the names of the columns in front."""
        answer = self._database.execute(sql, values)
        return tuple(column[0] for column in answer.description), answer.fetchall()

    def files(self) -> dict[int, str]:
        """Name of each file by its place in reading order."""
        return {number: name for number, name in self.rows("SELECT file_no, file FROM files")}

    @staticmethod
    def place(ref: int, files_read: dict[int, str]) -> tuple[str, int]:
        """File and line of a reference."""
        return files_read[ref >> PLACE_BITS], ref & ((1 << PLACE_BITS) - 1)

    def _see_chunk(self, bar_seconds: int) -> None:
        self._database.execute(f"CREATE OR REPLACE TEMP VIEW e AS {_view('e').replace('{bar}', str(bar_seconds))}")

    def _make_tables(self) -> None:
        """Make each tally's empty table: its SQL over an empty chunk says the columns and their types."""
        columns = ((column.name, column.type) for column in ALL)
        empty = ", ".join(f'NULL::{_SQL_TYPES[kind]} AS "{name}"' for name, kind in columns)
        self._database.execute(f"CREATE TEMP VIEW chunk AS SELECT {empty} WHERE false")
        self._see_chunk(bars.WIDTHS[0])
        for tally in tallies():
            self._database.execute(f"CREATE TABLE {tally.name} AS {tally.sql}")
            check_columns(f"{tally.name}.sql", tally.columns, self.table(f"FROM {tally.name}")[0])
        self._database.execute("DROP VIEW chunk")
        for view in ("counted", "domains"):
            self._database.execute(f"CREATE VIEW {view} AS {_view(view)}")
