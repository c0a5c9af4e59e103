"""Sections and findings as pandas DataFrames, for the notebook."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from analyzer.errors import UsageError
from analyzer.findings import Finding

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.report import Result

_COUNTS = frozenset({"int", "ms", "bytes"})


def section(result: Result, name: str) -> pd.DataFrame:
    """A section's rows: counts as Int64 (null where not known), shares 0 to 1, delays in ms, times tz-aware in the report's zone.

    Raises UsageError for a name that is no section.
    """
    import pandas as pd

    if name not in result.sections:
        raise UsageError(f"There is no section {name!r}. Choose one of: {', '.join(sorted(result.sections))}.")
    found = result.sections[name]
    frame = pd.DataFrame(list(found.rows), columns=[column.name for column in found.columns])
    for column in found.columns:
        if column.type == "time":
            frame[column.name] = _times(frame[column.name], result)
        elif column.type == "share":
            frame[column.name] = frame[column.name].astype("Float64")
        elif column.type in _COUNTS:
            frame[column.name] = frame[column.name].astype("Int64")
        elif frame[column.name].nunique() * 2 < len(frame):
            frame[column.name] = frame[column.name].astype("category")
    return frame


def findings(result: Result) -> pd.DataFrame:
    """One row per finding, with all of its facts."""
    import pandas as pd

    names = [field.name for field in fields(Finding)]
    frame = pd.DataFrame([[getattr(finding, name) for name in names] for finding in result.findings], columns=names)
    for name in ("first", "last"):
        frame[name] = _times(frame[name], result)
    return frame.set_index("number")


def _times(values: pd.Series, result: Result) -> pd.Series:
    import pandas as pd

    return pd.to_datetime(values, unit="us", utc=True).dt.tz_convert(result.zone)
