"""The shapes of log lines, as a table: how each begins, who reads it, and samples with the frames they give.

The first shape that fits is taken: common ones stand in front, strict ones before loose ones. To add a shape, write a
reader that gives None for every other line, and an entry here; a test walks the samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from analyzer.framing import json_lines, said, stamped, wrapped
from analyzer.framing.frame import Clock, Frame, Inner

UTC, LOCAL, YEARLESS, NONE = Clock

_DIGITS = frozenset(b"0123456789")
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") | frozenset(range(0x80, 0x100))
_WORDS = _LETTERS | _DIGITS
_ANY = frozenset(range(256)) - frozenset(b" \t")  # what begins with a blank goes on with the line before

#: 24 November 2026, 13:14:27, in UTC, and as a yearless time.
_T = 1_795_526_067_000_000
_Y = 975_071_667_000_000


class Shape(NamedTuple):
    """One way to wrap a log line. Its first sample must be read by this shape and by none before it."""

    name: str
    first: frozenset[int]  #: bytes it may begin with
    read: Callable[[bytes, Inner], Frame | None]
    samples: tuple[tuple[bytes, Frame | None], ...]


SHAPES: tuple[Shape, ...] = (
    Shape(
        "RFC 3164, common",
        _LETTERS,
        stamped.common_rfc3164,
        (
            (
                b"Nov 24 13:14:27 mx postfix/smtpd[12]: connect",
                Frame(_Y, YEARLESS, b"mx", b"postfix/smtpd", 12, b"connect"),
            ),
            (b"Nov 24 13:14:27 mx exim[12]:  two blanks", Frame(_Y, YEARLESS, b"mx", b"exim", 12, b" two blanks")),
            (b"Nov 24 13:14:27 mail.info postfix/smtpd[12]: x", Frame(_Y, YEARLESS, None, b"postfix/smtpd", 12, b"x")),
            (b"Feb 29 13:14:27 mx cron[12]: x", Frame(951_830_067_000_000, YEARLESS, b"mx", b"cron", 12, b"x")),
            (b"Feb 30 13:14:27 mx cron[12]: x", None),
            # Solaris's message ID; a line repeated, in rsyslog's words; Exim's own stamp, which has a year
            (b"Nov 24 13:14:27 mx sm[12]: [ID 197553 mail.info] x", Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x")),
            (
                b"Nov 24 13:14:27 mx a[1]: message repeated 2 times: [ x]y]",
                Frame(_Y, YEARLESS, b"mx", b"a", 1, b"x]y", repeat=2),
            ),
            (b"Nov 24 13:14:28 mx exim[1]: 2026-11-24 13:14:27 <= x", Frame(_T, LOCAL, b"mx", b"exim", 1, b"<= x")),
        ),
    ),
    Shape(
        "ISO 8601, common",
        _DIGITS,
        stamped.common_iso,
        (
            (
                b"2026-11-24T13:14:27.951657+00:00 mx postfix/smtpd[12]: connect",
                Frame(_T + 951_657, UTC, b"mx", b"postfix/smtpd", 12, b"connect"),
            ),
            (b"2026-11-24T14:14:27+0100 mx sm-mta[12]: x", Frame(_T, UTC, b"mx", b"sm-mta", 12, b"x")),
            (
                b"2026-11-24T13:14:28.5+00:00 mx exim[1]: 2026-11-24 13:14:27 <= x",
                Frame(_T + 1_500_000, UTC, b"mx", b"exim", 1, b"<= x"),  # the stamp with a zone is the better one
            ),
        ),
    ),
    Shape(
        "a program's own log file",
        _DIGITS,
        said.own,
        (
            (
                b"2026-11-24 13:14:27 1xVqtI-00001U-1a <= a@b",
                Frame(_T, LOCAL, None, b"", None, b"1xVqtI-00001U-1a <= a@b"),
            ),
            (b"2026-11-24 13:14:27.123 +0000 [12] x", Frame(_T + 123_000, UTC, None, b"", 12, b"x")),
            (b"2026-11-24 13:14:27 [12] [192.0.2.1] x: y", Frame(_T, LOCAL, None, b"", 12, b"[192.0.2.1] x: y")),
            (b"2026-11-24 13:14:27  x", Frame(_T, LOCAL, None, b"", None, b" x")),
            (b"2026-11-24 13:14:27 x <y[12]: z@w>", Frame(_T, LOCAL, None, b"", None, b"x <y[12]: z@w>")),
        ),
    ),
    Shape(
        "RFC 5424, common",
        frozenset(b"<1"),
        stamped.common_rfc5424,
        (
            (
                b"<22>1 2026-11-24T13:14:27.5Z mx postfix 12 - - x",
                Frame(_T + 500_000, UTC, b"mx", b"postfix", 12, b"x"),
            ),
            (b"<22>1 2026-11-24T13:14:27Z mx postfix 12 - -  x", Frame(_T, UTC, b"mx", b"postfix", 12, b"x")),
        ),
    ),
    Shape(
        "RFC 5424",
        frozenset(b"<1"),
        stamped.rfc5424,
        (
            (
                rb'<22>1 2026-11-24T13:14:27Z - sm - ID47 [a@1 b="\"] c[1]: d" e="\]"][f g="h"] ' + b"\xef\xbb\xbfx",
                Frame(_T, UTC, None, b"sm", None, b"x"),
            ),
            (b"<22>1 - mx postfix/smtpd 12 - - x", Frame(None, NONE, b"mx", b"postfix/smtpd", 12, b"x")),
            (b"1 2026-11-24T13:14:27Z mx - - - - sm[12]: x", Frame(_T, UTC, b"mx", b"sm", 12, b"x")),
        ),
    ),
    Shape(
        "JSON",
        frozenset(b"{"),
        json_lines.json_object,
        (
            # rsyslog, whose tag says more than its program name
            (
                rb'{"timestamp":"2026-11-24T13:14:27+00:00", "host":"mx", "tag":"postfix\/smtpd[12]:", '
                rb'"program":"postfix", "message":" <x>\"y"}',
                Frame(_T, UTC, b"mx", b"postfix/smtpd", 12, b'<x>"y'),
            ),
            (
                b'{"@timestamp":"2026-11-24T13:14:27Z","host":{"name":"mx"},"process":{"name":"sm","pid":12},"message":"\xff"}',
                Frame(_T, UTC, b"mx", b"sm", 12, b"\xff"),
            ),
            (
                b'{"@timestamp":"2026-11-24T13:15:00Z","message":"2026-11-24T13:14:27.5Z mx sm[12]: x"}',
                Frame(_T + 500_000, UTC, b"mx", b"sm", 12, b"x"),
            ),
            # journald; the second as it writes a message with control characters
            (
                b'{"__REALTIME_TIMESTAMP":"1795526067000001","_HOSTNAME":"mx","SYSLOG_IDENTIFIER":"sm","_PID":"12","MESSAGE":"x"}',
                Frame(_T + 1, UTC, b"mx", b"sm", 12, b"x"),
            ),
            (
                b'{"__REALTIME_TIMESTAMP":"1795526067000001","_COMM":"smtpd","SYSLOG_PID":"12","_PID":"1","MESSAGE":[255,10,120]}',
                Frame(_T + 1, UTC, None, b"smtpd", 12, b"\xff#012x"),
            ),
            # Docker's json-file driver
            (
                rb'{"log":"Nov 24 13:14:26 mx sm[12]: \u003cx\u003e\r\n","stream":"stdout",'
                rb'"time":"2026-11-24T13:14:27.1Z"}',
                Frame(_T + 100_000, UTC, b"mx", b"sm", 12, b"<x>"),
            ),
            (b'{"a":1}', None),
            (b'{"a":' + b"[" * 100_000 + b"}", None),
        ),
    ),
    Shape(
        "container runtime (CRI)",
        _DIGITS,
        wrapped.cri,
        (
            (
                b"2026-11-24T13:14:27.123456789Z stdout F Nov 24 13:14:26 mx postfix/smtpd[12]: x",
                Frame(_T + 123_456, UTC, b"mx", b"postfix/smtpd", 12, b"x"),
            ),
            (
                b"2026-11-24T13:14:28.5Z stderr P 2026-11-24T13:14:27.25+00:00 mx sm[12]: x",
                Frame(_T + 250_000, UTC, b"mx", b"sm", 12, b"x", partial=True),
            ),
            (b"2026-11-24T13:14:27Z stdout F rest of it", Frame(_T, UTC, None, b"", None, b"rest of it")),
        ),
    ),
    Shape(
        "journalctl -o short-unix",
        _DIGITS,
        stamped.short_unix,
        ((b"1795526067.951657 mx sm-mta[12]: x", Frame(_T + 951_657, UTC, b"mx", b"sm-mta", 12, b"x")),),
    ),
    Shape(
        "ISO 8601, any",
        _DIGITS,
        stamped.loose_iso,
        (
            (b"2026-11-24 13:14:27,5 mx sm-mta[12]: x", Frame(_T + 500_000, LOCAL, b"mx", b"sm-mta", 12, b"x")),
            (b"2026-11-24T13:14:27Z INFO    postfix/smtp[12]: x", Frame(_T, UTC, None, b"postfix/smtp", 12, b"x")),
            (b"2026-11-24T13:14:27Z\tmx\tsm-mta[12]:\t x", Frame(_T, UTC, b"mx", b"sm-mta", 12, b"x")),
            (b"2026-11-24T13:14:27Z 2001:db8::25 sm-mta: x", Frame(_T, UTC, b"2001:db8::25", b"sm-mta", None, b"x")),
            (b"2026-11-24 13:14:27,457 INFO success: x", Frame(_T + 457_000, LOCAL, None, b"success", None, b"x")),
            # docker logs -t, compose logs -t, kubectl logs --timestamps
            (b"2026-11-24T13:14:27.1Z Nov 24 14:14:27 mx sm[12]: x", Frame(_T + 100_000, UTC, b"mx", b"sm", 12, b"x")),
        ),
    ),
    Shape(
        "RFC 3164, any",
        _WORDS,
        stamped.loose_rfc3164,
        (
            (b"Nov 24 13:14:27 postfix/qmgr[12]: x", Frame(_Y, YEARLESS, None, b"postfix/qmgr", 12, b"x")),
            (b"Nov 24 13:14:27 exim[12]:  x", Frame(_Y, YEARLESS, None, b"exim", 12, b" x")),
            (b"Nov 24 13:14:27 mx exim:  x", Frame(_Y, YEARLESS, b"mx", b"exim", None, b" x")),
            (b"sept. 24 13:14:27 mx sm[12]: x", Frame(969_801_267_000_000, YEARLESS, b"mx", b"sm", 12, b"x")),
            ("ноя 24 13:14:27 mx sm[12]: x".encode(), Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x")),
            ("11月 24 13:14:27 mx sm[12]: x".encode(), Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x")),
            (b"Nov 24 13:14:27 mx postfix[12] x: y", Frame(_Y, YEARLESS, b"mx", b"postfix", 12, b"x: y")),
            (b"Nov 24 13:14:27 mx postfix  x: y", Frame(_Y, YEARLESS, b"mx", b"postfix", None, b"x: y")),
            (b"Nov 24 13:14:27 mx mail.info sm[12]: x", Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x")),
            (b"Nov 24 13:14:27 <mail.info> mx sm[12]: x", Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x")),
            (
                b"Nov 24 13:14:27 s@mx/192.0.2.1 a/127.0.0.1:25/b[12]: x",
                Frame(_Y, YEARLESS, b"s@mx/192.0.2.1", b"a/127.0.0.1:25/b", 12, b"x"),
            ),
            (b"Nov 24 13:14:27 mx  sm[12] <Info>: x", Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x")),
            (b"Nov 24 2026 13:14:27.5: mx sm[12]: x", Frame(_T + 500_000, LOCAL, b"mx", b"sm", 12, b"x")),
            (
                b"Nov 24 13:14:27 mx last message repeated 3 times",
                Frame(_Y, YEARLESS, b"mx", b"-", None, b"", repeat=3),
            ),
            (b"Nov 24 13:14:27 log Message forwarded from mx: sm[12]: x", Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x")),
            (
                b"Nov 24 13:14:28 relay Nov 24 13:14:27 mx sm[12]: x",
                Frame(_Y + 1_000_000, YEARLESS, b"mx", b"sm", 12, b"x"),
            ),
            (b"Nov 24 13:14:27 mx postfix@-.service[12]: x", Frame(_Y, YEARLESS, b"mx", b"postfix", 12, b"x")),
            (b"Nov 24 13:14:27", None),
            (b"Not 24 13:14:27 mx sm[12]: x", None),
        ),
    ),
    Shape(
        "journalctl -o short-full, with-unit",
        _LETTERS,
        stamped.short_full,
        (
            (b"Tue 2026-11-24 13:14:27 UTC mx sm-mta[12]: x", Frame(_T, UTC, b"mx", b"sm-mta", 12, b"x")),
            (b"Tue 2026-11-24 13:14:27 CET mx postfix@-.service[12]: x", Frame(_T, LOCAL, b"mx", b"postfix", 12, b"x")),
            (b"Tue 2026-11-24 10:14:27.000001 -03 mx sm[12]: x", Frame(_T + 1, UTC, b"mx", b"sm", 12, b"x")),
        ),
    ),
    Shape(
        "journalctl -o short-monotonic",
        frozenset(b"["),
        stamped.monotonic,
        ((b"[ 7258.657561] mx sm-mta[12]: x", Frame(None, NONE, b"mx", b"sm-mta", 12, b"x")),),
    ),
    Shape(
        "PRI in front",
        frozenset(b"<"),
        stamped.priority,
        (
            (b"<22>Nov 24 13:14:27 sendmail[12]: x", Frame(_Y, YEARLESS, None, b"sendmail", 12, b"x")),
            (b"<22>mx sendmail: x", Frame(None, NONE, b"mx", b"sendmail", None, b"x")),
            (b"<script>alert(1)</script>", None),
        ),
    ),
    Shape(
        "docker compose",
        _WORDS | frozenset(b"\x1b"),
        wrapped.compose,
        (
            (b"postfix-1    | Nov 24 13:14:27 mx sm[12]: x | y", Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x | y")),
            (b"\x1b[36mmail-1  |\x1b[0m 2026-11-24 13:14:27 x", Frame(_T, LOCAL, None, b"", None, b"x")),
            (b"mail  |   276   => x", Frame(None, NONE, None, b"", 276, b"=> x")),
            (b"not a | log line", None),
        ),
    ),
    Shape(
        "kubectl --prefix",
        frozenset(b"["),
        wrapped.pod,
        ((b"[pod/mx-0/postfix] Nov 24 13:14:27 mx sm[12]: x", Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x")),),
    ),
    Shape(
        "octet count",
        _DIGITS,
        wrapped.octets,
        ((b"37 <22>Nov 24 13:14:27 mx sm[12]: x", Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x")),),
    ),
    Shape(
        "journalctl -o json-seq, json-sse",
        frozenset(b"\x1ed"),
        wrapped.record,
        (
            (
                b'\x1e{"time":1795526067,"host":"mx","ident":"sm","pid":"12","message":"x"}',
                Frame(_T, UTC, b"mx", b"sm", 12, b"x"),
            ),
            (
                b'data: {"time":1795526067.5,"app-name":"sm","msg":"x"}',
                Frame(_T + 500_000, UTC, None, b"sm", None, b"x"),
            ),
        ),
    ),
    Shape(
        "grep",
        _ANY,
        wrapped.grep,
        (
            (b"/var/log/mail.log:Nov 24 13:14:27 mx sm[12]: x", Frame(_Y, YEARLESS, b"mx", b"sm", 12, b"x")),
            (b"mail.log-20261124:7:2026-11-24T13:14:27Z mx sm[12]: x", Frame(_T, UTC, b"mx", b"sm", 12, b"x")),
            (b"mainlog-8-2026-11-24 13:14:27 x", Frame(_T, LOCAL, None, b"", None, b"x")),
            (b"7:<22>1 2026-11-24T13:14:27Z mx sm 12 - - x", Frame(_T, UTC, b"mx", b"sm", 12, b"x")),
            (b"Subject:x Nov 24 13:14:27 mx sm[12]: x", None),
        ),
    ),
    Shape(
        "no stamp, a tag",
        _LETTERS,
        stamped.bare_tag,
        (
            (b"postfix/smtpd[12]: x", Frame(None, NONE, None, b"postfix/smtpd", 12, b"x")),
            (b"Envelope-from: <a@b>", None),
            (b"  postfix/smtpd[12]: x", None),
        ),
    ),
    Shape(
        "no stamp, a process ID",
        _DIGITS | frozenset(b" "),
        stamped.foreground,
        (
            (b"  276   <= a@b", Frame(None, NONE, None, b"", 276, b"<= a@b")),
            (b"12345   => a@b", Frame(None, NONE, None, b"", 12345, b"=> a@b")),
            (b"  276 LOG: MAIN", None),
            (b" 276   <= a@b", None),
        ),
    ),
)
