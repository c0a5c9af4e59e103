"""Entries of the catalogue as plain text of 80 columns and as dictionaries that JSON can hold.

Knows how an entry, a list, a comparison and a search look in either form. Does not print: the command line does.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from analyzer.catalogue import (
    Catalogue,
    Comparison,
    Difference,
    EnhancedStatusCode,
    Entry,
    ReplyCode,
    UnlistedCode,
    load,
)
from analyzer.catalogue.reading import Language
from analyzer.replies import category_name

WIDTH = 80
_CODE_WIDTH = 8
_LABEL_WIDTH = 19
_NONE = "-"
#: What a code rests on and is called says nothing about how two codes differ.
_NOT_COMPARED = ("phrase", "references", "sources")


def command(name: str, *arguments: str, language: str = "en", format: str = "text") -> str:
    """What ``analyzer codes`` prints: ``name`` is list, show, compare or search, ``format`` text or json."""
    as_text, as_dict = _COMMANDS[name]
    catalogue = load(language)
    if format == "json":
        return json.dumps(as_dict(catalogue, *arguments), ensure_ascii=False, indent=2)
    return as_text(catalogue, *arguments)


# ---- list, show, compare, search: text
def list_text(catalogue: Catalogue) -> str:
    """All codes with their names, reply codes by class, then the enhanced status codes by subject."""
    word = catalogue.language.word
    lines = [_title(word("heading", "reply_codes"))]
    group = ""
    for reply in catalogue.reply_codes.values():
        if (heading := f"{reply.reply_class}xx, {reply.class_name}") != group:
            group = heading
            lines += ["", group]
        lines.append(_entry_line(reply))
    lines += ["", _title(word("heading", "enhanced_status_codes"))]
    for enhanced in catalogue.enhanced_status_codes.values():
        if (heading := f"X.{enhanced.code.split('.')[1]}, {enhanced.subject}") != group:
            group = heading
            lines += ["", group]
        lines.append(_entry_line(enhanced))
    return "\n".join(lines)


def show_text(catalogue: Catalogue, code: str | int) -> str:
    """Everything about one code, also a well-formed one that the catalogue does not hold."""
    entry = catalogue.describe(code)
    text = entry_text(entry)
    spelled = _spelled_with_dots(catalogue, entry)
    return text if spelled is None else f"{text}\n\n{_wrapped(_dotless_sentence(spelled))}"


def entry_text(entry: Entry | UnlistedCode) -> str:
    """One entry: code and name, its facts, then its texts under their headings."""
    if isinstance(entry, UnlistedCode):
        return "\n".join(_wrapped(sentence) for sentence in _unlisted_sentences(entry))
    lines = [_title(f"{entry.code} {entry.name}")]
    lines += [_labelled(fact.label, fact.first) for fact in facts(entry)]
    for heading, paragraphs in _sections(entry):
        lines += ["", heading]
        lines += [_wrapped(f"{label}: {text}" if label else text, "  ") for label, text in paragraphs]
    return "\n".join(lines)


def comparison_text(comparison: Comparison) -> str:
    """Two entries side by side: classes, descriptions, when each comes, what to do for each, where they differ."""
    pair = (comparison.first, comparison.second)
    word = comparison.first.language.word
    title = _title(" / ".join(f"{entry.code} {entry.name}" for entry in pair))
    lines = [title, "", _wrapped(comparison.sentence)]
    merged: dict[str, list[str]] = {}
    for entry in pair:
        for heading, paragraphs in _sections(entry):
            for label, text in paragraphs:
                side = f", {label[0].lower()}{label[1:]}" if label else ""
                merged.setdefault(heading, []).append(_wrapped(f"{entry.code}{side}: {text}", "  "))
    for heading, texts in merged.items():
        lines += ["", heading, *texts]
    lines += ["", word("heading", "differences")]
    for row in comparison.differences:
        lines.append(f"  {row.label}")
        lines.append(_wrapped(f"{comparison.first.code}: {row.first}", "    "))
        lines.append(_wrapped(f"{comparison.second.code}: {row.second}", "    "))
    if comparison.same:
        lines += ["", word("heading", "same")]
        lines += [_wrapped(f"{row.label}: {row.first}", "  ") for row in comparison.same]
    lines += ["", word("heading", "when_to_use"), *(_wrapped(f"{entry.code}: {_use(entry)}", "  ") for entry in pair)]
    return "\n".join(lines)


def compare_text(catalogue: Catalogue, first: str | int, second: str | int) -> str:
    """The comparison of two codes."""
    return comparison_text(catalogue.compare(first, second))


def search_text(catalogue: Catalogue, text: str) -> str:
    """The entries that a search finds, best first."""
    found = catalogue.search(text)
    if not found:
        return _wrapped(catalogue.language.sentence("nothing_found", text=text))
    return "\n".join(_entry_line(entry) for entry in found)


# ---- the same as dictionaries
def list_dict(catalogue: Catalogue) -> dict[str, Any]:
    """All entries, by kind."""
    return {
        "reply_codes": [entry_dict(entry) for entry in catalogue.reply_codes.values()],
        "enhanced_status_codes": [entry_dict(entry) for entry in catalogue.enhanced_status_codes.values()],
    }


def show_dict(catalogue: Catalogue, code: str | int) -> dict[str, Any]:
    """One code; ``listed`` is false for one that the catalogue does not hold."""
    return entry_dict(catalogue.describe(code))


def compare_dict(catalogue: Catalogue, first: str | int, second: str | int) -> dict[str, Any]:
    """The comparison of two codes: sentence, both entries, differences, what is the same, when to use each."""
    comparison = catalogue.compare(first, second)
    return {
        "sentence": comparison.sentence,
        "entries": [entry_dict(comparison.first), entry_dict(comparison.second)],
        "differences": [_row_dict(row) for row in comparison.differences],
        "same": [_row_dict(row) for row in comparison.same],
        "when_to_use": [_use(comparison.first), _use(comparison.second)],
    }


def search_dict(catalogue: Catalogue, text: str) -> dict[str, Any]:
    """The entries that a search finds, best first."""
    return {"search": text, "found": [entry_dict(entry) for entry in catalogue.search(text)]}


def entry_dict(entry: Entry | UnlistedCode) -> dict[str, Any]:
    """One entry with the keys of its file, and class, category or subject made from its digits."""
    if isinstance(entry, UnlistedCode):
        dotless = entry.dotless_of.code if entry.dotless_of else None
        description = " ".join(_unlisted_sentences(entry))
        reply_class = int(str(entry.code)[0]) if str(entry.code)[0] != "X" else None
        unlisted = {"code": entry.code, "listed": False, "class": reply_class}
        return unlisted | {"dotless_of": dotless, "description": description}
    shared: dict[str, Any] = {"code": entry.code, "listed": True, "name": entry.name}
    shared |= {"class": entry.reply_class, "class_name": entry.class_name}
    if isinstance(entry, EnhancedStatusCode):
        return shared | {
            "classes": list(entry.classes),
            "class_basis": entry.class_basis,
            "subject": entry.subject,
            "reply_codes": list(entry.basic_codes),
            "reply_codes_rule": entry.basic_rule,
            "other_use": entry.other_use or None,
            "note": entry.note or None,
            "references": list(entry.references),
            "meaning": entry.meaning,
            "fix": entry.fix or None,
        }
    return shared | {
        "phrase": entry.phrase,
        "category": entry.category,
        "kind": entry.kind,
        "answers": list(entry.answers),
        "not_to": list(entry.not_to),
        "seen_at": list(entry.seen_at),
        "sent_by": list(entry.sent_by),
        "companion_of": list(entry.companion_of),
        "registered_with": list(entry.registered_with),
        "dotless_of": entry.dotless_of or None,
        "references": list(entry.references),
        "sources": list(entry.sources),
        "description": entry.description,
        "when_seen": entry.when_seen,
        "fix": {"sending": entry.fix_sending, "receiving": entry.fix_receiving},
    }


# ---- what a comparison is made of
def differences(one: Entry, two: Entry) -> tuple[tuple[Difference, ...], tuple[Difference, ...]]:
    """Aspects in which two entries differ, and those that they share."""
    first = {fact.key: fact.first for fact in facts(one)}
    second = {fact.key: fact.first for fact in facts(two)}
    rows = [
        Difference(key, one.language.word("label", key), first.get(key, _NONE), second.get(key, _NONE))
        for key in {**first, **second}
        if key not in _NOT_COMPARED
    ]
    return tuple(row for row in rows if row.first != row.second), tuple(row for row in rows if row.first == row.second)


def class_sentence(one: Entry, two: Entry) -> str:
    """One sentence on the classes of two entries."""
    language = one.language
    if isinstance(one, ReplyCode) and isinstance(two, ReplyCode) and one.reply_class == two.reply_class:
        names = {"first": f"{one.code} ({one.name})", "second": f"{two.code} ({two.name})"}
        names |= {"class_name": one.class_name, "act": _act(one)}
        return language.sentence("both_replies", digit=one.reply_class, **names) + "."
    return f"{_class_clause(one)}; {_class_clause(two)}."


def facts(entry: Entry) -> list[Difference]:
    """The aspects of one entry with their values as text, in the order shown; empty ones are left out."""
    values = _reply_facts(entry) if isinstance(entry, ReplyCode) else _enhanced_facts(entry)
    return [Difference(key, entry.language.word("label", key), value, value) for key, value in values.items() if value]


def _reply_facts(entry: ReplyCode) -> dict[str, str]:
    language = entry.language
    answers = _places(language, entry.answers)
    if entry.not_to:
        answers = language.sentence("except", places=answers, others=_places(language, entry.not_to))
    return {
        "phrase": entry.phrase if entry.phrase != entry.name else "",
        "class": f"{entry.reply_class}xx, {entry.class_name}",
        "next": _act(entry),
        "category": entry.category,
        "standard": language.word("kind", entry.kind),
        "answers": answers,
        "seen_at": _places(language, entry.seen_at),
        "sent_by": ", ".join(entry.sent_by),
        "companion_of": ", ".join(entry.companion_of),
        "registered_with": ", ".join(entry.registered_with),
        "dotless_of": entry.dotless_of.replace("X", str(entry.reply_class)),
        "references": _references(entry.references),
        "sources": "; ".join(entry.sources),
    }


def _enhanced_facts(entry: EnhancedStatusCode) -> dict[str, str]:
    word = entry.language.word
    own = f"{entry.reply_class}, {entry.class_name}; " if entry.reply_class else ""
    allowed = _joined(map(str, entry.classes), word("sentence", "or"))
    return {
        "class": own + word("basis", entry.class_basis).format(classes=allowed),
        "subject": entry.subject,
        "standard": word("kind", "enhanced"),
        "basic_codes": _basic_codes(entry),
        "other_use": entry.other_use,
        "note": entry.note,
        "references": _references(entry.references),
    }


# ---- pieces
def _sections(entry: Entry) -> list[tuple[str, list[tuple[str, str]]]]:
    word = entry.language.word
    if isinstance(entry, EnhancedStatusCode):
        sections = [(word("heading", "description"), [("", entry.meaning)])]
        return sections + ([(word("heading", "fix"), [("", entry.fix)])] if entry.fix else [])
    fixes = [(word("label", "sending"), entry.fix_sending), (word("label", "receiving"), entry.fix_receiving)]
    return [
        (word("heading", "description"), [("", entry.description)]),
        (word("heading", "when_seen"), [("", entry.when_seen)]),
        (word("heading", "fix"), fixes),
    ]


def _spelled_with_dots(catalogue: Catalogue, entry: Entry | UnlistedCode) -> EnhancedStatusCode | None:
    """The enhanced status code that a reply code's digits spell, where its senders mean that."""
    if not isinstance(entry, ReplyCode) or not entry.dotless_of:
        return None
    return catalogue.enhanced(entry.dotless_of.replace("X", str(entry.reply_class)))


def _dotless_sentence(enhanced: EnhancedStatusCode) -> str:
    return enhanced.language.sentence("dotless", code=enhanced.code, name=enhanced.name, meaning=enhanced.meaning)


def _unlisted_sentences(entry: UnlistedCode) -> list[str]:
    language = entry.language
    if isinstance(entry.code, str):
        classes = language.words["enhanced_class"]
        class_name = classes.get(entry.code[0]) or _joined(classes.values(), language.word("sentence", "or"))
        subject = language.word("subject", entry.code.split(".")[1])
        return [language.sentence("unlisted_enhanced", code=entry.code, class_name=class_name, subject=subject)]
    digit = str(entry.code)[0]
    names = {"class_name": language.word("class", digit), "act": language.word("act", digit)}
    sentences = [language.sentence("unlisted_reply", code=entry.code, digit=digit, **names)]
    if entry.code // 10 % 10 > 5:
        sentences.append(language.word("sentence", "outside"))
    else:
        category = language.word("category", category_name(entry.code))
        sentences.append(language.sentence("unlisted_category", category=category))
    if entry.dotless_of is not None:
        sentences.append(_dotless_sentence(entry.dotless_of))
    else:
        sentences.append(language.sentence("not_dotless", code=".".join(str(entry.code))))
    return sentences


def _class_clause(entry: Entry) -> str:
    names = {"code": entry.code, "name": entry.name, "class_name": entry.class_name}
    language = entry.language
    if isinstance(entry, ReplyCode):
        return language.sentence("reply", digit=entry.reply_class, act=_act(entry), **names)
    if entry.reply_class:
        return language.sentence("enhanced", digit=entry.reply_class, subject=entry.subject, **names)
    classes = _joined(map(str, entry.classes), language.word("sentence", "or")) or "-"
    return language.sentence("enhanced_any", classes=classes, subject=entry.subject, **names)


def _use(entry: Entry) -> str:
    language = entry.language
    if isinstance(entry, EnhancedStatusCode):
        return language.sentence("use_enhanced", codes=_basic_codes(entry), subject=entry.subject)
    places, sentence = (entry.answers, "use_reply") if entry.answers else (entry.seen_at, "use_seen")
    named = _joined((language.word("place", place) for place in places), language.word("sentence", "and"))
    return language.sentence(sentence, places=named, act=_act(entry))


def _act(entry: ReplyCode) -> str:
    return entry.language.word("act", str(entry.reply_class))


def _basic_codes(entry: EnhancedStatusCode) -> str:
    return entry.language.word("basic_rule", entry.basic_rule).format(codes=", ".join(map(str, entry.basic_codes)))


def _places(language: Language, places: Iterable[str]) -> str:
    return ", ".join(language.word("place", place) for place in places)


def _references(references: Iterable[str]) -> str:
    """References with the sections of one RFC drawn together: `RFC 5321 3.3, 4.2.3; RFC 6531 3.5`."""
    sections: dict[str, list[str]] = {}
    for reference in references:
        kind, number, *section = reference.split(" ") if reference.startswith("RFC ") else (reference, "")
        sections.setdefault(f"{kind} {number}".strip(), []).extend(section)
    return "; ".join(f"{name} {', '.join(numbers)}".strip() for name, numbers in sections.items())


def _joined(words: Iterable[str], last: str) -> str:
    *most, final = [*words] or [""]
    return f"{', '.join(most)} {last} {final}" if most else final


def _row_dict(row: Difference) -> dict[str, str]:
    return {"aspect": row.key, "label": row.label, "first": row.first, "second": row.second}


def _title(text: str) -> str:
    return f"{_wrapped(text)}\n{'=' * min(len(text), WIDTH)}"


def _entry_line(entry: Entry) -> str:
    return _wrapped(f"{entry.code!s:<{_CODE_WIDTH}}\0{entry.name}", "", " " * _CODE_WIDTH)


def _labelled(label: str, value: str) -> str:
    return _wrapped(f"{label + ':':<{_LABEL_WIDTH}}\0{value}", "", " " * _LABEL_WIDTH)


def _wrapped(text: str, indent: str = "", hanging: str | None = None) -> str:
    hanging = indent if hanging is None else hanging
    # A NUL stands between a column and its text: textwrap would break at the blanks of a padded column.
    head, separator, body = text.partition("\0")
    initial = head if separator else indent
    return textwrap.fill(
        body if separator else text,
        WIDTH,
        initial_indent=initial,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


_COMMANDS: dict[str, tuple[Callable[..., str], Callable[..., dict[str, Any]]]] = {
    "list": (list_text, list_dict),
    "show": (show_text, show_dict),
    "compare": (compare_text, compare_dict),
    "search": (search_text, search_dict),
}
