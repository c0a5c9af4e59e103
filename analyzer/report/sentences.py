"""The sentences of a report: verdict, how mail flows, where to start, key numbers, what was read.

One wording for every renderer. Knows a Result; knows no medium, so nothing here is escaped for one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from analyzer.findings import Finding
from analyzer.listing import joined
from analyzer.report import Result, wording

#: Under this share of recipients reached, mail is said to be held up, and a destination is marked.
FLOWS_FROM = 0.90
MARKED_UNDER = 0.95

#: Groups of findings in their order, with heading and lead.
GROUPS = (
    ("you", "Needs you", "the fix is on your servers or with your users"),
    ("else", "Needs somebody else", "pass it on"),
    ("none", "No action needed", "known, and either over, self-healing or working as intended"),
)

#: The shown name of each measure of the section ``totals``; one that is not here shows its own name.
MEASURES = {
    "accepted": "Messages accepted",
    "recipients": "Recipients",
    "delivered": "Delivered",
    "waiting": "Still waiting",
    "bounced": "Bounced",
    "discarded": "Discarded",
    "rejected": "Refused by us",
    "reject_warnings": "Would have been refused",
    "held": "Held",
    "filtered": "Sent to a filter",
    "redirected": "Redirected",
    "quarantined": "Quarantined",
    "deferrals": "Deferrals",
    "notified": "Delivery notices sent",
    "bytes_received": "Received",
    "bytes_delivered": "Delivered, volume",
    "senders": "Sender addresses",
    "sender_domains": "Sender domains",
    "recipient_addresses": "Recipient addresses",
    "recipient_domains": "Recipient domains",
    "connections": "Connections",
    "auth_failed": "Logins failed",
    "authenticated": "Logins",
    "warnings": "Warnings",
    "errors": "Errors",
    "delay_p50_ms": "Delay, median",
    "delay_p95_ms": "Delay, 95th percentile",
    "delay_p99_ms": "Delay, 99th percentile",
    "delay_max_ms": "Delay, longest",
}

#: What the four strips of the time axis show: column of ``traffic``, label, kind of colour.
STRIPS = (
    ("accepted", "Messages accepted", "volume"),
    ("refused", "Refused by us", "volume"),
    ("transient", "Temporary failures, 4xx", "4"),
    ("permanent", "Permanent failures, 5xx", "5"),
)

#: Help for a log without mail.
PLACES = (
    "Logs of Postfix are usually in /var/log/mail.log, of Exim in /var/log/exim4/mainlog, "
    "of sendmail in /var/log/maillog."
)


@dataclass(frozen=True)
class KeyNumber:
    """One of the numbers at the top: the measure that defines it, its label, value and what stands under it."""

    measure: str
    label: str
    value: str
    note: str


# ---- reading a Result
def records(result: Result, name: str) -> list[dict[str, Any]]:
    """The rows of a section as dictionaries; none if the section is not there."""
    section = result.sections.get(name)
    if section is None:
        return []
    names = [column.name for column in section.columns]
    return [dict(zip(names, row, strict=True)) for row in section.rows]


def totals(result: Result) -> dict[str, int | None]:
    """Measure to value."""
    return {row["measure"]: row["value"] for row in records(result, "totals")}


def bars_of(result: Result, column: str) -> list[int]:
    """One column of the time axis, bar by bar."""
    return [row[column] or 0 for row in records(result, "traffic")]


# ---- the states of a report (in the order of the rules of the verdict)
def state(result: Result) -> str:
    """Which kind of report it is: ``no mail``, ``empty period``, ``too little``, ``well``, ``needs you``."""
    mail = result.accounting.get("events", 0) > 0 or any(item.get("mta") for item in result.inputs)
    if not mail:
        return "no mail"
    if result.period is None and result.asked != (None, None):
        return "empty period"
    if _failures(result) > 0 and result.accounting.get("events", 0) < 10 and all(f.count < 3 for f in result.findings):
        return "too little"
    return "needs you" if any(finding.group == "you" for finding in result.findings) else "well"


def _failures(result: Result) -> int:
    return sum(finding.count for finding in result.findings) + result.rarer[1]


def verdict(result: Result) -> str:
    """The one sentence on top."""
    kind = state(result)
    if kind == "no mail":
        return "There is no mail in this log."
    if kind == "empty period":
        return "The period that you asked for is empty."
    if kind == "too little":
        failures = _failures(result)
        them = "it keeps" if failures == 1 else "they keep"
        noun = "failure" if failures == 1 else "failures"
        return f"{_capital(wording.word(failures))} {noun}; too few lines to say whether {them} coming back."
    if kind == "well":
        return "Nothing needs you."
    yours = [finding for finding in result.findings if finding.group == "you"]
    return _needs_you(len(yours), sum(finding.state == "going on" for finding in yours), any(f.state for f in yours))


def _needs_you(count: int, going_on: int, known: bool) -> str:
    start = "One failure needs you" if count == 1 else f"{_capital(wording.word(count))} failures need you"
    if not known:
        return start + "."
    if count == 1:
        return start + ("; it is still going on." if going_on else "; it is over.")
    if going_on in (0, count):
        return f"{start}; {'all' if going_on else 'none'} of them {'are' if going_on else 'is'} still going on."
    return f"{start}; {wording.word(going_on)} of them {'is' if going_on == 1 else 'are'} still going on."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def flow(result: Result) -> str:
    """The sentence under the verdict: how much of the mail arrived and how fast."""
    kind = state(result)
    if kind == "no mail":
        return f"{_lines_read(result)} {PLACES}"
    if kind == "empty period":
        return _reach(result)
    numbers = totals(result)
    recipients, delivered = numbers.get("recipients") or 0, numbers.get("delivered") or 0
    if not recipients:
        return _without_delivery(numbers)
    reached = delivered / recipients
    opening = "Mail flows" if reached >= FLOWS_FROM else "Mail is held up"
    people = "1 recipient" if recipients == 1 else f"{wording.number(recipients)} recipients"
    sentence = f"{opening}: {wording.share(reached)} of {people} got their mail"
    median = numbers.get("delay_p50_ms")
    return f"{sentence}, half of them within {wording.duration(median)}." if median is not None else f"{sentence}."


def _without_delivery(numbers: dict[str, int | None]) -> str:
    refused, accepted = numbers.get("rejected") or 0, numbers.get("accepted") or 0
    said = [wording.counted(accepted, "message was", "messages were") + " accepted"] if accepted else []
    if refused:
        said.append(wording.counted(refused, "command was", "commands were") + " refused by us")
    return f"This log holds no delivery; {' and '.join(said)}." if said else "This log holds no delivery."


def _lines_read(result: Result) -> str:
    counts = result.accounting
    lines, others = counts.get("lines", 0), counts.get("other_programs", 0)
    if not lines:
        return "Nothing was read: the input is empty."
    if others == lines:
        return f"{wording.counted(lines, 'line was', 'lines were')} read; all come from other programs."
    return f"{wording.counted(lines, 'line was', 'lines were')} read; none tells of a message."


def _reach(result: Result) -> str:
    if result.reach is None:
        return "The logs carry no times. Leave out --since and --until."
    first, last = (wording.instant(edge).astimezone(result.zone) for edge in result.reach)
    return (
        f"The logs reach from {wording.date(first)} {first:%H:%M} to {wording.date(last)} {last:%H:%M}. "
        "Ask for a period between the two, or leave out --since and --until."
    )


def start_with(result: Result) -> tuple[Finding, str] | None:
    """The finding to begin with, and what is said of it behind its name."""
    if state(result) not in ("needs you", "too little") or not result.findings:
        return None
    first = result.findings[0]
    if state_kind(first) == "":
        return first, wording.nouned(first.count, first.noun)
    return first, f"{wording.nouned(first.count, first.noun)}{_since(first, result)}, {state_words(first, result)}"


def _since(finding: Finding, result: Result) -> str:
    return f" since {wording.clock(finding.first, result.zone, result.period)}" if finding.first is not None else ""


def remainder(result: Result) -> str:
    """For a report in which nothing needs the reader: what is listed below all the same."""
    count = len(result.findings)
    if state(result) != "well" or not count:
        return ""
    verb = (
        "keeps coming back and needs nothing of you; it is"
        if count == 1
        else "keep coming back and need nothing of you; they are"
    )
    return f"{_capital(wording.word(count))} {'failure' if count == 1 else 'failures'} {verb} listed below."


# ---- findings
def state_kind(finding: Finding) -> str:
    """One word for shape and colour: rising, falling, going, over, or empty where times are not known."""
    if finding.state == "over":
        return "over"
    if finding.trend in ("rising", "falling"):
        return finding.trend
    return "going" if finding.state == "going on" else ""


def state_words(finding: Finding, result: Result) -> str:
    """The state in words: rising, falling, still going on, over since 21:40."""
    kind = state_kind(finding)
    if kind == "over":
        return f"over since {wording.clock(finding.last, result.zone, result.period)}"
    return {"rising": "rising", "falling": "falling", "going": "still going on"}.get(kind, "")


def rarer(result: Result, shown: int) -> str:
    """What is not among the findings on show: those over the limit, and groups below the threshold."""
    count, hidden = len(result.findings), result.findings[shown:]
    said = []
    if hidden:
        events = wording.number(sum(finding.count for finding in hidden))
        said.append(
            f"{wording.number(shown)} of {wording.number(count)} recurring failures are shown; the other "
            f"{wording.number(len(hidden))} stand for {events} events"
        )
    groups, events_of_rare = result.rarer
    if groups:
        verb = "failure is rarer and stands" if groups == 1 else "failures are rarer and stand"
        said.append(f"{wording.number(groups)} {verb} for {wording.counted(events_of_rare, 'event')}")
    return "; ".join(said) + "." if said else ""


# ---- top of the report
def key_numbers(result: Result) -> list[KeyNumber]:
    """Delivered, waiting, bounced (and discarded) add up to the recipients; then refused by us, and the delay."""
    numbers = totals(result)
    recipients = numbers.get("recipients") or 0
    found = []
    for measure in ("delivered", "waiting", "bounced", "discarded"):
        value = numbers.get(measure) or 0
        if measure == "discarded" and not value:
            continue
        note = f"{wording.share(value / recipients)} of recipients" if recipients else ""
        if measure == "delivered" and not recipients:
            note = "no deliveries in this log"
        found.append(KeyNumber(measure, MEASURES[measure], wording.number(value), note))
    found.append(
        KeyNumber("rejected", MEASURES["rejected"], wording.number(numbers.get("rejected") or 0), _most_refused(result))
    )
    median, p95 = numbers.get("delay_p50_ms"), numbers.get("delay_p95_ms")
    note = f"95th percentile {wording.duration(p95)}" if p95 is not None else ""
    note = note if median is not None else "needs a delivery"
    return [*found, KeyNumber("delay_p50_ms", MEASURES["delay_p50_ms"], wording.duration(median), note)]


def _most_refused(result: Result) -> str:
    rows = [row for row in records(result, "reply_codes") if row["speaker"] == "us" and (row["reply_class"] or 0) >= 4]
    if not rows:
        return ""
    most = max(rows, key=lambda row: row["count"])
    return f"most often {wording.code(most['reply_code'], most['enhanced_code'])}"


def period(result: Result) -> str:
    """From when to when, in which zone."""
    zone = wording.zone_name(result.zone, result.period[0] if result.period else None)
    if result.period is None:
        return ""
    first, last = (wording.instant(edge).astimezone(result.zone) for edge in result.period)
    if first == last:
        return f"{wording.date(first)}, {first:%H:%M:%S}, {zone}"
    if first.date() == last.date():
        return f"{wording.date(first)}, {first:%H:%M} to {last:%H:%M}, {zone}"
    start = wording.date(first, year=first.year != last.year)
    return f"{start} {first:%H:%M} to {wording.date(last)} {last:%H:%M}, {zone}"


def days(result: Result) -> str:
    """The period in days alone: 23 Nov 2026, or 9 to 20 Nov 2026."""
    if result.period is None:
        return ""
    first, last = (wording.instant(edge).astimezone(result.zone) for edge in result.period)
    end = wording.date(last)[4:]
    if first.date() == last.date():
        return end
    start = wording.date(first, year=first.year != last.year)[4:]
    return f"{start.rsplit(' ', 1)[0] if start.split()[1:] == end.split()[1:2] else start} to {end}"


def hosts(result: Result) -> list[str]:
    """Every host that wrote a line, sorted."""
    return sorted({str(host) for item in result.inputs for host in item.get("hosts") or () if host})


def servers(result: Result) -> list[str]:
    """Which MTA on which host: ``Postfix on mx1``, ``Exim and sendmail on mx2``."""
    pairs: dict[str, set[str]] = defaultdict(set)
    for row in records(result, "servers"):
        pairs[row["mta"]].add(row["host"] or "")
    if not pairs:
        for item in result.inputs:
            for mta in item.get("mta") or ():
                pairs[mta].update(item.get("hosts") or ())
    by_hosts: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for mta in sorted(pairs):
        by_hosts[tuple(sorted(host for host in pairs[mta] if host))].append(wording.mta_name(mta))
    return [joined(names) + _on(where) for where, names in sorted(by_hosts.items())]


def _on(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    return (
        f" on {joined([wording.shown(name) for name in names]) if len(names) <= 3 else f'{len(names)} hosts'}"
    )


def amount(result: Result) -> str:
    """How much was read: 6 files, 1,284,507 lines."""
    return (
        f"{wording.counted(len(result.inputs), 'file')}, {wording.counted(result.accounting.get('lines', 0), 'line')}"
    )


def damage(result: Result) -> str:
    """One sentence if some input was damaged."""
    files = {str(item.get("file")) for item in result.damage}
    if not files:
        return ""
    every = files | {str(item.get("file")) for item in result.inputs}
    verb = "was" if len(files) == 1 else "were"
    of = f"{len(files)} of {wording.counted(len(every), 'file')}"
    return f"{of} {verb} damaged or could not be read; what could be read is counted."


#: The parts of the accounting behind the first, which is their sum.
PARTS = (
    ("events", "with events"),
    ("no_event", "known to say nothing"),
    ("other_programs", "of other programs"),
    ("unrecognised", "not recognised"),
    ("damaged", "damaged"),
)


def lines_read(result: Result) -> str:
    """1,284,507 lines = 961,220 with events + 240,101 known to say nothing + ...; nought is left out at the end."""
    counts = result.accounting
    parts = [
        f"{wording.number(counts.get(key, 0))} {words}" for key, words in PARTS if key != "damaged" or counts.get(key)
    ]
    return f"{wording.counted(counts.get('lines', 0), 'line')} = {' + '.join(parts)}"


def not_recognised(result: Result) -> float | None:
    """Lines not recognised as a share of all lines but those of other programs."""
    own = result.accounting.get("lines", 0) - result.accounting.get("other_programs", 0)
    return result.accounting.get("unrecognised", 0) / own if own else None


def declined(result: Result) -> str:
    """How many lines took the slow way, through the engine in Python: packed as JSON, or of a rare form."""
    lines = result.accounting.get("lines", 0)
    if not result.declined or not lines:
        return ""
    share = wording.share(result.declined / lines)
    return f"{wording.counted(result.declined, 'line')} ({share}) read by the slower engine: JSON or rare forms."


def bar_name(result: Result, start: Any) -> str:
    """What a bar of the time axis is called: 10:00, Wed 25 Nov 06:00, or the day where it starts."""
    moment = wording.instant(start).astimezone(result.zone)
    if result.bar_seconds < 86_400:
        return wording.clock(start, result.zone, result.period)
    years = len({wording.instant(edge).astimezone(result.zone).year for edge in result.bar_starts}) > 1
    return wording.date(moment, year=years)


def at_bar(result: Result, place: int) -> str:
    """When, for a sentence: at 10:00, on Wed 25 Nov, in the week from Thu 12 Nov."""
    before = "at" if result.bar_seconds < 86_400 else "on" if result.bar_seconds == 86_400 else "in the week from"
    return f"{before} {bar_name(result, result.bar_starts[place])}"


def peak_words(result: Result, highest: int, place: int) -> str:
    """The highest bar, for a label: peak 16,282 at 10:00."""
    before = "at" if result.bar_seconds < 86_400 else "on"
    return f"peak {wording.number(highest)} {before} {bar_name(result, result.bar_starts[place])}"


def peaks(result: Result) -> str:
    """The caption of the time axis: when most failures fell, and the finding behind each."""
    said = []
    for column, words, digit in (("transient", "temporary failures", 4), ("permanent", "permanent failures", 5)):
        place = wording.peak(bars_of(result, column))
        if place is None or place >= len(result.bar_starts):
            continue
        when = at_bar(result, place)
        behind = [
            f
            for f in result.findings
            if f.speaker == "remote" and f.reply_class == digit and place < len(f.bars) and f.bars[place]
        ]
        finding = max(behind, key=lambda f: f.bars[place], default=None)
        name = f" (finding {finding.number}: {wording.shown(finding.title_short)})" if finding else ""
        said.append(f"most {words} fell {when}{name}")
    return _capital(", ".join(said)) + "." if said else ""
