"""What is handed on (sources, blocks) and what can be wrong with a file, as data and as a sentence with its cure.

Knows the file system's refusals; opens nothing.
"""

from __future__ import annotations

import difflib
import grp
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analyzer.errors import SourceError

#: The closed vocabulary of `Damage.kind`, with what each means.
DAMAGE_KINDS = {
    "missing": "no such file, or no file matches the pattern",
    "unreadable": "the operating system refused to open or to read it",
    "binary": "no text, and no packed text either",
    "utf-16": "text in UTF-16, where every line would look damaged",
    "truncated": "a packed file ends too early, or a file became shorter while it was read",
    "corrupt": "a packed file is broken: what stands before the fault was read",
    "long line": "a line longer than any log line: its head was kept, the rest skipped",
}

#: Kinds that mean: nothing of this file was read.
_NOTHING_READ = ("missing", "unreadable", "binary", "utf-16")


@dataclass(frozen=True, slots=True)
class Source:
    """A log to read. `modified` is in microseconds since 1970 (from the gzip header where it says)."""

    name: str
    path: Path | None  # None: standard input, or what a command prints
    modified: int | None = None
    packed: str = ""  # "", gz, bz2, xz, zst; unknown ("") for standard input and pipes until they are read
    size: int | None = None  # bytes on disk; None for standard input and pipes
    command: tuple[str, ...] = ()  # prints the log: the journal


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines: only the last line of a source may lack its LF. `read` counts bytes of the file on disk, so far."""

    offset: int  # bytes before it in the unpacked stream
    data: bytes
    read: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Something wrong inside or with a file. `offset` counts in the unpacked stream, `skipped` bytes of the file."""

    file: str
    offset: int
    kind: str  # one of DAMAGE_KINDS
    skipped: int
    message: str

    def row(self) -> dict[str, Any]:
        """The fields by name, for the report."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Found:
    """What `find` found: sources in reading order, notes for the terminal, damage for the report."""

    sources: list[Source]
    notes: list[str]
    damage: list[Damage]


def require_any(anything_read: bool, damage: Sequence[Damage]) -> None:
    """Raise SourceError (exit 2) if nothing was read and some file could not be; else do nothing.

    An empty log is no error: it brings no block, but no such damage either.
    """
    refused = [row.message for row in damage if row.kind in _NOTHING_READ]
    if anything_read or not refused:
        return
    more = f" ({len(refused) - 1} more could not be read either.)" if len(refused) > 1 else ""
    raise SourceError(refused[0] + more)


def missing(name: str, path: Path) -> Damage:
    """Damage row of a file that does not exist, with the nearest name beside it."""
    try:
        beside = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        beside = []
    near = difflib.get_close_matches(path.name, beside, n=1)
    cure = f"did you mean {path.parent / near[0]}?" if near else "check the path, or name its folder."
    return Damage(name, 0, "missing", 0, f"{name} does not exist: {cure}")


def unreadable(name: str, path: Path | None, error: OSError, *, offset: int = 0, skipped: int = 0) -> Damage:
    """Damage row of a file that cannot be opened or read; a refused permission names the group that may."""
    if isinstance(error, PermissionError) and path is not None:
        message = f"{name} may not be read by this user: {_who_may(path)}"
    else:
        reason = error.strerror or str(error)
        message = f"{name} cannot be read ({reason}): check the disk or the mount, or read a copy of the file."
    return Damage(name, offset, "unreadable", skipped, message)


def _who_may(path: Path) -> str:
    """The cure for a refused permission. The refusal may be a folder's above the file."""
    try:
        barrier = next((folder for folder in reversed(path.absolute().parents) if not os.access(folder, os.X_OK)), path)
        mode, gid = barrier.stat().st_mode, barrier.stat().st_gid
    except OSError:
        return "run the command with sudo."
    needed = stat.S_IXGRP if stat.S_ISDIR(mode) else stat.S_IRGRP
    if not mode & needed:
        return f"only the owner of {barrier} may, so run the command with sudo."
    try:
        group = grp.getgrgid(gid).gr_name
    except KeyError:
        group = str(gid)
    return f"the group {group} may, so join it (sudo usermod -aG {group} USER, then log in again) or use sudo."


# What a file that is no text may be, by its first bytes, and what to do with it.
_FOREIGN = (
    (b"LPKSHHRH", "is a systemd journal: export it with `journalctl --file FILE -o short-iso > mail.log`."),
    (b"PK\x03\x04", "is a zip archive: unpack it and name the logs inside."),
    (b"\x1f\x9d", "is packed with compress: unpack it with `uncompress`."),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive: unpack it and name the logs inside."),
    (b"\x04\x22\x4d\x18", "is packed with lz4: unpack it with `lz4 -d`."),
    (b"\x7fELF", "is a program, not a log: name a text log."),
    (b"PAR1", "is a Parquet file, not a log: name the log that it was made from."),
)


def not_text(name: str, head: bytes, size: int | None) -> Damage:
    """Damage row of a file whose head is no log text, naming what it is instead where that shows."""
    if is_utf16(head):
        cure = f"is UTF-16 text: convert it with `iconv -f UTF-16 -t UTF-8 {name} > converted.log`."
        return Damage(name, 0, "utf-16", size or 0, f"{name} {cure}")
    default = "is a binary file, not a log: name a text log, plain or packed with gzip, bzip2, xz or zstd."
    cure = next((cure for magic, cure in _FOREIGN if head.startswith(magic)), default)
    return Damage(name, 0, "binary", size or 0, f"{name} {cure}")


def is_utf16(head: bytes) -> bool:
    """Whether the head starts with the byte order mark of UTF-16."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff"))


#: Share of bytes that are no text from which a file is binary. Programs, pictures and databases have 0.24 to 0.7.
_BINARY_SHARE = 0.2
_CONTROL = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1b")) + b"\x7f"
_NUL_RUN = re.compile(rb"\0+")


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file look like lines of text in some 8-bit encoding.

    A run of NULs counts as one byte, and one run is free: a crash, or logrotate's copytruncate, leaves long runs of
    them in good logs, while binary files are strewn with short ones.
    """
    if is_utf16(head) or any(head.startswith(magic) for magic, _ in _FOREIGN):
        return False
    folded = _NUL_RUN.sub(b"\0", head)
    legible = folded.decode("utf-8", "ignore").encode().translate(None, _CONTROL)
    return len(folded) - len(legible) <= _BINARY_SHARE * len(folded) + 1
