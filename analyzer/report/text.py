"""Renders a Result for a terminal, in the order in which an administrator asks; plain text unless colour is wanted.

What needs the reader stands last, where the eye is when the command is done. No character of the log reaches the
terminal unescaped.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from analyzer.findings import Finding
from analyzer.report import Result, sentences, wording

_NARROWEST, _WIDEST = 80, 100
_REPLIES, _DESTINATIONS, _CARDS = 7, 5, 8
#: Columns of a finding's state with its time, and the blanks before it.
_STATE_WIDTH = 23
_STYLES = {"bold": "1", "dim": "2", "2": "38;5;75", "4": "33", "5": "31"}
_BLOCKS = {True: " ▁▂▃▄▅▆▇█", False: " .:-=+*#@"}
_ASCII = str.maketrans(
    {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "·": ",", "µ": "u", "\xa0": " "}
)
_STATES = {"over": "over since", "rising": "rising since", "falling": "falling since", "going": "going on since"}


#: The sections that the summary needs.
SECTIONS = ("totals", "traffic", "reply_codes", "reply_classes", "destinations", "servers")
#: Addresses of a finding that it looks at.
ADDRESSES = 100


@dataclass(frozen=True)
class Terminal:
    """What the place that the text goes to can show: columns, colours, characters beyond ASCII."""

    width: int = 80
    colour: bool = False
    unicode: bool = True

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str]) -> Terminal:
        """A terminal as wide as it is, up to 100 columns; anything else gets 80 and no escape codes.

        ``NO_COLOR`` (not empty) and ``TERM=dumb`` switch colour off; an encoding other than UTF-8 gets ASCII.
        """
        known = stream.isatty()
        colour = known and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        width = shutil.get_terminal_size().columns if known else 80
        encoding = (stream.encoding or "ascii").lower().replace("-", "").replace("_", "")
        return cls(min(max(width, _NARROWEST), _WIDEST), colour, encoding == "utf8")

    def say(self, text: str) -> str:
        """A text of the log or the report as this terminal may show it."""
        safe = wording.shown(text)
        return safe if self.unicode else safe.translate(_ASCII).encode("ascii", "backslashreplace").decode()

    def paint(self, text: str, style: str = "") -> str:
        """The text in a style, or as it is."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour and style and text.strip() else text

    def cell(self, text: str, columns: int, style: str = "", *, right: bool = False) -> str:
        """The text in exactly so many columns."""
        said = wording.clip(self.say(text), columns, "…" if self.unicode else "~")
        gap = " " * (columns - wording.display_width(said))
        return gap + self.paint(said, style) if right else self.paint(said, style) + gap

    def flow(self, text: str, style: str = "", indent: int = 0) -> Iterator[str]:
        """The text over as many lines as it needs."""
        for line in wording.wrap(self.say(text), self.width - indent):
            yield " " * indent + self.paint(line, style)

    def spark(self, bars: Sequence[int]) -> str:
        """One block a bar; a bar of one is seen beside a bar of thousands."""
        blocks, top = _BLOCKS[self.unicode], max(bars, default=0)
        return "".join(blocks[-(-count * 8 // top)] if top else blocks[0] for count in bars)


def render(
    result: Result,
    *,
    terminal: Terminal | None = None,
    top: int | None = None,
    written: Sequence[Path] = (),
    seconds: float | None = None,
) -> str:
    """The summary as one text; ``top`` is the rows of each table, ``written`` the files that the last line names."""
    terminal = terminal or Terminal()
    lines = [*_head(result, terminal, seconds), ""]
    if sentences.state(result) not in ("no mail", "empty period"):
        for part in (
            _numbers(result, terminal),
            _time(result, terminal),
            _replies(result, terminal, top or _REPLIES),
            _destinations(result, terminal, top or _DESTINATIONS),
            _fixes(result, terminal),
        ):
            block = list(part)
            lines += [*block, ""] if block else []
    lines += _foot(result, terminal, written)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _head(result: Result, terminal: Terminal, seconds: float | None) -> Iterator[str]:
    period = sentences.period(result)
    first, *more = wording.wrap(terminal.say(f"Mail report  {period}"), terminal.width)
    yield terminal.paint("Mail report", "bold") + first.removeprefix("Mail report")
    yield from more
    took = [f"{seconds:.1f} s"] if seconds is not None else []
    read = ", ".join([sentences.amount(result), *took])
    yield from terminal.flow(" · ".join([*sentences.servers(result), read]), "dim")
    yield ""
    yield from terminal.flow(sentences.verdict(result), "bold")
    yield from terminal.flow(" ".join(filter(None, (sentences.flow(result), sentences.remainder(result)))))
    yield from terminal.flow(sentences.damage(result), "4") if result.damage else ()


def _numbers(result: Result, terminal: Terminal) -> Iterator[str]:
    numbers = {number.measure: number for number in sentences.key_numbers(result)}
    labels = [(number.label.lower().removeprefix("still "), number.value) for number in numbers.values()]
    labels[-1] = ("delay p50", numbers["delay_p50_ms"].value)
    labels.append(("p95", wording.duration(sentences.totals(result).get("delay_p95_ms"))))
    lengths = [max(len(label), len(terminal.say(value))) for label, value in labels]
    gap = 3 if sum(lengths) + 3 * len(lengths) <= terminal.width else 2
    widths = [length + gap for length in lengths]
    if sum(widths) > terminal.width:  # huge numbers: one below the other
        for label, value in labels:
            yield "  " + terminal.cell(label, 16, "dim") + terminal.cell(value, 20, "bold", right=True)
        return
    columns = list(zip(labels, widths, strict=True))
    yield "".join(terminal.cell(label, width, "dim", right=True) for (label, _), width in columns)
    yield "".join(terminal.cell(value, width, "bold", right=True) for (_, value), width in columns)


def _time(result: Result, terminal: Terminal) -> Iterator[str]:
    """One line of blocks a strip: neighbours are merged until the line fits."""
    count = len(result.bar_starts)
    if count < 2 or "traffic" not in result.sections:
        return
    for at_most in (30, 24, 20, 15, 10):
        _, step = wording.merge([0] * count, at_most)
        strips = [_strip(result, *strip, step) for strip in sentences.STRIPS]
        room = -(-count // step) + 2
        wide = max(8, *(len(total) for _, _, total, _, _ in strips))
        if 21 + room + wide + max(len(highest) for _, _, _, highest, _ in strips) <= terminal.width:
            break
    heading = f"Per {wording.bar_word(result.bar_seconds, step)}"
    axis = terminal.cell(_axis(result, step, room - 2), room, "dim")
    yield terminal.cell(heading, 21, "bold") + axis + terminal.paint(f"{'total':>{wide}}   peak", "dim")
    for label, bars, total, highest, style in strips:
        line = "  " + terminal.cell(label, 19) + terminal.cell(terminal.spark(bars), room, style)
        yield line + terminal.cell(total, wide, right=True) + highest


def _strip(result: Result, column: str, label: str, kind: str, step: int) -> tuple[str, list[int], str, str, str]:
    """Label, blocks, total, peak and style of one strip."""
    every = sentences.bars_of(result, column)
    bars = [sum(every[start : start + step]) for start in range(0, len(every), step)]
    place = wording.peak(bars)
    highest = ""
    if place is not None:
        highest = "   " + sentences.peak_words(result, bars[place], place * step).removeprefix("peak ")
    label = {"4": "4xx from others", "5": "5xx from others"}.get(kind, label.lower())
    return label, bars, wording.number(sum(bars)), highest, kind if kind in _STYLES else ""


def _axis(result: Result, step: int, room: int) -> str:
    """Times under which the blocks stand, as many as fit: hours of one day, else dates."""
    moments = [wording.instant(start).astimezone(result.zone) for start in result.bar_starts[::step]]
    several = moments[0].date() != moments[-1].date()
    line = ""
    for place in range(0, room, max(1, room // 4)):
        moment = moments[place]
        label = (
            wording.date(moment, year=False)[4:]
            if several
            else f"{moment:%H}"
            if moment.minute == 0
            else f"{moment:%H:%M}"
        )
        if place >= len(line) + (1 if line else 0) and place + len(label) <= room + 1:
            line = line.ljust(place) + label
    return line


def _replies(result: Result, terminal: Terminal, top: int) -> Iterator[str]:
    rows = [row for row in sentences.records(result, "reply_codes") if row["speaker"] == "remote"]
    if not rows:
        return
    rows.sort(key=lambda row: -row["count"])
    yield terminal.paint("Replies from other servers", "bold")
    highest = max((row["count"] for row in rows if (row["reply_class"] or 0) >= 4), default=0)
    for row in rows[:top]:
        yield _reply(row, highest, terminal)
    rest = rows[top:]
    if rest:
        replies = wording.number(sum(row["count"] for row in rest))
        yield terminal.paint(f"  and {wording.number(len(rest))} more: {replies} replies", "dim")


def _reply(row: dict[str, Any], highest: int, terminal: Terminal) -> str:
    digit = row["reply_class"] or 0
    style = str(digit) if str(digit) in _STYLES else ""
    printed = "---" if row["reply_code"] is None else str(row["reply_code"])
    line = "  " + terminal.cell(printed, 4, style) + terminal.cell(row["enhanced_code"] or "", 7)
    room = terminal.width - 58
    line += terminal.cell(row["name"] or "", 31) + terminal.cell(wording.number(row["count"]), 10, right=True)
    length = -(-row["count"] * room // highest) if digit >= 4 and highest else 0
    return line + "  " + terminal.paint(("█" if terminal.unicode else "#") * min(length, room), style)


def _destinations(result: Result, terminal: Terminal, top: int) -> Iterator[str]:
    rows = [row for row in sentences.records(result, "destinations") if row["bounced"] + row["waiting"]]
    if not rows:
        return
    rows.sort(key=lambda row: (-(row["bounced"] + row["waiting"]), row["domain"] or ""))
    room = terminal.width - 46
    heads = [("recipients", 11), ("delivered", 11), ("bounced", 9), ("waiting", 9)]
    yield terminal.cell("Destinations that fail most", room + 2, "bold") + "".join(
        terminal.cell(label, columns, "dim", right=True) for label, columns in heads
    )
    for row in rows[:top]:
        marked = "5" if row["delivered_share"] is not None and row["delivered_share"] < sentences.MARKED_UNDER else ""
        yield (
            "  "
            + terminal.cell(row["domain"] or "(none)", room)
            + terminal.cell(wording.number(row["recipients"]), 11, right=True)
            + terminal.cell(wording.share(row["delivered_share"]), 11, marked, right=True)
            + terminal.cell(wording.number(row["bounced"]), 9, right=True)
            + terminal.cell(wording.number(row["waiting"]), 9, right=True)
        )


def _fixes(result: Result, terminal: Terminal) -> Iterator[str]:
    """A card for all that needs the reader, and for each 553, whoever has to act; the rest is one line."""
    if not result.findings and not result.rarer[0]:
        return
    cards = [finding for finding in result.findings if finding.group == "you" or finding.reply_code == 553]
    if cards:
        yield terminal.paint("What to fix", "bold")
    for place, finding in enumerate(cards[:_CARDS]):
        yield from ("",) if place else ()
        yield from _card(finding, result, terminal)
    if len(cards) > _CARDS:
        yield from terminal.flow(f"and {len(cards) - _CARDS} more like these; -o writes them all.", "dim", 2)
    counts = [(title, sum(f.group == name for f in result.findings)) for name, title, _ in sentences.GROUPS[1:]]
    said = [f"{title}: {count}." for title, count in counts if count]
    if result.rarer[0]:
        said.append(f"Rarer: {wording.number(result.rarer[0])} ({wording.counted(result.rarer[1], 'event')}).")
    yield from ("",) if cards and said else ()
    yield from terminal.flow(" ".join(said), "dim", 2) if said else ()
    if not cards:
        yield from (_short(finding, terminal) for finding in result.findings[:_CARDS])


def _short(finding: Finding, terminal: Terminal) -> str:
    """One line for a finding that needs nothing of the reader."""
    figures = (
        f"{wording.code(finding.reply_code, finding.enhanced_code)}  {wording.nouned(finding.count, finding.noun)}"
    )
    room = terminal.width - 6 - wording.display_width(figures)
    return (
        terminal.cell(str(finding.number), 4, right=True)
        + "  "
        + terminal.cell(finding.title, room - 2)
        + "  "
        + figures
    )


def _card(finding: Finding, result: Result, terminal: Terminal) -> Iterator[str]:
    style = ("5" if finding.reply_class == 5 else "4") if finding.group == "you" else ""
    number = terminal.cell(str(finding.number), 2, "5" if finding.group == "you" else "", right=True)
    for place, line in enumerate(
        wording.wrap(wording.cut_middle(terminal.say(finding.title), 160), terminal.width - 4)
    ):
        yield (number if place == 0 else "  ") + "  " + terminal.paint(line, "bold")
    yield _card_figures(finding, result, terminal, style)
    why = ". ".join(filter(None, (finding.decided_by.rstrip("."), _advice(finding))))
    references = [f"{Path(example.file).name}:{example.line}" for example in finding.examples[:2]]
    more = finding.count - len(references)
    see = ", ".join([*references, f"{wording.number(more)} more"] if more > 0 else references)
    group = {name: title for name, title, _ in sentences.GROUPS}.get(finding.group, "")
    for label, text in (
        ("who", group if finding.group != "you" else ""),
        ("why", why),
        ("fix", finding.do),
        ("see", see),
    ):
        lines = (
            wording.wrap(wording.cut_middle(terminal.say(text.replace("`", "")), 600), terminal.width - 9)
            if text
            else ()
        )
        for place, line in enumerate(lines):
            yield "    " + terminal.cell(label if place == 0 else "", 5, "dim") + line


def _card_figures(finding: Finding, result: Result, terminal: Terminal, style: str) -> str:
    left = (
        f"{wording.code(finding.reply_code, finding.enhanced_code):<9}  {wording.nouned(finding.count, finding.noun)}"
    )
    kind = sentences.state_kind(finding)
    when = finding.last if kind == "over" else finding.first
    state = f"{_STATES[kind]} {wording.clock(when, result.zone, result.period)}" if kind else ""
    room = terminal.width - 4 - wording.display_width(left) - max(len(state) + 2, _STATE_WIDTH)
    spark = _spark_in(room - 1, finding.bars, terminal)
    gap = max(1, room - len(spark))
    coloured = "5" if kind not in ("", "over") and style else ""
    return (
        "    " + terminal.say(left) + " " * gap + terminal.paint(spark, style) + "  " + terminal.paint(state, coloured)
    )


def _spark_in(room: int, bars: Sequence[int], terminal: Terminal) -> str:
    """The bars as blocks, fewer where there is no room for all; none where a year's dates leave none."""
    for most in (30, 15):
        merged, _ = wording.merge(bars, most)
        if 1 < len(merged) <= room:
            return terminal.spark(merged)
    return ""


def _advice(finding: Finding) -> str:
    if finding.advice_applies is None or finding.reply_code is None:
        return ""
    verb = "applies" if finding.advice_applies else "does not apply"
    return f"The catalogue's advice for {finding.reply_code} {verb}: {finding.advice_reason}"


def _foot(result: Result, terminal: Terminal, written: Sequence[Path]) -> Iterator[str]:
    unknown = sentences.not_recognised(result)
    text = re.sub(" lines?", "", sentences.lines_read(result), count=1)  # the label says it
    if result.accounting.get("unrecognised") and unknown is not None:
        text = text.replace("not recognised", f"not recognised ({wording.share(unknown)})")
    yield from _labelled("Lines", text, terminal)
    if written:
        yield from _labelled("Wrote", _written(written), terminal)


def _labelled(label: str, text: str, terminal: Terminal) -> Iterator[str]:
    for place, line in enumerate(wording.wrap(terminal.say(text), terminal.width - 6)):
        yield terminal.cell(label if place == 0 else "", 6, "dim") + line


def _written(written: Sequence[Path]) -> str:
    """The page and the document by name, tables and plots by number."""
    by_kind = {".csv": "CSV file", ".png": "plot"}
    named = [path for path in written if path.suffix not in (*by_kind, ".svg")]
    counts = [(sum(path.suffix == suffix for path in written), noun) for suffix, noun in by_kind.items()]
    names = [str(path) if place == 0 else path.name for place, path in enumerate(sorted(named))]
    return ", ".join([*names, *(wording.counted(count, noun) for count, noun in counts if count)])
