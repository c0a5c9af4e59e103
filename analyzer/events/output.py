"""Events as a stream of Parquet, CSV or JSON Lines. A file appears whole or not at all, for its owner alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from analyzer.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("parquet", "csv", "jsonl")


def format_of(path: str) -> str:
    """The format that a file's ending asks for. Raises UsageError for another ending."""
    ending = Path(path).suffix.lower().lstrip(".")
    if ending not in FORMATS:
        raise UsageError(f"{path}: the ending tells the format; name the file .parquet, .csv or .jsonl.")
    return ending


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file for its owner alone that takes its name only when everything is written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write(batches: Iterable[pa.RecordBatch], schema: pa.Schema, stream: IO[bytes], kind: str) -> None:
    """Write record batches of this schema to a binary stream, one batch in memory at a time."""
    writers: dict[str, Callable[[Iterable[pa.RecordBatch], pa.Schema, IO[bytes]], None]] = {
        "parquet": _parquet,
        "csv": _csv,
        "jsonl": _jsonl,
    }
    writers[kind](batches, schema, stream)


def _parquet(batches: Iterable[pa.RecordBatch], schema: pa.Schema, stream: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


def _csv(batches: Iterable[pa.RecordBatch], schema: pa.Schema, stream: IO[bytes]) -> None:
    import csv
    import io

    names = schema.names
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for batch in batches:
        writer.writerows([_plain(value) for value in row] for row in _rows(batch))
    text.detach()


def _jsonl(batches: Iterable[pa.RecordBatch], schema: pa.Schema, stream: IO[bytes]) -> None:
    names = schema.names
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for batch in batches:
        lines = [
            encode({name: _plain(value) for name, value in zip(names, row, strict=True) if value is not None}) + "\n"
            for row in _rows(batch)
        ]
        stream.write("".join(lines).encode("utf-8"))


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _plain(value: Any) -> Any:
    """Times as ISO 8601 in UTC, all else as it is."""
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value
