"""Soundness: whether the embedded database's file is damaged, found out while it is in use.

One page that is damaged lets most reads go on, and each that meets it fails (reliability F17). So whatever
says that the file is damaged is noted, and the whole file is looked through now and then: by a connection
of its own, because others have pages in memory.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 300.0
"""Seconds between two looks, at least."""

SHARE = 50
"""A look may take one part in so many of the time until the next."""


@dataclass(kw_only=True)
class Soundness:
    """Of one file. Threads share it."""

    file: Path | None = None
    """None: it is no file."""
    fault: str = ""
    """What is damaged, as SQLite says it; '': nothing is known to be."""
    _next: float = 0.0
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, fault: str) -> None:
        """Somebody has met a damage: the file is looked through soon, which tells whether it lasts."""
        self.fault = fault
        self._next = min(self._next, time.monotonic() + EVERY / 10)

    def look_if_due(self) -> None:
        """Have the file looked through in a thread of its own, where that was long ago."""
        with self._guard:
            if self.file is None or time.monotonic() < self._next:
                return
            self._next = float("inf")  # until this one has ended
        threading.Thread(target=self.look, name="soundness", daemon=True).start()

    def look(self) -> None:
        """Look through the file now."""
        began = time.monotonic()
        try:
            self.fault = _verdict(self.file) if self.file is not None else ""
        finally:
            took = time.monotonic() - began
            self._next = time.monotonic() + max(EVERY, SHARE * took)


def _verdict(file: Path) -> str:
    """What is damaged; '' where nothing is, or it cannot be told."""
    try:
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)
    except sqlite3.Error:
        return ""
    try:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        return "" if said == "ok" else str(said).splitlines()[-1]
    except sqlite3.DatabaseError as error:
        code = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
        return str(error) if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) else ""
    finally:
        connection.close()
