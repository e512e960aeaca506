"""The file that the job engine keeps for itself, beside the embedded database.

What was promised is in the database, so nothing is lost with this file: where it is damaged, as it may be
after a power cut, the portal starts with a new one.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_PARTS = ("", "-journal", "-wal", "-shm")


def put_aside_if_damaged(file: Path) -> Path | None:
    """Give a damaged file another name, which is returned; None where it is sound, or not there."""
    if not file.exists() or _is_sound(file):
        return None
    aside = file.with_name(f"{file.name}.damaged")
    for part in _PARTS:
        old, new = (one.with_name(one.name + part) for one in (file, aside))
        new.unlink(missing_ok=True)
        if old.exists():
            old.replace(new)
    return aside


def _is_sound(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(file, timeout=1)) as database:
            found = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        # It is in use, or the disk fails: the engine waits, or says so.
        return True
    except sqlite3.DatabaseError:
        return False
    return bool(found[0] == "ok")
