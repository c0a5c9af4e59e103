"""What can go wrong, as exceptions that carry their exit code and end with the cure.

AnalyzerError                exit 2 unless said otherwise
  UsageError                 wrong option or name; names the nearest valid choice
  SourceError                a log cannot be read; says why and what to try
  GrammarError               a grammar file is wrong: file, entry, rule broken, how to fix
  CatalogueError             a catalogue file is wrong, likewise
  SectionError               a tally or a section file is wrong, likewise

Anything wrong *inside* a log is no exception but a row of damage, counted in the report.
"""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit codes of every command (contract: README, "Exit codes")."""

    DONE = 0
    FAIL_ON = 1
    USAGE = 2
    DAMAGED = 3
    INTERNAL = 70
    INTERRUPTED = 130


class AnalyzerError(Exception):
    """Base of all errors that are told to the user as one sentence."""

    exit_code: ExitStatus = ExitStatus.USAGE


class UsageError(AnalyzerError):
    """A wrong option, name or code."""


class SourceError(AnalyzerError):
    """A log that cannot be read."""


class GrammarError(AnalyzerError):
    """A grammar file that breaks a rule of the template language."""


class CatalogueError(AnalyzerError):
    """A catalogue file with a missing or contradictory entry."""


class SectionError(AnalyzerError):
    """A tally or section file without its header, or with SQL that does not fit it."""
