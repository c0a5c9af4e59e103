"""What wraps a log line: time, host, program and process ID are taken off, the message is left.

Knows framing; has never heard of Postfix. Bytes in, nothing decoded, any bytes give an answer in linear time.

    frame(line) -> Frame | None     the first shape of `shapes.SHAPES` that fits; None: none does
    first_time(block)               time of the first line that has one
    join(first, second)             two lines that a container runtime cut one from
    TimeLine(zone, ...).utc(time, clock)    the year and zone that stamps leave out

A frame depends on its line alone. To support another log transport, add an entry with a sample to `shapes.SHAPES`.
"""

from __future__ import annotations

from analyzer.framing.frame import Clock, Frame, Inner
from analyzer.framing.shapes import SHAPES
from analyzer.framing.timeline import TimeLine
from analyzer.framing.wrapped import join

__all__ = ["Clock", "Frame", "TimeLine", "first_time", "frame", "join"]

#: Wrappers may stand in wrappers so deep; a line that is nothing but prefixes must not cost more.
_DEEPEST = 6
_LINES_TRIED = 50
_BOM = b"\xef\xbb\xbf"

#: By first byte, the readers to try in turn, each once.
_READERS = [tuple(dict.fromkeys(shape.read for shape in SHAPES if byte in shape.first)) for byte in range(256)]


def _read(line: bytes, inner: Inner) -> Frame | None:
    if line[-1:] == b"\r":
        line = line[:-1]
    if line[:3] == _BOM:
        line = line[3:]
    if not line:
        return None
    for read in _READERS[line[0]]:
        found = read(line, inner)
        if found is not None:
            return found
    return None


def _nested(depth: int) -> Inner:
    if depth == 0:
        return lambda _: None
    inner = _nested(depth - 1)
    return lambda line: _read(line, inner)


_INNER = _nested(_DEEPEST)


def frame(line: bytes) -> Frame | None:
    """The line (without its line feed) taken apart; None if no framing is recognised, as in a continuation line.

    A final CR and a byte order mark in front belong to the framing; other white space is the message's own.
    """
    return _read(line, _INNER)


def first_time(data: bytes) -> tuple[int, Clock] | None:
    """Time and clock of the first line of a block that has a stamp, of the first 50 lines; None if none has."""
    for line in data.split(b"\n", _LINES_TRIED)[:_LINES_TRIED]:
        found = frame(line)
        if found is not None and found.time is not None:
            return found.time, found.clock
    return None
