"""What spans lines: continuations, parts, repeats, echoes, second files. Every line is counted once, whatever it holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import analyzer
from analyzer.events import Reader, Reading
from analyzer.sources import Source

REJECTED = (
    b"2026-11-24 14:22:15 H=a.example.net [192.0.2.1] F=<b@example.org> rejected RCPT <c@example.net>: 553 5.1.3 no"
)


def read(
    tmp_path: Path, *files: bytes | tuple[str, bytes], **reading: Any
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    sources = []
    for number, file in enumerate(files):
        name, content = (f"log{number}", file) if isinstance(file, bytes) else file
        path = tmp_path / name
        path.write_bytes(content)
        sources.append(Source(str(path), path, None, "", len(content)))
    reader = Reader(sources, Reading(default_year=2026, **reading))
    rows = list(reader.rows())
    return rows, reader.accounting.totals()


def events(rows: Sequence[dict[str, Any]]) -> list[tuple[int, str, int | None]]:
    return [(row["line"], row["event"], row.get("reply_code")) for row in rows]


def test_headers_in_a_rejectlog_are_continuations(tmp_path: Path) -> None:
    log = REJECTED + b"\nEnvelope-from: <b@example.org>\nP Received: from x\n\tby y\n"
    log += b"  2026-11-24 14:22:15 H=forged [192.0.2.9] rejected\n\n"
    rows, totals = read(tmp_path, log)
    assert events(rows) == [(1, "rejected", 553)]
    assert totals == {"lines": 6, "events": 1, "no_event": 5, "other_programs": 0, "unrecognised": 0, "damaged": 0}


def test_a_folded_header_that_looks_like_a_tag_is_no_event(tmp_path: Path) -> None:
    rows, totals = read(tmp_path, REJECTED + b"\nexim[9]: 1xVqtI-0001gZ-33 => forged@example.net R=r T=t\n")
    assert events(rows) == [(1, "rejected", 553)]
    assert totals["no_event"] == 1


def test_a_reject_log_beside_its_main_log_adds_nothing(tmp_path: Path) -> None:
    only_there = REJECTED.replace(b"<c@", b"<only@")
    rows, totals = read(
        tmp_path, ("rejectlog", REJECTED + b"\nhdr\n" + only_there + b"\n"), ("mainlog", REJECTED + b"\n")
    )
    assert sorted(row["recipient"] for row in rows) == [b"c@example.net", b"only@example.net"]
    assert (totals["events"], totals["no_event"]) == (2, 2)


def test_a_reject_log_alone_gives_its_events(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, ("rejectlog", REJECTED + b"\n"))
    assert events(rows) == [(1, "rejected", 553)]


def test_rejections_that_syslog_gets_twice_count_once(tmp_path: Path) -> None:
    line = b"Nov 24 14:22:15 mx exim[54]: " + REJECTED + b"\n"
    rows, totals = read(tmp_path, line * 4)
    assert events(rows) == [(1, "rejected", 553), (3, "rejected", 553)]
    assert totals["no_event"] == 2


def test_without_that_habit_equal_rejections_count_each(tmp_path: Path) -> None:
    line = b"Nov 24 14:22:15 mx exim[54]: " + REJECTED + b"\n"
    other = line.replace(b"<c@", b"<d@")
    rows, _ = read(tmp_path, line + other + line + line)
    assert len(rows) == 4


def test_parts_of_a_long_entry_are_joined_across_other_lines(tmp_path: Path) -> None:
    start, end = REJECTED[:80], REJECTED[80:]
    log = (
        b"Nov 24 14:22:15 mx exim[54]: [1/2] " + start + b"\n"
        b"Nov 24 14:22:15 mx exim[55]: " + REJECTED.replace(b"<c@", b"<z@") + b"\n"
        b"Nov 24 14:22:15 mx exim[54]: [2/2] " + end + b"\n"
    )
    rows, totals = read(tmp_path, log)
    assert {(row["line"], row["recipient"]) for row in rows} == {(1, b"c@example.net"), (2, b"z@example.net")}
    assert (totals["events"], totals["no_event"]) == (2, 1)


def test_headers_below_a_rejection_are_no_events_however_they_are_broken(tmp_path: Path) -> None:
    start = b"Nov 24 14:22:15 mx exim[54]: "
    log = start + REJECTED + b"\n" + start + b"[1\\3] " + REJECTED + b"\n"
    log += start + b"[2\\3] Envelope-from: <x@y>\n" + start + b"[3/3]   Subject: big\n"
    rows, totals = read(tmp_path, log)
    assert events(rows) == [(1, "rejected", 553)]
    assert (totals["no_event"], totals["unrecognised"]) == (3, 0)


def test_a_part_whose_rest_never_comes_is_counted(tmp_path: Path) -> None:
    _, totals = read(tmp_path, b'Nov 24 14:22:15 mx exim[54]: [1/4] 2026-11-24 14:22:15 SMTP syntax error in "X\n')
    assert totals["lines"] == 1


CONNECT = b"Nov 24 13:14:27 mx postfix/smtpd[1]: connect from a.example.net[192.0.2.1]\n"


def test_last_message_repeated_repeats_the_events(tmp_path: Path) -> None:
    rows, totals = read(tmp_path, CONNECT + b"Nov 24 13:14:28 mx last message repeated 2 times\n")
    assert events(rows) == [(1, "connected", None), (2, "connected", None), (2, "connected", None)]
    assert totals["events"] == 2


def test_message_repeated_in_brackets(tmp_path: Path) -> None:
    line = b"Nov 24 13:14:28 mx postfix/smtpd[1]: message repeated 3 times: [ connect from a.example.net[192.0.2.1]]\n"
    rows, _ = read(tmp_path, line)
    assert events(rows) == [(1, "connected", None)] * 3


def test_a_line_cut_by_a_container_runtime_is_joined(tmp_path: Path) -> None:
    stamp = b"2026-11-24T13:14:27.000000001Z stdout "
    log = stamp + b"P Nov 24 13:14:27 mx postfix/smtpd[1]: connect from a.exam\n" + stamp + b"F ple.net[192.0.2.1]\n"
    rows, totals = read(tmp_path, log)
    assert [(row["line"], row["client_host"]) for row in rows] == [(1, b"a.example.net")]
    assert (totals["events"], totals["no_event"]) == (1, 1)


def test_a_year_is_carried_over_new_year(tmp_path: Path) -> None:
    log = CONNECT.replace(b"Nov 24", b"Dec 31") + CONNECT.replace(b"Nov 24", b"Jan  1")
    rows, _ = read(tmp_path, log, year=2025)
    days = [row["time"] // 86_400_000_000 for row in rows]
    assert days[1] - days[0] == 1


def test_other_programs_are_counted_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(b"Nov 24 13:14:27 mx dovecot: imap-login: 550 5.1.1 no\nno stamp at all\n" + CONNECT)
    reader = Reader([Source("mail.log", path, None, "", None)], Reading(default_year=2026))
    assert len(list(reader.rows())) == 1
    assert reader.accounting.lines == {
        ("mail.log", "dovecot", "other_programs"): 1,
        ("mail.log", "(no program named)", "other_programs"): 1,
        ("mail.log", "postfix", "events"): 1,
    }


HOSTILE = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [
            REJECTED,
            CONNECT[:-1],
            b"Nov 24 14:22:15 mx exim[54]: [2/3] x",
            b"Nov 24 13:14:28 mx last message repeated 2 times",
        ]
    ).flatmap(
        lambda line: st.binary(max_size=20).map(lambda junk: line[: len(line) // 2] + junk + line[len(line) // 2 :])
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(HOSTILE, max_size=12))
def test_any_bytes_lose_no_line_and_raise_nothing(tmp_path_factory: Any, lines: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("any")
    content = b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
    _, totals = read(folder, content)
    assert totals["lines"] == len(lines) == sum(count for kind, count in totals.items() if kind != "lines")


def test_a_status_without_a_digit_has_no_class(tmp_path: Path) -> None:
    line = b"Nov 24 13:14:27 mx postfix/smtp[9]: 4C1D32F0A1: to=<a@example.net>, relay=none, delay=1, dsn=., status=deferred (x)\n"
    (row,), _ = read(tmp_path, line)
    assert (row["dsn"], row.get("reply_class")) == (b".", None)


def test_an_event_that_failed_has_a_cause(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(
        b"Nov 24 13:14:27 mx postfix/smtp[9]: 4C1D32F0A1: to=<a@example.net>, relay=mx.example.net[192.0.2.7]:25, delay=1, "
        b"dsn=5.2.2, status=bounced (host mx.example.net[192.0.2.7] said: 552 5.2.2 Mailbox full (in reply to RCPT TO command))\n"
        b"Nov 24 13:14:28 mx postfix/smtp[9]: 4C1D32F0A2: to=<b@example.net>, relay=mx.example.net[192.0.2.7]:25, delay=1, "
        b"dsn=2.0.0, status=sent (250 2.0.0 Ok)\n"
    )
    table = analyzer.read_events([str(path)], columns=["cause", "reply_code"])
    assert table.to_pylist() == [{"cause": "mailbox_full", "reply_code": 552}, {"cause": None, "reply_code": 250}]
