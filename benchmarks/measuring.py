"""One process measured, from its start to its end: wall clock, CPU, peak memory."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import NamedTuple


class Run(NamedTuple):
    seconds: float
    cpu: float
    peak_mb: float
    output: bytes


class RunError(Exception):
    """A measured command failed; the text is what it said."""


def run(command: list[str], output: Path, *, stdin: Path | None = None, statuses: tuple[int, ...] = (0,)) -> Run:
    """Run a command; its standard output goes to a file, so that no pipe slows it.

    wait4 tells what this child used, its own children included. This process stays small, because a child's peak memory
    begins with that of the process it was forked from.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
        "TZ": "UTC"
    }
    errors = output.with_suffix(".err")
    with output.open("wb") as out, errors.open("wb") as err, (stdin or Path(os.devnull)).open("rb") as source:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=source, stdout=out, stderr=err, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in statuses:
        raise RunError(
            f"{' '.join(command)} ended with {process.returncode}: {errors.read_text(errors='replace')[-2000:]}"
        )
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output.read_bytes())


def warm(path: Path) -> None:
    """Read a file once, so that every competitor finds it in the page cache."""
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 22):
            pass


def machine() -> str:
    """Processor, usable cores and Python, for the table's heading."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, Python {platform.python_version()}"


def load() -> str:
    """What else the machine does; ratios taken under load say little."""
    return f"load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
