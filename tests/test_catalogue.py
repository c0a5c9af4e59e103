"""The catalogue says what the checked facts say, about every code, in whole sentences, in every language."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from analyzer import catalogue
from analyzer.catalogue import Catalogue, EnhancedStatusCode, ReplyCode, UnlistedCode, view
from analyzer.catalogue.reading import read_translations
from analyzer.errors import CatalogueError, UsageError

FACTS = json.loads((Path(__file__).parent / "data" / "catalogue-facts.json").read_text(encoding="utf-8"))
FULLY_SPANISH = (220, 250, 421, 450, 451, 452, 550, 551, 552, 553, 554)
TEXTS = ("description", "when_seen", "fix_sending", "fix_receiving")


@pytest.fixture
def english() -> Catalogue:
    return catalogue.load()


@pytest.fixture
def spanish() -> Catalogue:
    return catalogue.load("es")


# ---- what the entries say
def test_it_holds_exactly_the_codes_of_the_facts(english: Catalogue) -> None:
    assert [str(code) for code in english.reply_codes] == list(FACTS["reply_codes"])
    assert list(english.enhanced_status_codes) == list(FACTS["enhanced_codes"])
    assert (len(english.reply_codes), len(english)) == (83, 164)


@pytest.mark.parametrize("code", FACTS["reply_codes"])
def test_reply_code_agrees_with_the_facts(code: str, english: Catalogue) -> None:
    entry = english[code]
    assert isinstance(entry, ReplyCode)
    said: dict[str, Any] = {
        "name": entry.phrase,
        "status": entry.kind,
        "class": entry.reply_class,
        "class_name": entry.class_name,
        "category": entry.category,
        "references": list(entry.references),
        "replies_to": list(entry.answers),
        "registered_with": list(entry.registered_with),
        "in_practice": list(entry.seen_at),
        "not_to": list(entry.not_to),
        "sent_by": list(entry.sent_by),
        "companion_of": list(entry.companion_of),
        "dotless_of": entry.dotless_of,
    }
    facts = dict(FACTS["reply_codes"][code])
    if facts["category"] == "outside the RFC 5321 grammar":
        facts["category"] = "outside the grammar"
    optional = {"in_practice": [], "not_to": [], "sent_by": [], "companion_of": [], "dotless_of": ""}
    assert said == optional | facts
    assert entry.references or entry.sources


@pytest.mark.parametrize("code", FACTS["enhanced_codes"])
def test_enhanced_status_code_agrees_with_the_facts(code: str, english: Catalogue) -> None:
    entry = english[code]
    assert isinstance(entry, EnhancedStatusCode)
    said: dict[str, Any] = {
        "name": entry.name,
        "classes": list(entry.classes),
        "class_basis": entry.class_basis,
        "basic_codes": list(entry.basic_codes),
        "basic_rule": entry.basic_rule,
        "references": list(entry.references),
        "other_use": entry.other_use,
        "note": entry.note,
    }
    facts = {"other_use": "", "note": "", **FACTS["enhanced_codes"][code]}
    assert said == {key: facts[key] for key in said}
    subject = f"{entry.subject} status"
    assert subject == facts["subject_name"].lower()


def test_every_text_is_a_sentence_and_stands_only_once(english: Catalogue) -> None:
    texts: Counter[str] = Counter()
    for entry in english:
        fields = TEXTS if isinstance(entry, ReplyCode) else ("meaning", "fix")
        for name in fields:
            text = getattr(entry, name)
            if text or name != "fix":
                assert text.endswith((".", "`")), f"{entry.code} {name} does not end like a sentence"
                assert len(text.split()) > 1 or text == "Never."
                texts[text] += 1
    assert [text for text, count in texts.items() if count > 1] == []
    assert len(texts) > 83 * 4 + 81


def test_reply_code_of_the_registry_leads_to_an_entry(english: Catalogue) -> None:
    for entry in english.enhanced_status_codes.values():
        assert all(code in english for code in entry.basic_codes)
        if entry.classes:
            assert entry.fix or entry.classes == (2,)


def test_220_and_553_carry_all_that_the_seed_page_says(english: Catalogue) -> None:
    ready, mailbox = english["220"], english["553"]
    assert (ready.name, mailbox.name) == ("Service ready", "Mailbox name invalid")
    for word in ("ready", "greeting", "first thing a client receives", "host", "software"):
        assert word in ready.description
    for word in ("welcome", "TCP connection", "25, 465 or 587", "commands"):
        assert word in ready.when_seen
    for word in ("the connection works", "server is up", "port is the right one", "firewall"):
        assert word in ready.fix_sending
    for word in ("mailbox name is not allowed", "syntactically wrong", "format", "rules for names"):
        assert word in mailbox.description
    for word in ("sender or recipient address", "invalid characters", "badly formed", "naming rules"):
        assert word in mailbox.when_seen
    for word in ("local-part@domain", "valid characters", "spaces, special characters", "encoding damage"):
        assert word in mailbox.fix_sending


# ---- looking up
def test_codes_are_found_in_all_their_spellings(english: Catalogue) -> None:
    assert english["553"] is english[553] is english.reply_code(553)
    assert english["x.1.3"] == english["X.1.3"] == english.enhanced("X.1.3")
    bound = english["(#5.1.3)"]
    assert isinstance(bound, EnhancedStatusCode)
    assert (bound.code, bound.reply_class, bound.class_name) == ("5.1.3", 5, "permanent failure")
    assert bound.name == english["X.1.3"].name
    assert 553 in english
    assert "5.1.3" in english
    assert 577 not in english
    assert "5.7.99" not in english
    assert None not in english
    assert len(list(english)) == len(english)


@pytest.mark.parametrize(
    "code", ["999", "1000", "99", "abc", "", "5.9.1", "6.1.1", "5.01.3", "199", "600", "５５３", "553\n554"]
)
def test_what_is_no_code_is_refused_with_a_sentence(code: str, english: Catalogue) -> None:
    for look_up in (english.__getitem__, english.describe):
        with pytest.raises(UsageError, match=r"is neither a reply code nor an enhanced status code; .*\.$") as refused:
            look_up(code)
        assert not isinstance(refused.value, KeyError)


@pytest.mark.parametrize(
    ("code", "nearest"),
    [("999", "591, 585, 572"), ("577", "572, 571, 585"), ("55", "550, 551, 552"), ("5.1.33", "5.1.3")],
)
def test_an_unknown_code_names_the_nearest(code: str, nearest: str, english: Catalogue) -> None:
    with pytest.raises(UsageError, match=f"the nearest are {nearest}"):
        english[code]


def test_an_unlisted_code_is_told_from_its_digits(english: Catalogue) -> None:
    entry = english.describe("577")
    assert isinstance(entry, UnlistedCode)
    text = " ".join(str(entry).split())
    assert "577 is not in the catalogue" in text
    assert "5xx reply, permanent negative completion" in text
    assert "outside the grammar" in text
    assert "5.7.7 (Message integrity failure)" in text
    outside = " ".join(str(english.describe(599)).split())
    assert "With dots its digits would be 5.9.9, which is not registered." in outside
    assert "about security or policy" in " ".join(str(english.describe("5.7.515")).split())
    assert view.show_dict(english, 577)["listed"] is False


def test_a_code_without_its_dots_is_explained_as_such(english: Catalogue) -> None:
    text = " ".join(view.show_text(english, "571").split())
    assert "Read with dots, its digits are the enhanced status code 5.7.1 (Delivery not authorized" in text
    assert "Read with dots" not in view.show_text(english, "550")


def test_name_of_falls_back_to_enhanced_code_and_class(english: Catalogue, spanish: Catalogue) -> None:
    assert english.name_of(553, "5.7.1") == "Mailbox name invalid"
    assert english.name_of(577, "5.1.1") == english.name_of(None, "5.1.1") == "Bad destination mailbox address"
    assert english.name_of(577) == "permanent negative completion"
    assert english.name_of(None, "5.7.515") == "permanent failure"
    assert english.name_of(None) == english.name_of(None, "?") == "no code"
    assert spanish.name_of(553) == "Nombre de buzón no válido"
    assert spanish.name_of(577) == "finalización negativa permanente"


# ---- search
def test_search_finds_553_by_word_and_by_both_its_names(english: Catalogue) -> None:
    for text in ("mailbox", "Mailbox Name Invalid", "mailbox name NOT allowed", "553"):
        assert english["553"] in english.search(text)


def test_search_puts_the_exact_code_first_then_names_then_texts(english: Catalogue) -> None:
    assert english.search("553")[0].code == 553
    assert english.search("5.1.3")[0].code == "5.1.3"
    assert "X.1.3" not in [entry.code for entry in english.search("5.1.3")]
    found = english.search("mailbox")
    in_name = ["mailbox" in (entry.name + getattr(entry, "phrase", "")).lower() for entry in found]
    assert in_name == sorted(in_name, reverse=True)
    assert {True, False} == set(in_name)
    codes = [entry.code for entry, named in zip(found, in_name, strict=True) if named and isinstance(entry.code, int)]
    assert codes == sorted(codes)


def test_search_without_words_or_hits(english: Catalogue) -> None:
    with pytest.raises(UsageError, match="give a word or a code"):
        english.search("  ")
    assert english.search("zebra") == []
    assert view.search_text(english, "zebra").startswith('Nothing in the catalogue matches "zebra".')


def test_spanish_search_ignores_accents_and_knows_english_names(english: Catalogue, spanish: Catalogue) -> None:
    for text in ("buzon no valido", "Mailbox name invalid", "mailbox name not allowed"):
        assert 553 in [entry.code for entry in spanish.search(text)]


# ---- comparison
def test_comparison_of_220_and_553_has_all_parts(english: Catalogue) -> None:
    comparison = english.compare("220", "553")
    assert comparison.sentence.startswith("220 (Service ready) is a 2xx reply, positive completion")
    assert "553 (Mailbox name invalid) is a 5xx reply, permanent negative completion" in comparison.sentence
    assert comparison.sentence.endswith(".")
    rows = {row.key: (row.first, row.second) for row in comparison.differences}
    assert rows["class"] == ("2xx, positive completion", "5xx, permanent negative completion")
    assert rows["category"] == ("connections", "mail system")
    assert rows["answers"] == ("the connection (greeting), STARTTLS", "MAIL, RCPT, VRFY")
    assert [row.key for row in comparison.same] == ["standard"]
    text = str(comparison)
    headings = ("Description", "When you see it", "How to fix it", "Key differences", "When to use each")
    assert [line for line in text.splitlines() if line in headings] == list(headings)
    told = " ".join(text.split())
    for entry in (comparison.first, comparison.second):
        for name in TEXTS:
            assert getattr(entry, name) in told
    assert text == view.compare_text(english, 220, 553)


def test_comparison_within_a_class_and_with_enhanced_codes(english: Catalogue) -> None:
    assert english.compare(450, 451).sentence.startswith(
        "450 (Mailbox temporarily unavailable) and 451 (Local error in processing) are both 4xx replies"
    )
    mixed = english.compare(553, "5.1.3")
    assert "5.1.3 (Bad destination mailbox address syntax) is an enhanced status code of class 5" in mixed.sentence
    assert "X.1.3 (Bad destination mailbox address syntax) is an enhanced status code for class 5" in (
        english.compare("X.1.3", 553).sentence
    )
    assert "5.1.3" in str(mixed)


def test_comparison_needs_two_different_known_codes(english: Catalogue) -> None:
    with pytest.raises(UsageError, match="name two different codes"):
        english.compare(553, "553")
    with pytest.raises(UsageError, match="nearest are 591"):
        english.compare(553, 999)


# ---- views
@pytest.mark.parametrize("language", catalogue.languages())
def test_every_view_fits_80_columns_and_every_dictionary_is_json(language: str) -> None:
    spoken = catalogue.load(language)
    texts = [str(entry) for entry in spoken] + [view.show_text(spoken, entry.code) for entry in spoken]
    texts += [view.list_text(spoken), view.compare_text(spoken, 250, 554), view.search_text(spoken, "mailbox")]
    for line in "\n".join(texts).splitlines():
        assert len(line) <= 80
        assert "{" not in line
    for document in (view.list_dict(spoken), view.compare_dict(spoken, 220, 553), view.search_dict(spoken, "mailbox")):
        assert json.loads(json.dumps(document)) == document
    assert view.show_dict(spoken, "553")["fix"]["sending"] == spoken[553].fix_sending


def test_command_prints_what_its_name_says(english: Catalogue, spanish: Catalogue) -> None:
    assert view.command("list") == view.list_text(english)
    assert view.command("show", "571") == view.show_text(english, "571")
    assert view.command("compare", "220", "553", language="es") == view.compare_text(spanish, 220, 553)
    assert view.command("search", "mailbox") == view.search_text(english, "mailbox")
    shown = json.loads(view.command("show", "553", format="json"))
    assert (shown["code"], shown["name"], shown["class"]) == (553, "Mailbox name invalid", 5)


def test_the_list_names_every_code(english: Catalogue) -> None:
    first_words = {line.split(maxsplit=1)[0] for line in view.list_text(english).splitlines() if line}
    assert {str(entry.code) for entry in english} <= first_words


# ---- languages
def test_spanish_headings_are_those_of_the_seed_page(spanish: Catalogue) -> None:
    lines = str(spanish.compare(220, 553)).splitlines()
    headings = ("Descripción", "Cuándo lo verás", "Cómo solucionarlo", "Diferencias clave", "Cuándo usar cada uno")
    assert [line for line in lines if line in headings] == list(headings)


def test_spanish_covers_all_names_and_the_eleven_entries(english: Catalogue, spanish: Catalogue) -> None:
    for code, entry in spanish.reply_codes.items():
        assert entry.name != english.reply_codes[code].name
        assert entry.phrase == english.reply_codes[code].phrase
    for code in FULLY_SPANISH:
        for name in TEXTS:
            assert getattr(spanish[code], name) != getattr(english[code], name)
    assert spanish["571"].description == english["571"].description
    assert spanish["553"].category == "sistema de correo"
    assert len({entry.name for entry in spanish.reply_codes.values()}) > 75


def test_spanish_has_no_unknown_code(english: Catalogue) -> None:
    assert set(read_translations("es", {entry.code for entry in english})) == set(english.reply_codes)
    with pytest.raises(CatalogueError, match=r"es\.toml, entry 211: it translates a code that .* not have; .*\."):
        read_translations("es", {553})


def test_unknown_language_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="'fr'; choose one of en, es"):
        catalogue.load("fr")


# ---- files with faults, and files of the user's own
GOOD = {
    "code": 599,
    "name": "Lunch break",
    "kind": "vendor",
    "references": [],
    "sources": ["our own gateway"],
    "answers": ["RCPT"],
    "description": "The gateway is at lunch.",
    "when_seen": "At noon.",
    "fix_sending": "Try again at one.",
    "fix_receiving": "Eat faster.",
}


def written(folder: Path, *entries: dict[str, Any], kind: str = "reply_code") -> Path:
    path = folder / "own.toml"
    tables = ["\n".join(f"{key} = {json.dumps(value)}" for key, value in entry.items()) for entry in entries]
    path.write_text("\n".join(f"[[{kind}]]\n{table}\n" for table in tables), encoding="utf-8")
    return path


def test_a_file_of_the_users_own_stands_in_front_of_ours(tmp_path: Path) -> None:
    own = catalogue.load(extra=(written(tmp_path, GOOD, GOOD | {"code": 553}),))
    assert (own[599].name, own[553].name) == ("Lunch break", "Lunch break")
    assert list(own.reply_codes) == sorted(own.reply_codes)
    assert own[550].name == catalogue.load()[550].name
    assert 599 not in catalogue.load()
    assert catalogue.load("es", own_paths(tmp_path))[599].description == "The gateway is at lunch."


def own_paths(folder: Path) -> tuple[Path, ...]:
    return (folder / "own.toml",)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"code": 699}, "belongs to no class"),
        ({"class": 5}, "unknown key 'class'; .* class and category follow from the digits"),
        ({"colour": "red"}, "has the unknown key 'colour'; use code, name"),
        ({"sources": []}, "says nowhere what it rests on; add references, or sources"),
        ({"kind": "standard"}, "says nowhere what it rests on"),
        ({"kind": "common"}, "unknown kind 'common'; use standard, experimental, registered or vendor"),
        ({"references": ["a blog"]}, "neither an RFC nor a draft; put it under sources"),
        ({"answers": ["LUNCH"]}, "unknown place 'LUNCH' in 'answers'"),
        ({"description": "  "}, "'description' with an unfit value; write a text that is not empty"),
        ({"code": "599"}, "'code' with an unfit value; write a number"),
        ({"answers": "RCPT"}, "'answers' with an unfit value; write a list of texts"),
        ({"dotless_of": "X.7.1"}, "does not spell X.7.1 without its dots"),
    ],
)
def test_a_faulty_entry_names_file_entry_rule_and_cure(tmp_path: Path, change: dict[str, Any], rule: str) -> None:
    with pytest.raises(CatalogueError, match=rf"own\.toml, entry [56]99: it .*{rule}.*\.$"):
        catalogue.load(extra=(written(tmp_path, GOOD | change),))


def test_missing_keys_doubles_and_strange_tables_are_refused(tmp_path: Path) -> None:
    short = {key: value for key, value in GOOD.items() if key != "when_seen"}
    with pytest.raises(CatalogueError, match="entry 599: it lacks 'when_seen'; add it"):
        catalogue.load(extra=(written(tmp_path, short),))
    with pytest.raises(CatalogueError, match="entry 599: it stands in the file twice"):
        catalogue.load(extra=(written(tmp_path, GOOD, GOOD),))
    with pytest.raises(CatalogueError, match=r"use \[\[reply_code\]\] or \[\[enhanced_status_code\]\]"):
        catalogue.load(extra=(written(tmp_path, GOOD, kind="code"),))
    (tmp_path / "own.toml").write_text("code = ")
    with pytest.raises(CatalogueError, match="is not valid TOML"):
        catalogue.load(extra=own_paths(tmp_path))
    with pytest.raises(CatalogueError, match=r"cannot be read \(No such file or directory\); check its name"):
        catalogue.load(extra=(tmp_path / "none.toml",))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"code": "5.7.99"}, "not of the form X.subject.detail"),
        ({"classes": [3]}, "a class that RFC 3463 does not know"),
        ({"references": []}, "has no reference"),
        ({"class_basis": "guessed"}, "unknown class_basis 'guessed'"),
    ],
)
def test_a_faulty_enhanced_status_code_is_refused(tmp_path: Path, change: dict[str, Any], rule: str) -> None:
    good = {"code": "X.7.99", "name": "n", "references": ["RFC 1"], "meaning": "A meaning."}
    good |= {"classes": [5], "class_basis": "stated", "basic_codes": []}
    with pytest.raises(CatalogueError, match=rule):
        catalogue.load(extra=(written(tmp_path, good | change, kind="enhanced_status_code"),))
    assert "5.7.99" in catalogue.load(extra=(written(tmp_path, good, kind="enhanced_status_code"),))
