"""Doing: what workflows work with, whatever they do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from portal.db.work import marks
from portal.worker.holding import Holding
from portal.worker.requests import ASSESS, Lane, Work
from portal.worker.tools import Tools


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

    def go_on(self) -> None:
        """Raise `Stopped` if the engine is to end."""
        if self.stopping.is_set():
            raise Stopped


class Stopped(BaseException):
    """The engine is stopping: leave the workflow as it is, for the next start."""
