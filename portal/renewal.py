"""Renewal: a process whose scorecards are no longer those in force starts anew with those that are.

Everything in a process is made from the scorecards that it began with: compiled rules, pages, the
children's set-up. Publishing is rare and starting takes a second or two, so nothing of it is exchanged while
it runs.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from portal.db.evaluation import scorecard_repositories
from portal.db.failures import log_failure
from portal.wiring import Portal

POLL = 2.0
"""Seconds between two looks."""

log = logging.getLogger(__name__)


class Renewal:
    """Looks whether the scorecards of repositories are still those that the portal was opened with."""

    def __init__(self, portal: Portal, renew: Callable[[], None]) -> None:
        """`renew` is called once, in a thread of its own."""
        self._portal = portal
        self._renew = renew
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="renewal", daemon=True)

    def start(self) -> None:
        """Begin to look; without such repositories there is nothing to look for."""
        if self._portal.settings.scorecard_repositories:
            self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def _watch(self) -> None:
        while not self._stopping.wait(POLL):
            try:
                with self._portal.database.read() as connection:
                    edition = scorecard_repositories.edition(connection)
            except Exception as failure:  # noqa: BLE001 - logged; a database that is away for a while
                log_failure(log, failure, "could not look whether scorecards changed")
                continue
            if edition != self._portal.repository_scorecards.edition:
                log.info("scorecards of repositories changed: starting anew")
                self._renew()
                return
