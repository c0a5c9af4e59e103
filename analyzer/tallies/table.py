"""What is counted: the tallies of ``tallies.toml``, with the SQL that makes each, adds its parts up and takes it over."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from analyzer.errors import SectionError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    read = tomllib.loads((files(__package__) / "tallies.toml").read_text("utf-8"))
    return tuple(_read_tally(name, table) for name, table in read.items())


@cache
def tables() -> tuple[Tally, ...]:
    """The tallies that have a table of their own."""
    return tuple(tally for tally in tallies() if tally.into == tally.name)


def specs() -> list[tuple[Any, ...]]:
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
