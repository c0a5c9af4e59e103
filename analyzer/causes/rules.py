"""The rules that find a cause: what a rule may ask, how a file of them is read, and which rule decides.

All rules stand in one order, from the strongest to the weakest (``strength``, then the order of the files); the first
that holds decides. So that this stays quick with three thousand phrases, a rule is tried only if the text holds the rarest
part of one of its phrases.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.causes.phrases import Hits, Phrase, Phrases, Words, find
from analyzer.errors import CatalogueError
from analyzer.schema import SPEAKERS, STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Kinds of evidence, from the strongest; and the confidence that each gives.
CONFIDENCE = {
    "words": "words",
    "tag": "words",
    "enhanced code": "enhanced code",
    "reply code": "reply code only",
    "stage": "stage only",
    "none": "none",
}
#: How many decisions are remembered.
REMEMBERED = 20_000
#: Stretches of words: (first, the one after the last).
Places = list[tuple[int, int]]
#: Strength of users' own rules is added to this: they go before ours.
FIRST = 1000


class Said(NamedTuple):
    """A reply as the rules see it."""

    words: Words
    reply_code: int | None
    enhanced_code: str | None
    reply_class: int | None
    stage: str | None
    speaker: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What must be so: one of the phrases ``any``, all of ``all``, none of ``but``; and the conditions that are given.

    ``link`` is a part of a URL in the text; ``enhanced_code`` may begin with ``x.`` for any class.
    """

    name: str
    cause: str
    kind: str = "words"
    strength: int = 50
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    enhanced_code: tuple[str, ...] = ()
    reply_code: tuple[int, ...] = ()
    reply_class: int | None = None
    stage: tuple[str, ...] = ()
    speaker: tuple[str, ...] = ()
    samples: tuple[Any, ...] = ()
    counter: tuple[Any, ...] = ()


_KEYS = {field.name for field in fields(Rule)}
_LISTS = {"any", "all", "but", "link", "enhanced_code", "reply_code", "stage", "speaker", "samples", "counter"}


def read_rule(entry: Mapping[str, Any], where: str, **given: Any) -> Rule:
    """One ``[[rule]]`` table as a Rule; ``given`` fills what the file says once for all of its rules."""
    values = {**given, **entry}
    name = f"{where}: rule {values.get('name', '(without a name)')!r}"
    if unknown := sorted(values.keys() - _KEYS):
        raise CatalogueError(f"{name} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}.")
    for key in ("name", "cause"):
        if not isinstance(values.get(key), str):
            raise CatalogueError(f"{name} lacks {key!r}; add it as a string.")
    for key in _LISTS & values.keys():
        if not isinstance(values[key], (list, tuple)):
            raise CatalogueError(f"{name}: {key!r} must be a list; put its value in square brackets.")
        values[key] = tuple(values[key])
    rule = Rule(**values)
    for words, allowed, what in ((rule.stage, STAGES, "stage"), (rule.speaker, tuple(SPEAKERS), "speaker")):
        for word in words:
            if word not in allowed:
                raise CatalogueError(f"{name} names the {what} {word!r}; use one of {', '.join(allowed)}.")
    if rule.kind not in CONFIDENCE:
        raise CatalogueError(f"{name} has the kind {rule.kind!r}; use one of {', '.join(CONFIDENCE)}.")
    return rule


class _Compiled(NamedTuple):
    """A rule ready to be tried: its first phrases are in the index, the rest stands here."""

    rule: Rule
    worded: bool
    rest: tuple[Phrase, ...]
    but: dict[int, list[Phrase]]


class RuleBook:
    """All rules in their order, with the index that finds those worth trying for a text."""

    def __init__(self, rules: Sequence[Rule], groups: Mapping[str, str]) -> None:
        self.rules = sorted(rules, key=lambda rule: -rule.strength)
        self._phrases = Phrases(groups)
        self._compiled: list[_Compiled] = []
        self._by_segment: dict[int, list[tuple[int, Phrase]]] = {}
        self._by_code: dict[str | int, list[int]] = {}
        self._by_link: list[int] = []
        self._others: list[int] = []
        self._links = sorted({part for rule in self.rules for part in rule.link})
        self._decided: dict[tuple[object, ...], tuple[Rule, Places]] = {}
        for number, rule in enumerate(self.rules):
            self._add(number, rule)

    def _add(self, number: int, rule: Rule) -> None:
        try:
            first = [self._phrases.add(text) for text in rule.any or rule.all[:1]]
            rest = [self._phrases.add(text) for text in (rule.all if rule.any else rule.all[1:])]
            but: dict[int, list[Phrase]] = {}
            for text in rule.but:
                phrase = self._phrases.add(text)
                but.setdefault(phrase.key, []).append(phrase)
        except KeyError as error:
            message = f"Rule {rule.name!r} names the group {error}; add it to words.toml or correct the name."
            raise CatalogueError(message) from None
        except ValueError as error:
            message = f"Rule {rule.name!r} has a phrase that cannot be read: {error}; see the top of causes/phrases.py."
            raise CatalogueError(message) from None
        self._compiled.append(_Compiled(rule, bool(first), tuple(rest), but))
        for phrase in first:
            self._by_segment.setdefault(phrase.key, []).append((number, phrase))
        if not first:
            self._add_without_words(number, rule)

    def _add_without_words(self, number: int, rule: Rule) -> None:
        if rule.link:
            self._by_link.append(number)
        elif rule.enhanced_code or rule.reply_code:
            for code in rule.enhanced_code or rule.reply_code:
                self._by_code.setdefault(code, []).append(number)
        else:
            self._others.append(number)

    def decide(self, said: Said) -> tuple[Rule, Places]:
        """The strongest rule that holds, and the stretches of words that it found: (first, the one after the last).

        Texts that differ only in what no rule can use (names, numbers) are decided once.
        """
        words = self._phrases.known(said.words.words)
        links = tuple([part for part in self._links if part in said.words.links]) if said.words.links else ()
        key = (words, links, *said[1:])
        decided = self._decided.get(key)
        if decided is None:
            if len(self._decided) >= REMEMBERED:
                self._decided.clear()
            decided = self._decided[key] = self._decide(said, self._phrases.hits(words))
        return decided

    def _decide(self, said: Said, hits: Hits) -> tuple[Rule, Places]:
        candidates = self._candidates(said, hits)
        for number in sorted(candidates):
            compiled = self._compiled[number]
            if _fits(compiled.rule, said):
                places = _find(compiled, candidates[number], hits)
                if places is not None:
                    return compiled.rule, places
        raise CatalogueError("No rule holds for every reply; keep the last one, which has no conditions.")

    def _candidates(self, said: Said, hits: Hits) -> dict[int, list[Phrase]]:
        """The rules worth trying, each with those of its first phrases that the text may hold."""
        found: dict[int, list[Phrase]] = {number: [] for number in self._others}
        by_segment = self._by_segment
        for segment in hits.keys() & by_segment.keys():
            for number, phrase in by_segment[segment]:
                if number in found:
                    found[number].append(phrase)
                else:
                    found[number] = [phrase]
        enhanced = said.enhanced_code
        for code in (said.reply_code, enhanced, "x" + enhanced[1:] if enhanced else None):
            if code in self._by_code:
                for number in self._by_code[code]:
                    found.setdefault(number, [])
        if said.words.links:
            for number in self._by_link:
                found.setdefault(number, [])
        return found


def _fits(rule: Rule, said: Said) -> bool:
    """Whether all conditions hold that need no look at the words."""
    enhanced = said.enhanced_code
    if rule.enhanced_code and (
        enhanced is None or (enhanced not in rule.enhanced_code and "x" + enhanced[1:] not in rule.enhanced_code)
    ):
        return False
    if rule.reply_code and said.reply_code not in rule.reply_code:
        return False
    if rule.reply_class is not None and said.reply_class != rule.reply_class:
        return False
    if rule.stage and said.stage not in rule.stage:
        return False
    if rule.speaker and said.speaker not in rule.speaker:
        return False
    return not rule.link or any(part in said.words.links for part in rule.link)


def _find(compiled: _Compiled, first: list[Phrase], hits: Hits) -> Places | None:
    """Where a rule's phrases stand, or None if it does not hold."""
    marks: Places = []
    if compiled.worded:
        place = next((place for phrase in first if (place := find(phrase, hits))), None)
        if place is None:
            return None
        marks.append(place)
    for phrase in compiled.rest:
        place = find(phrase, hits)
        if place is None:
            return None
        marks.append(place)
    for key in compiled.but.keys() & hits.keys():
        if any(find(phrase, hits) for phrase in compiled.but[key]):
            return None
    return marks
