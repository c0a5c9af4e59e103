"""Writes a Result as files for other programs: one CSV per section, findings, addresses hit, ``summary.json``.

Everything here depends on the input alone: no clock, no duration, no machine. Times are ISO 8601 in UTC, delays whole
milliseconds (contract 2).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from analyzer import schema
from analyzer.findings import Example, Finding
from analyzer.report import Result, folder, wording
from analyzer.sections import Section, SectionColumn

# What a spreadsheet would run as a formula, or break a cell at. Source: OWASP, "CSV Injection".
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# JSON leaves these as they are; a terminal would obey them (C1 controls) or turn the line around (bidi).
_UNQUOTED = re.compile(r"[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]")
# Six digits of a share are more than any count supports, and the same on every machine.
_SHARE_DIGITS = 6

_FINDINGS = (
    *("finding", "speaker", "reply_code", "enhanced_code", "cause", "text", "count", "first", "last"),
    *("recipients", "domains", "state", "examples", "fix", "title", "group", "trend"),
)
_AFFECTED = ("finding", "address", "count", "first", "last")
_NUMBERS = frozenset({"finding", "reply_code", "count", "recipients", "domains"})


def write(result: Result, target: Path) -> list[Path]:
    """Every CSV and ``summary.json`` into the folder; each appears whole or not at all, readable by its owner alone."""
    written = [
        folder.put(target / f"{name}.csv", _section_csv(section).encode())
        for name, section in sorted(result.sections.items())
    ]
    written.append(folder.put(target / "findings.csv", _csv(_FINDINGS, _finding_rows(result.findings)).encode()))
    written.append(folder.put(target / "affected.csv", _csv(_AFFECTED, _affected_rows(result.findings)).encode()))
    written.append(folder.put(target / "summary.json", dumps(result).encode()))
    return written


# ---- summary.json
def summary(result: Result) -> dict[str, Any]:
    """The document of ``summary.json``: plain values that depend on the input alone."""
    return {
        "schema": schema.VERSION,
        "inputs": [dict(sorted(item.items())) for item in result.inputs],
        "period": {"first": wording.iso(result.period[0]), "last": wording.iso(result.period[1])}
        if result.period
        else None,
        "accounting": dict(result.accounting),
        "damage": [dict(item) for item in result.damage],
        "sections": {name: _section(section) for name, section in result.sections.items()},
        "findings": [_finding(finding) for finding in result.findings],
        "rarer": {"groups": result.rarer[0], "events": result.rarer[1]},
    }


def dumps(result: Result) -> str:
    """``summary.json`` as text: sorted keys, and no character that a terminal would obey."""
    return _UNQUOTED.sub(lambda match: f"\\u{ord(match[0]):04x}", _json(summary(result))) + "\n"


def _json(value: Any, indent: str = "") -> str:
    """Like ``json.dumps`` with an indent, but what holds only plain values stays on one line: a row is a line."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(part, (dict, list)) for part in parts):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    deeper = indent + " "
    if isinstance(value, dict):
        lines = [f"{deeper}{json.dumps(name)}: {_json(part, deeper)}" for name, part in sorted(value.items())]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(deeper + _json(part, deeper) for part in value) + f"\n{indent}]"


def _section(section: Section) -> dict[str, Any]:
    return {
        "columns": [column.name for column in section.columns],
        "rows": [
            [_plain(value, column) for value, column in zip(row, section.columns, strict=True)] for row in section.rows
        ],
        "cut": section.cut,  # there are more rows than these
    }


def _plain(value: Any, column: SectionColumn) -> Any:
    if value is None:
        return None
    if column.type == "time" or isinstance(value, datetime):
        return wording.iso(value)
    if column.type == "share":
        return round(float(value), _SHARE_DIGITS)
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else value


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "finding": finding.number,
        "group": finding.group,
        "title": finding.title,
        "speaker": finding.speaker,
        "reply_code": finding.reply_code,
        "enhanced_code": finding.enhanced_code,
        "reply_class": finding.reply_class,
        "cause": finding.cause,
        "text": finding.text,
        "count": finding.count,
        "noun": finding.noun,
        "share": round(finding.share, _SHARE_DIGITS),
        "first": _time(finding.first),
        "last": _time(finding.last),
        "state": finding.state,
        "trend": finding.trend,
        "bars": list(finding.bars),
        "recipients": finding.recipients,
        "domains": finding.domains,
        "senders": finding.senders,
        "reached_later": None if finding.reached_later is None else round(finding.reached_later, _SHARE_DIGITS),
        "decided_by": finding.decided_by,
        "fix": finding.do,
        "steps": list(finding.steps),
        "advice": {"text": finding.advice, "applies": finding.advice_applies, "reason": finding.advice_reason},
        "examples": [
            {"file": example.file, "line": example.line, "time": _time(example.time), "raw": example.raw}
            for example in finding.examples
        ],
    }


def _time(value: int | None) -> str | None:
    return None if value is None else wording.iso(value)


# ---- CSV
def _section_csv(section: Section) -> str:
    rows = ([_cell(value, column) for value, column in zip(row, section.columns, strict=True)] for row in section.rows)
    return _rows([column.name for column in section.columns], rows)


def _cell(value: Any, column: SectionColumn) -> Any:
    plain = _plain(value, column)
    if isinstance(plain, list):
        plain = "; ".join(plain)
    return _text(str(plain)) if column.type == "text" and plain is not None else plain


def _finding_rows(findings: Iterable[Finding]) -> Iterable[tuple[Any, ...]]:
    for finding in findings:
        yield (
            *(finding.number, finding.speaker, finding.reply_code, finding.enhanced_code, finding.cause, finding.text),
            *(
                finding.count,
                _time(finding.first),
                _time(finding.last),
                finding.recipients,
                finding.domains,
                finding.state,
            ),
            *("; ".join(_reference(example) for example in finding.examples), finding.do),
            *(finding.title, finding.group, finding.trend),
        )


def _affected_rows(findings: Iterable[Finding]) -> Iterable[tuple[Any, ...]]:
    for finding in findings:
        for hit in finding.affected:
            first, last = f"{hit.first_file}:{hit.first_line}", f"{hit.last_file}:{hit.last_line}"
            yield finding.number, hit.address, hit.count, first, last


def _reference(example: Example) -> str:
    return f"{example.file}:{example.line}"


def _csv(columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> str:
    cells = (
        [value if name in _NUMBERS or value is None else _text(value) for name, value in zip(columns, row, strict=True)]
        for row in rows
    )
    return _rows(columns, cells)


def _rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """RFC 4180, with LF as every other text file here."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def _text(value: str) -> str:
    """A text cell: no control characters, and an apostrophe in front of what a spreadsheet would run."""
    cell = wording.shown(value)
    return "'" + cell if value.startswith(_FORMULA) or cell.startswith(_FORMULA) else cell
