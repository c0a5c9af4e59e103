"""Blocks of whole lines from one source, in constant memory.

Knows bytes and LF; has never heard of log lines. Files are read with readinto, not mapped: mapped pages of a big
log would count as this program's memory.
"""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

from analyzer.sources.damage import Block, Damage, Source, is_text, missing, not_text, unreadable
from analyzer.sources.packed import MAGIC_LENGTH, BrokenError, Peekable, packing, unpacked

#: The longest line that is handed on whole, without its LF. No logger writes a longer one.
MAX_LINE = 1 << 20
#: What is kept of a longer line, so that it still counts as the one line it is.
KEPT_OF_LONG_LINE = 1 << 16
#: How much of a source is looked at to tell what it is.
HEAD_LENGTH = 1 << 16

Report = Callable[[Damage], None]

# Where to find the cure of what BrokenError tells.
_CURES = {
    "truncated": "copy the file again; all that could be unpacked was read.",
    "corrupt": "test it with the packer's -t and copy it again; what stands before the fault was read.",
}


class RawFile(io.RawIOBase):
    """An open file, standard input or a command's output. A regular file ends at the size it had when it was opened."""

    def __init__(self, source: Source, stdin: BinaryIO | None = None) -> None:
        self._process = subprocess.Popen(source.command, stdout=subprocess.PIPE) if source.command else None
        self._stdin = (self._process.stdout if self._process else stdin or sys.stdin.buffer) if source.path is None else None
        self._descriptor = -1 if source.path is None else os.open(source.path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(self._descriptor) if source.path is not None else None
        self.size = status.st_size if status and stat.S_ISREG(status.st_mode) else None
        self.position = 0

    def readable(self) -> bool:
        """Say yes, as io wants it."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer's front; 0 at the end."""
        room = len(buffer) if self.size is None else min(len(buffer), self.size - self.position)
        if self._stdin is not None:
            data = self._stdin.read(room)
            taken = len(data)
            buffer[:taken] = data
        else:
            with memoryview(buffer) as view, view[:room] as front:  # io gives a bytearray, whose slices are copies
                taken = os.readv(self._descriptor, [front]) if room else 0
        self.position += taken
        return taken

    def close(self) -> None:
        """Close the file, end the command; standard input is the caller's."""
        if self._process is not None and not self.closed:
            with self._process:  # waits, so that no process is left behind
                self._process.terminate()
        if self._descriptor >= 0 and not self.closed:
            os.close(self._descriptor)
        super().close()


def open_unpacked(raw: RawFile) -> tuple[io.RawIOBase, str]:
    """The plain bytes of a file and how they are packed, by content."""
    start = Peekable(raw)
    packed = packing(start.peek(MAGIC_LENGTH))
    return (unpacked(start, packed) if packed else start), packed


def read_up_to(stream: io.RawIOBase, length: int) -> bytes:
    """The next bytes of a stream, fewer only at its end or before a fault."""
    data = bytearray()
    try:
        while len(data) < length and (piece := stream.read(length - len(data))):
            data += piece
    except BrokenError:
        return bytes(data)
    return bytes(data)


def blocks(source: Source, *, size: int = MAX_LINE, stdin: BinaryIO | None = None, report: Report) -> Iterator[Block]:
    """Whole lines of a source in blocks of about `size` bytes, at most 1 MiB; damage goes to `report`.

    The data is the unpacked content byte for byte, but for a line longer than MAX_LINE: 64 KiB of it are kept as a
    line, the rest is skipped and reported, and a new block starts after it, so that offsets stay true. A file that
    grows is read up to the size it had when it was opened.

    Standard input and pipes can be judged only here: if they hold no text, a `binary` row is all that comes. Ask
    `require_any` after the last source whether that leaves nothing.
    """
    try:
        raw = RawFile(source, stdin)
    except FileNotFoundError:
        assert source.path is not None  # standard input is open already
        report(missing(source.name, source.path))
        return
    except OSError as error:
        report(unreadable(source.name, source.path, error, skipped=source.size or 0))
        return
    with raw:
        cutter = _Cutter(source, raw, report)
        yield from cutter.blocks(max(1, min(size, MAX_LINE)))


class _Cutter:
    """A buffer that always starts at a line's start: filled from the file, emptied in blocks."""

    def __init__(self, source: Source, raw: RawFile, report: Report) -> None:
        self._source, self._raw, self._report = source, raw, report
        self._stream: io.RawIOBase | None = None  # None again at the end
        self._buffer = bytearray(MAX_LINE + 1)
        self._filled = 0
        self._offset = 0  # of the buffer's first byte, in the unpacked stream
        self._ended = False

    def blocks(self, size: int) -> Iterator[Block]:
        if self._raw.size is None and not self._is_text():
            return
        self._fill(size)
        while self._filled:
            cut = self._whole_lines(size)
            if cut:
                yield self._take(cut)
            else:
                yield self._take_long_line()
            self._fill(size)

    def _is_text(self) -> bool:
        self._fill(HEAD_LENGTH)
        head = bytes(self._buffer[: min(self._filled, HEAD_LENGTH)])
        if is_text(head):
            return True
        self._report(not_text(self._source.name, head, None))
        return False

    def _whole_lines(self, size: int) -> int:
        """Length of the whole lines in the first `size` bytes, or of one longer line; 0 if that is too long."""
        if self._ended and self._filled <= size:
            return self._filled
        searched = min(size, self._filled)
        cut = self._buffer.rfind(b"\n", 0, searched) + 1
        while not cut:
            cut = self._buffer.find(b"\n", searched, self._filled) + 1
            if cut or self._ended or self._filled > MAX_LINE:
                break
            searched = self._filled
            self._fill(min(self._filled + HEAD_LENGTH, MAX_LINE + 1))
        return self._filled if not cut and self._filled <= MAX_LINE else cut

    def _take(self, length: int) -> Block:
        with memoryview(self._buffer) as view:
            block = Block(self._offset, bytes(view[:length]), self._raw.position)
        self._drop(length)
        return block

    def _take_long_line(self) -> Block:
        """The head of a line that is too long, ended as the line is; the rest is skipped up to its LF."""
        start, head = self._offset, bytes(self._buffer[:KEPT_OF_LONG_LINE])
        self._drop(KEPT_OF_LONG_LINE)
        line_end = -1
        while line_end < 0 and self._filled:
            line_end = self._buffer.find(b"\n", 0, self._filled)
            self._drop(self._filled if line_end < 0 else line_end)
            self._fill(1 if line_end >= 0 else MAX_LINE)
        skipped = self._offset - start - KEPT_OF_LONG_LINE
        if line_end >= 0:
            head += b"\n"
            self._drop(1)
        where = start + KEPT_OF_LONG_LINE
        message = (
            f"{self._source.name} has a line of {KEPT_OF_LONG_LINE + skipped} bytes at offset {start}: its first "
            f"{KEPT_OF_LONG_LINE} were read; look there for what was no log line, or split it."
        )
        self._report(Damage(self._source.name, where, "long line", skipped, message))
        return Block(start, head, self._raw.position)

    def _drop(self, length: int) -> None:
        self._filled -= length
        self._offset += length
        self._buffer[: self._filled] = self._buffer[length : length + self._filled]

    def _fill(self, length: int) -> None:
        """Read until the buffer holds so many bytes or the source ends; a fault is its end, and reported."""
        with memoryview(self._buffer) as view:
            while self._filled < length and not self._ended:
                with view[self._filled : length] as room:
                    self._filled += self._read(room)

    def _read(self, room: memoryview) -> int:
        source = self._source
        unread = (self._raw.size or 0) - self._raw.position if self._raw.size is not None else 0
        end = self._offset + self._filled
        try:
            if self._stream is None:
                self._stream, _ = open_unpacked(self._raw)
            taken = self._stream.readinto(room) or 0
        except BrokenError as broken:
            message = f"{source.name} {broken.reason}: {_CURES[broken.kind]}"
            self._report(Damage(source.name, end, broken.kind, unread, message))
            taken = 0
        except OSError as error:
            self._report(unreadable(source.name, source.path, error, offset=end, skipped=unread))
            taken = 0
        else:
            if not taken and self._raw.size is not None and self._raw.position < self._raw.size:
                self._report(self._shrunk(end))
        self._ended = not taken
        return taken

    def _shrunk(self, end: int) -> Damage:
        missed = (self._raw.size or 0) - self._raw.position
        message = (
            f"{self._source.name} became shorter while it was read, as logrotate's copytruncate does: "
            "run the command again, with the rotated file too."
        )
        return Damage(self._source.name, end, "truncated", missed, message)
