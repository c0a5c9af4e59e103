"""The README cannot lie: its generated parts are fresh, and all that users build on is named in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer import schema
from analyzer.errors import ExitStatus
from analyzer.sections import described


@pytest.fixture(scope="module")
def readme() -> str:
    return (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_generated_parts_are_fresh(root: Path) -> None:
    done = subprocess.run([sys.executable, "tools/docs.py", "--check"], cwd=root, check=False)
    assert done.returncode == 0, "run `make docs`"


def test_every_exit_code_is_explained(readme: str) -> None:
    for status in ExitStatus:
        assert re.search(rf"^\| {status.value} \|", readme, re.MULTILINE), (
            f"exit code {status.value} is not in the README"
        )


def test_every_column_event_and_section_is_named(readme: str) -> None:
    for name in (*(c.name for c in schema.EVENTS), *schema.EVENT_WORDS, *described()):
        assert f"`{name}`" in readme


def test_files_named_exist(readme: str, root: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", readme):
        assert (root / target).exists(), target


def test_version_is_the_changelogs_newest(root: Path) -> None:
    import tomllib

    import analyzer

    newest = re.search(r"^## \[([^\]]+)\]", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert newest is not None
    assert newest[1] == project == analyzer.__version__


def test_shell_blocks_of_the_readme_name_real_commands(readme: str) -> None:
    from analyzer.cli import app

    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {group.name for group in app.registered_groups}
    for block in re.findall(r"```(?:sh|console)?\n(.*?)```", readme, re.DOTALL):
        for command in re.findall(r"^\$? ?analyzer (\w+)", block, re.MULTILINE):
            assert command in known, command


def test_changelog_and_contributing_name_existing_paths(root: Path) -> None:
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:analyzer|tests|tools|sample_logs)/[\w./-]+)`", text):
        assert (root / path).exists(), path
