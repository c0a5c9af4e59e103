"""Postfix's log against what went over the wire: the counts are the ledger's, or Postfix has its own reason.

``basic-*`` is one run in three framings, ``wide-*`` another with every feature (postscreen, milters, LMTP, probes,
hostile texts, cut lines). A ledger holds one object per reply: who gave it, at which command, its code and its enhanced
status code, whether in front of the text or at its end.
"""

from __future__ import annotations

import json
import lzma
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.framing import frame
from analyzer.matcher import Recogniser

DATA = Path(__file__).parent / "postfix"
BASIC = ("basic-iso", "basic-rfc3164", "basic-rfc5424")
WIDE = ("wide-syslog", "wide-postlogd")
TRANSACTION = ("mail", "rcpt", "data", "eod")
Reply = tuple[str | None, int, str | None]

#: Refusals that smtpd gives without a `reject:` line; what it writes instead.
#: Source: Postfix src/smtpd/smtpd.c, where log_whatsup() is called by the access checks only.
NO_REJECT_LINE = {
    500: "a command that is none: nothing, or `warning: non-SMTP command`",
    501: "syntax: `warning: Illegal address syntax`, nothing for other arguments",
    502: "a command that is not there: nothing",
    503: "commands out of order: nothing",
    504: "an argument that is not there: nothing",
    555: "parameters that are unknown: nothing",
    535: "`warning: ... SASL ... authentication failed`",
    459: "ETRN: `warning: reject: ETRN`",
    421: "`too many errors after`, `timeout after`, `warning: Connection rate limit exceeded`",
    521: "postscreen's greeting, `warning: non-SMTP command`",
    450: "`warning: Message delivery request rate limit exceeded`, at MAIL",
    451: "header and body checks and milters at the end of the message: the line has `4.7.1`, no code",
    550: "the same with 5.7.1",
    552: "`warning: ...: queue file size limit exceeded` at the end of the message",
    554: "the same with 5.7.1; `no valid recipients`; `warning: ...: message rejected: hopcount exceeded`",
}


@cache
def ledger(name: str) -> list[dict[str, Any]]:
    packed = (DATA / f"{name}-ledger.jsonl.xz").read_bytes()
    return [json.loads(line) for line in lzma.decompress(packed).splitlines()]


@cache
def events(name: str) -> list[dict[str, Any]]:
    """The columns that the ledger can be held against."""
    columns = [
        *("time", "pid", "process", "queue_id", "recipient", "relay_ip"),
        *("event", "speaker", "stage", "reply_code", "enhanced_code", "reply_origin"),
    ]
    return analyzer.read_events(DATA / f"{name}.log.xz", columns=columns, year=2026).to_pylist()


def reply(row: dict[str, Any]) -> Reply:
    return row["stage"], row["reply_code"], row["enhanced_code"]


def differences(left: Counter[Any], right: Counter[Any]) -> dict[Any, tuple[int, int]]:
    return {key: (left[key], right[key]) for key in left.keys() | right.keys() if left[key] != right[key]}


@pytest.mark.parametrize("name", [*BASIC, *WIDE])
def test_every_line_is_recognised(name: str) -> None:
    recogniser = Recogniser(mta="postfix")
    strange = []
    for line in lzma.decompress((DATA / f"{name}.log.xz").read_bytes()).split(b"\n")[:-1]:
        framed = frame(line)
        assert framed is not None
        program = recogniser.program(framed.tag)
        assert program is not None
        if program.matcher.match(program.process, framed.message) is None:
            strange.append(framed.message)
    assert strange == []


@pytest.mark.parametrize("name", BASIC)
def test_basic_remote_replies_are_the_ledgers(name: str) -> None:
    """Lines whose stage is lost count too: if one had a code of another stage, this would fail."""
    wire: Counter[Reply] = Counter()
    for row in ledger("basic"):
        if row["speaker"] == "remote" and row["stage"] in TRANSACTION:
            wire[row["stage"], row["code"], row["enhanced"]] += row.get("recipients", 1)
    said = [row for row in events(name) if row["speaker"] == "remote" and row["reply_origin"] == "wire"]
    log = Counter(reply(row) for row in said if row["reply_code"] and row["stage"] in (*TRANSACTION, None))
    assert wire.total() == 1168
    assert differences(wire, log) == {}


@pytest.mark.parametrize("name", BASIC)
def test_basic_refusals_are_the_ledgers(name: str) -> None:
    ours = [row for row in events(name) if row["speaker"] == "us" and row["reply_code"]]
    said = [row for row in ledger("basic") if row["speaker"] == "us" and row["code"] >= 400]
    wire = Counter((row["code"], row["enhanced"]) for row in said)
    log = Counter((row["reply_code"], row["enhanced_code"]) for row in ours)
    assert log.total() == 97
    assert {code for code, _ in differences(wire, log)} <= {500, 501, 502, 503, 504, 555}
    assert all(in_log < on_wire for on_wire, in_log in differences(wire, log).values())


@pytest.mark.parametrize("name", WIDE)
def test_wide_deliveries_are_the_ledgers(name: str) -> None:
    """Exactly the recipients whose 250 stood on the wire, in spite of remote texts that hold `status=sent (250`."""
    accepted = [row for row in ledger("wide") if row["log"] == name[5:] and row["code"] == 250]
    delivered = [row for row in events(name) if row["event"] == "delivered" and row["reply_code"] == 250]
    wire = Counter(recipient.lower() for row in accepted for recipient in row["recipients"])
    log = Counter(row["recipient"].lower() for row in delivered)
    assert wire.total() == {"wide-syslog": 903, "wide-postlogd": 220}[name]
    assert differences(wire, log) == {}


def one_per_reply(rows: list[dict[str, Any]], pause: timedelta) -> Counter[Reply]:
    """Postfix logs a reply that concerns the whole message once for each recipient: at once, in one process.

    A reply to RCPT is for one recipient, and so is each of an LMTP server's at the end of the message (RFC 2033 4.2).
    """
    found: Counter[Reply] = Counter()
    last: dict[Any, datetime] = {}
    for row in rows:
        key = (row["pid"], row["queue_id"], row["relay_ip"], reply(row))
        own = row["stage"] == "rcpt" or (row["process"] == "lmtp" and row["stage"] == "eod")
        again = key in last and row["time"] - last[key] <= pause
        last[key] = row["time"]
        if own or not again:
            found[reply(row)] += 1
    return found


@pytest.mark.parametrize("name", WIDE)
def test_wide_remote_replies_are_the_ledgers(name: str) -> None:
    """Probes were said on the wire too, so they count here; what a line only repeats does not."""
    wire = Counter(
        (row["stage"], row["code"], row["enhanced"])
        for row in ledger("wide")
        if row["log"] == name[5:] and row["speaker"] == "remote" and row["code"] >= 400
    )
    said = [
        row
        for row in events(name)
        if row["speaker"] == "remote" and (row["reply_code"] or 0) >= 400 and row["reply_origin"] in ("wire", "probe")
    ]
    log = one_per_reply(said, timedelta(seconds=1.5))
    # Postfix cuts a message at 2,000 bytes: of five very long replies the code is left, `(in reply to ...)` is not.
    cut = {
        ("rcpt", 452, None): (9, 7), (None, 452, None): (0, 2),
        ("rcpt", 471, "4.7.1"): (15, 13), (None, 471, "4.7.1"): (0, 2),
        ("eod", 550, "5.1.1"): (1, 0), (None, 550, "5.1.1"): (0, 1),
    }  # fmt: skip
    assert differences(wire, log) == (cut if name == "wide-syslog" else {})


@pytest.mark.parametrize("name", WIDE)
def test_wide_refusals_are_the_ledgers(name: str) -> None:
    """A milter's refusal of EHLO is logged twice and said once, at MAIL; warn_if_reject is never said."""
    wire = Counter(
        (row["stage"], row["code"], row["enhanced"])
        for row in ledger("wide")
        if row["log"] == name[5:] and row["speaker"] == "us" and row["code"] >= 400
    )
    ours = [row for row in events(name) if row["speaker"] == "us" and row["reply_code"]]
    log = Counter(reply(row) for row in ours if row["reply_origin"] == "wire")
    assert Counter(row["stage"] for row in ours if row["reply_origin"] == "own") == (
        {"helo": 2, "rcpt": 1} if name == "wide-syslog" else {}
    )
    missing = differences(wire, log)
    assert all(in_log < on_wire for on_wire, in_log in missing.values())
    assert {code for _, code, _ in missing} <= NO_REJECT_LINE.keys()
    for stage, code, _ in missing:
        if stage == "rcpt":
            assert code in (421, 500, 501, 503, 555)  # nothing that an access check decides


def test_wide_repeated_replies_do_not_count() -> None:
    rows = events("wide-syslog")
    assert sum(row["reply_origin"] == "repeated" for row in rows) == 137
    assert {row["event"] for row in rows if row["reply_origin"] == "repeated"} == {"deferred"}
    assert {row["event"] for row in rows if row["reply_origin"] == "probe"} == {"probed"}


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (b"postfix/smtps/smtpd", ("postfix/smtps", "smtpd")),
        (b"mx1-out/smtp", ("mx1-out", "smtp")),
        (b"postfix-mx", ("postfix-mx", "postfix-mx")),  # rsyslog's default cuts at the /
        (b"postfix/postfix-script", ("postfix", "postfix-script")),
        (b"postfix/policy-spf", None),
        (b"postfix-tlspol", None),
    ],
)
def test_programs_of_postfix(tag: bytes, expected: tuple[str, str] | None) -> None:
    program = Recogniser(mta="postfix").program(tag)
    assert (None if program is None else (program.instance, program.process)) == expected
