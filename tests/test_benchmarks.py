"""The benchmark's logs: the same for the same seed, understood to the last line, and counted as they were made."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from analyzer.grammar import mtas
from analyzer.pipeline import EventStream, Options

#: Options under which each MTA writes other queue IDs or other texts.
VARIANTS = [(), ("--long-ids",), ("--distinct-failures", "40")]


def generate(root: Path, mta: str, path: Path, *options: str) -> dict[str, int]:
    script = root / "benchmarks" / "generate.py"
    subprocess.run([sys.executable, script, mta, "-o", path, *options], check=True, capture_output=True)
    counts: dict[str, int] = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
    return counts


@pytest.fixture(scope="module")
def checking() -> ModuleType:
    path = Path(__file__).parent.parent / "benchmarks" / "checking.py"
    spec = importlib.util.spec_from_file_location("benchmarks_checking", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("mta", mtas())
def test_report_counts_what_the_generator_wrote(mta: str, root: Path, tmp_path: Path, checking: ModuleType) -> None:
    log = tmp_path / f"{mta}.log"
    counts = generate(root, mta, log, "--size", "1MB")
    told = subprocess.run(
        [sys.executable, "-m", "analyzer", "report", log, "--format", "json", "--log-timezone", "UTC"],
        check=True,
        capture_output=True,
    )
    assert checking.ours(told.stdout, counts) == []
    assert min(counts[name] for name in ("accepted", "delivered", "bounced", "deferrals", "rejected")) > 10
    assert 0.95e6 < log.stat().st_size < 1.1e6
    counts["rejected"] += 1
    assert checking.ours(told.stdout, counts) == [f"rejected is {counts['rejected'] - 1}, not {counts['rejected']}"]


@pytest.mark.parametrize("mta", mtas())
@pytest.mark.parametrize("options", VARIANTS, ids=lambda options: " ".join(options) or "plain")
def test_same_seed_same_bytes_and_unique_queue_ids(
    mta: str, options: tuple[str, ...], root: Path, tmp_path: Path
) -> None:
    size = ("--size", "150KB")
    counts = generate(root, mta, tmp_path / "a", *size, "--seed", "7", *options)
    generate(root, mta, tmp_path / "b", *size, "--seed", "7", *options)
    generate(root, mta, tmp_path / "c", *size, "--seed", "8", *options)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()
    events = EventStream(Options((str(tmp_path / "a"),), log_timezone="UTC"), ["queue_id", "event", "mta"])
    rows = [row for batch in events.batches for row in batch.to_pylist()]
    assert {row["mta"] for row in rows} == {mta}
    assert len({row["queue_id"] for row in rows if row["event"] == "queued"}) == counts["accepted"]
    stamps = [line[:19] if mta == "exim" else line[:15] for line in (tmp_path / "a").read_bytes().splitlines()]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("mta", mtas())
def test_distinct_failures_are_as_many_as_asked(mta: str, root: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    generate(root, mta, log, "--size", "600KB", "--distinct-failures", "50")
    events = EventStream(Options((str(log),), log_timezone="UTC"), ["text", "event", "speaker", "reply_code"])
    rows = [row for batch in events.batches for row in batch.to_pylist()]
    failed = [row for row in rows if row["event"] in ("bounced", "deferred") and row["speaker"] == "remote"]
    assert len({row["text"] for row in failed if row["reply_code"]}) == 50


PFLOGSUMM = b"messages\n\n   12   received\n  1500k  delivered\n    7   rejected (1%)\n"
EXIMSTATS = b"  Received              46MB       12\n  Delivered             57MB       20        21\n"


@pytest.mark.parametrize(("delivered", "wrong"), [(1500 * 1024 + 500, 0), (1600 * 1024, 1), (1500, 1)])
def test_pflogsumm_must_have_counted_the_messages(delivered: int, wrong: int, checking: ModuleType) -> None:
    counts = {"from_clients": 10, "from_here": 2, "delivered": delivered, "rejected": 7}
    assert len(checking.pflogsumm(PFLOGSUMM, counts)) == wrong


@pytest.mark.parametrize(("accepted", "delivered", "wrong"), [(12, 21, 0), (13, 21, 1), (13, 20, 2)])
def test_eximstats_must_have_counted_the_messages(
    accepted: int, delivered: int, wrong: int, checking: ModuleType
) -> None:
    assert len(checking.eximstats(EXIMSTATS, {"accepted": accepted, "delivered": delivered})) == wrong
    assert len(checking.eximstats(b"nothing", {"accepted": 0, "delivered": 0})) == 2
