"""Zones and points in time as users write them. The clock is always an argument."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from analyzer.errors import UsageError

_AGO = re.compile(r"(\d{1,5})\s*(min|h|d|w)")
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def zone(name: str | None) -> tzinfo:
    """A zone by its IANA name; this machine's zone if None. Raises UsageError with the nearest name."""
    if name is None:
        return local_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), 1)
        hint = f"Did you mean {near[0]}?" if near else "Use an IANA name such as Europe/Madrid or UTC."
        raise UsageError(f"There is no time zone {name!r}. {hint}") from None


def local_zone() -> tzinfo:
    """This machine's zone: the variable TZ, else the system's setting, else UTC."""
    candidates = [os.environ.get("TZ", "").lstrip(":")]
    link = os.path.realpath("/etc/localtime")
    if "zoneinfo/" in link:
        candidates.append(link.partition("zoneinfo/")[2])
    for candidate in candidates:
        if candidate:
            try:
                return ZoneInfo(candidate)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                continue
    return UTC


def moment(text: str, where: tzinfo, now: datetime) -> int:
    """A point in time as microseconds since the epoch.

    ISO 8601 (``2026-11-24``, ``2026-11-24 13:00``, with or without a zone), ``today``, ``yesterday``, or a time ago
    (``90min``, ``24h``, ``7d``, ``2w``). Raises UsageError for anything else.
    """
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return _microseconds(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    if text in ("today", "yesterday"):
        midnight = now.astimezone(where).replace(hour=0, minute=0, second=0, microsecond=0)
        return _microseconds(midnight - timedelta(days=1 if text == "yesterday" else 0))
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"{text!r} is no time. Write it as 2026-11-24, '2026-11-24 13:00', today, yesterday, or a time ago as 24h or 7d."
        ) from None
    return _microseconds(parsed if parsed.tzinfo else parsed.replace(tzinfo=where))


def _microseconds(when: datetime) -> int:
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
