"""One reply explained: its cause, the evidence with the deciding words marked, the catalogue, the fix."""

from __future__ import annotations

import json
from pathlib import Path

from analyzer import catalogue, causes
from analyzer.causes import Explanation
from analyzer.report import wording

_WIDTH = 80


def render(reply: str, *, speaker: str, format_: str, rules: tuple[Path, ...] = ()) -> str:
    """As text of 80 columns with the deciding words between » and «, or as JSON; ``rules`` are files tried before ours."""
    found = causes.load(rules).explain(reply, speaker=speaker)
    if format_ == "json":
        return json.dumps(_plain(found), ensure_ascii=False, indent=2) + "\n"
    lines = [*_wrapped("said", _marked(reply, found)), *_wrapped("cause", f"{found.label} ({found.cause})")]
    lines += _wrapped(
        "decided",
        f"by the {found.confidence}" if found.confidence != "none" else "by nothing: neither words nor codes tell",
    )
    book = catalogue.load()
    for code in found.catalogue:
        if code in book:
            lines += _wrapped("code", f"{code} {book[code].name}")
    lines += ["", *_wrapped("fix", found.do)]
    for number, step in enumerate(found.steps, 1):
        lines += _wrapped(f"{number}.", step)
    return "\n".join(lines) + "\n"


def _plain(found: Explanation) -> dict[str, object]:
    return {
        "cause": found.cause, "label": found.label, "family": found.family, "permanence": found.permanence,
        "evidence": {"kind": found.evidence.kind, "rule": found.evidence.rule, "words": list(found.evidence.words)},
        "confidence": found.confidence, "speaker": found.speaker, "reply_code": found.reply_code,
        "enhanced_code": found.enhanced_code, "title": found.title, "fix": found.do, "steps": list(found.steps),
        "acts": found.acts, "catalogue": list(found.catalogue),
    }  # fmt: skip


def _marked(reply: str, found: Explanation) -> str:
    parts = wording.pieces(wording.shown(reply), found.evidence.words)
    return "".join(f"»{text}«" if marked else text for text, marked in parts)


def _wrapped(label: str, text: str) -> list[str]:
    indent = 9
    first, *more = list(wording.wrap(wording.shown(text), _WIDTH - indent)) or [""]
    return [f"{label:<{indent}}{first}", *(" " * indent + line for line in more)]
