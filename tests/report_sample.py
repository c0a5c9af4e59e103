"""Results made by hand for the tests of the renderers: a day of two hosts and three MTAs, and the small states.

Numbers are plausible, not measured; they add up. ``HOSTILE`` stands wherever a stranger may put text.
"""

# ruff: noqa: E501 (a row of a table stays on its line)
from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from analyzer.findings import Affected, Example, Finding
from analyzer.report import Result
from analyzer.sections import Section, SectionColumn

ZONE = ZoneInfo("Europe/Madrid")
HOUR = 3_600_000_000
START = int(datetime(2026, 11, 23, tzinfo=ZONE).timestamp()) * 1_000_000
LOG = "/var/log/mail.log"
HOSTILE = "<script>alert(1)</script>\"'&=1+2\u202emoc\x1b[31mred\x1b[0m\x9b1m\n\udcff\x00" + "x" * 2000

ACCEPTED = [1411, 1122, 1010, 905, 1003, 1450, 2810, 5120, 10240, 14820, 16282, 15400, 13100, 11200, 12600, 14010,
            13020, 12250, 9800, 7100, 5230, 4410, 3580, 2539]
REFUSED = [900, 1604, 1780, 1815, 1850, 1940, 1760, 2250, 2590, 2740, 2947, 2930, 2810, 2730, 2890, 3018, 2960, 2710,
           2440, 2190, 2320, 2240, 2010, 2156]  # fmt: skip
TRANSIENT = [22, 18, 20, 17, 21, 30, 41, 88, 165, 224, 872, 1475, 1228, 340, 205, 240, 235, 248, 230, 200, 187, 162, 150, 154]
PERMANENT = [9, 8, 8, 9, 10, 12, 40, 130, 262, 372, 2318, 670, 325, 270, 300, 330, 341, 300, 212, 150, 130, 101, 80, 267]


def _bars(first: int, values: list[int]) -> tuple[int, ...]:
    return tuple([0] * first + values + [0] * (24 - first - len(values)))


def section(name: str, title: str, columns: str, rows: list[tuple[Any, ...]], **words: str) -> Section:
    """A section from one line per column: ``name type Heading: definition``."""
    parsed = []
    for line in columns.strip().splitlines():
        head, _, definition = line.strip().partition(": ")
        column, kind, heading = head.split(" ", 2)
        parsed.append(SectionColumn(column, kind, heading, definition))
    question, definition = words.get("question", "What is it?"), words.get("definition", f"The rows of {name}.")
    return Section(name, title, question, definition, words.get("chart", ""), tuple(parsed), tuple(rows))


def _totals(**values: int | None) -> Section:
    rows = [(name, value, "count", f"What {name} means, said once.") for name, value in values.items()]
    return section("totals", "Totals", """
        measure text Measure: what is counted
        value int Value: how many
        unit text Unit: of the value
        definition text Definition: what counts
    """, rows)  # fmt: skip


_CODE_COLUMNS = """
    speaker text Speaker: who gave the reply
    reply_code int Code: the reply code
    enhanced_code text Enhanced: the enhanced status code
    name text Name: the catalogue's name of the reply code
    reply_class int Class: first digit
    count int Replies: counted replies
    share share Share: of the speaker's counted replies
    first time First: the first one
    last time Last: the last one
"""
_CODES = {
    "remote": [
        (250, "2.0.0", "Requested mail action okay", 210035), (554, "5.7.1", "Transaction failed", 3600),
        (421, "4.7.28", "Service not available", 2968), (450, "4.2.0", "Mailbox temporarily unavailable", 1906),
        (550, "5.1.1", "Mailbox unavailable", 1595), (550, "5.4.1", "Mailbox unavailable", 612),
        (451, "4.7.1", "Local error in processing", 377), (553, "5.1.8", "Mailbox name invalid", 318),
        (550, "5.7.1", "Mailbox unavailable", 291), (452, "4.2.2", "Insufficient system storage", 284),
        (421, "4.7.0", "Service not available", 214), (451, "4.3.0", "Local error in processing", 133),
        (552, "5.2.2", "Storage allocation exceeded", 96), (553, "5.1.3", "Mailbox name invalid", 47),
        (550, None, "Mailbox unavailable", 31), (450, None, "Mailbox temporarily unavailable", 9),
    ],
    "us": [
        (554, "5.7.1", "Transaction failed", 31856), (550, "5.1.1", "Mailbox unavailable", 9218),
        (451, "4.7.1", "Local error in processing", 4102), (535, "5.7.8", "Authentication credentials invalid", 6482),
        (450, "4.7.25", "Mailbox temporarily unavailable", 1377), (553, "5.7.1", "Mailbox name invalid", 1284),
        (421, "4.7.0", "Service not available", 1014), (501, "5.1.3", "Syntax error in parameters", 216),
        (552, "5.3.4", "Storage allocation exceeded", 31),
    ],
}  # fmt: skip


def _code_sections() -> list[Section]:
    codes, classes = [], []
    for speaker, rows in _CODES.items():
        total = sum(row[3] for row in rows)
        codes += [
            (speaker, code, enhanced, name, code // 100, count, count / total, START + HOUR, START + 23 * HOUR)
            for code, enhanced, name, count in rows
        ]
        for digit in (2, 4, 5):
            count = sum(row[3] for row in rows if row[0] // 100 == digit)
            if count:
                classes.append((speaker, digit, f"class {digit}", count, count / total))
    return [
        section("reply_codes", "Reply codes", _CODE_COLUMNS, codes),
        section("reply_classes", "Reply classes", """
            speaker text Speaker: who gave the reply
            reply_class int Class: first digit
            class_name text Name: RFC 5321 4.2.1
            count int Replies: counted replies
            share share Share: of the speaker's counted replies
        """, classes),
    ]  # fmt: skip


_DESTINATIONS = [
    ("example.com", 96214, 41, 0, 118, 300, 1200), ("gmail.com", 31480, 418, 0, 3204, 1900, 840_000),
    ("outlook.com", 22916, 704, 12, 391, 2400, 60_000), ("example.net", 11203, 236, 3, 66, 1100, 9000),
    ("hotmail.com", 9874, 611, 9, 244, 2600, 60_000), ("yahoo.com", 7715, 188, 22, 506, 2200, 420_000),
    ("icloud.com", 5120, 96, 2, 77, 1700, 12_000), ("gmx.de", 4410, 531, 0, 58, 1500, 8000),
    ("example.org", 4061, 163, 4, 212, 1300, 22_000), ("orange.fr", 2874, 119, 31, 341, 2900, 1_260_000),
    ("t-online.de", 2210, 402, 0, 19, 1400, 6000), ("web.de", 1987, 214, 0, 22, 1500, 7000),
    ("libero.it", 1466, 88, 5, 61, 3100, 180_000), ("partner.example", 612, 0, 96, 618, 4000, 28_800_000),
    ("bücher.example", 12728, 782, 58, 635, None, None),
]  # fmt: skip


def _destinations(extra: list[tuple[Any, ...]]) -> Section:
    rows = []
    for domain, recipients, bounced, waiting, transient, p50, p95 in _DESTINATIONS + extra:
        delivered = recipients - bounced - waiting
        bars = " ".join(str((bounced + waiting) * part // 60) for part in (0, 0, 1, 3, 6, 9, 12, 10, 8, 5, 4, 2) for _ in (0, 1))
        rows.append((domain, recipients, delivered, delivered / recipients, bounced, waiting, 0, transient, bounced,
                     recipients * 31_000, p50, p95, p95, bars))  # fmt: skip
    return section("destinations", "Destinations", """
        domain text Domain: the recipient's domain, in lower case
        recipients int Recipients: pairs of message and recipient
        delivered int Delivered: those with a successful delivery
        delivered_share share Delivered: delivered of recipients
        bounced int Bounced: failed for good
        waiting int Waiting: the last attempt was deferred
        discarded int Discarded: thrown away
        transient_replies int 4xx replies: counted replies
        permanent_replies int 5xx replies: counted replies
        bytes bytes Volume: delivered bytes
        delay_p50_ms ms Delay p50: half were faster
        delay_p95_ms ms p95: 95 of 100 were faster
        delay_max_ms ms Longest: the slowest
        bars text Over time: failed recipients per bar
    """, rows, question="Where does our mail go, and how does it fare?",
        definition="Recipients by the domain of their address.")  # fmt: skip


def _tables(hostile: str) -> list[Section]:
    traffic = [
        (START + hour * HOUR, ACCEPTED[hour], ACCEPTED[hour] + 9, REFUSED[hour], TRANSIENT[hour], PERMANENT[hour],
         TRANSIENT[hour], PERMANENT[hour] // 2)
        for hour in range(24)
    ]  # fmt: skip
    senders = [("address", name, count, count * 40_000, rcpt, rcpt - failed, failed) for name, count, rcpt, failed in (
        ("bounce-51@shop.example", 3500, 3551, 2911), ("newsletter@example.com", 31000, 31204, 2207),
        ("invoices@example.com", 1284, 1284, 1284), ("www-data@app7.internal.example", 318, 318, 318),
        ("", 3100, 3120, 41), (hostile, 5, 5, 3))]  # fmt: skip
    senders += [("domain", "example.com", 52000, 10**9, 52100, 50000, 2100), ("domain", "shop.example", 3500, 10**8, 3551, 640, 2911)]
    clients = [("198.51.100.201", None, 6300, 0, 6204, 6204, "authentication failed", 535),
               ("203.0.113.77", "unknown", 2990, 2, 2988, 0, "Client host [<ip>] blocked using <host>", 554),
               ("192.0.2.43", "app3.example.com", 1290, 6, 1284, 0, "not owned by user crm", 553),
               ("2001:db8::25", hostile, 300, 1, 288, 0, hostile, 450)]  # fmt: skip
    servers = [("postfix", "mx1", "smtpd: refused by stage", "RCPT", 16214, None),
               ("postfix", "mx1", "smtpd: refused by stage", "MAIL", 1102, None),
               ("postfix", "mx1", "warnings", hostile, 412, None),
               ("exim", "mx2", "deliveries by transport", "remote_smtp", 52240, 1_620_000_000),
               ("exim", "mx2", "refused by ACL", "RCPT", 1204, None),
               ("sendmail", "mx2", "mailers", "esmtp", 11890, 368_000_000)]  # fmt: skip
    delays = [("under 1 s", 1000, 84102, .4), ("1 to 5 s", 5000, 78211, .773), ("5 to 30 s", 30_000, 26940, .901),
              ("30 s to 2 min", 120_000, 8104, .94), ("2 to 10 min", 600_000, 5930, .968),
              ("10 min to 1 h", 3_600_000, 2411, .979), ("1 to 6 h", 21_600_000, 4249, .9996), ("over 6 h", None, 88, 1.0)]  # fmt: skip
    lines = [(LOG, "postfix", "events", 961220), (LOG, "postfix", "no_event", 240101), (LOG, "sshd", "other_programs", 82972),
             (LOG, "exim", "unrecognised", 214)]  # fmt: skip
    return [
        section("traffic", "When it happened", """
            bar time From: start of the bar
            accepted int Accepted: messages accepted into the queue
            delivered int Delivered: recipients delivered
            refused int Refused: refusals by us
            transient int 4xx: counted replies of others
            permanent int 5xx: counted replies of others
            deferred int Deferred: failed attempts
            bounced int Bounced: recipients
        """, traffic),
        section("senders", "Senders", """
            kind text Kind: address or domain
            sender text Envelope sender: empty for the null reverse-path
            messages int Messages: accepted
            bytes bytes Volume: of the messages
            recipients int Recipients: pairs
            delivered int Delivered: pairs
            failed int Failed: bounced and waiting
        """, senders),
        section("clients", "Clients", """
            client_ip text Address: who spoke to us
            client_host text Name: by reverse DNS
            connections int Connections: sessions
            accepted int Accepted: messages
            refused int Refused: refusals
            auth_failed int Logins failed: attempts
            most_text text Mostly because: the most frequent refusal
            most_code int Code: its reply code
        """, clients),
        section("delays", "Delays", """
            range text Delay: from arrival to delivery
            upper_ms ms Up to: end of the range
            count int Recipients: delivered
            cumulative_share share Up to here: all ranges so far
        """, delays, definition="From arrival to delivery, per delivered recipient."),
        section("servers", "Our servers", """
            mta text MTA: who
            host text Host: where
            table text Table: about what
            item text Item: in that MTA's own words
            count int Count: how often
            bytes bytes Volume: where known
        """, servers),
        section("lines", "Lines read", """
            file text File: as named
            mta text Program: who wrote
            kind text Kind: what became of them
            count int Lines: how many
        """, lines),
        section("rejections", "What we refused", """
            action text Action: what we did
            stage text Stage: of the session
            rule text Rule: what decided
            reply_code int Code: reply code
            enhanced_code text Enhanced: enhanced status code
            text text Reply: normalised
            count int Refusals: how many
        """, [("rejected", "rcpt", "reject_rbl_client", 554, "5.7.1", "blocked using <host>", 31856),
              ("reject_warning", "helo", None, 504, "5.5.2", hostile, 12)]),
        section("failures", "What deliveries failed with", """
            event text Event: bounced or deferred
            transport text Transport: which
            relay_host text Relay: the next hop
            reply_code int Code: reply code
            enhanced_code text Enhanced: enhanced status code
            text text Reply: normalised
            count int Failures: how many
        """, [("bounced", "remote_smtp", "mx.city.example", 554, "5.7.1", "blocked using <host>", 3412)]),
        section("recipients", "Recipients", """
            recipient text Recipient: envelope recipient
            messages int Messages: that were for it
            delivered int Delivered: messages
            failed int Failed: messages
            bytes bytes Volume: delivered
        """, [("ana.ruiz@example.org", 120, 119, 1, 3_100_000), (hostile, 3, 0, 3, None)]),
        section("greetings", "A table of a later issue", "who text Who: name\nshare_of share Share: part", [("a", .5)]),
    ]  # fmt: skip


def _example(line: int, hour: float, raw: str) -> Example:
    return Example(LOG, line, START + int(hour * HOUR), raw)


_CRM = "mx1 postfix/submission/smtpd[276]: NOQUEUE: reject: RCPT from app3.example.com[192.0.2.43]: 553 5.7.1 " \
       "<invoices@example.com>: Sender address rejected: not owned by user crm; from=<invoices@example.com> to=<{}> proto=ESMTP"  # fmt: skip
_RAMP = [20, 25, 40, 52, 60, 70, 78, 85, 92, 99, 106, 113, 120, 150, 174]
_HILL = [1, 10, 80, 230, 330, 420, 400, 360, 300, 290, 280, 250, 160, 110, 80, 60, 51]


def _finding(number: int, group: str, title: str, code: int | None, enhanced: str | None, bars: tuple[int, ...], **more: Any) -> Finding:
    first = next((START + place * HOUR + 7 * 60_000_000 for place, count in enumerate(bars) if count), None)
    last = max((START + place * HOUR + 41 * 60_000_000 for place, count in enumerate(bars) if count), default=None)
    digit = (code or int((enhanced or "4")[0]) * 100) // 100
    values: dict[str, Any] = {
        "number": number, "group": group, "title": title, "title_short": title[:24], "speaker": "remote", "reply_code": code,
        "enhanced_code": enhanced, "code_name": "Transaction failed" if code else "", "reply_class": digit, "cause": None,
        "text": "the reply's normalised text", "count": sum(bars), "noun": "bounces" if digit == 5 else "deferrals",
        "share": 0.1, "first": first, "last": last, "state": "going on", "trend": "", "bars": bars, "recipients": 19,
        "domains": 2, "senders": 1, "reached_later": None, "do": "Nothing on our side.", "steps": (),
        "decided_by": f"reply code {code} and the text", "advice": "Read the text: it names the reason.",
        "advice_applies": None, "advice_reason": "", "examples": (_example(20417, 6.6, "mx2 exim[9]: " + title),),
    }  # fmt: skip
    return Finding(**(values | more))


def findings(hostile: str = HOSTILE) -> tuple[Finding, ...]:
    """Twelve findings in the three groups."""
    crm = _finding(
        1, "you", "Our server refuses what the login “crm” sends as invoices@example.com", 553, "5.7.1", _bars(9, _RAMP),
        title_short="crm may not send", speaker="us", noun="refusals", trend="rising", code_name="Mailbox name invalid",
        share=.023, recipients=907, decided_by="the words “not owned by user”", marks=("553 5.7.1", "not owned by user crm"),
        do="Allow it in smtpd_sender_login_maps, or let the application send as crm@example.com.",
        steps=("If crm may use this address, add one line to the map named by `smtpd_sender_login_maps` on mx1, then rebuild it:\n"
               "invoices@example.com    crm", "If not, set the envelope sender of the application on app3.example.com to `crm@example.com`."),
        advice="Check the address against local-part@domain; remove spaces, special characters and encoding damage.",
        advice_applies=False, advice_reason="invoices@example.com is a valid address; the text says who may use it.",
        examples=tuple(_example(line, at, _CRM.format(to)) for line, at, to in (
            (1852, 9.2, "ana.ruiz@example.org"), (1861, 9.21, "p.keller@gmx.de"), (902117, 23.97, "accounts@shop.example"))),
        affected=(Affected("ana.ruiz@example.org", 3, LOG, 1852, LOG, 1999), Affected("=cmd|' /C calc'!A0", 1, LOG, 7, LOG, 7)),
    )  # fmt: skip
    return (
        crm,
        _finding(2, "you", "41 domains refuse mx2: 192.0.2.25 is on the block list bl.example.net", 554, "5.7.1", _bars(6, _HILL),
                 title_short="mx2 on a block list", recipients=1206, domains=41, marks=("blocked using bl.example.net",),
                 advice_applies=True, advice_reason="The text names the list and the look-up page.",
                 affected=(Affected("a@gmx.de", 3, LOG, 1, LOG, 2), Affected("b@t-online.de", 3, LOG, 1, LOG, 2))),
        _finding(3, "you", "partner.example does not answer: all connections time out", None, "4.4.1",
                 _bars(17, [60, 92, 90, 96, 94, 93, 93]), title_short="partner.example silent", noun="attempts", speaker="local"),
        _finding(4, "you", "example.net refuses www-data@app7.internal.example: no such domain", 553, "5.1.8",
                 tuple([13] * 18 + [14] * 6), title_short="www-data@app7", code_name="Mailbox name invalid"),
        _finding(5, "you", "19 addresses from the web form are misspelt", 553, "5.1.3", _bars(8, [3, 4, 5, 4, 4, 4, 4, 4, 4, 3, 3, 2, 2, 1]),
                 title_short="misspelt addresses", state="over", code_name="Mailbox name invalid"),
        _finding(6, "else", "1,731 addresses of the newsletter no longer exist", 550, "5.1.1", _bars(10, [1900, 307]),
                 title_short="dead addresses", state="over"),
        _finding(7, "else", "31 mailboxes are full", 452, "4.2.2", tuple(TRANSIENT[place] // 25 for place in range(24)),
                 title_short="full mailboxes"),
        _finding(8, "none", "gmail.com slowed us down during the newsletter", 421, "4.7.28", _bars(9, [200, 800, 1200, 700, 68]),
                 title_short="Gmail slowed us down", state="over", reached_later=1.0),
        _finding(9, "none", "318 domains greylist us", 450, "4.2.0", tuple(80 for _ in range(24)), trend="falling"),
        _finding(10, "none", "214 strangers guess passwords; no guess succeeded", 535, "5.7.8", tuple([270] * 24), speaker="us"),
        _finding(11, "none", "Clients on block lists were refused", 554, "5.7.1", tuple([1300] * 24), speaker="us"),
        _finding(12, "none", hostile, 550, "5.1.1", tuple([384] * 24), speaker="us", title_short=hostile, text=hostile, do=hostile,
                 steps=(hostile,), decided_by=hostile, advice=hostile, advice_reason=hostile, marks=(hostile[:6], ""),
                 examples=(Example(hostile, 1, None, hostile),), affected=(Affected(hostile, 1, hostile, 1, hostile, 2),),
                 state=""),
    )  # fmt: skip


def day(hostile: str = HOSTILE, extra_destinations: int = 0) -> Result:
    """A day: 180,412 messages, two hosts, three MTAs, twelve findings."""
    extra = [(f"d{number:05}.example", 10, 1, 0, 2, 900, 9000) for number in range(extra_destinations)]
    sections = [
        _totals(accepted=180412, recipients=214870, delivered=210035, waiting=242, bounced=4593, discarded=0, rejected=55580,
                deferrals=9120, bytes_received=6_712_000_000, senders=4120, delay_p50_ms=1600, delay_p95_ms=250_000,
                delay_p99_ms=7_500_000, delay_max_ms=28_920_000),
        *_code_sections(), _destinations([*extra, (hostile, 3, 3, 0, 1, None, None)]), *_tables(hostile),
    ]  # fmt: skip
    return Result(
        inputs=tuple({"file": file, "lines": lines, "bytes": lines * 150, "mta": [mta], "hosts": [host]} for file, lines, mta, host in (
            (LOG, 902_117, "postfix", "mx1"), ("/var/log/exim4/mainlog", 311_890, "exim", "mx2"), (hostile, 70_500, "sendmail", "mx2"))),
        period=(START, START + 24 * HOUR - 1_000_000), zone=ZONE, bar_seconds=3600,
        bar_starts=tuple(START + hour * HOUR for hour in range(24)),
        accounting={"lines": 1284507, "events": 961220, "no_event": 240101, "other_programs": 82972, "unrecognised": 214, "damaged": 0},
        damage=(), sections={item.name: item for item in sections}, findings=findings(hostile), rarer=(19, 214),
        examples={"code:remote:554:5.7.1": (_example(20417, 6.6, "mx2 exim[9]: 1xVrPT-03 ** office@city.example: 554 5.7.1 blocked"),),
                  "code:us:553:5.7.1": tuple(crm for crm in findings(hostile)[0].examples),
                  "domain:gmx.de": (_example(77, 7, "mx2 exim[9]: " + hostile),)},
        reach=(START, START + 24 * HOUR),
    )  # fmt: skip


def _small(lines: int, events: int, **more: Any) -> Result:
    counts = {"lines": lines, "events": events, "no_event": 0, "other_programs": lines - events, "unrecognised": 0, "damaged": 0}
    values: dict[str, Any] = {
        "inputs": ({"file": "mail.log", "lines": lines, "bytes": lines * 100, "mta": ["postfix"] if events else [],
                    "hosts": ["mx1"] if events else []},),
        "period": (START, START) if events else None, "zone": ZONE, "bar_seconds": 60,
        "bar_starts": (START,) if events else (), "accounting": counts, "damage": (), "sections": {}, "findings": (),
    }  # fmt: skip
    return Result(**(values | more))


def no_mail() -> Result:
    """A log of other programs."""
    return _small(18_204, 0)


def empty_period() -> Result:
    """Mail, but not between --since and --until."""
    return _small(41_206, 41_206, period=None, bar_starts=(), asked=(START - 48 * HOUR, START - 24 * HOUR),
                  reach=(START, START + 24 * HOUR))  # fmt: skip


def one_line() -> Result:
    """One refusal and nothing else."""
    only = replace(findings("")[0], count=1, bars=(1,), state="", trend="", first=START, last=START)
    totals = _totals(accepted=0, recipients=0, delivered=0, waiting=0, bounced=0, discarded=0, rejected=1,
                     delay_p50_ms=None, delay_p95_ms=None)  # fmt: skip
    codes = section("reply_codes", "Reply codes", _CODE_COLUMNS,
                    [("us", 553, "5.7.1", "Mailbox name invalid", 5, 1, 1.0, START, START)])  # fmt: skip
    return _small(1, 1, findings=(only,), sections={"totals": totals, "reply_codes": codes})


def all_well() -> Result:
    """A quiet day: what comes back heals by itself."""
    result = day("a quiet host")
    return replace(result, findings=tuple(replace(f, number=n) for n, f in enumerate(result.findings[7:11], 1)), rarer=(0, 0))


def damaged() -> Result:
    """The day with one file cut off."""
    row = {"file": LOG, "offset": 1_000_000, "kind": "cut off", "skipped": 512, "message": "the packed file ends too early"}
    return replace(day("a host"), damage=(row,))
