"""Inquiring: asking a system about one entity at once, because a person waits for what it says now.

Whoever has just switched on the protection of a branch does not want to wait for the next run. The
question goes the way of every other one, so limits, pauses and hosts that hang are respected; only
what is kept in reserve for people may be used, and the next run is not put off by it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.db.collection import fetched, inquiries
from portal.db.collection.inquiries import Inquiry, Said
from portal.worker.systems.learning import Learned
from portal.worker.systems.scheduled import learner_of
from portal.worker.tools import Tools

PAUSE = timedelta(seconds=10)
"""Time between two inquiries about an entity: nobody has other systems flooded by a button."""


def inquire(tools: Tools, argument: str) -> Said | None:
    """Ask a system about one entity; None where that is not to be done any more, or was just done.

    `argument` is what follows in the key: the entity's ref and the name of the system's runs.
    """
    kind, rest, name = argument.split(":", 2)
    one = next((one for one in tools.scheduled if one.name == name), None)
    with tools.database.read() as connection:
        entity = fetched.candidate(connection, f"{kind}:{rest}")
        last = inquiries.listed(connection, entity.id).get(name) if entity else None
    if one is None or entity is None or (last and _is_fresh(last, tools.now())):
        return None
    with learner_of(one, pool=tools.pool, now=tools.now, urgent=True) as learner:
        learned = learner.learn([entity])
    made = _inquiry(name, learned, tools)
    with tools.database.write() as connection:
        if fetched.candidate(connection, entity.ref) is None:
            return None
        fetched.keep(connection, learned.records, tools.readers, now=tools.now())
        inquiries.put(connection, entity.id, made)
    return made.said


def _is_fresh(last: Inquiry, now: datetime) -> bool:
    """Whether it was just made, and not by a clock that has since been set back."""
    return last.at <= now < last.at + PAUSE


def _inquiry(name: str, learned: Learned, tools: Tools) -> Inquiry:
    pause, problem = learned.pause, learned.problem
    if pause is not None:
        said, problem = Said.PAUSED, pause.problem
    else:
        said = Said.FAILED if learned.failed else Said.LEARNED
    return Inquiry(name=name, at=tools.now(), said=said, problem=problem)
