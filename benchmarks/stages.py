"""Where the time of a report goes: `python benchmarks/stages.py LOG`.

A thread looks 200 times a second where every other thread stands, and notes the innermost part of the analyzer there (with
the libraries it called). Time in compiled code counts for the Python that called it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from types import FrameType

INTERVAL = 0.005


def part_of(frame: FrameType | None) -> str | None:
    """The innermost package of the analyzer on the stack, `sources` or `matcher`; None if none is there."""
    while frame is not None:
        names = frame.f_globals.get("__name__", "").split(".")
        if names[0] == "analyzer" and len(names) > 1:
            return names[1]
        frame = frame.f_back
    return None


def watch(samples: Counter[str], done: threading.Event, me: list[int]) -> None:
    me.append(threading.get_ident())
    while not done.wait(INTERVAL):
        for thread, frame in sys._current_frames().items():
            if thread != me[0] and (part := part_of(frame)):
                samples[part] += 1


def main() -> None:
    log = sys.argv[1]
    samples: Counter[str] = Counter()
    done = threading.Event()
    watcher = threading.Thread(target=watch, args=(samples, done, []), daemon=True)
    started = time.perf_counter()
    watcher.start()
    from analyzer.cli import main as analyzer

    sys.argv = ["analyzer", "report", log, "-q", "--log-timezone", "UTC"]
    try:
        analyzer()
    except SystemExit as end:
        if end.code:
            raise
    finally:
        done.set()
    total = sum(samples.values()) or 1
    shares = {part: round(n / total, 4) for part, n in samples.most_common()}
    print(json.dumps({"seconds": round(time.perf_counter() - started, 3), "shares": shares}))


if __name__ == "__main__":
    main()
