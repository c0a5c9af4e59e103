"""Report sections: one SQL file each, over the merged tallies.

To add a section: put ``<name>.sql`` here. Its header has ``title``, ``question`` (what the reader asks),
``definition``, ``chart``, and ``-- column NAME TYPE "Heading": definition`` for each column, TYPE being a word of
``TYPES``. Its SQL reads the tallies (``analyzer/tallies/*.sql``, ``views/*.sql``) and the table ``bars``; its ORDER BY
must leave no two rows in an order of chance. What needs another grain brings its own tally.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from analyzer import replies
from analyzer.errors import SectionError, UsageError
from analyzer.tallies.header import Header, check_columns, read_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from analyzer.catalogue import Catalogue
    from analyzer.tallies import Tallies

#: What a column may hold; ``ms`` and ``bytes`` are integers, ``share`` is 0 to 1, ``time`` µs UTC.
TYPES = ("text", "int", "share", "ms", "bytes", "time")
#: Rows of a section at most: addresses and clients can be millions, and who needs them all asks the events.
MOST_ROWS = 10_000
#: The sections that come from the accounting of lines.
_OF_LINES = ("lines", "unrecognised", "silent")
#: The section that comes from the findings.
_OF_FINDINGS = ("causes",)
#: What a line can be, in the order in which the section ``lines`` lists it.
_KINDS = ("events", "no_event", "other_programs", "unrecognised", "damaged")


@dataclass(frozen=True)
class SectionColumn:
    """A column of a section: ``type`` is text, int, share, ms, bytes, time; ``definition`` is what the page shows."""

    name: str
    type: str
    heading: str
    definition: str


@dataclass(frozen=True)
class Section:
    """One report section: its header, read from the SQL file, and its rows, in a definite order.

    ``cut``: it has more rows than are here.
    """

    name: str
    title: str
    question: str
    definition: str
    chart: str
    columns: tuple[SectionColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool = False

    def place(self, column: str) -> int:
        """Where a column stands in each row."""
        return [known.name for known in self.columns].index(column)


@cache
def names() -> tuple[str, ...]:
    """Names of all sections, in the report's order; those of the accounting of lines come last."""
    found = {path.name.removesuffix(".sql") for path in files(__name__).iterdir() if path.name.endswith(".sql")}
    known = [name for name in _ORDER if name in found]
    return (*known, *sorted(found.difference(_ORDER, _OF_LINES, _OF_FINDINGS)), *_OF_FINDINGS, *_OF_LINES)


#: The order of the report's questions; a section that is not in here stands after these.
_ORDER = (
    "totals", "traffic", "destinations", "recipients", "failures", "senders", "clients", "client_networks", "rejections",
    "reply_codes", "reply_classes", "delays", "servers",
)  # fmt: skip


def described() -> dict[str, Section]:
    """Every section without rows: titles, questions, definitions and columns, as their headers have them."""
    return {name: _read(name)[0] for name in names()}


def run(
    tallies: Tallies,
    wanted: Iterable[str] | None = None,
    catalogue: Catalogue | None = None,
    most: int = MOST_ROWS,
) -> dict[str, Section]:
    """The sections asked for (all of them without ``wanted``) from merged tallies, by name, in the report's order.

    Of each at most its first ``most`` rows; ``cut`` says that it has more.
    All but those of the accounting, which no event tells, and the causes: see ``of_lines`` and ``of_causes``.
    """
    if catalogue is None:
        from analyzer import catalogue as catalogues

        catalogue = catalogues.load()
    known = names()[: -len(_OF_FINDINGS + _OF_LINES)]
    chosen = known if wanted is None else tuple(wanted)
    for name in chosen:
        if name not in known:
            raise UsageError(f"There is no section {name!r}. The sections are {', '.join(known)}.")
    return {name: _named(_ask(tallies, *_read(name), most), catalogue) for name in known if name in chosen}


def of_causes(rows: Iterable[tuple[Any, ...]]) -> dict[str, Section]:
    """The section ``causes`` from what the findings counted (``findings.count_causes``)."""
    return {"causes": replace(_read("causes")[0], rows=tuple(rows))}


def of_lines(
    counts: Mapping[tuple[str, str, str], int],
    shapes: Mapping[tuple[str, str], tuple[int, str, int, str]],
    silent: Mapping[tuple[str, str], int],
) -> dict[str, Section]:
    """The sections ``lines``, ``unrecognised`` and ``silent`` from the accounting (``analyzer.events.Accounting``)."""
    order = {kind: place for place, kind in enumerate(_KINDS)}
    rows: dict[str, list[tuple[Any, ...]]] = {
        "lines": sorted(
            ((file, program, kind, count) for (file, program, kind), count in counts.items() if count),
            key=lambda row: (row[0], order.get(row[2], len(order)), -row[3], row[1]),
        ),
        "unrecognised": sorted(
            ((mta, shape, count, file, line) for (mta, shape), (count, file, line, _) in shapes.items()),
            key=lambda row: (-row[2], row[0], row[1]),
        ),
        "silent": sorted(
            ((mta, name, count) for (mta, name), count in silent.items()), key=lambda row: (row[0], -row[2], row[1])
        ),
    }
    return {name: replace(_read(name)[0], rows=tuple(rows[name])) for name in _OF_LINES}


@cache
def _read(name: str) -> tuple[Section, str]:
    header = read_header(files(__name__) / f"{name}.sql")
    return _empty(name, header), header.sql


def _empty(name: str, header: Header) -> Section:
    columns = tuple(SectionColumn(entry.name, entry.type, entry.heading, entry.text) for entry in header.all("column"))
    for column in columns:
        if column.type not in TYPES or not column.heading or not column.definition:
            raise SectionError(
                f"{header.file}: column {column.name} needs a type, a heading and a definition: write "
                f'`-- column {column.name} TYPE "Heading": definition`, with one of the types {", ".join(TYPES)}.'
            )
    title, question, definition, chart = map(header.text, ("title", "question", "definition", "chart"))
    return Section(name, title, question, definition, chart, columns, ())


def _ask(tallies: Tallies, section: Section, sql: str, most: int) -> Section:
    given, rows = tallies.table(f"{sql}\nLIMIT {most + 1}")
    check_columns(f"{section.name}.sql", tuple(column.name for column in section.columns), given)
    return replace(section, rows=tuple(rows[:most]), cut=len(rows) > most)


def _named(section: Section, catalogue: Catalogue) -> Section:
    """Fill in what SQL does not know: the catalogue's names of codes, the RFC's names of classes."""
    if section.name == "reply_codes":
        code, name = section.place("reply_code"), section.place("name")
        return _filled(section, name, lambda row: _name_of(row[code], catalogue))
    if section.name == "reply_classes":
        digit, name = section.place("reply_class"), section.place("class_name")
        return _filled(section, name, lambda row: replies.class_name(row[digit]))
    return section


def _filled(section: Section, place: int, value: Callable[[tuple[Any, ...]], str]) -> Section:
    return replace(section, rows=tuple((*row[:place], value(row), *row[place + 1 :]) for row in section.rows))


def _name_of(code: int | None, catalogue: Catalogue) -> str:
    return "" if code is None else catalogue.name_of(code)
