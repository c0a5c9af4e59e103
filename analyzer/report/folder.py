"""Puts files into a folder: each appears whole or not at all, readable by its owner alone."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from analyzer.errors import UsageError


def put(path: Path, content: bytes) -> Path:
    """Write the file under a temporary name beside its place, with mode 0600 from the start, then move it there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp creates with 0600
    except OSError as error:
        raise UsageError(_sentence(path, error)) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except OSError as error:
        raise UsageError(_sentence(path, error)) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
    return path


def _sentence(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{path} cannot be written: {reason}. Choose another folder with -o, or make room and try again."
