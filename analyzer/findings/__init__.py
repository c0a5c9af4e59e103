"""Findings: failures that keep coming back, with what is known about each and what to do.

A finding is a group of failures with the same speaker, reply code, enhanced status code and normalised text. The
tallies give its facts (``facts.py`` and the SQL beside it), ``judge.py`` says who has to act and how it moves,
``wording.py`` says it in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.findings import facts, judge, wording
from analyzer.findings.model import Affected, Example, Finding

if TYPE_CHECKING:
    from analyzer.catalogue import Catalogue
    from analyzer.findings.facts import Facts
    from analyzer.tallies import Tallies

__all__ = ["Affected", "Example", "Finding", "code_examples", "find"]


def find(
    tallies: Tallies, catalogue: Catalogue, *, recurring: int = 3, limit: int | None = None
) -> tuple[list[Finding], tuple[int, int]]:
    """The findings in the report's order, at most ``limit``, and the rarer failures: number of groups, and of failures.

    ``recurring``: how many failures make a group a finding.
    """
    found, rarer = facts.gather(tallies, recurring)
    findings = sorted((_finding(group, catalogue) for group in found), key=judge.order)
    numbered = [wording.numbered(finding, number) for number, finding in enumerate(findings[:limit], 1)]
    return numbered, rarer


def code_examples(tallies: Tallies) -> dict[str, tuple[Example, ...]]:
    """Up to three log lines for each speaker, reply code and enhanced code that failed, by ``code:us:553:5.7.1``."""
    return {
        f"code:{speaker}:{reply_code or ''}:{enhanced_code or ''}": lines
        for (speaker, reply_code, enhanced_code), lines in facts.examples_by_code(tallies).items()
    }


def _finding(group: Facts, catalogue: Catalogue) -> Finding:
    state = judge.state(group)
    side = judge.side(group, state)
    fix = wording.fix(group, catalogue)
    return Finding(
        number=0,
        group=side.group,
        title=wording.title(group, catalogue),
        title_short=wording.short_title(group),
        speaker=group.speaker,
        reply_code=group.reply_code,
        enhanced_code=group.enhanced_code,
        code_name=wording.code_name(group, catalogue),
        reply_class=group.reply_class,
        cause=None,
        text=group.text,
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
        do=fix.do,
        steps=fix.steps,
        decided_by=side.why,
        advice=fix.advice,
        advice_applies=None,
        advice_reason=fix.reason,
        examples=group.examples,
        affected=group.affected,
    )
