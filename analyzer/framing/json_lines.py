"""Lines that are JSON objects: journald, rsyslog and its kin, Docker. Knows the names that properties go by."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from analyzer.framing.frame import Clock, Frame, Inner, outer_time
from analyzer.framing.said import host_of, program_of, said, tag_and_pid
from analyzer.framing.stamps import iso_word, since_1970, written

#: Properties of each kind, best first; `a.b` is a property of an object. Sources: systemd.journal-fields(7), rsyslog's
#: property names and its JSON template, syslog-ng's format-json, Fluentd's in_syslog, the Elastic Common Schema.
_TEXTS = ("message", "msg", "log", "event.original", "rawmsg", "text")
_HOSTS = ("host", "hostname", "_hostname", "host.name", "host.hostname", "log.syslog.hostname", "fromhost", "source")
_TAGS = ("syslogtag", "tag")
_PROGRAMS = (
    *("programname", "program", "app_name", "appname", "ident", "syslog_identifier"),
    *("process.name", "log.syslog.appname"),
)
_PIDS = ("procid", "pid", "process_id", "syslog_pid", "_pid", "process.pid", "log.syslog.procid")
_TIMES = ("timereported", "timestamp", "@timestamp", "time", "timegenerated", "isodate", "date", "ts")
#: Docker's json-file driver cuts lines after 16 KiB.
_DOCKER_CUT = 16_384


class Docker(NamedTuple):
    """One object of Docker's json-file driver: `text` without the line feed that ends every whole line."""

    stamp: bytes
    stream: bytes
    text: bytes
    partial: bool


def json_object(line: bytes, inner: Inner) -> Frame | None:
    """A line that is one JSON object with a message in it."""
    found = _load(line)
    if found is None:
        return None
    if "MESSAGE" in found and "__REALTIME_TIMESTAMP" in found:
        return _journald(found)
    cut = _docker(found)
    if cut is not None:
        when = written(cut.stamp)
        frame = inner(cut.text) or Frame(None, Clock.NONE, None, b"", None, cut.text)
        frame = outer_time(*when, frame) if when else frame
        return frame._replace(partial=cut.partial)
    return _syslog(_flat(found), inner)


def docker(line: bytes) -> Docker | None:
    """The parts of a line of Docker's json-file driver; None for any other line."""
    found = _load(line)
    return None if found is None else _docker(found)


def _load(line: bytes) -> dict[str, Any] | None:
    """The object. rsyslog writes the message's bytes as they are, UTF-8 or not: they come through as surrogates."""
    if line[:1] != b"{" or line[-1:] not in (b"}", b" ", b"\t", b"\r"):
        return None
    try:
        found = json.loads(line.decode("utf-8", "surrogateescape"), strict=False)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _docker(found: dict[str, Any]) -> Docker | None:
    text, stream, stamp = found.get("log"), found.get("stream"), found.get("time")
    if not (isinstance(text, str) and isinstance(stream, str) and isinstance(stamp, str)):
        return None
    partial = not text.endswith("\n") and len(text) >= _DOCKER_CUT // 4 and len(_bytes(text)) >= _DOCKER_CUT
    return Docker(_bytes(stamp), _bytes(stream), _line(text), partial)


def _journald(found: dict[str, Any]) -> Frame | None:
    """journalctl -o json. The time is when journald got the message, which no program can set.

    MESSAGE is an array of bytes where it holds control characters, and an array of messages if there were several.
    """
    message = found["MESSAGE"]
    if isinstance(message, list):
        try:
            message = bytes(message).decode("utf-8", "surrogateescape")
        except (TypeError, ValueError):
            message = message[0] if message else None
    if not isinstance(message, str):
        return None
    time = since_1970(_text(found, ("__REALTIME_TIMESTAMP",)))
    clock = Clock.NONE if time is None else Clock.UTC
    tag = program_of(_bytes(_text(found, ("SYSLOG_IDENTIFIER", "_COMM"))) or b"-")
    pid = _number(_text(found, ("SYSLOG_PID", "_PID")))
    return said(_line(message), 0, time, clock, host_of(_bytes(_text(found, ("_HOSTNAME",))) or b"-"), tag, pid)


def _syslog(found: dict[str, Any], inner: Inner) -> Frame | None:
    text = _text(found, _TEXTS)
    if not text:
        return None
    line = _line(text)
    when = _when(found)
    time, clock = when if when else (None, Clock.NONE)
    host = host_of(_bytes(_text(found, _HOSTS)) or b"-")
    program, pid = _program(found)
    if program is None:  # the message is the line as it came, with its own stamp and tag
        frame = inner(line)
        if frame is None:
            return None if when is None else Frame(time, clock, host, b"-", pid, line)
        return outer_time(time, clock, frame if frame.host is not None else frame._replace(host=host))
    return said(line.removeprefix(b" "), 0, time, clock, host, program, pid)


def _program(found: dict[str, Any]) -> tuple[bytes | None, int | None]:
    """The tag says more than the program's name: rsyslog's ends that at a slash."""
    pid = _number(_text(found, _PIDS))
    tag = _bytes(_text(found, _TAGS))
    parts = tag_and_pid(tag)
    if parts is not None:
        return parts[0], pid if parts[1] is None else parts[1]
    name = _bytes(_text(found, _PROGRAMS)) or tag
    return (program_of(name) if name else None), pid


def _when(found: dict[str, Any]) -> tuple[int, Clock] | None:
    for name in _TIMES:
        value = found.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            time = since_1970(value)
            if time is not None:
                return time, Clock.UTC
        elif isinstance(value, str):
            when = iso_word(_bytes(value[:64]))
            if when is not None:
                return when
            time = since_1970(value) if value[:1].isdigit() else None
            if time is not None:
                return time, Clock.UTC
    return None


@lru_cache(1000)
def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _flat(found: dict[str, Any], above: str = "", depth: int = 3) -> dict[str, Any]:
    """Properties by their names in lower case; those of objects by `object.property`."""
    flat: dict[str, Any] = {}
    for name, value in found.items():
        path = above + (_plain(name) if len(name) < 64 else name)
        if isinstance(value, dict) and depth:
            flat.update(_flat(value, path + ".", depth - 1))
        else:
            flat[path] = value
    return flat


def _text(found: dict[str, Any], names: Iterable[str]) -> str:
    """The first of these properties that has text; "" if none has."""
    for name in names:
        value = found.get(name)
        if value is None:
            continue
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
            return str(value)
    return ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else None


def _bytes(text: str) -> bytes:
    """The bytes a text was read from. A lone surrogate that was written as an escape becomes three bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _line(text: str) -> bytes:
    """The message as one line: a line feed inside is written as syslog daemons write it."""
    return _bytes(text).removesuffix(b"\n").removesuffix(b"\r").replace(b"\n", b"#012")
