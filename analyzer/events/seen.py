"""A set of lines in constant memory, to know a line of a reject log that the main log had already."""

from __future__ import annotations

from hashlib import blake2b

_BITS = 1 << 27


class Seen:
    """A Bloom filter of 16 MB: four bits a line, wrong for one line in 10,000 at ten million lines.

    Off (and empty) unless asked for: only runs that read a main log beside its reject log need it.
    """

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._bits = bytearray(_BITS // 8 if enabled else 0)

    def add(self, line: bytes) -> None:
        """Remember a line."""
        for place in self._places(line):
            self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, line: bytes) -> bool:
        return self.enabled and all(self._bits[place >> 3] >> (place & 7) & 1 for place in self._places(line))

    @staticmethod
    def _places(line: bytes) -> list[int]:
        digest = blake2b(line, digest_size=16).digest()
        return [int.from_bytes(digest[i : i + 4], "little") % _BITS for i in range(0, 16, 4)]
