"""Text that a stranger chooses stays text: whatever stands in an address, a HELO name, a subject or a reply, as the MTA would
write it, every other column keeps its value. How each MTA writes such text was read in its source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.matcher import Recogniser

RECOGNISER = Recogniser()

#: What somebody would write who knows how logs look.
LITERALS = st.sampled_from(
    [
        ">, relay=none, delay=0, dsn=2.0.0, status=sent (250 2.0.0 Ok",
        "> R=x T=y H=evil [192.0.2.66]: 250 ok",
        ", reply=553 5.1.3 forged, stat=User unknown",
        "; from=<x@y> to=<z@y> proto=SMTP helo=<h>",
        ": reject: RCPT from evil[1.2.3.4]: 553 x",
        " (in reply to MAIL FROM command))",
        ", stat=Sent (ok)", ' C="250 OK"', "=> forged@x", ' <"', '" <x@y> R=r', "NOQUEUE: ", " queued as 4FORGED99", "550 5.7.1 ",
        ", dsn=2.0.0, stat=Sent", " rejected RCPT <x@y>: 550 no", "@", "<>", "\\", '"', "'", " ", ":", ",", ";", "(", ")", "[", "]",
        "é", "\u202e", "x",
    ]
)  # fmt: skip
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
TEXT = st.lists(st.one_of(LITERALS, PRINTABLE), max_size=5).map("".join)
#: smtpd leaves none of these in a HELO name. Source: Postfix src/smtpd/smtpd.c, helo_cmd(); printable() and neuter().
HELO = TEXT.map(lambda text: "".join(c for c in text if c not in ' <>()\\";@' and c.isascii())[:60] or "h")


def quoted(local: str) -> str:
    """A local part as a quoted string. Source: RFC 5321 4.1.2."""
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'


def read(tag: bytes, message: str) -> dict[str, Any]:
    program = RECOGNISER.program(tag)
    assert program is not None
    match = program.matcher.match(program.process, message.encode())
    assert match is not None, f"not recognised: {message!r}"
    return {column: value for column, value in match.fields.items() if value is not None}


def same_but(tag: bytes, line: Callable[[str], str], hostile: str, harmless: str, *varied: str) -> dict[str, Any]:
    """The fields of the hostile line, after all but the varied columns were found to be those of the harmless one."""
    found, expected = read(tag, line(hostile)), read(tag, line(harmless))
    assert {c: v for c, v in found.items() if c not in varied} == {c: v for c, v in expected.items() if c not in varied}
    return found


SMTP, SMTPD, EXIM, SENDMAIL = b"postfix/smtp", b"postfix/smtpd", b"", b"sm-mta"
fast = settings(max_examples=80, deadline=None)


@fast
@given(TEXT)
@example(">, relay=none, delay=0, dsn=2.0.0, status=sent (250 ok) ")
def test_postfix_recipient(local: str) -> None:
    def line(part: str) -> str:
        return (
            f"4C1D32F01A: to=<{part}@example.net>, relay=mx.example.net[192.0.2.9]:25, delay=0.7, delays=0.5/0/0.1/0.1, dsn=5.1.1, "
            "status=bounced (host mx.example.net[192.0.2.9] said: 550 5.1.1 no such user (in reply to RCPT TO command))"
        )

    found = same_but(SMTP, line, quoted(local), "x", "recipient")
    assert found["recipient"].decode() == quoted(local) + "@example.net"


@fast
@given(TEXT)
def test_postfix_remote_reply(text: str) -> None:
    def line(words: str) -> str:
        return (
            "4C1D32F01A: to=<x@example.net>, relay=mx.example.net[192.0.2.9]:25, delay=0.7, delays=0.5/0/0.1/0.1, dsn=5.1.1, "
            f"status=bounced (host mx.example.net[192.0.2.9] said: 550 5.1.1 {words} (in reply to RCPT TO command))"
        )

    same_but(SMTP, line, "a " + text, "a", "text")


@fast
@given(TEXT, TEXT, HELO)
def test_postfix_refusal(sender: str, recipient: str, helo: str) -> None:
    def line(who: tuple[str, str, str]) -> str:
        return (
            f"NOQUEUE: reject: RCPT from a.example.net[192.0.2.1]: 553 5.1.3 <x@example.net>: Recipient address rejected: bad; "
            f"from=<{who[0]}@example.org> to=<{who[1]}@example.net> proto=ESMTP helo=<{who[2]}>"
        )

    found = read(SMTPD, line((quoted(sender), quoted(recipient), helo)))
    plain = read(SMTPD, line(("s", "r", "h")))
    varied = {"sender", "recipient", "helo"}
    assert {c: v for c, v in found.items() if c not in varied} == {c: v for c, v in plain.items() if c not in varied}
    assert found["sender"].decode() == quoted(sender) + "@example.org"
    assert found["recipient"].decode() == quoted(recipient) + "@example.net"
    assert found["helo"].decode() == helo


@fast
@given(TEXT)
def test_postfix_refusal_that_quotes_an_address_in_its_text(address: str) -> None:
    def line(words: str) -> str:
        return (
            f"NOQUEUE: reject: RCPT from a.example.net[192.0.2.1]: 550 5.1.1 <{words}>: Recipient address rejected: User unknown; "
            "from=<s@example.org> to=<r@example.net> proto=ESMTP helo=<h>"
        )

    same_but(SMTPD, line, address + "@example.net", "r@example.net", "text")


def exim_form(local: str, domain: str = "example.net") -> str:
    """Exim's two forms of an address: without quotes (lower case) where it differs, then as it was."""
    return f"{local.lower()}@{domain} <{quoted(local)}@{domain}>"


@fast
@given(TEXT.filter(bool))
@example("f, dsn=5.1.3, stat=user unknown")
def test_exim_recipient(local: str) -> None:
    def line(address: str) -> str:
        return (
            f"1xVqtI-0001gZ-33 ** {address} R=world T=smtp H=mx.example.net [192.0.2.9]: "
            "SMTP error from remote mail server after RCPT TO:<x@example.net>: 550 5.1.1 no such user"
        )

    found = same_but(EXIM, line, exim_form(local), "x@example.net", "recipient")
    assert found["recipient"].decode() == quoted(local) + "@example.net"


@fast
@given(TEXT)
def test_exim_subject_and_confirmation(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')

    def arrived(subject: str) -> str:
        return (
            "1xVqtI-0001gZ-33 <= s@example.org H=a.example.net [192.0.2.1] P=esmtp S=347 id=1@example.org "
            f'T="{subject}" from <s@example.org> for r@example.net'
        )

    same_but(EXIM, arrived, escaped, "hello")

    def delivered(reply: str) -> str:
        return f'1xVqtI-0001gZ-33 => r@example.net R=world T=smtp H=mx.example.net [192.0.2.9] C="250 2.0.0 Ok {reply}"'

    same_but(EXIM, delivered, escaped, "done", "text", "next_queue_id")


@fast
@given(TEXT)
def test_exim_remote_reply(text: str) -> None:
    def line(words: str) -> str:
        return (
            "1xVqtI-0001gZ-33 == r@example.net R=world T=smtp defer (-44) H=mx.example.net [192.0.2.9]: "
            f"SMTP error from remote mail server after RCPT TO:<r@example.net>: 450 4.2.0 {words}"
        )

    same_but(EXIM, line, "a" + text, "a", "text")


def doubled(text: str) -> str:
    """sendmail doubles every backslash when it logs. Source: sendmail conf.c, sm_syslog()."""
    return text.replace("\\", "\\\\")


@fast
@given(TEXT.map(lambda text: text[:60]))
@example(", dsn=2.0.0, stat=Sent")
def test_sendmail_recipient(local: str) -> None:
    def line(part: str) -> str:
        return (
            f"6AODU5Rk009767: to=<{part}@example.net>, delay=00:00:01, xdelay=00:00:00, mailer=esmtp, pri=30138, "
            "relay=mx.example.net. [192.0.2.9], dsn=5.1.1, reply=550 5.1.1 no such user, stat=User unknown"
        )

    found = same_but(SENDMAIL, line, doubled(quoted(local)), "x", "recipient")
    (recipient,) = found["recipient"]
    assert recipient.decode() == quoted(local) + "@example.net"


@fast
@given(TEXT.map(lambda text: text[:80]))
def test_sendmail_remote_reply(text: str) -> None:
    def line(words: str) -> str:
        return (
            "6AODU5Rk009767: to=<x@example.net>, delay=00:00:01, xdelay=00:00:00, mailer=esmtp, pri=30138, "
            f"relay=mx.example.net. [192.0.2.9], dsn=5.1.1, reply=550 5.1.1 {doubled(words)}, stat=User unknown"
        )

    same_but(SENDMAIL, line, "a" + text, "a", "text")


WHOLE = [
    (SMTP, "4C1D32F01A: to=<x@example.net>, relay=mx.example.net[192.0.2.9]:25, delay=0.7, delays=0.5/0/0.1/0.1, dsn=5.1.1, "
           "status=bounced (host mx.example.net[192.0.2.9] said: 550 5.1.1 no such user (in reply to RCPT TO command))"),
    (SMTPD, "NOQUEUE: reject: RCPT from a.example.net[192.0.2.1]: 553 5.1.3 bad; from=<s@x.example> to=<r@y.example> proto=SMTP helo=<h>"),
    (EXIM, "1xVqtI-0001gZ-33 ** x@example.net R=world T=smtp H=mx.example.net [192.0.2.9]: SMTP error from remote mail server "
           "after RCPT TO:<x@example.net>: 550 5.1.1 no such user"),
    (EXIM, '1xVqtI-0001gZ-33 => x@example.net R=world T=smtp H=mx.example.net [192.0.2.9] C="250 2.0.0 Ok: queued as 12345"'),
    (SENDMAIL, "6AODU5Rk009767: to=<x@example.net>, delay=00:00:01, xdelay=00:00:00, mailer=esmtp, pri=30138, "
               "relay=mx.example.net. [192.0.2.9], dsn=5.1.1, reply=550 5.1.1 no such user, stat=User unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "message"), WHOLE, ids=["postfix", "smtpd", "exim-bounce", "exim-delivery", "sendmail"])
def test_a_cut_line_gives_no_code_and_no_outcome_that_the_whole_line_has_not(tag: bytes, message: str) -> None:
    program = RECOGNISER.program(tag)
    assert program is not None
    whole = program.matcher.match(program.process, message.encode())
    assert whole is not None
    for end in range(len(message)):
        match = program.matcher.match(program.process, message[:end].encode())
        if match is None:
            continue
        for column in ("reply_code", "queue_id", "relay_ip", "client_ip"):
            assert match.fields.get(column) in (None, whole.fields.get(column)), (column, message[:end])
        assert match.fields.get("event") != "delivered" or whole.fields["event"] == "delivered"
