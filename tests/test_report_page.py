"""The page in a browser: what only a browser can tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import browser
import pytest
import report_sample as sample

from analyzer import catalogue
from analyzer.report import html

pytestmark = pytest.mark.skipif(browser.find() is None, reason="there is no Chromium on this machine")
STATES = ("day", "no_mail", "empty_period", "one_line", "all_well", "damaged")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages")
    for name in STATES:
        text = html.render(getattr(sample, name)(), catalogue=catalogue.load("en"), version="0.1.0")
        (path / f"{name}.html").write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def page() -> Iterator[browser.Page]:
    with browser.start() as started:
        yield started


@pytest.mark.parametrize("name", STATES)
def test_console_and_network_stay_silent_and_the_page_fits_the_window(
    page: browser.Page, folder: Path, name: str
) -> None:
    page.messages.clear()
    page.requests.clear()
    for width in (360, 768, 1100, 1360):
        page.open(folder / f"{name}.html", width)
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.messages == []
    assert {request.rpartition("/")[2] for request in page.requests} == {f"{name}.html"}


def test_without_script_everything_is_there(page: browser.Page, folder: Path) -> None:
    page.open(folder / "day.html", script=False)
    assert page.evaluate("document.querySelectorAll('button, dialog').length") == 0
    assert page.evaluate("document.querySelectorAll('.finding').length") == 12
    rows = "[...document.querySelectorAll('#destinations table')][0].tBodies[0].rows"
    assert page.evaluate(f"[...{rows}].filter(row => row.offsetHeight > 0).length") == 16
    page.open(folder / "day.html")
    assert page.evaluate(f"[...{rows}].filter(row => row.offsetHeight > 0).length") == 12


def test_sort_filter_and_show_all(page: browser.Page, folder: Path) -> None:
    page.open(folder / "day.html")
    table = "document.querySelector('#destinations table')"
    first = f"{table}.tBodies[0].rows[0].cells[0].textContent"
    page.evaluate(f"{table}.tHead.rows[0].cells[3].querySelector('button').click()")
    assert page.evaluate(first) == "bücher.example"
    assert page.evaluate(f"{table}.tHead.rows[0].cells[3].getAttribute('aria-sort')") == "descending"
    page.evaluate(f"{table}.tHead.rows[0].cells[8].querySelector('button').click()")
    assert page.evaluate(first) == "partner.example"  # 8 h before 21 min
    tools = f"{table}.parentNode.querySelector('.tools')"
    page.evaluate(f"{tools}.querySelector('button').click()")
    assert page.evaluate(f"{tools}.querySelector('[role=status]').textContent") == "16 of 16 rows"
    page.evaluate(f"{tools}.querySelector('input').value = 'gm'; {tools}.querySelector('input').oninput()")
    assert page.evaluate(f"{tools}.querySelector('[role=status]').textContent") == "2 of 16 rows"


def test_an_hour_is_read_by_arrow_keys(page: browser.Page, folder: Path) -> None:
    page.open(folder / "day.html")
    page.evaluate("document.querySelector('#times').focus()")
    for _ in range(11):
        page.key("ArrowRight")
    assert page.evaluate("document.querySelector('#when [role=status]').textContent") == (
        "10:00 to 11:00: Messages accepted 16,282 · Refused by us 2,947 · Temporary failures, 4xx 872 · "
        "Permanent failures, 5xx 2,318"
    )
    assert page.evaluate("document.querySelector('.band').getAttribute('x')").startswith("41.6")


def test_a_number_opens_its_entry_and_escape_returns(page: browser.Page, folder: Path) -> None:
    page.open(folder / "day.html")
    page.evaluate("document.querySelector('#codes a[href=\"#code-553\"]').focus()")
    page.key("Enter")
    if not page.evaluate("document.querySelector('dialog').open"):
        page.evaluate("document.activeElement.click()")
    assert page.evaluate("document.querySelector('dialog').open")
    assert "553 Mailbox name invalid" in page.evaluate("document.querySelector('dialog').textContent")
    page.key("Escape")
    assert not page.evaluate("document.querySelector('dialog').open")
    assert page.evaluate("document.activeElement.hash") == "#code-553"
    page.evaluate("document.querySelector('.lead a').click()")
    assert page.evaluate("document.querySelector('#finding-1').open")


def test_print_opens_what_needs_the_reader(page: browser.Page, folder: Path, tmp_path: Path) -> None:
    page.open(folder / "day.html")
    page.pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    opened = "[...document.querySelectorAll('.finding')].filter(f => f.open).map(f => f.id.slice(8)).join()"
    assert page.evaluate(opened) == "1,2,3,4,5"
