"""A reply that is logged for the host and again for each recipient: which of the lines said it first.

An MTA with the trait ``host_lines`` logs a failed attempt at a host without a recipient, then a line for each recipient
that quotes the last host's reply. The host's line is kept back until the recipients' lines have come: if one of them quotes
it, the host's line is what is ``repeated``; if none does (another host took the message), it is the only record.
"""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


class HostLines:
    """Holds host lines by queue ID; gives every row back once, in the order in which it is settled.

    The compiled engine does the same for its own rows, in ``held`` and ``answered`` (``matcher/_hosts.pxi``): a change here
    is a change there.
    """

    def __init__(self) -> None:
        self.held: dict[bytes, list[Row]] = {}
        self.answered: set[bytes] = set()  # messages whose recipients' lines have begun
        self.most = 1000  # messages

    def settle(self, rows: list[Row]) -> list[Row]:
        """The rows that are settled now: these, or those that they settle; a host's line waits."""
        if not rows:
            return rows
        first = rows[0]
        queue_id = first.get("queue_id")
        if queue_id is None:
            return rows
        if first["event"] == "attempt_failed" and first.get("reply_code") is not None:
            return self._hold(queue_id, rows)
        held = self.held.get(queue_id)
        if held is None:
            return rows
        if first.get("recipient") is None:
            return [*self._release(queue_id), *rows]
        self.answered.add(queue_id)
        for host in held:
            if _quotes(first, host):
                host["reply_origin"] = "repeated"
        return rows

    def rest(self) -> list[Row]:
        """What is still held at the end of a file."""
        return [row for queue_id in list(self.held) for row in self._release(queue_id)]

    def _hold(self, queue_id: bytes, rows: list[Row]) -> list[Row]:
        released: list[Row] = []
        if queue_id in self.answered:  # the next attempt begins
            released = self._release(queue_id)
        elif len(self.held) >= self.most and queue_id not in self.held:
            released = self._release(next(iter(self.held)))
        for row in rows:
            row["reply_origin"] = "wire"
        self.held.setdefault(queue_id, []).extend(rows)
        return released

    def _release(self, queue_id: bytes) -> list[Row]:
        self.answered.discard(queue_id)
        return self.held.pop(queue_id, [])


def _quotes(row: Row, host: Row) -> bool:
    return all(row.get(column) == host.get(column) for column in ("reply_code", "enhanced_code", "text", "relay_ip"))
