"""How often the causes are right, on any CSV of labelled replies.

Columns: `text`, `cause`, `acceptable_causes` (separated by `|`; default: the cause), and where known `reply_code`,
`enhanced_code`, `speaker`, `stage`. Beside it stands a baseline that answers the commonest cause of each code, learnt from
the same rows, so that it is flattered.

    python benchmarks/accuracy.py replies.csv                     all rows
    python benchmarks/accuracy.py replies.csv --rows held-out     rows whose text's SHA-256 begins with 0, 1 or 2
    python benchmarks/accuracy.py replies.csv --rows rest         the others
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from analyzer.causes import Causes, load
from analyzer.schema import STAGES

#: Words for the stages that such files use besides ours.
STAGE_WORDS = {"rcpt to": "rcpt", "mail from": "mail", "end of data": "eod", "dot": "eod", "banner": "connect"}


class Row(NamedTuple):
    text: str
    reply_code: int | None
    enhanced_code: str | None
    speaker: str
    stage: str | None
    cause: str
    acceptable: frozenset[str]


def read_rows(path: Path, which: str) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file))
    return [_row(entry) for entry in entries if which == "all" or _is_held_out(entry["text"]) == (which == "held-out")]


def _is_held_out(text: str) -> bool:
    return hashlib.sha256(text.encode()).hexdigest()[0] in "012"


def _row(entry: dict[str, str]) -> Row:
    stage = entry.get("stage", "").strip().lower()
    stage = STAGE_WORDS.get(stage, stage)
    acceptable = entry.get("acceptable_causes") or entry["cause"]
    return Row(
        text=entry["text"],
        reply_code=int(entry["reply_code"]) if entry.get("reply_code") else None,
        enhanced_code=entry.get("enhanced_code") or None,
        speaker=entry.get("speaker") or "remote",
        stage=stage if stage in STAGES else ("helo" if stage == "ehlo" else None),
        cause=entry["cause"],
        acceptable=frozenset(acceptable.split("|")) | {entry["cause"]},
    )


def ask(causes: Causes, row: Row) -> str:
    return causes.cause_of(
        row.text,
        reply_code=row.reply_code,
        enhanced_code=row.enhanced_code,
        speaker=row.speaker,
        stage=row.stage,
    )


def baseline(rows: list[Row]) -> list[str]:
    """The commonest cause of each pair of codes."""
    seen: dict[tuple[int | None, str | None], Counter[str]] = defaultdict(Counter)
    for row in rows:
        seen[row.reply_code, row.enhanced_code][row.cause] += 1
    return [seen[row.reply_code, row.enhanced_code].most_common(1)[0][0] for row in rows]


def share(right: int, all_: int) -> str:
    return f"{right:5d} of {all_:5d}  {100 * right / all_:5.1f} %" if all_ else "no rows"


def table(title: str, rows: list[Row], answers: list[str], key: dict[str, str]) -> None:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row, answer in zip(rows, answers, strict=True):
        counts[key[row.cause]][0] += answer in row.acceptable
        counts[key[row.cause]][1] += 1
    print(f"\n{title}")
    for name, (right, all_) in sorted(counts.items(), key=lambda item: -item[1][1]):
        print(f"  {name:28s} {share(right, all_)}")


def confusions(rows: list[Row], answers: list[str], texts: bool) -> None:
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row, answer in zip(rows, answers, strict=True):
        if answer not in row.acceptable:
            pairs[row.cause, answer].append(f"{row.reply_code or ''} {row.enhanced_code or ''} {row.text}")
    print("\nTaken for another cause (label -> answer)")
    for (cause, answer), wrong in sorted(pairs.items(), key=lambda item: -len(item[1])):
        print(f"  {len(wrong):4d}  {cause} -> {answer}")
        for text in wrong if texts else ():
            print(f"          {text[:300]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="CSV")
    parser.add_argument("--rows", choices=("all", "held-out", "rest"), default="all")
    parser.add_argument("--rules", action="append", type=Path, default=[], help="a file of your own rules")
    parser.add_argument("--texts", action="store_true", help="show the texts that were taken for another cause")
    options = parser.parse_args()
    causes = load(options.rules)
    families = {name: cause.family for name, cause in causes.causes.items()}
    for path in options.files:
        rows = read_rows(path, options.rows)
        start = time.perf_counter()
        answers = [ask(causes, row) for row in rows]
        seconds = time.perf_counter() - start
        right = sum(answer in row.acceptable for row, answer in zip(rows, answers, strict=True))
        by_code = sum(answer in row.acceptable for row, answer in zip(rows, baseline(rows), strict=True))
        unknown = sum(answer == "unknown" for answer in answers)
        print(f"{path.name}, {options.rows} rows\n  causes    {share(right, len(rows))}")
        print(f"  baseline  {share(by_code, len(rows))}   (commonest cause of each code)")
        print(f"  unknown   {share(unknown, len(rows))}")
        print(f"  {seconds / max(1, len(rows)) * 1e6:.0f} µs a text")
        table("By cause", rows, answers, {name: name for name in families})
        table("By family", rows, answers, families)
        confusions(rows, answers, options.texts)


if __name__ == "__main__":
    main()
