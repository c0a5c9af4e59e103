from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
import report_sample as sample

from analyzer import catalogue
from analyzer.report import html, sentences, tables, wording

CATALOGUE = catalogue.load("en")
STATES = [sample.day, sample.no_mail, sample.empty_period, sample.one_line, sample.all_well, sample.damaged]
VOID = {"meta", "input", "br", "rect", "circle", "path", "line", "link", "img"}


class Page(HTMLParser):
    """A page taken apart: elements with their attributes, and the text of each of them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.texts: list[str] = []
        self.problems: list[str] = []
        self.feed(text)
        self.close()
        self.problems += [f"{tag} is not closed" for tag in self.stack]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.problems.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        if "script" not in self.stack and "style" not in self.stack:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.elements if name == tag)


def render(result: Any) -> str:
    return html.render(result, catalogue=CATALOGUE, version="0.1.0")


@pytest.mark.parametrize("make", STATES)
def test_the_markup_is_well_formed_and_the_policy_fits(make: Any) -> None:
    text = render(make())
    page = Page(text)
    assert page.problems == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    for kind in ("style", "script"):
        inside = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        assert len(inside) == 1
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in (policy or "")
    assert "default-src 'none'" in (policy or "")
    assert "form-action 'none'" in (policy or "")


@pytest.mark.parametrize("make", STATES)
def test_nothing_is_loaded_and_every_inner_link_leads_somewhere(make: Any) -> None:
    page = Page(render(make()))
    ids = {attributes.get("id") for _, attributes in page.elements}
    for tag, attributes in page.elements:
        assert "src" not in attributes
        href = attributes.get("href")
        if tag == "a":
            assert href
            assert href == "affected.csv" or href.removeprefix("#") in ids, href


@pytest.mark.parametrize("make", STATES)
def test_title_and_heading_carry_the_verdict(make: Any) -> None:
    result = make()
    text = render(result)
    assert f"<h1>{sentences.verdict(result)}</h1>" in text
    assert text.split("<title>")[1].startswith(sentences.verdict(result))


def test_a_day_holds_every_section_and_every_finding() -> None:
    result = sample.day("h")
    page = Page(render(result))
    headings = ["What to fix", "When it happened", "Destinations", "Senders and clients", "Reply codes", "Delays",
                "Our servers", "Lines read", "Example lines", "Catalogue", "Definitions"]  # fmt: skip
    places = [render(result).index(f"<h2>{heading}") for heading in headings]
    assert places == sorted(places)
    for finding in result.findings:
        assert f"finding-{finding.number}" in {attributes.get("id") for attributes in page.all("details")}
        assert finding.title in page.text
    for section in result.sections.values():
        assert section.title in page.text
        for row in section.rows:
            for value, column in zip(row, section.columns, strict=True):
                if (
                    column.type == "text"
                    and value
                    and column.name in ("domain", "sender", "client_ip", "recipient", "item")
                ):
                    assert value in page.text
    assert "Causes" not in page.text
    assert "A table of a later issue" in page.text
    assert "1,284,507 lines = 961,220 with events" in page.text


def test_causes_appear_once_the_section_does() -> None:
    day = sample.day("h")
    causes = sample.section("causes", "Causes", "cause text Cause: why\ncount int Count: n", [("on a block list", 5)])
    assert "<h2>Causes</h2>" in render(replace(day, sections=day.sections | {"causes": causes}))


def test_codes_open_the_catalogue_and_counts_open_their_lines() -> None:
    page = Page(render(sample.day("h")))
    opening = {a["href"] for a in page.all("a") if "data-open" in a}
    assert {"#code-553", "#code-554", "#def-delivered", "#def-destinations-recipients", "#ex-1", "#ex-3"} <= opening
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert {"code-220", "code-553"} <= ids
    assert "code-471" not in ids
    assert "Mailbox name invalid" in page.text


def test_a_quoted_553_says_whether_its_advice_applies() -> None:
    text = Page(render(sample.day("h"))).text
    assert (
        "“Check the address against local-part@domain; remove spaces, special characters and encoding damage.”" in text
    )
    assert "Does not apply here. invoices@example.com is a valid address" in text
    assert "Applies here. The text names the list" in text


def test_hostile_texts_are_shown_and_nothing_else() -> None:
    text = render(sample.day())
    page = Page(text)
    assert text.count("<script") == 1
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "\\u202emoc\\x1b[31mred" in page.text
    assert "<script>alert(1)</script>\"'&=1+2" in page.text
    assert max(len(part) for part in page.texts) < 4000
    assert Page(render(sample.day("h"))).problems == []


def test_numbers_of_the_page_are_those_of_the_sections() -> None:
    result = sample.day("h")
    made = tables.destinations(result, tables.Links())
    assert made is not None
    rows = sentences.records(result, "destinations")
    shown = [[cell.text for cell in row[:2]] for row in made.rows]
    assert shown == [[row["domain"], wording.number(row["recipients"])] for row in rows]
    marked = {row[0].text for row in made.rows if "bad" in row[2].css}
    assert marked == {row["domain"] for row in rows if row["delivered_share"] < 0.95}
    by_domain = {row[0].text: row[-1].findings for row in tables.destinations(
        result, tables.links(result, 50, (), {})).rows}  # type: ignore[union-attr]  # fmt: skip
    assert by_domain["gmx.de"] == (2,)
    assert by_domain["example.org"] == ()  # finding 1 is what we refused, not what a destination said


def test_a_long_table_says_where_the_rest_is() -> None:
    page = Page(render(sample.day("h", extra_destinations=500)))
    assert "316 more in destinations.csv" in page.text


def test_states_leave_out_what_they_do_not_know() -> None:
    for make in (sample.no_mail, sample.empty_period):
        page = Page(render(make()))
        assert "<h2>" not in page.text
        assert "Lines read" in page.text
        assert "Reply codes" not in page.text
        assert "Delivered" not in page.text
    one = render(sample.one_line())
    assert "When it happened" not in one
    assert "needs a delivery" in one
    assert '<details class="finding you" id="finding-1" open>' in one
    assert "1 of 3 files was damaged or could not be read; what could be read is counted." in render(sample.damaged())
    assert "the packed file ends too early" in render(sample.damaged())
    well = render(sample.all_well())
    assert "Needs you" not in well
    assert "Four failures keep coming back" in well


def test_the_same_result_gives_the_same_page() -> None:
    assert render(sample.day()) == render(sample.day())


def test_sizes_stay_within_the_budget() -> None:
    assert len(render(sample.day("h")).encode()) < 200_000
    day = sample.day("h", extra_destinations=4000)
    findings = tuple(
        replace(day.findings[place % 11], number=place + 1, examples=tuple(
            replace(day.findings[0].examples[0], raw="x" * 600) for _ in range(3))) for place in range(80))  # fmt: skip
    examples = {f"code:remote:550:5.1.{n}": findings[0].examples for n in range(300)}
    text = render(replace(day, findings=findings, examples=examples))
    assert len(text.encode()) < 1_000_000
    assert "50 of 80 recurring failures are shown; the other 30 stand for" in text
    assert text.count('<details class="finding') == 50


def test_a_step_shows_what_is_to_be_typed() -> None:
    assert html._code_parts("set `a` now") == [("set ", False), ("a", True), (" now", False)]
    assert html._code_parts("MASQUERADE_AS(`x')") == [("MASQUERADE_AS(`x')", False)]
    assert "<pre data-copy>invoices@example.com    crm</pre>" in render(sample.day("h"))


def test_a_notebook_cell_is_escaped() -> None:
    day = sample.day()
    hostile = replace(day, findings=tuple(replace(f, group="you") for f in day.findings))
    cell = html.notebook(hostile)
    assert "<script" not in cell
    assert "\x1b" not in cell
    assert "Twelve failures need you" in cell


def test_lines_that_took_the_slow_way_are_told_where_there_are_any() -> None:
    told = "12,845 lines (1.0 %) read by the slower engine"
    assert told not in html.render(sample.day(), catalogue=CATALOGUE, version="1")
    assert told in html.render(replace(sample.day(), declined=12_845), catalogue=CATALOGUE, version="1")
