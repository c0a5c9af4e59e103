"""The column ``cause``: why an event failed, decided once for each text and its codes.

Knows which events are failures; what a text means the causes know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from analyzer.events.columns import ALL, array_of, arrow_schema
from analyzer.schema import CAUSE, Column

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.causes import Causes

#: Events that are failures where their reply is of class 4 or 5, or where there is none.
_FAILED = frozenset({"rejected", "deferred", "bounced", "expired", "auth_failed", "attempt_failed", "protocol_error"})
_NEEDED = ("event", "shape", "speaker", "reply_code", "enhanced_code", "reply_class")
_MOST_KNOWN = 100_000


def columns_for(columns: Sequence[Column]) -> list[Column]:
    """What must be read for these columns and their causes."""
    names = {*(column.name for column in columns), *_NEEDED}
    return [column for column in ALL if column.name in names]


def with_causes(batches: Iterable[pa.RecordBatch], columns: Sequence[Column], book: Causes) -> Iterator[pa.RecordBatch]:
    """Batches of ``columns_for(columns)`` as batches of these columns."""
    import pyarrow as pa

    wanted = arrow_schema(columns)
    known: dict[tuple[str, int | None, str | None, str], str] = {}
    for batch in batches:
        causes = array_of(_causes(batch, book, known), CAUSE, wanted.field(CAUSE.name).type)
        arrays = [causes if column is CAUSE else batch.column(column.name) for column in columns]
        yield pa.RecordBatch.from_arrays(arrays, schema=wanted)


def _causes(
    batch: pa.RecordBatch, book: Causes, known: dict[tuple[str, int | None, str | None, str], str]
) -> list[str | None]:
    found: list[str | None] = []
    for event, shape, speaker, code, enhanced, digit in zip(*(batch.column(name).to_pylist() for name in _NEEDED), strict=True):
        if event not in _FAILED or (digit or 5) < 4:
            found.append(None)
            continue
        said = (shape or "", code, enhanced, speaker or "local")
        cause = known.get(said)
        if cause is None:
            if len(known) >= _MOST_KNOWN:
                known.clear()
            cause = known[said] = book.cause_of(said[0], reply_code=code, enhanced_code=enhanced, speaker=said[3])
        found.append(cause)
    return found
