"""``python -m analyzer.matcher``: what a newcomer sees of a line."""

from __future__ import annotations

from analyzer.matcher import Recogniser
from analyzer.matcher.explain import describe

STAMP = "Nov 24 13:14:27 mx postfix/smtpd[1]: "
REJECTED = "NOQUEUE: reject: RCPT from a.example.net[192.0.2.1]: 553 5.7.1 no; from=<b@example.org> to=<c@example.net> proto=ESMTP helo=<a>"


def said(line: str) -> str:
    return describe(Recogniser(), line.encode())


def test_a_recognised_line_shows_its_template_and_fields() -> None:
    text = said(STAMP + REJECTED)
    assert "program   postfix, instance 'postfix', process 'smtpd'" in text
    assert "template  postfix/" in text
    assert "reply_code        553" in text


def test_an_unrecognised_line_shows_where_the_nearest_template_stopped() -> None:
    text = said(STAMP + REJECTED.replace("RCPT from", "RCPT of"))
    assert "template  none takes the whole message; the nearest:" in text
    assert "then wanted" in text


def test_lines_of_others_and_lines_without_a_frame_are_said() -> None:
    assert "belongs to no MTA" in said("Nov 24 13:14:27 mx sshd[1]: hello")
    assert "no framing takes this line" in said("x y z")
