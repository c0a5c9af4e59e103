"""Replies taken apart, and texts normalised."""

from __future__ import annotations

import pytest

from analyzer.replies import category_name, class_name, normalise, parse_reply, reply_class


@pytest.mark.parametrize(
    ("text", "code", "enhanced", "rest"),
    [
        (b"550 5.1.1 <x@y.example>: User unknown", 550, "5.1.1", b"<x@y.example>: User unknown"),
        (b"250", 250, None, b""),
        (b"553-5.1.8 Domain of 553 5.1.8 sender", 553, "5.1.8", b"Domain of sender"),
        (rb"550-first\n550 second", 550, None, b"first second"),
        (b"5.7.1 milter says no", None, "5.7.1", b"milter says no"),
        (b"553 #5.1.8 Domain of sender address", 553, "5.1.8", b"Domain of sender address"),
        (b"550 sorry, no mailbox here (#5.1.1 - chkuser)", 550, "5.1.1", b"sorry, no mailbox here (#5.1.1 - chkuser)"),
        (b"553 sorry, that domain (#5.7.1)", 553, "5.7.1", b"sorry, that domain (#5.7.1)"),
        (b"554 5.7.1, rejected", 554, "5.7.1", b"rejected"),
    ],
)
def test_codes_are_taken_off_a_reply(text: bytes, code: int | None, enhanced: str | None, rest: bytes) -> None:
    assert parse_reply(text) == (code, enhanced, rest)


@pytest.mark.parametrize(
    "text",
    [
        b"4521 messages",
        b"127.0.0.1 refused",
        b"timed out after 550 seconds",
        b"(5.1.1)",
        b"lost connection",
        b"",
        b"650 no class",
        b"550x",
    ],
)
def test_numbers_that_only_look_like_codes_are_none(text: bytes) -> None:
    assert parse_reply(text) == (None, None, text)


@pytest.mark.parametrize("text", [b"550 5.1.2.3 is an address", b"550 5.1.1234 too long", b"550 6.1.1 no class"])
def test_no_enhanced_code_where_the_numbers_go_on(text: bytes) -> None:
    parsed = parse_reply(text)
    assert (parsed.reply_code, parsed.enhanced_code) == (550, None)


def test_class_follows_the_strongest_code() -> None:
    assert reply_class(550, "4.1.1", "2.0.0") == 5
    assert reply_class(None, "4.1.1", "2.0.0") == 4
    assert reply_class(None, None, "2.0.0") == 2
    assert reply_class(None, None, None) is None
    assert (class_name(4), class_name(9)) == ("transient negative completion", "unknown class")
    assert (category_name(553), category_name(571)) == ("mail system", "outside the grammar")


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("<bob@example.com>: User unknown", "<address>: User unknown"),
        ('"odd local"@example.com rejected', "<address> rejected"),
        ("Client host [192.0.2.1] blocked using bl.example.net", "Client host <ip> blocked using <host>"),
        ("see https://bl.example.net/q?ip=192.0.2.1 now", "see <url> now"),
        ("connect to mx.example.net[192.0.2.1]:25: refused", "connect to <host><ip>:<n>: refused"),
        ("from [IPv6:2001:db8::25] and 2001:db8:0:0:0:0:0:1", "from <ip> and <ip>"),
        ("queued as 4C1D32F0A, 12 times", "queued as <id>, <n> times"),
        ("at 12:30:45 on 2026-11-24T12:30:45Z", "at <time> on <time>"),
        ("  letters   are\tkept ", "letters are kept"),
    ],
)
def test_what_differs_from_message_to_message_is_masked(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_normalising_a_normal_text_changes_nothing() -> None:
    for text in ("<address>: unknown in <host> at <time>", "<ip> said <id> <n> times, see <url>"):
        assert normalise(text) == text
