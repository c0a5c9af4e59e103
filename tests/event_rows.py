"""Events made by hand, as a chunk for the tallies: a row names what matters, the rest is filled in or null."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from analyzer.events.columns import ALL, batch
from analyzer.events.lines import SHAPED, shape_of
from analyzer.tallies import Own, Tallies

START = int(datetime(2026, 11, 23, 8, tzinfo=UTC).timestamp()) * 1_000_000
MINUTE = 60_000_000
HOUR = 60 * MINUTE
Row = dict[str, Any]


def row(line: int, event: str, **fields: Any) -> Row:
    """One event on a line of its own, a minute after the line before; ``at`` is minutes from the start, or None."""
    at = fields.pop("at", line)
    code = fields.get("reply_code")
    filled: Row = {
        "file": "mail.log", "file_no": 0, "line": line, "time": None if at is None else START + round(at * MINUTE),
        "mta": "postfix", "host": "mx1", "instance": "postfix", "process": "smtp", "event": event,
        "reply_class": code // 100 if code else None, "reply_origin": "wire" if code else None,
        **fields,
    }  # fmt: skip
    for kind in ("sender", "recipient"):
        address = filled.get(kind)
        filled[f"{kind}_domain"] = address.rpartition("@")[2].lower() if address and "@" in address else None
    if event in SHAPED or (filled["reply_class"] or 0) >= 4:
        filled.setdefault("shape", shape_of(filled.get("text"), event))
        filled.setdefault("raw", f"raw line {line}")
    return filled


def chunk(rows: list[Row]) -> pa.Table:
    """Rows as the table that the tallies read."""
    return pa.Table.from_batches([batch(rows, ALL)])


def tallied(rows: list[Row], *more: list[Row], zone: Any = UTC, own: tuple[str, ...] = ()) -> Tallies:
    """Merged tallies of one or more chunks; close them."""
    tallies = Tallies(zone, own=Own.parse(own), threads=1)
    for part in (rows, *more):
        if part:
            tallies.add(chunk(part))
    tallies.merge()
    return tallies


def message(line: int, queue_id: str, sender: str = "ann@example.org", **fields: Any) -> Row:
    """A message put into the queue."""
    return row(line, "queued", queue_id=queue_id, sender=sender, process="qmgr", **{"size": 1000, "nrcpt": 1, **fields})


def delivery(line: int, event: str, queue_id: str, recipient: str, **fields: Any) -> Row:
    """One recipient's delivery attempt at another server."""
    code = {"delivered": 250, "deferred": 451, "bounced": 550}.get(event)
    return row(line, event, **{
        "queue_id": queue_id, "recipient": recipient, "speaker": "remote", "stage": "rcpt", "transport": "smtp",
        "relay_host": "mx." + recipient.rpartition("@")[2], "reply_code": code, "delay_ms": 1500,
        "text": "said so", **fields,
    })  # fmt: skip


def busy_hours(seed: int, count: int = 400) -> list[Row]:
    """A random but repeatable mix of everything that tallies, sections and findings look at, over some hours."""
    rng = random.Random(seed)
    rows: list[Row] = []
    people = [
        f"{name}@{domain}"
        for name in ("ann", "Bob", "cy", "dee")
        for domain in ("example.net", "example.com", "a.test")
    ]
    texts = [
        "<{}>: User unknown",
        "Try again later",
        "Mailbox name invalid {}",
        "connect to mx[192.0.2.1]:25: timed out",
    ]
    for number in range(count):
        line = number // 2 + 1  # two events a line, as sendmail's to=a,b
        at = None if rng.random() < 0.03 else rng.random() * 600
        who, whom, text = rng.choice(people), rng.choice(people), rng.choice(texts)
        base: Row = {
            "at": at,
            "file": "b.log" if line % 3 else "a.log",
            "file_no": 1 if line % 3 else 0,
            "text": text.format(whom),
        }
        queue_id = f"Q{rng.randrange(60)}"
        client = {
            "client_ip": f"{rng.choice(['10', '203'])}.0.113.{rng.randrange(4)}",
            "client_host": rng.choice([None, "c.test", "d.test"]),
        }
        match rng.randrange(8):
            case 0:
                rows.append(message(line, queue_id, who, size=rng.randrange(9000), **base, **client))
            case 1:
                rows.append(row(line, "connected", process="smtpd", **base, **client))
            case 2:
                rows.append(
                    row(line, "rejected", process="smtpd", speaker="us", stage=rng.choice(["mail", "rcpt"]), sender=who,
                        recipient=rng.choice([whom, None]), reply_code=rng.choice([450, 550, 553]),
                        enhanced_code=rng.choice(["5.7.1", None]),
                        rule=rng.choice(["helo", None]), auth_user=rng.choice([None, None, "crm"]), **base, **client)
                )  # fmt: skip
            case 3:
                rows.append(
                    row(
                        line,
                        rng.choice(["warning", "error", "held", "screened"]),
                        queue_id=queue_id,
                        recipient=whom,
                        **base,
                    )
                )
            case 4:
                rows.append(row(line, "expired", queue_id=queue_id, process="qmgr", **{**base, "text": ""}))
            case 5:
                rows.append(
                    delivery(line, "deferred", queue_id, whom, **{**base, "reply_code": None, "speaker": "local"})
                )
            case _:
                event = rng.choice(["delivered", "delivered", "deferred", "bounced", "discarded", "redirected"])
                rows.append(delivery(line, event, queue_id, whom, delay_ms=rng.randrange(0, 90_000, 100), **base))
    return rows
