"""A finding in words: its title, its noun, what to do, and what the catalogue's advice is worth here."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from analyzer.findings import causing

if TYPE_CHECKING:
    from analyzer.catalogue import Catalogue
    from analyzer.findings.causing import Decision
    from analyzer.findings.facts import Facts
    from analyzer.findings.model import Finding

TITLE_LENGTH, SHORT_LENGTH = 70, 24
#: A first sentence shorter than this says too little to stand alone as what to do.
ENOUGH = 50
_NOUNS = {"bounced": "bounces", "expired": "bounces", "deferred": "deferrals", "attempt_failed": "attempts"}
_DELIVERIES = ("deferred", "bounced", "expired")
_THREE = 3
#: Addresses of a finding that are looked at for what is wrong with them, the most hit first.
_LOOKED_AT = 20
_NAME_INVALID = 553
ONLY_THE_CODE = "Only the code is known; the catalogue's advice is the best there is, the evidence is thin."
NO_CODE = "The lines print no reply code, so the catalogue has no entry to quote."
_SENTENCE_END = re.compile(r"(?<=[a-z0-9)]\.) +(?=[A-Z])")
_MASK = re.compile(r"(?:\[?<[a-z]+>\]?:?)+")
_SEPARATOR = re.compile(rf"{_MASK.pattern} *|: ")
_EDGES = " .,;:()"


class Fix(NamedTuple):
    """What to do, in one sentence and in steps; the catalogue's advice and what it is worth here."""

    do: str
    steps: tuple[str, ...]
    advice: str
    reason: str


class Words(NamedTuple):
    """A finding's sentences."""

    title: str
    title_short: str
    do: str
    steps: tuple[str, ...]
    advice: str
    applies: bool | None
    reason: str


def said(facts: Facts, catalogue: Catalogue, decision: Decision) -> Words:
    """Title, fix and the worth of the catalogue's advice: the cause's where one is known, else the code's."""
    by_code = fix(facts, catalogue)
    if decision.cause.name == causing.UNKNOWN:
        return Words(
            title(facts, catalogue), short_title(facts), by_code.do, by_code.steps, by_code.advice, None, by_code.reason
        )
    side = decision.cause.side(facts.speaker)
    known = causing.values(facts)
    do, steps = side.advice(known)
    applies, reason = _worth(facts, decision, by_code)
    return Words(side.title(known), side.title_short, do, steps, by_code.advice, applies, reason)


def _worth(facts: Facts, decision: Decision, by_code: Fix) -> tuple[bool | None, str]:
    """Whether the catalogue's advice for the code applies here, and why."""
    label = decision.cause.label.lower()
    if not by_code.advice:
        return None, by_code.reason
    if decision.explanation.confidence in causing.THIN:
        return None, ONLY_THE_CODE
    by_code_alone = decision.explanation.confidence == "enhanced code"
    what, say, speak = ("The enhanced status code", "says", "speaks") if by_code_alone else ("The words", "say", "speak")
    if facts.reply_code != _NAME_INVALID:
        return None, f"{what} {say} more than the reply code: {label}."
    if decision.cause.name == "address_syntax":
        return True, _defects(facts) or f"{what} {speak} of the address itself."
    valid = f" {_whose(facts)} valid." if _addresses_are_valid(facts) else ""
    return False, f"{what} {speak} of something else: {label}.{valid}"


def _whose(facts: Facts) -> str:
    """The addresses that were looked at, as the beginning of a sentence."""
    if max(facts.recipients, facts.senders) > _LOOKED_AT:
        return "The addresses that were hit most are"
    if not facts.recipients:
        return "The sender's address is" if facts.senders == 1 else "The senders' addresses are"
    return "The recipient's address is" if facts.recipients == 1 else "The recipients' addresses are"


def _addresses_are_valid(facts: Facts) -> bool:
    from analyzer.address import diagnose

    hit = facts.affected[:_LOOKED_AT]
    return bool(hit) and all(diagnose(affected.address).valid for affected in hit)


def _defects(facts: Facts) -> str:
    """What is wrong in the addresses that were hit, for the first three in which something is."""
    from analyzer.address import diagnose

    found = ((affected.address, diagnose(affected.address)) for affected in facts.affected[:_LOOKED_AT])
    broken = list(islice(((address, diagnosis) for address, diagnosis in found if not diagnosis.valid), _THREE))
    said = []
    for address, diagnosis in broken:
        meant = f" Probably meant: {diagnosis.intended}." if diagnosis.intended else ""
        said.append(f"{address}: {diagnosis.sentence}{meant}")
    return " ".join(said)


def title(facts: Facts, catalogue: Catalogue) -> str:
    """WHO answered CODE NAME; for a failure without a code, what our server could not do, and the words of the log."""
    name = code_name(facts, catalogue)
    code = str(facts.reply_code or facts.enhanced_code or "")
    if not code:
        return _cut(": ".join(filter(None, (_what_failed(facts), _reason(facts.text)))), TITLE_LENGTH)
    rest = f" answered {code} {name}".rstrip()
    return _cut(_cut(_who(facts), max(TITLE_LENGTH - len(rest), SHORT_LENGTH)) + rest, TITLE_LENGTH)


def short_title(facts: Facts) -> str:
    """At most 24 characters, for strips: the code and who said it, or the words of the log."""
    code = str(facts.reply_code or facts.enhanced_code or "")
    text = f"{code} {'by us' if facts.speaker == 'us' else _who(facts)}" if code else _reason(facts.text) or facts.event
    return _cut(text, SHORT_LENGTH)


def code_name(facts: Facts, catalogue: Catalogue) -> str:
    """The catalogue's name of the code; empty without one."""
    if facts.reply_code is None and facts.enhanced_code is None:
        return ""
    return catalogue.name_of(facts.reply_code, facts.enhanced_code)


def noun(facts: Facts) -> str:
    """What is counted, by the most frequent kind of failure: bounces, deferrals, attempts or refusals."""
    return _NOUNS.get(facts.event, "refusals")


def fix(facts: Facts, catalogue: Catalogue) -> Fix:
    """The catalogue's advice for our side: receiving for what our server said to a client, sending for the rest."""
    entry = catalogue.reply_code(facts.reply_code) if facts.reply_code is not None else None
    if entry is None:
        return Fix(
            "Read the words of the log lines below: no code says what is wrong.",
            (
                "Read the example lines: the words after the last colon say what failed.",
                "Try the same by hand from this host, or ask the people whose addresses are listed.",
            ),
            "",
            NO_CODE if facts.reply_code is None else f"The catalogue has no entry for {facts.reply_code}.",
        )
    advice = entry.fix_receiving if facts.speaker == "us" else entry.fix_sending
    sentences = tuple(_SENTENCE_END.split(advice))
    return Fix(_enough(sentences), sentences, advice, ONLY_THE_CODE)


def _enough(sentences: tuple[str, ...]) -> str:
    """The first sentence; with the next one where it says little, such as "The queue retries by itself."."""
    return " ".join(sentences[:2]) if len(sentences[0]) < ENOUGH else sentences[0]


def numbered(finding: Finding, number: int) -> Finding:
    """The same finding with its number in the report."""
    return replace(finding, number=number)


def _who(facts: Facts) -> str:
    if facts.speaker != "remote":
        return "Our server"
    if facts.relay_host:
        return facts.relay_host
    if facts.domain:
        return facts.domain
    if facts.relays:
        return f"{facts.relays} servers"
    return f"{facts.domains} domains" if facts.domains else "Another server"


def _what_failed(facts: Facts) -> str:
    if facts.event == "auth_failed":
        return "Our server refused logins"
    if facts.event not in _DELIVERIES:
        return "Our server refused mail"
    whom = facts.domain or (f"{facts.domains} domains" if facts.domains else facts.relay_host)
    return f"Delivery to {_cut(whom, TITLE_LENGTH // 2)} fails" if whom else "Delivery fails"


def _reason(text: str) -> str:
    """What failed, in the log's words: of ``connect to <host>[<ip>]:<n>: Connection timed out`` what stands at the end.

    Where nothing sets the end apart, such as a colon or a capital letter, it is the whole text, with … for each mask.
    """
    *_, end = _SEPARATOR.split(text)
    words = end.strip(_EDGES)
    if len(words) < 4 or not (words[0].isupper() or text.removesuffix(end).endswith(": ")):
        words = " ".join(_MASK.sub("… ", text).split()).strip(_EDGES)
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _cut(text: str, length: int) -> str:
    """The text, or as many of its whole words as fit before an ellipsis; a single long word is cut."""
    if len(text) <= length:
        return text
    kept = text[:length]
    words = kept.rpartition(" ")[0].rstrip(_EDGES)
    return f"{words if len(words) * 2 > length else kept[: length - 1].rstrip()}…"
