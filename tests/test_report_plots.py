from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import report_sample as sample

from analyzer.errors import UsageError
from analyzer.report import plots


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plots")
    plots.draw(sample.day(), folder)
    return folder


@pytest.fixture
def no_windows() -> Iterator[None]:
    import matplotlib as mpl
    from matplotlib import pyplot

    before = mpl.get_backend()
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")
    pyplot.switch_backend(before)


def test_every_plot_comes_as_png_and_svg(drawn: Path) -> None:
    names = {f"{name}.{suffix}" for name in plots.names() for suffix in ("png", "svg")}
    assert {path.name for path in drawn.iterdir()} == names
    for path in drawn.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes().startswith(b"\x89PNG" if path.suffix == ".png" else b"<?xml")


def test_the_same_result_gives_the_same_files(drawn: Path, tmp_path: Path) -> None:
    day = sample.day()
    only = {name: plots._PLOTS[name] for name in ("destinations", "traffic")}
    for path in plots.draw(replace(day), tmp_path):
        if path.stem in only:
            assert path.read_bytes() == (drawn / path.name).read_bytes()


def test_hostile_texts_are_texts(drawn: Path) -> None:
    text = (drawn / "destinations.svg").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "\u202e" not in text
    assert "bücher.example" in text
    assert "840  (6.6 % of 12,728)" in text
    assert "date" not in re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL).lower().split("<defs>")[0]


def test_numbers_and_words_of_the_plots(drawn: Path) -> None:
    codes = (drawn / "reply_codes.svg").read_text(encoding="utf-8")
    assert "554 5.7.1  Transaction failed" in codes
    assert "replies; 12 of 15 codes; not shown: 250 with 210,035" in codes
    delays = (drawn / "delays.svg").read_text(encoding="utf-8")
    assert "half within" in delays
    assert "4 min 10 s" in delays
    assert "mx1, mx2 · 23 Nov 2026 · Europe/Madrid (UTC+1)" in delays


def test_what_has_no_data_is_not_drawn(tmp_path: Path) -> None:
    assert plots.draw(sample.no_mail(), tmp_path) == []
    assert plots.draw(sample.one_line(), tmp_path) == []


@pytest.mark.usefixtures("no_windows")
def test_axes_for_a_notebook_leave_its_style_alone() -> None:
    import matplotlib as mpl
    from matplotlib import pyplot

    before = dict(mpl.rcParams)
    axes = plots.axes(sample.day("h"), "reply_codes")
    assert axes.get_title(loc="left") == "Most frequent failed replies from other servers"
    _, own = pyplot.subplots()
    assert plots.axes(sample.day("h"), "destinations", ax=own) is own
    _, both = pyplot.subplots()
    assert plots.axes(sample.day("h"), "reply_classes", ax=both).get_figure() is both.get_figure()
    assert dict(mpl.rcParams) == before


@pytest.mark.usefixtures("no_windows")
def test_an_unknown_plot_is_a_sentence() -> None:
    with pytest.raises(UsageError, match=r"no plot 'nothing'.*reply_classes"):
        plots.axes(sample.day("h"), "nothing")
    with pytest.raises(UsageError, match="nothing to show"):
        plots.axes(sample.no_mail(), "delays")


@pytest.mark.parametrize(("seconds", "bars"), [(60, 60), (86_400, 30), (604_800, 53)])
def test_every_width_of_bars_can_be_drawn(tmp_path: Path, seconds: int, bars: int) -> None:
    day = sample.day("h")
    starts = tuple(sample.START + place * seconds * 1_000_000 for place in range(bars))
    rows = tuple((start, 5, 5, 2, 1, 1, 1, 1) for start in starts)
    traffic = replace(day.sections["traffic"], rows=rows)
    longer = replace(day, bar_seconds=seconds, bar_starts=starts, period=(starts[0], starts[-1]), findings=(),
                     sections={"traffic": traffic})  # fmt: skip
    assert [path.name for path in plots.draw(longer, tmp_path)] == [
        "reply_classes.png",
        "reply_classes.svg",
        "traffic.png",
        "traffic.svg",
    ]
