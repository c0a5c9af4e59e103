"""Did they count the messages? Totals of a competitor held against what the generator says it wrote."""

from __future__ import annotations

import json
import re

#: Figures of our totals that must be the generator's own.
OURS = ("accepted", "recipients", "delivered", "bounced", "waiting", "rejected", "deferrals", "bytes_received")
UNITS = {"": 1, "k": 1_024, "m": 1_048_576}


def ours(document: bytes, counts: dict[str, int]) -> list[str]:
    """What is wrong in the document of `report --format json`: sentences, none if all is right."""
    data = json.loads(document)
    totals = {row[0]: row[1] for row in data["sections"]["totals"]["rows"]}
    lines = data["accounting"]
    wrong = [
        f"{name} is {totals.get(name)}, not {counts.get(name, 0)}"
        for name in OURS
        if totals.get(name) != counts.get(name, 0)
    ]
    wrong += [
        f"{name} is {lines[name]}, not {counts.get(name, 0)}"
        for name in ("lines", "other_programs")
        if lines[name] != counts.get(name, 0)
    ]
    wrong += [f"{lines[name]} lines are {name}" for name in ("unrecognised", "damaged") if lines[name]]
    return wrong


def pflogsumm(report: bytes, counts: dict[str, int]) -> list[str]:
    """pflogsumm's received are those of clients and of pickup; it shortens large numbers to thousands or millions."""
    expected = {
        "received": counts["from_clients"] + counts["from_here"],
        "delivered": counts["delivered"],
        "rejected": counts["rejected"],
    }
    wrong = []
    for name, number in expected.items():
        found = re.search(rf"^ +(\d+)([km]?) +{name}\b", report.decode(errors="replace"), re.M)
        told = int(found[1]) * UNITS[found[2]] if found else None
        if told is None or abs(told - number) > UNITS[found[2]] - 1 + (number // 100 if found[2] else 0):
            wrong.append(f"{name} is {told}, not {number}")
    return wrong


def eximstats(report: bytes, counts: dict[str, int]) -> list[str]:
    """eximstats' received are all arrivals, notifications too; of deliveries it counts the addresses."""
    text = report.decode(errors="replace")
    received = re.search(r"^ +Received +\S+ +(\d+)", text, re.M)
    delivered = re.search(r"^ +Delivered +\S+ +\d+ +(\d+)", text, re.M)
    pairs = [("received", received, counts["accepted"]), ("delivered", delivered, counts["delivered"])]
    return [
        f"{name} is {found and found[1]}, not {number}"
        for name, found, number in pairs
        if not found or int(found[1]) != number
    ]
