"""Lines that people really have: from public bug reports, threads and documentation, with hand-checked expectations.

Each case of ``data/field-lines/*.toml`` is a file of its own. Every table below it is one line that says something; the
other keys are columns. ``NAME_any`` is one of several values, ``null`` lists columns that are empty on every row of the
line, ``event = ''`` means that no row with a reply code may come from it.
"""

from __future__ import annotations

import ipaddress
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import analyzer

FOLDER = Path(__file__).parent / "data" / "field-lines"
CASES = [case for path in sorted(FOLDER.glob("*.toml")) for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]]

#: Cases that are not right yet, each with its reason. An entry that has become right fails the test.
EXPLAINED: dict[str, str] = {}


def same(column: str, value: Any) -> Any:
    """A value after the unifications that the cases allow: case and brackets of addresses, long and short IPv6, TLS names."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if not isinstance(value, str):
        return value
    if column == "time":
        return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if column in {"sender", "recipient", "orig_recipient"}:
        return value.removeprefix("<").removesuffix(">").lower()
    if column.endswith("_ip"):
        return str(ipaddress.ip_address(value.removeprefix("IPv6:")))
    if column.endswith("_host") or column in {"host", "helo"}:
        return value.rstrip(".").lower()
    if column == "tls_version":
        return value.lower().replace("tlsv", "tls")
    return value


def wrong(case: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    found = []
    for expect in case["expect"]:
        line = expect["line"]
        of_line = [row for row in rows if row["line"] == line]
        if expect.get("event") == "":
            found += [f"line {line}: gives the code {row['reply_code']}" for row in of_line if row["reply_code"] is not None]
        elif not of_line:
            found.append(f"line {line}: gives no row")
        for key, value in expect.items():
            if key in {"line", "null", "cause", "cause_any"} or (key == "event" and value == ""):
                continue
            column = key.removesuffix("_any")
            got = [same(column, row[column]) for row in of_line]
            if key.endswith("_any"):
                right = bool(got) and all(one in [same(column, v) for v in value] for one in got)
            elif isinstance(value, list):
                right = sorted(map(str, got)) == sorted(str(same(column, v)) for v in value)
            else:
                right = bool(got) and all(one == same(column, value) for one in got)
            if not right:
                found.append(f"line {line}: {column} is {got}, not {value!r}")
        found += [
            f"line {line}: {column} is not empty" for column in expect.get("null", ()) if any(row[column] is not None for row in of_line)
        ]
    return found


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    text = case["log"].removeprefix("\n").removesuffix("\n") + "\n"
    data = text.encode()
    if case.get("crlf"):
        data = data.replace(b"\n", b"\r\n")
    (tmp_path / "mail.log").write_bytes(b"\xef\xbb\xbf" * bool(case.get("bom")) + data)
    rows = analyzer.read_events(tmp_path / "mail.log", log_timezone="UTC").to_pylist()
    found = wrong(case, rows)
    if case["id"] in EXPLAINED:
        assert found, f"{case['id']} is right now: take it out of EXPLAINED"
    else:
        assert found == [], case["why"]


def test_few_cases_need_an_explanation() -> None:
    assert len(EXPLAINED) <= 0.03 * len(CASES)


def causes_of(case: dict[str, Any], tmp_path: Path) -> list[tuple[str, list[str]]]:
    """What each line with a cause is taken for, and the causes that it may have."""
    from analyzer.causes import load

    (tmp_path / "mail.log").write_bytes((case["log"].removeprefix("\n").removesuffix("\n") + "\n").encode())
    rows = analyzer.read_events(tmp_path / "mail.log", log_timezone="UTC").to_pylist()
    found = []
    for expect in case["expect"]:
        right = [expect["cause"]] if "cause" in expect else expect.get("cause_any", [])
        for row in rows if right else []:
            if row["line"] == expect["line"] and (row["reply_class"] or 5) >= 4:
                codes = {"reply_code": row["reply_code"], "enhanced_code": row["enhanced_code"], "dsn": row["dsn"]}
                said = load().explain(row["text"] or "", speaker=row["speaker"] or "local", stage=row["stage"], **codes)
                found.append((said.cause, right))
    return found


def test_causes_of_field_lines(tmp_path: Path) -> None:
    found = [(case["id"], *pair) for case in CASES for pair in causes_of(case, tmp_path)]
    assert len(found) >= 65
    wrong_ones = [(case, cause, right) for case, cause, right in found if cause not in right]
    assert len(wrong_ones) <= 0.05 * len(found), wrong_ones
