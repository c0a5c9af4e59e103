"""What is worked out from the package's own files, kept in the user's cache folder for the next run.

The folder is ``mail-log-analyzer`` in ``$XDG_CACHE_HOME``, else in ``~/.cache``. A result is kept under a key of what it was
made from: name, size and time of every source file, this version, this Python. What lies there is trusted only if nobody
else may write there; without such a folder everything is worked out anew, which costs about a second.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from analyzer.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PACKAGE = Path(__file__).parent
_KEY_BYTES = 16
#: Two installations of one version have caches of their own.
_PLACE = blake2b(str(_PACKAGE).encode(), digest_size=4).hexdigest()


T = TypeVar("T")


def cached(name: str, sources: Iterable[str], make: Callable[[], T]) -> T:
    """What ``make`` gives, or what it gave an earlier run from the same files.

    ``sources``: patterns of files below the package (``causes/*.py``), all of those that the result depends on. The result
    must be picklable, and ``make`` must depend on nothing else.
    """
    folder = cache_folder()
    key = _key(sources)
    path = None if folder is None else folder / f"{name}.{sys.implementation.cache_tag}.{_PLACE}"
    if path is not None:
        with suppress(OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError):
            data = path.read_bytes()
            if data[:_KEY_BYTES] == key:
                return cast("T", _load(data))
    made = make()
    if path is not None:
        with suppress(OSError):
            _write(path, key + pickle.dumps(made, pickle.HIGHEST_PROTOCOL))
    return made


@cache
def cache_folder() -> Path | None:
    """Our own folder in the user's cache folder, made if it is not there; None if it cannot be made or is not ours alone."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mail-log-analyzer"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stat = folder.stat()
    except (OSError, RuntimeError):  # no home, no right to write
        return None
    owner = getattr(os, "geteuid", lambda: stat.st_uid)()
    return folder if stat.st_uid == owner and not stat.st_mode & 0o022 else None


def _key(sources: Iterable[str]) -> bytes:
    found = blake2b(f"{__version__} {sys.version}".encode(), digest_size=_KEY_BYTES)
    for pattern in sources:
        for path in sorted(_PACKAGE.glob(pattern)):
            stat = path.stat()
            found.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return found.digest()


def _load(data: bytes) -> object:
    collecting = gc.isenabled()
    gc.disable()  # thousands of objects at once, none of them garbage
    try:
        return pickle.loads(memoryview(data)[_KEY_BYTES:])
    finally:
        if collecting:
            gc.enable()


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: another run may be reading."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
