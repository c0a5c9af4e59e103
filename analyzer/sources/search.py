"""From what the user named (files, folders, globs, `-`, nothing) to the sources to read, in reading order.

Knows the file system; of a log's lines only what `time_of` says of their time.
"""

from __future__ import annotations

import glob
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analyzer.errors import SourceError
from analyzer.sources.damage import Damage, Found, Source, is_text, missing, not_text, require_any, unreadable
from analyzer.sources.folder import logs_of
from analyzer.sources.reading import HEAD_LENGTH, RawFile, open_unpacked, read_up_to
from analyzer.sources.rotation import Member, in_order

#: Where logs are looked for when none is named: the first place with a log that is not empty (contract 1).
USUAL_PLACES = (
    "/var/log/mail.log*",
    "/var/log/maillog*",
    "/var/log/exim4/mainlog*",
    "/var/log/exim/main.log*",
    "/var/log/exim_mainlog*",
)

#: From the first bytes of a log to the time of its first line that has one: microseconds since 1970 UTC, and whether
#: the stamp has no year (then any leap year stands in its place); a bare number has its year. None: no line known.
TimeOf = Callable[[bytes], tuple[int, bool] | int | None]

#: What prints the journal's mail messages, asked where no usual place has a log. Source: journalctl(1).
JOURNAL = ("journalctl", "--quiet", "--no-pager", "--all", "--output=short-iso-precise", "SYSLOG_FACILITY=2")

_STDIN_NAME = "<stdin>"
_JOURNAL_NAME = "<journal>"
_MICROSECOND = 1000  # nanoseconds


def find(logs: Sequence[str], *, time_of: TimeOf, usual: Sequence[str] = USUAL_PLACES) -> Found:
    """The logs to read, each once, rotated sets oldest file first (`rotation.in_order`), packed or not.

    A file that is named is read whatever it is called; of a folder, what `folder.logs_of` says. What is missing,
    unreadable or no text is a row of damage; SourceError if nothing else is left to read.
    """
    search = _Search(time_of)
    if not logs and (places := search.usual_place(usual)) is None:
        return Found([Source(_JOURNAL_NAME, None, command=JOURNAL)], search.notes, search.damage)
    members = search.members(logs or places or ())
    require_any(bool(members), search.damage)
    return Found(in_order(members), search.notes, search.damage)


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    path: Path | None
    status: os.stat_result | None = None

    @property
    def is_regular(self) -> bool:
        return self.status is not None and stat.S_ISREG(self.status.st_mode)


class _Search:
    """Collects notes and damage while it looks."""

    def __init__(self, time_of: TimeOf) -> None:
        self._time_of = time_of
        self.notes: list[str] = []
        self.damage: list[Damage] = []

    def usual_place(self, places: Sequence[str]) -> list[str] | None:
        """The files of the first usual place with a log that is not empty, else of the first with any; None: the journal."""
        found = [(place, sorted(glob.glob(place))) for place in places]  # noqa: PTH207 (the pattern is absolute)
        with_files = [(place, files) for place, files in found if files]
        if not with_files:
            require_any(anything_read=False, damage=[refusal for place in places if (refusal := _barred(place))])
            if shutil.which(JOURNAL[0]) is not None:
                self.notes.append("No log was named and none is at the usual places: reading the mail messages of the journal.")
                return None
            raise SourceError(
                f"No log was named, none is at the usual places ({', '.join(places)}) and there is no journal: "
                "name the log, its folder, or - for standard input."
            )
        place, files = next((found for found in with_files if any(map(_has_content, found[1]))), with_files[0])
        count = "1 file" if len(files) == 1 else f"{len(files)} files"
        self.notes.append(f"No log was named: reading {place} ({count}).")
        return files

    def members(self, logs: Sequence[str]) -> list[Member]:
        """The readable logs with the time of their first line, in the order of the command line."""
        heads: dict[bytes, str] = {}
        members = []
        for candidate in self._once(self._candidates(logs)):
            if not candidate.is_regular:
                members.append(Member(Source(candidate.name, candidate.path), None))
            elif probed := self._probe(candidate):
                member, head = probed
                members.append(member)
                if head and (twin := heads.setdefault(head, candidate.name)) != candidate.name:
                    self.notes.append(
                        f"{candidate.name} begins with the same lines as {twin}: if one is a copy of the other, every "
                        "line counts twice; name only one of them."
                    )
        return members

    def _candidates(self, logs: Iterable[str]) -> Iterator[_Candidate]:
        for log in logs:
            if log == "-":
                yield _Candidate(_STDIN_NAME, None)
                continue
            is_pattern = glob.has_magic(log) and not os.path.lexists(log)
            names = sorted(glob.glob(log, recursive=True)) if is_pattern else [log]  # noqa: PTH207 (shown as given)
            if not names:
                message = f"No file matches {log}: check the pattern, or name a folder."
                self.damage.append(_barred(log) or Damage(log, 0, "missing", 0, message))
            for name in names:
                yield from self._named(name)

    def _named(self, name: str) -> Iterator[_Candidate]:
        path = Path(name)
        try:
            status = path.stat()
        except PermissionError as error:
            self.damage.append(unreadable(name, path, error))
            return
        except OSError:
            self.damage.append(missing(name, path))
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self._in_folder(name, path)
        elif stat.S_ISSOCK(status.st_mode) or stat.S_ISBLK(status.st_mode):
            kind = "socket" if stat.S_ISSOCK(status.st_mode) else "block device"
            message = f"{name} is a {kind}, not a log: name a file."
            self.damage.append(Damage(name, 0, "unreadable", 0, message))
        else:
            yield _Candidate(name, path, status)

    def _in_folder(self, name: str, folder: Path) -> Iterator[_Candidate]:
        refusals: list[Damage] = []

        def refused(error: OSError) -> None:
            refusals.append(unreadable(str(error.filename), Path(error.filename), error))

        found = logs_of(folder, refused)
        self.notes += found.notes
        if found.files:  # what an ordinary user may not enter is no damage to the logs that were found
            self.notes += [refusal.message for refusal in refusals]
        elif refusals:
            self.damage += refusals
        else:
            message = f"{name} holds no log: name the file that holds the mail server's lines."
            self.damage.append(Damage(name, 0, "missing", 0, message))
        for file in found.files:
            yield from self._named(str(file))

    def _once(self, candidates: Iterable[_Candidate]) -> Iterator[_Candidate]:
        """Each file once, though it be named twice: by symbolic or hard link, or by patterns that overlap."""
        seen: dict[object, str] = {}
        for candidate in candidates:
            status = candidate.status
            identity: object = (status.st_dev, status.st_ino) if status else candidate.name
            first = seen.get(identity)
            if first is None:
                seen[identity] = candidate.name
                yield candidate
            elif first == candidate.name:
                self.notes.append(f"{first} was named twice: it is read once.")
            else:
                self.notes.append(f"{candidate.name} is the same file as {first}: it is read once.")

    def _probe(self, candidate: _Candidate) -> tuple[Member, bytes] | None:
        """Look at a regular file's head: how it is packed, whether it is text, when its first line was written."""
        path, status = candidate.path, candidate.status
        assert path is not None  # a regular file has a path
        assert status is not None
        source = Source(candidate.name, path, status.st_mtime_ns // _MICROSECOND, size=status.st_size)
        try:
            with RawFile(source) as raw:
                stream, packed = open_unpacked(raw)
                head = read_up_to(stream, HEAD_LENGTH)
            modified = _gzip_time(path) if packed == "gz" else None
        except FileNotFoundError:
            self.damage.append(missing(candidate.name, path))
            return None
        except OSError as error:
            self.damage.append(unreadable(candidate.name, path, error, skipped=status.st_size))
            return None
        source = replace(source, packed=packed, modified=modified or source.modified)
        time = self._time_of(head) if head else None
        if time is None and not is_text(head):
            self.damage.append(not_text(candidate.name, head, status.st_size))
            return None
        value, yearless = time if isinstance(time, tuple) else (time, False)
        return Member(source, value, yearless), head


def _gzip_time(path: Path) -> int | None:
    """When what a gzip file packs was modified. Source: RFC 1952 2.3.1, MTIME; 0 means not said."""
    with path.open("rb") as file:
        header = file.read(8)
    return int.from_bytes(header[4:8], "little") * 1_000_000 or None


def _barred(pattern: str) -> Damage | None:
    """Why a pattern matches nothing, if its folder may not be listed (as Exim's on Debian by an ordinary user)."""
    folder = Path(pattern).parent
    if not os.access(folder, os.F_OK) or os.access(folder, os.R_OK | os.X_OK):
        return None
    return unreadable(str(folder), folder, PermissionError())


def _has_content(name: str) -> bool:
    try:
        return Path(name).stat().st_size > 0
    except OSError:
        return True  # whatever it is, the user shall hear of it
