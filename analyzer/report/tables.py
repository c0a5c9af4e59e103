"""Sections as the page's tables: cells with their text, what they sort by, and what they lead to.

Knows which columns of which section the page shows; the columns' headings and definitions come from the sections.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from analyzer.report import Result, sentences, wording
from analyzer.sections import SectionColumn

#: Rows of one table on the page; the CSV has all.
ROWS = 200
_TEXT_LIMIT = 300
_WORD = 26  # characters of a word that is kept whole
_NAMED = 6  # findings that one cell names
_CODES = ("reply_code", "most_code", "enhanced_code")
_NUMBERS = ("int", "share", "ms", "bytes")


@dataclass(frozen=True)
class Cell:
    """``sort`` only where the text does not sort by itself; ``opens`` is the anchor of an entry of the appendix."""

    text: str = ""
    sort: str = ""
    css: str = ""
    opens: str = ""
    muted: str = ""  # said after the text, smaller
    code: str = ""  # kind of colour of a reply code's square
    bars: tuple[int, ...] = ()  # a sparkline
    width: float | None = None  # a bar, in per cent
    findings: tuple[int, ...] = ()


@dataclass(frozen=True)
class Heading:
    """``opens`` leads to the column's definition."""

    text: str
    css: str = ""
    opens: str = ""


@dataclass(frozen=True)
class Table:
    """One table: ``left_out`` rows are in the CSV file alone."""

    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int = 0
    file: str = ""
    shown: bool = True  # the caption is seen


Extra = tuple[Heading, Callable[[Mapping[str, Any]], Cell]]


@dataclass(frozen=True)
class Links:
    """Where numbers lead: keys of examples to anchors, codes and domains to the findings that explain them."""

    examples: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[tuple[str, int | None, str | None], tuple[int, ...]] = field(default_factory=dict)
    domains: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    entries: frozenset[int] = frozenset()  # reply codes that the appendix explains
    several_hosts: bool = False


def links(result: Result, shown: int, entries: Iterable[int], examples: Mapping[str, str]) -> Links:
    """Collect what the cells of this page may lead to; findings beyond the first ``shown`` are not on it."""
    codes: dict[tuple[str, int | None, str | None], list[int]] = defaultdict(list)
    domains: dict[str, list[int]] = defaultdict(list)
    for finding in result.findings[:shown]:
        if finding.reply_code is not None or finding.enhanced_code:  # without a code, texts differ in all but that
            codes[finding.speaker, finding.reply_code, finding.enhanced_code].append(finding.number)
        if finding.speaker == "us":  # refusals of clients: their recipients are no destinations of our mail
            continue
        for domain in sorted(
            {hit.address.rpartition("@")[2].lower() for hit in finding.affected if "@" in hit.address}
        ):
            domains[domain].append(finding.number)
    return Links(
        examples,
        {key: tuple(numbers) for key, numbers in codes.items()},
        {key: tuple(numbers) for key, numbers in domains.items()},
        frozenset(entries),
        len(sentences.hosts(result)) > 1,
    )


# ---- any section
def table(
    result: Result,
    name: str,
    columns: Sequence[str] = (),
    *,
    caption: str = "",
    keep: Callable[[Mapping[str, Any]], bool] | None = None,
    order: Callable[[Mapping[str, Any]], Any] | None = None,
    cells: Mapping[str, Callable[[Mapping[str, Any]], Cell]] | None = None,
    extra: Sequence[Extra] = (),
    headings: Mapping[str, str] | None = None,
) -> Table | None:
    """A section's rows as a table, at most ROWS; None if there are none. ``cells`` makes a column's cells itself."""
    section = result.sections.get(name)
    if section is None:
        return None
    rows = [row for row in sentences.records(result, name) if keep is None or keep(row)]
    if not rows:
        return None
    if order is not None:
        rows.sort(key=order)
    by_name = {column.name: column for column in section.columns}
    wanted = [by_name[column] for column in columns or by_name if column in by_name]
    heads = [_heading(name, column, headings or {}) for column in wanted] + [heading for heading, _ in extra]
    replaced = cells or {}
    body = tuple(
        (
            *(
                replaced[column.name](row) if column.name in replaced else cell(row[column.name], column)
                for column in wanted
            ),
            *(make(row) for _, make in extra),
        )
        for row in rows[:ROWS]
    )
    left_out = max(0, len(rows) - ROWS)
    return Table(caption or section.title, tuple(heads), body, left_out, f"{name}.csv")


def _heading(section: str, column: SectionColumn, headings: Mapping[str, str]) -> Heading:
    anchor = f"def-{section}-{column.name}" if column.definition else ""
    css = "n" if column.type in _NUMBERS and column.name not in _CODES else ""
    return Heading(headings.get(column.name, column.heading), css, anchor)


def cell(value: Any, column: SectionColumn) -> Cell:
    """One value, said by its column's type."""
    if value is None or value == "":
        return Cell(
            "–" if column.type in _NUMBERS and column.name not in _CODES else "",
            css="n z" if column.type in _NUMBERS else "",
        )
    if column.name in _CODES:
        return Cell(wording.shown(str(value)), css="m")
    if column.type == "int":
        return Cell(wording.number(value), css="n" if value else "n z")
    if column.type == "share":
        return Cell(wording.share(value), f"{value:.6f}", "n")
    if column.type == "ms":
        return Cell(wording.duration(value), str(value), "n")
    if column.type == "bytes":
        return Cell(wording.size(value), str(value), "n")
    if column.type == "time":
        return Cell(wording.iso(value), css="m")
    return text(", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


def text(value: str, *, muted: str = "") -> Cell:
    """A text of the log: escaped, and cut in the middle where it is very long; only long words may break anywhere."""
    said = wording.cut_middle(wording.shown(value), _TEXT_LIMIT)
    return Cell(said, css="k" if max(map(len, said.split()), default=0) <= _WORD else "", muted=muted)


def _named(findings: tuple[int, ...]) -> Cell:
    rest = len(findings) - _NAMED
    return Cell(findings=findings[:_NAMED], muted=f"and {rest} more" if rest > 0 else "")


# ---- the page's own tables
def destinations(result: Result, known: Links) -> Table | None:
    """Where our mail goes: marked where too little arrives, with the strip of its failures and their findings."""
    span = len(result.bar_starts) > 1

    def findings(row: Mapping[str, Any]) -> tuple[int, ...]:
        return known.domains.get(row["domain"] or "", ())

    def failed(column: str) -> Callable[[Mapping[str, Any]], Cell]:
        def make(row: Mapping[str, Any]) -> Cell:
            anchor = known.examples.get(f"domain:{row['domain']}", "") if row[column] else ""
            return Cell(wording.number(row[column]), css="n" if row[column] else "n z", opens=anchor)

        return make

    def reached(row: Mapping[str, Any]) -> Cell:
        value = row["delivered_share"]
        marked = value is not None and value < sentences.MARKED_UNDER
        return Cell(wording.share(value), f"{value or 0:.6f}", "n bad" if marked else "n")

    def strip(row: Mapping[str, Any]) -> Cell:
        bars, _ = wording.merge([int(part) for part in (row["bars"] or "").split()])
        kind = "v" if not findings(row) else "5" if row["bounced"] >= row["waiting"] else "4"
        return Cell(bars=tuple(bars), css=f"s f{kind}")

    extra: list[Extra] = [(Heading("Over time", "s x ho"), strip)] if span else []
    extra.append((Heading("Findings", "x"), lambda row: _named(findings(row))))
    columns = (
        "domain",
        "recipients",
        "delivered_share",
        "bounced",
        "waiting",
        "transient_replies",
        "bytes",
        "delay_p50_ms",
        "delay_p95_ms",
    )
    made = table(
        result,
        "destinations",
        columns,
        caption="Destinations",
        headings={
            "delivered_share": "Delivered",
            "transient_replies": "4xx replies",
            "delay_p50_ms": "Delay p50",
            "delay_p95_ms": "p95",
        },
        extra=extra,
        cells={
            "domain": lambda row: text(row["domain"] or "(no domain)"),
            "delivered_share": reached,
            "bounced": failed("bounced"),
            "waiting": failed("waiting"),
        },
    )
    return made and _hide(
        replace(made, shown=False), ("waiting", "bytes", "transient_replies", "delay_p50_ms", "delay_p95_ms"), columns
    )


def _hide(made: Table, names: Iterable[str], columns: Sequence[str]) -> Table:
    """Columns that a narrow window does without."""
    places = {columns.index(name) for name in names}
    heads = tuple(
        replace(head, css=f"{head.css} ho") if place in places else head for place, head in enumerate(made.headings)
    )
    rows = tuple(
        tuple(
            replace(cell, css=f"{cell.css} ho") if place in places or "s " in cell.css else cell
            for place, cell in enumerate(row)
        )
        for row in made.rows
    )
    return replace(made, headings=heads, rows=rows)


def reply_codes(result: Result, speaker: str, known: Links, caption: str) -> Table | None:
    """What one speaker said, with a bar for failures only: 2xx outnumber them."""
    rows = [row for row in sentences.records(result, "reply_codes") if row["speaker"] == speaker]
    highest = max((row["count"] for row in rows if (row["reply_class"] or 0) >= 4), default=0)

    def printed(row: Mapping[str, Any]) -> Cell:
        code = row["reply_code"]
        label = "no code" if code is None else str(code)
        opens = f"code-{code}" if code in known.entries else ""
        return Cell(
            label, css="m", opens=opens, muted=wording.shown(row["enhanced_code"]), code=str(row["reply_class"] or "")
        )

    def replies(row: Mapping[str, Any]) -> Cell:
        key = f"code:{speaker}:{row['reply_code'] or ''}:{row['enhanced_code'] or ''}"
        return Cell(wording.number(row["count"]), css="n", opens=known.examples.get(key, ""))

    def bar(row: Mapping[str, Any]) -> Cell:
        digit = row["reply_class"] or 0
        return Cell(css=f"w f{digit}", width=round(100 * row["count"] / highest, 2) if digit >= 4 and highest else None)

    def findings(row: Mapping[str, Any]) -> Cell:
        return _named(known.codes.get((speaker, row["reply_code"], row["enhanced_code"]), ()))

    return table(
        result,
        "reply_codes",
        ("reply_code", "name", "count"),
        caption=caption,
        keep=lambda row: row["speaker"] == speaker,
        order=lambda row: (-row["count"], row["reply_code"] or 0, row["enhanced_code"] or ""),
        cells={"reply_code": printed, "count": replies},
        extra=[
            (Heading("Failures only", "w x ho"), lambda row: replace(bar(row), css=bar(row).css + " ho")),
            (Heading("Findings", "x"), findings),
        ],
    )


def delays(result: Result) -> Table | None:
    """Ranges with their count and all so far."""
    highest = max((row["count"] for row in sentences.records(result, "delays")), default=0)
    if not highest:
        return None

    def bar(row: Mapping[str, Any]) -> Cell:
        return Cell(css="w fv", width=round(100 * row["count"] / highest, 2))

    made = table(result, "delays", ("range", "count", "cumulative_share"), extra=[(Heading("", "w x"), bar)])
    return made and replace(made, shown=False)


def senders(result: Result) -> list[Table]:
    """Whose mail fails most; who sends most, by address and by domain."""
    named = {"sender": lambda row: text(row["sender"] or "<>", muted="" if row["sender"] else "null reverse-path")}
    failing = table(
        result,
        "senders",
        ("sender", "failed", "recipients"),
        caption="Senders whose mail fails most",
        keep=lambda row: row["kind"] == "address" and row["failed"],
        cells=named,
        headings={"recipients": "of recipients"},
        order=lambda row: (-row["failed"], row["sender"] or ""),
    )
    most = []
    for kind, caption, heading in (
        ("address", "Senders with the most mail", "Envelope sender"),
        ("domain", "Sender domains with the most mail", "Domain"),
    ):
        most.append(
            table(
                result,
                "senders",
                ("sender", "messages", "bytes", "recipients"),
                caption=caption,
                keep=partial(_has, kind=kind),
                cells=named,
                order=lambda row: (-row["messages"], row["sender"] or ""),
                headings={"sender": heading},
            )
        )
    return [made for made in (failing, *most) if made]


def clients(result: Result) -> Table | None:
    """Whom we refuse most, and mostly why."""

    def client(row: Mapping[str, Any]) -> Cell:
        return text(row["client_ip"] or "", muted=wording.cut_middle(wording.shown(row["client_host"]), 100))

    def why(row: Mapping[str, Any]) -> Cell:
        return text(row["most_text"] or "", muted=str(row["most_code"] or ""))

    return table(
        result,
        "clients",
        ("client_ip", "most_text", "refused"),
        caption="Clients that we refuse most",
        keep=lambda row: row["refused"] or row["auth_failed"],
        cells={"client_ip": client, "most_text": why},
        headings={"client_ip": "Client"},
        order=lambda row: (-row["refused"], row["client_ip"] or "", row["client_host"] or ""),
    )


def servers(result: Result) -> list[tuple[str, str, list[Table]]]:
    """Per MTA that occurs: its name, its hosts, and its small tables in its own words."""
    rows = sentences.records(result, "servers")
    several = len(sentences.hosts(result)) > 1
    found = []
    for mta in dict.fromkeys(row["mta"] for row in rows):
        hosts = sorted({row["host"] for row in rows if row["mta"] == mta and row["host"]})
        columns = ["item", "count", *(("host",) if len(hosts) > 1 else ())]
        small = []
        for name in dict.fromkeys(row["table"] for row in rows if row["mta"] == mta):
            made = table(
                result,
                "servers",
                columns,
                caption=wording.shown(name),
                keep=partial(_has, mta=mta, table=name),
            )
            small += [made] if made else []
        where = ", ".join(wording.shown(host) for host in hosts[:3]) if len(hosts) <= 3 else f"{len(hosts)} hosts"
        found.append((wording.mta_name(mta), where if several else "", small))
    return found


def _has(row: Mapping[str, Any], **wanted: Any) -> bool:
    return all(row[name] == value for name, value in wanted.items())


def totals(result: Result) -> Table | None:
    """Every total, each leading to its definition."""

    def name(row: Mapping[str, Any]) -> Cell:
        return Cell(
            sentences.MEASURES.get(row["measure"], wording.shown(row["measure"])), opens=f"def-{row['measure']}"
        )

    def value(row: Mapping[str, Any]) -> Cell:
        if row["value"] is None:
            return Cell("–", css="n z")
        said = (
            wording.duration
            if row["measure"].endswith("_ms")
            else wording.size
            if row["measure"].startswith("bytes_")
            else wording.number
        )
        return Cell(said(row["value"]), str(row["value"]), "n")

    return table(result, "totals", ("measure", "value"), caption="Totals", cells={"measure": name, "value": value})


def lines(result: Result) -> Table | None:
    """What became of the lines of each file and program."""
    kinds = dict(sentences.PARTS)
    return table(result, "lines", cells={"kind": lambda row: Cell(kinds.get(row["kind"], wording.shown(row["kind"])))})


def rejections(result: Result) -> Table | None:
    """What we refused, and by which rule."""
    return table(result, "rejections", cells={"action": lambda row: text((row["action"] or "").replace("_", " "))})


def damage(result: Result) -> Table | None:
    """What could not be read, and why."""
    heads = (
        ("file", "File", ""),
        ("offset", "At byte", "n"),
        ("skipped", "Bytes skipped", "n"),
        ("message", "What happened", ""),
    )
    rows = tuple(
        tuple(
            Cell(wording.number(item[key]), css="n")
            if isinstance(item.get(key), int)
            else text(str(item.get(key) or item.get("kind") or ""))
            for key, _, _ in heads
        )
        for item in result.damage[:ROWS]
    )
    headings = tuple(Heading(title, css) for _, title, css in heads)
    return Table("Damaged input", headings, rows, max(0, len(result.damage) - ROWS), "summary.json") if rows else None
