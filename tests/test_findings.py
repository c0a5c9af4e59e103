"""Findings: what groups failures, who has to act, how they move, in which order they stand and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
from event_rows import HOUR, START, Row, delivery, message, row, tallied

from analyzer import catalogue, findings
from analyzer.findings import Finding, causing
from analyzer.findings.judge import order

CATALOGUE = catalogue.load()


def found(
    events: list[Row], *, recurring: int = 3, limit: int | None = None, own: tuple[str, ...] = ()
) -> list[Finding]:
    with tallied(events, own=own) as some:
        return findings.find(some, CATALOGUE, recurring=recurring, limit=limit)[0]


def only(events: list[Row], **options: Any) -> Finding:
    (finding,) = found(events, **options)
    return finding


def refusal(line: int, **fields: Any) -> Row:
    """Our server refuses a client."""
    return row(line, "rejected", **{
        "process": "smtpd", "speaker": "us", "stage": "rcpt", "reply_code": 550, "client_ip": "203.0.113.5",
        "sender": "ann@example.org", "recipient": "x@example.net", "text": "no", **fields,
    })  # fmt: skip


def bounce(line: int, **fields: Any) -> Row:
    """Another server refuses our mail, a message of its own each time."""
    recipient = fields.pop("recipient", "x@example.net")
    return delivery(line, "bounced", f"Q{line}", recipient, **{"sender": "ann@example.org", **fields})


def going_on(line: int) -> Row:
    """Something harmless, so that the log goes on."""
    return row(line, "connected", client_ip="203.0.113.1")


# ---- what makes a finding
def test_a_recurring_553_with_everything_known_about_it() -> None:
    events = [
        bounce(n, reply_code=553, enhanced_code="5.1.8", text=f"<ann{n}@example.org>: no such domain",
               recipient=f"U{n % 2}@example.net", raw=f"line {n}", at=n)
        for n in (1, 2, 3, 4)
    ]  # fmt: skip
    finding = only([*events, bounce(9, at=9), going_on(10)])
    assert (finding.number, finding.group, finding.speaker) == (1, "you", "remote")
    assert (finding.reply_code, finding.enhanced_code, finding.reply_class) == (553, "5.1.8", 5)
    assert finding.title == "example.net refuses ann@example.org: no such domain"
    assert finding.title_short == "sender domain unknown"
    assert finding.code_name == "Mailbox name invalid"
    assert finding.text == "<address>: no such domain"
    assert (finding.count, finding.noun, finding.share) == (4, "bounces", 0.8)
    assert (finding.first, finding.last) == (START + HOUR // 60, START + 4 * HOUR // 60)
    assert (finding.recipients, finding.domains, finding.senders) == (2, 1, 1)
    assert finding.bars == (1, 1, 1, 1, 0, 0, 0, 0, 0, 0)
    assert (finding.reached_later, finding.cause) == (0.0, "sender_domain_unresolvable")
    assert finding.marks == ("no such domain",)
    assert "no such domain" in finding.decided_by
    assert [(example.file, example.line, example.raw) for example in finding.examples] == [
        ("mail.log", n, f"line {n}") for n in (1, 2, 3)
    ]
    assert [(hit.address, hit.count, hit.first_line, hit.last_line) for hit in finding.affected] == [
        ("u0@example.net", 2, 2, 4),
        ("u1@example.net", 2, 1, 3),
    ]
    entry = CATALOGUE.reply_code(553)
    assert entry is not None
    assert finding.advice == entry.fix_sending
    assert len(finding.steps) >= 2
    assert not any("{" in sentence for sentence in (finding.do, *finding.steps))
    assert finding.advice_applies is False
    assert finding.advice_reason.startswith("The words speak of something else")
    assert finding.advice_reason.endswith("The recipients' addresses are valid.")


def test_with_nothing_but_the_code_the_catalogue_speaks_and_says_that_the_evidence_is_thin() -> None:
    finding = only([bounce(n, reply_code=553, enhanced_code=None, text="no") for n in (1, 2, 3)])
    entry = CATALOGUE.reply_code(553)
    assert entry is not None
    assert (finding.advice, finding.advice_applies) == (entry.fix_sending, None)
    assert finding.advice_reason.startswith("Only the code is known")


#: The eight causes of a 553 (RFC 5321 has one), each said as servers say it, and a word of its fix.
OF_553 = {
    "address_syntax": ("5.1.3", "malformed address: two dots", "remote", "Correct"),
    "sender_domain_unresolvable": ("5.1.8", "Domain of sender address ann@example.org does not exist", "remote", "domain"),
    "sender_not_owned": ("5.7.1", "<ann@example.org>: Sender address rejected: not owned by user crm", "us", "login"),
    "auth_required": (None, "authentication is required", "remote", "log in"),
    "relay_denied": ("5.7.1", "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "remote", "MX"),
    "ip_blocked": ("5.7.1", "Client host [192.0.2.25] blocked using bl.example.net", "remote", "bl.example.net"),
    "recipient_unknown": ("5.1.1", "unknown user", "remote", "Remove"),
    "server_misconfigured": ("5.3.5", "system config error", "remote", "postmaster"),
}


@pytest.mark.parametrize("cause", OF_553)
def test_each_cause_of_a_553_has_its_own_fix(cause: str) -> None:
    enhanced, text, speaker, word = OF_553[cause]
    fields: Row = {"reply_code": 553, "enhanced_code": enhanced, "text": text, "raw": f"553 {text}"}
    make = bounce if speaker == "remote" else refusal
    finding = only([make(n, **fields) for n in (1, 2, 3)])
    assert finding.cause == cause
    assert finding.advice_applies is (cause == "address_syntax")
    assert len(finding.title) <= 70
    assert cause not in finding.title
    assert word.lower() in " ".join((finding.title, finding.do, *finding.steps)).lower()


def test_one_block_list_is_one_finding_however_many_domains_say_so_in_their_words() -> None:
    texts = ("blocked using bl.example.net", "rejected, listed at bl.example.net", "your host is blacklisted, see bl.example.net")
    events = [
        bounce(n, reply_code=554, enhanced_code="5.7.1", text=texts[n % 3], raw="554 5.7.1 " + texts[n % 3], recipient=f"x@d{n}.test")
        for n in range(9)
    ]
    finding = only(events)
    assert (finding.cause, finding.count, finding.domains) == ("ip_blocked", 9, 9)
    assert len(finding.examples) == 3


def test_directions_are_not_put_together() -> None:
    texts = ("Refused by rule 7 of our policy", "Message refused by policy")
    events = [bounce(n, reply_code=554, enhanced_code="5.7.1", text=texts[n % 2]) for n in range(6)]
    assert [(finding.cause, finding.count) for finding in found(events)] == [("policy_rejected", 3)] * 2


def test_what_is_a_matter_of_domains_is_put_together_whatever_the_words() -> None:
    texts = ("Connection refused", "Connection timed out")
    silent = {"speaker": "local", "reply_code": None, "reply_origin": None}
    events = [delivery(n, "deferred", f"Q{n}", "x@a.test", text=texts[n % 2], **silent) for n in range(6)]
    assert [(finding.cause, finding.count) for finding in found(events)] == [("network_failure", 6)]


def test_rarer_failures_are_counted_as_groups_and_events() -> None:
    events = [bounce(1), bounce(2), bounce(3, text="other"), *(bounce(n, text="third") for n in (4, 5, 6))]
    with tallied(events) as some:
        listed, rarer = findings.find(some, CATALOGUE)
    assert [finding.text for finding in listed] == ["third"]
    assert rarer == (2, 3)
    assert len(found(events, recurring=1)) == 3
    assert len(found(events, recurring=1, limit=2)) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"event": "reject_warning", "reply_origin": "own"},
        {"event": "probed", "reply_origin": "probe"},
        {"event": "deferred", "reply_origin": "repeated"},
        {"event": "rejected", "reply_origin": "own"},
        {"event": "attempt_failed", "reply_code": None, "reply_class": None, "reply_origin": None},
        {"event": "warning", "reply_code": None, "reply_class": None, "reply_origin": None},
        {"event": "delivered", "reply_code": 250, "reply_class": 2},
    ],
)
def test_what_is_no_failure_of_its_own_makes_no_finding(fields: dict[str, Any]) -> None:
    assert found([{**bounce(n), **fields} for n in (1, 2, 3)]) == []


def test_a_host_line_that_repeats_its_recipients_lines_does_not_count_twice() -> None:
    host_line = row(
        1, "attempt_failed", mta="exim", speaker="remote", reply_code=550, reply_origin="repeated", text="no"
    )
    assert only([host_line, *(bounce(n, text="no") for n in (2, 3, 4))]).count == 3


def test_speaker_code_enhanced_code_and_text_tell_groups_apart() -> None:
    kinds: list[Row] = [{}, {"reply_code": 554}, {"enhanced_code": "5.1.1"}, {"speaker": "local"}, {"text": "more"}]
    events = [bounce(10 * place + n, **kind) for place, kind in enumerate(kinds) for n in (1, 2, 3)]
    assert [finding.count for finding in found(events)] == [3] * 5


def test_an_enhanced_code_alone_is_a_code() -> None:
    finding = only(
        [refusal(n, reply_code=None, enhanced_code="5.7.1", reply_class=5, reply_origin="wire") for n in (1, 2, 3)]
    )
    assert finding.title == "Our server refuses 203.0.113.5 by a rule that gives no reason"
    assert finding.code_name == CATALOGUE.name_of(None, "5.7.1")


# ---- words
def test_a_connection_that_fails_is_told_in_the_logs_words() -> None:
    text = "connect to mx.example.net[192.0.2.7]:25: Connection timed out"
    events = [
        delivery(n, "deferred", f"Q{n}", "x@example.net", speaker="local", reply_code=None, reply_origin=None,
                 dsn="4.4.1", reply_class=4, text=text) for n in (1, 2, 3)
    ]  # fmt: skip
    finding = only(events)
    assert finding.title == "example.net cannot be reached: no connection to mx.example.net"
    assert finding.cause == "network_failure"
    assert (finding.noun, finding.reply_class, finding.code_name, finding.advice) == ("deferrals", 4, "", "")
    assert finding.advice_applies is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("host mx.example.net[192.0.2.7] is odd: Quux of the day", "quux of the day"),
        ("quux with mx.example.net[192.0.2.7] while frobbing", "quux with … while frobbing"),
        ("", ""),
    ],
)
def test_the_reason_is_what_the_log_says_at_the_end(text: str, reason: str) -> None:
    silent = {"speaker": "local", "reply_code": None, "reply_origin": None}
    finding = only([delivery(n, "deferred", f"Q{n}", "x@a.test", text=text, **silent) for n in (1, 2, 3)])
    assert finding.title == "Delivery to a.test fails" + (f": {reason}" if reason else "")


def test_who_is_the_one_host_the_one_domain_or_a_number() -> None:
    def title(*pairs: tuple[str | None, str]) -> str:
        events = [bounce(n, relay_host=host, recipient=f"x@{domain}") for n, (host, domain) in enumerate(pairs * 3)]
        return only(events).title.partition(" answered")[0]

    assert title(("a.test", "x.test"), ("a.test", "y.test")) == "a.test"
    assert title(("a.test", "x.test"), ("b.test", "x.test")) == "x.test"
    assert title(("a.test", "x.test"), ("b.test", "y.test")) == "2 servers"
    assert title((None, "x.test"), (None, "y.test")) == "2 domains"


def test_titles_fit_in_a_line_whatever_the_host_is_called() -> None:
    finding = only([bounce(n, relay_host="x" * 200) for n in (1, 2, 3)])
    assert len(finding.title) <= 70
    assert " answered 550 " in finding.title
    assert len(finding.title_short) <= 24


def test_our_own_refusals_get_the_advice_for_receivers() -> None:
    finding = only([refusal(n, reply_code=553) for n in (1, 2, 3)])
    entry = CATALOGUE.reply_code(553)
    assert entry is not None
    assert finding.title == "203.0.113.5 gives our server addresses that nobody can read"
    assert finding.advice_applies is None
    assert (finding.noun, finding.advice) == ("refusals", entry.fix_receiving)


def test_failed_logins_are_findings_with_or_without_a_code() -> None:
    failed = [
        row(
            n,
            "auth_failed",
            process="smtpd",
            client_ip="203.0.113.5",
            speaker="us",
            text="SASL LOGIN authentication failed",
        )
        for n in (1, 2, 3)
    ]
    finding = only(failed)
    assert finding.title == "203.0.113.5 keeps failing to log in"
    assert (finding.noun, finding.group, finding.reply_class) == ("refusals", "none", 5)


# ---- who has to act
def test_strangers_that_we_refuse_need_nobody_our_own_clients_need_you() -> None:
    assert only([refusal(n) for n in (1, 2, 3)]).group == "none"
    for ours in (
        {"client_ip": "10.9.8.7"},
        {"auth_user": "crm"},
        {"instance": "postfix/submission"},
        {"process": "submission/smtpd"},
    ):
        assert only([refusal(n, **ours) for n in (1, 2, 3)]).group == "you", ours
    assert only([refusal(n) for n in (1, 2, 3)], own=("203.0.113.0/24",)).group == "you"
    named = [refusal(n, client_host="app.example.org") for n in (1, 2, 3)]
    assert only(named, own=("example.org",)).group == "you"
    mixed = [refusal(1, client_ip="10.0.0.1"), *(refusal(n) for n in (2, 3, 4))]
    assert only(mixed).group == "none"


@pytest.mark.parametrize(
    ("code", "enhanced", "domains", "group"),
    [
        (550, "5.7.1", 1, "you"),
        (421, "4.7.28", 1, "you"),
        (553, "5.1.8", 1, "you"),
        (550, "5.1.1", 5, "else"),
        (552, "5.2.2", 5, "else"),
        (550, None, 2, "else"),
        (550, None, 3, "you"),
        (450, None, 5, "else"),
        (550, "5.1.10", 5, "else"),
    ],
)
def test_a_remote_refusal_is_about_us_if_its_code_or_many_domains_say_so(
    code: int, enhanced: str | None, domains: int, group: str
) -> None:
    events = [bounce(n, reply_code=code, enhanced_code=enhanced, recipient=f"x@d{n % domains}.test") for n in range(15)]
    assert only([*events, going_on(16)]).group == group


def test_what_is_over_and_reached_its_recipients_later_needs_nobody() -> None:
    deferred = [delivery(n, "deferred", f"Q{n}", "x@example.net", enhanced_code="4.7.1") for n in (1, 2, 3)]
    later = [delivery(10 + n, "delivered", f"Q{n}", "X@example.net") for n in (1, 2, 3)]
    finding = only([*deferred, *later, going_on(300)])
    assert (finding.state, finding.reached_later, finding.group) == ("over", 1.0, "none")
    finding = only([*deferred, *later[:2], going_on(300)])
    assert (finding.state, finding.reached_later, finding.group) == ("over", pytest.approx(2 / 3), "else")
    finding = only([*deferred, *later, going_on(20)])
    assert (finding.state, finding.group) == ("going on", "else")


def test_a_client_that_we_put_off_and_then_took_reached_its_recipients() -> None:
    put_off = [refusal(n, reply_code=450, client_ip="10.0.0.7", sender=f"s{n}@example.org") for n in (1, 2, 3)]
    taken = [message(20 + n, f"Q{n}", sender=f"S{n}@example.org") for n in (1, 2, 3)]
    taken += [delivery(20 + n, "delivered", f"Q{n}", "x@example.net") for n in (1, 2, 3)]
    finding = only([*put_off, *taken, going_on(300)])
    assert (finding.reached_later, finding.group) == (1.0, "none")
    earlier = [{**event, "time": START} for event in taken]
    assert only([*put_off, *earlier, going_on(300)]).reached_later == 0.0
    assert only([refusal(n, recipient=None) for n in (1, 2, 3)]).reached_later is None


# ---- how it moves
@pytest.mark.parametrize(
    ("minutes", "end", "state"),
    [
        ((0, 1, 2), 61, "going on"),
        ((0, 1, 2), 62, "over"),
        ((0, 60, 120), 299, "going on"),
        ((0, 60, 120), 300, "over"),
    ],
)
def test_going_on_means_within_an_hour_or_three_mean_gaps_of_the_end(
    minutes: tuple[int, ...], end: int, state: str
) -> None:
    events = [bounce(n, at=at) for n, at in enumerate(minutes)]
    assert only([*events, row(9, "connected", at=end)]).state == state


def test_without_times_nothing_is_said_about_its_movement() -> None:
    finding = only([bounce(n, at=None) for n in (1, 2, 3)])
    assert (finding.state, finding.trend, finding.first, finding.bars) == ("", "", None, ())


def test_a_trend_is_a_share_of_the_speakers_replies_not_a_count() -> None:
    def moved(early: int, late: int, replies_early: int, replies_late: int) -> str:
        failed = [bounce(n, at=0) for n in range(early)] + [bounce(100 + n, at=29) for n in range(late)]
        said = [delivery(1000 + n, "delivered", f"D{n}", "x@example.net", at=0) for n in range(replies_early)]
        said += [delivery(2000 + n, "delivered", f"E{n}", "x@example.net", at=29) for n in range(replies_late)]
        return only([*failed, *said]).trend

    assert moved(4, 12, 40, 40) == "rising"
    assert moved(12, 4, 40, 40) == "falling"
    assert moved(6, 12, 40, 88) == ""  # twice as many, in twice the traffic
    assert moved(3, 8, 40, 40) == ""  # fewer than twelve
    assert moved(0, 12, 40, 40) == "rising"


def test_no_trend_without_three_bars() -> None:
    assert only([bounce(n, at=n % 2) for n in range(20)]).trend == ""


# ---- order
def test_order_is_who_acts_then_going_on_then_recipients_then_553_then_count() -> None:
    def group(text: str, count: int, recipients: int = 1, **fields: Any) -> list[Row]:
        at = fields.pop("at", 400)
        return [bounce(n, text=text, at=at, recipient=f"u{n % recipients}@example.net", **fields) for n in range(count)]

    policy = {"enhanced_code": "5.7.1"}
    events = [
        *group("nobody knows", 50, 20),
        *group("most", 9, **policy),
        *group("mailbox", 4, reply_code=553, **policy),
        *group("many people", 20, 20, **policy),
        *group("over", 90, 40, at=1, **policy),
        *(refusal(n, text="strangers") for n in range(200)),
    ]
    listed = found(events)
    assert [finding.text for finding in listed] == [
        "many people",
        "mailbox",
        "most",
        "over",
        "nobody knows",
        "strangers",
    ]
    assert [finding.number for finding in listed] == [1, 2, 3, 4, 5, 6]
    assert listed == sorted(listed, key=order)


def test_examples_by_code_are_the_first_three_lines_of_the_log() -> None:
    events = [bounce(n, text=text, enhanced_code="5.1.1") for n, text in enumerate(("c", "a", "b", "a", "c"), 1)]
    silent = delivery(9, "deferred", "Q9", "x@example.net", reply_code=None, speaker="local")
    with tallied([*events, silent, refusal(20)]) as some:
        examples = findings.code_examples(some)
    assert {key: [example.line for example in lines] for key, lines in examples.items()} == {
        "code:remote:550:5.1.1": [1, 2, 3],
        "code:us:550:": [20],
    }


def test_a_line_with_several_recipients_is_one_example() -> None:
    events = [bounce(5, recipient=f"u{n}@example.net") for n in range(4)]
    finding = only(events)
    assert (finding.count, [example.line for example in finding.examples]) == (4, [5])


def test_senders_are_affected_where_no_recipient_was_named() -> None:
    finding = only([refusal(n, stage="mail", recipient=None, sender="Bad@example.org") for n in (1, 2, 3)])
    assert [(hit.address, hit.count) for hit in finding.affected] == [("bad@example.org", 3)]
    assert (finding.recipients, finding.senders) == (0, 1)


def test_of_very_many_texts_the_rare_ones_are_told_by_their_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(causing, "MOST_TEXTS", 1)
    often = [row(n, "bounced", speaker="remote", reply_code=550, text="User unknown", recipient="a@example.net") for n in range(1, 6)]
    rare = [row(n, "bounced", speaker="remote", reply_code=550, text=f"Spam of kind {word}") for n, word in ((6, "x"), (7, "y"), (8, "z"))]
    with tallied(often + rare) as some:
        found, rarer = findings.find(some, catalogue.load(), recurring=3)
    assert sorted((finding.cause, finding.count) for finding in found) == [("recipient_unknown", 5), ("unknown", 3)]
    assert rarer == (0, 0)


def test_what_only_the_enhanced_code_says_is_not_put_into_the_words_mouth() -> None:
    finding = only([bounce(n, reply_code=553, enhanced_code="5.2.2", text="Sorry") for n in (1, 2, 3)])
    assert finding.cause == "mailbox_full"
    assert finding.advice_reason.startswith("The enhanced status code speaks of something else: mailbox over quota.")
    finding = only([bounce(n, reply_code=550, enhanced_code="5.2.2", text="Sorry") for n in (1, 2, 3)])
    assert finding.advice_reason == "The enhanced status code says more than the reply code: mailbox over quota."


def test_words_that_decided_have_no_masks_at_their_ends() -> None:
    text = "<a{}@example.net>: Sender address rejected: the domain takes no replies"
    events = [refusal(n, reply_code=553, enhanced_code="5.1.8", text=text.format(n), raw=text.format(n)) for n in (1, 2, 3)]
    finding = only(events)
    assert finding.marks
    assert not any(mark for mark in finding.marks if "<" in mark or "@" in mark)
    assert all(mark in finding.examples[0].raw for mark in finding.marks)


# ---- parts: the key that matters for a cause
def test_two_senders_that_are_refused_for_the_same_cause_are_two_findings() -> None:
    """Postfix names the sender on another line than the refusal: the message tells."""
    senders = ("app@dev.invalid", "web@old.invalid")
    events = [
        line
        for n in range(8)
        for line in (
            message(2 * n, f"Q{n}", sender=senders[n % 4 == 3]),
            delivery(2 * n + 1, "bounced", f"Q{n}", f"u{n}@example.net", reply_code=553, enhanced_code="5.1.8",
                     text="Domain of sender does not exist", raw=f"line of {senders[n % 4 == 3]}"),
        )
    ]  # fmt: skip
    app, web = sorted(found(events, recurring=2), key=lambda finding: -finding.count)
    assert app.title == "example.net refuses app@dev.invalid: no such domain"
    assert web.title == "example.net refuses web@old.invalid: no such domain"
    assert (app.count, app.recipients, sum(app.bars)) == (6, 6, 6)
    assert (web.count, web.recipients, sum(web.bars)) == (2, 2, 2)
    assert (web.first, web.last) == (START + 7 * HOUR // 60, START + 15 * HOUR // 60)
    assert [example.raw for example in app.examples] == ["line of app@dev.invalid"] * 3
    assert [example.raw for example in web.examples] == ["line of web@old.invalid"] * 2
    assert [hit.address for hit in web.affected] == ["u3@example.net", "u7@example.net"]


def test_values_below_a_tenth_stay_together_and_all_failures_are_counted_once() -> None:
    events = [
        delivery(n, "deferred", f"Q{n}", f"x@{domain}", reply_code=450, enhanced_code="4.7.1", text="too many messages, slow down")
        for n, domain in enumerate(["big.test"] * 20 + [f"d{k}.test" for k in range(12)])
    ]
    big, rest = sorted(found(events), key=lambda finding: -finding.count)
    assert (big.title, big.count) == ("big.test slows us down: too many messages", 20)
    assert (rest.title, rest.count, rest.domains) == ("12 domains slow us down: too many messages", 12, 12)


def test_what_is_left_of_a_group_may_be_too_rare() -> None:
    events = [
        bounce(n, reply_code=450, enhanced_code="4.7.1", text="too many messages, slow down", recipient=f"x@{domain}")
        for n, domain in enumerate(["big.test"] * 4 + ["other.test"])
    ]
    with tallied(events) as some:
        (big,), rarer = findings.find(some, CATALOGUE)
    assert (big.count, rarer) == (4, (1, 1))


def test_two_block_lists_are_two_findings_in_whatever_words() -> None:
    texts = (
        "Client host [192.0.2.25] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.25",
        "Your address 192.0.2.25 is blacklisted by Spamhaus",
        "Service unavailable; 192.0.2.25 is listed at bl.example.net",
    )
    events = [
        bounce(n, reply_code=554, enhanced_code="5.7.1", text=texts[n % 3], raw="554 5.7.1 " + texts[n % 3], recipient=f"x@d{n}.test")
        for n in range(9)
    ]
    assert {(finding.cause, finding.count, finding.title) for finding in found(events)} == {
        ("ip_blocked", 6, "6 domains refuse mx1: 192.0.2.25 is on the block list zen.spamhaus.org"),
        ("ip_blocked", 3, "3 domains refuse mx1: 192.0.2.25 is on the block list bl.example.net"),
    }


def test_our_own_refusals_are_split_only_where_all_or_none_were_told_to_clients_of_ours() -> None:
    def refused(n: int, sender: str, login: str | None) -> Row:
        return refusal(n, reply_code=553, enhanced_code="5.7.1", text="Sender address rejected: not owned by user",
                       sender=sender, auth_user=login)  # fmt: skip

    own = [refused(n, ("a@example.com", "b@example.com")[n % 2], "crm") for n in range(8)]
    assert [(finding.count, finding.group) for finding in found(own)] == [(4, "you"), (4, "you")]
    mixed = [refused(n, ("a@example.com", "b@example.com")[n % 2], "crm" if n < 5 else None) for n in range(8)]
    assert [finding.count for finding in found(mixed)] == [8]
