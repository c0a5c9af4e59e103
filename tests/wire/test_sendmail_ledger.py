"""sendmail's log against what went over the wire, as far as sendmail logs it; each exception with sendmail's own reason.

sendmail never says at which command a reply came. It puts all recipients that share a result on one line, so a reply to
MAIL, DATA or the end of the data is one reply on the wire, one line, and one row for each recipient; a reply to RCPT is one
of each. Of a reply in several lines it keeps the first.
"""

from __future__ import annotations

import json
import lzma
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.framing import frame
from analyzer.matcher import Recogniser

DATA = Path(__file__).parent / "sendmail"
BASIC = ("basic-iso", "basic-rfc3164", "basic-rfc5424")
WIDE = ("ll9", "ll14")

#: What sendmail's server says without printing the code. Source: sendmail srvrsmtp.c, parseaddr.c; usrerr() logs the words
#: (`<x>... User unknown`, `<x>... Colon illegal in host name part`), only rulesets and milters log `reject=CODE`.
WITHOUT_CODE = {
    500: "commands that are none: nothing, or `lost input channel`",
    501: "syntax of an address or of an argument: the words alone",
    502: "commands that are switched off: nothing",
    503: "commands out of order: nothing",
    504: "parameters of AUTH: nothing",
    555: "parameters that are unknown: nothing",
    530: "`AUTH` or `STARTTLS` first: nothing",
    535: "`AUTH failure`, without the code",
    421: "too many bad commands, a timeout: words alone",
    450: "a greylisting milter at RCPT that is logged at the end, a rate: words alone",
    452: "too many recipients: words alone",
    454: "AUTH that is not there: nothing",
    550: "`User unknown` from the alias and user look-up",
    551: "an access map's text for a user: words alone",
    552: "SIZE= over the limit: `message size (N) exceeds maximum value`",
    553: "syntax of an address, names that are ambiguous: the words alone",
    554: "a loop or a system error: `SYSERR`",
}

#: (log, code) where lines and replies differ, and why.
WIDE_EXCEPTIONS = {
    ("ll9", 452): "one message was over before its second reply was logged",
    ("ll9", 454): "STARTTLS refused: `stat=Deferred: 454 4.7.0 TLS handshake failed.` is sendmail's own verdict",
    ("ll14", 454): "the same",
    ("ll9", 553): "two lines of a server that talks garbage: the ledger has no reply of it, sendmail took its line for one",
    ("ll14", 553): "the same",
}


@cache
def ledger(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lzma.decompress((DATA / f"{name}-ledger.jsonl.xz").read_bytes()).splitlines()]


@cache
def events(name: str) -> list[dict[str, Any]]:
    path = DATA / (f"{name}.log.xz" if name.startswith("basic") else f"{name}-iso.log.xz")
    columns = ["line", "event", "speaker", "stage", "reply_code", "enhanced_code", "reply_origin", "recipient", "dsn", "relay_ip"]
    return analyzer.read_events(path, columns=columns, year=2026).to_pylist()


def said(name: str, speaker: str) -> list[dict[str, Any]]:
    rows = events(name)
    return [row for row in rows if row["speaker"] == speaker and row["reply_origin"] == "wire" and row["reply_code"]]


def differences(left: Counter[Any], right: Counter[Any]) -> dict[Any, tuple[int, int]]:
    return {key: (left[key], right[key]) for key in left.keys() | right.keys() if left[key] != right[key]}


@pytest.mark.parametrize("name", [*BASIC, *WIDE])
def test_every_line_is_recognised(name: str) -> None:
    path = DATA / (f"{name}.log.xz" if name.startswith("basic") else f"{name}-iso.log.xz")
    recogniser = Recogniser(mta="sendmail")
    strange = []
    for line in lzma.decompress(path.read_bytes()).split(b"\n")[:-1]:
        framed = frame(line)
        assert framed is not None
        program = recogniser.program(framed.tag)
        if program is not None and program.matcher.match(program.process, framed.message) is None:
            strange.append(framed.message)
    assert strange == []


@pytest.mark.parametrize("name", BASIC)
def test_basic_remote_replies_are_the_ledgers(name: str) -> None:
    """Failures at mail, rcpt, data and eod, exactly; the five 554 of the banner have no stage in the log either.

    `stat=Sent` prints no code, so the 250s have none.
    """
    wire = Counter((row["code"], row["enhanced"]) for row in ledger("basic") if row["speaker"] == "remote" and row["code"] >= 400)
    log = Counter((row["reply_code"], row["enhanced_code"]) for row in said(name, "remote"))
    assert wire.total() == 524
    assert differences(wire, log) == {}


@pytest.mark.parametrize("name", BASIC)
def test_basic_deliveries_are_the_ledgers(name: str) -> None:
    """One by one where the wire has the address as it was given; quoted, commented and aliased ones in number."""
    wire = Counter(row["recipient"].lower() for row in ledger("basic") if row.get("recipient"))
    delivered = [row for row in events(name) if row["event"] == "delivered" and row["speaker"] == "remote"]
    log = Counter(row["recipient"].lower() for row in delivered)
    assert wire.total() == log.total() == 841
    assert (wire & log).total() >= 790
    assert all(row["dsn"].startswith("2.") for row in delivered)


@pytest.mark.parametrize("name", [*BASIC, *WIDE])
def test_refusals_by_our_server_are_the_ledgers_where_the_code_is_logged(name: str) -> None:
    wire = Counter(
        (row["code"], row["enhanced"]) for row in ledger(name.partition("-")[0]) if row["speaker"] == "us" and row["code"] >= 400
    )
    log = Counter((row["reply_code"], row["enhanced_code"]) for row in said(name, "us"))
    assert log.total() > 80
    for (code, enhanced), (in_ledger, in_log) in differences(wire, log).items():
        assert code in WITHOUT_CODE, f"{code} {enhanced}: {in_ledger} on the wire, {in_log} in the log"
        assert in_log <= in_ledger + 1, f"{code} {enhanced}: said {in_ledger} times, logged {in_log} times"


@pytest.mark.parametrize("name", WIDE)
def test_wide_remote_replies_lie_between_lines_and_recipients(name: str) -> None:
    """By code: of an enhanced code sendmail keeps only what fits the first line and its 203 bytes.

    What the submission program hears from our own server (relay 127.0.0.1) is in no remote ledger.
    """
    wire = Counter(row["code"] for row in ledger(name) if row["speaker"] == "remote" and row["code"] >= 400)
    remote = [row for row in said(name, "remote") if row["relay_ip"] != "127.0.0.1"]
    rows = Counter(row["reply_code"] for row in remote)
    lines = Counter(code for code, _ in {(row["reply_code"], row["line"]) for row in remote})
    assert rows.total() > 300
    for code in wire.keys() | rows.keys():
        if (name, code) not in WIDE_EXCEPTIONS:
            assert lines[code] <= wire[code] <= rows[code], f"{code}: {lines[code]} lines, {wire[code]} replies, {rows[code]} rows"


@pytest.mark.parametrize("name", [*BASIC, *WIDE])
def test_a_reply_to_our_quit_is_no_reply_to_a_message(name: str) -> None:
    """After a 421 sendmail logs `reply=221 ...`, the answer to its own QUIT; the real one stands in `stat=Deferred:`."""
    assert not [row for row in events(name) if row["reply_code"] == 221]
    assert [row for row in said(name, "remote") if row["reply_code"] == 421]
