"""The public face is what ``__all__`` says, sorted, documented and importable."""

from __future__ import annotations

import analyzer


def test_all_is_sorted_and_importable() -> None:
    assert analyzer.__all__ == sorted(analyzer.__all__)
    for name in analyzer.__all__:
        assert getattr(analyzer, name) is not None


def test_nothing_public_is_left_out() -> None:
    public = {name for name in vars(analyzer) if not name.startswith("_")}
    defined_here = {n for n in public if getattr(getattr(analyzer, n), "__module__", "") == "analyzer"}
    assert defined_here <= set(analyzer.__all__)


def test_functions_are_documented() -> None:
    for name in ("analyze", "iter_events", "read_events"):
        assert getattr(analyzer, name).__doc__
