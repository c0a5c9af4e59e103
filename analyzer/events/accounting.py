"""Every line is accounted for: with events, known to say nothing, of other programs, not recognised, damaged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

#: What a line can be; the contract's words.
KINDS = ("events", "no_event", "other_programs", "unrecognised", "damaged")
_MOST_PROGRAMS = 1000
_MOST_SHAPES = 2000


@dataclass
class Accounting:
    """Counts of lines by (file, program or MTA, kind), and examples of what was not recognised, by shape."""

    lines: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shapes: dict[tuple[str, str], tuple[int, str, int, str]] = field(default_factory=dict)
    silent: Counter[tuple[str, str]] = field(default_factory=Counter)  # lines without an event, by MTA and template

    def count(self, file: str, program: str, kind: str) -> None:
        """Count one line."""
        key = (file, program, kind)
        if key not in self.lines and len(self.lines) > _MOST_PROGRAMS:
            key = (file, "(others)", kind)  # program names come from the log: do not let them pile up
        self.lines[key] += 1

    def unrecognised(self, file: str, line: int, program: str, shape: str, raw: str) -> None:
        """Remember one line that no template took, by its shape: count and first example."""
        known = self.shapes.get((program, shape))
        if known is not None:
            self.shapes[program, shape] = (known[0] + 1, *known[1:])
        elif len(self.shapes) < _MOST_SHAPES:
            self.shapes[program, shape] = (1, file, line, raw)

    def totals(self) -> dict[str, int]:
        """The contract's figures: ``lines`` is the sum of the others."""
        totals = {kind: sum(n for key, n in self.lines.items() if key[2] == kind) for kind in KINDS}
        return {"lines": sum(totals.values()), **totals}
