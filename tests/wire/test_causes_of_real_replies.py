"""Every failing reply of the real runs has a cause, but for those that truly say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import analyzer
from analyzer.causes import load

DATA = Path(__file__).parent
LOGS = sorted([*DATA.glob("*/*iso*.log.xz"), *DATA.glob("postfix/wide-*.log.xz"), *DATA.glob("exim/*-mainlog.xz")])
#: Replies that say nothing: markup, terminal escapes, a forged field, and an access list's own joke.
SAYS_NOTHING = {
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    "\\033[31mred\\033[0m\\007 bell\ttab",
    "\\033[31mred\\033[0m\\007 bell\\ttab",
    "status=sent (250 2.0.0 Ok: queued as 4ABCDEF012)",
    "wrong class of code for a deny",
}


@pytest.mark.parametrize("log", LOGS, ids=lambda path: f"{path.parent.name}-{path.name.partition('.')[0]}")
def test_failing_replies_have_a_cause(log: Path) -> None:
    columns = ["text", "reply_code", "enhanced_code", "dsn", "reply_class", "reply_origin", "speaker", "stage"]
    rows = analyzer.read_events(log, columns=columns, year=2026).to_pylist()
    book = load()
    distinct = {
        (row["text"] or "", row["reply_code"], row["enhanced_code"], row["speaker"], row["stage"], row["dsn"])
        for row in rows
        if row["reply_origin"] == "wire" and (row["reply_class"] or 0) >= 4
    }
    assert len(distinct) > 20
    unknown = {
        text
        for text, code, enhanced, speaker, stage, dsn in distinct
        if book.cause_of(text, reply_code=code, enhanced_code=enhanced, speaker=speaker, stage=stage, dsn=dsn) == "unknown"
    }
    assert unknown <= SAYS_NOTHING
