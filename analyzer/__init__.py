"""Mail logs of Postfix, Exim and sendmail: what was said, what keeps failing, why, and what to do.

The Python face; the same names and meanings as on the command line (README, "In Python"). Nothing heavy is imported
until it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.catalogue import Catalogue
    from analyzer.causes import Explanation
    from analyzer.pipeline import Analysis, Options

    codes: Catalogue

__all__ = ["__version__", "analyze", "codes", "explain", "iter_events", "read_events"]

Paths = str | Path | Iterable[str | Path] | None


def analyze(paths: Paths = None, **options: Any) -> Analysis:
    """Analyse logs: the result of ``analyzer report`` as an object.

    ``paths`` is a file, folder or glob, or several; None tries the usual places. Options are those of the command line
    (``mta``, ``since``, ``until``, ``year``, ``log_timezone``, ``timezone``, ``recurring``, ``own``).
    Raises SourceError if nothing can be read, UsageError for a wrong option.
    """
    from analyzer import pipeline

    return pipeline.run(_options(paths, options))


def explain(text: str, speaker: str = "remote") -> Explanation:
    """The cause of one reply: ``.cause``, ``.evidence``, ``.confidence``, ``.catalogue``, ``.fix``.

    ``speaker``: ``remote`` (another server, to us), ``us`` (our server, to a client), ``local`` (a diagnostic of our MTA).
    """
    from analyzer.causes import load

    return load().explain(text, speaker=speaker)


def read_events(paths: Paths, columns: Sequence[str] | None = None, **options: Any) -> pa.Table:
    """All events of the logs as one table: one row per event, columns as in the README; times UTC.

    ``events.to_pandas()`` gives tz-aware times and categoricals for repeated texts.
    """
    return iter_events(paths, columns, **options).read_all().unify_dictionaries()


def iter_events(paths: Paths, columns: Sequence[str] | None = None, **options: Any) -> pa.RecordBatchReader:
    """The same as a stream of record batches, in memory that does not grow with the log."""
    from analyzer import pipeline

    return pipeline.EventStream(_options(paths, options), columns).reader()


def _options(paths: Paths, options: dict[str, Any]) -> Options:
    from analyzer.errors import UsageError
    from analyzer.pipeline import Options

    chosen = () if paths is None else (paths,) if isinstance(paths, (str, Path)) else tuple(paths)
    own = options.pop("own", ())
    try:
        return Options(tuple(map(str, chosen)), own=(own,) if isinstance(own, str) else tuple(own), **options)
    except TypeError as error:
        raise UsageError(f"{error}. Options are named as on the command line, see analyzer report --help.") from None


def __getattr__(name: str) -> Any:
    if name == "codes":
        from analyzer import catalogue

        return catalogue.load()
    raise AttributeError(f"module 'analyzer' has no attribute {name!r}")
