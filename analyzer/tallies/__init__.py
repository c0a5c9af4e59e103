"""Tallies: a chunk of events grouped into small tables that add up, whatever the chunks and their order.

To keep count of something new: add a table to ``tallies.toml``, whose head says how. Nothing in it may depend on the order
of rows. A chunk comes as an Arrow table, which SQL groups, or from the compiled engine, which groups it itself.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.resources import files
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Any, Self

from analyzer.cached import cached
from analyzer.events.columns import ALL
from analyzer.tallies import bars
from analyzer.tallies.bars import Axis
from analyzer.tallies.database import Database
from analyzer.tallies.header import read_header
from analyzer.tallies.own import LIKELY_PRIVATE, Own
from analyzer.tallies.table import MERGES, Tally, specs, tables, tallies

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["LEAST_MEMORY", "MEMORY", "MERGES", "Own", "Tallies", "Tally", "tallies"]

#: Bytes that the counts may take before they go to disk: four ninths of it in the compiled engine's groups, which are added
#: to the tables when that is full, the rest in the database.
MEMORY = 320_000_000
LEAST_MEMORY = 100_000_000
#: The first part of the groups may be so many times as large as the others.
_FIRST_PART = 1.7
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
        self._most_grouped = memory * 4 // 9
        self._room = max(memory * 5 // 9, 50_000_000)
        self._room_alone = memory * 4 // 5
        self._axis = Axis(0, ())
        self._files: dict[int, str] = {}
        self._span: tuple[int, int] | None = None
        self._groups: Any = None
        self._types: dict[str, dict[str, str]] = {}
        self._parts: Counter[str] = Counter()
        # The database opens while the first lines are read: nothing is asked of it before there are counts.
        self._database = Database(self._room, threads, self._prepare)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the memory and remove what was spilled."""
        self._database.close()

    def add(self, chunk: Any) -> None:
        """Count a chunk of events: a pyarrow Table, a reader, or anything that gives an Arrow stream as often as asked.

        Its columns are those of ``events.ALL``. What the compiled engine hands over it groups itself.
        """
        if hasattr(chunk, "groups"):
            self._add_grouped(chunk)
            return
        if hasattr(chunk, "read_all"):
            chunk = chunk.read_all()  # a reader can be read only once; every tally reads the chunk
        database = self._database.connection
        database.register("chunk", chunk)
        try:
            ((first, last),) = self.rows("SELECT epoch_us(min(time)), epoch_us(max(time)) FROM chunk")
            _see_chunk(database, bars.WIDTHS[0] if first is None else bars.part_width(first, last))
            database.execute("INSERT INTO files SELECT DISTINCT file_no, file FROM chunk")
            for tally in tallies():
                database.execute(f"INSERT INTO {tally.into} {tally.sql}")
                self._parts[tally.into] += 1
        finally:
            database.unregister("chunk")

    def _add_grouped(self, chunk: Any) -> None:
        if self._groups is None:
            self._groups = chunk.groups(specs(), bars.WIDTHS[0])
        if chunk.reach is not None:
            first, last = self._span or chunk.reach
            self._span = min(first, chunk.reach[0]), max(last, chunk.reach[1])
        self._files.update(chunk.files)
        self._groups.add(chunk, bars.part_width(*self._span) if self._span else bars.WIDTHS[0])
        # While the database is empty its share is free too: what then fits need not be added up a second time.
        if self._groups.bytes > self._most_grouped * (1 if self._parts else _FIRST_PART):
            self._take_groups()

    def _take_groups(self) -> None:
        """Add what the compiled engine has grouped to the tables."""
        if self._groups is None:
            return
        database = self._database.connection  # before its types are asked for
        self._database.limit(self._room)
        for number, tally in enumerate(tables()):
            part = self._groups.take(number)
            if part.num_rows:
                database.register("part", part)
                database.execute(f"INSERT INTO {tally.name} {tally.taken_sql(self._types[tally.name])}")
                database.unregister("part")
                self._parts[tally.name] += 1
        self._groups.clear()

    def merge(self) -> None:
        """Add the parts up. More chunks may follow, and another ``merge``: the sums do not depend on how many."""
        run = self._database.execute
        self._take_groups()
        self._database.limit(self._room_alone)  # nothing else takes any now
        period = self.period
        self._axis = bars.axis(*period, self.zone) if period else Axis(0, ())
        run("CREATE OR REPLACE TABLE bars (number INTEGER, start BIGINT)")
        run("INSERT INTO bars SELECT generate_subscripts($1, 1) - 1, unnest($1)", [list(self._axis.starts)])
        for tally in tables():
            # What is kept by bars goes into those of the axis, which are wider and far fewer.
            if self._parts[tally.name] > 1 or tally.shrinks:
                # What a GROUP BY holds of texts cannot go to disk, so that it takes no more rows at once than there is room for.
                ((rows,),) = self.rows(f"SELECT count(*) FROM {tally.name}")
                passes = 1 + rows * _BYTES_A_ROW // self._room_alone if tally.measures_texts else 1
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
        run = self._database.execute
        for table in ("failures", "clients", "examples"):
            run(
                f"UPDATE {table} SET failure_key = moved.target FROM moved WHERE moved.failure_key = {table}.failure_key"
            )
        run("UPDATE regrouped SET target = moved.target FROM moved WHERE moved.failure_key = regrouped.target")
        run("INSERT INTO regrouped FROM moved WHERE failure_key NOT IN (SELECT failure_key FROM regrouped)")

    def keep(self, name: str, sql: str, values: list[Any] | None = None) -> None:
        """Keep an answer as the table ``name``, for further questions; it takes the place of an earlier one."""
        self._database.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}", values)

    def change(self, sql: str, values: list[Any] | None = None) -> None:
        """Change a table that was kept."""
        self._database.execute(sql, values)

    def see_own_clients(self) -> None:
        """Make the table ``own_clients``: address and name of the clients that are no strangers, by ``own``."""
        run = self._database.execute
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
        return self._database.execute(sql, values).fetchall()  # type: ignore[no-any-return]

    def table(self, sql: str, values: list[Any] | None = None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The same with the names of the columns in front."""
        answer = self._database.execute(sql, values)
        return tuple(column[0] for column in answer.description), answer.fetchall()

    def files(self) -> dict[int, str]:
        """Name of each file by its place in reading order."""
        return dict(self._files) | {number: name for number, name in self.rows("SELECT file_no, file FROM files")}

    @staticmethod
    def place(ref: int, files_read: dict[int, str]) -> tuple[str, int]:
        """File and line of a reference."""
        return files_read[ref >> PLACE_BITS], ref & ((1 << PLACE_BITS) - 1)

    def _prepare(self, database: Any) -> None:
        """Make the tables and views."""
        sources = ("tallies/*.toml", "tallies/*.py", "tallies/views/*.sql", "schema.py", "events/columns.py")
        self._types = cached("tables", sources, lambda: _find_types(database))
        for name, types in self._types.items():
            database.execute(f"CREATE TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in types.items())})")
        database.execute("CREATE TABLE files (file_no INTEGER, file VARCHAR)")
        database.execute("CREATE TABLE regrouped (failure_key UBIGINT, target UBIGINT)")
        for view in ("counted", "domains", "said"):
            database.execute(f"CREATE VIEW {view} AS {_view(view)}")


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
