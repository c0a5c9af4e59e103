"""The findings' questions to the tallies: the SQL files beside this one, with the columns that their headers name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from analyzer.tallies.header import check_columns, read_header

if TYPE_CHECKING:
    from analyzer.tallies import Tallies

Row = dict[str, Any]


def ask(tallies: Tallies, name: str, values: list[Any] | None = None) -> list[Row]:
    """The answer to the question of ``name.sql``, by column."""
    columns, sql = _question(name)
    given, rows = tallies.table(sql, values)
    check_columns(f"{name}.sql", columns, given)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def sql_of(name: str) -> str:
    """The SQL of a question, for a table of its answer."""
    return _question(name)[1]


@cache
def _question(name: str) -> tuple[tuple[str, ...], str]:
    header = read_header(files(__package__) / f"{name}.sql")
    return tuple(entry.name for entry in header.all("column")), header.sql
