"""A realistic log of any size: `python benchmarks/generate.py postfix --size 300MB --seed 1 -o FILE`.

The same seed gives the same bytes. Nothing is repeated: every message has its own queue ID, the clock runs through `--days`
with a daily and weekly profile. Beside FILE stands FILE.json with what is in it, counted while it was written.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import sys
import time
from pathlib import Path

from traffic import Traffic

MTAS = {"postfix": "Postfix", "exim": "Exim", "sendmail": "Sendmail"}
UNITS = {"": 1, "K": 1_000, "M": 1_000_000, "G": 1_000_000_000}
BATCH = 1 << 20


def size_in_bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMG]?)B?", text.strip().upper())
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 300MB, 3GB or a number of bytes")
    return int(float(match[1]) * UNITS[match[2]])


def traffic(
    mta: str, size: int, *, seed: int = 1, days: float = 7, long_ids: bool = False, distinct_failures: int = 0
) -> Traffic:
    """The host whose log is written; its `blocks()` is the log, its `counts` are complete afterwards."""
    kind: type[Traffic] = getattr(importlib.import_module(mta), MTAS[mta])
    return kind(seed, size, days, long_ids=long_ids, distinct_failures=distinct_failures)


def write(host: Traffic, path: Path) -> dict[str, int]:
    """Write the log and FILE.json beside it; the file's time is that of its last line, which tells the year."""
    parts, waiting, written = [], 0, 0
    with path.open("wb") as file:
        for block in host.blocks():
            parts.append(block)
            waiting += len(block)
            if waiting > BATCH:
                written += file.write("".join(parts).encode())
                parts, waiting = [], 0
        written += file.write("".join(parts).encode())
    counts = dict(sorted(host.counts.items())) | {"bytes": written}
    os.utime(path, (counts["last_second"], counts["last_second"]))
    Path(f"{path}.json").write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mta", choices=MTAS)
    parser.add_argument("--size", type=size_in_bytes, default=300_000_000, help="300MB, 3GB, ... [default: 300MB]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=7, help="how much time the log covers [default: 7]")
    parser.add_argument(
        "--long-ids", action="store_true", help="Postfix's long queue IDs, Exim's of 4.97 and later (6-11-4)"
    )
    parser.add_argument(
        "--distinct-failures", type=int, default=0, metavar="N", help="N different texts of permanent failures"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    args = parser.parse_args()
    started = time.perf_counter()
    host = traffic(
        args.mta,
        args.size,
        seed=args.seed,
        days=args.days,
        long_ids=args.long_ids,
        distinct_failures=args.distinct_failures,
    )
    counts = write(host, args.output)
    seconds = time.perf_counter() - started
    print(
        f"{args.output}: {counts['bytes'] / 1e6:.1f} MB, {counts['lines']:,} lines, {counts['bytes'] / 1e6 / seconds:.0f} MB/s",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
