"""Builds the sdist and the wheel, installs each into an empty environment and runs a report there: `make dist`.

The sdist is installed twice: with a compiler, and as on a machine without one, where the reference engine must do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
LOG = ROOT / "sample_logs" / "postfix"
#: Files that the program reads while it runs: a package without one of them fails only at its users'.
DATA_SUFFIXES = (".toml", ".sql", ".j2", ".css", ".js")
#: Without a caller's way to other modules: what is tried out must be what was installed.
_OWN = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def main() -> None:
    """Build, check, install, run; one line for each step, exit code 1 at the first that fails."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # a wheel takes what an earlier build left there
    with TemporaryDirectory(prefix="analyzer-dist-") as name:
        folder = Path(name)
        builder = environment(folder / "builder")
        run(builder, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "build", "Cython")
        run(builder, "-m", "cython", "-3", str(ROOT / "analyzer" / "matcher" / "_native.pyx"))
        run(builder, "-m", "build", "--outdir", str(ROOT / "dist"), str(ROOT))
        (sdist,), (wheel,) = (list((ROOT / "dist").glob(pattern)) for pattern in ("*.tar.gz", "*.whl"))
        with tarfile.open(sdist) as archive:
            check_contents(sdist.name, [member.name.partition("/")[2] for member in archive.getmembers()])
        with zipfile.ZipFile(wheel) as archive_:
            check_contents(wheel.name, archive_.namelist())
        try_out(folder / "wheel", wheel, "compiled")
        try_out(folder / "sdist", sdist, "compiled")
        try_out(folder / "plain", sdist, "reference", CC="/bin/false", CXX="/bin/false")
    print(f"dist/{wheel.name} and dist/{sdist.name} install and run.")


def environment(folder: Path) -> Path:
    """The Python of a new, empty environment."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(*command: str | Path, cwd: Path | None = None, **variables: str) -> str:
    """Run Python and give what it prints; where it fails, say what it said and stop."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=_OWN | variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def check_contents(archive: str, names: list[str]) -> None:
    """Everything that the package needs is in it, and nothing that is only ours."""
    held = set(names)
    needed = {
        str(path.relative_to(ROOT)) for path in (ROOT / "analyzer").rglob("*") if path.suffix in (".py", *DATA_SUFFIXES)
    }
    if missing := sorted(needed - held):
        sys.exit(f"{archive} lacks {', '.join(missing)}: name them in pyproject.toml, [tool.setuptools.package-data].")
    if archive.endswith(".tar.gz") and not any(name.endswith("_native.c") for name in held):
        sys.exit(f"{archive} lacks the generated C of the compiled engine.")
    if extra := sorted(name for name in held if name.startswith(("tests/", "benchmarks/", "build/", "out/"))):
        sys.exit(f"{archive} holds {extra[0]} and {len(extra) - 1} more: they are not for users.")


def try_out(folder: Path, archive: Path, engine: str, **variables: str) -> None:
    """Install an archive into an empty environment, and run it from an empty folder."""
    python = environment(folder)
    empty = folder / "empty"
    empty.mkdir()
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", archive, cwd=empty, **variables)
    said = run(python, "-m", "analyzer", "--version", cwd=empty).strip()
    if f"engine: {engine}" not in said:
        sys.exit(f"{archive.name} was installed for the {engine} engine, but says {said!r}.")
    run(python, "-m", "analyzer", "report", LOG, "-o", "out", cwd=empty)
    made = {path.name for path in (empty / "out").iterdir()}
    if not {"report.html", "summary.json", "findings.csv", "plots"} <= made:
        sys.exit(f"{archive.name}: a report wrote only {', '.join(sorted(made))}.")
    print(f"{archive.name}: {said}, a report was written.")


if __name__ == "__main__":
    main()
