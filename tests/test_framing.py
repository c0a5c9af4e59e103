"""Framing: the table's own samples, the same real lines in every framing, wrappers, hostile bytes, years and zones."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.framing import Clock, Frame, TimeLine, first_time, frame, join
from analyzer.framing.months import NAMES, month
from analyzer.framing.shapes import SHAPES

DATA = Path(__file__).parent / "data" / "framing"
SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_SERVICE = {"rfc5424", "pri", "no_colon"}  # there rsyslog ends the program's name at its slash


def micro(text: str) -> int:
    """Microseconds since 1970 of an ISO 8601 time; UTC where it has no zone."""
    when = datetime.fromisoformat(text)
    return ((when if when.tzinfo else when.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)


def lines(name: str) -> list[bytes]:
    return (DATA / f"{name}.log").read_bytes().removesuffix(b"\n").split(b"\n")


# The table


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_samples_are_read_by_their_shape_and_by_none_before_it(shape: Any) -> None:
    assert any(want is not None for _, want in shape.samples)
    before = SHAPES[: SHAPES.index(shape)]
    for line, want in shape.samples:
        assert frame(line) == want, line
        if want is None:
            continue
        assert line[0] in shape.first
        assert shape.read(line, frame) == want, line
        assert not [one.name for one in before if line[0] in one.first and one.read(line, frame) is not None], line


def test_a_continuation_line_is_not_framed() -> None:
    lines = [b"", b" ", b"\tby mx with esmtp", b"  Nov 24 13:14:27 mx postfix/smtpd[1]: x", b"  2026-11-24 13:14:27 x"]
    lines += [b"P Received: from a[1]: x", b"Envelope-to: <a@b>", b"-- Boot 7c --", b"no framing at all"]
    for line in lines:
        assert frame(line) is None, line


def test_no_name_of_a_month_is_two_months() -> None:
    seen: dict[str, int] = {}
    for names in NAMES.values():
        assert len(names.split(" ")) == 12
        for number, name in enumerate(names.split(" "), 1):
            assert name == "-" or seen.setdefault(name, number) == number, name
            for written in (name, name.title(), name + "."):
                assert name == "-" or month(written.encode()) == number


@pytest.mark.parametrize(
    ("name", "number"), [(b"M\xe4r", 3), (b"ao\xfbt", 8), (b"pa\xbc", 10), (b"\xce\xcf\xd1", 11), (b"\xed\xee\xff", 11)]
)
def test_months_in_old_encodings(name: bytes, number: int) -> None:
    framed = frame(name + b" 07 13:14:27 mx sm[1]: x")
    assert framed is not None
    assert framed.time == micro(f"2000-{number:02}-07T13:14:27")


# The same lines in every framing


@pytest.mark.parametrize("path", sorted(DATA.glob("*.log")), ids=lambda path: path.stem)
def test_real_lines_say_the_same_in_every_framing(path: Path) -> None:
    mta, kind = path.stem.split("-")
    wanted = [frame(line) for line in lines(f"{mta}-iso")]
    found = [frame(line) for line in lines(path.stem)]
    assert len(found) == len(wanted) >= 30
    timeline = TimeLine(UTC, year=2026)
    for want, got in zip(wanted, found, strict=True):
        assert want is not None
        assert got is not None
        assert want.host is not None
        assert got.host is not None
        assert got.host.partition(b".")[0] == want.host
        assert got.pid == want.pid
        assert got.message == want.message
        assert got.tag == (want.tag.partition(b"/")[0] if kind in NO_SERVICE else want.tag)
        when = timeline.utc(got.time, got.clock)
        assert when is not None
        assert want.time is not None
        # a stamp of whole seconds may be another program's, taken just before
        assert abs(when - want.time) < 1.1 * SECOND
        if kind in ("rfc5424", "rsyslog_json"):
            assert when == want.time


def docker(line: bytes) -> bytes:
    text = line.decode("utf-8", "surrogateescape")
    made = json.dumps(
        {"log": text + "\n", "stream": "stdout", "time": "2027-01-01T00:00:00.123456789Z"}, ensure_ascii=False
    )
    return made.encode("utf-8", "surrogateescape")


WRAPPERS = {
    "CRLF": lambda line: line + b"\r",
    "byte order mark": lambda line: b"\xef\xbb\xbf" + line,
    "compose": lambda line: b"postfix-mailcow_1    | " + line,
    "CRI": lambda line: b"2027-01-01T00:00:00.123456789Z stderr F " + line,
    "Docker": docker,
    "Docker in compose": lambda line: b"mx-1  | " + docker(line),
    "grep": lambda line: b"/var/log/mail.log.1:" + line,
    "grep -n": lambda line: b"mail.log:12:" + line,
    "zgrep -A": lambda line: b"mail.log-20261124.gz-12-" + line,
    "octet count": lambda line: b"123 <22>" + line if line[:1] != b"<" else b"123 " + line,
    "logs -t": lambda line: b"2027-01-01T00:00:00.123456789Z " + line,
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", ["postfix-iso", "postfix-rfc5424", "sendmail-iso", "exim-iso"])
def test_a_wrapper_changes_nothing_that_the_line_says(wrapper: str, name: str) -> None:
    for line in lines(name):
        assert frame(WRAPPERS[wrapper](line)) == frame(line), line


@pytest.mark.parametrize("wrapper", ["CRI", "Docker", "logs -t"])
def test_a_wrapper_with_year_and_zone_tells_the_time_of_a_yearless_line(wrapper: str) -> None:
    for line in lines("postfix-rfc3164"):
        bare, got = frame(line), frame(WRAPPERS[wrapper](line))
        assert bare is not None
        assert got == bare._replace(time=micro("2027-01-01T00:00:00.123456"), clock=Clock.UTC)


def test_a_line_cut_by_the_container_runtime_is_joined_before_it_is_framed() -> None:
    line = b"Nov 24 13:14:27 mx postfix/smtpd[1]: x Nov 24 13:14:28 mx postfix/smtpd[2]: forged"
    whole = frame(b"2027-01-01T00:00:00.5Z stdout F " + line)
    assert whole is not None
    for cut in range(len(line)):
        first = b"2027-01-01T00:00:00.5Z stdout P " + line[:cut]
        second = b"2027-01-01T00:00:00.6Z stdout F " + line[cut:]
        joined = join(first, second)
        assert joined is not None
        assert frame(joined) == whole
        part = frame(first)
        assert part is not None
        assert part.partial
    middle = b"2027-01-01T00:00:00.5Z stdout P middle "
    both = join(first, middle)
    assert both is not None
    assert both.endswith(b"middle ")
    half = frame(both)
    assert half is not None
    assert half.partial
    assert (
        join(both, second)
        == first.replace(b" P ", b" F ") + b"middle " + second[len(b"2027-01-01T00:00:00.6Z stdout F ") :]
    )
    assert join(first, second.replace(b"stdout", b"stderr")) is None
    assert join(b"Nov 24 13:14:27 mx a[1]: x", second) is None


def test_a_line_that_docker_cut_is_joined() -> None:
    line = b"Nov 24 13:14:27 mx exim[1]: " + "é".encode() * 12_000
    pieces = [line[:16_384], line[16_384:]]
    stamp = b'","stream":"stdout","time":"2027-01-01T00:00:00Z"}'
    first = b'{"log":"' + pieces[0] + stamp
    part = frame(first)
    assert part is not None
    assert part.partial
    joined = join(first, b'{"log":"' + pieces[1] + b"\\n" + stamp)
    assert joined is not None
    framed = frame(joined)
    assert framed == Frame(micro("2027-01-01"), Clock.UTC, b"mx", b"exim", 1, "é".encode() * 12_000)


# Any bytes


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_frame_or_none(line: bytes) -> None:
    line = line.replace(b"\n", b"")
    for start in (
        b"",
        b"Nov 24 13:14:27 ",
        b"2026-11-24T13:14:27Z ",
        b"2026-11-24 13:14:27 ",
        b"<22>1 ",
        b"{",
        b"a | ",
        b"[ ",
    ):
        framed = frame(start + line)
        if framed is not None and start[:1] not in (b"{", b""):
            assert (start + line).removesuffix(b"\r").removesuffix(b"]").endswith(framed.message.removesuffix(b"]"))
            assert framed.repeat >= 0
            assert (framed.time is None) == (framed.clock is Clock.NONE)


PROPERTIES = [
    "message",
    "log",
    "time",
    "stream",
    "host",
    "tag",
    "MESSAGE",
    "__REALTIME_TIMESTAMP",
    "_PID",
    "@timestamp",
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@settings(deadline=None)
@given(LEAVES | st.lists(LEAVES, max_size=4), st.sampled_from(PROPERTIES))
def test_any_json_gives_a_frame_or_none(value: Any, name: str) -> None:
    whole = {"message": "x", "log": "x", "time": "2026-11-24T13:14:27Z", "stream": "s", name: value}
    for found in (
        whole,
        {"MESSAGE": "x", "__REALTIME_TIMESTAMP": "1", name: value},
        {"host": {name: value}, "msg": "x"},
    ):
        framed = frame(json.dumps(found).encode())
        assert framed is None or b"\n" not in framed.message


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_what_a_program_says_never_becomes_host_program_or_time(text: bytes) -> None:
    """A stranger fills the message; `X` stands for the words with which an MTA begins it."""
    message = b"X" + text.replace(b"\n", b"").rstrip(b"\r")
    local = micro("2026-11-24T13:14:27")
    yearless = micro("2000-11-24T13:14:27")
    escaped = json.dumps(message.decode("latin-1"), ensure_ascii=False).encode("latin-1")
    rsyslog = b'{"timestamp":"2026-11-24T13:14:27Z","host":"mx","tag":"sm[1]:","message":' + escaped + b"}"
    docker = b'{"log":"Nov 24 13:14:26 mx sm[1]: ' + escaped[1:-1] + b'\\n","stream":"o","time":"2026-11-24T13:14:27Z"}'
    for line, when, clock in (
        (b"Nov 24 13:14:27 mx sm[1]: " + message, yearless, Clock.YEARLESS),
        (b"Nov 24 13:14:27 mx sm[1] " + message, yearless, Clock.YEARLESS),
        (b"Nov 24 13:14:27 mx mail.info sm[1]: " + message, yearless, Clock.YEARLESS),
        (b"2026-11-24T13:14:27Z mx sm[1]: " + message, local, Clock.UTC),
        (b"2026-11-24 13:14:27 mx sm[1]: " + message, local, Clock.LOCAL),
        (b"Tue 2026-11-24 13:14:27 CET mx sm[1]: " + message, local, Clock.LOCAL),
        (b"<22>1 2026-11-24T13:14:27Z mx sm 1 - -  " + message, local, Clock.UTC),
        (b'<22>1 2026-11-24T13:14:27Z mx sm 1 - [a b="]"] ' + message, local, Clock.UTC),
        (rsyslog, local, Clock.UTC),
        (docker, local, Clock.UTC),
    ):
        assert frame(line) == Frame(when, clock, b"mx", b"sm", 1, message), line
    assert frame(b"2026-11-24 13:14:27 1xVqtI-00001U-1a <= " + message) == Frame(
        local, Clock.LOCAL, None, b"", None, b"1xVqtI-00001U-1a <= " + message
    )


def test_a_line_of_64_kilobytes_of_anything_takes_little_time() -> None:
    """Far below what any reader that goes back over what it read would take."""
    units = [
        b"a",
        b" ",
        b"[",
        b"]",
        b"<1>",
        b'{"',
        b"[1]: ",
        b"Nov 24 13:14:27 ",
        b"2026-11-24T13:14:27Z ",
        b"a:",
        b"a-",
        b"a| ",
    ]
    units += [
        b"mail.info ",
        b"1 <22>",
        b"\\",
        b'"',
        b"\xef\xbb\xbf",
        b"2026-11-24T13:14:27Z stdout F ",
        b'[a b=""]',
        b"/a",
        b"\r",
    ]
    starts = [
        b"",
        b"Nov 24 13:14:27 ",
        b"Nov 24 13:14:27 mx a[1]: ",
        b"2026-11-24 13:14:27 ",
        b"Nov 24 13:14:27 last message '",
    ]
    starts += [
        b'<22>1 2026-11-24T13:14:27Z mx a 1 - [a b="',
        b'{"message":"',
        b"a |",
        b"f:",
        b"[ ",
        b"Message forwarded from ",
    ]
    for start in starts:
        for unit in units:
            line = start + unit * (65_536 // len(unit))
            began = time.perf_counter()
            frame(line)
            assert time.perf_counter() - began < 1, (start, unit)


# Blocks, years and zones


def test_the_first_time_is_that_of_the_first_line_that_has_one() -> None:
    assert first_time(b"#comment\n\nNov 24 13:14:27 mx a[1]: x\nNov 25") == (
        micro("2000-11-24T13:14:27"),
        Clock.YEARLESS,
    )
    assert first_time(b"2026-11-24 13:14:27 x") == (micro("2026-11-24T13:14:27"), Clock.LOCAL)
    assert first_time(b"a[1]: x\n" * 10 + b"2026-11-24T13:14:27Z mx a: x") == (micro("2026-11-24T13:14:27"), Clock.UTC)
    assert first_time(b"x\n" * 50 + b"2026-11-24 13:14:27 x") is None
    assert first_time(b"") is None


def yearless(*times: str) -> list[int]:
    return [micro(f"2000-{text}") for text in times]


def utc(timeline: TimeLine, times: list[int]) -> list[str | None]:
    found = [timeline.utc(one, Clock.YEARLESS) for one in times]
    return [
        None if one is None else datetime.fromtimestamp(one / SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        for one in found
    ]


def test_the_year_is_the_last_that_does_not_lie_after_the_file_time() -> None:
    stamps = yearless("11-24T13:00:00", "11-24T13:00:01")
    assert utc(TimeLine(UTC, None, micro("2026-11-25")), stamps) == ["2026-11-24T13:00:00", "2026-11-24T13:00:01"]
    assert (
        utc(TimeLine(UTC, None, micro("2026-11-23T14:00")), stamps)[0] == "2026-11-24T13:00:00"
    )  # clocks differ by a day
    assert utc(TimeLine(UTC, None, micro("2026-11-22")), stamps)[0] == "2025-11-24T13:00:00"
    assert utc(TimeLine(UTC, None, micro("2026-11-22"), 1999), stamps)[0] == "2025-11-24T13:00:00"
    assert utc(TimeLine(UTC, 2019, micro("2026-11-25")), stamps)[0] == "2019-11-24T13:00:00"
    assert utc(TimeLine(UTC, None, None, 2024), stamps)[0] == "2024-11-24T13:00:00"
    assert utc(TimeLine(UTC), stamps) == [None, None]


def test_the_year_is_carried_over_new_year_and_a_straggler_goes_back() -> None:
    stamps = yearless("12-30T10:00:00", "12-31T23:59:58", "01-01T00:00:01", "12-31T23:59:59", "01-01T00:00:02")
    wanted = ["2025-12-30T10:00:00", "2025-12-31T23:59:58", "2026-01-01T00:00:01", "2025-12-31T23:59:59"]
    wanted += ["2026-01-01T00:00:02", "2026-08-01T00:00:00"]
    stamps += yearless("08-01T00:00:00")  # nothing was logged for long: no straggler
    assert utc(TimeLine(UTC, None, micro("2026-08-02")), stamps[:1]) == ["2025-12-30T10:00:00"]
    assert utc(TimeLine(UTC, None, micro("2026-01-02")), stamps) == wanted
    assert utc(TimeLine(UTC, 2025), stamps) == wanted
    later = yearless("03-01T00:00:00", "12-30T00:00:00")  # a step forward, but long after New Year
    assert utc(TimeLine(UTC, 2026), later) == ["2026-03-01T00:00:00", "2026-12-30T00:00:00"]
    assert utc(TimeLine(UTC, 2026), stamps[2:4]) == ["2026-01-01T00:00:01", "2025-12-31T23:59:59"]


def test_a_neighbour_with_a_year_decides() -> None:
    timeline = TimeLine(UTC, None, micro("2026-11-25"), 2026)
    assert timeline.utc(micro("2019-12-31T23:00:00"), Clock.LOCAL) == micro("2019-12-31T23:00:00")
    assert utc(timeline, yearless("01-01T00:10:00", "01-01T00:11:00")) == ["2020-01-01T00:10:00", "2020-01-01T00:11:00"]


def test_29_february_is_in_a_leap_year_or_is_1_march() -> None:
    stamps = yearless("02-28T10:00:00", "02-29T10:00:00", "03-01T10:00:00")
    assert utc(TimeLine(UTC, None, micro("2026-11-25")), stamps[1:])[0] == "2024-02-29T10:00:00"
    assert utc(TimeLine(UTC, 2026), stamps) == ["2026-02-28T10:00:00", "2026-03-01T10:00:00", "2026-03-01T10:00:00"]
    assert utc(TimeLine(UTC, 2024), stamps)[1:] == ["2024-02-29T10:00:00", "2024-03-01T10:00:00"]
    timeline = TimeLine(UTC)
    timeline.utc(micro("2025-03-01"), Clock.UTC)
    assert utc(timeline, stamps[1:2]) == ["2024-02-29T10:00:00"]


def test_local_time_becomes_utc() -> None:
    madrid = TimeLine(ZoneInfo("Europe/Madrid"), 2026)
    assert madrid.utc(micro("2026-07-01T12:00:00.5"), Clock.LOCAL) == micro("2026-07-01T10:00:00.5")
    assert madrid.utc(micro("2026-12-01T12:00:00"), Clock.LOCAL) == micro("2026-12-01T11:00:00")
    assert madrid.utc(micro("2000-07-01T12:00:00"), Clock.YEARLESS) == micro("2026-07-01T10:00:00")
    assert madrid.utc(micro("2026-07-01T12:00:00"), Clock.UTC) == micro("2026-07-01T12:00:00")
    assert madrid.utc(None, Clock.NONE) is None
    india = TimeLine(timezone(timedelta(hours=5, minutes=30)), 2026)
    assert india.utc(micro("2026-07-01T05:29:59"), Clock.LOCAL) == micro("2026-06-30T23:59:59")
    for edge in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)):
        for zone in (UTC, ZoneInfo("Europe/Madrid"), ZoneInfo("Asia/Tokyo")):
            assert TimeLine(zone).utc((edge - EPOCH) // timedelta(microseconds=1), Clock.LOCAL) is not None


def test_changes_of_the_clock_keep_the_order_of_lines() -> None:
    madrid = TimeLine(ZoneInfo("Europe/Madrid"))
    told = ["01:59:59", "02:00:00", "02:40:00", "02:59:59", "02:00:01", "02:50:00", "02:59:59", "03:00:00"]
    got = [madrid.utc(micro(f"2026-10-25T{text}"), Clock.LOCAL) for text in told]
    wanted = ["2026-10-24T23:59:59", *(f"2026-10-25T0{text}" for text in
              ("0:00:00", "0:40:00", "0:59:59", "1:00:01", "1:50:00", "1:59:59", "2:00:00"))]  # fmt: skip
    assert got == [micro(text) for text in wanted]
    assert madrid.utc(micro("2026-03-29T02:30:00"), Clock.LOCAL) == micro("2026-03-29T01:30:00")  # no clock showed it


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 366 * 86_400 * SECOND - 1), max_size=20),
    st.sampled_from(["UTC", "Europe/Madrid", "Asia/Kolkata"]),
)
def test_any_order_of_stamps_gives_times(offsets: list[int], zone: str) -> None:
    timeline = TimeLine(ZoneInfo(zone), None, micro("2026-11-25"))
    for offset in offsets:
        when = timeline.utc(micro("2000-01-01") + offset, Clock.YEARLESS)
        assert when is not None
        assert when < micro("2060-01-01")
