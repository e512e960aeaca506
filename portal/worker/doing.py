"""Doing: what workflows work with, whatever they do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from portal.db.work import marks
from portal.worker.holding import Holding
from portal.worker.requests import ASSESS, Lane, Work
from portal.worker.tools import Tools

MOMENT = 0.005
"""Seconds between two looks at whether what is more urgent has been done."""


@dataclass(frozen=True, kw_only=True)
class Doing:
    """What workflows work with."""

    tools: Tools
    requests: Work
    report: Callable[[str], None]
    """Is told, in a sentence, what has been done."""
    stopping: threading.Event
    """Set when the engine is to end."""
    holding: Holding
    """What this worker has claimed."""

    def assess_marked(self) -> None:
        """Ask for what is marked to be looked at, if anything is."""
        with self.tools.database.read() as connection:
            marked = marks.any_marked(connection)
        if marked:  # of a thousand locations that are read after each other one finds it asked for
            self.requests.request_anew([ASSESS], Lane.EVENT)

    def give_way(self, until: float) -> None:
        """Wait while this worker does something that a person waits for; until then at most, in seconds
        of the monotonic clock. Else both take turns, and the person waits twice as long.
        """
        while self.holding.serves_person() and monotonic() < until:
            self.stopping.wait(MOMENT)

    def go_on(self) -> None:
        """Raise `Stopped` if the engine is to end."""
        if self.stopping.is_set():
            raise Stopped


class Stopped(BaseException):
    """The engine is stopping: leave the workflow as it is, for the next start."""
