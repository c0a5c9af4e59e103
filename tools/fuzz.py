"""Mutated lines through the compiled engine: under sanitizers, then beside the reference engine. `make fuzz`.

First the extension is built once more with the address and undefined-behaviour sanitizers, and every line is read in a heap
block of exactly its length: one byte read too far ends the run. Then both engines read other mutated lines, and every
event must be equal. ``--lines``, ``--compare`` and ``--seed`` set how many lines, and which.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "fuzz"
NAME = "analyzer.matcher._native"
FLAGS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer")
#: What a stranger may put anywhere: what templates look for, and bytes that break texts.
PIECES = (
    *(b'"', b"\\", b"<", b">", b' <"', b": ", b"; from=<", b'C="', b", stat=", b"[", b"]", b"(", b")", b"=", b"{", b"}", b"@"),
    *(b"\r", b"\0", b"\x1b", b"\xff", b"\xe2\x80", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"  ", b"\t", b"[1/2] ", b"[2\\2]"),
    *(b"99999999999999999999", b"-1", b"1.2.3.4", b"[IPv6:::1]", b"::", b"550 5.1.1 ", b"(in reply to RCPT TO command)"),
    *(b" H=", b" T=\"", b"to=<", b"ruleset=", b"reject=550", b"status=", b"NOQUEUE: ", b"1xSk8o-000Q0w-8k ", b"<22>", b"<22>1 - - - - - "),
)  # fmt: skip
BLOCK = 400  # lines that are also read together, counted and handed over


def main() -> None:
    """Build, then run both parts; exit code 1 where anything is found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines under the sanitizers [%(default)s]")
    parser.add_argument("--compare", type=int, default=400_000, help="lines that both engines read [%(default)s]")
    parser.add_argument("--seed", type=int, default=1, help="which lines [%(default)s]")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        under_sanitizers(options.lines, options.seed)
        return
    if options.lines:
        done = subprocess.run(
            [sys.executable, __file__, "--inside", "--lines", str(options.lines), "--seed", str(options.seed)],
            env=os.environ | sanitized(build()),
            check=False,
        )
        if done.returncode:
            sys.exit(f"The sanitizers stopped at the line above (exit code {done.returncode}).")
    if options.compare:
        compare(options.compare, options.seed)


def build() -> Path:
    """The extension with sanitizers."""
    BUILD.mkdir(parents=True, exist_ok=True)
    source = ROOT / "analyzer" / "matcher" / "_native.pyx"
    made = BUILD / ("_native" + sysconfig.get_config_var("EXT_SUFFIX"))
    subprocess.run([sys.executable, "-m", "cython", "-3", str(source), "-o", str(BUILD / "_native.c")], check=True)
    include = sysconfig.get_paths()["include"]
    compiler = os.environ.get("CC", "gcc")
    subprocess.run([compiler, "-shared", "-fPIC", "-w", *FLAGS, f"-I{include}", str(BUILD / "_native.c"), "-o", str(made)], check=True)
    return made


def sanitized(made: Path) -> dict[str, str]:
    """The environment in which an extension with sanitizers can be loaded."""
    compiler = os.environ.get("CC", "gcc")
    libraries = [
        subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    return {
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "ANALYZER_FUZZ": str(made),
    }


def under_sanitizers(lines: int, seed: int) -> None:
    """Read mutated lines, each alone; now and then many of them together, to the end of the way."""
    made = os.environ["ANALYZER_FUZZ"]
    spec = importlib.util.spec_from_file_location(NAME, made)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[NAME])
    from analyzer.events.columns import ALL
    from analyzer.events.native import Times, _Scanners, set_up
    from analyzer.matcher import Recogniser
    from analyzer.matcher.program import program_for
    from analyzer.tallies.table import specs

    engine = sys.modules[NAME]
    program = program_for()
    set_up(engine, program)
    every = [column.name for column in ALL]
    alone = _Scanners(engine, program, Recogniser(), every, seen=False).scanner()
    counted = _Scanners(engine, program, Recogniser(), list(engine.GROUPED), seen=False).scanner()
    groups = engine.Groups(specs(), 900)
    held: list[bytes] = []
    for number, line in enumerate(mutated_lines(seed), 1):
        show(number, lines, line)
        alone.scan(line, True)
        engine.normalised(line.decode("utf-8", "backslashreplace").encode())
        held.append(line.replace(b"\n", b" "))
        if len(held) == BLOCK:
            for scanner, names in ((alone, every), (counted, list(engine.GROUPED))):
                batch = scanner.scan(b"\n".join(held), True)
                batch.resolve(0, batch.native_rows, Times(UTC, 2026, None, 2026))
                batch.finish("log", 0, 0, None, None)
                made_of = engine.Batches([batch], names)
                made_of.__arrow_c_stream__()
                if scanner is counted:
                    groups.add(made_of, 900)
                    if number % 50_000 < BLOCK:
                        taken = [groups.take(table) for table in range(len(specs()))]
                        assert sum(part.num_rows for part in taken) > 0
                        groups.clear()
            held = []
        if number >= lines:
            break
    print(f"{lines:,} mutated lines were read under the sanitizers: nothing found.")


def show(number: int, lines: int, line: bytes) -> None:
    """Progress on a terminal; the line itself to a file, from which the one that was fatal can be read."""
    if number % 1000 == 0 and sys.stderr.isatty():
        print(f"\r{number:,} of {lines:,}", end="", file=sys.stderr)
    with LAST.open("wb") as file:
        file.write(line)


LAST = BUILD / "last-line"


def compare(lines: int, seed: int) -> None:
    """Read mutated lines with both engines, a few thousand at a time: every event and every count must be equal."""
    from analyzer.events import ALL, Reader, Reading
    from analyzer.events.native import CompiledReader
    from analyzer.sources import find

    source = mutated_lines(seed + 1)
    read = 0
    with TemporaryDirectory(prefix="analyzer-fuzz-") as folder:
        path = Path(folder) / "mail.log"
        while read < lines:
            path.write_bytes(b"\n".join(next(source).replace(b"\n", b" ") for _ in range(4000)))
            read += 4000
            sources = find([str(path)], time_of=lambda _: None).sources
            readers: list[Any] = [Reader(sources, Reading(default_year=2026)), CompiledReader(sources, Reading(default_year=2026))]
            reference, compiled = ([row for batch in reader.batches(ALL) for row in batch.to_pylist()] for reader in readers)
            for mine, other in zip(compiled, reference, strict=False):
                if mine != other:
                    text = path.read_bytes().split(b"\n")[other["line"] - 1]
                    wrong = {name: (mine[name], other[name]) for name in mine if mine[name] != other[name]}
                    sys.exit(f"The engines differ (compiled, reference): {wrong}\n{text!r}")
            if len(compiled) != len(reference) or +readers[0].accounting.lines != +readers[1].accounting.lines:
                keep = BUILD / "differs.log"
                keep.parent.mkdir(parents=True, exist_ok=True)
                keep.write_bytes(path.read_bytes())
                sys.exit(f"The engines differ in number of events or in the accounting of lines: see {keep}.")
            if sys.stderr.isatty():
                print(f"\r{read:,} of {lines:,}", end="", file=sys.stderr)
    print(f"{read:,} mutated lines gave the same events with both engines.")


def mutated_lines(seed: int) -> Iterator[bytes]:
    """Lines without end: the samples' lines, with pieces put in, taken out, doubled, cut and spliced."""
    rnd = random.Random(seed)
    seeds = list(dict.fromkeys(known_lines()))
    while True:
        line = rnd.choice(seeds)
        for _ in range(rnd.choice((0, 1, 1, 2, 3, 6))):
            line = mutated(rnd, line, seeds)
        yield line


def mutated(rnd: random.Random, line: bytes, seeds: list[bytes]) -> bytes:
    """One mutation."""
    at = rnd.randrange(len(line) + 1)
    to = min(len(line), at + rnd.randrange(1, 24))
    kind = rnd.randrange(8)
    if kind <= 2:
        return line[:at] + rnd.choice(PIECES) + line[at:]
    if kind == 3:
        return line[:at] + line[to:]
    if kind == 4:
        return line[:to] + line[at:to] * rnd.choice((1, 2, 200)) + line[to:]
    if kind == 5:
        return line[:at]
    if kind == 6:
        other = rnd.choice(seeds)
        return line[:at] + other[rnd.randrange(len(other) + 1) :]
    return line[:at] + bytes([rnd.randrange(256)]) + line[at + 1 :]


def known_lines() -> Iterator[bytes]:
    """The grammars' samples, framed as syslog and bare, and the lines of the sample logs."""
    for path in sorted((ROOT / "analyzer" / "grammar").glob("*.toml")):
        grammar = tomllib.loads(path.read_text("utf-8"))
        for entry in grammar["line"]:
            for sample in entry.get("sample", ()):
                line = sample["line"].encode()
                tag = {"postfix": f"postfix/{sample.get('process', 'smtpd')}", "exim": "exim", "sendmail": "sm-mta"}[path.stem]
                yield f"Nov 24 13:14:27 mx {tag}[12]: ".encode() + line
                yield b"2026-11-24 13:14:27 " + line if path.stem == "exim" else b"<22>1 2026-11-24T13:14:27Z mx sendmail 7 - - " + line
    for path in sorted((ROOT / "sample_logs").rglob("*")):
        if path.is_file() and path.suffix not in (".md", ".gz"):
            yield from path.read_bytes().split(b"\n")[:3000]


if __name__ == "__main__":
    main()
