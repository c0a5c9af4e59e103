"""What every renderer gets: the result of one run. Renderers (text, html, files, plots) do not know each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from analyzer.findings import Finding
from analyzer.sections import Section


@dataclass(frozen=True)
class Result:
    """One run: the answer to every question of the report. Depends on the input and the options alone."""

    inputs: tuple[
        dict[str, Any], ...
    ]  # {"file": name, "lines": n, "bytes": n, "mta": [...], "hosts": [...]} in reading order
    period: tuple[int, int] | None  # first and last event, µs UTC
    zone: tzinfo  # in which times are shown
    bar_seconds: int  # width of a bar of the time axis
    bar_starts: tuple[int, ...]  # µs UTC, one per bar
    accounting: dict[str, int]  # lines, events, no_event, other_programs, unrecognised, damaged
    damage: tuple[dict[str, Any], ...]  # file, offset, kind, skipped, message
    sections: dict[str, Section]
    findings: tuple[Finding, ...]
    rarer: tuple[int, int] = (0, 0)  # groups below the threshold, and their events
    examples: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # "code:remote:553:5.1.3" -> Examples
    notes: tuple[str, ...] = ()  # what the user should know: places tried, files skipped
    asked: tuple[int | None, int | None] = (None, None)  # --since, --until, µs UTC
    reach: tuple[int, int] | None = None  # first and last time in the logs, whatever was asked
    declined: int = 0  # lines that the compiled engine left to the reference engine
