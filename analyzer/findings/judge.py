"""Who has to act on a finding, whether it still goes on, how it moves, and where it stands in the report."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.findings import causing

if TYPE_CHECKING:
    from analyzer.findings.causing import Decision
    from analyzer.findings.facts import Facts
    from analyzer.findings.model import Finding

GOING_ON, OVER = "going on", "over"
_HOUR = 3_600_000_000
_GROUPS = ("you", "else", "none")
_GROUP_OF = {"you": "you", "else": "else", "nobody": "none"}
#: A finding is done with when this many of 100 of its recipients got their mail later.
_REACHED = 99
#: Fewer failures than this make no trend.
_TREND_COUNT = 12
#: The same refusal by this many domains is about us, unless its code speaks of the recipient.
_SEVERAL_DOMAINS = 3
#: Subject and detail of an enhanced status code that speaks of the sender, of the recipient.
#: Source: RFC 3463 3.2 and 3.3, RFC 7505 4.2.
_OF_SENDER = {"1.7", "1.8"}
_OF_RECIPIENT = {"1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.0", "2.1", "2.2", "2.3", "2.4"}


class Side(NamedTuple):
    """Who has to act ("you", "else", "none") and the evidence that decided it, as a sentence."""

    group: str
    why: str


def state(facts: Facts) -> str:
    """Going on if the last failure is nearer to the log's end than an hour or three mean gaps; empty without times."""
    if facts.first is None or facts.last is None or facts.log_end is None:
        return ""
    spans = max(facts.count - 1, 1)
    # Whole numbers: last + max(hour, 3 * (last - first) / spans) > log end
    near = (facts.log_end - facts.last) * spans < max(_HOUR * spans, 3 * (facts.last - facts.first))
    return GOING_ON if near else OVER


def trend(facts: Facts) -> str:
    """Rising or falling if the share in the speaker's replies changed by half from the first to the last third."""
    third = len(facts.bars) // 3
    if facts.count < _TREND_COUNT or not third:
        return ""
    early, late = sum(facts.bars[:third]), sum(facts.bars[-third:])
    early_of, late_of = sum(facts.replies[:third]), sum(facts.replies[-third:])
    if not early_of or not late_of:
        return ""
    if 2 * late * early_of >= 3 * early * late_of and late:
        return "rising"
    if 2 * early * late_of >= 3 * late * early_of and early:
        return "falling"
    return ""


def side(facts: Facts, state: str, decision: Decision) -> Side:
    """Who has to act: what is over and strangers need nobody; else the cause tells, without one codes and clients."""
    cause, told = decision.cause, causing.said_by(decision)
    if state == OVER and facts.reached_later is not None and facts.reached_later * 100 >= _REACHED:
        return Side("none", "It is over, and nearly all of its recipients got their mail later.")
    if facts.speaker == "us":
        if facts.own_clients * 2 >= facts.count:
            return Side("you", f"{told} {facts.own_clients} of {facts.count} were told to clients or logins of ours.")
        return Side("none", f"{told} Our server refused strangers: port 25, not an own network, no login.")
    if cause.name != causing.UNKNOWN:
        return Side(_GROUP_OF[cause.side(facts.speaker).acts], told)
    if facts.speaker == "remote":
        return _remote_side(facts)
    return Side("else", "Our server could not hand the mail on; no other server said why.")


def _remote_side(facts: Facts) -> Side:
    detail = (facts.enhanced_code or "").partition(".")[2]
    if detail in _OF_RECIPIENT:
        return Side("else", f"The enhanced status code {facts.enhanced_code} speaks of the recipient.")
    if detail in _OF_SENDER:
        return Side("you", f"The enhanced status code {facts.enhanced_code} speaks of our sender's address.")
    if detail.startswith("7."):
        return Side("you", f"The enhanced status code {facts.enhanced_code} speaks of policy: our side is refused.")
    if facts.reply_class == 5 and facts.domains >= _SEVERAL_DOMAINS:
        return Side("you", f"{facts.domains} domains refuse with the same words, so it is about our side.")
    return Side("else", "Only the other server's code is known, and nothing in it speaks of our side.")


def order(finding: Finding) -> tuple[Any, ...]:
    """Sort key of the report: who acts, still going on first, then more recipients hit, 553 before others, count."""
    return (
        _GROUPS.index(finding.group),
        finding.state == OVER,
        -round(log10(max(finding.recipients, 1))),
        finding.reply_code != 553,
        -finding.count,
        finding.speaker,
        finding.reply_code or 0,
        finding.enhanced_code or "",
        finding.text,
        finding.title,
    )
