"""Parts of a group of failures: what one sender, one sender's domain or one recipient's domain had of it.

A cause says whose matter it is (``causes.KEYS``). A value of that key that stands for a tenth of the group's failures is a
finding of its own, with a fix that names it; the others stay together, so that a thousand domains are not a thousand findings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from analyzer.findings.asking import Row, ask, sql_of

if TYPE_CHECKING:
    from analyzer.tallies import Tallies

_PARTS = "SELECT unnest($1::UBIGINT[]) AS failure_key, unnest($2::UBIGINT[]) AS value, unnest($3::UBIGINT[]) AS part"
_PARTED = "SELECT f.* REPLACE (coalesce(part, failure_key) AS failure_key) FROM failed f LEFT JOIN parts USING (failure_key, value)"


def split(
    tallies: Tallies, groups: list[Row], clients: Mapping[int, Row], cause_key: Callable[[int], str], recurring: int
) -> tuple[list[Row], list[Row]]:
    """The groups that stay whole, and the parts of the others with what is left of them, each with its ``group``.

    Makes the table ``failed``, in which each part has a key of its own.
    """
    asked = {group["failure_key"]: _key_of(group, clients, cause_key) for group in groups}
    tallies.keep("failed", sql_of("failed"), [list(asked), list(asked.values())])
    by_sender_domain = [key for key, kind in asked.items() if kind == "sender_domain"]
    if by_sender_domain:
        tallies.change(
            f"UPDATE failed SET value = s.domain_key FROM ({sql_of('sender_domains')}) s "
            "WHERE s.sender_key = failed.sender_key AND failure_key IN (SELECT unnest($1::UBIGINT[]))",
            [by_sender_domain],
        )
    parts = ask(tallies, "parts", [recurring])
    if not parts:
        return groups, []
    tallies.keep("parts", _PARTS, [[row[name] for row in parts] for name in ("failure_key", "value", "part")])
    tallies.keep("failed", _PARTED)
    group_of = {row["part"]: row["failure_key"] for row in parts} | {row["failure_key"]: row["failure_key"] for row in parts}
    by_key = {group["failure_key"]: group for group in groups}
    found = []
    for row in ask(tallies, "split_groups", [list(group_of)]):
        key = group_of[row["failure_key"]]
        found.append(by_key[key] | row | {"group": key})
    return [group for group in groups if group["failure_key"] not in group_of], found


def _key_of(group: Row, clients: Mapping[int, Row], cause_key: Callable[[int], str]) -> str:
    """Whose matter a group is; nobody's where only some were told to clients of ours: of which part they are is not counted."""
    told = clients.get(group["failure_key"])
    return "" if told and told["own"] not in (0, group["count"]) else cause_key(group["failure_key"])
