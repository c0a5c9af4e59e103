from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
import report_sample as sample

from analyzer.report import sentences, wording


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "0 ms"),
        (40, "40 ms"),
        (1600, "1.6 s"),
        (9_960, "10 s"),
        (59_600, "1 min"),
        (250_000, "4 min 10 s"),
        (840_000, "14 min"),
        (3_599_000, "1 h"),
        (23_940_000, "6 h 39 min"),
        (273_600_000, "3 d 4 h"),
        (None, "–"),
    ],
)
def test_durations(ms: int | None, said: str) -> None:
    assert wording.duration(ms) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0.0 %"),
        (1, "100.0 %"),
        (0.977, "97.7 %"),
        (0.9996, "99.96 %"),
        (0.999999, "> 99.99 %"),
        (0.0002, "0.02 %"),
        (0.00001, "< 0.01 %"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(value: float, said: str) -> None:
    assert wording.share(value) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain ü 漢字", "plain ü 漢字"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[31mred\x9b0m\x00", "\\x1b[31mred\\x9b0m\\x00"),
        ("user\u202emoc", "user\\u202emoc"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("bad\udcff", "bad\\xff"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_control_and_bidirectional_characters_become_escapes(text: str, said: str) -> None:
    assert wording.shown(text) == said


def test_a_long_line_is_cut_in_the_middle_and_keeps_both_ends() -> None:
    text = "begin " + "x" * 5000 + " end"
    cut = wording.cut_middle(text, 600)
    assert len(cut) <= 600
    assert cut.startswith("begin")
    assert cut.endswith("end")
    assert "5,010 characters" in cut
    assert wording.cut_middle("short", 600) == "short"


def test_a_figure_keeps_its_unit() -> None:
    assert wording.unbroken("97.7 % of 5 messages in 1.6 s.") == "97.7\xa0% of 5 messages in 1.6\xa0s."


def test_marks_are_found_whatever_their_case_and_nothing_is_lost() -> None:
    text = "550 5.1.1 User Unknown (.*) in table"
    pieces = wording.pieces(text, ("user unknown", "(.*)", ""))
    assert "".join(part for part, _ in pieces) == text
    assert [part for part, marked in pieces if marked] == ["User Unknown", "(.*)"]


def test_bars_are_merged_until_thirty_are_left_and_their_sum_stays() -> None:
    bars = list(range(53))
    merged, step = wording.merge(bars)
    assert (len(merged), step) == (27, 2)
    assert sum(merged) == sum(bars)
    assert wording.merge([1] * 24) == ([1] * 24, 1)


def test_times_say_no_more_than_the_period_needs() -> None:
    zone = ZoneInfo("Europe/Madrid")
    start = sample.START
    day, week, year = sample.HOUR * 23, sample.HOUR * 24 * 7, sample.HOUR * 24 * 365
    assert wording.clock(start, zone, (start, start + day)) == "00:00"
    assert wording.clock(start, zone, (start, start + week)) == "23 Nov 00:00"
    assert wording.clock(start, zone, (start, start + year)) == "23 Nov 2026 00:00"
    assert wording.clock(None, zone) == "unknown"
    assert wording.zone_name(zone, start) == "Europe/Madrid (UTC+1)"
    assert wording.zone_name(ZoneInfo("Asia/Kolkata"), start) == "Asia/Kolkata (UTC+5:30)"
    assert wording.zone_name(UTC, start) == "UTC"


def test_display_width_counts_columns_and_wrapping_keeps_them() -> None:
    assert wording.display_width("漢字e\u0301") == 5
    assert wording.clip("漢字漢字", 5) == "漢字…"
    text = "half of them within 1.6 s, " + "漢" * 100
    lines = list(wording.wrap(text, 24))
    assert all(wording.display_width(line) <= 24 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert any("1.6 s," in line for line in lines)


@pytest.mark.parametrize(
    ("seconds", "merged", "said"),
    [(60, 1, "minute"), (900, 2, "30 minutes"), (3600, 1, "hour"), (21_600, 1, "6 hours"), (86_400, 7, "week")],
)
def test_a_bar_has_a_name(seconds: int, merged: int, said: str) -> None:
    assert wording.bar_word(seconds, merged) == said


# ---- sentences
def test_the_verdict_follows_the_first_rule_that_holds() -> None:
    assert sentences.verdict(sample.no_mail()) == "There is no mail in this log."
    assert sentences.verdict(sample.empty_period()) == "The period that you asked for is empty."
    assert sentences.verdict(sample.one_line()) == "One failure; too few lines to say whether it keeps coming back."
    assert sentences.verdict(sample.all_well()) == "Nothing needs you."
    assert sentences.verdict(sample.day()) == "Five failures need you; four of them are still going on."


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        (["over"], "One failure needs you; it is over."),
        (["going on"], "One failure needs you; it is still going on."),
        (["", ""], "Two failures need you."),
        (["over", "over"], "Two failures need you; none of them is still going on."),
        (["going on"] * 3, "Three failures need you; all of them are still going on."),
        (["going on", "over"], "Two failures need you; one of them is still going on."),
        (["over"] * 13, "13 failures need you; none of them is still going on."),
    ],
)
def test_the_verdict_counts_in_words(states: list[str], verdict: str) -> None:
    day = sample.day("h")
    findings = tuple(replace(day.findings[0], state=state) for state in states)
    assert sentences.verdict(replace(day, findings=findings)) == verdict


def test_how_mail_flows() -> None:
    day = sample.day("h")
    expected = "Mail flows: 97.7 % of 214,870 recipients got their mail, half of them within 1.6 s."
    assert sentences.flow(day) == expected
    held = sample.section("totals", "Totals", "measure text M: m\nvalue int V: v", [
        ("recipients", 10), ("delivered", 8), ("delay_p50_ms", None)])  # fmt: skip
    said = sentences.flow(replace(day, sections={"totals": held}))
    assert said == "Mail is held up: 80.0 % of 10 recipients got their mail."
    assert "41,206" not in sentences.flow(sample.empty_period())
    assert sentences.flow(sample.empty_period()).startswith("The logs reach from Mon 23 Nov 2026 00:00 to")
    assert sentences.flow(sample.no_mail()).startswith("18,204 lines were read; all come from other programs.")


def test_key_numbers_add_up_to_the_recipients() -> None:
    day = sample.day("h")
    numbers = {number.measure: number for number in sentences.key_numbers(day)}
    assert list(numbers) == ["delivered", "waiting", "bounced", "rejected", "delay_p50_ms"]
    parts = sum(int(numbers[name].value.replace(",", "")) for name in ("delivered", "waiting", "bounced"))
    assert parts == sentences.totals(day)["recipients"]
    one = {number.measure: number for number in sentences.key_numbers(sample.one_line())}
    assert (one["delay_p50_ms"].value, one["delay_p50_ms"].note) == ("–", "needs a delivery")


def test_the_accounting_is_a_sum() -> None:
    said = sentences.lines_read(sample.day("h"))
    total, parts = said.split(" lines = ")
    assert int(total.replace(",", "")) == sum(int(part.split(" ")[0].replace(",", "")) for part in parts.split(" + "))


def test_the_peaks_name_the_finding_behind_them() -> None:
    assert sentences.peaks(sample.day("h")) == (
        "Most temporary failures fell at 11:00 (finding 8: Gmail slowed us down), "
        "most permanent failures fell at 10:00 (finding 6: dead addresses)."
    )


def test_where_to_start_and_which_servers() -> None:
    day = sample.day("h")
    start = sentences.start_with(day)
    assert start is not None
    assert (start[0].number, start[1]) == (1, "1,284 refusals since 09:07, rising")
    assert sentences.start_with(sample.all_well()) is None
    assert sentences.servers(day) == ["Postfix on mx1", "Exim and sendmail on mx2"]
    assert sentences.days(day) == "23 Nov 2026"
    longer = replace(day, period=(sample.START, sample.START + 5 * 24 * sample.HOUR))
    assert sentences.days(longer) == "23 to 28 Nov 2026"
