"""The compiled engine alone, on one thread: bytes to columns, which are thrown away. `python benchmarks/engine.py LOG [ROUNDS]`.

Two things are timed, each the fastest of the rounds: all event columns, and the columns that the report's tallies look at, in
which lines that are only counted share a row. Start, reading of the file and its order are not counted.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from analyzer import schema
from analyzer.events.native import _Scanners, set_up
from analyzer.matcher import Recogniser
from analyzer.matcher.program import extension, program_for

BLOCK = 1 << 20
#: Of a larger log so much is read: the speed does not depend on the rest.
MOST = 311_000_000


def blocks(path: Path) -> list[bytes]:
    """The log in blocks of whole lines."""
    data = path.open("rb").read(MOST)
    found, start = [], 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + BLOCK) + 1 or len(data)
        found.append(data[start:end])
        start = end
    return found


def seconds(engine: Any, names: list[str], log: list[bytes], rounds: int) -> tuple[float, int]:
    """Time of the fastest round, and the rows that it made."""
    scanner = _Scanners(engine, program_for(), Recogniser(), names, seen=False).scanner()
    best, rows = float("inf"), 0
    for _ in range(rounds):
        started = time.perf_counter()
        rows = sum(len(scanner.scan(block)) for block in log)
        best = min(best, time.perf_counter() - started)
    return best, rows


def main() -> None:
    engine = extension()
    if engine is None:
        sys.exit("The compiled engine is not built: pip install --no-deps --force-reinstall . with a C compiler.")
    set_up(engine, program_for())
    log = blocks(Path(sys.argv[1]))
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    told = {}
    for what, names in (("columns", [column.name for column in schema.EVENTS]), ("tallied", list(engine.GROUPED))):
        taken, rows = seconds(engine, names, log, rounds)
        told[what] = {"rows": rows, "seconds": round(taken, 3), "mb_s": round(sum(map(len, log)) / taken / 1e6, 1)}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
