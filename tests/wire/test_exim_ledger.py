"""Exim's log against what went over the wire: the counts are the ledger's, or Exim has its own reason.

``basic-*`` is one run; ``default``, ``sel``, ``all`` and ``syslog`` are four machines with other log selectors, driven with
every feature (callouts, LMTP, several hosts of a domain, ACLs of every stage, hostile texts). A ledger holds one object per
reply: who gave it, at which command, its code and its text.
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
from analyzer.replies import parse_reply

DATA = Path(__file__).parent / "exim"
WIDE = ("default", "sel", "all", "syslog")
Reply = tuple[str, int, str | None]

#: Two lines of one process about one reply are never further apart; Exim waits seconds before it tries a host again.
ONE_ATTEMPT = timedelta(milliseconds=1500)

#: Remote replies that Exim never logs. Source: its transports/smtp.c, verify.c.
UNLOGGED = {
    ("starttls", 454, "4.7.0"): "`a TLS session is required, but an attempt to start TLS failed`, without the reply",
    ("helo", 550, "5.7.1"): "a refused EHLO is followed by HELO; only the answer to that is logged",
    ("rcpt", 450, "4.2.0"): "a callout that may be deferred (`defer_ok`): the client is accepted, nothing is logged",
    ("rcpt", 452, "4.2.2"): "the same",
}

#: Codes that Exim's server gives without printing them. Source: its smtp_in.c.
DEFAULT_CODES = {421, 450, 451, 452, 458, 500, 501, 503, 535, 550, 552, 554}


@cache
def ledger(name: str) -> list[dict[str, Any]]:
    packed = (DATA / f"{name}-ledger.jsonl.xz").read_bytes()
    return [json.loads(line) for line in lzma.decompress(packed).splitlines()]


def said(name: str, side: str) -> Counter[Reply]:
    found: Counter[Reply] = Counter()
    for entry in ledger(name):
        if entry["side"] == side and entry["code"] >= 400:
            parsed = parse_reply(f"{entry['code']} {entry['text']}".encode())
            found[entry["stage"], entry["code"], parsed.enhanced_code] += 1
    return found


@cache
def events(*names: str) -> list[dict[str, Any]]:
    columns = [
        *("line", "time", "queue_id", "recipient", "relay_ip", "text"),
        *("event", "speaker", "stage", "reply_code", "enhanced_code", "reply_origin"),
    ]
    rows = analyzer.read_events([DATA / f"{name}.xz" for name in names], columns=columns).to_pylist()
    # A host's line is given once the recipients' lines below it are known.
    return sorted(rows, key=lambda row: row["line"]) if len(names) == 1 else rows


def reply(row: dict[str, Any]) -> Reply:
    return row["stage"], row["reply_code"], row["enhanced_code"]


def logged(name: str, speaker: str) -> Counter[Reply]:
    rows = events(f"{name}-mainlog")
    return Counter(
        reply(row)
        for row in rows
        if row["speaker"] == speaker
        and row["reply_origin"] == "wire"
        and row["reply_code"] >= 400
        and row["stage"] != "auth"
    )


def differences(left: Counter[Any], right: Counter[Any]) -> dict[Any, tuple[int, int]]:
    return {key: (left[key], right[key]) for key in left.keys() | right.keys() if left[key] != right[key]}


def attempts(name: str) -> Counter[Reply]:
    """Remote failures counted once for each attempt, whatever number of lines Exim writes about it.

    An error of MAIL, DATA, the end of the data or the connection is logged for the host and again for each recipient; one
    of RCPT for the host, if there is another one to try, and for the recipient, if this host's stays the last word. A
    callout's reply is told where its sender or recipient is refused.
    """
    found: Counter[Reply] = Counter()
    told: dict[Any, datetime] = {}
    for row in events(f"{name}-mainlog"):
        text = row["text"] or ""
        if row["event"] == "rejected" and ": SMTP error from remote mail server after RCPT TO:<" in text:
            parsed = parse_reply(text.rpartition(">: ")[2].encode())
            found["rcpt", parsed.reply_code or 0, parsed.enhanced_code] += 1
        if row["speaker"] != "remote" or (row["reply_code"] or 0) < 400 or row["stage"] == "auth":
            continue
        key = (row["queue_id"], row["relay_ip"], reply(row), row["text"])
        last = told.get(key)
        told[key] = row["time"]
        if row["event"] != "attempt_failed" and last is not None and row["time"] - last <= ONE_ATTEMPT:
            continue
        found[reply(row)] += 1
    return found


@pytest.mark.parametrize("name", ["basic", *WIDE])
def test_every_line_is_recognised(name: str) -> None:
    recogniser = Recogniser(mta="exim")
    program = recogniser.program(b"")
    assert program is not None
    strange = []
    for line in lzma.decompress((DATA / f"{name}-mainlog.xz").read_bytes()).split(b"\n")[:-1]:
        framed = frame(line)
        if framed is None or program.matcher.match("", framed.message) is None:
            strange.append(line)
    assert strange == []


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "eod"])
def test_basic_remote_replies_are_the_ledgers(stage: str) -> None:
    wire = {key: count for key, count in said("basic", "remote").items() if key[0] == stage}
    found = {key: count for key, count in logged("basic", "remote").items() if key[0] == stage}
    assert wire == found


@pytest.mark.parametrize("name", WIDE)
def test_each_attempt_that_failed_is_logged(name: str) -> None:
    wire, found = said(name, "remote"), attempts(name)
    wire.pop(("auth", 535, "5.7.8"))
    for key, (in_ledger, in_log) in differences(wire, found).items():
        assert key in UNLOGGED, f"{key}: {in_ledger} on the wire, {in_log} in the log"
        assert in_log < in_ledger


@pytest.mark.parametrize("name", WIDE)
def test_more_replies_are_counted_only_where_several_recipients_got_one(name: str) -> None:
    for key, (in_ledger, in_log) in differences(said(name, "remote"), logged(name, "remote")).items():
        if in_log > in_ledger:
            assert in_ledger > 0
            # in `default` a next host was known but not tried, so the host line is not the only one about a RCPT
            assert key[0] != "rcpt" or name == "default"


@pytest.mark.parametrize("name", WIDE)
def test_delivered_recipients_are_the_ledgers(name: str) -> None:
    wire = Counter(recipient for entry in ledger(name) if entry["code"] < 400 for recipient in entry["recipients"])
    rows = events(f"{name}-mainlog")
    found = Counter(row["recipient"] for row in rows if row["event"] == "delivered" and row["speaker"] == "remote")
    assert wire == found
    assert {row["stage"] for row in rows if row["event"] == "delivered" and row["speaker"] == "remote"} == {"eod"}


def test_basic_rejections_are_the_ledgers_where_the_acl_sets_the_code() -> None:
    wire = Counter({key: count for key, count in said("basic", "us").items() if key[2] is not None})
    assert differences(wire, logged("basic", "us")) == {}


@pytest.mark.parametrize("name", WIDE)
def test_rejections_differ_from_the_ledger_only_by_exims_rules(name: str) -> None:
    for key, (in_ledger, in_log) in differences(said(name, "us"), logged(name, "us")).items():
        stage, code, enhanced = key
        if in_log < in_ledger:
            # a default code is not printed; `log_message` takes the message's place
            assert (enhanced is None and code in DEFAULT_CODES) or (stage, code) in {("rcpt", 553), ("mail", 553)}, key
        else:
            # a text for the log alone, or a router's, which the client did not see
            assert (stage, code) in {("mail", 553), ("rcpt", 553)}, key
            assert in_log - in_ledger <= 3


def test_the_reject_log_adds_nothing() -> None:
    def rows(*names: str) -> Counter[Any]:
        return Counter(tuple(row.values()) for row in events(*names))

    assert rows("basic-mainlog", "basic-rejectlog") == rows("basic-mainlog")


@pytest.mark.parametrize("name", WIDE)
def test_a_hosts_line_is_repeated_only_where_a_recipients_line_quotes_it(name: str) -> None:
    """Every host line that stays `wire` is the only record of its reply; every other is quoted by a line after it."""
    rows = events(f"{name}-mainlog")
    quoted = {(row["queue_id"], row["relay_ip"], reply(row), row["text"]) for row in rows if row["recipient"] is not None}
    hosts = [row for row in rows if row["event"] == "attempt_failed" and row["reply_code"] and row["queue_id"]]
    assert hosts
    for row in hosts:
        key = (row["queue_id"], row["relay_ip"], reply(row), row["text"])
        if row["reply_origin"] == "repeated":
            assert key in quoted
    assert {row["reply_origin"] for row in hosts} == {"wire", "repeated"}
