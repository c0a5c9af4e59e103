"""The eight things that a 553 means, each from log lines to a finding with a fix of its own (the catalogue's study of 553)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

import analyzer

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.findings import Finding


class Case(NamedTuple):
    """Log lines with `%` for the line's number, how often they come, and what the finding must say."""

    cause: str
    lines: tuple[str, ...]
    group: str
    title: str
    fix: str  # words of the fix
    applies: bool | None = False  # the catalogue's advice


POSTFIX = "2026-11-20T10:00:0%.000000+00:00 mx1 postfix/"
ADDRESSED = (
    "to=<{to}>, relay=mx.example.net[192.0.2.1]:25, delay=1, delays=0.1/0/0.4/0.5, dsn={dsn}, status=bounced "
    "(host mx.example.net[192.0.2.1] said: {reply})"
)
QUEUED = POSTFIX + "qmgr[10]: 4AAAAA%: from=<{sender}>, size=1200, nrcpt=1 (queue active)"


def postfix(reply: str, *, to: str = "u%@example.net", dsn: str = "5.0.0", sender: str = "ann@example.org") -> tuple[str, ...]:
    """A message that another server refuses."""
    return (
        QUEUED.replace("{sender}", sender),
        POSTFIX + "smtp[11]: 4AAAAA%: " + ADDRESSED.format(to=to, dsn=dsn, reply=reply),
    )


CASES = [
    Case(
        "address_syntax",
        postfix("553 5.1.3 <anna..k%@example.net>: mailbox name not allowed (in reply to RCPT TO command)", to="anna..k%@example.net"),
        "you", "3 addresses at example.net are misspelt", "Correct the recipient where it was entered", applies=True,
    ),
    Case(
        "sender_domain_unresolvable",
        postfix("553 5.1.8 <app@dev.invalid>... Domain of sender address app@dev.invalid does not exist (in reply to MAIL FROM command)",
                sender="app@dev.invalid"),
        "you", "example.net refuses app@dev.invalid: no such domain", "Give app@dev.invalid a domain that exists in public DNS",
    ),
    Case(
        "sender_not_owned",
        (POSTFIX + "submission/smtpd[12]: NOQUEUE: reject: RCPT from app7.example.org[198.51.100.7]: 553 5.7.1 <invoices@example.com>: "
         "Sender address rejected: not owned by user crm; from=<invoices@example.com> to=<u%@example.net> proto=ESMTP helo=<app7>",),
        "you", "Our server refuses what the login crm sends as invoices@example.com", "crm",
    ),
    Case(
        "auth_required",
        postfix("553 sorry, you must authenticate before sending (#5.7.1) (in reply to MAIL FROM command)"),
        "you", "mx.example.net wants a login before it takes our mail", "smtp_sasl_auth_enable",
    ),
    Case(
        "relay_denied",
        postfix("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1) (in reply to RCPT TO command)"),
        "else", "mx.example.net does not take mail for example.net", "MX",
    ),
    Case(
        "ip_blocked",
        postfix("553 5.7.1 Service unavailable; Client host [198.51.100.25] blocked using zen.spamhaus.org; "
                "https://www.spamhaus.org/query/ip/198.51.100.25 (in reply to RCPT TO command)"),
        "you", "example.net refuses us: 198.51.100.25 is listed at zen.spamhaus.org", "zen.spamhaus.org",
    ),
    Case(
        "recipient_unknown",
        postfix("553 5.1.1 <u%@example.net>: unknown or illegal alias (in reply to RCPT TO command)"),
        "else", "3 addresses at example.net do not exist", "Remove",
    ),
    Case(
        "server_misconfigured",
        ("Nov 20 10:00:0% mx2 sendmail[77]: 6AKA000%077: to=<u%@example.net>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30000, "
         "relay=mx.example.net. [192.0.2.1], dsn=5.3.5, reply=553 5.3.5 MX list for example.net. points back to mx.example.net, "
         "stat=Local configuration error",),
        "else", "The server of example.net is set up wrongly", "postmaster",
    ),
]  # fmt: skip


def findings(folder: Path, lines: tuple[str, ...], times: int = 3) -> tuple[Finding, ...]:
    """The findings of a log in which the lines come so many times."""
    log = folder / "mail.log"
    log.write_text("".join(line.replace("%", str(number)) + "\n" for number in range(1, times + 1) for line in lines))
    return analyzer.analyze([log], year=2026, log_timezone="UTC").findings


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.cause)
def test_from_log_lines_to_the_fix(case: Case, tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, case.lines)
    assert (finding.reply_code, finding.cause, finding.count) == (553, case.cause, 3)
    assert finding.title == case.title
    assert finding.group == case.group
    assert case.fix in " ".join((finding.do, *finding.steps))
    assert (finding.advice_applies, finding.advice != "") == (case.applies, True)
    assert len(finding.examples) == 3
    assert all("553" in example.raw for example in finding.examples)


def test_each_cause_has_a_fix_of_its_own(tmp_path: Path) -> None:
    fixes = {findings(tmp_path, case.lines)[0].do for case in CASES}
    assert len(fixes) == len(CASES)


@pytest.mark.parametrize(
    "line",
    [
        postfix("553 Sorry (in reply to RCPT TO command)")[1],
        "2026-11-20 10:00:0% 1xVrPx-00000%-28 ** u%@example.net R=smart T=smarthost H=mx.example.net [192.0.2.1]: SMTP error from remote "
        "mail server after RCPT TO:<u%@example.net>: 553 Sorry",
        "Nov 20 10:00:0% mx2 sendmail[77]: 6AKA000%077: to=<u%@example.net>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30000, "
        "relay=mx.example.net. [192.0.2.1], dsn=5.0.0, reply=553 Sorry, stat=Service unavailable",
    ],
    ids=["postfix", "exim", "sendmail"],
)
def test_nothing_but_the_code_gets_the_catalogues_advice_and_says_that_the_evidence_is_thin(line: str, tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, (line,))
    entry = analyzer.codes["553"]
    assert (finding.reply_code, finding.count, finding.advice) == (553, 3, entry.fix_sending)
    assert finding.advice_applies is None
    assert "evidence is thin" in finding.advice_reason


def test_why_is_told_in_the_logs_own_words_without_masks(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.cause == "ip_blocked")
    (finding,) = findings(tmp_path, case.lines)
    assert finding.decided_by == "The text says “blocked using zen.spamhaus.org”."
    assert all(mark in finding.examples[0].raw for mark in finding.marks)
