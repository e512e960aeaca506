"""Updates: heads that need not be asked for, because nothing was pushed since they were told.

A Gitea or Forgejo sets the time of a repository's last update with every push, once the push has been
taken in (`pushUpdates` of its `services/repository/push.go`), and with other changes as well. It has
whole seconds, and may come late. So a head is kept only where it was told well after that time: what is
pushed later has another. Who changes a repository on the server's disk tells nobody; so each head is
asked for now and then whatever the time says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from zlib import crc32

from plugins.forges.projects import Project

SETTLED = 600.0
"""Seconds after an update from which on a head is taken to be that of it. Clocks differ, too."""

TRUSTED = 86_400.0
"""Seconds for which a head is not asked for, at most; at least half of it, so that it is not all at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    updated: str
    commit: str
    until: float


class Updates:
    """Of one forge, as this process knows it. Several threads may use it at once."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._guard = clock, Lock()
        self._listed: dict[tuple[str, str], str] = {}
        self._heads: dict[tuple[str, str], _Head] = {}

    def listed(self, project: Project) -> Project:
        """A project of a list, with its head where that is known to be the same."""
        key = (project.path.lower(), project.branch)
        with self._guard:
            self._listed[key] = project.updated
            head = self._heads.get(key)
        is_same = head is not None and head.updated == project.updated != ""
        if head is None or not is_same or self._clock() >= head.until:
            return project
        return replace(project, commit=head.commit)

    def told(self, path: str, branch: str, commit: str) -> None:
        """Note the head of a branch that the forge has just told."""
        key, now = (path.lower(), branch), self._clock()
        with self._guard:
            updated = self._listed.get(key, "")
            if not commit or not _is_before(updated, now - SETTLED):
                self._heads.pop(key, None)
                return
            part = crc32(path.encode()) / 2**32  # the same for each, and another for others
            until = now + TRUSTED * (1 + part) / 2
            self._heads[key] = _Head(updated=updated, commit=commit, until=until)


def _is_before(text: str, moment: float) -> bool:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return False
    return at.tzinfo is not None and at.timestamp() < moment
