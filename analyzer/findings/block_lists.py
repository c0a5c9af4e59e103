"""Which block lists a log line names: so that failures of one list are one finding, whoever consults it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Operators of public lists that replies name with or without a host name, and where they can be looked up.
OPERATORS = {
    "spamhaus": "spamhaus.org",
    "spamcop": "spamcop.net",
    "barracudacentral": "barracudacentral.org",
    "sorbs": "sorbs.net",
    "uceprotect": "uceprotect.net",
    "abusix": "abusix.com",
    "mailspike": "mailspike.net",
    "spamrats": "spamrats.com",
    "invaluement": "invaluement.com",
    "surriel": "psbl.org",
    "nixspam": "nixspam.net",
    "backscatterer": "backscatterer.org",
    "senderscore": "senderscore.org",
    "blocklist.de": "blocklist.de",
    "cloudmark": "cloudmark.com",
    "spfbl": "spfbl.net",
    "gbudb": "gbudb.com",
}
_NAMED = re.compile("|".join(map(re.escape, OPERATORS)), re.IGNORECASE)
# `blocked using bl.example.net`, `is listed at http://www.bl.example.net/...`, `blacklisted, see bl.example.net`
_LISTED = re.compile(
    r"(?:block|list|rbl|dnsbl)\w*\W{1,3}(?:\w+\W{1,3}){0,3}?(?:using|by|at|in|on|see|via|from)[ :(<]{1,3}"
    r"(?:https?://)?(?:www\.)?((?:[a-z0-9-]{1,63}\.)+[a-z]{2,24})(?![@\w-])",
    re.IGNORECASE,
)


def lists_in(lines: Iterable[str]) -> dict[str, str]:
    """The block lists that lines name: by operator, or by name where it is none that we know, the name to be shown."""
    found: dict[str, str] = {}
    for line in lines:
        for match in _LISTED.finditer(line):
            name = match[1].lower()
            operator = _NAMED.search(name)
            found.setdefault(operator[0] if operator else name, name)
        for match in _NAMED.finditer(line):
            found.setdefault(match[0].lower(), OPERATORS[match[0].lower()])
    return dict(sorted(found.items()))
