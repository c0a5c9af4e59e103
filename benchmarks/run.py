"""Our report against pflogsumm and eximstats on the same logs, in turn. Prints Markdown tables, keeps the figures as JSON.

    python benchmarks/run.py                               the report, 0.3 GB and 3 GB, three rounds
    python benchmarks/run.py report output events --sizes 30MB --rounds 1
    python benchmarks/run.py all

Logs are generated once into benchmarks/logs (3 GB is generated, not 0.3 GB repeated: queue IDs would join) and read once
before the first round. A ratio is taken in each round, between runs that followed each other; the table gives the median.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import json
import platform
import re
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import checking
import generate
import measuring
import peers
from measuring import Run

LOGS = peers.LOGS
DISTINCT_FAILURES = 100_000
CHECKS: dict[str, Callable[[bytes, dict[str, int]], list[str]]] = {
    "postfix": checking.pflogsumm,
    "exim": checking.eximstats,
}


class Log(NamedTuple):
    mta: str
    label: str
    path: Path
    counts: dict[str, int]

    @property
    def megabytes(self) -> float:
        return self.counts["bytes"] / 1e6


class Bench:
    """What every mode needs: the options, the logs, one way to run, the figures so far."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.figures: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self.analyzer: list[str] = args.command.split() if args.command else [sys.executable, "-m", "analyzer"]

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def run(self, *arguments: str, statuses: tuple[int, ...] = (0,)) -> Run:
        return measuring.run([*self.analyzer, *arguments], LOGS / "stdout", statuses=statuses)

    def log(self, mta: str, size: str, distinct_failures: int = 0) -> Log:
        """The log of this size; generated at the first time, and again when the generator has changed."""
        kind = f"-{distinct_failures}" if distinct_failures else ""
        path = LOGS / f"{mta}-{size}-{self.args.seed}{kind}.log"
        state, made_of = Path(f"{path}.made-of"), _generator_state()
        if not path.exists() or not state.exists() or state.read_text() != made_of:
            self.say(f"generating {path.name}")
            generate.write(
                generate.traffic(
                    mta, generate.size_in_bytes(size), seed=self.args.seed, days=self.args.days,
                    distinct_failures=distinct_failures,
                ), path
            )  # fmt: skip
            state.write_text(made_of)
        measuring.warm(path)
        return Log(mta, size, path, json.loads(Path(f"{path}.json").read_text()))

    def keep(self, mode: str, log: Log | None, **figures: Any) -> None:
        self.figures.append({"mode": mode, "mta": log and log.mta, "size": log and log.label, **figures})

    def complain(self, who: str, log: Log, found: list[str]) -> None:
        for text in found:
            self.wrong.append(f"{who} on {log.path.name}: {text}")
            self.say(f"WRONG: {self.wrong[-1]}")


def _generator_state() -> str:
    files = [Path(__file__).with_name(f"{name}.py") for name in ("traffic", "failures", "refusals", *generate.MTAS)]
    return ",".join(f"{file.stat().st_size}:{int(file.stat().st_mtime)}" for file in files)


def rate(megabytes: float, seconds: float) -> str:
    """MB/s, with a digit behind the point where it says something."""
    speed = megabytes / seconds
    return f"{speed:.0f}" if speed >= 20 else f"{speed:.1f}"


def median(runs: list[Run]) -> Run:
    """The figures of several runs, each its own median; the peak is the greatest."""
    return Run(
        statistics.median(r.seconds for r in runs),
        statistics.median(r.cpu for r in runs),
        max(r.peak_mb for r in runs),
        b"",
    )


# ---------------------------------------------------------------------- modes
def report(bench: Bench, log: Log) -> list[str]:
    """`report LOG -q`, the whole process, against the peer in turn."""
    document = bench.run("report", str(log.path), "--format", "json", "--log-timezone", "UTC")
    bench.complain("our report", log, checking.ours(document.output, log.counts))
    command = None if bench.args.no_peers else peers.peer(log.mta)
    scaled = command and log.counts["bytes"] > bench.args.peer_up_to
    base = bench.log(log.mta, "300MB") if scaled else log
    factor = log.counts["bytes"] / base.counts["bytes"]
    ours, theirs = [], []
    for _ in range(bench.args.rounds):
        ours.append(bench.run("report", str(log.path), "-q", "--log-timezone", "UTC"))
        if command:
            run = measuring.run([*command, str(base.path)], LOGS / "stdout")
            bench.complain(Path(command[-1]).name, base, CHECKS[log.mta](run.output, base.counts))
            theirs.append(Run(run.seconds * factor, run.cpu * factor, run.peak_mb, b""))
    us = median(ours)
    row = [
        log.mta,
        log.label,
        f"{log.counts['lines']:,}",
        f"{us.seconds:.2f}",
        rate(log.megabytes, us.seconds),
        f"{us.cpu:.2f}",
        f"{us.peak_mb:.0f}",
    ]
    if theirs:
        them = median(theirs)
        ratios = sorted(t.seconds / o.seconds for t, o in zip(theirs, ours, strict=True))
        name = Path(command[-1]).name if command else ""
        mark = "*" if scaled else ""
        row += [name + mark, f"{them.seconds:.2f}", rate(log.megabytes, them.seconds), f"{them.cpu:.2f}",
                f"{them.peak_mb:.0f}{mark}", f"**{statistics.median(ratios):.1f}** ({ratios[0]:.1f} to {ratios[-1]:.1f})"]  # fmt: skip
        bench.keep(
            "report", log, ours=_plain(ours), peer=name, theirs=_plain(theirs), ratios=ratios, peer_scaled_by=factor
        )
    else:
        row += ["none"] + ["-"] * 5
        bench.keep("report", log, ours=_plain(ours))
    return row


def output(bench: Bench, log: Log) -> list[str]:
    """`report LOG -o DIR`: page, tables and plots written too."""
    runs = []
    for _ in range(bench.args.rounds):
        shutil.rmtree(LOGS / "out", ignore_errors=True)
        runs.append(bench.run("report", str(log.path), "-q", "-o", str(LOGS / "out"), "--log-timezone", "UTC"))
    return _own_row(bench, "output", log, runs)


def events(bench: Bench, log: Log) -> list[str]:
    """`events LOG -o FILE.parquet`: every event with all columns."""
    runs = [
        bench.run("events", str(log.path), "-o", str(LOGS / "events.parquet"), "--log-timezone", "UTC") for _ in range(bench.args.rounds)
    ]  # fmt: skip
    return _own_row(bench, "events", log, runs)


def packed(bench: Bench, log: Log) -> list[str]:
    """The same log gzipped: what the report costs more, beside what zcat costs alone."""
    archive = Path(f"{log.path}.gz")
    if not archive.exists() or archive.stat().st_mtime < Path(f"{log.path}.made-of").stat().st_mtime:
        bench.say(f"packing {log.path.name}")
        with log.path.open("rb") as plain, gzip.open(archive, "wb", compresslevel=6) as target:
            shutil.copyfileobj(plain, target, 1 << 20)
    measuring.warm(archive)
    zcat = shutil.which("zcat")
    plain_runs, packed_runs, alone = [], [], []
    for _ in range(bench.args.rounds):
        plain_runs.append(bench.run("report", str(log.path), "-q", "--log-timezone", "UTC"))
        packed_runs.append(bench.run("report", str(archive), "-q", "--log-timezone", "UTC"))
        if zcat:
            alone.append(measuring.run([zcat, str(archive)], Path("/dev/null")))
    more = [p.seconds - q.seconds for p, q in zip(packed_runs, plain_runs, strict=True)]
    bench.keep("gzip", log, plain=_plain(plain_runs), packed=_plain(packed_runs), zcat=_plain(alone))
    return [log.mta, log.label, f"{median(plain_runs).seconds:.2f}", f"{median(packed_runs).seconds:.2f}",
            f"{statistics.median(more):+.2f}", f"{median(alone).seconds:.2f}" if alone else "-"]  # fmt: skip


def engine(bench: Bench, log: Log) -> list[str]:
    """From bytes to columns on one thread; its own clock, without the start."""
    script = str(Path(__file__).with_name("engine.py"))
    told = json.loads(
        measuring.run([bench.analyzer[0], script, str(log.path), str(bench.args.rounds)], LOGS / "stdout").output
    )
    bench.keep("engine", log, **told)
    rows = f"{told['columns']['rows']:,}"
    return [log.mta, log.label, rows, *(f"{told[what]['mb_s']:.0f}" for what in ("columns", "tallied"))]


def stages(bench: Bench, log: Log) -> list[str]:
    """Share of each part of the program in the report's time."""
    script = str(Path(__file__).with_name("stages.py"))
    told = json.loads(
        measuring.run([bench.analyzer[0], script, str(log.path)], LOGS / "stdout").output.splitlines()[-1]
    )
    bench.keep("stages", log, **told)
    return [
        log.mta,
        log.label,
        ", ".join(f"{part} {share:.0%}" for part, share in told["shares"].items() if share >= 0.005),
    ]


def causes(bench: Bench, log: Log) -> list[str]:
    """`report LOG -q` with the causes and with none, in turn, where strangers' servers say a hundred thousand things."""
    many = bench.log(log.mta, log.label, DISTINCT_FAILURES)
    script = str(Path(__file__).with_name("without_causes.py"))
    plain = [bench.analyzer[0], script, "report", str(many.path), "-q", "--log-timezone", "UTC"]
    known, unknown = [], []
    for _ in range(bench.args.rounds):
        known.append(bench.run("report", str(many.path), "-q", "--log-timezone", "UTC"))
        unknown.append(measuring.run(plain, LOGS / "stdout"))
    more = [a.seconds / b.seconds - 1 for a, b in zip(known, unknown, strict=True)]
    bench.keep("causes", many, known=_plain(known), unknown=_plain(unknown))
    return [log.mta, log.label, f"{median(known).seconds:.2f}", f"{median(unknown).seconds:.2f}", f"{statistics.median(more):.0%}"]


def start(bench: Bench, log: Log) -> list[str]:
    """`--help`, and the report of 1 MB: what a person waits for first."""
    rounds = max(5, bench.args.rounds)
    helps = [bench.run("--help") for _ in range(rounds)]
    reports = [bench.run("report", str(log.path), "-q", "--log-timezone", "UTC") for _ in range(rounds)]
    bench.keep("start", log, help=_plain(helps), report=_plain(reports))
    return [
        log.mta,
        f"{median(helps).seconds:.2f}",
        f"{median(reports).seconds:.2f}",
        f"{median(reports).cpu:.2f}",
        f"{median(reports).peak_mb:.0f}",
    ]


def _plain(runs: list[Run]) -> list[dict[str, float]]:
    return [{"seconds": round(r.seconds, 3), "cpu": round(r.cpu, 3), "peak_mb": round(r.peak_mb, 1)} for r in runs]


def _own_row(bench: Bench, mode: str, log: Log, runs: list[Run]) -> list[str]:
    us = median(runs)
    bench.keep(mode, log, ours=_plain(runs))
    return [
        log.mta,
        log.label,
        f"{us.seconds:.2f}",
        rate(log.megabytes, us.seconds),
        f"{us.cpu:.2f}",
        f"{us.peak_mb:.0f}",
    ]


OWN = ["MTA", "log", "s", "MB/s", "CPU s", "peak MB"]
MODES: dict[str, tuple[str, list[str], Callable[[Bench, Log], list[str]]]] = {
    "report": ("`report LOG -q`, whole process, in turn with the peer",
               ["MTA", "log", "lines", "s", "MB/s", "CPU s", "peak MB", "peer", "s", "MB/s", "CPU s", "peak MB", "times as fast"], report),
    "output": ("`report LOG -o DIR`: page, tables and plots written", OWN, output),
    "events": ("`events LOG -o FILE.parquet`, all columns", OWN, events),
    "gzip": ("The same log gzipped", ["MTA", "log", "plain s", "gzipped s", "more s", "zcat s"], packed),
    "engine": ("Engine alone, one thread: bytes to columns; start, reading and order not counted",
               ["MTA", "log", "events", "MB/s, all columns", "MB/s, columns of the report"], engine),
    "stages": ("Share of each part in the report's time", ["MTA", "log", "shares"], stages),
    "causes": ("The same with 100,000 different texts of failures, and with the causes switched off",
               ["MTA", "log", "s", "without causes s", "more"], causes),
    "start": ("Start", ["MTA", "`--help` s", "1 MB report s", "CPU s", "peak MB"], start),
}  # fmt: skip


def table(head: list[str], rows: list[list[str]]) -> str:
    right = [re.fullmatch(r"[\d.,+*()~ to-]+|-", rows[0][i]) is not None if rows else False for i in range(len(head))]
    lines = [head, ["---:" if r else "---" for r in right], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "modes", nargs="*", default=["report"], metavar="MODE", help=f"{', '.join(MODES)}, or all [default: report]"
    )
    parser.add_argument("--sizes", default="300MB,3GB", help="sizes of the logs [default: 300MB,3GB]")
    parser.add_argument("--mtas", default="postfix,exim", help=f"of {', '.join(generate.MTAS)} [default: postfix,exim]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=7, help="time that a log covers")
    parser.add_argument("--command", help="how the analyzer is started [default: this Python, -m analyzer]")
    parser.add_argument("--no-peers", action="store_true", help="time ours alone")
    parser.add_argument("--peer-up-to", type=generate.size_in_bytes, default=1_000_000_000, metavar="SIZE",
                        help="above it the peer's time on 300MB is taken so many times [default: 1GB]")  # fmt: skip
    args = parser.parse_args()
    args.modes = list(MODES) if "all" in args.modes else args.modes
    for given, known in ((args.modes, MODES), (args.mtas.split(","), generate.MTAS)):
        for name in given:
            if name not in known:
                parser.error(f"there is no {name!r}: choose of {', '.join(known)}")
    return args


def main() -> int:
    args = arguments()
    LOGS.mkdir(parents=True, exist_ok=True)
    bench = Bench(args)
    now = datetime.datetime.now(datetime.UTC)
    version = bench.run("--version").output.decode().strip()
    print(
        f"{now:%Y-%m-%d}, {measuring.machine()}, {platform.system()}; {version}; {args.rounds} rounds, medians; {measuring.load()}\n"
    )
    for mode in args.modes:
        title, head, measure = MODES[mode]
        sizes = ["1MB"] if mode == "start" else args.sizes.split(",")
        logs = ((mta, size) for size in sizes for mta in args.mtas.split(","))
        rows = [measure(bench, bench.log(mta, size)) for mta, size in logs]
        print(f"**{title}**\n\n{table(head, rows)}\n", flush=True)
        if mode == "report" and any("*" in row[7] for row in rows):
            print("\\* The peer's time on the log of 300MB, taken in proportion to the size.\n")
    for text in bench.wrong:
        print(f"WRONG: {text}")
    result = {"date": now.isoformat(timespec="seconds"), "machine": measuring.machine(), "version": version,
              "options": {k: str(v) for k, v in vars(args).items()}, "figures": bench.figures, "wrong": bench.wrong}  # fmt: skip
    kept = LOGS / f"result-{now:%Y%m%dT%H%M%S}.json"
    kept.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"figures: {kept}", file=sys.stderr)
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (peers.PeerError, measuring.RunError) as error:
        sys.exit(str(error))
