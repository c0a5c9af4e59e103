from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import report_sample as sample

from analyzer.report import text, wording
from analyzer.report.text import Terminal

STATES = [sample.day, sample.no_mail, sample.empty_period, sample.one_line, sample.all_well, sample.damaged]


@pytest.mark.parametrize("make", STATES)
@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(make: Any, width: int) -> None:
    for line in text.render(make(), terminal=Terminal(width), seconds=11.4).splitlines():
        assert wording.display_width(line) <= width, line


@pytest.mark.parametrize("make", STATES)
def test_without_colour_nothing_but_printable_text(make: Any) -> None:
    rendered = text.render(make())
    assert wording.shown(rendered.replace("\n", "")) == rendered.replace("\n", "")


@pytest.mark.parametrize("make", STATES)
def test_ascii_is_ascii(make: Any) -> None:
    assert text.render(make(), terminal=Terminal(unicode=False)).isascii()


def test_colour_changes_nothing_but_escape_codes_of_our_own() -> None:
    plain = text.render(sample.day())
    coloured = text.render(sample.day(), terminal=Terminal(colour=True))
    assert "\x1b[" in coloured
    stripped = coloured
    for code in text._STYLES.values():
        stripped = stripped.replace(f"\x1b[{code}m", "")
    assert stripped.replace("\x1b[0m", "") == plain


def test_order_and_figures_of_a_day() -> None:
    rendered = text.render(sample.day("h"), seconds=11.4, written=[Path("out/report.html"), Path("out/a.csv")])
    headings = ["Mail report", "Five failures", "delivered", "Per hour", "Replies from other servers",
                "Destinations that fail most", "What to fix", "Needs somebody else: 2.", "Lines", "Wrote"]  # fmt: skip
    places = [rendered.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "16,282 at 10:00" in rendered
    assert "1,284 refusals" in rendered
    assert "rising since 09:07" in rendered
    assert "over since 21:41" in rendered
    assert "mail.log:1852, mail.log:1861, 1,282 more" in rendered
    assert "  250 2.0.0  Requested mail action okay        210,035\n" in rendered
    assert "Wrote out/report.html, 1 CSV file" in rendered
    assert rendered.count("\n") < 80


def test_what_needs_somebody_else_is_one_line_but_a_553_is_never_hidden() -> None:
    day = sample.day("h")
    assert "1,731 addresses of the newsletter" not in text.render(day)
    moved = replace(day, findings=tuple(replace(f, group="else") for f in day.findings[:1]))
    rendered = text.render(moved)
    assert "553 5.7.1  1,284 refusals" in rendered
    assert "who  Needs somebody else" in rendered


def test_top_limits_the_tables() -> None:
    short, long = (text.render(sample.day("h"), top=top) for top in (2, 12))
    assert "and 14 more: 8,881 replies" in short
    assert "orange.fr" in long
    assert "orange.fr" not in short


@pytest.mark.parametrize(("seconds", "bars"), [(60, 60), (900, 48), (21_600, 28), (86_400, 30), (604_800, 53)])
def test_every_length_of_time_fits(seconds: int, bars: int) -> None:
    day = sample.day("h")
    starts = tuple(sample.START + place * seconds * 1_000_000 for place in range(bars))
    rows = tuple((start, 987_654, 5, 2, place % 7, 1, 1, 1) for place, start in enumerate(starts))
    findings = tuple(replace(f, bars=(1,) * bars, first=starts[0], last=starts[-1]) for f in day.findings)
    longer = replace(day, bar_seconds=seconds, bar_starts=starts, period=(starts[0], starts[-1]), findings=findings,
                     sections=day.sections | {"traffic": replace(day.sections["traffic"], rows=rows)})  # fmt: skip
    rendered = text.render(longer)
    assert max(wording.display_width(line) for line in rendered.splitlines()) <= 80
    assert wording.number(987_654 * bars) in rendered


def test_blocks_show_one_beside_thousands_and_nothing_for_nothing() -> None:
    assert Terminal().spark([0, 1, 4000]) == " ▁█"
    assert Terminal(unicode=False).spark([0, 1, 4000]) == " .@"
    assert Terminal().spark([0, 0]) == "  "


class Stream(io.StringIO):
    def __init__(self, terminal: bool, encoding: str | None) -> None:
        super().__init__()
        self._terminal, self._encoding = terminal, encoding

    def isatty(self) -> bool:
        return self._terminal

    @property
    def encoding(self) -> str | None:  # type: ignore[override]
        return self._encoding


@pytest.mark.parametrize(
    ("terminal", "encoding", "environ", "expected"),
    [
        (False, "utf-8", {}, (False, True)),
        (True, "UTF-8", {"TERM": "xterm"}, (True, True)),
        (True, "utf8", {"NO_COLOR": "1"}, (False, True)),
        (True, "utf-8", {"NO_COLOR": ""}, (True, True)),
        (True, "utf-8", {"TERM": "dumb"}, (False, True)),
        (True, "latin-1", {}, (True, False)),
        (False, None, {}, (False, False)),
    ],
)
def test_what_a_terminal_can_show(terminal: bool, encoding: str | None, environ: dict[str, str], expected: Any) -> None:
    found = Terminal.of(Stream(terminal, encoding), environ)
    assert (found.colour, found.unicode) == expected
    assert 80 <= found.width <= 100
