"""The header comment of a tally or a section: what the SQL under it gives, in words that people are shown.

A header is the run of ``--`` lines at the top of a file. ``-- word: text`` sets a word, ``-- word name type: text`` or
``-- word name type "Heading": text`` describes one column; an indented line goes on with the text above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.errors import SectionError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_LINE = re.compile(
    r'-- (?P<word>[a-z]+)(?: (?P<name>[a-z]\w*))?(?: (?P<type>\w+))?(?: "(?P<heading>[^"]+)")?: *(?P<text>.*)'
)
_MORE = re.compile(r"--   +(?P<text>.*)")


@dataclass(frozen=True)
class Entry:
    """One line of a header: ``column delay_p50_ms ms "Median": half of them took at most this long``."""

    word: str
    name: str
    type: str
    heading: str
    text: str


@dataclass(frozen=True)
class Header:
    """A file's header entries, its SQL, and the name of the file for messages."""

    file: str
    entries: tuple[Entry, ...]
    sql: str

    def text(self, word: str) -> str:
        """What the header says after ``-- word:``; SectionError without it."""
        for entry in self.entries:
            if entry.word == word and not entry.name and entry.text:
                return entry.text
        raise SectionError(f"{self.file} has no line `-- {word}: ...` in its header: add one above the SQL.")

    def all(self, word: str) -> tuple[Entry, ...]:
        """The entries of one word that describe something by name, in the file's order."""
        return tuple(entry for entry in self.entries if entry.word == word and entry.name)


def check_columns(file: str, described: tuple[str, ...], given: tuple[str, ...]) -> None:
    """SectionError unless a file's header describes exactly the columns that its SQL gives, in their order."""
    if described != given:
        raise SectionError(
            f"{file} describes the columns {', '.join(described)} in its header, but its SQL gives {', '.join(given)}: "
            "make the two lists the same, in the same order."
        )


def read_header(path: Traversable) -> Header:
    """The header and the SQL of one file; SectionError for a header line that cannot be read."""
    lines = path.read_text(encoding="utf-8").splitlines()
    length = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    entries: list[Entry] = []
    for number, line in enumerate(lines[:length], 1):
        if entries and (more := _MORE.match(line)):
            last = entries[-1]
            entries[-1] = Entry(last.word, last.name, last.type, last.heading, f"{last.text} {more['text']}".strip())
        elif match := _LINE.fullmatch(line):
            entries.append(Entry(*(match[part] or "" for part in ("word", "name", "type", "heading", "text"))))
        else:
            raise SectionError(
                f"{path.name} line {number} is no header line: write `-- word: text` or `-- word name type: text`, "
                "and indent a line that goes on."
            )
    return Header(path.name, tuple(entries), "\n".join(lines[length:]))
