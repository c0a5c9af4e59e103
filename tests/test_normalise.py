"""Normalised text: both engines mask the same bytes, and what is masked stays as it is."""

from __future__ import annotations

import random

import pytest

from analyzer.matcher.program import extension
from analyzer.replies import normalise

ENGINE = extension()
PIECES = [
    *("@", "<", ">", "[", "]", '"', "\\", "'", ".", "-", "=", "/", "+", ":", "::", "://", "www.", "a@b", "1.2.3.4", "2026-11-24"),
    *("T13:14:27", "13:14", "(", ")", "IPv6:", "fe80::1", "com", ".org", "123456", "x1", "é", "ü9", "_", "Z", "+01:00", "#", "{"),
    *("}", ";", ",", "0", "9", "a", "abcdef:", "1:2:3:4:5:6:7:8", "<ann@example.net>", "mx1.example.org.", "4C1D32F0A", "size=12"),
    "https://a.example/b?c=1",
]
BLANKS = (" ", "\t", "\x0b", "\u2028", "\x1c")
TEXTS = (
    "<ann@example.net>: Recipient address rejected: User unknown in virtual mailbox table",
    "Client host [203.0.113.5] blocked using zen.example.org; https://www.example.org/query/ip/203.0.113.5",
    "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints - 4.16.55.1; see www.example.com/x",
    "connect to mx.example.net[2001:db8::25]:25: Connection timed out after 2026-11-24 13:14:27 +0000 (30s)",
    'sender verify fail for <"ann b"@example.net>: response to "RCPT TO:<x@example.org>" was: 550 <no such user-12>',
)


def made(rnd: random.Random) -> str:
    if rnd.random() < 0.4:
        return "".join(rnd.choice((*PIECES, *BLANKS)) for _ in range(rnd.randrange(1, 14)))
    text = rnd.choice(TEXTS)
    for _ in range(rnd.randrange(1, 6)):
        at = rnd.randrange(len(text) + 1)
        text = text[:at] + rnd.choice((*PIECES, *BLANKS)) + text[at + rnd.randrange(4) :]
    return text


@pytest.mark.skipif(ENGINE is None, reason="the extension is not built")
@pytest.mark.parametrize("seed", range(4))
def test_both_engines_mask_alike(seed: int) -> None:
    rnd = random.Random(seed)
    for _ in range(5000):
        text = made(rnd)
        assert ENGINE.normalised(text.encode()).decode() == normalise(text), text


@pytest.mark.skipif(ENGINE is None, reason="the extension is not built")
@pytest.mark.parametrize("piece", ["=", '"', '\\"', "a-", "a.", "<", "::", "1.", "@", "a@", "+", "é", "http:", "a://", "[", "-1"])
def test_long_runs_are_masked_alike(piece: str) -> None:
    text = (piece * 1000)[:1000]
    assert ENGINE.normalised(text.encode()).decode() == normalise(text)


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_masked_stays_as_it_is(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text) != text
