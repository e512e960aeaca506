"""Updates: heads that need not be asked for, because nothing was pushed since they were told.

A Gitea or Forgejo sets the time of a repository's last update with every push, once the push has been
taken in (`pushUpdates` of its `services/repository/push.go`), and with other changes as well. It has
whole seconds, and may come late. So it says something of a head only where that is told well after it:
what is pushed later has another. Who changes a repository on the server's disk tells nobody; so each head
is asked for now and then whatever the time says.

What a listing says so is stored with the repository, as heads are: any worker can go on from it, and one
that starts anew.
"""

from __future__ import annotations

from datetime import datetime
from zlib import crc32

from plugins.forges.projects import Project

SETTLED = 600.0
"""Seconds after an update from which on a head is taken to be that of it. Clocks differ, too."""

TRUSTED = 86_400.0
"""Seconds between two times that a head is asked for whatever the time of the update is; not of all
repositories at once."""


def mark_of(project: Project, *, now: float) -> str:
    """A word that is the same for as long as the head of a listed project is; '': it has to be asked for.

    `now` is in seconds since 1970.
    """
    updated = _seconds(project.updated)
    if updated is None or updated >= now - SETTLED:
        return ""
    part = crc32(project.path.lower().encode()) / 2**32  # the same for each, and another for others
    return f"{int(updated)}/{int(now / TRUSTED + part)}"


def _seconds(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.timestamp() if at.tzinfo is not None else None
