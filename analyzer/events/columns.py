"""Rows of events to Arrow record batches, built from buffers (``pyarrow.array`` would load pandas).

Knows the columns' types; knows nothing of lines.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from analyzer import schema
from analyzer.schema import Column

if TYPE_CHECKING:
    import pyarrow as pa

#: What the tallies need besides the schema's columns; not part of what users get.
DERIVED: tuple[Column, ...] = (
    Column("file_no", "int32", "place of the file in reading order"),
    Column("shape", "text", "normalised text of a failure"),
    Column("sender_domain", "category", "domain of the envelope sender, lower case"),
    Column("recipient_domain", "category", "domain of the recipient, lower case"),
    Column("raw", "text", "the raw line of a failure, at most 600 bytes, control characters escaped"),
)

ALL: tuple[Column, ...] = schema.EVENTS + DERIVED
_ARRAY_CODES = {"int8": "b", "int16": "h", "int32": "i", "int64": "q", "time": "q"}


def decode(value: bytes | str) -> str:
    """Text of a log as str; bytes that are no UTF-8 become ``\\xNN``, so nothing is lost and everything is valid."""
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of these columns, with the version of ours in its metadata."""
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "category": pa.dictionary(pa.int32(), pa.string()),
        "int8": pa.int8(),
        "int16": pa.int16(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    return pa.schema(
        [pa.field(column.name, types[column.type]) for column in columns],
        metadata={"analyzer_schema": str(schema.VERSION)},
    )


def batch(rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> pa.RecordBatch:
    """Rows, as dicts of column to value (absent or None is null), as one record batch."""
    import pyarrow as pa

    wanted = arrow_schema(columns)
    present = set().union(*rows)  # most columns are empty in most batches
    arrays = [
        array_of([row.get(c.name) for row in rows], c, wanted.field(c.name).type)
        if c.name in present
        else pa.nulls(len(rows), wanted.field(c.name).type)
        for c in columns
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)


def array_of(values: list[Any], column: Column, kind: pa.DataType) -> pa.Array:
    """Values, None where there is none, as an array of a column's type."""
    import pyarrow as pa

    valid = _validity(values)
    if column.type == "text":
        return _strings(values, valid)
    if column.type == "category":
        codes: dict[bytes, int] = {}
        indices = array("i", (0 if v is None else codes.setdefault(_utf8(v), len(codes)) for v in values))
        index_array = pa.Array.from_buffers(pa.int32(), len(values), [valid, pa.py_buffer(indices)])
        return pa.DictionaryArray.from_arrays(index_array, _strings(list(codes), None))
    numbers = array(_ARRAY_CODES[column.type], (0 if v is None else v for v in values))
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(numbers)])


def _strings(values: list[Any], valid: pa.Buffer | None) -> pa.Array:
    import pyarrow as pa

    encoded = [b"" if v is None else _utf8(v) for v in values]
    offsets = array("i", accumulate(map(len, encoded), initial=0))
    buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def _utf8(value: bytes | str) -> bytes:
    if isinstance(value, bytes) and value.isascii():
        return value
    return decode(value).encode("utf-8", "backslashreplace")


def _validity(values: list[Any]) -> pa.Buffer | None:
    import pyarrow as pa

    if None not in values:
        return None
    bits = "".join("0" if v is None else "1" for v in reversed(values))
    return pa.py_buffer(int(bits, 2).to_bytes((len(values) + 7) // 8, "little"))
