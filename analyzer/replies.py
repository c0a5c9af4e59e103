"""Reply codes and enhanced status codes: what they are, and how they stand in a reply's text.

Knows RFC 5321 4.2 and RFC 3463; has never seen a log.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

#: First digit of a reply code. Source: RFC 5321 4.2.1.
CLASS_NAMES = {
    1: "positive preliminary",
    2: "positive completion",
    3: "positive intermediate",
    4: "transient negative completion",
    5: "permanent negative completion",
}

#: Second digit of a reply code. Source: RFC 5321 4.2.1; 3 and 4 are unspecified there, the rest unused.
CATEGORY_NAMES = {0: "syntax", 1: "information", 2: "connections", 3: "unspecified", 4: "unspecified", 5: "mail system"}


class Reply(NamedTuple):
    """A reply taken apart: codes are None where the text prints none; ``text`` is what is left without them."""

    reply_code: int | None
    enhanced_code: str | None
    text: bytes


def class_name(digit: int) -> str:
    """Name of a reply class by its first digit, 2 to 5. Source: RFC 5321 4.2.1."""
    return CLASS_NAMES.get(digit, "unknown class")


def category_name(code: int) -> str:
    """What a reply code's second digit says it is about. Source: RFC 5321 4.2.1."""
    return CATEGORY_NAMES.get(code // 10 % 10, "outside the grammar")


def reply_class(reply_code: int | None, enhanced_code: str | None, dsn: str | None) -> int | None:
    """First digit of the reply code, else of the enhanced status code, else of the MTA's own ``dsn=``."""
    if reply_code is not None:
        return reply_code // 100
    for code in (enhanced_code, dsn):
        if code:
            return int(code[0])
    return None


# A reply code: three digits, then a blank, a hyphen (more lines follow) or the end. RFC 5321 4.2.
_CODE = re.compile(rb"([2-5][0-9][0-9])(?:[ -]|$)")
# An enhanced status code in front, also in qmail's way with a hash; not a piece of an IP address or a version.
_ENHANCED = re.compile(rb" *#?([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.][0-9]|[0-9])[ ,;:]?")
# In brackets at the end: `(#5.7.1)`, `(#5.1.1 - chkuser)`; qmail, chkuser.
_ENHANCED_TAIL = re.compile(rb"\(#([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])[^()]*\)\.?$")
_TAIL_REACH = 60


def parse_reply(text: bytes) -> Reply:
    """Take the codes off a reply's text; a reply of several lines, flattened into one, is one reply.

    Knows ``550 5.1.1 x``, ``553-5.1.8 x 553 5.1.8 y``, ``5.7.1 x`` (enhanced code alone, as a milter's), ``553 #5.1.8 x``,
    ``550 x (#5.1.1 - chkuser)`` and Exim's ``550-x\\n550 y``.
    Source: RFC 5321 4.2, RFC 2034 4; qmail's way: its ``qmail-smtpd.c``.
    """
    text = text.strip(b" ")
    code_match = _CODE.match(text)
    if code_match is None:
        enhanced_match = _ENHANCED.match(text)
        if enhanced_match is None or text.startswith(b"#"):
            return Reply(None, _enhanced_at_end(text), text)
        return Reply(None, enhanced_match[1].decode(), text[enhanced_match.end() :].lstrip(b" "))
    code = code_match[1]
    rest = text[code_match.end() :]
    enhanced_match = _ENHANCED.match(rest)
    enhanced = None
    if enhanced_match is not None:
        enhanced = enhanced_match[1].decode()
        rest = rest[enhanced_match.end() :]
    else:
        enhanced = _enhanced_at_end(rest)
    return Reply(int(code), enhanced, _without_repeats(rest, code, enhanced).strip(b" "))


def _enhanced_at_end(text: bytes) -> str | None:
    start = max(0, len(text) - _TAIL_REACH)
    match = _ENHANCED_TAIL.search(text, start)
    return match[1].decode() if match else None


def _without_repeats(rest: bytes, code: bytes, enhanced: str | None) -> bytes:
    """Drop the code that a flattened reply repeats in front of each of its lines."""
    if code not in rest:
        return rest
    again = (
        re.escape(code) + rb"[ -]" + (rb"(?: *" + re.escape(enhanced.encode()) + rb"(?![0-9.]))?" if enhanced else b"")
    )
    return re.sub(rb"(?:\\n|(?<= )|^)" + again + rb" *", b" ", rest).replace(b"  ", b" ")


# ---- normalised text: what groups replies (contract 5)
# One pass from left to right; where several masks fit at one place, the first of these is taken. Letters beyond ASCII are
# parts of words, white space is ASCII's. The compiled engine does the same byte by byte (matcher/_normalise.pxi): a change
# here is a change there.
def _word(more: str = "") -> str:
    """A class of letters, digits, _ and all beyond ASCII, and of the marks named; said by what it leaves out."""
    left_out = (chr(c) for c in range(128) if not (chr(c).isalnum() or chr(c) in "_" + more))
    return "[^" + "".join(f"\\x{ord(c):02x}" for c in left_out) + "]"


_W = _word()
_LOCAL = r"""[^\s<>()\[\]{}"',;:]"""
_LABEL = rf"[A-Za-z0-9_](?:{_word('-')}*{_W})?"
_IPV6 = rf"(?=[0-9a-fA-F:]{{0,39}}::|(?:[0-9a-fA-F]{{1,4}}:){{7}})[0-9a-fA-F:]{{3,39}}+(?!{_word(':')})"
_MASKS: tuple[tuple[str, str], ...] = (
    ("<url>", rf"(?<!{_W})(?:[A-Za-z][A-Za-z0-9+.-]*+://|[wW][wW][wW]\.)[^\s<>\"')\]]+"),
    (
        "<address>",
        rf"<?(?:\"(?:[^\"\\]|\\[\s\S]){{0,128}}+\"|(?<!{_LOCAL}){_LOCAL}+)@(?:\[[^\]\s]*+\]|{_word('.-')}*{_W})>?",
    ),
    ("<ip>", rf"\[?(?<!{_W})(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?!{_W})\]?"),
    ("<ip>", rf"\[(?:IPv6:)?{_IPV6}\]|(?<!{_word(':.')})(?:IPv6:)?{_IPV6}"),
    (
        "<time>",
        rf"(?<!{_W})\d{{4}}-\d\d-\d\d"
        rf"(?:(?>[T ]\d\d:\d\d(?::\d\d)?+(?:\.\d+)?+(?:Z|[+-]\d\d:?\d\d)?+)(?!{_W})|(?!{_W}))",
    ),
    ("<time>", rf"(?<!{_W})\d{{1,2}}+:\d\d(?::\d\d)?+(?!{_W})"),
    (
        "<host>",
        rf"(?<!{_W})(?={_word('-')}*[A-Za-z]){_LABEL}(?:\.{_LABEL})*\.[A-Za-z]{{2,24}}+(?!{_word('@')})(?:\.(?!{_word('@')}))?",
    ),
    ("<id>", rf"(?<!{_word('<+/-')})(?={_word('+/-')}*\d){_word('+/-')}{{6,}}+=*+(?!>)"),
    ("<n>", rf"(?<!{_word('<.')})\d++(?:\.\d++(?!{_word('>')}))*+(?!{_word('>')})"),
)
_BLANKS = re.compile(r"\s+", re.ASCII)


@cache
def _masks() -> re.Pattern[str]:
    return re.compile("|".join(f"({pattern})" for _, pattern in _MASKS), re.ASCII)


def _mask(found: re.Match[str]) -> str:
    return _MASKS[(found.lastindex or 1) - 1][0]


def normalise(text: str) -> str:
    """The text with what differs from message to message masked, so that equal failures are equal texts.

    Masks are ``<address>``, ``<host>``, ``<ip>``, ``<id>`` (six or more characters with a digit), ``<n>``, ``<time>``,
    ``<url>``; white space is folded, letters are kept.
    """
    return _BLANKS.sub(" ", _masks().sub(_mask, text)).strip(" ")
