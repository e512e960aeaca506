"""Memory: what the index said of filters, the last time that it was asked.

Most of what is asked has been asked before, and the catalog is still the same. So a page may be read with
what is remembered: what it reads says the state of the catalog besides, and where that is the one that is
remembered, so is all else. Every process has a memory of its own, and none has to hear of changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from portal.db.postgres import Family
from portal.db.prepared import FAMILY, Row

MOST = 500
"""Questions that are remembered: anybody may ask any."""

LONGEST = 2_000
"""Characters of one, and `ROWS` rows: what is longer takes room, and is rarely asked again."""

ROWS = 50


@dataclass(kw_only=True)
class Memory:
    """Of one database. Threads may share it."""

    _kept: OrderedDict[str, Sequence[Row]] = field(default_factory=OrderedDict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, asked: str) -> Sequence[Row] | None:
        """What was said, if it is remembered."""
        return self._kept.get(asked)

    def put(self, asked: str, said: Sequence[Row]) -> None:
        """Remember it; what was learned first is forgotten first."""
        if len(said) > ROWS or len(asked) > LONGEST:
            return
        with self._guard:
            self._kept.pop(asked, None)
            self._kept[asked] = said
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)


def memory_of(connection: Connection) -> Memory:
    """The memory of what a connection leads to."""
    with _opening:
        return _memories.setdefault(connection.info.get(FAMILY, connection.engine), Memory())


_memories: WeakKeyDictionary[Engine | Family, Memory] = WeakKeyDictionary()
_opening = threading.Lock()
