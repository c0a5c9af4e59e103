"""The checks that find a defect in a mail address: each for a few alike defects, in the order in which they are tried.

A check sees the whole address and says the defect's name, its place, and the address with only this defect taken away.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import TYPE_CHECKING

from analyzer.address.defects import ADDRESS_LIMIT, DOMAIN_LIMIT, LABEL_LIMIT, LOCAL_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: A defect found: its name, its place, and the address with only this defect taken away (None: not obvious).
Finding = tuple[str, tuple[int, int], str | None]


def _nothing(address: str) -> Finding | None:
    if not address:
        return "empty", (0, 0), None
    return None


_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e")
_BLANKS = frozenset("\u00a0\u2007\u202f\u3000")


def _unprintable(address: str) -> Finding | None:
    for place, char in enumerate(address):
        if char in "\r\n":
            return "line_break", (place, place + 1), address.replace(char, "")
        if char in _INVISIBLE:
            return "invisible_character", (place, place + 1), address.replace(char, "")
        if char in _BLANKS:
            return "space", (place, place + 1), address.replace(char, "")
        if char == "\ufffd":
            return "replacement_character", (place, place + 1), None
        if unicodedata.category(char) == "Cc":
            return "control_character", (place, place + 1), address.replace(char, "")
    return None


def _blank_at_end(address: str) -> Finding | None:
    if address != address.strip():
        place = 0 if address[0].isspace() else len(address.rstrip())
        return "blank_at_end", (place, place + 1), address.strip()
    return None


# In braces wherever they stand; the other kinds are lawful characters and count only if they are the whole local part.
_VARIABLE = re.compile(r"\$?\{\{?\s*\$?[\w.]+\s*\}?\}|<%.*?%>|\[%.*?%\]")
_WHOLE_VARIABLE = re.compile(r"(?:%[A-Za-z_]{2,}%|__[A-Za-z]\w*__|##\w+##|\$[A-Z_]{3,})(?=@|$)")
_PLACEHOLDERS = frozenset(
    ("null", "none", "undefined", "nan", "n/a", "na", "unknown", "test", "-", "--", ".", "nil", "false", "true", "@")
)


def _unfilled(address: str) -> Finding | None:
    if not address.startswith('"'):
        match = _VARIABLE.search(address) or _WHOLE_VARIABLE.match(address)
        if match is not None:
            return "template_variable", match.span(), None
    if address.lower() in _PLACEHOLDERS:
        return "placeholder", (0, len(address)), None
    return None


# What the bytes of UTF-8 become when they are read as Windows-1252: a lead byte, then what 80 to BF stand for there.
_LEAD = "\u00c2-\u00c6\u00d0\u00d1\u00e2"
_FOLLOW = (
    "\u0080-\u00bf\u20ac\u2122\u0152\u0153\u0160\u0161\u017d\u017e"
    "\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u02c6\u02dc\u0192"
)
_DAMAGE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("encoded_word", re.compile(r"(=\?[\w-]+\?[BbQq]\?.*)")),
    ("quoted_printable", re.compile(r"(=[CD][0-9A-F]=[89AB][0-9A-F]|=E[0-9A-F](?:=[89AB][0-9A-F]){2})")),
    ("quoted_printable", re.compile(r"^[^@]*(=40)[^@]*$")),
    ("html_entity", re.compile(r"(&(?:#\d+|#x[0-9a-fA-F]+|[a-z]+\d*);)")),
    ("percent_encoding", re.compile(r"(%20|%2[Bb]|%[CcEe][0-9A-Fa-f]%[89ABab][0-9A-Fa-f])")),
    ("percent_encoding", re.compile(r"^[^@]*(%40)[^@]*$")),
    ("mojibake", re.compile(f"((?:[{_LEAD}][{_FOLLOW}]+)+)")),
)
_REWRITTEN = re.compile(r"(?:SRS[01]|prvs|btv1)[=+-]", re.IGNORECASE)  # SRS, BATV: their = and letters are meant


def _damaged(address: str) -> Finding | None:
    if address.startswith('"') or _REWRITTEN.match(address):
        return None
    for defect, pattern in _DAMAGE:
        match = pattern.search(address)
        if match is not None:
            return defect, match.span(1), _undamaged(address, defect)
    return None


def _undamaged(address: str, defect: str) -> str | None:
    import html
    import quopri
    from email.header import decode_header, make_header
    from urllib.parse import unquote

    try:
        if defect == "quoted_printable":
            mended = quopri.decodestring(address.encode("latin-1")).decode("utf-8")
        elif defect == "encoded_word":
            mended = str(make_header(decode_header(address)))
        elif defect == "mojibake":
            mended = address.encode("cp1252").decode("utf-8")
        else:
            mended = html.unescape(address) if defect == "html_entity" else unquote(address, errors="strict")
    except (UnicodeError, ValueError, LookupError):
        return None
    return mended.strip() if mended != address else None


_AT_WORDS = re.compile(r"\s*[\[({<]\s*at\s*[\])}>]\s*|\s+at\s+|_at_", re.IGNORECASE)
_DOT_WORDS = re.compile(r"\s*[\[({<]\s*dot\s*[\])}>]\s*|\s+dot\s+", re.IGNORECASE)


def _wrapped(address: str) -> Finding | None:
    """What stands around an address: a link's scheme, brackets, a name, quotation marks."""
    if (match := re.match(r"mailto:", address, re.IGNORECASE)) is not None:
        return "mailto", match.span(), address[match.end() :].partition("?")[0]
    if (match := re.match(r"[a-z]{3,8}://", address, re.IGNORECASE)) is not None:
        return "url", match.span(), None
    for wrong in "\uff20\ufe6b":
        if wrong in address:
            place = address.index(wrong)
            return "fullwidth_at", (place, place + 1), address.replace(wrong, "@")
    if "@" not in address and (match := _AT_WORDS.search(address)) is not None:
        return "at_spelt_out", match.span(), _DOT_WORDS.sub(".", _AT_WORDS.sub("@", address, count=1))
    if re.fullmatch(r"<[^<>]*>", address):
        return "angle_brackets", (0, 1), address[1:-1]
    if (match := re.fullmatch(r"[^<>@]*[^<>@\s\"]\"?\s*<([^<>]+)>", address)) is not None:
        return "display_name", (0, match.start(1) - 1), match[1]
    return None


def _source_route(address: str) -> Finding | None:
    if (match := re.match(r"@[\w.-]+(?:,@[\w.-]+)*:", address)) is not None:
        return "source_route", match.span(), address[match.end() :]
    return None


def _quotes(address: str) -> Finding | None:
    if (match := re.search("[\u201c\u201d\u201e\u2018\u2019]", address)) is not None:
        return "typographic_quote", match.span(), re.sub("[\u201c\u201d\u201e\u2018\u2019]", "", address)
    if len(address) > 1 and address[0] in "\"'" and address[-1] == address[0] and "@" in address:
        return "quoted_whole", (0, 1), address[1:-1]
    if address.startswith('"'):
        if re.match(r'"(?:[^"\\]|\\.)*"@', address) is None:
            closing = re.match(r'"(?:[^"\\]|\\.)*"', address)
            if closing is None:
                return "unbalanced_quote", (0, 1), address[1:]
            place = closing.end()
            if "@" not in address:
                return "no_domain", (place, len(address)), None
            return "quote_in_middle", (place, place + 1), None
        return None
    if '"' in address:
        place = address.index('"')
        odd = address.count('"') % 2
        return ("unbalanced_quote" if odd else "quote_in_middle"), (place, place + 1), address.replace('"', "")
    return None


def _angle_bracket(address: str) -> Finding | None:
    if address.startswith('"'):
        return None
    match = re.search(r"[<>]", address)
    if match is not None:
        return "unbalanced_angle_bracket", match.span(), re.sub(r"[<>]", "", address)
    return None


def _lists(address: str) -> Finding | None:
    if address.startswith('"') or address.count("@") < 2:
        return None
    match = re.search(r"[^\s,;@]+@[^\s,;@]+\s*([,;\s/|])\s*[^\s,;@]+@", address)
    if match is not None:
        return "several_addresses", match.span(1), None
    return None


def _comments(address: str) -> Finding | None:
    if address.startswith('"'):
        return None
    match = re.search(r"\([^()]*\)", address)
    if match is not None and "@" in address:
        return "comment", match.span(), (address[: match.start()] + address[match.end() :]).strip()
    return None


def _ats(address: str) -> Finding | None:
    local, at, domain = _split(address)
    if not at:
        if "!" in address and re.fullmatch(r"[\w.-]+(?:![\w.+-]+)+", address):
            return "uucp_path", (address.index("!"), address.index("!") + 1), None
        if re.fullmatch(r"(?:www\.)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S*", address):
            return "url", (0, len(address)), None
        return "no_domain", (len(address), len(address)), None
    place = len(local)
    if "@@" in address and not address.startswith('"'):
        return "doubled_at", (address.index("@@"), address.index("@@") + 2), address.replace("@@", "@")
    if not local:
        return "no_local_part", (0, 1), None
    if not domain:
        return "empty_domain", (place, place + 1), None
    if not local.startswith('"') and "@" in local:
        first = address.index("@")
        same = local.rpartition("@")[2] == domain
        return "several_at", (first, first + 1), local if same else None
    return None


def _blanks(address: str) -> Finding | None:
    local, _, domain = _split(address)
    part, offset = (domain, len(local) + 1) if local.startswith('"') else (address, 0)
    match = re.search(r"\s+", part)
    if match is not None:
        mended = re.sub(r"\s+", "", part)
        span = (match.start() + offset, match.end() + offset)
        return "space", span, f"{local}@{mended}" if offset else mended
    return None


_UNQUOTED = re.compile(r"[()<>\[\]:;,]")


def _local_part(address: str) -> Finding | None:
    local, _, domain = _split(address)
    size = len(local.encode("utf-8", "surrogatepass"))
    if size > LOCAL_LIMIT:
        return "local_too_long", (0, len(local)), None
    if local.startswith('"'):
        return None
    if "\\" in local:
        return "backslash_unquoted", (local.index("\\"), local.index("\\") + 1), address.replace("\\", "")
    if (match := _UNQUOTED.search(local)) is not None:
        comma_for_dot = match[0] == "," and local.replace(",", ".")
        return "special_unquoted", match.span(), f"{comma_for_dot}@{domain}" if comma_for_dot else None
    if local.startswith("."):
        return "dot_at_start", (0, 1), f"{local.lstrip('.')}@{domain}"
    if local.endswith("."):
        return "dot_at_end", (len(local) - 1, len(local)), f"{local.rstrip('.')}@{domain}"
    if ".." in local:
        return "double_dot", (local.index(".."), local.index("..") + 2), f"{re.sub('[.]+', '.', local)}@{domain}"
    return None


def _literal(address: str) -> Finding | None:
    local, _, domain = _split(address)
    start, end = len(local) + 1, len(address)
    if ("[" in domain) != ("]" in domain) or (domain.startswith("[") and not domain.endswith("]")):
        inner = domain.strip("[]")
        return "unclosed_literal", (start, end), f"{local}@[{inner}]" if _is_ip(inner) else None
    if domain.startswith("["):
        inner = domain[1:-1]
        if inner.lower().startswith("ipv6:"):
            return None if _is_ip(inner[5:], 6) else ("bad_literal", (start, end), None)
        if _is_ip(inner, 4):
            return None
        if _is_ip(inner, 6):
            return "ipv6_without_tag", (start + 1, end - 1), f"{local}@[IPv6:{inner}]"
        return "bad_literal", (start, end), None
    if _is_ip(domain):
        tag = "IPv6:" if ":" in domain else ""
        return "bare_ip", (start, end), f"{local}@[{tag}{domain}]"
    return None


def _is_ip(text: str, version: int | None = None) -> bool:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    return version in (None, found.version) and "%" not in text


def _domain_parts(address: str) -> Finding | None:
    local, _, domain = _split(address)
    if domain.startswith("["):
        return None
    for finding in _domain_findings(domain):
        defect, (start, end), mended = finding
        offset = len(local) + 1
        return defect, (start + offset, end + offset), f"{local}@{mended}" if mended else None
    return None


def _domain_findings(domain: str) -> Iterator[Finding]:
    if "," in domain:
        yield "domain_comma", (domain.index(","), domain.index(",") + 1), domain.rstrip(",").replace(",", ".")
    if (match := re.search(";", domain)) is not None:
        yield (
            "domain_semicolon",
            match.span(),
            domain.rstrip(";") if match.end() == len(domain) else domain.replace(";", "."),
        )
    if (match := re.search(r":\d+$", domain)) is not None:
        yield "domain_port", match.span(), domain[: match.start()]
    if (match := re.search(r"/.*$", domain)) is not None:
        yield "domain_slash", match.span(), domain[: match.start()]
    if domain.startswith("."):
        yield "domain_dot_at_start", (0, 1), domain.lstrip(".")
    if domain.endswith("."):
        yield "domain_dot_at_end", (len(domain) - 1, len(domain)), domain.rstrip(".")
    if ".." in domain:
        yield "domain_double_dot", (domain.index(".."), domain.index("..") + 2), re.sub("[.]+", ".", domain)
    if "_" in domain:
        place = domain.index("_")
        yield "domain_underscore", (place, place + 1), domain.replace("_", "-")
    if (match := re.search(r"[\x21-\x2c\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]", domain)) is not None:
        yield "domain_character", match.span(), domain.rstrip("'\"!?)>|*") if match.end() == len(domain) else None
    yield from _label_findings(domain)
    if "." not in domain:
        yield "no_dot", (0, len(domain)), None
    if (match := re.search(r"\.[0-9]+$", domain)) is not None:
        yield "numeric_tld", match.span(), None
    if len(domain.encode("utf-8", "surrogatepass")) > DOMAIN_LIMIT:
        yield "domain_too_long", (0, len(domain)), None


def _label_findings(domain: str) -> Iterator[Finding]:
    start = 0
    for label in domain.split("."):
        span = (start, start + len(label))
        if label.startswith("-") or label.endswith("-"):
            yield "domain_hyphen", span, ".".join(part.strip("-") for part in domain.split("."))
        if len(label) > LABEL_LIMIT and label.isascii():
            yield "label_too_long", span, None
        if label.lower().startswith("xn--") and not _is_punycode(label):
            yield "bad_punycode", span, None
        if not label.isascii() and not _is_idn(label):
            yield "bad_idn", span, None
        start += len(label) + 1


def _is_punycode(label: str) -> bool:
    import idna

    try:
        return bool(idna.decode(label.lower()))
    except (idna.IDNAError, UnicodeError):
        return False


def _is_idn(label: str) -> bool:
    import idna

    try:
        return bool(idna.encode(label, uts46=True))
    except (idna.IDNAError, UnicodeError):
        return False


def _lengths(address: str) -> Finding | None:
    if len(address.encode("utf-8", "surrogatepass")) > ADDRESS_LIMIT:
        return "address_too_long", (0, len(address)), None
    return None


# What email-validator takes without a second look; nearly every address is so plain.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,30}"
_PLAIN = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.){{1,4}}[A-Za-z]{{2,24}}")


def _rest(address: str) -> Finding | None:
    """What email-validator finds and nothing above has named."""
    if _PLAIN.fullmatch(address):
        return None
    local, _, domain = _split(address)
    reason = _valid(local, domain)
    if reason is None:
        return None
    if not local.isascii():
        return "bad_local_unicode", (0, len(local)), None
    return "syntax", (0, len(address)), None


def _valid(local: str, domain: str) -> str | None:
    """None if the syntax is right, else email-validator's reason. Names for tests and for home are no syntax matter."""
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(
            f"{local}@{domain}",
            check_deliverability=False,
            allow_smtputf8=True,
            allow_quoted_local=True,
            allow_domain_literal=True,
            test_environment=True,
            strict=False,
        )
    except EmailNotValidError as error:
        reason = str(error)
        return None if "special-use" in reason or "not valid everywhere on the Internet" in reason else reason
    return None


def _split(address: str) -> tuple[str, str, str]:
    """Local part, @ and domain; an @ inside quotation marks does not split."""
    if address.startswith('"') and (match := re.match(r'"(?:[^"\\]|\\.)*"', address)) is not None:
        rest = address[match.end() :]
        return match[0], rest[:1], rest[1:]
    local, at, domain = address.rpartition("@")
    return (local, at, domain) if at else (address, "", "")


CHECKS: tuple[Callable[[str], Finding | None], ...] = (
    _nothing,
    _unprintable,
    _blank_at_end,
    _unfilled,
    _damaged,
    _wrapped,
    _source_route,
    _quotes,
    _angle_bracket,
    _lists,
    _comments,
    _ats,
    _blanks,
    _local_part,
    _literal,
    _domain_parts,
    _lengths,
    _rest,
)
