"""Findings: failures that keep coming back, with what is known about each and what to do.

A finding is a group of failures with the same speaker, reply code, enhanced status code, cause and value of the cause's key
(the sender, the domain, the block list that it is a matter of); where the cause is not known or only a direction, with the
same normalised text. The tallies give its facts (``facts.py`` and the SQL beside it),
``causing.py`` its cause, ``judge.py`` says who has to act and how it moves, ``wording.py`` says it in words.
"""

from __future__ import annotations

from collections import Counter
from functools import cache, partial
from typing import TYPE_CHECKING

from analyzer.findings import causing, facts, judge, wording
from analyzer.findings.model import Affected, Example, Finding

if TYPE_CHECKING:
    from analyzer.catalogue import Catalogue
    from analyzer.causes import Causes
    from analyzer.findings.causing import Decided, Decision
    from analyzer.findings.facts import Facts
    from analyzer.tallies import Tallies

#: Addresses of a finding that are named at most; their number counts them all.
MOST_ADDRESSES = 10_000

__all__ = ["Affected", "Example", "Finding", "code_examples", "count_causes", "decide", "find"]


def find(
    tallies: Tallies,
    catalogue: Catalogue,
    *,
    recurring: int = 3,
    limit: int | None = None,
    causes: Causes | None = None,
    most_addresses: int = MOST_ADDRESSES,
    decided: Decided | None = None,
) -> tuple[list[Finding], tuple[int, int]]:
    """The findings in the report's order, at most ``limit``, and the rarer failures: number of groups, and of failures.

    ``recurring``: how many failures make a group a finding; ``most_addresses``: how many of those that it hit it names, the
    most hit first. Groups of one cause are put together in the tallies for good. ``decided`` is what ``decide`` gave.
    """
    if causes is None:
        from analyzer.causes import load

        causes = load()
    decided = decided or decide(tallies, causes)
    moved = {key: target for key, target in decided.goes_to.items() if key != target}
    tallies.regroup("SELECT unnest($1::UBIGINT[]), unnest($2::UBIGINT[])", [list(moved), list(moved.values())])
    explained = cache(partial(decided.explained, book=causes))
    found, rarer = facts.gather(tallies, recurring, most_addresses, lambda key: explained(key).key)
    decisions = (causing.in_its_words(explained(group.group), group, causes) for group in found)
    findings = sorted(
        (_finding(group, catalogue, decision) for group, decision in zip(found, decisions, strict=True)), key=judge.order
    )
    numbered = [wording.numbered(finding, number) for number, finding in enumerate(findings[:limit], 1)]
    return numbered, rarer


def decide(tallies: Tallies, causes: Causes) -> Decided:
    """The cause of every group of failures, for ``count_causes`` and ``find``; to be asked once for the same tallies."""
    return causing.decide(facts.texts_of(tallies, causing.MOST_TEXTS), causes, partial(facts.lines_of, tallies))


def count_causes(decided: Decided, causes: Causes) -> list[tuple[str, str, int, int, int]]:
    """Failures by cause, the rarer ones too: label, name, told by others, told by us, noted by our own MTA; most first."""
    counted: Counter[tuple[str, str]] = Counter()
    for group in decided.groups:
        counted[decided.causes[decided.goes_to[group["failure_key"]]][0], group["speaker"]] += group["count"]
    rows: list[tuple[str, str, int, int, int]] = []
    for name, cause in causes.causes.items():
        others, us, local = (counted[name, speaker] for speaker in ("remote", "us", "local"))
        if others or us or local:
            rows.append((cause.label, name, others, us, local))
    return sorted(rows, key=lambda row: (-sum(row[2:]), row[0]))


def code_examples(tallies: Tallies) -> dict[str, tuple[Example, ...]]:
    """Up to three log lines for each speaker, reply code and enhanced code that failed, by ``code:us:553:5.7.1``."""
    return {
        f"code:{speaker}:{reply_code or ''}:{enhanced_code or ''}": lines
        for (speaker, reply_code, enhanced_code), lines in facts.examples_by_code(tallies).items()
    }


def _finding(group: Facts, catalogue: Catalogue, decision: Decision) -> Finding:
    state = judge.state(group)
    side = judge.side(group, state, decision)
    said = wording.said(group, catalogue, decision)
    return Finding(
        number=0,
        group=side.group,
        title=said.title,
        title_short=said.title_short,
        speaker=group.speaker,
        reply_code=group.reply_code,
        enhanced_code=group.enhanced_code,
        code_name=wording.code_name(group, catalogue),
        reply_class=group.reply_class,
        cause=decision.cause.name,
        cause_label=decision.cause.label,
        text=decision.text,
        count=group.count,
        noun=wording.noun(group),
        share=group.count / group.of_speaker,
        first=group.first,
        last=group.last,
        state=state,
        trend=judge.trend(group) if state == judge.GOING_ON else "",
        bars=group.bars,
        recipients=group.recipients,
        domains=group.domains,
        senders=group.senders,
        reached_later=group.reached_later,
        do=said.do,
        steps=said.steps,
        decided_by=side.why,
        advice=said.advice,
        advice_applies=said.applies,
        advice_reason=said.reason,
        examples=group.examples,
        affected=group.affected,
        marks=tuple(dict.fromkeys(decision.explanation.evidence.words)),
    )
