"""The database in memory that the tallies are kept in: opened beside other work, spilling to disk, and not failing for memory."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: Each thread of the database needs its own part of the memory limit: more would have too little.
MOST_THREADS = 8
#: How often a statement is tried: as it is, on one thread, and with half as much memory more each time.
_MOST_STEPS = 6


class Database:
    """An in-memory database that takes at most ``memory`` bytes before it spills into a private folder; close it.

    It opens on a thread of its own, and ``prepare`` is done there to its connection; whoever asks first waits for that.
    """

    def __init__(self, memory: int, threads: int | None, prepare: Callable[[Any], None]) -> None:
        self._folder = TemporaryDirectory(prefix="analyzer-")
        self._threads = threads or min(os.cpu_count() or 1, MOST_THREADS)
        self._allowed = memory
        self._opener = ThreadPoolExecutor(1)
        self._opening = self._opener.submit(self._open, prepare)

    def _open(self, prepare: Callable[[Any], None]) -> Any:
        import duckdb

        connection: Any = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{self._allowed}B",
                "temp_directory": self._folder.name,
                "preserve_insertion_order": False,
                # Nothing is ever fetched from elsewhere, and no name in a query means a variable of some caller.
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,
                "threads": self._threads,
            },
        )
        prepare(connection)
        return connection

    @property
    def connection(self) -> Any:
        """The connection itself, once it is open: for what cannot be done twice."""
        return self._opening.result()

    def close(self) -> None:
        """Free the memory and remove what was spilled."""
        self.connection.close()
        self._opener.shutdown()
        self._folder.cleanup()

    def limit(self, memory: int) -> None:
        """Let the database take so many bytes, or what it holds now if that is more."""
        import duckdb

        with suppress(duckdb.OutOfMemoryException):
            self._set(f"memory_limit = '{memory}B'")
            self._allowed = memory

    def _set(self, option: str) -> None:
        # With a cursor of its own: what was asked before may still be to be fetched.
        self.connection.cursor().execute(f"SET GLOBAL {option}")

    def execute(self, sql: str, values: list[Any] | None = None) -> Any:
        """Run a statement; where its share of memory does not do, on one thread, and then with more and more memory.

        Most of what the database holds can go to disk, but not the hash tables of a question while it is answered: a report
        that takes more memory than was asked for is better than none.
        """
        import duckdb

        allowed, step = self._allowed, 0
        try:
            for step in range(_MOST_STEPS):
                try:
                    return self.connection.execute(sql, values)
                except duckdb.OutOfMemoryException:
                    if step == _MOST_STEPS - 1:
                        raise
                    self._set("threads = 1")
                    self.limit(allowed + step * allowed // 2)
        finally:
            if step:
                self.limit(allowed)
                self._set(f"threads = {self._threads}")
