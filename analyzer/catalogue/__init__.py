"""What the codes mean: every reply code and enhanced status code, when it comes, and what to do on either side.

Knows RFC 5321, the IANA registry of enhanced status codes and what servers made of both. Has never seen a log, and does
not decide why a reply was given: that is the business of ``analyzer.causes``.

To add a code, put one ``[[reply_code]]`` into ``reply_codes.toml`` (or ``[[enhanced_status_code]]`` into
``enhanced_status_codes.toml``) with a reference or a source, add its facts to ``tests/data/catalogue-facts.json``, and
run ``pytest tests/test_catalogue.py``. Class and category follow from the digits. To put a file of the same form in
front of ours: ``load(extra=(Path(...),))``. To add a language, copy ``es.toml`` to, say, ``fr.toml`` and translate;
what it leaves out is shown in English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from analyzer.catalogue.reading import ENGLISH, Language, language_names, read_entries, read_translations
from analyzer.errors import UsageError
from analyzer.replies import category_name

_HERE = Path(__file__).parent
_FILES = (_HERE / "reply_codes.toml", _HERE / "enhanced_status_codes.toml")
_REPLY_CODE = re.compile(r"[2-5][0-9][0-9]")
# RFC 3463 2: class.subject.detail, numbers without leading zeros; X stands for any class.
_ENHANCED_CODE = re.compile(r"[245X]\.[0-7]\.(?:0|[1-9][0-9]{0,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyCode:
    """A reply code of RFC 5321 4.2 or one that servers use without a standard (``kind`` is ``vendor``)."""

    code: int
    name: str
    phrase: str
    kind: str
    references: tuple[str, ...]
    sources: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    not_to: tuple[str, ...] = ()
    seen_at: tuple[str, ...] = ()
    sent_by: tuple[str, ...] = ()
    companion_of: tuple[str, ...] = ()
    registered_with: tuple[str, ...] = ()
    dotless_of: str = ""
    description: str
    when_seen: str
    fix_sending: str
    fix_receiving: str
    language: Language = field(default=ENGLISH, repr=False, compare=False)

    @property
    def reply_class(self) -> int:
        """First digit. Source: RFC 5321 4.2.1."""
        return self.code // 100

    @property
    def class_name(self) -> str:
        """What the first digit says, such as ``permanent negative completion``."""
        return self.language.word("class", str(self.reply_class))

    @property
    def category(self) -> str:
        """What the second digit says, such as ``mail system``."""
        return self.language.word("category", category_name(self.code))

    def __str__(self) -> str:
        from analyzer.catalogue import view

        return view.entry_text(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnhancedStatusCode:
    """A registered enhanced status code: ``X.1.3`` as the catalogue holds it, ``5.1.3`` where a class was asked for."""

    code: str
    name: str
    references: tuple[str, ...]
    classes: tuple[int, ...]
    class_basis: str
    basic_codes: tuple[int, ...]
    basic_rule: str
    other_use: str = ""
    note: str = ""
    meaning: str
    fix: str = ""
    language: Language = field(default=ENGLISH, repr=False, compare=False)

    @property
    def reply_class(self) -> int | None:
        """First number; None for ``X``. Source: RFC 3463 3.1."""
        return None if self.code[0] == "X" else int(self.code[0])

    @property
    def class_name(self) -> str:
        """What the first number says; for ``X`` what the classes of the definition say."""
        digits = [self.reply_class] if self.reply_class else self.classes
        names = [self.language.word("enhanced_class", str(digit)) for digit in digits]
        return f" {self.language.word('sentence', 'or')} ".join(names)

    @property
    def subject(self) -> str:
        """What the second number says, such as ``addressing``. Source: RFC 3463 3.1."""
        return self.language.word("subject", self.code.split(".")[1])

    def __str__(self) -> str:
        from analyzer.catalogue import view

        return view.entry_text(self)


@dataclass(frozen=True, slots=True)
class UnlistedCode:
    """A well-formed code that the catalogue does not hold: what its digits alone tell, and its reading with dots."""

    code: int | str
    dotless_of: EnhancedStatusCode | None
    language: Language = field(default=ENGLISH, repr=False, compare=False)

    def __str__(self) -> str:
        from analyzer.catalogue import view

        return view.entry_text(self)


Entry = ReplyCode | EnhancedStatusCode


@dataclass(frozen=True, slots=True)
class Difference:
    """One aspect of two entries, such as their class; ``key`` names it in JSON, ``label`` for the reader."""

    key: str
    label: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two entries side by side: a sentence on their classes, where they differ and what they share."""

    first: Entry
    second: Entry
    sentence: str
    differences: tuple[Difference, ...]
    same: tuple[Difference, ...]

    def __str__(self) -> str:
        from analyzer.catalogue import view

        return view.comparison_text(self)


class Catalogue:
    """All entries in one language: ``catalogue["553"]``, ``"5.1.3" in catalogue``, ``for entry in catalogue``."""

    def __init__(self, entries: Mapping[int | str, Any], language: Language, english: Catalogue | None = None) -> None:
        self.language = language
        self.reply_codes: dict[int, ReplyCode] = {}
        self.enhanced_status_codes: dict[str, EnhancedStatusCode] = {}
        for code, entry in entries.items():
            if isinstance(code, int):
                self.reply_codes[code] = entry
            else:
                self.enhanced_status_codes[code] = entry
        self._english = english or self
        self._searchable: list[tuple[Entry, str, str]] = []

    def __iter__(self) -> Iterator[Entry]:
        yield from self.reply_codes.values()
        yield from self.enhanced_status_codes.values()

    def __len__(self) -> int:
        return len(self.reply_codes) + len(self.enhanced_status_codes)

    def __repr__(self) -> str:
        codes, enhanced = len(self.reply_codes), len(self.enhanced_status_codes)
        return f"<Catalogue {self.language.code!r}: {codes} reply codes, {enhanced} enhanced status codes>"

    def __contains__(self, code: object) -> bool:
        return isinstance(code, int | str) and self._find(_spelling(code)) is not None

    def __getitem__(self, code: str | int) -> Entry:
        entry = self._find(_spelling(code))
        if entry is None:
            raise self._no_such_code(code)
        return entry

    def describe(self, code: str | int) -> Entry | UnlistedCode:
        """The entry, or for a well-formed code without one what its digits tell; UsageError for anything else."""
        spelling = _spelling(code)
        if spelling is None:
            raise self._no_such_code(code)
        entry = self._find(spelling)
        if entry is not None:
            return entry
        dotless = self.enhanced(".".join(str(spelling))) if isinstance(spelling, int) else None
        return UnlistedCode(spelling, dotless, self.language)

    def reply_code(self, code: int) -> ReplyCode | None:
        """The entry of a reply code; None if the catalogue has none."""
        return self.reply_codes.get(code)

    def enhanced(self, code: str) -> EnhancedStatusCode | None:
        """The entry of ``X.1.3`` or ``5.1.3``, the latter with its class; None if it is not registered."""
        code = code.upper()
        entry = self.enhanced_status_codes.get("X" + code[1:]) if _ENHANCED_CODE.fullmatch(code) else None
        return entry if entry is None or code[0] == "X" else replace(entry, code=code)

    def name_of(self, reply_code: int | None, enhanced_code: str | None = None) -> str:
        """Name for a table: the reply code's, else the enhanced status code's, else that of the class."""
        entry = self.reply_code(reply_code) if reply_code is not None else None
        if entry is not None:
            return entry.name
        enhanced = self.enhanced(enhanced_code) if enhanced_code else None
        if enhanced is not None:
            return enhanced.name
        digit = str(reply_code)[0] if reply_code is not None else (enhanced_code or " ")[0]
        classes = self.language.words["class" if reply_code is not None else "enhanced_class"]
        return classes.get(digit) or self.language.word("sentence", "name_unknown")

    def compare(self, first: str | int, second: str | int) -> Comparison:
        """Two entries side by side; UsageError if one is unknown or both are the same."""
        from analyzer.catalogue import view

        one, two = self[first], self[second]
        if one == two:
            raise UsageError(f"Both codes are {one.code}; name two different codes, such as 220 and 553.")
        differences, same = view.differences(one, two)
        return Comparison(one, two, view.class_sentence(one, two), differences, same)

    def search(self, text: str) -> list[Entry]:
        """Entries that hold all words of ``text``: the exact code, then hits in names, then in texts, each by code.

        Case and accents do not matter. Besides the shown name, the RFC's phrase and the English name are searched.
        """
        words = _folded(text).split()
        if not words:
            raise UsageError("There is nothing to search for; give a word or a code, such as mailbox or 553.")
        exact = self._find(_spelling(text))
        found: list[Entry] = [] if exact is None else [exact]
        in_texts: list[Entry] = []
        for entry, names, everything in self._search_index():
            if exact is not None and _same_code(entry, exact):
                continue
            if all(word in names for word in words):
                found.append(entry)
            elif all(word in everything for word in words):
                in_texts.append(entry)
        return found + in_texts

    def _search_index(self) -> list[tuple[Entry, str, str]]:
        if not self._searchable:
            for entry in self:
                english = self._english[entry.code]
                names = [entry.name, english.name, str(entry.code)]
                texts = [entry.name, english.name]
                if isinstance(entry, ReplyCode):
                    names.append(entry.phrase)
                    texts += [entry.description, entry.when_seen, entry.fix_sending, entry.fix_receiving]
                    texts += [*entry.sent_by, *entry.sources, *entry.references]
                else:
                    texts += [entry.meaning, entry.fix, entry.other_use, *entry.references]
                folded = _folded("\n".join(names))
                self._searchable.append((entry, folded, folded + "\n" + _folded("\n".join(texts))))
        return self._searchable

    def _find(self, spelling: int | str | None) -> Entry | None:
        return self.reply_code(spelling) if isinstance(spelling, int) else self.enhanced(spelling or "")

    def _no_such_code(self, code: str | int) -> UsageError:
        what = "is not in the catalogue" if _spelling(code) else "is neither a reply code nor an enhanced status code"
        given = str(code).strip()
        nearest = self._nearest(given)
        if not nearest:
            return UsageError(f"{given!r} {what}; give a code such as 553 or 5.1.3, or search for a word instead.")
        return UsageError(f"{given!r} {what}; the nearest are {', '.join(nearest)}: choose one, or list all codes.")

    def _nearest(self, wrong: str) -> list[str]:
        if re.fullmatch(r"[0-9]{3}", wrong):
            numbers = sorted(self.reply_codes, key=lambda code: (abs(code - int(wrong)), code))
            return [str(code) for code in numbers[:3]]
        known = [str(code) for code in self.reply_codes]
        for entry in self.enhanced_status_codes.values():
            known += [f"{digit}{entry.code[1:]}" for digit in entry.classes]
        import difflib

        prefixed = [code for code in known if wrong and code.startswith(wrong)]
        return (prefixed or difflib.get_close_matches(wrong, known, 3, 0.6))[:3]


def _same_code(entry: Entry, other: Entry) -> bool:
    """Whether both are one entry of the files: X.1.3 and 5.1.3 are."""
    if isinstance(entry, EnhancedStatusCode) and isinstance(other, EnhancedStatusCode):
        return entry.code[1:] == other.code[1:]
    return entry.code == other.code


def _spelling(code: str | int) -> int | str | None:
    """The code as the catalogue spells it, also from `#5.1.1` or `(5.1.1)`; None if it cannot be a code."""
    text = str(code).strip(" ()#[]").upper()
    if _REPLY_CODE.fullmatch(text):
        return int(text)
    return text if _ENHANCED_CODE.fullmatch(text) else None


def _folded(text: str) -> str:
    """Without case and accents, so that `buzon` finds `buzón`."""
    return "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))


def languages() -> tuple[str, ...]:
    """Codes of the languages that have a file, English first."""
    return language_names()


@lru_cache(maxsize=8)
def load(language: str = "en", extra: tuple[Path, ...] = ()) -> Catalogue:
    """The catalogue in a language; entries of the ``extra`` files stand in place of ours. Read once, then kept."""
    if language not in languages():
        raise UsageError(f"There is no catalogue in {language!r}; choose one of {', '.join(languages())}.")
    if language != "en":
        return _translated(load("en", extra), language)
    tables = read_entries((*extra, *_FILES))
    entries: dict[int | str, Any] = {}
    registered: dict[int, list[str]] = {}
    enhanced = [EnhancedStatusCode(**table) for table in tables["enhanced_status_code"]]
    for entry in enhanced:
        for code in entry.basic_codes:
            registered.setdefault(code, []).append(entry.code)
    for table in tables["reply_code"]:
        entries[table["code"]] = ReplyCode(**table, registered_with=tuple(registered.get(table["code"], ())))
    entries.update((entry.code, entry) for entry in enhanced)
    return Catalogue(entries, ENGLISH)


def _translated(english: Catalogue, language: str) -> Catalogue:
    spoken = Language(language)
    texts = read_translations(language, {entry.code for entry in english})
    entries = {entry.code: replace(entry, language=spoken, **texts.get(entry.code, {})) for entry in english}
    return Catalogue(entries, spoken, english)
