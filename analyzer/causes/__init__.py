"""One reply text -> one of 41 causes, with the words that decided, how sure that is, and what to do.

Knows what servers say. Has never seen a log: who spoke (``us``, ``remote``, ``local``) and at which stage are arguments.

The knowledge is data: ``catalogue/causes/<cause>.toml`` (what a cause means, what to do on either side, its word rules)
and ``catalogue/evidence/`` (providers' tags, codes, named groups of words). To add a rule, put a ``[[rule]]`` with two
samples and a counter-sample into its cause's file; ``phrases.py`` says how a phrase is written. Users' files of
``[[rule]]`` tables go before ours: ``load(extra=[Path])``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.cached import cached
from analyzer.causes.phrases import decode, words_of
from analyzer.causes.rules import CONFIDENCE, FIRST, Places, Rule, RuleBook, Said, read_rule
from analyzer.errors import CatalogueError, UsageError
from analyzer.replies import parse_reply, reply_class
from analyzer.schema import SPEAKERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DATA = Path(__file__).parent.parent / "catalogue"
#: What titles, sentences and steps may name, with the words that stand in for a value that is not known (titles have no
#: such words). `addresses`, `domains`, `senders`, `clients` and `count` are numbers, given only where there are two or more.
PLACEHOLDERS: dict[str, str] = {
    "domain": "the recipient's domain",
    "sender": "the sender",
    "sender_domain": "the sender's domain",
    "recipient": "the recipient",
    "client": "the client",
    "login": "the login",
    "relay": "the other server",
    "ip": "your server's public IP address",
    "list": "the block list named in the text",
    "host": "your server",
    "count": "several",
    "addresses": "several",
    "domains": "several",
    "senders": "several",
    "clients": "several",
}
TITLE_LENGTH = 70
SHORT_TITLE_LENGTH = 24
WHO = ("you", "else", "nobody")
NOUNS = ("refusals", "bounces", "deferrals", "attempts")
#: Recipient's domain, envelope sender, its domain, the block list that the text names.
KEYS = ("", "domain", "sender", "sender_domain", "list")
PERMANENCE = ("permanent", "transient", "either")
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Side:
    """What a cause means for one side: sending (another server told us) or receiving (our server said it)."""

    titles: tuple[str, ...]
    title_short: str
    do: str
    steps: tuple[str, ...]
    noun: str
    acts: str
    key: str  # whose matter it is, so that each of them is a finding of its own: a word of KEYS, or ""

    def title(self, values: Mapping[str, str] | None = None) -> str:
        """The first title all of whose placeholders have a value and that fits in a line; the last one has none."""
        values = values or {}
        for template in self.titles[:-1]:
            if all(values.get(name) for name in _FIELD.findall(template)):
                title = template.format_map(values)
                if len(title) <= TITLE_LENGTH:
                    return title
        return self.titles[-1]

    def advice(self, values: Mapping[str, str] | None = None) -> tuple[str, tuple[str, ...]]:
        """The one sentence and the steps with their values; plain words stand in for those that are not known."""
        filled = {**PLACEHOLDERS, **{name: value for name, value in (values or {}).items() if value}}
        do, *steps = (_FIELD.sub(lambda match: filled[match[1]], text) for text in (self.do, *self.steps))
        return do[:1].upper() + do[1:], tuple(step[:1].upper() + step[1:] for step in steps)


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: ``label`` is its name in plain words, ``permanence`` says whether a retry can help."""

    name: str
    label: str
    family: str
    permanence: str
    explanation: str
    references: tuple[str, ...]
    merge: bool  # whether failures of this cause are one finding whatever their words
    sending: Side
    receiving: Side

    def side(self, speaker: str) -> Side:
        """The side whose advice is needed: the receiving one if our server said it to a client."""
        return self.receiving if speaker == "us" else self.sending


@dataclass(frozen=True, slots=True)
class Evidence:
    """What decided: kind (words, tag, enhanced code, reply code, stage, none), the rule, the words and where they stand.

    ``marks`` are (start, end) in the text that was passed, after ``phrases.decode``.
    """

    kind: str
    rule: str
    words: tuple[str, ...] = ()
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """One reply's cause with its evidence and fix; ``catalogue`` lists the codes whose entries belong to it."""

    cause: str
    label: str
    family: str
    permanence: str
    evidence: Evidence
    confidence: str
    speaker: str
    reply_code: int | None
    enhanced_code: str | None
    title: str
    do: str
    steps: tuple[str, ...]
    acts: str
    catalogue: tuple[str, ...]

    @property
    def fix(self) -> str:
        """What to do: the sentence, then the numbered steps."""
        return "\n".join([self.do, *(f"{number}. {step}" for number, step in enumerate(self.steps, 1))])


class Causes:
    """All causes and the rules that find them."""

    def __init__(self, causes: Mapping[str, Cause], rules: Iterable[Rule], groups: Mapping[str, str]) -> None:
        self.causes = dict(causes)
        self._book = RuleBook(list(rules), groups)
        self._plain = {
            side: (side.title(), *side.advice())
            for cause in causes.values()
            for side in (cause.sending, cause.receiving)
        }
        for rule in self._book.rules:
            if rule.cause not in self.causes:
                known = ", ".join(self.causes)
                raise CatalogueError(f"Rule {rule.name!r} names the unknown cause {rule.cause!r}; use one of: {known}.")

    @property
    def rules(self) -> list[Rule]:
        """Every rule, the strongest first."""
        return self._book.rules

    def explain(
        self,
        text: str | bytes,
        *,
        reply_code: int | None = None,
        enhanced_code: str | None = None,
        speaker: str = "remote",
        stage: str | None = None,
        dsn: str | None = None,
    ) -> Explanation:
        """The cause of one reply or diagnostic; codes that are not passed are read from the text.

        ``dsn`` is the MTA's own opinion: it counts where the text has no enhanced status code.
        """
        decoded, said = self._said(text, reply_code, enhanced_code, speaker, stage, dsn)
        rule, found = self._book.decide(said)
        cause = self.causes[rule.cause]
        side = cause.side(speaker)
        title, do, steps = self._plain[side]
        codes = (str(said.reply_code or ""), said.enhanced_code or "")
        return Explanation(
            cause=cause.name,
            label=cause.label,
            family=cause.family,
            permanence=cause.permanence,
            evidence=_evidence(rule, decoded, said, found),
            confidence=CONFIDENCE[rule.kind],
            speaker=speaker,
            reply_code=said.reply_code,
            enhanced_code=said.enhanced_code,
            title=title,
            do=do,
            steps=steps,
            acts=side.acts,
            catalogue=tuple(code for code in codes if code),
        )

    def cause_of(
        self,
        text: str | bytes,
        *,
        reply_code: int | None = None,
        enhanced_code: str | None = None,
        speaker: str = "remote",
        stage: str | None = None,
        dsn: str | None = None,
    ) -> str:
        """The cause's name alone: what a table of many distinct texts needs."""
        _, said = self._said(text, reply_code, enhanced_code, speaker, stage, dsn)
        return self._book.decide(said)[0].cause

    def _said(
        self,
        text: str | bytes,
        reply_code: int | None,
        enhanced_code: str | None,
        speaker: str,
        stage: str | None,
        dsn: str | None,
    ) -> tuple[str, Said]:
        if speaker not in SPEAKERS:
            raise UsageError(f"There is no speaker {speaker!r}; use one of {', '.join(SPEAKERS)}.")
        decoded = decode(text)
        if reply_code is None and enhanced_code is None:
            reply_code, enhanced_code = _codes_in(decoded)
        enhanced_code = enhanced_code or dsn
        digit = reply_class(reply_code, enhanced_code, None)
        return decoded, Said(words_of(decoded, reply_code), reply_code, enhanced_code, digit, stage, speaker)


# Codes of a reply that another text quotes: `said: 550 5.1.1 ...`, `Backend replied: 5.7.1 ...`.
_QUOTED = re.compile(r"(?<![\w.])([45][0-9]{2})[ -]#?([45]\.[0-9]{1,3}\.[0-9]{1,3})(?![\w.]*\d)")
_QUOTED_CODE = re.compile(r"(?:said|replied|returned|response|<<<)(?: was)?:? ['\"]?([45][0-9]{2})(?= )", re.I)
_BARE_ENHANCED = re.compile(r"(?<![\w.#])([45]\.[0-9]\.[0-9]{1,3})(?![\w.]*\d)")


def _codes_in(text: str) -> tuple[int | None, str | None]:
    """Reply code and enhanced status code of a text: in front or behind as a reply has them, else quoted inside."""
    reply = parse_reply(text.encode("utf-8", "surrogateescape"))
    code, enhanced = reply.reply_code, reply.enhanced_code
    if code is None and (match := _QUOTED.search(text)):
        return int(match[1]), match[2]
    if code is None and (match := _QUOTED_CODE.search(text)):
        code = int(match[1])
    if enhanced is None and (match := _BARE_ENHANCED.search(text)):
        enhanced = match[1]
    return code, enhanced


def _evidence(rule: Rule, text: str, said: Said, found: Places) -> Evidence:
    """The rule's finds as places in the text."""
    if not found:
        return Evidence(rule.kind, rule.name)
    spans = said.words.spans
    marks = [(spans[first][0], spans[after - 1][1]) for first, after in sorted(found)]
    return Evidence(rule.kind, rule.name, tuple(text[start:end] for start, end in marks), tuple(marks))


# ---- loading
def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path} cannot be read as TOML: {error}; correct the file or leave it out.") from None


def _side(entry: Mapping[str, Any], where: str) -> Side:
    try:
        side = Side(
            titles=tuple(entry["titles"]),
            title_short=entry["title_short"],
            do=entry["do"],
            steps=tuple(entry["steps"]),
            noun=entry["noun"],
            acts=entry["acts"],
            key=entry.get("key", ""),
        )
    except KeyError as error:
        raise CatalogueError(f"{where} lacks {error}; add it.") from None
    if side.key not in KEYS:
        raise CatalogueError(f"{where} has the unknown key {side.key!r}; use one of {', '.join(filter(None, KEYS))}.")
    texts = (*side.titles, side.do, *side.steps)
    if unknown := {name for text in texts for name in _FIELD.findall(text)} - PLACEHOLDERS.keys():
        raise CatalogueError(f"{where} has the unknown placeholder {unknown}; use one of {', '.join(PLACEHOLDERS)}.")
    return side


def _cause(path: Path, data: Mapping[str, Any]) -> Cause:
    return Cause(
        name=path.stem,
        label=data["label"],
        family=data["family"],
        permanence=data["permanence"],
        explanation=data["explanation"],
        references=tuple(data["references"]),
        merge=data.get("merge", True),
        sending=_side(data["sending"], f"{path.name}: sending"),
        receiving=_side(data["receiving"], f"{path.name}: receiving"),
    )


def _load(extra: tuple[Path, ...]) -> Causes:
    groups = _read(_DATA / "evidence" / "words.toml")["group"]
    causes: dict[str, Cause] = {}
    rules: list[Rule] = []
    for path in extra:
        rules += [_users_rule(entry, path) for entry in _read(path).get("rule", [])]
    for name in ("tags", "codes"):
        rules += [read_rule(entry, f"{name}.toml") for entry in _read(_DATA / "evidence" / f"{name}.toml")["rule"]]
    for path in sorted((_DATA / "causes").glob("*.toml")):
        data = _read(path)
        causes[path.stem] = _cause(path, data)
        rules += [read_rule(entry, path.name, cause=path.stem) for entry in data.get("rule", [])]
    loaded = Causes(causes, rules, groups)
    for rule in rules:
        if rule.strength >= FIRST:
            check_samples(loaded, rule)
    return loaded


def _users_rule(entry: Mapping[str, Any], path: Path) -> Rule:
    rule = read_rule(entry, str(path), strength=50)
    if not rule.samples:
        raise CatalogueError(
            f"{path}: rule {rule.name!r} has no sample; add one reply that it is meant for to `samples`."
        )
    return read_rule({**entry, "strength": FIRST + rule.strength}, str(path))


def explain_sample(causes: Causes, sample: str | Mapping[str, Any]) -> Explanation:
    """A sample of a rule explained: a reply with its codes, or a table of the arguments of ``explain``."""
    if isinstance(sample, str):
        return causes.explain(sample)
    return causes.explain(**sample)


def check_samples(causes: Causes, rule: Rule) -> None:
    """CatalogueError unless this rule, and no other, decides its samples and none of its counter-samples."""
    for sample in rule.samples:
        if (decided := explain_sample(causes, sample).evidence.rule) != rule.name:
            raise CatalogueError(
                f"Rule {rule.name!r}: rule {decided!r} decides {sample!r}; change phrases or strength."
            )
    for sample in rule.counter:
        if explain_sample(causes, sample).evidence.rule == rule.name:
            raise CatalogueError(
                f"Rule {rule.name!r} decides its counter-sample {sample!r}; make its phrases narrower."
            )


@lru_cache(maxsize=4)
def _loaded(extra: tuple[Path, ...]) -> Causes:
    if extra:
        return _load(extra)
    sources = ("catalogue/causes/*.toml", "catalogue/evidence/*.toml", "causes/*.py", "replies.py", "schema.py")
    return cached("causes", sources, lambda: _load(()))


def load(extra: Iterable[Path] = ()) -> Causes:
    """All causes with their rules, read once; the rules of ``extra`` files go before ours.

    CatalogueError if a file is wrong, or if a rule of ``extra`` does not decide its own samples.
    """
    return _loaded(tuple(extra))


def explain(
    text: str | bytes,
    *,
    reply_code: int | None = None,
    enhanced_code: str | None = None,
    speaker: str = "remote",
    stage: str | None = None,
    dsn: str | None = None,
) -> Explanation:
    """The cause of one reply, the evidence that decided, and the fix for the side that has to read it.

    ``speaker``: ``remote`` (another server, to us), ``us`` (our server, to a client), ``local`` (an MTA's own diagnostic).
    """
    return load().explain(
        text, reply_code=reply_code, enhanced_code=enhanced_code, speaker=speaker, stage=stage, dsn=dsn
    )
