"""Runs a grammar over the lines of a log. The one door to the engines: whoever matches asks here.

``Recogniser`` tells whose line it is by the program name, and what the line says by that MTA's grammar.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from analyzer.grammar import Grammar, load_all
from analyzer.matcher.python import Match, Matcher, process_of

__all__ = ["Match", "Matcher", "Program", "Recogniser"]


class Program(NamedTuple):
    """A program of an MTA: ``process`` is the last component of its name, ``instance`` what stands before it."""

    mta: str
    instance: str
    process: str
    matcher: Matcher


class Recogniser:
    """Recognises the lines of all MTAs, or of the one asked for."""

    def __init__(self, grammars: Iterable[Grammar] | None = None, mta: str | None = None) -> None:
        chosen = [g for g in (load_all() if grammars is None else grammars) if mta in (None, g.mta)]
        self.matchers = {g.mta: Matcher(g) for g in chosen}
        self._programs: dict[bytes, Program | None] = {}

    def program(self, tag: bytes) -> Program | None:
        """Whose program this is by its name; None for programs that are no MTA's. The empty name is Exim's own file."""
        try:
            return self._programs[tag]
        except KeyError:
            found = self._find(tag)
            if len(self._programs) < 10_000:  # names come from the log: do not let them pile up
                self._programs[tag] = found
            return found

    def _find(self, tag: bytes) -> Program | None:
        for mta, matcher in self.matchers.items():
            names = process_of(tag, matcher.grammar)
            if names is not None:
                return Program(mta, *names, matcher)
        return None
