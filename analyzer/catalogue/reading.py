"""The catalogue's files, read and checked: entries as tables, languages as words and translations.

Knows the form of the files. Does not know what the codes mean. Every rule broken is a CatalogueError that names the
file, the entry, the rule and the cure.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from analyzer.cached import cached
from analyzer.errors import CatalogueError
from analyzer.listing import joined
from analyzer.replies import CATEGORY_NAMES, CLASS_NAMES, category_name

_HERE = Path(__file__).parent
_FIELD = re.compile(r"\{(\w+)\}")
_GENERIC_CODE = re.compile(r"X\.[0-7]\.(?:0|[1-9][0-9]{0,2})")
_STANDARD = re.compile(r"RFC [1-9][0-9]*\b|draft-")

KINDS = ("standard", "experimental", "registered", "vendor")

# Field -> (kind of value, needed). A text must not be empty; "texts" and "numbers" are lists, which may be.
_FIELDS: dict[str, dict[str, tuple[str, bool]]] = {
    "reply_code": {
        "code": ("number", True),
        "name": ("text", True),
        "phrase": ("text", False),
        "kind": ("text", True),
        "references": ("texts", True),
        "sources": ("texts", False),
        "answers": ("texts", True),
        "not_to": ("texts", False),
        "seen_at": ("texts", False),
        "sent_by": ("texts", False),
        "companion_of": ("texts", False),
        "dotless_of": ("text", False),
        "description": ("text", True),
        "when_seen": ("text", True),
        "fix_sending": ("text", True),
        "fix_receiving": ("text", True),
    },
    "enhanced_status_code": {
        "code": ("text", True),
        "name": ("text", True),
        "references": ("texts", True),
        "classes": ("numbers", True),
        "class_basis": ("text", True),
        "basic_codes": ("numbers", True),
        "basic_rule": ("text", False),
        "other_use": ("text", False),
        "note": ("text", False),
        "meaning": ("text", True),
        "fix": ("text", False),
    },
}
_TRANSLATED = {
    "reply_code": ("name", "description", "when_seen", "fix_sending", "fix_receiving"),
    "enhanced_status_code": ("name", "meaning", "fix"),
}


@dataclass(frozen=True, slots=True)
class Language:
    """The words of the views in one language, such as headings and the names of the classes; read when first needed."""

    code: str

    @property
    def words(self) -> Mapping[str, Mapping[str, str]]:
        """All words by group and key; what the language's file leaves out is English."""
        return _words(self.code)

    def word(self, group: str, key: str) -> str:
        """One word, such as ``word("heading", "description")``."""
        return self.words[group][key]

    def sentence(self, key: str, **fields: object) -> str:
        """A sentence with its fields filled in."""
        return self.words["sentence"][key].format(**fields)


ENGLISH = Language("en")


def language_names() -> tuple[str, ...]:
    """``en``, then every other language with a file: its name has two letters."""
    return ("en", *sorted(path.stem for path in _HERE.glob("[a-z][a-z].toml") if path.stem != "en"))


def read_entries(paths: Iterable[Path]) -> dict[str, list[dict[str, Any]]]:
    """The entries of all files, checked, by kind and in the order of the codes; an earlier file's entry wins."""
    found: dict[str, dict[int | str, dict[str, Any]]] = {kind: {} for kind in _FIELDS}
    for path in paths:
        content = _read_toml(path)
        for kind in content:
            if kind not in _FIELDS:
                _fail(path, kind, "is not a table of the catalogue", f"use {joined((f'[[{name}]]' for name in _FIELDS), 'or')}")
        for kind, entries in found.items():
            here: set[int | str] = set()
            for table in content.get(kind, []):
                entry = _checked(path, kind, table)
                if entry["code"] in here:
                    _fail(path, entry["code"], "stands in the file twice", "merge the two entries")
                here.add(entry["code"])
                entries.setdefault(entry["code"], entry)
    return {kind: [entries[code] for code in sorted(entries, key=_order)] for kind, entries in found.items()}


def read_translations(language: str, codes: Collection[int | str]) -> dict[int | str, dict[str, Any]]:
    """What a language's file says about the codes: code -> field -> text."""
    path, content = _language_file(language)
    translations: dict[int | str, dict[str, Any]] = {}
    for kind, fields in _TRANSLATED.items():
        for key, table in content.get(kind, {}).items():
            code = int(key) if kind == "reply_code" and key.isdigit() else key
            if code not in codes:
                _fail(path, key, "translates a code that the catalogue does not have", "correct or remove it")
            for name, text in table.items():
                if name not in fields or not isinstance(text, str) or not text.strip():
                    _fail(path, key, f"has {name!r} without a text to show", f"give texts for {joined(fields, 'or')}")
            translations[code] = {name: _folded(text) for name, text in table.items()}
    return translations


def _checked(path: Path, kind: str, table: dict[str, Any]) -> dict[str, Any]:
    fields = _FIELDS[kind]
    code = table.get("code", "without a code")
    for name in table:
        if name not in fields:
            derived = "; class and category follow from the digits" if name in ("class", "category") else ""
            _fail(path, code, f"has the unknown key {name!r}", f"use {joined(fields, 'or')}{derived}")
    for name, (value_kind, needed) in fields.items():
        if name not in table:
            if needed:
                _fail(path, code, f"lacks {name!r}", "add it")
        elif not _VALUE_CHECKS[value_kind](table[name]):
            _fail(path, code, f"has {name!r} with an unfit value", f"write {_VALUE_FORMS[value_kind]}")
    entry = {name: _folded(value) if isinstance(value, str) else value for name, value in table.items()}
    entry = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    (_check_reply_code if kind == "reply_code" else _check_enhanced_code)(path, entry)
    return entry


def _check_reply_code(path: Path, entry: dict[str, Any]) -> None:
    code = entry["code"]
    entry.setdefault("phrase", entry["name"])
    if not 200 <= code <= 599:
        _fail(path, code, "belongs to no class: SMTP replies begin with 2, 3, 4 or 5", "correct its first digit")
    if entry["kind"] not in KINDS:
        _fail(path, code, f"has the unknown kind {entry['kind']!r}", f"use {joined(KINDS, 'or')}")
    if not all(_STANDARD.match(reference) for reference in entry["references"]):
        _fail(path, code, "has a reference that is neither an RFC nor a draft", "put it under sources")
    if not entry["references"] and (entry["kind"] != "vendor" or not entry.get("sources")):
        _fail(path, code, "says nowhere what it rests on", "add references, or sources for a vendor's code")
    places = ENGLISH.words["place"]
    for name in ("answers", "not_to", "seen_at"):
        for place in entry.get(name, ()):
            if place not in places:
                _fail(path, code, f"has the unknown place {place!r} in {name!r}", f"use {joined(places, 'or')}")
    dotless = entry.get("dotless_of", "")
    if dotless and dotless.split(".")[1:] != list(str(code)[1:]):
        _fail(path, code, f"does not spell {dotless} without its dots", "correct dotless_of")


def _check_enhanced_code(path: Path, entry: dict[str, Any]) -> None:
    code = entry["code"]
    entry.setdefault("basic_rule", "listed" if entry["basic_codes"] else "not given")
    if not _GENERIC_CODE.fullmatch(code):
        _fail(path, code, "is not of the form X.subject.detail (RFC 3463 2)", "write it as X.1.3")
    if not entry["references"]:
        _fail(path, code, "has no reference", "name the RFC that defines it")
    if not set(entry["classes"]) <= {2, 4, 5}:
        _fail(path, code, "has a class that RFC 3463 does not know", "use 2, 4 or 5")
    for name, group in (("class_basis", "basis"), ("basic_rule", "basic_rule")):
        if entry[name] not in ENGLISH.words[group]:
            _fail(path, code, f"has the unknown {name} {entry[name]!r}", f"use {joined(ENGLISH.words[group], 'or')}")


@lru_cache(maxsize=8)
def _words(language: str) -> Mapping[str, Mapping[str, str]]:
    path, content = _language_file(language)
    groups: dict[str, dict[str, str]] = {
        group: {key: _folded(word) for key, word in words.items()}
        for group, words in content.items()
        if isinstance(words, dict) and group not in _TRANSLATED
    }
    if language == "en":
        groups["class"] = {str(digit): name for digit, name in CLASS_NAMES.items()}
        groups["category"] = {name: name for name in (*CATEGORY_NAMES.values(), category_name(590))}
        return MappingProxyType(groups)
    for group, words in groups.items():
        english = ENGLISH.words.get(group, {})
        for key, word in words.items():
            if key not in english:
                _fail(path, f"{group}.{key}", "is not a word of the views", "take the keys from en.toml")
            if set(_FIELD.findall(word)) - set(_FIELD.findall(english[key])):
                _fail(path, f"{group}.{key}", "has a field that en.toml does not have", f"use: {english[key]}")
    return MappingProxyType({group: {**words, **groups.get(group, {})} for group, words in ENGLISH.words.items()})


@lru_cache(maxsize=8)
def _language_file(language: str) -> tuple[Path, dict[str, Any]]:
    path = _HERE / f"{language}.toml"
    return path, _read_toml(path)


def _read_toml(path: Path) -> dict[str, Any]:
    if path.parent == _HERE:
        return cached(f"catalogue-{path.stem}", (f"catalogue/{path.name}",), lambda: _parsed(path))
    return _parsed(path)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read ({error.strerror}); check its name and its rights.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path} is not valid TOML ({error}); correct it there.") from error


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) and item != "" for item in value)


_VALUE_CHECKS = {
    "number": lambda value: isinstance(value, int),
    "text": lambda value: isinstance(value, str) and bool(value.strip()),
    "texts": lambda value: _is_list_of(value, str),
    "numbers": lambda value: _is_list_of(value, int),
}
_VALUE_FORMS = {
    "number": "a number",
    "text": "a text that is not empty",
    "texts": "a list of texts",
    "numbers": "a list of numbers",
}


def _order(code: int | str) -> tuple[int, ...]:
    return (code,) if isinstance(code, int) else tuple(int(part) for part in code.split(".")[1:])


def _folded(text: str) -> str:
    """Prose of the files: line ends count as blanks."""
    return " ".join(text.split())


def _fail(path: Path, entry: object, rule: str, cure: str) -> NoReturn:
    raise CatalogueError(f"{path}, entry {entry}: it {rule}; {cure}.")
