"""The compiled engine against the reference engine: what one says of a line, the other says too, to the last column."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from analyzer import pipeline
from analyzer.events import ALL, Reader, Reading
from analyzer.grammar import Grammar, Template, load_all
from analyzer.matcher import Program as Named
from analyzer.matcher import Recogniser
from analyzer.matcher import program as tables
from analyzer.report import files
from analyzer.sources import find
from analyzer.tallies import Tallies

ENGINE = tables.extension()
pytestmark = pytest.mark.skipif(ENGINE is None, reason="the compiled engine is not built")
if ENGINE is not None:
    from analyzer.events.native import CompiledReader, set_up

RECOGNISER = Recogniser()
PIECES = (
    b'"', b"\\", b"<", b">", b' <"', b": ", b"; from=<", b'C="', b" ", b"=", b", ", b"(", b")", b"[", b"]", b"@", b"550 5.1.1 ",
    b"(#5.1.1)", b"\\n550 ", b" 550 ", b" H=", b" T=", b'" H=', b", stat=", b", delay=", b".", b"*", b"\xff", b"\xe2\x80\xa8",
    b"\xed\xa0\x80", b"\x1b", b"\t", b"NOQUEUE: ", b" (in reply to RCPT TO command)", b"queued as ", b"id=", b"\\\\", b"'", b"|",
    b"IPv6:", b"%", b"99999999999999999999", b"\\303\\256",
)  # fmt: skip
HEADS = (
    b"INFO ", b"mail.info ", b"[12] ", b"Z", b"+01:00", b" +0100", b".5", b"<22>", b"<22>1 ", b"\xef\xbb\xbf", b"[1/2] ",
    b"message repeated 2 times: [ ", b"2026-11-24 13:14:27 ", b"Nov 24 13:14:27 ", b"\r", b" ",
)  # fmt: skip


def process_of(template: Template, sample: dict[str, Any]) -> str:
    return str(sample.get("process") or min(template.process or {""}))


def messages() -> Iterator[tuple[Grammar, str, bytes]]:
    for grammar in load_all():
        for template in grammar.lines:
            for sample in template.samples:
                yield grammar, process_of(template, dict(sample)), sample["line"].encode()


def mutated(rnd: random.Random, text: bytes, others: list[bytes], pieces: tuple[bytes, ...] = PIECES) -> bytes:
    """Insertions, cuts and splices from other lines, as a stranger or a broken logger might make them."""
    for _ in range(rnd.choice((1, 1, 1, 2, 3))):
        at = rnd.randrange(len(text) + 1)
        other = rnd.choice(others)
        start = rnd.randrange(len(other) + 1)
        kind = rnd.random()
        if kind < 0.45:
            text = text[:at] + rnd.choice(pieces) + text[at:]
        elif kind < 0.6:
            text = text[:at] + text[at + rnd.choice((1, 2, 3, 8, 20)) :]
        elif kind < 0.7:
            text = text[:at]
        elif kind < 0.85:
            text = text[:at] + other[start : start + rnd.choice((5, 20, 60, 200))] + text[at:]
        elif kind < 0.92:
            text = text[:at] + other[start:]
        else:
            text = text[:at] + bytes((rnd.randrange(256),)) + text[at + 1 :]
    return text.replace(b"\n", b"")


@pytest.fixture(scope="module")
def scanner() -> Any:
    assert ENGINE is not None
    program = tables.compile_program(load_all())
    set_up(ENGINE, program)
    return program, ENGINE.Scanner(program, lambda tag: (-1, False), lambda host: False, (), (), ())


def same_fields(scanner: Any, grammar: Grammar, process: str, message: bytes) -> bool:
    """Whether the compiled engine took the message, and no other than the reference engine does."""
    program, engine = scanner
    found = engine.match(program.group(grammar.mta, process), message)
    if found is False:
        return False
    match = RECOGNISER.matchers[grammar.mta].match(process, message)
    expected = None
    if match is not None:
        expected = {
            column: value.encode() if isinstance(value, str) and column not in program.closed else value
            for column, value in match.fields.items()
        }
    assert found == expected, message
    return True


def test_every_template_is_compiled(scanner: Any) -> None:
    assert scanner[0].declined == []


@pytest.mark.parametrize("grammar", load_all(), ids=lambda g: g.mta)
def test_samples_are_read_alike(scanner: Any, grammar: Grammar) -> None:
    taken = [same_fields(scanner, g, process, message) for g, process, message in messages() if g is grammar]
    assert all(taken)


@pytest.mark.parametrize("seed", range(3))
def test_mutated_messages_are_read_alike(scanner: Any, seed: int) -> None:
    rnd = random.Random(seed)
    known = list(messages())
    texts = [message for _, _, message in known]
    taken = 0
    for _ in range(4000):
        grammar, process, message = rnd.choice(known)
        taken += same_fields(scanner, grammar, process, mutated(rnd, message, texts))
    assert taken > 3900


def tag_of(grammar: Grammar, process: str) -> bytes:
    name = {"postfix": f"postfix/{process or 'smtpd'}", "exim": "exim", "sendmail": process or "sendmail"}[grammar.mta]
    return name.encode()


def framed(rnd: random.Random, grammar: Grammar, process: str, message: bytes, second: int) -> bytes:
    """The message as one of the common daemons writes it."""
    clock = b"%02d:%02d:%02d" % (second // 3600 % 24, second // 60 % 60, second % 60)
    tag, pid = tag_of(grammar, process), rnd.randrange(1, 5)
    return rnd.choice(
        (
            b"Nov 24 %b mx %b[%d]: %b" % (clock, tag, pid, message),
            b"Dec 31 %b mx %b[%d]: %b" % (clock, tag, pid, message),
            b"Jan  1 %b mx %b[%d]: %b" % (clock, tag, pid, message),
            b"2026-11-24T%b.951657+00:00 mx2 %b[%d]: %b" % (clock, tag, pid, message),
            b"<22>1 2026-11-24T%bZ mx %b %d - -  %b" % (clock, tag, pid, message),
            b"<22>Nov 24 %b mx %b[%d]: %b" % (clock, tag, pid, message),
            b"Nov 24 %b mx kernel: %b" % (clock, message),
            b"2026-11-24 %b %b" % (clock, message if grammar.mta == "exim" else b"Start queue run: pid=12"),
            b"2026-11-24 %b.123 +0100 [%d] %b" % (clock, pid, message),
        )
    )


def log(seed: int, lines: int) -> bytes:
    """Samples of all MTAs in all framings, some broken, some repeated, some going on in unstamped lines."""
    rnd = random.Random(seed)
    known = list(messages())
    out: list[bytes] = []
    for number in range(lines):
        line = framed(rnd, *rnd.choice(known), 47_000 + number)
        kind = rnd.random()
        if kind < 0.2 and out:
            line = mutated(rnd, line, out, PIECES + HEADS)
        elif kind < 0.23:
            line = b"Nov 24 13:14:27 mx last message repeated 3 times"
        elif kind < 0.26:
            line = rnd.choice((b"", b"  Subject: goes on", b"no stamp: here", line + b"\r"))
        out.append(line)
    return b"\n".join(out)


def rows(reader: Reader) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for batch in reader.batches(ALL):
        place = batch.schema.get_field_index("time")
        out += batch.set_column(place, "time", batch.column(place).cast(pa.int64())).to_pylist()
    return out


def assert_alike(paths: list[Path], reading: Reading, *, jobs: int = 1, block_size: int = 1 << 20) -> None:
    found = find([str(path) for path in paths], time_of=lambda head: None).sources
    reference, compiled = Reader(found, reading), CompiledReader(found, reading, jobs=jobs, block_size=block_size)
    expected, got = rows(reference), rows(compiled)
    assert len(got) == len(expected)
    for mine, other in zip(got, expected, strict=True):
        assert mine == other
    assert +compiled.accounting.lines == +reference.accounting.lines
    assert compiled.accounting.shapes == reference.accounting.shapes
    assert compiled.accounting.silent == reference.accounting.silent
    assert (compiled.reach, compiled.inputs) == (reference.reach, reference.inputs)


@pytest.mark.parametrize(
    ("seed", "jobs", "block_size", "zone"),
    [(1, 1, 1 << 20, UTC), (2, 2, 5000, ZoneInfo("Europe/Berlin")), (3, 3, 700, ZoneInfo("America/New_York"))],
)
def test_logs_are_read_alike(tmp_path: Path, seed: int, jobs: int, block_size: int, zone: tzinfo) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(log(seed, 1500))
    assert_alike([path], Reading(zone=zone, default_year=2026), jobs=jobs, block_size=block_size)


def test_a_period_is_cut_alike(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(log(4, 800))
    start = 1_795_526_067_000_000
    assert_alike([path], Reading(default_year=2026, since=start, until=start + 300_000_000), block_size=3000)


def test_a_reject_log_beside_its_main_log_is_read_alike(tmp_path: Path) -> None:
    main, rejects = tmp_path / "mainlog", tmp_path / "rejectlog"
    text = log(5, 600)
    main.write_bytes(text)
    rejects.write_bytes(b"\n".join(text.split(b"\n")[100:300]))
    assert_alike([main, rejects], Reading(default_year=2026))


def test_an_extension_of_another_format_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "FORMAT", tables.FORMAT + 1)
    assert tables.extension() is None


STREAM = """
import sys
from analyzer.events import ALL
from analyzer.events.native import CompiledReader, set_up
from analyzer.events import Reading
from analyzer.report import files
from analyzer.sources import find
from analyzer.tallies import Tallies
import duckdb

database = duckdb.connect(":memory:", config={"python_enable_replacements": False})
reader = CompiledReader(find([sys.argv[1]], time_of=lambda head: None).sources, Reading(default_year=2026))
for chunk in reader.chunks(ALL):
    database.register("chunk", chunk)
    for _ in range(2):
        ((rows, named),) = database.execute("SELECT count(*), count(event) FROM chunk").fetchall()
        assert rows == named == chunk.num_rows > 0
assert not {"pyarrow", "pandas", "numpy"} & set(sys.modules), "heavy imports"
"""


def test_duckdb_reads_the_stream_twice_without_pyarrow(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(log(6, 300))
    subprocess.run([sys.executable, "-c", STREAM, str(path)], check=True, cwd=root)


def test_programs_of_the_recogniser_have_groups(scanner: Any) -> None:
    program, _ = scanner
    named = RECOGNISER.program(b"postfix/smtpd")
    assert isinstance(named, Named)
    assert program.group(named.mta, "no such process") == program.group_of["postfix", None]


AWKWARD = b"""\
2026-12-31 23:59:58 H=a.example [192.0.2.1] F=<b@example.org> rejected RCPT <c@example.net>: 553 no such name
Envelope-from: <b@example.org>
P Received: from a.example
\t2026-12-31 23:59:00 H=forged [192.0.2.9] rejected RCPT <d@example.net>: 550 forged
Dec 31 23:59:59 mx exim[7]: [1/3] 2026-12-31 23:59:59 1xVqtI-0001gZ-33 ** ann@example.net R=dnslookup T=remote_smtp: SMTP error from
Dec 31 23:59:59 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from a[192.0.2.1]: 550 5.1.1 <x@y>: unknown; from=<> to=<x@y> proto=SMTP
Dec 31 23:59:59 mx exim[7]: [2/3]  remote mail server after RCPT TO:<ann@example.net>:
Jan  1 00:00:00 mx exim[7]: [3/3]  550 5.1.1 User unknown
Jan  1 00:00:00 mx last message repeated 2 times
Jan  1 00:00:01 mx postfix/smtp[9]: 4C1D32F0A1: to=<a@example.net>, relay=none, delay=1, dsn=4.4.1, status=deferred (timed out)
Jan  1 00:00:02 mx sendmail[8]: 6A123456789012: to=<a@example.net>,<b@example.net>, delay=00:00:01, dsn=5.1.1, stat=User unknown
"""


@pytest.mark.parametrize("block_size", [1, 64, 120, 200, 333, 500, 800, 1 << 20])
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_log_may_be_cut_anywhere(tmp_path: Path, block_size: int, jobs: int) -> None:
    """Inside a rejection's headers, between the parts of an entry, at the New Year."""
    path = tmp_path / "mail.log"
    path.write_bytes(AWKWARD)
    assert_alike([path], Reading(year=2026), jobs=jobs, block_size=block_size)


def test_a_summary_depends_on_neither_threads_nor_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(AWKWARD + log(7, 900))

    read, add = pipeline._reader, Tallies._add_grouped

    def summary(jobs: int, block_size: int, *, in_parts: bool) -> str:
        def reader(*given: Any) -> Any:
            made = read(*given)
            made.block_size = block_size
            return made

        def added(tallies: Tallies, chunk: Any) -> None:
            add(tallies, chunk)
            if in_parts:
                tallies._take_groups()

        monkeypatch.setattr(pipeline, "_reader", reader)
        monkeypatch.setattr(Tallies, "_add_grouped", added)
        options = pipeline.Options((str(path),), year=2026, jobs=jobs, now=datetime(2026, 11, 25, tzinfo=UTC))
        return files.dumps(pipeline.run(options))

    first = summary(1, 1 << 20, in_parts=False)
    assert json.loads(first)["findings"]
    assert summary(2, 4096, in_parts=True) == first
    assert summary(3, 700, in_parts=True) == first
