"""Every section: its header fits its SQL, its rows stand in a definite order, its numbers are what the header says."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from event_rows import HOUR, MINUTE, START, Row, busy_hours, delivery, message, row, tallied

from analyzer import catalogue, sections
from analyzer.errors import UsageError
from analyzer.tallies import Tallies

COLUMNS = {  # what users build on
    "totals": "measure value unit definition",
    "reply_codes": "speaker reply_code enhanced_code name reply_class count share first last",
    "reply_classes": "speaker reply_class class_name count share",
    "traffic": "bar accepted delivered refused transient permanent deferred bounced",
    "destinations": "domain recipients delivered delivered_share bounced waiting discarded transient_replies "
    "permanent_replies bytes delay_p50_ms delay_p95_ms delay_max_ms bars",
    "senders": "kind sender messages bytes recipients delivered failed",
    "clients": "client_ip client_host connections accepted refused auth_failed most_text most_code",
    "client_networks": "network clients refused text reply_code enhanced_code",
    "delays": "range upper_ms count cumulative_share",
    "servers": "mta host table item count bytes",
    "rejections": "action stage rule reply_code enhanced_code text count",
    "failures": "event transport relay_host reply_code enhanced_code text count",
    "recipients": "recipient messages delivered failed bytes",
}
PYTHON = {"text": str, "int": int, "ms": int, "bytes": int, "time": int, "share": float}


@pytest.fixture(scope="module")
def busy() -> Iterator[Tallies]:
    with tallied(busy_hours(7, 600)) as some:
        yield some


def rows_of(name: str, events: list[Row], **options: Any) -> list[dict[str, Any]]:
    with tallied(events, **options) as some:
        section = sections.run(some, [name])[name]
    names = [column.name for column in section.columns]
    return [dict(zip(names, cells, strict=True)) for cells in section.rows]


def totals(events: list[Row]) -> dict[str, int | None]:
    return {cells["measure"]: cells["value"] for cells in rows_of("totals", events)}


# ---- the drawer
def test_the_folder_holds_the_sections_that_users_build_on() -> None:
    of_lines = ("lines", "unrecognised", "silent")
    assert set(sections.names()) == {*COLUMNS, "causes", *of_lines}
    assert sections.names()[-4:] == ("causes", *of_lines)
    described = sections.described()
    assert {name: " ".join(column.name for column in described[name].columns) for name in COLUMNS} == COLUMNS
    assert not any(section.rows for section in described.values())
    assert {path.name for path in files(sections).iterdir() if path.name.endswith(".sql")} == {
        f"{name}.sql" for name in sections.names()
    }


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_types_and_definitions(busy: Tallies, name: str) -> None:
    section = sections.run(busy, [name])[name]
    assert " ".join(column.name for column in section.columns) == COLUMNS[name]
    assert section.question.endswith("?")
    assert section.definition.endswith(".")
    assert section.rows
    assert len(set(section.rows)) == len(section.rows)
    for cells in section.rows:
        for column, value in zip(section.columns, cells, strict=True):
            assert value is None or isinstance(value, PYTHON[column.type]), (column.name, value)
            assert column.type != "share" or value is None or 0 <= value <= 1


def test_an_unknown_section_names_those_that_exist(busy: Tallies) -> None:
    with pytest.raises(UsageError, match=r"There is no section 'sender'\. The sections are totals, traffic"):
        sections.run(busy, ["sender"])


def test_names_come_from_the_catalogue_and_the_rfc(busy: Tallies) -> None:
    codes = sections.run(busy, ["reply_codes"])["reply_codes"]
    names = {cells[1]: cells[3] for cells in codes.rows}
    assert names[553] == "Mailbox name invalid"
    assert names[550] == catalogue.load().name_of(550)
    classes = sections.run(busy, ["reply_classes"])["reply_classes"]
    assert {cells[1]: cells[2] for cells in classes.rows}[5] == "permanent negative completion"


def test_the_accounting_of_lines_is_listed_in_the_contracts_order() -> None:
    counts = {("b", "postfix", "unrecognised"): 1, ("b", "postfix", "events"): 9, ("a", "cron", "other_programs"): 2,
              ("a", "sshd", "other_programs"): 5, ("a", "postfix", "damaged"): 0}  # fmt: skip
    section = sections.of_lines(counts, {}, {})["lines"]
    assert [column.name for column in section.columns] == ["file", "mta", "kind", "count"]
    assert section.rows == (
        ("a", "sshd", "other_programs", 5),
        ("a", "cron", "other_programs", 2),
        ("b", "postfix", "events", 9),
        ("b", "postfix", "unrecognised", 1),
    )


# ---- numbers that must agree with each other
def test_recipients_add_up_in_every_section(busy: Tallies) -> None:
    made = sections.run(busy)
    total = {cells[0]: cells[1] for cells in made["totals"].rows}
    states = ("delivered", "waiting", "bounced", "discarded")
    assert sum(total[state] for state in states) == total["recipients"] > 0
    assert all(total[state] for state in states)
    destinations = made["destinations"]
    for measure in ("recipients", *states):
        place = destinations.place(measure)
        assert sum(cells[place] for cells in destinations.rows) == total[measure]
    assert sum(cells[1] for cells in made["recipients"].rows) == total["recipients"]
    assert sum(cells[2] for cells in made["senders"].rows if cells[0] == "address") == total["accepted"]
    assert sum(cells[3] for cells in made["clients"].rows) <= total["accepted"]


def test_bars_and_shares_add_up(busy: Tallies) -> None:
    made = sections.run(busy)
    total = {cells[0]: cells[1] for cells in made["totals"].rows}
    traffic = made["traffic"]
    assert tuple(cells[0] for cells in traffic.rows) == busy.axis().starts
    for column, measure in (("accepted", "accepted"), ("refused", "rejected"), ("deferred", "deferrals")):
        place = traffic.place(column)
        missing = total[measure] - sum(cells[place] for cells in traffic.rows)
        assert 0 <= missing < total[measure] / 5  # rows without a time are in no bar
    for speaker in ("us", "remote"):
        for name in ("reply_codes", "reply_classes"):
            place = made[name].place("share")
            assert sum(cells[place] for cells in made[name].rows if cells[0] == speaker) == pytest.approx(1)
    assert made["delays"].rows[-1][3] == 1.0


# ---- each number by itself
def test_a_message_that_postfix_queues_again_at_each_retry_is_one() -> None:
    found = totals([message(1, "Q1", size=700), message(5, "Q1", size=700), message(6, "Q2", sender="")])
    assert (found["accepted"], found["bytes_received"], found["senders"], found["sender_domains"]) == (2, 1700, 2, 1)


def test_attempts_are_not_recipients() -> None:
    events = [message(1, "Q1"), *(delivery(n, "deferred", "Q1", "x@example.net") for n in (2, 3, 4))]
    found = totals([*events, delivery(5, "delivered", "Q1", "X@example.net")])
    assert (found["recipients"], found["delivered"], found["waiting"], found["deferrals"]) == (1, 1, 0, 3)
    assert found["bytes_delivered"] == 1000


def test_only_what_was_said_in_the_session_counts_as_a_reply() -> None:
    def told(line: int, origin: str) -> Row:
        return delivery(line, "deferred", f"Q{line}", "x@example.net", reply_origin=origin)

    events = [*(told(line, origin) for line, origin in enumerate(("wire", "repeated", "probe", "own"), 1))]
    no_code = delivery(9, "delivered", "Q9", "x@example.net", reply_code=None, reply_class=2, reply_origin=None)
    found = rows_of("reply_codes", [*events, no_code])
    assert [(cells["reply_code"], cells["reply_class"], cells["count"], cells["share"]) for cells in found] == [
        (451, 4, 1, 0.5),
        (None, 2, 1, 0.5),
    ]


def test_refusals_that_nobody_was_told_are_not_counted() -> None:
    told = row(1, "rejected", speaker="us", text="no")  # Exim prints no code
    own = row(2, "rejected", speaker="us", reply_code=403, reply_origin="own")
    assert (
        totals([told, own, row(3, "reject_warning", speaker="us", reply_code=554, reply_origin="own")])["rejected"] == 1
    )


def test_every_bar_is_there_and_days_follow_the_zone() -> None:
    events = [message(n, f"Q{n}", at=n * 24 * 60) for n in (0, 0, 70)]
    found = rows_of("traffic", [*events, message(5, "Q5", at=1)], zone=ZoneInfo("Europe/Madrid"))
    assert [(cells["bar"] - found[0]["bar"]) // (7 * 24 * HOUR) for cells in found] == list(range(11))
    assert [cells["accepted"] for cells in found if cells["accepted"]] == [2, 1]
    assert found[0]["bar"] == START - 9 * HOUR  # Monday, midnight in Madrid


def test_half_an_hour_has_bars_of_a_minute() -> None:
    found = rows_of(
        "traffic", [delivery(n, "bounced", f"Q{n}", "x@example.net", at=at) for n, at in enumerate((0, 0.5, 29))]
    )
    assert [cells["bounced"] for cells in found] == [2, *[0] * 28, 1]
    assert [cells["permanent"] for cells in found] == [2, *[0] * 28, 1]
    assert found[1]["bar"] - found[0]["bar"] == MINUTE


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    events = [
        delivery(n, "delivered", f"Q{n}", f"x@{'a' if n < 100 else 'b'}.test", delay_ms=n * 10) for n in range(1, 101)
    ]
    found = totals(events)
    assert [found[f"delay_{name}_ms"] for name in ("p50", "p95", "p99", "max")] == [500, 950, 990, 1000]
    (first, second) = rows_of("destinations", events)
    assert (first["domain"], first["delay_p50_ms"], first["delay_p95_ms"], first["delay_max_ms"]) == (
        "a.test",
        500,
        950,
        990,
    )
    assert second["delay_p50_ms"] == 1000
    assert [cells["count"] for cells in rows_of("delays", events)] == [99, 1, 0, 0, 0, 0, 0, 0]


def test_a_destination_shows_replies_failures_per_bar_and_shares() -> None:
    events = [
        message(1, "Q1", size=50),
        delivery(2, "deferred", "Q1", "x@Example.net", at=1),
        delivery(3, "delivered", "Q1", "x@example.net", at=2),
        delivery(4, "bounced", "Q1", "y@example.net", at=2),
        delivery(5, "delivered", "Q1", "root", at=4),
    ]
    net, local = rows_of("destinations", events)
    assert net == {
        "domain": "example.net", "recipients": 2, "delivered": 1, "delivered_share": 0.5, "bounced": 1, "waiting": 0,
        "discarded": 0, "transient_replies": 1, "permanent_replies": 1, "bytes": 50, "delay_p50_ms": 1500,
        "delay_p95_ms": 1500, "delay_max_ms": 1500, "bars": "1 1 0 0",
    }  # fmt: skip
    assert (local["domain"], local["delivered"], local["bars"]) == ("", 1, "0 0 0 0")


def test_senders_by_address_and_by_domain_with_the_fate_of_their_mail() -> None:
    events = [
        message(1, "Q1", sender="Ann@Example.org"),
        message(2, "Q2", sender="bob@example.org"),
        message(3, "Q3", sender=""),
        delivery(4, "bounced", "Q1", "x@example.net"),
        delivery(5, "delivered", "Q2", "x@example.net"),
    ]
    found = [tuple(cells.values()) for cells in rows_of("senders", events)]
    assert found == [
        ("domain", "example.org", 2, 2000, 2, 1, 1),
        ("address", "<>", 1, 1000, 0, 0, 0),
        ("address", "ann@example.org", 1, 1000, 1, 0, 1),
        ("address", "bob@example.org", 1, 1000, 1, 1, 0),
    ]


def test_senders_domains_are_there_however_many_addresses_there_are() -> None:
    events = [message(n, f"Q{n}", sender=f"a{n}@example.org") for n in range(1, 8)]
    with tallied(events) as some:
        made = sections.run(some, ("senders",), most=5)["senders"]
    assert made.cut
    assert [row[0] for row in made.rows] == ["domain", *["address"] * 4]


def test_a_client_with_its_most_frequent_refusal() -> None:
    client = {"client_ip": "203.0.113.5", "client_host": "c.test", "process": "smtpd"}
    refused = {"speaker": "us", "reply_code": 554, **client}
    events = [
        row(1, "connected", client_ip="203.0.113.5", client_host="unknown"),
        row(2, "rejected", text="Service unavailable; host [203.0.113.5] blocked", **refused),
        row(3, "rejected", text="Service unavailable; host [203.0.113.9] blocked", **refused),
        row(4, "rejected", text="Access denied", **refused),
        row(5, "auth_failed", text="login failed", **client),
        row(6, "info", queue_id="Q1", **client),
        message(7, "Q1"),
    ]
    assert [tuple(cells.values()) for cells in rows_of("clients", events)] == [
        ("203.0.113.5", "c.test", 1, 1, 3, 1, "Service unavailable; host <ip> blocked", 554)
    ]


def test_three_refused_addresses_of_one_network_are_a_row() -> None:
    ips = (
        *("203.0.113.5", "203.0.113.77", "203.0.113.255", "203.0.114.1", "203.0.114.2"),
        *("2001:db8:0:7::1", "2001:db8:0:7:8000::2", "2001:db8:0:7:1:2:3:4", "2001:db8::1", "2001:db8::2", "::ffff:192.0.2.1"),
    )
    events = [
        row(n, "rejected", speaker="us", reply_code=554, enhanced_code="5.7.1", text=f"Client host [{ip}] blocked", client_ip=ip)
        for n, ip in enumerate((*ips, *ips[:3]), 1)
    ]
    assert [tuple(cells.values()) for cells in rows_of("client_networks", events)] == [
        ("203.0.113.0/24", 3, 6, "Client host <ip> blocked", 554, "5.7.1"),
        ("2001:db8:0:7::/64", 3, 3, "Client host <ip> blocked", 554, "5.7.1"),
    ]


def test_lines_not_recognised_and_lines_that_say_nothing_are_listed_most_first() -> None:
    made = sections.of_lines(
        {}, {("exim", "a <n>"): (1, "main", 7, "raw"), ("exim", "b"): (3, "main", 9, "raw")}, {("exim", "x"): 2, ("exim", "y"): 5}
    )
    assert made["unrecognised"].rows == (("exim", "b", 3, "main", 9), ("exim", "a <n>", 1, "main", 7))
    assert made["silent"].rows == (("exim", "y", 5), ("exim", "x", 2))


def test_servers_speak_each_in_its_own_words() -> None:
    events = [
        delivery(1, "delivered", "Q1", "x@example.net", mta="exim", host=None, transport="remote_smtp", size=90),
        delivery(2, "delivered", "Q2", "x@example.net", mta="sendmail", transport="esmtp", dsn="2.0.0"),
        row(
            3,
            "rejected",
            mta="postfix",
            process="smtpd",
            speaker="us",
            stage="rcpt",
            rule="Client host",
            reply_code=554,
        ),
        row(4, "rejected", mta="sendmail", speaker="us", stage="rcpt", rule="check_rcpt", reply_code=550),
        row(5, "screened", process="postscreen", text="PREGREET 11 after 0.05 from [203.0.113.5]:4711: EHLO x"),
        row(6, "screened", process="postscreen", text="PASS NEW [203.0.113.5]:4711"),
        row(7, "warning", process="smtpd", text="hostname c.test does not resolve to address 203.0.113.5"),
    ]
    found = {
        (cells["mta"], cells["host"], cells["table"], cells["item"]): cells["count"]
        for cells in rows_of("servers", events)
    }
    assert found == {
        ("exim", "", "Deliveries by transport", "remote_smtp"): 1,
        ("sendmail", "mx1", "Deliveries by mailer", "esmtp"): 1,
        ("sendmail", "mx1", "DSN status", "2.0.0"): 1,
        ("sendmail", "mx1", "Rejections by ruleset", "check_rcpt"): 1,
        ("postfix", "mx1", "Rejections by stage and rule", "rcpt: Client host"): 1,
        ("postfix", "mx1", "postscreen tests", "PREGREET"): 1,
        ("postfix", "mx1", "postscreen tests", "PASS NEW"): 1,
        ("postfix", "mx1", "Warnings", "smtpd: hostname <host> does not resolve to address <ip>"): 1,
    }


def test_failures_and_refusals_are_grouped_by_masked_words() -> None:
    events = [
        *(delivery(n, "bounced", f"Q{n}", f"u{n}@example.net", text=f"<u{n}@example.net>: unknown") for n in range(3)),
        *(row(n, "held", queue_id=f"H{n}", rule="header") for n in range(4, 6)),
    ]
    (bounced,) = rows_of("failures", events)
    assert (bounced["event"], bounced["relay_host"], bounced["text"], bounced["count"]) == (
        "bounced", "mx.example.net", "<address>: unknown", 3)  # fmt: skip
    (held,) = rows_of("rejections", events)
    assert (held["action"], held["rule"], held["text"], held["count"]) == ("held", "header", "", 2)


def test_a_client_that_postscreen_passes_on_connects_once() -> None:
    events = [
        row(1, "connected", process="postscreen", client_ip="203.0.113.5"),
        row(2, "screened", process="postscreen", client_ip="203.0.113.5", text="PASS NEW"),
        row(3, "connected", process="smtpd", client_ip="203.0.113.5", client_host="c.test"),
    ]
    assert totals(events)["connections"] == 1
    assert [cells["connections"] for cells in rows_of("clients", events)] == [1]
