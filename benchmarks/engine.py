"""The engine alone: a log read, matched and put into columns, which are thrown away. `python benchmarks/engine.py LOG`."""

from __future__ import annotations

import json
import sys
import time

from analyzer.pipeline import EventStream, Options


def main() -> None:
    stream = EventStream(Options((sys.argv[1],), log_timezone="UTC"))
    started = time.perf_counter()
    rows = sum(batch.num_rows for batch in stream.batches)
    print(json.dumps({"rows": rows, "seconds": round(time.perf_counter() - started, 3)}))


if __name__ == "__main__":
    main()
