from __future__ import annotations

import csv
import io
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import report_sample as sample

from analyzer.errors import UsageError
from analyzer.report import files, folder, wording


def read(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_summary_depends_on_the_result_alone() -> None:
    assert files.dumps(sample.day()) == files.dumps(sample.day())
    summary = files.summary(sample.day())
    assert set(summary) >= {"schema", "inputs", "period", "accounting", "damage", "sections", "findings"}
    assert summary["period"] == {"first": "2026-11-22T23:00:00Z", "last": "2026-11-23T22:59:59Z"}
    moved = replace(sample.day(), notes=("said today",), zone=wording.UTC)
    assert files.dumps(moved) == files.dumps(sample.day())


def test_summary_is_json_that_a_terminal_does_not_obey() -> None:
    text = files.dumps(sample.day())
    assert all(char == "\n" or (char.isprintable() and wording.shown(char) == char) for char in set(text))
    again = json.loads(text)
    assert again["findings"][11]["text"] == sample.HOSTILE
    assert list(again) == sorted(again)
    assert again["accounting"]["lines"] == sum(n for key, n in again["accounting"].items() if key != "lines")


def test_every_section_has_a_csv_that_agrees_with_the_summary(tmp_path: Path) -> None:
    result = sample.day()
    written = files.write(result, tmp_path)
    assert {path.name for path in written} == {f"{name}.csv" for name in result.sections} | {
        "findings.csv",
        "affected.csv",
        "summary.json",
    }
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    for name, section in summary["sections"].items():
        head, *rows = read(tmp_path / f"{name}.csv")
        assert head == section["columns"]
        assert rows == [[as_cell(value) for value in row] for row in section["rows"]]


def as_cell(value: Any) -> str:
    if value is None:
        return ""
    text = wording.shown(value) if isinstance(value, str) else str(value)
    return "'" + text if isinstance(value, str) and text[:1] in tuple("=+-@") else text


@pytest.mark.parametrize("text", ["=1+2", "+1", "-cmd", "@SUM(A1)", "\tx", "\r=1"])
def test_a_spreadsheet_runs_no_cell(tmp_path: Path, text: str) -> None:
    section = sample.section("s", "S", "name text Name: n\ncount int Count: c", [(text, -5)])
    files.write(replace(sample.no_mail(), sections={"s": section}), tmp_path)
    (_, row) = read(tmp_path / "s.csv")
    assert row[0].startswith("'")
    assert row[1] == "-5"


def test_texts_of_a_csv_hold_no_control_characters(tmp_path: Path) -> None:
    for path in files.write(sample.day(), tmp_path):
        text = path.read_text(encoding="utf-8")
        assert wording.shown(text.replace("\n", "")) == text.replace("\n", "")


def test_findings_and_affected(tmp_path: Path) -> None:
    files.write(sample.day(), tmp_path)
    head, first, *rest = read(tmp_path / "findings.csv")
    contract = (
        "finding speaker reply_code enhanced_code cause text count first last recipients domains state examples fix"
    )
    assert head[:14] == contract.split()
    assert first[:4] == ["1", "us", "553", "5.7.1"]
    assert first[6] == "1284"
    assert first[12] == "/var/log/mail.log:1852; /var/log/mail.log:1861; /var/log/mail.log:902117"
    assert len(rest) == 11
    head, _, formula, *_ = read(tmp_path / "affected.csv")
    assert head == ["finding", "address", "count", "first", "last"]
    assert formula == ["1", "'=cmd|' /C calc'!A0", "1", "/var/log/mail.log:7", "/var/log/mail.log:7"]


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    for path in files.write(sample.day("h"), tmp_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "summary.json"
    target.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder.os, "fdopen", lambda *_: Full())
    with pytest.raises(UsageError, match=r"No space left on device.*try again"):
        folder.put(target, b"new")
    monkeypatch.undo()
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError):
        folder.put(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


class Full:
    """A file on a full disk."""

    def __enter__(self) -> Full:
        return self

    def __exit__(self, *_: object) -> None: ...

    def write(self, _: bytes) -> int:
        raise OSError(28, "No space left on device")


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be written"):
        files.write(sample.no_mail(), tmp_path / "file" / "out")


@pytest.mark.parametrize("make", [sample.no_mail, sample.empty_period, sample.one_line, sample.damaged])
def test_small_results_are_written_too(tmp_path: Path, make: Any) -> None:
    assert (tmp_path / "summary.json") in files.write(make(), tmp_path)
    assert json.loads(files.dumps(make()))["schema"] == 1
