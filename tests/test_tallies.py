"""Tallies add up: whatever the chunks, their order and the number of merges, the answers are the same."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from event_rows import MINUTE, START, Row, busy_hours, chunk, delivery, message, row, tallied

from analyzer import catalogue, findings, sections
from analyzer.errors import SectionError, UsageError
from analyzer.tallies import MERGES, Own, Tallies, bars, tallies
from analyzer.tallies.header import check_columns, read_header

FORBIDDEN = ("any_value", "first(", "last(", "approx", "avg(", "::float", "random", "now(")


def answers(tallied_events: Tallies) -> tuple[Any, ...]:
    known = catalogue.load()
    found = findings.find(tallied_events, known, recurring=2)
    return (
        tallied_events.period,
        tallied_events.axis(),
        sections.run(tallied_events, catalogue=known),
        found,
        findings.code_examples(tallied_events),
    )


def pieces(rows: list[Row], rng: random.Random) -> list[list[Row]]:
    cuts = sorted(rng.sample(range(1, len(rows)), rng.randrange(1, 12)))
    return [rows[start:end] for start, end in pairwise([0, *cuts, len(rows)])]


@pytest.mark.parametrize("seed", range(3))
def test_chunks_cut_anywhere_and_in_any_order_give_the_same_answers(seed: int) -> None:
    rng = random.Random(seed)
    rows = busy_hours(seed)
    with tallied(rows) as whole:
        expected = answers(whole)
    assert len(expected[3][0]) > 5
    assert all(section.rows for name, section in expected[2].items())
    parts = pieces(rows, rng)
    rng.shuffle(parts)
    for part in parts:
        rng.shuffle(part)
    with Tallies(UTC, threads=1) as cut:
        for number, part in enumerate(parts):
            cut.add(chunk(part))
            if number == 1:
                cut.merge()  # more chunks may follow a merge
        cut.merge()
        assert answers(cut) == expected
        cut.merge()
        assert answers(cut) == expected


def test_a_reader_that_can_be_read_once_is_counted_like_a_table() -> None:
    rows = busy_hours(1, 100)
    with tallied(rows) as table, Tallies(UTC) as reader:
        reader.add(chunk(rows).to_reader(max_chunksize=7))
        reader.merge()
        assert answers(reader) == answers(table)


def test_no_pyarrow_is_needed() -> None:
    """What matters to start-up: with a compiled matcher nothing else loads it."""
    program = """
import sys
from datetime import UTC
from analyzer.tallies import Tallies
with Tallies(UTC) as tallies:
    tallies.merge()
    assert tallies.rows("SELECT count(*) FROM pairs") == [(0,)]
assert not {"pyarrow", "numpy", "pandas"} & set(sys.modules), "loaded"
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parent.parent)


def test_an_empty_log_gives_empty_sections() -> None:
    with tallied([]) as nothing:
        assert nothing.period is None
        assert nothing.axis() == (0, ())
        made = sections.run(nothing)
        assert made["totals"].rows[0][:2] == ("accepted", 0)
        assert made["traffic"].rows == made["destinations"].rows == ()
        assert findings.find(nothing, catalogue.load()) == ([], (0, 0))


def test_what_is_spilled_lies_in_a_private_folder_that_goes_away() -> None:
    with tallied(busy_hours(2, 50)) as some:
        folder = Path(some._database._folder.name)
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_files_and_lines_come_back_from_a_reference() -> None:
    rows = [delivery(n, "bounced", f"Q{n}", "x@example.net", file="b.log", file_no=2) for n in (10**9, 7, 8)]
    with tallied(rows) as some:
        (finding,) = findings.find(some, catalogue.load())[0]
    assert [(example.file, example.line) for example in finding.examples] == [
        ("b.log", 7),
        ("b.log", 8),
        ("b.log", 10**9),
    ]


# ---- the drawer: every tally has a header, and nothing in it depends on order
@pytest.mark.parametrize("tally", tallies(), ids=lambda tally: tally.name)
def test_a_tally_depends_on_no_order(tally: Any) -> None:
    assert tally.measures
    assert all(way in MERGES for _, way, _ in tally.measures)
    assert not [word for word in FORBIDDEN if word in tally.sql.lower()]
    assert "group by all" in tally.sql.lower()


def test_a_header_that_forgets_a_column_is_refused() -> None:
    with pytest.raises(SectionError, match=r"describes the columns a in its header, but its SQL gives a, b: make"):
        check_columns("x.sql", ("a",), ("a", "b"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("--no header\nSELECT 1", "line 1 is no header line"), ("-- title:\nSELECT 1", "has no line `-- title: ...`")],
)
def test_a_wrong_header_is_refused_with_its_cure(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "wrong.sql"
    path.write_text(text)
    with pytest.raises(SectionError, match=complaint):
        read_header(path).text("title")


# ---- recipients: delivered + waiting + bounced + discarded
def state_of(*rows: Row) -> list[str]:
    with tallied(list(rows)) as some:
        return [state for (state,) in some.rows("SELECT state FROM pairs ORDER BY state")]


def test_delivered_wins_over_what_is_said_later() -> None:
    late = delivery(3, "deferred", "Q1", "x@example.net")
    assert state_of(message(1, "Q1"), delivery(2, "delivered", "Q1", "X@example.net"), late) == ["delivered"]


def test_the_last_line_decides_by_time_then_file_then_line() -> None:
    bounced = delivery(9, "bounced", "Q1", "x@example.net", at=5)
    assert state_of(bounced, delivery(2, "deferred", "Q1", "x@example.net", at=6)) == ["waiting"]
    assert state_of(bounced, delivery(2, "deferred", "Q1", "x@example.net", at=5, file_no=1)) == ["waiting"]
    assert state_of(bounced, delivery(2, "deferred", "Q1", "x@example.net", at=5)) == ["bounced"]
    assert state_of(bounced, delivery(10, "deferred", "Q1", "x@example.net", at=None)) == ["bounced"]


def test_a_message_given_up_bounces_those_that_still_waited() -> None:
    rows = [delivery(2, "deferred", "Q1", "x@example.net"), delivery(2, "delivered", "Q1", "y@example.net")]
    assert state_of(*rows, row(9, "expired", queue_id="Q1", process="qmgr")) == ["bounced", "delivered"]


def test_a_redirected_address_is_not_counted_its_new_one_is() -> None:
    redirected = row(2, "redirected", queue_id="Q1", recipient="old@example.net")
    assert state_of(redirected, delivery(3, "delivered", "Q1", "new@example.net")) == ["delivered"]


def test_a_held_message_waits_until_it_goes_on_to_other_addresses() -> None:
    held = row(2, "held", queue_id="Q1", recipient="alias@example.net")
    assert state_of(held) == ["waiting"]
    assert state_of(held, delivery(3, "delivered", "Q1", "real@example.net")) == ["delivered"]


def test_the_submission_service_and_the_queue_manager_speak_of_one_message() -> None:
    client = row(1, "info", queue_id="Q1", instance="postfix/submission", process="smtpd", client_ip="10.0.0.9")
    with tallied([client, message(2, "Q1"), message(3, "Q1", instance="postfix-out")]) as some:
        assert some.rows("SELECT count(*), count(client_key) FROM messages") == [(2, 1)]


# ---- bars
def test_the_bars_are_those_of_the_table_in_the_page_design() -> None:
    day = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp()) * 1_000_000
    hour = 60 * MINUTE
    spans = [(hour, 60, 60), (24 * hour, 24, 3600), (30 * 24 * hour, 30, 86400), (365 * 24 * hour, 53, 7 * 86400)]
    for span, count, width in spans:
        axis = bars.axis(day, day + span - 1, UTC)
        assert (len(axis.starts), axis.seconds) == (count, width)


def test_days_with_daylight_saving_have_23_or_25_hours() -> None:
    zone = ZoneInfo("Europe/Madrid")
    for month, day, hours in [(3, 29, 23), (10, 25, 25)]:
        first = int(datetime(2026, month, day, tzinfo=zone).timestamp()) * 1_000_000
        axis = bars.axis(first, first + hours * 60 * MINUTE - 1, zone)
        assert (len(axis.starts), axis.seconds) == (hours, 3600)


def test_days_start_at_local_midnight_and_weeks_on_monday() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    axis = bars.axis(START, START + 40 * 24 * 60 * MINUTE, zone)
    assert {datetime.fromtimestamp(start / 1e6, zone).strftime("%H:%M") for start in axis.starts} == {"00:00"}
    axis = bars.axis(START, START + 200 * 24 * 60 * MINUTE, zone)
    assert {datetime.fromtimestamp(start / 1e6, zone).strftime("%a %H:%M") for start in axis.starts} == {"Mon 00:00"}


@pytest.mark.parametrize("seed", range(5))
def test_a_chunks_bars_nest_in_the_reports(seed: int) -> None:
    rng = random.Random(seed)
    for zone in (UTC, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")):
        first = START + rng.randrange(10**13)
        last = first + rng.randrange(1, 10 ** rng.randrange(7, 14))
        inner = sorted((rng.randrange(first, last + 1), rng.randrange(first, last + 1)))
        width = bars.part_width(*inner)
        axis = bars.axis(first, last, zone)
        assert width <= axis.seconds
        assert all(start % (width * 1_000_000) == 0 for start in axis.starts)
        assert axis.starts[0] <= first
        assert last < axis.starts[-1] + axis.seconds * 1_000_000 + 60 * MINUTE


# ---- what is ours
def test_private_addresses_named_networks_and_named_domains_are_ours() -> None:
    own = Own.parse(["192.0.2.0/24", "2001:db8::/32", "Example.org"])
    assert all(own.has_client(ip) for ip in ("10.1.2.3", "192.0.2.9", "2001:db8::1", "IPv6:fe80::1", "::ffff:10.0.0.1"))
    assert not any(own.has_client(ip) for ip in ("203.0.113.1", "2001:db9::1", None, "", "unknown", "\ud800"))
    assert own.has_client(None, "mail.example.org")
    assert not own.has_client(None, "notexample.org")


@pytest.mark.parametrize("text", ["10.0.0.0/99", "nonsense", "a@b.example", "two words.example", ""])
def test_what_is_neither_network_nor_domain_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is neither a network nor a domain: write one such as"):
        Own.parse([text])


def test_a_question_that_needs_more_memory_than_there_is_gets_more() -> None:
    with tallied([row(1, "connected", client_ip="203.0.113.5")]) as some:
        some._database.limit(20_000_000)
        question = "SELECT len(list(n)) FROM (SELECT unnest(range(1500000)) AS n)"  # cannot go to disk
        assert some.rows(question) == [(1_500_000,)]
        assert some.rows("SELECT current_setting('threads')") == [(1,)]
