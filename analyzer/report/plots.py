"""Draws a Result's charts with matplotlib: as files (PNG and SVG), and on axes for a notebook.

One palette with the page. The style is applied inside ``rc_context`` only: a notebook's own settings are not touched.
The same Result gives the same files.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.errors import UsageError
from analyzer.findings import Finding
from analyzer.report import Result, folder, sentences, wording
from analyzer.version import __version__

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, AMBER, RED, GREY = "#5a8ec8", "#c88400", "#b3271e", "#7d8897"
_TEXT, _MUTED, _LINE, _STRONG = "#1a1f26", "#566070", "#dfe3e8", "#c3cad3"
_BARS, _STRIPS = 12, 20
_WIDTH = 0.86  # of a bin; the page's strips have the same
_CLASS_COLOURS = {2: BLUE, 4: AMBER, 5: RED}

_STYLE: dict[str, Any] = {
    "figure.figsize": (8, 4.2),
    "figure.dpi": 100,
    "savefig.dpi": 160,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["Inter", "DejaVu Sans", "Arial"],
    "font.size": 10,
    "text.color": _TEXT,
    "text.usetex": False,
    "text.parse_math": False,  # a dollar sign of the log is a dollar sign
    "axes.labelcolor": _MUTED,
    "axes.edgecolor": _STRONG,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 12,
    "axes.titlepad": 22,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.7,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "mail-log-analyzer",
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class _Plot:
    """One chart: draws on one Axes, or on ``panels`` of them; ``height`` of the figure in inches."""

    draw: Callable[[Result, Sequence[Axes]], None]
    has_data: Callable[[Result], bool]
    height: Callable[[Result], float]
    panels: int = 1


def names() -> tuple[str, ...]:
    """The charts that there are, by the name of their section."""
    return tuple(_PLOTS)


def draw(result: Result, target: Path) -> list[Path]:
    """Every chart that has data as NAME.png and NAME.svg in the folder; each file whole or not at all."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    written = []
    for name, plot in _PLOTS.items():
        if not plot.has_data(result):
            continue
        with mpl.rc_context(_STYLE):
            figure = Figure(figsize=(8, plot.height(result)), layout="constrained")
            FigureCanvasAgg(figure)
            panels = _panels(figure, plot.panels)
            plot.draw(result, panels)
            figure.supxlabel(_foot(result), fontsize=8, color=_MUTED, x=0.01, ha="left")
            _lay_out(figure)
            for suffix, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
                content = io.BytesIO()
                figure.savefig(content, format=suffix, metadata=metadata)
                written.append(folder.put(target / f"{name}.{suffix}", content.getvalue()))
    return written


def axes(result: Result, section_name: str, ax: Axes | None = None) -> Axes:
    """The chart of a section, drawn on ``ax`` or on a new figure of the notebook; returns the (last) Axes."""
    import matplotlib as mpl

    plot = _PLOTS.get(section_name)
    if plot is None:
        raise UsageError(f"There is no plot {section_name!r}. Choose one of: {', '.join(_PLOTS)}.")
    if not plot.has_data(result):
        raise UsageError(f"The plot {section_name!r} has nothing to show in this period. Choose another log or period.")
    if ax is None:
        from matplotlib import pyplot

        if not pyplot.get_fignums():
            # Settle a notebook's backend here: inside the context what it switches on is forgotten, and nothing shown.
            pyplot.switch_backend(mpl.get_backend())
    with mpl.rc_context(_STYLE):
        if ax is not None:
            # One Axes given for a chart of two panels: the lower half of its place gets the second.
            panels = [ax] if plot.panels == 1 else _split(ax)
        else:
            panels = _panels(pyplot.figure(figsize=(8, plot.height(result)), layout="constrained"), plot.panels)
        plot.draw(result, panels)
    return panels[-1]


def _panels(figure: Figure, count: int) -> list[Axes]:
    made = figure.subplots(count, 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": [3, 4][:count]})
    return [panel for row in made for panel in row]


def _split(ax: Axes) -> list[Axes]:
    upper = ax.inset_axes((0, 0.62, 1, 0.38))
    lower = ax.inset_axes((0, 0, 1, 0.45), sharex=upper)
    ax.set_axis_off()
    return [upper, lower]


def _lay_out(figure: Figure) -> None:
    """Lay out once: a layout engine left in place would draw the figure again for each file."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    figure.set_layout_engine(None)


# ---- parts
def _foot(result: Result) -> str:
    hosts = sentences.hosts(result)
    where = ", ".join(wording.shown(host) for host in hosts[:4]) if len(hosts) <= 4 else f"{len(hosts)} hosts"
    zone = wording.zone_name(result.zone, result.period[0] if result.period else None)
    return " · ".join(part for part in (where, sentences.days(result), zone, f"analyzer {__version__}") if part)


def _title(ax: Axes, title: str, subtitle: str) -> None:
    ax.set_title(title)
    _subtitle(ax, subtitle)


def _subtitle(ax: Axes, text: str) -> None:
    ax.annotate(text, (0, 1), (0, 7), "axes fraction", textcoords="offset points", fontsize=9, color=_MUTED)


def _label(text: str, columns: int = 44) -> str:
    return wording.clip(wording.shown(text), columns)


def _time_axis(ax: Axes, result: Result) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    edges = _edges(result)
    locator = AutoDateLocator(minticks=4, maxticks=9, tz=result.zone)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=result.zone, show_offset=False))
    ax.set_xlim(edges[0], edges[-1])


def _edges(result: Result) -> list[float]:
    """Starts of the bars, and the end of the last, as matplotlib's days."""
    last = result.bar_starts[-1] + result.bar_seconds * 1_000_000
    return [micros / 86_400e6 for micros in (*result.bar_starts, last)]


def _columns(ax: Axes, result: Result, bars: Sequence[float], colour: str, below: Sequence[float] = ()) -> None:
    """One column a bar, on top of ``below``; one collection instead of a rectangle each, which is ten times as slow."""
    from matplotlib.collections import PolyCollection

    columns = []
    for place, (start, end) in enumerate(pairwise(_edges(result))):
        if not bars[place]:
            continue
        base = below[place] if below else 0
        gap = (end - start) * (1 - _WIDTH) / 2
        top = base + bars[place]
        columns.append([(start + gap, base), (start + gap, top), (end - gap, top), (end - gap, base)])
    stacked = {"edgecolors": "white", "linewidths": 0.6} if below else {"linewidths": 0}
    ax.add_collection(PolyCollection(columns, facecolors=colour, **stacked), autolim=True)
    ax.set_ylim(0, max(ax.dataLim.ymax, 1) * 1.05)


def _whole_numbers(ax: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: wording.number(round(value))))


def _horizontal(ax: Axes, labels: Sequence[str], count: int) -> None:
    """Bars with their names at the left and their numbers at their ends: no x axis needed."""
    ax.set_yticks(range(count), labels)
    ax.set_ylim(count - 0.4, -0.6)
    ax.grid(visible=False)
    ax.tick_params(axis="x", bottom=False, labelbottom=False)
    ax.spines["bottom"].set_visible(False)


def _legend(ax: Axes, parts: Sequence[tuple[str, str]], **place: Any) -> None:
    from matplotlib.patches import Patch

    if len(parts) > 1:
        handles = [Patch(color=colour, label=label) for colour, label in parts]
        ax.legend(handles=handles, handlelength=0.9, handleheight=0.9, **({"loc": "lower right"} | place))


def _fixed(_: Result) -> float:
    return 4.2


# ---- the charts
def _reply_classes(result: Result, panels: Sequence[Axes]) -> None:
    """Replies of others over time: 2xx alone, since they outnumber failures 20 to 1; 4xx and 5xx in their own scale."""
    upper, lower = panels
    per = wording.bar_word(result.bar_seconds)
    accepted = sentences.bars_of(result, "delivered")
    _columns(upper, result, accepted, BLUE)
    upper.set_title("Replies that other servers gave us, by class")
    _subtitle(upper, f"delivered, per {per}")
    transient, permanent = sentences.bars_of(result, "transient"), sentences.bars_of(result, "permanent")
    _columns(lower, result, transient, AMBER)
    _columns(lower, result, permanent, RED, transient)
    _subtitle(lower, f"4xx and 5xx: failed, per {per} (own scale)")
    parts = [(AMBER, "4xx temporary failure"), (RED, "5xx permanent failure")]
    _legend(lower, parts, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    for panel in panels:
        _whole_numbers(panel)
    _time_axis(lower, result)


def _traffic(result: Result, panels: Sequence[Axes]) -> None:
    """Messages accepted, and commands that we refused."""
    upper, lower = panels
    per = wording.bar_word(result.bar_seconds)
    _columns(upper, result, sentences.bars_of(result, "accepted"), GREY)
    upper.set_title("What came to our servers")
    _subtitle(upper, f"messages accepted, per {per}")
    _columns(lower, result, sentences.bars_of(result, "refused"), GREY)
    _subtitle(lower, f"refused by us, per {per} (own scale)")
    for panel in panels:
        _whole_numbers(panel)
    _time_axis(lower, result)


def _failed_codes(result: Result) -> list[dict[str, Any]]:
    rows = [row for row in sentences.records(result, "reply_codes") if row["speaker"] == "remote"]
    failed = [row for row in rows if (row["reply_class"] or 0) >= 4 and row["count"]]
    return sorted(failed, key=lambda row: (-row["count"], row["reply_code"] or 0, row["enhanced_code"] or ""))


def _reply_codes(result: Result, panels: Sequence[Axes]) -> None:
    (ax,) = panels
    rows = _failed_codes(result)
    shown = rows[:_BARS]
    accepted = [
        row
        for row in sentences.records(result, "reply_codes")
        if row["speaker"] == "remote" and row["reply_class"] == 2
    ]
    count = wording.number(sum(row["count"] for row in accepted))
    left_out = (
        f"; not shown: {accepted[0]['reply_code'] or '2xx'} with {count}"
        if len(accepted) == 1
        else f"; not shown: 2xx with {count}"
    )
    which = (
        f"{len(shown)} of {wording.counted(len(rows), 'code')}"
        if len(shown) < len(rows)
        else wording.counted(len(rows), "code")
    )
    _title(ax, "Most frequent failed replies from other servers", f"replies; {which}{left_out if accepted else ''}")
    colours = [_CLASS_COLOURS.get(row["reply_class"], GREY) for row in shown]
    ax.barh(range(len(shown)), [row["count"] for row in shown], height=0.68, color=colours)
    labels = [
        f"{wording.code(row['reply_code'], row['enhanced_code'])}  {_label(row['name'] or '', 36)}" for row in shown
    ]
    _horizontal(ax, labels, len(shown))
    for place, row in enumerate(shown):
        ax.annotate(
            wording.number(row["count"]), (row["count"], place), (4, 0), textcoords="offset points", va="center"
        )
    ax.set_xlim(0, max(row["count"] for row in shown) * 1.12)
    known = ((AMBER, "4xx temporary"), (RED, "5xx permanent"))
    _legend(ax, [part for part in known if part[0] in colours])


def _failed_destinations(result: Result) -> list[dict[str, Any]]:
    rows = [row for row in sentences.records(result, "destinations") if row["bounced"] + row["waiting"]]
    return sorted(rows, key=lambda row: (-(row["bounced"] + row["waiting"]), row["domain"] or ""))


def _destinations(result: Result, panels: Sequence[Axes]) -> None:
    (ax,) = panels
    rows = _failed_destinations(result)
    shown = rows[:_BARS]
    every = sum(row["bounced"] + row["waiting"] for row in rows)
    held = sum(row["bounced"] + row["waiting"] for row in shown)
    domains = len(sentences.records(result, "destinations"))
    subtitle = f"recipients; {len(shown)} of {wording.counted(domains, 'domain')}"
    if held < every:
        subtitle += f"; the {len(shown)} hold {wording.share(held / every)} of all failures"
    _title(ax, "Recipients not reached, by destination domain", subtitle)
    places = range(len(shown))
    bounced, waiting = [row["bounced"] for row in shown], [row["waiting"] for row in shown]
    ax.barh(places, bounced, height=0.68, color=RED)
    ax.barh(places, waiting, height=0.68, left=bounced, color=AMBER)
    _horizontal(ax, [_label(row["domain"] or "(no domain)", 30) for row in shown], len(shown))
    for place, row in enumerate(shown):
        failed = row["bounced"] + row["waiting"]
        part = wording.share(failed / row["recipients"])
        words = f"{wording.number(failed)}  ({part} of {wording.number(row['recipients'])})"
        ax.annotate(words, (failed, place), (4, 0), textcoords="offset points", va="center")
    ax.set_xlim(0, max(row["bounced"] + row["waiting"] for row in shown) * 1.3)
    _legend(ax, [(RED, "bounced"), (AMBER, "still waiting")])


def _delays(result: Result, panels: Sequence[Axes]) -> None:
    """The ranges of the section, on a logarithmic axis of time, with lines where half, 95 and 99 % are reached."""
    (ax,) = panels
    rows = sentences.records(result, "delays")
    uppers = [(row["upper_ms"] or 0) / 1000 for row in rows]
    first = next(upper for upper in uppers if upper)
    lefts = [first / 10, *uppers[:-1]]
    rights = [upper or lefts[-1] * 4 for upper in uppers]
    _title(ax, "Delay from arrival to delivery", "delivered recipients in each range; logarithmic time axis")
    gap = (1 - _WIDTH) / 2
    starts = [left * (right / left) ** (gap / 4) for left, right in zip(lefts, rights, strict=True)]
    ends = [right / (right / left) ** (gap / 4) for left, right in zip(lefts, rights, strict=True)]
    ax.bar(
        starts,
        [row["count"] for row in rows],
        [end - start for start, end in zip(starts, ends, strict=True)],
        align="edge",
        color=GREY,
    )
    ax.set_xscale("log")
    ax.set_xlim(lefts[0], rights[-1])
    ax.set_xticks(
        [upper for upper in uppers if upper],
        [wording.duration(round(upper * 1000)).replace(".0 s", " s") for upper in uppers if upper],
    )
    ax.minorticks_off()
    _whole_numbers(ax)
    numbers = sentences.totals(result)
    highest = max(row["count"] for row in rows)
    ax.set_ylim(0, highest * 1.3)
    known = [(numbers.get(f"delay_p{part}_ms"), words) for part, words in ((50, "half"), (95, "95 %"), (99, "99 %"))]
    level, before = 0, 0.0
    for value, words in known:
        if value is None:
            continue
        at = min(max(value / 1000, lefts[0]), rights[-1])
        level = level + 1 if at < before * 12 else 0  # labels of neighbours stand one below the other
        before = at
        ax.axvline(at, color=_TEXT, linewidth=1)
        right = at > rights[-1] / 12
        ax.annotate(
            f"{words} within\n{wording.duration(value)}",
            (at, highest * (1.28 - 0.14 * level)),
            (-4 if right else 4, 0),
            textcoords="offset points",
            va="top",
            ha="right" if right else "left",
            fontsize=9,
        )


def _stripped(result: Result) -> list[Finding]:
    count = len(result.bar_starts)
    return [f for f in result.findings if f.group != "none" and len(f.bars) == count and count > 1][:_STRIPS]


def _findings(result: Result, panels: Sequence[Axes]) -> None:
    """One strip per finding that somebody has to act on, each in its own scale."""
    (ax,) = panels
    found = _stripped(result)
    per = wording.bar_word(result.bar_seconds)
    left_out = sum(f.group != "none" for f in result.findings) - len(found)
    more = f"; {left_out} more not shown" if left_out else ""
    _title(ax, "Failures that keep coming back", f"each strip has its own scale; one bar is one {per}{more}")
    for place, finding in enumerate(found):
        base = len(found) - 1 - place
        top = max(finding.bars) or 1
        colour = RED if finding.reply_class == 5 else AMBER
        _columns(ax, result, [0.78 * count / top for count in finding.bars], colour, [base] * len(finding.bars))
        ax.axhline(base, color=_STRONG, linewidth=0.8)
        ax.annotate(
            wording.number(finding.count),
            (1, base + 0.3),
            (6, 0),
            ("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    labels = [f"{finding.number}  {_label(finding.title_short, 28)}" for finding in reversed(found)]
    ax.set_yticks([base + 0.3 for base in range(len(found))], labels)
    ax.set_ylim(0, len(found))
    _time_axis(ax, result)


def _has_bars(*columns: str) -> Callable[[Result], bool]:
    def has(result: Result) -> bool:
        return len(result.bar_starts) > 1 and any(any(sentences.bars_of(result, column)) for column in columns)

    return has


def _tall(rows: Callable[[Result], Sequence[Any]], most: int) -> Callable[[Result], float]:
    return lambda result: 1.3 + 0.28 * max(3, min(most, len(rows(result))))


_PLOTS: dict[str, _Plot] = {
    "reply_classes": _Plot(_reply_classes, _has_bars("delivered", "transient", "permanent"), lambda _: 4.8, 2),
    "reply_codes": _Plot(_reply_codes, lambda result: bool(_failed_codes(result)), _tall(_failed_codes, _BARS)),
    "destinations": _Plot(
        _destinations, lambda result: bool(_failed_destinations(result)), _tall(_failed_destinations, _BARS)
    ),
    "delays": _Plot(_delays, lambda result: any(row["count"] for row in sentences.records(result, "delays")), _fixed),
    "findings": _Plot(_findings, lambda result: bool(_stripped(result)), _tall(_stripped, _STRIPS)),
    "traffic": _Plot(_traffic, _has_bars("accepted", "refused"), lambda _: 4.8, 2),
}
