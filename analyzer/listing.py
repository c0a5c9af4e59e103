"""Several names in one sentence."""

from __future__ import annotations

from collections.abc import Iterable


def joined(items: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`; empty without any."""
    *others, final = [*items] or [""]
    return f"{', '.join(others)} {last} {final}" if others else final
