"""Start-up is light: what a command does not need is not imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pandas", "numpy", "pyarrow", "duckdb", "matplotlib", "jinja2", "email_validator")


def loaded(code: str) -> set[str]:
    script = (
        f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('|'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.strip().splitlines()[-1].split("|"))


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["report", "--help"], ["codes", "show", "553"], ["codes", "compare", "220", "553"]],
)
def test_command_loads_nothing_heavy(arguments: list[str]) -> None:
    modules = loaded(f"sys.argv = ['analyzer', *{arguments!r}]; from analyzer.cli import main; main()")
    assert not modules & set(HEAVY)


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded("import analyzer") & {*HEAVY, "typer"}


def test_report_without_files_draws_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    log = tmp_path_factory.mktemp("log") / "mail.log"
    log.write_text("2026-11-24T13:14:27+00:00 mx postfix/smtpd[1]: connect from a.example.net[192.0.2.1]\n")
    modules = loaded(f"sys.argv = ['analyzer', 'report', {str(log)!r}]; from analyzer.cli import main; main()")
    assert not modules & {"matplotlib", "pandas", "jinja2"}
