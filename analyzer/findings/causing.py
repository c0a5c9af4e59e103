"""The cause of each group of failures, decided once for each distinct text; groups of one cause put together.

A group is made of one normalised text. Where the words tell a cause that stands for itself (a block list, mailboxes that
are full), many texts say the same thing and are one finding; where a cause is only a direction (``merge = false`` in its
file) and a matter of nobody in particular (no ``key``), each text stays a finding of its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.findings.block_lists import lists_in
from analyzer.listing import joined

if TYPE_CHECKING:
    from analyzer.causes import Cause, Causes, Explanation
    from analyzer.findings.facts import Facts

UNKNOWN = "unknown"
#: Texts whose words are looked at; logs of real servers have a few hundred.
MOST_TEXTS = 1000
#: Evidence that says little: the catalogue's advice is the best there is.
THIN = frozenset({"reply code only", "stage only", "none"})
_OUR_IP = re.compile(
    r"(?:client host|your (?:ip|host|server)|host|ip|address)[^\[\d]{0,24}\[?((?:\d{1,3}\.){3}\d{1,3})\]?"
    r"|(?<![\d.\[])((?:\d{1,3}\.){3}\d{1,3}) (?:is|was|has been) ",
    re.IGNORECASE,
)
_MASK = re.compile(r"<(?:address|host|ip|id|n|time|url)>")
_EDGES = " .,:;()[]'\"-"
_SHORT = 2  # characters that say nothing alone
_LOGIN = re.compile(r"(?:owned by|by) (?:user|login) ([^\s;,]{1,60})|sasl_username=([^\s,;]{1,60})", re.IGNORECASE)


class Decision(NamedTuple):
    """What is known about a finding: why it failed, with the evidence, and its most frequent text."""

    cause: Cause
    explanation: Explanation
    text: str

    @property
    def key(self) -> str:
        """Whose matter it is (`causes.KEYS`), if more than a code says so."""
        return "" if self.explanation.confidence in THIN else self.cause.side(self.explanation.speaker).key


class Decided(NamedTuple):
    """Why each group failed: by the finding's key its cause, its most frequent group and whether its words were looked at, and
    the key that each goes to.
    """

    groups: Sequence[Mapping[str, Any]]
    causes: dict[int, tuple[str, Mapping[str, Any], bool]]
    goes_to: dict[int, int]

    def explained(self, key: int, book: Causes) -> Decision:
        """A finding's decision, with the words that decided."""
        name, group, examined = self.causes[key]
        said = book.explain(group["shape"] if examined else "", **_codes(group))
        return Decision(book.causes[name], said, group["shape"])


def _codes(group: Mapping[str, Any]) -> dict[str, Any]:
    return {name: group[name] for name in ("reply_code", "enhanced_code", "speaker")}


def decide(
    groups: Sequence[Mapping[str, Any]],
    book: Causes,
    lines_of: Callable[[list[int]], Mapping[int, list[str]]],
) -> Decided:
    """The causes of all groups, and which of them are one finding.

    ``groups``: rows of ``causes_of.sql``, the most frequent first; ``lines_of``: lines of some of them, for the block lists
    that they name: those of another list are another finding. The decision of a finding is that of its most frequent text.
    Strangers can make a log say a hundred thousand things: only of ``examined`` groups the words are looked at.
    """
    named = [book.cause_of(group["shape"] if group["examined"] else "", **_codes(group)) for group in groups]
    by_list = {
        group["failure_key"]: group
        for name, group in zip(named, groups, strict=True)
        if group["examined"] and book.causes[name].side(group["speaker"]).key == "list"
    }
    lists = {
        key: tuple(lists_in(reply_in(line, by_list[key]["reply_code"], by_list[key]["enhanced_code"]) for line in lines))
        for key, lines in (lines_of(list(by_list)) if by_list else {}).items()
    }
    members: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for name, group in zip(named, groups, strict=True):
        cause, examined = book.causes[name], group["examined"]
        alone = examined and not cause.merge and not cause.side(group["speaker"]).key
        key = group["shape"] if alone else lists.get(group["failure_key"], ())
        members[*_codes(group).values(), name, key, examined].append(group)
    causes: dict[int, tuple[str, Mapping[str, Any], bool]] = {}
    goes_to: dict[int, int] = {}
    for (_, _, _, name, _, examined), found in members.items():
        first = found[0]
        causes[first["failure_key"]] = name, first, examined
        goes_to.update((group["failure_key"], first["failure_key"]) for group in found)
    return Decided(groups, causes, goes_to)


def in_its_words(decision: Decision, facts: Facts, book: Causes) -> Decision:
    """The same decision without masks among its words: what stands between them is told, and names of hosts.

    A host's name is part of the reason (a block list); addresses and numbers are those of one message among many.
    """
    words = decision.explanation.evidence.words
    if not any("<" in word for word in words):
        return decision
    if facts.examples and any("<host>" in word for word in words):
        said = book.explain(
            reply_in(facts.examples[0].raw, facts.reply_code, facts.enhanced_code),
            reply_code=facts.reply_code, enhanced_code=facts.enhanced_code, speaker=facts.speaker,
        )  # fmt: skip
        if said.evidence.rule == decision.explanation.evidence.rule and not any("@" in word for word in said.evidence.words):
            return decision._replace(explanation=said)
    pieces = (piece.strip(_EDGES) for word in words for piece in _MASK.split(word))
    kept = tuple(piece for piece in pieces if len(piece) > _SHORT)
    if not kept:
        return decision
    evidence = replace(decision.explanation.evidence, words=kept)
    return decision._replace(explanation=replace(decision.explanation, evidence=evidence))


def reply_in(line: str, reply_code: int | None, enhanced_code: str | None) -> str:
    """What a log line says from its reply code on; what stands before names servers, not reasons. Empty without a code."""
    code = str(reply_code or enhanced_code or "")
    found = re.search(rf"(?<![\w.:-]){re.escape(code)}[ -](.*)", line, re.DOTALL) if code else None
    return found[1] if found else ""


def values(facts: Facts) -> dict[str, str]:
    """What titles and steps may name, from the facts and from the words of the first line; only what is certain."""
    raw = facts.examples[0].raw if facts.examples else ""
    replies = [reply_in(example.raw, facts.reply_code, facts.enhanced_code) for example in facts.examples]
    found = {
        "relay": facts.relay_host or "",
        "domain": facts.domain or "",
        "sender": facts.sender or "",
        "sender_domain": facts.sender_domain or "",
        "recipient": facts.affected[0].address if len(facts.affected) == 1 and facts.recipients == 1 else "",
        "addresses": f"{facts.recipients:,}" if facts.recipients > 1 else "",
        "domains": f"{facts.domains:,}" if facts.domains > 1 else "",
        "count": f"{facts.count:,}" if facts.count > 1 else "",
        "senders": f"{facts.senders:,}" if facts.senders > 1 else "",
        "client": facts.client or "",
        "clients": f"{facts.clients:,}" if facts.clients > 1 else "",
        "host": facts.host or "",
        "list": joined(lists_in(replies).values()),
    }
    for name, pattern, text in (("ip", _OUR_IP, replies[0] if replies else ""), ("login", _LOGIN, raw)):
        match = pattern.search(text)
        if match is not None:
            found[name] = next(group for group in match.groups() if group).rstrip(").;:,")
    return {name: value for name, value in found.items() if value}


def said_by(decision: Decision) -> str:
    """Which evidence decided, as a sentence."""
    evidence = decision.explanation.evidence
    if evidence.words:
        words = ", ".join(f"“{word}”" for word in dict.fromkeys(evidence.words))
        return f"The text says {words}."
    if evidence.kind == "enhanced code":
        return f"The enhanced status code {decision.explanation.enhanced_code} says so; the words say no more."
    if evidence.kind == "reply code":
        return f"Only the reply code {decision.explanation.reply_code} says so; the words say no more."
    return "Neither words nor codes tell the cause."
