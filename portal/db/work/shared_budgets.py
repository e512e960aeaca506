"""Budgets, shared by the database: what one process is told by a forge, all others know seconds later.

Answers come many times a second, and say little that is new: what is left is told every few seconds,
and only a refusal at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from threading import Lock

from sqlalchemy.exc import SQLAlchemyError

from plugins.budgets import Budget
from portal.db.engine import Database
from portal.db.work import budgets

log = logging.getLogger(__name__)

LOOK, TELL = 2.0, 5.0
"""Seconds between two looks at what others know, and between two words to them."""


class SharedBudgets:
    """`plugins.budgets.Budgets` in the portal's database."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock
        self._guard = Lock()
        self._known: Mapping[str, Budget] = {}
        self._looked_at = float("-inf")
        self._told: dict[str, tuple[float, float]] = {}
        """By system, when the others were told, and of what end of a pause."""

    def of(self, system: str) -> Budget:
        """See `Budgets.of`."""
        now = self._clock()
        with self._guard:
            is_due = not 0 <= now - self._looked_at < LOOK
            if is_due:
                self._looked_at = now  # the others go on with what was known
        if is_due:
            try:
                with self._database.read() as connection:
                    self._known = budgets.listed(connection)
            except SQLAlchemyError as error:
                log.warning("what forges allow could not be read: %s", error)
        return self._known.get(system, Budget())

    def tell(self, system: str, budget: Budget) -> None:
        """See `Budgets.tell`."""
        now = self._clock()
        with self._guard:
            when, until = self._told.get(system, (float("-inf"), 0.0))
            if 0 <= now - when < TELL and budget.until <= until:
                return
            self._told[system] = (now, budget.until)
        try:
            with self._database.write() as connection:
                budgets.tell(connection, system, budget, now=now)
        except SQLAlchemyError as error:
            log.warning("what forges allow could not be written: %s", error)
