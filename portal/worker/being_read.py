"""What is being read: repositories that a worker has at hand, and collects about in a moment.

Whoever assesses meanwhile leaves their entities out. Another worker would fetch the same revision of the
same repositories once more, only to collect what is stored a moment later.
"""

from __future__ import annotations

from portal.db.sources import repositories
from portal.db.state import Connection
from portal.db.work import claims
from portal.worker.requests import PART


def being_read(connection: Connection) -> tuple[range, ...]:
    """The ids of the repositories of each part that a worker is reading.

    Whoever has shared out a location asks for the assessment again once no part of it is left.
    """
    keys = claims.worked_on(connection, f"{PART}:")
    return tuple(repositories.part_of(int(key.rpartition(":")[2])) for key in keys)
