"""The page's appendix: example lines, catalogue entries and definitions that numbers, codes and labels lead to.

Every text is escaped for the eye and cut here; the template escapes it for HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer import replies
from analyzer.findings import Example
from analyzer.report import Result, sentences, wording

if TYPE_CHECKING:
    from analyzer.catalogue import Catalogue

#: Groups of example lines on the page, and lines of each.
EXAMPLE_GROUPS, LINES_EACH = 120, 3
#: Reply codes that are explained whether they occur or not.
_ALWAYS = (220, 553)
_SPEAKERS = {"us": "to clients", "remote": "from other servers", "local": "of our own MTA"}


@dataclass(frozen=True)
class Line:
    """An example line, ready to be shown: where, when, and its parts, marked or not."""

    where: str
    when: str
    parts: list[tuple[str, bool]]


@dataclass(frozen=True)
class Entry:
    """An entry of the appendix that a number, a code or a label opens."""

    anchor: str
    title: str
    paragraphs: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    terms: tuple[tuple[str, str, str], ...] = ()  # anchor, term, meaning
    advice: tuple[tuple[str, str], ...] = ()
    muted: str = ""
    code: str = ""


def cut(text: str, limit: int = 600) -> str:
    """A text of the log as the page may hold it: escaped for the eye, not longer than the limit."""
    return wording.cut_middle(wording.shown(text), limit)


def line(example: Example, marks: Sequence[str], result: Result) -> Line:
    """An example line, its deciding words marked."""
    raw = wording.cut_middle(wording.shown(example.raw))
    when = wording.clock(example.time, result.zone, result.period, seconds=True) if example.time is not None else ""
    return Line(f"{cut(example.file, 200)}:{example.line}", when, wording.pieces(raw, marks))


def examples(result: Result) -> list[Entry]:
    """The lines behind the counts, in the order of ``result.examples``."""
    entries = []
    for place, (key, lines) in enumerate(list(result.examples.items())[:EXAMPLE_GROUPS], 1):
        title, marks = _example_title(key)
        entries.append(
            Entry(f"ex-{place}", title, lines=tuple(line(example, marks, result) for example in lines[:LINES_EACH]))
        )
    return entries


def _example_title(key: str) -> tuple[str, tuple[str, ...]]:
    kind, _, rest = key.partition(":")
    if kind != "code":
        return f"{cut(rest, 120)}: lines of failures", ()
    speaker, _, codes = rest.partition(":")
    code, _, enhanced = codes.partition(":")
    printed = " ".join(part for part in (wording.shown(code), wording.shown(enhanced)) if part) or "no code"
    return f"{printed}, {_SPEAKERS.get(speaker, speaker)}", (printed, code)


def codes(result: Result, findings: int) -> list[int]:
    """Reply codes that the appendix explains: those that occur, and the two that everybody asks for."""
    seen = {row["reply_code"] for row in sentences.records(result, "reply_codes")}
    seen |= {finding.reply_code for finding in result.findings[:findings]}
    return sorted(code for code in seen | set(_ALWAYS) if code is not None)


def entry(code: int, result: Result, catalogue: Catalogue) -> Entry:
    """What the catalogue says of a reply code, and with which enhanced status codes it occurred."""
    found = catalogue.reply_code(code)
    class_words = f"{code // 100}xx {replies.class_name(code // 100)}"
    if found is None:
        words = "Not in the catalogue. A client takes an unknown code by its first digit (RFC 5321 4.3.2)."
        return Entry(f"code-{code}", str(code), (words,), muted=class_words, code=str(code // 100))
    counts: dict[str, int] = {}
    for row in sentences.records(result, "reply_codes"):
        if row["reply_code"] == code and row["enhanced_code"]:
            counts[row["enhanced_code"]] = counts.get(row["enhanced_code"], 0) + row["count"]
    terms = []
    for enhanced, count in sorted(counts.items()):
        named = catalogue.enhanced(enhanced)
        terms.append(
            (
                "",
                enhanced,
                f"{named.name if named else 'not registered'} ({wording.counted(count, 'reply', 'replies')})",
            )
        )
    return Entry(
        f"code-{code}",
        f"{code} {found.name}",
        tuple(part for part in (found.description, found.when_seen) if part),
        terms=tuple(terms),
        advice=tuple(
            (who, advice)
            for who, advice in (("You send", found.fix_sending), ("You receive", found.fix_receiving))
            if advice
        ),
        muted=" · ".join([class_words, *_references(found.references)]),
        code=str(code // 100),
    )


def _references(references: Sequence[str]) -> list[str]:
    """RFC 5321 3.3, 4.2.3: the places of one document behind its name."""
    places: dict[str, list[str]] = {}
    for reference in references:
        document, _, place = reference.rpartition(" ")
        places.setdefault(document, []).append(place)
    return [f"{document} {', '.join(found)}".strip() for document, found in places.items()]


def definitions(result: Result) -> list[Entry]:
    """Every total, then every section with its columns, in the words of their headers."""
    entries = [
        Entry(
            f"def-{row['measure']}", sentences.MEASURES.get(row["measure"], row["measure"]), (row["definition"] or "",)
        )
        for row in sentences.records(result, "totals")
    ]
    for section in result.sections.values():
        terms = tuple(
            (f"def-{section.name}-{column.name}", column.heading or column.name, column.definition)
            for column in section.columns
            if column.definition
        )
        words = tuple(dict.fromkeys(part for part in (section.question, section.definition) if part))
        entries.append(
            Entry(f"def-{section.name}-section", section.title, words, terms=terms, muted=f"{section.name}.csv")
        )
    return entries
