"""Renders a Result as one self-contained page: no request, no inline style or handler, complete without its script.

Texts are cut and escaped here part by part; the template escapes again for HTML (autoescape), so that nothing of the
log can become markup.
"""

from __future__ import annotations

import base64
import hashlib
import html as escapes
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.findings import Finding
from analyzer.report import Result, appendix, sentences, tables, wording
from analyzer.report.appendix import cut

if TYPE_CHECKING:
    from jinja2 import Environment

    from analyzer.catalogue import Catalogue

#: Findings on the page; findings.csv has all.
FINDINGS = 50
_AFFECTED_NAMED = 5
_TICKS = 8
_STRIPS = 20  # findings on the time axis
_POLICY = "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'"
_WHO_ACTS = {"you": "You", "else": "Somebody else", "none": "Nobody"}
_SPEAKERS = {
    "us": "of all failures that our servers told clients",
    "remote": "of all failures that other servers told us",
    "local": "of all failures that our own MTAs report",
}


def render(result: Result, *, catalogue: Catalogue, version: str) -> str:
    """The page as one text, to be written as UTF-8."""
    style, script = _asset("page.css"), _asset("page.js")
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            result=result,
            style=style,
            script=script,
            policy=_POLICY.format(_hash(style), _hash(script)),
            version=version,
            kind=sentences.state(result),
            **_top(result),
            **_body(result, catalogue),
        )
    )


def notebook(result: Result) -> str:
    """The top of the report for a notebook's output cell: verdict, flow, key numbers, what needs the reader."""
    said = [sentences.verdict(result), sentences.flow(result)]
    numbers = [f"{number.label}: {number.value}" for number in sentences.key_numbers(result)]
    items = [
        f"{finding.title} ({wording.code(finding.reply_code, finding.enhanced_code)}, "
        f"{wording.nouned(finding.count, finding.noun)}): {finding.do}"
        for finding in result.findings[:FINDINGS]
        if finding.group == "you"
    ]
    heading, flow = (escapes.escape(wording.shown(text)) for text in said)
    listed = "".join(f"<li>{escapes.escape(wording.cut_middle(wording.shown(item)))}</li>" for item in items)
    figures = escapes.escape(" · ".join(numbers))
    return f"<h3>{heading}</h3><p>{flow}</p><p>{figures}</p>" + (f"<ol>{listed}</ol>" if listed else "")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=wording.number, shown=wording.shown, code_parts=_code_parts)
    return environment


@cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


# ---- top of the page
def _top(result: Result) -> dict[str, Any]:
    start = sentences.start_with(result)
    facts = [sentences.period(result), ", ".join(sentences.servers(result)), sentences.amount(result)]
    return {
        "hosts": ", ".join(wording.shown(host) for host in sentences.hosts(result)[:4]),
        "days": sentences.days(result),
        "facts": " · ".join(fact for fact in facts if fact),
        "verdict": sentences.verdict(result),
        "flow": wording.unbroken(sentences.flow(result)),
        "remainder": sentences.remainder(result),
        "start": start and {"number": start[0].number, "name": wording.shown(start[0].title_short), "words": start[1]},
        "damaged": sentences.damage(result),
        "notes": [wording.shown(note) for note in result.notes],
        "key_numbers": sentences.key_numbers(result),
        "delay_words": wording.unbroken(_delay_words(result)),
        "inputs": _inputs(result),
        "zone": wording.zone_name(result.zone, result.period[0] if result.period else None),
    }


def _delay_words(result: Result) -> str:
    numbers = sentences.totals(result)
    half, most, longest = (numbers.get(f"delay_{name}_ms") for name in ("p50", "p95", "max"))
    if half is None or most is None:
        return "From arrival to delivery, per delivered recipient."
    slowest = f", the slowest {wording.duration(longest)}" if longest is not None else ""
    within = f"Half within {wording.duration(half)}, 95 % within {wording.duration(most)}"
    return f"From arrival to delivery, per delivered recipient. {within}{slowest}."


def _inputs(result: Result) -> str:
    names = [cut(str(item.get("file", "")), 120) for item in result.inputs]
    more = len(names) - 8
    return ", ".join(names[:8]) + (f" and {more} more" if more > 0 else "")


def _body(result: Result, catalogue: Catalogue) -> dict[str, Any]:
    examples = appendix.examples(result)
    codes = appendix.codes(result, FINDINGS)
    anchors = dict(
        zip(list(result.examples)[: appendix.EXAMPLE_GROUPS], (entry.anchor for entry in examples), strict=True)
    )
    known = tables.links(result, FINDINGS, codes, anchors)
    shown = result.findings[:FINDINGS]
    return {
        "groups": [
            (name, title, lead, [_finding(finding, result, known) for finding in group])
            for name, title, lead in sentences.GROUPS
            if (group := [finding for finding in shown if finding.group == name])
        ],
        "rarer": sentences.rarer(result, len(shown)),
        "axis": _axis(result, shown),
        "traffic": tables.table(
            result, "traffic", cells={"bar": lambda row: tables.Cell(sentences.bar_name(result, row["bar"]), css="m")}
        ),
        **_tables(result, known),
        "lines_read": sentences.lines_read(result),
        "line_parts": _line_parts(result),
        "not_recognised": sentences.not_recognised(result),
        "declined": sentences.declined(result),
        "share": wording.share,
        "examples": examples,
        "entries": [appendix.entry(code, result, catalogue) for code in codes],
        "definitions": appendix.definitions(result),
    }


# ---- findings
def _finding(finding: Finding, result: Result, known: tables.Links) -> dict[str, Any]:
    """All that the template needs of a finding; every text is already safe to look at."""
    printed = wording.code(finding.reply_code, finding.enhanced_code)
    bars, _ = wording.merge(finding.bars)
    colour = "v" if finding.group == "none" else "5" if finding.reply_class == 5 else "4"
    return {
        "number": finding.number,
        "group": finding.group,
        "title": cut(finding.title, 120),
        "short": cut(finding.title_short, 40),
        "do": cut(finding.do, 300),
        "code": printed,
        "code_name": cut(finding.code_name, 80),
        "entry": f"code-{finding.reply_code}" if finding.reply_code in known.entries else "",
        "bars": bars if len(bars) > 1 else [],
        "all_bars": finding.bars,
        "colour": colour,
        "count": wording.number(finding.count),
        "noun": wording.nouned(finding.count, finding.noun).partition(" ")[2],
        "kind": sentences.state_kind(finding),
        "state": sentences.state_words(finding, result),
        "steps": [cut(step).replace("\\n", "\n").split("\n") if "\n" in step else [cut(step)] for step in finding.steps]
        or [[cut(finding.do)]],
        "lines": [
            appendix.line(example, finding.marks or (printed,), result)
            for example in finding.examples[: appendix.LINES_EACH]
        ],
        "text": cut(finding.text),
        "facts": _facts(finding, result),
        "affected": [cut(hit.address, 120) for hit in finding.affected[:_AFFECTED_NAMED]],
        "reached": _affected(finding),
        "advice": cut(finding.advice),
        "applies": finding.advice_applies,
        "reason": cut(finding.advice_reason),
    }


def _facts(finding: Finding, result: Result) -> list[tuple[str, str]]:
    """What we know, apart from who was hit."""
    facts = [
        ("Cause", finding.cause_label or finding.cause or ""),
        ("Decided by", cut(finding.decided_by)),
        ("Who acts", _WHO_ACTS.get(finding.group, "")),
    ]
    if finding.first is not None:
        ends = (wording.clock(edge, result.zone, result.period, seconds=True) for edge in (finding.first, finding.last))
        going = ", still going on when the log ends" if finding.state == "going on" else ""
        facts.append(("Seen", " to ".join(dict.fromkeys(ends)) + going))
    facts.append(("Share", f"{wording.share(finding.share)} {_SPEAKERS.get(finding.speaker, 'of all failures')}"))
    return [(name, value) for name, value in facts if value]


def _affected(finding: Finding) -> str:
    counts = ((finding.recipients, "recipient"), (finding.domains, "domain"), (finding.senders, "sender"))
    said = ", ".join(wording.counted(count, noun) for count, noun in counts if count)
    if finding.reached_later is None or not finding.recipients:
        return said
    return f"{said}; {wording.share(finding.reached_later)} of the recipients were reached later"


def _code_parts(text: str) -> list[tuple[str, bool]]:
    """A step's text cut at backticks: every second part is to be typed. An odd backtick is an ordinary character."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [(text, False)]
    return [(part, bool(place % 2)) for place, part in enumerate(parts) if part]


# ---- time
def _axis(result: Result, shown: Sequence[Finding]) -> dict[str, Any] | None:
    """The strips on one time axis, their labels, and one line of text per bar for the read-out."""
    if len(result.bar_starts) < 2 or "traffic" not in result.sections:
        return None
    stripped = [f for f in shown if f.group != "none" and len(f.bars) == len(result.bar_starts)]
    strips = []
    for column, label, kind in sentences.STRIPS:
        bars = sentences.bars_of(result, column)
        place = wording.peak(bars)
        peak = f"; {sentences.peak_words(result, bars[place], place)}" if place is not None else ""
        strips.append(
            (
                label,
                f"{wording.number(sum(bars))}{peak}",
                "v" if kind == "volume" else kind,
                bars,
                f"def-traffic-{column}",
            )
        )
    values = [
        f"{_span(place, result)}: "
        + " · ".join(f"{label} {wording.number(bars[place])}" for label, _, _, bars, _ in strips)
        for place in range(len(result.bar_starts))
    ]
    return {
        "unit": wording.bar_word(result.bar_seconds),
        "strips": strips,
        "read_out": json.dumps(values, ensure_ascii=False),
        "ticks": _ticks(result),
        "caption": sentences.peaks(result),
        "findings": stripped[:_STRIPS],
        "left_out": len(stripped[_STRIPS:]),
    }


def _span(place: int, result: Result) -> str:
    start = result.bar_starts[place]
    if result.bar_seconds >= 86_400:
        return sentences.bar_name(result, start)
    end = wording.instant(start + result.bar_seconds * 1_000_000).astimezone(result.zone)
    return (
        f"{sentences.bar_name(result, start)} to {end:%H:%M}"
        if f"{end:%H:%M}" != "00:00"
        else f"{sentences.bar_name(result, start)} to 24:00"
    )


def _ticks(result: Result) -> list[tuple[float, str, str]]:
    """Where the axis carries a time: place in per cent, label, how the label stands to it."""
    moments = [wording.instant(start).astimezone(result.zone) for start in result.bar_starts]
    days = result.bar_seconds >= 86_400
    several = moments[0].date() != moments[-1].date()
    for step in (1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440):  # minutes of the day that may carry a label
        places = [place for place, moment in enumerate(moments) if (moment.hour * 60 + moment.minute) % step == 0]
        if not days and len(places) <= _TICKS:
            break
    else:
        places = list(range(0, len(moments), -(-len(moments) // (_TICKS - 1))))
    found = []
    for place in places:
        moment = moments[place]
        at = round(100 * place / len(moments), 2)
        label = f"{moment:%H:%M}" if result.bar_seconds < 3600 else f"{moment:%H}"
        if days or (several and moment.hour == moment.minute == 0):
            label = wording.date(moment, year=False)[4:]
        if at < 94:
            found.append((at, label, "start" if place == 0 else "middle"))
    if not days:
        end = wording.instant(result.bar_starts[-1] + result.bar_seconds * 1_000_000).astimezone(result.zone)
        label = f"{end:%H:%M}" if result.bar_seconds < 3600 else f"{end:%H}"
        label = "24" if label == "00" else label
        found.append((100.0, wording.date(end, year=False)[4:] if several else label, "end"))
    return found


# ---- tables and appendix
def _tables(result: Result, known: tables.Links) -> dict[str, Any]:
    """Every section's table at its place; a section without a place of its own comes under Our servers."""
    placed = {
        *(
            "totals",
            "reply_codes",
            "reply_classes",
            "traffic",
            "destinations",
            "senders",
            "clients",
            "causes",
            "delays",
        ),
        *("client_networks", "servers", "lines", "unrecognised", "silent", "rejections", "failures", "recipients"),
    }
    speakers = [
        ("remote", "What other servers told us"),
        ("us", "What our servers told clients"),
        ("local", "What our MTAs said themselves"),
    ]
    made = {
        "destinations": tables.destinations(result, known),
        "recipients": tables.table(result, "recipients"),
        "failures": tables.table(result, "failures"),
        "senders": tables.senders(result),
        "clients": tables.clients(result),
        "client_networks": tables.table(result, "client_networks"),
        "rejections": tables.rejections(result),
        "causes": tables.table(result, "causes"),
        "codes": [
            (speaker, title, _classes(result, speaker), found)
            for speaker, title in speakers
            if (found := tables.reply_codes(result, speaker, known, title))
        ],
        "accepted": sentences.totals(result).get("accepted"),
        "delays": tables.delays(result),
        "servers": tables.servers(result),
        "totals": tables.totals(result),
        "further": [found for name in result.sections if name not in placed and (found := tables.table(result, name))],
        "lines_table": tables.lines(result),
        "of_lines": [found for name in ("unrecognised", "silent") if (found := tables.table(result, name))],
        "damage": tables.damage(result),
    }
    return {f"t_{name}": value for name, value in made.items()}


def _classes(result: Result, speaker: str) -> dict[str, Any] | None:
    """The bar of one speaker's classes: total, and (digit, name, count, share, start and width in per cent)."""
    rows = [row for row in sentences.records(result, "reply_classes") if row["speaker"] == speaker]
    total = sum(row["count"] for row in rows)
    if not total:
        return None
    parts, at = [], 0.0
    for row in sorted(rows, key=lambda row: row["reply_class"] or 0):
        width = 100 * row["count"] / total
        digit = row["reply_class"] or 0
        name = f"{digit}xx" if digit else "without a class"
        parts.append((digit, name, row["count"], wording.share(row["count"] / total), round(at, 3), round(width, 3)))
        at += width
    return {"total": total, "parts": parts, "stack": [(part[0], *part[4:]) for part in parts]}


def _line_parts(result: Result) -> list[tuple[str, float, float]]:
    """The accounting as a bar: colour, start, width."""
    counts, at, parts = result.accounting, 0.0, []
    total = counts.get("lines", 0)
    for (key, _), colour in zip(sentences.PARTS, "23v45", strict=True):
        width = 100 * counts.get(key, 0) / total if total else 0.0
        parts.append((colour, round(at, 3), round(width, 3)))
        at += width
    return parts
