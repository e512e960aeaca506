"""Heads: what listings said of repositories, so that nobody has to be asked twice for the same.

It is kept for as long as the process lives, and a head is used once: whoever asks again wants to
know what there is now.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from plugins.contract import ForgeProvider
from plugins.forges.projects import Project

FRESH = 900.0
"""Seconds for which a listing's word on a head is taken."""


class Heads:
    """By URL of a repository. Several threads may use it at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._guard = clock, Lock()
        self._fresh: dict[str, tuple[Project, float]] = {}
        self._known: dict[str, tuple[str, ForgeProvider | None]] = {}

    def keep(self, url: str, project: Project, provider: ForgeProvider | None) -> None:
        """Note what a listing of `provider`, or of the one repository, says."""
        with self._guard:
            self._known[url] = (project.branch, provider)
            if project.commit:
                self._fresh[url] = (project, self._clock() + FRESH)

    def take(self, url: str) -> Project | None:
        """What was last said, unless somebody has taken it or it is too old."""
        with self._guard:
            project, until = self._fresh.pop(url, (None, 0.0))
        return project if self._clock() < until else None

    def known(self, url: str) -> tuple[str, ForgeProvider | None] | None:
        """The branch and the provider of a repository that was listed."""
        with self._guard:
            return self._known.get(url)
