"""The same lines in another framing give the same events: no column depends on what wrapped the line, but for what it lost."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import analyzer

FOLDER = Path(__file__).parent.parent / "data" / "framing"
COLUMNS = [
    *("line", "mta", "queue_id", "event", "speaker", "stage", "reply_code", "enhanced_code", "reply_origin"),
    *("dsn", "sender", "recipient", "relay_host", "relay_ip", "client_ip", "helo", "size", "delay_ms"),
]
#: Named only where the framing keeps the service's name: RFC 5424 and a relayed tag end it at the slash.
OF_THE_SERVICE = ["instance", "process", "transport"]
OTHERS = sorted(path for path in FOLDER.glob("*.log") if not path.stem.endswith("-iso"))


@cache
def events(path: Path) -> list[dict[str, Any]]:
    columns = [*COLUMNS, *OF_THE_SERVICE, "time"]
    return analyzer.read_events(path, columns=columns, year=2026, log_timezone="UTC").to_pylist()


def pairs(path: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    plain = events(FOLDER / f"{path.stem.partition('-')[0]}-iso.log")
    other = events(path)
    assert len(plain) > 10
    assert len(plain) == len(other)
    return list(zip(plain, other, strict=True))


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_events_are_the_same(path: Path) -> None:
    for plain, other in pairs(path):
        assert {column: other[column] for column in COLUMNS} == {column: plain[column] for column in COLUMNS}


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_the_service_is_the_same_where_the_framing_names_it(path: Path) -> None:
    named = 0
    for plain, other in pairs(path):
        if other["process"] != other["instance"] or plain["process"] == plain["instance"]:
            named += 1
            assert {column: other[column] for column in OF_THE_SERVICE} == {column: plain[column] for column in OF_THE_SERVICE}
        else:
            assert other["transport"] is None
    assert named or path.stem in ("postfix-rfc5424", "postfix-pri", "postfix-no_colon")


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_times_are_the_same_to_the_framings_precision(path: Path) -> None:
    for plain, other in pairs(path):
        assert abs(plain["time"] - other["time"]) < timedelta(seconds=1.2)
