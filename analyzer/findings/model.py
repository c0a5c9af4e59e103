"""What a finding is. Renderers read these; nothing here knows how they are found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Example:
    """One raw line of the log, at most 600 bytes, control characters escaped; ``time`` in µs UTC or None."""

    file: str
    line: int
    time: int | None
    raw: str


@dataclass(frozen=True)
class Affected:
    """One address that a finding hit: how often, and its first and last line."""

    address: str
    count: int
    first_file: str
    first_line: int
    last_file: str
    last_line: int


@dataclass(frozen=True)
class Finding:
    """A group of at least ``--recurring`` failures; times in µs UTC, shares 0 to 1, None where it cannot be known."""

    number: int
    group: str  # "you", "else", "none": who has to act
    title: str
    title_short: str
    speaker: str  # us, remote, local
    reply_code: int | None
    enhanced_code: str | None
    code_name: str
    reply_class: int
    cause: str | None
    text: str  # normalised text
    count: int
    noun: str  # refusals, bounces, deferrals, attempts
    share: float  # of all failures of this speaker
    first: int | None
    last: int | None
    state: str  # "going on", "over", "" where times are not known
    trend: str  # "rising", "falling", ""
    bars: tuple[int, ...]  # counts per bar of the report's time axis
    recipients: int  # distinct recipient addresses
    domains: int  # distinct recipient domains
    senders: int
    reached_later: float | None  # share of its recipients that got their mail later
    do: str  # the fix in one sentence
    steps: tuple[str, ...]
    decided_by: str  # which evidence decided, in words
    advice: str  # the catalogue's fix for this side
    advice_applies: bool | None
    advice_reason: str
    examples: tuple[Example, ...] = ()
    affected: tuple[Affected, ...] = ()
    cause_label: str = ""  # the cause in plain words
    marks: tuple[str, ...] = field(default=())  # words that decided, to be marked in texts and examples
