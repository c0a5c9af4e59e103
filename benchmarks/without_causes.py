"""The command line with the causes switched off: every failure's cause is unknown. For comparison alone.

`python benchmarks/without_causes.py report LOG -q`
"""

from __future__ import annotations

from typing import Any

from analyzer.__main__ import main
from analyzer.causes import Causes


def unknown(self: Causes, text: str | bytes, **codes: Any) -> str:
    """The cause of everything."""
    return "unknown"


if __name__ == "__main__":
    Causes.cause_of = unknown  # type: ignore[method-assign]
    main()
