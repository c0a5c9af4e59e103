"""Packed streams as plain ones: gzip (many members), bzip2 (many streams), xz, zstd, recognised by content.

Knows compressed formats; has never heard of lines. Memory is constant: no more is unpacked than was asked for.
"""

from __future__ import annotations

import bz2
import importlib.util
import io
import lzma
import sys
import zlib
from contextlib import suppress
from typing import Protocol


class BrokenError(Exception):
    """The stream ends here for a reason: a kind of `DAMAGE_KINDS`, and what happened as the end of a sentence."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class Peekable(io.RawIOBase):
    """A stream whose next bytes can be looked at without being used up."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._held = b""

    def readable(self) -> bool:
        """Say yes, as io wants it."""
        return True

    def peek(self, length: int) -> bytes:
        """Look at the next bytes; fewer only at the end of the stream."""
        while len(self._held) < length and (more := self._raw.read(length - len(self._held))):
            self._held += more
        return self._held[:length]

    def put_back(self, data: bytes) -> None:
        """Have these bytes read next."""
        self._held = data + self._held

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer's front; 0 at the end."""
        if not self._held:
            return self._raw.readinto(buffer) or 0
        piece, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


#: Bytes that `packing` wants to see.
MAGIC_LENGTH = 10

# Bzip2: a block's magic (the digits of pi) or the end of an empty stream follows the level.
_BZ2_NEXT = (b"1AY&SY", b"\x17rE8P\x90")
# zstd's skippable frames (RFC 8878 3.1.2) have 16 magic numbers; pzstd writes one in front.
_ZST_MAGIC = (b"\x28\xb5\x2f\xfd", *(bytes((low,)) + b"\x2a\x4d\x18" for low in range(0x50, 0x60)))


def packing(head: bytes) -> str:
    """`gz`, `bz2`, `xz`, `zst` or the empty string, by the first bytes. Source: RFC 1952 2.3.1, RFC 8878 3.1."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gz"
    if head.startswith(b"BZh") and head[4:10] in _BZ2_NEXT:
        return "bz2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    return "zst" if head.startswith(_ZST_MAGIC) else ""


def unpacked(raw: Peekable, kind: str) -> io.RawIOBase:
    """The stream that `raw` packs; its `readinto` raises BrokenError after all that could be unpacked was given."""
    if kind == "zst" and not _zstd_in_stdlib():
        return _ArrowZstandard(raw)
    return _Unpacked(raw, kind)


def _zstd_in_stdlib() -> bool:
    """Python has zstd from 3.14 on, unless it was built without."""
    return sys.version_info >= (3, 14) and importlib.util.find_spec("_zstd") is not None


class _Decoder(Protocol):
    """What the standard library's decoders have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's decoder in the form of the others, which gives what stands before a fault before it raises."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)
        self._fault: zlib.error | None = None

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail and self._fault is None

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if self._fault is not None:
            raise self._fault
        data = self._zlib.unconsumed_tail + data
        before = self._zlib.copy()
        try:
            return self._zlib.decompress(data, max_length)
        except zlib.error as fault:
            self._fault = fault
        # zlib drops what it unpacked in the call that fails: give it the same bytes again, one by one.
        saved = bytearray()
        with suppress(zlib.error):
            for byte in range(len(data)):
                saved += before.decompress(data[byte : byte + 1])
        return bytes(saved)


# xz -9 needs 65 MiB to unpack; a file may ask for gigabytes.
_XZ_MEMORY = 1 << 27


def _decoder(kind: str) -> _Decoder:
    if kind == "gz":
        return _Gzip()
    if kind == "bz2":
        return bz2.BZ2Decompressor()
    if sys.version_info >= (3, 14) and kind == "zst":
        from compression import zstd

        return zstd.ZstdDecompressor()
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def _faults(kind: str) -> tuple[type[Exception], ...]:
    if sys.version_info >= (3, 14) and kind == "zst":
        from compression import zstd

        return (zstd.ZstdError,)
    return (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


# Packed bytes per call. The decoders but gzip's lose a call's output at a fault: small bites lose little.
_BITE = {"gz": 1 << 16, "bz2": 1 << 10, "xz": 1 << 10, "zst": 1 << 10}


class _Unpacked(io.RawIOBase):
    """Members or streams one after the other, with NULs as padding between them and after the last."""

    def __init__(self, raw: Peekable, kind: str) -> None:
        self._raw, self._kind = raw, kind
        self._decoder: _Decoder | None = _decoder(kind)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer's front with at least one byte; 0 at the end."""
        while True:
            if self._decoder is None and not self._next_member():
                return 0
            if piece := self._step(len(buffer)):
                buffer[: len(piece)] = piece
                return len(piece)

    def _step(self, room: int) -> bytes:
        assert self._decoder is not None  # readinto sees to it
        data = b""
        if self._decoder.needs_input:
            data = self._raw.read(_BITE[self._kind]) or b""
            if not data:
                raise BrokenError("truncated", "ends in the middle of its packed data")
        try:
            piece = self._decoder.decompress(data, room)
        except _faults(self._kind) as fault:
            raise BrokenError("corrupt", f"is broken inside ({fault})") from fault
        if self._decoder.eof:
            self._raw.put_back(self._decoder.unused_data)
            self._decoder = None
        return piece

    def _next_member(self) -> bool:
        """Whether another member follows; what is neither that nor padding is damage."""
        while (head := self._raw.peek(MAGIC_LENGTH)).startswith(b"\0"):
            self._raw.read(len(head) - len(head.lstrip(b"\0")))
        if not head:
            return False
        if packing(head) != self._kind:
            raise BrokenError("corrupt", "goes on with other bytes after its packed data")
        self._decoder = _decoder(self._kind)
        return True


class _ArrowZstandard(io.RawIOBase):
    """zstd through pyarrow, where Python has none; in small reads, as a fault loses the read it happens in."""

    def __init__(self, raw: Peekable) -> None:
        import pyarrow as pa

        self._raw = raw
        self._stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer's front; 0 at the end."""
        bite = 1 << 14 if self._raw.peek(1) else 1 << 10
        try:
            piece: bytes = self._stream.read(min(len(buffer), bite))
        except OSError as fault:
            if fault.errno is not None:
                raise  # the file's own, not the decoder's
            kind = "truncated" if "runcated" in str(fault) else "corrupt"
            raise BrokenError(kind, f"is broken inside ({fault})") from fault
        buffer[: len(piece)] = piece
        return len(piece)
