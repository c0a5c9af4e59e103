"""Which files of a folder are mail logs: rules over names, so that anyone can foretell them.

Knows how logs are called; opens nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analyzer.sources.rotation import rotation

# All match the stem: the name without its rotation and without .gz and the like.
_MAIL_LOG = re.compile(
    r"(?:.+[-_.])?(?:mail[-_.]?log|(?:main|reject|panic)log)(?:\.log)?"  # mail.log, exim_mainlog, all-mainlog.log
    r"|(?:exim4?[-_.])?(?:main|reject|panic)\.log"
    r"|(?:.+[-_.])?(?:mail|postfix|exim4?|sendmail)(?:[-_.].*)?\.log"  # mail-iso.log, postfix.log, host1-mail.log
    r"|postfix|sendmail|mail\.(?:err|warn|info)",
    re.IGNORECASE,
)
_SYSTEM_LOG = re.compile(r"syslog|messages", re.IGNORECASE)
_ANY_LOG = re.compile(r".+[-_.]log", re.IGNORECASE)
_DOCUMENTATION = re.compile(
    r"readme.*|changelog.*|licen[cs]e.*|.*\.(?:md|rst|html?|pdf|jsonl?|ya?ml|toml|ini|cfg|conf|cf|mc|py|sh|sql|csv|png|svg|pcap|st)",
    re.IGNORECASE,
)

# A log that only repeats lines of another one beside it: reading both would count them twice. Debian's rsyslog writes
# mail lines to syslog and, by severity, to mail.err, mail.warn and mail.info too. (What Exim repeats in its rejectlog
# is told apart line by line, where events are made.)
_REPEATS = {
    "mail.err": ("mail.log",),
    "mail.warn": ("mail.log",),
    "mail.info": ("mail.log",),
    "syslog": ("mail.log", "maillog"),
    "messages": ("mail.log", "maillog"),
}


@dataclass(frozen=True, slots=True)
class FolderLogs:
    """The logs of a folder and of those below it, sorted; and what to tell the user about the rest."""

    files: list[Path]
    notes: list[str]


def logs_of(folder: Path, refused: Callable[[OSError], None]) -> FolderLogs:
    """The mail logs of a folder and its sub-folders, by their names.

    1. Files named as a mail log (`mail.log`, `maillog`, `mainlog`, `postfix.log`, ... rotated and packed too),
       and the system's log (`syslog`, `messages`).
    2. If there are none, files named as any log (`*.log`). If there are none of them, all that are not named as
       documentation, configuration or data.
    3. Without those that only repeat another one of the same folder, as `syslog` does `mail.log`.
    Hidden files, and what is no regular file, are passed over.
    """
    files = _files(folder, refused)
    for rule in (_is_mail_log, _is_any_log, _is_not_documentation):
        chosen = [file for file in files if rule(rotation(file.name).stem)]
        if chosen:
            break
    notes = []
    stems = {(file.parent, rotation(file.name).stem.lower()) for file in chosen}
    kept = []
    for file in chosen:
        if other := _repeated_by(file, stems):
            notes.append(f"{file} is left out: it repeats lines of {other} beside it. Name it to read it too.")
        else:
            kept.append(file)
    passed_over = set(files).difference(chosen)
    # Nobody misses a README: what is documentation by its name is passed over in silence.
    unexpected = [file for file in files if file in passed_over and _is_not_documentation(rotation(file.name).stem)]
    others = [file.relative_to(folder) for file in unexpected]
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        names = ", ".join(map(str, others[:3]))
        notes.append(f"{folder}: left out, not named as a mail log: {names}{more}. Name a file to read it.")
    return FolderLogs(kept, notes)


def _files(folder: Path, refused: Callable[[OSError], None]) -> list[Path]:
    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=refused):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(parent, name) for name in names if not name.startswith("."))
        try:
            found += [path for path in paths if path.is_file()]
        except PermissionError as error:  # the folder may be listed, but not entered
            refused(error)
    return sorted(found)


def _is_mail_log(stem: str) -> bool:
    return bool(_MAIL_LOG.fullmatch(stem) or _SYSTEM_LOG.fullmatch(stem)) and not _DOCUMENTATION.fullmatch(stem)


def _is_any_log(stem: str) -> bool:
    return bool(_ANY_LOG.fullmatch(stem))


def _is_not_documentation(stem: str) -> bool:
    return not _DOCUMENTATION.fullmatch(stem)


def _repeated_by(file: Path, stems: set[tuple[Path, str]]) -> str | None:
    others = _REPEATS.get(rotation(file.name).stem.lower(), ())
    return next((other for other in others if (file.parent, other) in stems), None)
