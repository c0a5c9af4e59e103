"""Address diagnosis: every kind of broken address is named and pointed at, no unusual but valid one is called broken."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analyzer.address import REACH, SENTENCES, checks, diagnose

# broken address, its defect, the marked part, what was probably meant
BROKEN = [
    ("", "empty", "", None),
    ("anna", "no_domain", "", None),
    ("@example.net", "no_local_part", "@", None),
    ("anna@", "empty_domain", "@", None),
    ("anna@@example.net", "doubled_at", "@@", "anna@example.net"),
    ("anna@berta@example.net", "several_at", "@", None),
    ("anna@example.net@example.net", "several_at", "@", "anna@example.net"),
    ("anna＠example.net", "fullwidth_at", "＠", "anna@example.net"),
    ("anna(at)example(dot)net", "at_spelt_out", "(at)", "anna@example.net"),
    ("anna at example.net", "at_spelt_out", " at ", "anna@example.net"),
    ("anna@example.net,berta@example.net", "several_addresses", ",", None),
    ("anna@example.net; berta@example.net", "several_addresses", ";", None),
    ("an na@example.net", "space", " ", "anna@example.net"),
    ("anna@exam ple.net", "space", " ", "anna@example.net"),
    ("anna\u00a0@example.net", "space", "\u00a0", "anna@example.net"),
    (" anna@example.net", "blank_at_end", " ", "anna@example.net"),
    ("anna@example.net ", "blank_at_end", " ", "anna@example.net"),
    ("an\x07na@example.net", "control_character", "\x07", "anna@example.net"),
    ("anna@example.net\r\n", "line_break", "\r", "anna@example.net"),
    ("anna\u200b@example.net", "invisible_character", "\u200b", "anna@example.net"),
    ("\ufeffanna@example.net", "invisible_character", "\ufeff", "anna@example.net"),
    ("anna\u202e@example.net", "invisible_character", "\u202e", "anna@example.net"),
    ("anna(home)@example.net", "comment", "(home)", "anna@example.net"),
    ("anna@example.net (Anna)", "comment", "(Anna)", "anna@example.net"),
    ("Anna B. <anna@example.net>", "display_name", "Anna B. ", "anna@example.net"),
    ('"Anna B." <anna@example.net>', "display_name", '"Anna B." ', "anna@example.net"),
    ("<anna@example.net>", "angle_brackets", "<", "anna@example.net"),
    ("anna@example.net>", "unbalanced_angle_bracket", ">", "anna@example.net"),
    ("<anna@example.net", "unbalanced_angle_bracket", "<", "anna@example.net"),
    ("mailto:anna@example.net?subject=x", "mailto", "mailto:", "anna@example.net"),
    ("https://example.net/anna", "url", "https://", None),
    ("www.example.net/contact", "url", "www.example.net/contact", None),
    ("@mx.example.org:anna@example.net", "source_route", "@mx.example.org:", "anna@example.net"),
    ("mx!relay!anna", "uucp_path", "!", None),
    ("{MAIL_CONTACT}", "template_variable", "{MAIL_CONTACT}", None),
    ("{{ user.email }}", "template_variable", "{{ user.email }}", None),
    ("%EMAIL%", "template_variable", "%EMAIL%", None),
    ("info@{domain}", "template_variable", "{domain}", None),
    ("undefined", "placeholder", "undefined", None),
    ("jos=C3=A9@example.net", "quoted_printable", "=C3=A9", "josé@example.net"),
    ("anna=40example.net", "quoted_printable", "=40", "anna@example.net"),
    ("anna%40example.net", "percent_encoding", "%40", "anna@example.net"),
    ("anna&#64;example.net", "html_entity", "&#64;", "anna@example.net"),
    ("=?utf-8?q?anna=40example.net?=", "encoded_word", "=?utf-8?q?anna=40example.net?=", "anna@example.net"),
    ("josÃ©@example.net", "mojibake", "Ã©", "josé@example.net"),
    ("jos\ufffd@example.net", "replacement_character", "\ufffd", None),
    (b"jos\xe9@example.net", "not_utf8", "é", None),
    ('"anna@example.net', "unbalanced_quote", '"', "anna@example.net"),
    ('an"na@example.net', "unbalanced_quote", '"', "anna@example.net"),
    ('"anna@example.net"', "quoted_whole", '"', "anna@example.net"),
    ("'anna@example.net'", "quoted_whole", "'", "anna@example.net"),
    ('a"nn"a@example.net', "quote_in_middle", '"', "anna@example.net"),
    ("“anna”@example.net", "typographic_quote", "“", "anna@example.net"),
    ("anna:berta@example.net", "special_unquoted", ":", None),
    ("anna,berta@example.net", "special_unquoted", ",", "anna.berta@example.net"),
    ("an[na@example.net", "special_unquoted", "[", None),
    ("an\\na@example.net", "backslash_unquoted", "\\", "anna@example.net"),
    (".anna@example.net", "dot_at_start", ".", "anna@example.net"),
    ("anna.@example.net", "dot_at_end", ".", "anna@example.net"),
    ("anna..berta@example.net", "double_dot", "..", "anna.berta@example.net"),
    ("a" * 65 + "@example.net", "local_too_long", "a" * 65, None),
    ("anna@.example.net", "domain_dot_at_start", ".", "anna@example.net"),
    ("anna@example.net.", "domain_dot_at_end", ".", "anna@example.net"),
    ("anna@example..net", "domain_double_dot", "..", "anna@example.net"),
    ("anna@example,net", "domain_comma", ",", "anna@example.net"),
    ("anna@example.net;", "domain_semicolon", ";", "anna@example.net"),
    ("anna@my_shop.example.net", "domain_underscore", "_", "anna@my-shop.example.net"),
    ("anna@exam!ple.net", "domain_character", "!", None),
    ("anna@-shop.example.net", "domain_hyphen", "-shop", "anna@shop.example.net"),
    ("anna@example.net:25", "domain_port", ":25", "anna@example.net"),
    ("anna@example.net/", "domain_slash", "/", "anna@example.net"),
    ("anna@" + "b" * 64 + ".net", "label_too_long", "b" * 64, None),
    ("anna@" + "bbbbbbb." * 32 + "net", "domain_too_long", "bbbbbbb." * 32 + "net", None),
    ("a" * 60 + "@" + "bbbbbbbbb." * 20 + "net", "address_too_long", "a" * 60 + "@" + "bbbbbbbbb." * 20 + "net", None),
    ("root@localhost", "no_dot", "localhost", None),
    ("anna@example.123", "numeric_tld", ".123", None),
    ("anna@192.0.2.1", "bare_ip", "192.0.2.1", "anna@[192.0.2.1]"),
    ("anna@2001:db8::1", "bare_ip", "2001:db8::1", "anna@[IPv6:2001:db8::1]"),
    ("anna@[300.1.1.1]", "bad_literal", "[300.1.1.1]", None),
    ("anna@[IPv6:2001:db8::zz]", "bad_literal", "[IPv6:2001:db8::zz]", None),
    ("anna@[2001:db8::1]", "ipv6_without_tag", "2001:db8::1", "anna@[IPv6:2001:db8::1]"),
    ("anna@[192.0.2.1", "unclosed_literal", "[192.0.2.1", "anna@[192.0.2.1]"),
    ("anna@xn--999999999.net", "bad_punycode", "xn--999999999", None),
    ("anna@exa☺mple.net", "bad_idn", "exa☺mple", None),
    ("an\ud800na@example.net", "bad_local_unicode", "an\ud800na", None),
]

VALID = [
    "anna@example.net",
    "anna+news@example.net",
    "anna.berta-carla@example.net",
    "a@b.example",
    "1@example.net",
    "123456@example.net",
    "-@example.net",
    "a-@example.net",
    "a~b@example.net",
    "o'brien@example.net",
    "anna&berta@example.net",
    "100%@example.net",
    "anna=berta@example.net",
    "_anna_@example.net",
    "{anna@example.net",
    "api_key=abc@example.net",
    "$A12345@example.com",
    "!def!xyz%abc@example.com",
    "customer/department=shipping@example.com",
    "!#$%&'*+-/=?^_`{|}~@example.org",
    "user%example.com@example.org",
    "mailhost!anna@example.org",
    "bounce-1234=berta=example.org@lists.example.net",
    "SRS0=C3=A9=example.org=berta@example.net",
    "prvs=3D12AB34=berta@example.net",
    '"anna berta"@example.net',
    '"an@na"@example.net',
    '"an\\"na"@example.net',
    '"an\\\\na"@example.net',
    '" "@example.org',
    '"a..b"@example.net',
    '".anna"@example.net',
    '"anna, berta"@example.net',
    '"<anna>"@example.net',
    '"{name}"@example.net',
    '"very.(),:;<>[]\\".VERY.\\"very@\\\\ \\"very\\".unusual"@strange.example.com',
    "anna@[192.0.2.1]",
    "anna@[IPv6:2001:db8::1]",
    "anna@[IPv6:::1]",
    "anna@[IPv6:2001:db8:0:0:0:0:0:1]",
    "a" * 64 + "@example.net",
    "anna@" + "b" * 63 + ".net",
    "a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".net",
    "anna@one.two.three.four.five.example.net",
    "anna@123.example.net",
    "anna@1-2-3.example",
    "anna@example.museum",
    "anna@EXAMPLE.NET",
    "anna@xn--exmple-cua.net",
    "anna@exämple.net",
    "anna@example.xn--p1ai",
    "josé@example.net",
    "коля@пример.рф",
    "用户@例子.广告",
    "δοκιμή@παράδειγμα.δοκιμή",
    "Dörte@Sörensen.example.com",
]


@pytest.mark.parametrize(("address", "defect", "marked", "intended"), BROKEN, ids=lambda value: repr(value)[:40])
def test_defect_is_named_and_marked(address: str | bytes, defect: str, marked: str, intended: str | None) -> None:
    diagnosis = diagnose(address)
    assert (diagnosis.valid, diagnosis.defect) == (False, defect)
    assert diagnosis.sentence == SENTENCES[defect]
    assert diagnosis.mark is not None
    assert diagnosis.address[slice(*diagnosis.mark)] == marked
    assert diagnosis.intended == intended


@pytest.mark.parametrize("address", VALID)
def test_unusual_but_valid_address_is_not_called_broken(address: str) -> None:
    diagnosis = diagnose(address)
    assert (diagnosis.valid, diagnosis.defect) == (True, None)
    assert diagnose(address.encode()).valid


def test_enough_kinds_are_covered_and_every_defect_is_but_the_last_resort() -> None:
    kinds = {defect for _, defect, _, _ in BROKEN}
    assert len(kinds) >= 40
    assert len(VALID) >= 40
    assert SENTENCES.keys() - kinds == {"syntax"}


def test_what_was_meant_is_itself_valid() -> None:
    for address, _, _, intended in BROKEN:
        if intended is not None:
            assert diagnose(intended).valid, address


def test_address_outside_ascii_is_valid_but_needs_smtputf8() -> None:
    assert diagnose("josé@example.net").needs_smtputf8
    assert not diagnose("anna@exämple.net").needs_smtputf8, "the domain can be written in its xn-- form"
    assert not diagnose("anna@example.net").needs_smtputf8


def test_misspelt_well_known_domain_is_valid_with_a_better_guess() -> None:
    diagnosis = diagnose("anna@gmal.com")
    assert (diagnosis.valid, diagnosis.intended) == (True, "anna@gmail.com")


def test_the_place_is_pointed_at_and_control_characters_are_not_printed() -> None:
    assert diagnose("anna@example,net").pointed == "anna@example,net\n            ^"
    assert diagnose("an\x1bna@example.net").pointed.startswith("an·na@")


def test_several_defects_at_once_lead_to_one_guess() -> None:
    assert diagnose(" <anna..berta@example,net.> ").intended == "anna.berta@example.net"


def test_hostile_input_is_cut_and_never_fails() -> None:
    for address in (
        b"\xff" * 5000,
        "@" * 5000,
        "<" * 5000,
        '"' * 5001,
        "a@" + "." * 5000,
        "((" * 3000 + "@x",
        "=" * 5000 + "@x.example",
    ):
        diagnosis = diagnose(address)
        assert not diagnosis.valid
        assert len(diagnosis.address) <= REACH


@given(st.from_regex(checks._PLAIN, fullmatch=True))
def test_what_is_taken_without_a_second_look_is_what_the_library_takes(address: str) -> None:
    local, _, domain = address.rpartition("@")
    assume(len(local) <= 64 and len(domain) <= 253)
    assert checks._valid(local, domain) is None
