"""Causes: the data keeps its law, and replies that no rule was written from get the right cause."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from analyzer.causes import (
    NOUNS,
    PERMANENCE,
    PLACEHOLDERS,
    SHORT_TITLE_LENGTH,
    TITLE_LENGTH,
    WHO,
    explain,
    explain_sample,
    load,
)
from analyzer.causes.phrases import REACH, Phrases, decode, find, words_of
from analyzer.errors import CatalogueError, UsageError

CAUSES = load()
SAMPLES = tomllib.loads((Path(__file__).parent / "data" / "causes-samples.toml").read_text(encoding="utf-8"))
NAMES = (
    "address_syntax", "smtputf8_required", "recipient_unknown", "recipient_moved", "recipient_disabled",
    "recipient_refused", "recipient_domain_unknown", "domain_no_mail", "sender_domain_unresolvable",
    "sender_not_owned", "auth_required", "auth_failed", "sender_rejected", "spf_dkim_dmarc_failed", "relay_denied",
    "routing_loop", "ip_blocked", "poor_reputation", "rdns_missing", "helo_rejected", "rate_limited",
    "too_many_connections", "too_many_recipients", "greylisted", "spam_content", "virus_detected", "content_rejected",
    "message_malformed", "message_too_big", "mailbox_full", "system_full", "server_error", "server_misconfigured",
    "local_delivery_error", "network_failure", "dns_failure", "queue_expired", "tls_required", "protocol_error",
    "policy_rejected", "unknown",
)  # fmt: skip
FAMILIES = (
    "addressing", "mailbox", "reputation", "rates", "content", "system", "network", "transport", "policy", "other",
    "routing", "sender identity",
)  # fmt: skip
#: What a title may have to hold.
TYPICAL = {
    "domain": "example.net",
    "sender": "invoices@example.com",
    "sender_domain": "example.com",
    "recipient": "anna@example.net",
    "client": "app7.example.org",
    "login": "crm",
    "relay": "mx.example.net",
    "ip": "192.0.2.25",
    "list": "bl.example.net",
    "host": "mx2",
    "count": "1,282",
    "addresses": "1,731",
    "domains": "41",
    "senders": "12",
    "clients": "14",
}
SIDES = [(cause, name) for cause in CAUSES.causes.values() for name in ("sending", "receiving")]


def flat_samples() -> list[tuple[str, str, str, str | None]]:
    """Every sample as (cause, speaker, text, stage)."""
    rows = []
    for cause, samples in SAMPLES.items():
        for sample in samples:
            if isinstance(sample, str):
                rows.append((cause, "remote", sample, None))
            else:
                speaker = next(key for key in sample if key != "stage")
                rows.append((cause, speaker, sample[speaker], sample.get("stage")))
    return rows


@pytest.mark.parametrize(("cause", "speaker", "text", "stage"), flat_samples())
def test_reply_gets_its_cause(cause: str, speaker: str, text: str, stage: str | None) -> None:
    explanation = explain(text, speaker=speaker, stage=stage)
    assert explanation.cause == cause, (explanation.evidence.rule, explanation.evidence.words)


def test_samples_cover_causes_classes_and_speakers() -> None:
    rows = flat_samples()
    assert {row[0] for row in rows} == set(NAMES)
    assert len(rows) >= 150
    assert sum(row[2].startswith("4") for row in rows) * 3 >= len(rows)
    assert sum(row[1] == "us" for row in rows) * 3 >= len(rows)


def test_there_are_exactly_the_41_causes() -> None:
    assert sorted(CAUSES.causes) == sorted(NAMES)
    assert len(NAMES) == 41


@pytest.mark.parametrize("rule", CAUSES.rules, ids=lambda rule: rule.name)
def test_rule_decides_its_samples_and_not_its_counter_samples(rule) -> None:
    assert len(rule.samples) >= 2
    assert rule.counter
    for sample in rule.samples:
        explanation = explain_sample(CAUSES, sample)
        assert explanation.evidence.rule == rule.name, sample
        assert explanation.cause == rule.cause
    for sample in rule.counter:
        assert explain_sample(CAUSES, sample).evidence.rule != rule.name, sample


def test_rule_names_are_unique_and_every_cause_has_a_rule() -> None:
    names = [rule.name for rule in CAUSES.rules]
    assert len(set(names)) == len(names)
    assert {rule.cause for rule in CAUSES.rules} == set(NAMES)


@pytest.mark.parametrize("cause", CAUSES.causes.values(), ids=lambda cause: cause.name)
def test_cause_is_described(cause) -> None:
    assert cause.family in FAMILIES
    assert cause.permanence in PERMANENCE
    assert cause.label[0].isupper()
    assert cause.explanation.endswith(".")
    assert cause.references or cause.name == "unknown"


@pytest.mark.parametrize(("cause", "name"), SIDES, ids=lambda value: getattr(value, "name", value))
def test_side_has_titles_that_fit_and_advice(cause, name: str) -> None:
    side = getattr(cause, name)
    for template in side.titles:
        title = template.format_map(TYPICAL)
        assert len(title) <= TITLE_LENGTH, title
        assert cause.name not in title
        assert not title.endswith(".")
        assert not any(word.isdigit() and len(word) == 3 for word in title.split()), "a title holds no reply code"
    assert "{" not in side.titles[-1], "the last title is for when nothing is known"
    assert 0 < len(side.title_short) <= SHORT_TITLE_LENGTH
    assert side.noun in NOUNS
    assert side.acts in WHO
    assert side.do.endswith(".")
    assert side.steps
    do, steps = side.advice(TYPICAL)
    for sentence in (do, *steps, *side.advice()[1], side.advice()[0]):
        assert "{" not in sentence
        assert sentence[0].isupper() or not sentence[0].isalpha()
        assert sentence.endswith(".")


def test_title_without_its_value_is_not_used() -> None:
    side = CAUSES.causes["ip_blocked"].sending
    assert side.title({"domains": "41", "host": "mx2", "ip": "192.0.2.25", "list": "bl.example.net"}) == (
        "41 domains refuse mx2: 192.0.2.25 is on the block list bl.example.net"
    )
    assert "block list" not in side.title({"domain": "example.net", "host": "mx2", "ip": "192.0.2.25", "list": ""})
    assert side.title() == side.titles[-1]


def test_title_that_would_be_too_long_gives_way_to_a_shorter_one() -> None:
    side = CAUSES.causes["sender_not_owned"].receiving
    title = side.title({"login": "x" * 60, "sender": "anna@example.com"})
    assert "x" * 60 not in title
    assert len(title) <= TITLE_LENGTH


def test_placeholders_have_words_that_stand_in_for_them() -> None:
    assert set(TYPICAL) == set(PLACEHOLDERS)
    do, _ = CAUSES.causes["rdns_missing"].sending.advice({"host": "mx2"})
    assert do.startswith("Have a PTR record set for your server's public IP address that names mx2")


# ---- evidence
def test_words_beat_enhanced_code_beats_reply_code() -> None:
    by_words = explain("550 5.2.2 There is no such user")
    assert (by_words.cause, by_words.confidence) == ("recipient_unknown", "words")
    by_enhanced = explain("550 5.2.2 Sorry")
    assert (by_enhanced.cause, by_enhanced.confidence) == ("mailbox_full", "enhanced code")
    by_code = explain("552 Sorry")
    assert (by_code.cause, by_code.confidence) == ("mailbox_full", "reply code only")
    nothing = explain("550 Sorry")
    assert (nothing.cause, nothing.confidence) == ("unknown", "none")


def test_553_with_nothing_but_the_code_says_that_the_evidence_is_thin() -> None:
    explanation = explain("553 Sorry")
    assert (explanation.cause, explanation.confidence) == ("address_syntax", "reply code only")
    assert explanation.evidence.words == ()
    assert explanation.catalogue == ("553",)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("553 5.1.3 <a b@example.net>... Colon illegal in host name part", "address_syntax"),
        ("553 5.5.4 <www>... Domain name required", "address_syntax"),
        ("553 5.1.8 <www@web7>... Domain of sender address www@web7 does not exist", "sender_domain_unresolvable"),
        ("553 5.7.1 <a@example.org>: Sender address rejected: not owned by user b", "sender_not_owned"),
        ("553 authentication is required", "auth_required"),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "relay_denied"),
        ("553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.9", "ip_blocked"),
        ("553 5.3.0 192.0.2.9 rejected, see http://www.spamhaus.org/", "ip_blocked"),
        ("553 http://www.spamhaus.org/query/ip/192.0.2.9", "ip_blocked"),
        ("553 5.1.1 unknown or illegal alias: anna@example.net", "recipient_unknown"),
        ("553 5.3.5 system config error", "server_misconfigured"),
    ],
)
def test_the_causes_behind_553(text: str, cause: str) -> None:
    assert explain(text).cause == cause


def test_deciding_words_are_marked_where_they_stand() -> None:
    text = "550-5.1.1 The mailbox\\n550 5.1.1 does not exist, says mx.example.net"
    explanation = explain(text)
    (mark,) = explanation.evidence.marks
    assert explanation.evidence.words == (text[slice(*mark)],)
    assert text[slice(*mark)].startswith("mailbox")
    assert text[slice(*mark)].endswith("exist")


def test_marks_are_right_with_letters_outside_ascii() -> None:
    text = "550 5.1.1 «Ïßt» – l’utilisateur zoé est inconnu ici"
    explanation = explain(text.encode())
    assert explanation.cause == "recipient_unknown"
    assert explanation.evidence.words == ("utilisateur zoé est inconnu",)


def test_names_of_strangers_cannot_pass_for_a_reason() -> None:
    assert explain("550 5.1.1 <spam-greylist@virus.example.net>: User unknown").cause == "recipient_unknown"
    assert explain("550 5.1.1 User unknown (mx1.greylist.example.org)").cause == "recipient_unknown"


def test_who_speaks_decides_which_advice_is_given() -> None:
    text = "554 5.7.1 <anna@example.net>: Relay access denied"
    ours, theirs = explain(text, speaker="us"), explain(text, speaker="remote")
    assert ours.cause == theirs.cause == "relay_denied"
    assert ours.steps != theirs.steps
    assert ours.title.startswith("Clients try to relay through our server")
    assert theirs.fix.splitlines()[1].startswith("1. ")


def test_codes_are_read_from_the_text_or_taken_as_given() -> None:
    in_text = explain("553 sorry (#5.7.1)")
    assert (in_text.reply_code, in_text.enhanced_code) == (553, "5.7.1")
    quoted = explain("host mx.example.net[192.0.2.1] said: 550 5.1.1 Nope (in reply to RCPT TO command)")
    assert (quoted.reply_code, quoted.enhanced_code, quoted.cause) == (550, "5.1.1", "recipient_unknown")
    given = explain("Nope", reply_code=552, enhanced_code="5.2.2")
    assert given.catalogue == ("552", "5.2.2")


def test_dsn_counts_only_where_the_text_has_no_enhanced_code() -> None:
    assert explain("550 Nope", dsn="5.2.2").cause == "mailbox_full"
    assert explain("550 5.1.1 Nope", dsn="5.2.2").cause == "recipient_unknown"


def test_unknown_speaker_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="us, remote, local"):
        explain("550 x", speaker="them")


def test_hostile_texts_are_read_in_linear_time_and_never_fail() -> None:
    for text in (
        b"",
        b"\xff\xfe\x00",
        b"550 " + b"a." * 50_000,
        b"user " * 50_000,
        b"@" * 9_000,
        b"1:" * 9_000,
        "٣".encode(),
    ):
        assert explain(text).cause in NAMES
    assert len(decode(b"x" * 10_000)) == REACH


# ---- users' own rules
def test_users_rule_goes_before_ours(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[[rule]]\nname = "house-tag"\ncause = "rate_limited"\nany = ["zz (17|18)"]\nsamples = ["550 5.1.1 ZZ-17 user unknown"]\n'
    )
    causes = load([own])
    assert causes.explain("550 5.1.1 ZZ-18: user unknown").cause == "rate_limited"
    assert causes.explain("550 5.1.1 user unknown").cause == "recipient_unknown"
    assert load().explain("550 5.1.1 ZZ-18: user unknown").cause == "recipient_unknown"


@pytest.mark.parametrize(
    ("rule", "cure"),
    [
        ('name = "a"\ncause = "rate_limited"\nany = ["zz"]', "add one reply"),
        ('name = "a"\ncause = "rate_limited"\nany = ["zz"]\nsamples = ["550 yy"]', "change phrases"),
        ('name = "a"\ncause = "no_such"\nany = ["zz"]\nsamples = ["550 zz"]', "use one of"),
        ('name = "a"\ncause = "rate_limited"\nphrase = ["zz"]\nsamples = ["550 zz"]', "known are"),
        ('name = "a"\ncause = "rate_limited"\nany = "zz"\nsamples = ["550 zz"]', "square brackets"),
        ('name = "a"\ncause = "rate_limited"\nany = ["(zz"]\nsamples = ["550 zz"]', "partner"),
        ('name = "a"\ncause = "rate_limited"\nany = ["{nobody} zz"]\nsamples = ["550 zz"]', "words.toml"),
        ('name = "a"\ncause = "rate_limited"\nany = ["*"]\nsamples = ["550 zz"]', "letters before"),
        ('name = "a"\ncause = "rate_limited"\nany = ["[zz]"]\nsamples = ["550 zz"]', "must be there"),
        ('name = "a"\ncause = "rate_limited"\nstage = ["quit"]\nsamples = ["550 zz"]', "use one of"),
    ],
)
def test_wrong_users_rule_is_refused_with_its_cure(tmp_path: Path, rule: str, cure: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f"[[rule]]\n{rule}\n")
    with pytest.raises(CatalogueError, match=cure):
        load([own])


def test_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("this is not TOML")
    with pytest.raises(CatalogueError, match="leave it out"):
        load([own])


# ---- phrases
@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("mailbox full", "The mailbox (full)!", True),
        ("mailbox full", "mailbox is full", False),
        ("mailbox [is] full", "mailbox is full", True),
        ("mailbox ... full", "mailbox of the user anna is quite full", True),
        ("mailbox ... full", "mailbox of one user who is here with us full", False),
        ("(grey|gray) list*", "graylisting", False),
        ("(grey|gray) list*", "a gray-listing", True),
        ("block*", "unblocked", False),
        ("doesn’t exist", "doesn't exist", True),
        ("doesn’t exist", "doesnt exist", True),
        ("empf?nger", "der Empf?nger", True),
        ("empf?nger", "der Empfänger", True),
        ("<address> unknown", "<a@b.example> unknown", True),
        ("full", "fully", False),
        ("存在しません", "宛先が存在しません。", True),
        ("a (b [c] d|e)", "a b d", True),
        ("a (b [c] d|e)", "a b c d", True),
        ("a (b [c] d|e)", "a e", True),
        ("a (b [c] d|e)", "a b c", False),
        ("a [b] ... c", "a x y c", True),
    ],
)
def test_phrase_language(phrase: str, text: str, found: bool) -> None:
    phrases = Phrases({})
    compiled = phrases.add(phrase)
    hits = phrases.hits(phrases.known(words_of(text, None).words))
    assert (find(compiled, hits) is not None) == found


# ---- the measure
def test_accuracy_is_measured_on_any_labelled_csv(tmp_path: Path, root: Path) -> None:
    labelled = tmp_path / "labelled.csv"
    labelled.write_text(
        "reply_code,enhanced_code,text,cause,acceptable_causes,stage,speaker\n"
        "550,5.1.1,no such user,recipient_unknown,recipient_unknown|recipient_refused,RCPT TO,remote\n"
        "450,4.2.0,greylisted for now,greylisted,,rcpt,us\n"
        "550,,Z9,spam_content,,,\n"
    )
    command = [sys.executable, str(root / "benchmarks" / "accuracy.py"), str(labelled), "--texts"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(root)})
    assert "causes        2 of     3" in done.stdout
    assert "baseline      3 of     3" in done.stdout
    assert "spam_content -> unknown" in done.stdout
    assert "Z9" in done.stdout


@pytest.mark.parametrize(
    "text",
    [
        "554 5.7.1 Client host [192.0.2.25] blocked using bl.example.net; see https://bl.example.net/q",
        "553 5.1.8 <anna@pc7.example.org>... Domain of sender address root@pc7.example.org does not exist",
        "450 4.2.0 <ben@example.net>: Recipient address rejected: Greylisted until 12:30:45",
    ],
)
def test_a_normalised_text_has_the_cause_of_the_text_itself(text: str) -> None:
    from analyzer.replies import normalise, parse_reply

    reply = parse_reply(text.encode())
    masked = explain(normalise(reply.text.decode()), reply_code=reply.reply_code, enhanced_code=reply.enhanced_code)
    assert masked.cause == explain(text).cause
