"""Report sections: one SQL file each, over the merged tallies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SectionColumn:
    """A column of a section: ``type`` is text, int, share, ms, bytes, time; ``definition`` is what the page shows."""

    name: str
    type: str
    heading: str
    definition: str


@dataclass(frozen=True)
class Section:
    """One report section: its header, read from the SQL file, and its rows, in a definite order."""

    name: str
    title: str
    question: str
    definition: str
    chart: str
    columns: tuple[SectionColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
