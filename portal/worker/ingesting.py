"""Ingesting: the workflows that bring the catalog in line with its sources."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from math import inf
from time import monotonic

from dbos import DBOS

from catalog.ingest.ingestion import Ingested
from portal.db.sources import repositories
from portal.db.work.claims import Claim
from portal.worker import jobs, listings, together
from portal.worker.assessment import collecting
from portal.worker.doing import Doing
from portal.worker.requests import ASSESS, Lane, ingest_key, location_of, part_key
from portal.worker.sharing import share_out

COURTESY = 0.3
"""Seconds, from its beginning, in which a batch lets go first what a person waits for."""

log = logging.getLogger(__name__)


def ingest_workflow(doing: Doing) -> Callable[[str], None]:
    """What is done for a location: it is listed, and what is due of it is read, with what it leads to."""
    read = DBOS.step(name="read_location")(lambda location: _read_location(doing, location))
    share = DBOS.step(name="share_out")(
        lambda location, parts: share_out(
            doing,
            {part_key(location, n): partial(_read_shared, doing, location, n) for n in parts},
        )
    )
    settle = DBOS.step(name="settle")(lambda location: jobs.settle(doing.tools, location))

    def workflow(location: str) -> None:
        ahead = [location]
        for one in ahead:  # grows by what the Locations that are read lead to
            linked, parts = read(one)
            ahead += linked
            if parts:
                share(one, parts)
                settle(one)
        doing.assess_marked()

    return workflow


def part_workflow(doing: Doing) -> Callable[[str], None]:
    """What is done for a part of a location that has been listed."""
    read = DBOS.step(name="read_shared_part")(
        lambda location, part: _read_shared(doing, location, part)
    )

    def workflow(argument: str) -> None:
        location, _, part = argument.rpartition(":")
        read(location, int(part))
        if not doing.holding.not_kept([ingest_key(location)]):
            # Whoever shared it out asks at the end; here nobody is left who does.
            doing.assess_marked()

    return workflow


def together_workflow(doing: Doing, alone: Callable[[str], None]) -> Callable[[list[Claim]], None]:
    """What is done for claims of locations that lead to little; `alone` is done for one of them."""
    read = DBOS.step(name="read_together")(
        lambda locations, patient: _read_together(doing, locations, patient=patient)
    )

    def workflow(these: list[Claim]) -> None:
        claimed = {location_of(one.key): one for one in these}
        left: dict[str, list[str]] = {one: [one] for one in claimed}

        def work() -> list[str]:
            nonlocal left
            found = read([*claimed], these[0].lane != Lane.PERSON)
            doing.assess_marked()
            left = found
            return [ingest_key(one) for one in left]

        more = {one: left[location_of(one.key)] for one in doing.holding.keep_together(these, work)}
        doing.holding.release([claim for claim, locations in more.items() if not locations])
        for claim, locations in more.items():
            if locations:
                doing.holding.keep(claim, partial(_each, alone, locations))

    return workflow


def refresh_workflow(doing: Doing) -> Callable[[str], None]:
    """What is done for one repository."""
    refresh = DBOS.step(name="refresh")(lambda repository: _refresh(doing, int(repository)))

    def workflow(repository: str) -> None:
        done = refresh(repository)
        if done is None:
            return
        _tell(doing, done, 1, 1)
        for location in done.linked:
            doing.requests.request(ingest_key(location), Lane.PERSON)
        if not done.unchanged:
            doing.requests.request(ASSESS, Lane.EVENT)

    return workflow


def _read_location(doing: Doing, location: str) -> tuple[list[str], tuple[int, ...]]:
    """Read what is due of a location; returns the locations that it newly leads to.

    Of one with several parts nothing is read, and they are returned. All in one step: most locations
    are a single file, and to note a step takes as long as to read that.
    """
    parts = (
        listings.parts_due(doing.tools, location) if listings.look(doing.tools, location) else ()
    )
    if len(parts) > 1:
        return [], parts
    linked = _read_part(doing, location, parts[0]) if parts else []
    jobs.settle(doing.tools, location)
    return linked, ()


def _read_part(doing: Doing, location: str, part: int) -> list[str]:
    """Read what is due in a part of a location; returns the locations that it newly leads to."""
    found = listings.due(doing.tools, [location], part=part)
    linked: list[str] = []
    with closing(jobs.ingest_all(doing.tools, found)) as reading:
        for number, (_, done) in enumerate(reading, start=1):
            linked += done.linked
            _tell(doing, done, number, len(found))
            doing.go_on()
    return linked


def _read_shared(doing: Doing, location: str, part: int) -> None:
    """Read a part that anybody may have asked for, and collect while its repositories are at hand."""
    linked = _read_part(doing, location, part)
    collecting.collect_within(doing.tools, repositories.part_of(part))
    doing.requests.request_all([ingest_key(one) for one in linked], Lane.EVENT)


def _read_together(
    doing: Doing, locations: Sequence[str], *, patient: bool
) -> dict[str, list[str]]:
    """Read locations that lead to little; `patient`: no person waits for these themselves."""
    until = monotonic() + COURTESY if patient else -inf

    def between() -> None:
        doing.go_on()
        doing.give_way(until)

    def told(done: Ingested, number: int, total: int) -> None:
        _tell(doing, done, number, total)
        between()

    return together.read_together(
        doing.tools, locations, patience=together.PATIENCE, told=told, between=between
    )


def _each(work: Callable[[str], None], locations: Sequence[str]) -> None:
    for location in locations:
        work(location)


def _refresh(doing: Doing, repository: int) -> Ingested | None:
    """Read one repository; in a fleet, collect about it as well: another worker would fetch it again."""
    done = jobs.refresh(doing.tools, repository)
    if done is not None and not done.unchanged and not doing.tools.database.is_sqlite:
        collecting.collect_within(doing.tools, range(repository, repository + 1))
    return done


def _tell(doing: Doing, done: Ingested, number: int, total: int) -> None:
    """Say what became of a repository, unless it is as it was; that it cannot be read is a warning."""
    name = done.repository.name
    if done.problem is not None:
        log.warning("%s: %s", name, done.problem.message)
    elif not done.unchanged:
        doing.report(f"[{number}/{total}] {name}: {_said(done)}")


def _said(done: Ingested) -> str:
    counts = [
        f"{count} {word}"
        for count, word in (
            (done.added, "added"),
            (done.changed, "changed"),
            (done.removed, "removed"),
            (done.rejected, "rejected"),
        )
        if count
    ]
    return ", ".join(counts) or "nothing changed"
