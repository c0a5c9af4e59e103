"""What stands round a whole log line: containers' files and prefixes, grep's file names, octet counts."""

from __future__ import annotations

import re

from analyzer.framing.frame import Frame, Inner, outer_time
from analyzer.framing.json_lines import Docker, docker
from analyzer.framing.stamps import zoned

#: How a stamped line begins, said strictly: what stands in front of it is cut off for this.
_STAMPED = (
    rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|<\d{1,3}>(?:1 |[A-Z][a-z]{2} )"
    rb"|[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:|\{\")"
)
_COLOUR = rb"(?:\x1b\[[\d;]{0,20}m)*+"
_COMPOSE = re.compile(_COLOUR + rb"[A-Za-z\d][\w.@/-]{0,254}+ *+\|" + _COLOUR + rb" ?+" + _COLOUR)
_POD = re.compile(rb"\[pod/[^\]\s]{1,255}+\] ")
_CRI = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?+(Z|[+-]\d\d:\d\d) (stdout|stderr) "
    rb"([FP])(?::[\w:]{0,50}+)?+(?: |\Z)"
)
_FILE = rb"[^\s:|<{\[]"
_GREP = re.compile(
    _FILE
    + rb"{1,255}+:(?:\d{1,10}:)?(?="
    + _STAMPED
    + rb")|"
    + _FILE
    + rb"{1,255}?-(?:\d{1,10}-)?(?="
    + _STAMPED
    + rb")"
)
_OCTETS = re.compile(rb"\d{1,6} (?=<\d{1,3}>)")
_RECORD = re.compile(rb"(?:\x1e|data: )(?=\{)")


def cri(line: bytes, inner: Inner) -> Frame | None:
    """A line of a Kubernetes node's log file (CRI): `2026-11-24T13:14:27.123456789Z stdout F `, `P` for a cut one."""
    found = _CRI.match(line)
    when = zoned(found[1], found[2], found[3]) if found else None
    if found is None or when is None:
        return None
    frame = inner(line[found.end() :])
    if frame is None:
        frame = Frame(*when, None, b"", None, line[found.end() :])
    return outer_time(*when, frame)._replace(partial=found[5] == b"P")


def compose(line: bytes, inner: Inner) -> Frame | None:
    """`postfix-1  | ` of docker compose logs, with or without its colours."""
    return _behind(_COMPOSE, line, inner)


def pod(line: bytes, inner: Inner) -> Frame | None:
    """`[pod/name/container] ` of kubectl logs --prefix."""
    return _behind(_POD, line, inner)


def grep(line: bytes, inner: Inner) -> Frame | None:
    """`/var/log/mail.log:` or `mail.log:12:` of grep, `mail.log-12-` of its -A; only in front of a stamp.

    Without that rule any text with a colon would be a file's name.
    """
    return _behind(_GREP, line, inner)


def octets(line: bytes, inner: Inner) -> Frame | None:
    """`123 <22>...`: the octet count of RFC 6587, in a capture of what came by TCP."""
    return _behind(_OCTETS, line, inner)


def record(line: bytes, inner: Inner) -> Frame | None:
    """journalctl -o json-seq and json-sse: a mark in front of each object."""
    return _behind(_RECORD, line, inner)


def _behind(prefix: re.Pattern[bytes], line: bytes, inner: Inner) -> Frame | None:
    found = prefix.match(line)
    return inner(line[found.end() :]) if found else None


def join(first: bytes, second: bytes) -> bytes | None:
    """Two lines that a container runtime cut one from, as one line to be framed; None if they are not of one stream.

    Join before framing: where a line is cut says nothing, so the second part may look like a line of its own.
    """
    one, two = _piece(first), _piece(second)
    if one is None or two is None or one.stream != two.stream:
        return None
    mark = b"P " if two.partial else b"F "
    return b" ".join((one.stamp, one.stream, mark)).removesuffix(b" ") + b" " + one.text + two.text


def _piece(line: bytes) -> Docker | None:
    found = _CRI.match(line)
    if found is None:
        return docker(line)
    return Docker(line[: found.start(4) - 1], found[4], line[found.end() :], partial=found[5] == b"P")
