"""Workflows: each job as durable steps, in the order in which one leads to the next.

What has been done is not done again after a crash: it goes on from the last step that had completed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from dbos import DBOS

from catalog.ingest.ingestion import Ingested
from portal.db.sources import repositories
from portal.db.work import rounds
from portal.db.work.claims import Claim
from portal.worker import fetching, inquiring, jobs, noticing, publishing, together
from portal.worker.assessment import assessing, collecting
from portal.worker.being_read import being_read
from portal.worker.holding import Holding
from portal.worker.requests import (
    ASSESS,
    NOTICES,
    SCORECARDS,
    Lane,
    Work,
    assess_key,
    ingest_key,
    location_of,
    part_key,
)
from portal.worker.tools import Tools

LOOK_AGAIN = 0.2
"""Seconds between two looks at what others are working on."""


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


class Stopped(BaseException):
    """The engine is stopping: leave the workflow as it is, for the next start."""


def workflows_of(doing: Doing) -> dict[str, Callable[[str], None]]:
    """By the first part of a key, what is done for it; given the rest of the key."""
    return {
        "ingest": _ingest_workflow(doing),
        "part": _part_workflow(doing),
        "refresh": _refresh_workflow(doing),
        "later": _later_workflow(doing),
        "assess": _assess_workflow(doing),
        "fetch": _fetch_workflow(doing),
        "inquire": _inquire_workflow(doing),
        SCORECARDS: _scorecards_workflow(doing),
        NOTICES: _notices_workflow(doing),
    }


def _ingest_workflow(doing: Doing) -> Callable[[str], None]:
    read = DBOS.step(name="read_location")(lambda location: _read_location(doing, location))
    share = DBOS.step(name="share_out")(
        lambda location, parts: _share_out(
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
        # Of a thousand locations that are read after each other one finds it promised by the other.
        doing.requests.request_anew([ASSESS], Lane.EVENT)

    return workflow


def together_workflow(doing: Doing, alone: Callable[[str], None]) -> Callable[[list[Claim]], None]:
    """What is done for claims of locations that lead to little; `alone` is done for one of them."""
    read = DBOS.step(name="read_together")(lambda locations: _read_together(doing, locations))

    def workflow(these: list[Claim]) -> None:
        claimed = {location_of(one.key): one for one in these}
        left: dict[str, list[str]] = {one: [one] for one in claimed}

        def work() -> list[str]:
            nonlocal left
            left = read([*claimed])
            doing.requests.request_anew([ASSESS], Lane.EVENT)
            return [ingest_key(one) for one in left]

        for claim in doing.holding.keep_together(these, work):
            if locations := left[location_of(claim.key)]:
                doing.holding.keep(claim, partial(_each, alone, locations))
            else:
                doing.holding.release([claim])

    return workflow


def _each(work: Callable[[str], None], locations: Sequence[str]) -> None:
    for location in locations:
        work(location)


def _read_together(doing: Doing, locations: Sequence[str]) -> dict[str, list[str]]:
    def told(done: Ingested, number: int, total: int) -> None:
        doing.report(_said(done, number, total))
        if doing.stopping.is_set():
            raise Stopped

    return together.read_together(doing.tools, locations, patience=together.PATIENCE, told=told)


def _part_workflow(doing: Doing) -> Callable[[str], None]:
    read = DBOS.step(name="read_shared_part")(
        lambda location, part: _read_shared(doing, location, part)
    )

    def workflow(argument: str) -> None:
        location, _, part = argument.rpartition(":")
        read(location, int(part))
        if not doing.holding.not_kept([ingest_key(location)]):
            # Whoever shared it out asks at the end; here nobody is left who does.
            doing.requests.request_anew([ASSESS], Lane.EVENT)

    return workflow


def _read_location(doing: Doing, location: str) -> tuple[list[str], tuple[int, ...]]:
    """Read what is due of a location; returns the locations that it newly leads to.

    Of one with several parts nothing is read, and they are returned. All in one step: most locations
    are a single file, and to note a step takes as long as to read that.
    """
    parts = jobs.parts_due(doing.tools, location) if jobs.look(doing.tools, location) else ()
    if len(parts) > 1:
        return [], parts
    linked = _read_part(doing, location, parts[0]) if parts else []
    jobs.settle(doing.tools, location)
    return linked, ()


def _read_part(doing: Doing, location: str, part: int) -> list[str]:
    """Read what is due in a part of a location; returns the locations that it newly leads to."""
    found = jobs.due(doing.tools, [location], part=part)
    linked: list[str] = []
    with closing(jobs.ingest_all(doing.tools, found)) as reading:
        for number, (_, done) in enumerate(reading, start=1):
            linked += done.linked
            doing.report(_said(done, number, len(found)))
            if doing.stopping.is_set():
                raise Stopped
    return linked


def _share_out(doing: Doing, work: Mapping[str, Callable[[], object]]) -> None:
    """Offer pieces of work, by their keys, to every worker, and do them too until all are done."""
    doing.requests.request_all([*work], Lane.SWEEP)
    while left := doing.holding.not_kept(work):
        if doing.stopping.is_set():
            raise Stopped
        if not (claimed := doing.holding.claim(left, limit=1)):
            doing.stopping.wait(LOOK_AGAIN)  # others are at work on what is left
        for claim in claimed:
            doing.holding.keep(claim, work[claim.key])


def _read_shared(doing: Doing, location: str, part: int) -> None:
    """Read a part that anybody may have asked for, and collect while its repositories are at hand."""
    linked = _read_part(doing, location, part)
    collecting.collect_within(doing.tools, repositories.part_of(part))
    doing.requests.request_all([ingest_key(one) for one in linked], Lane.EVENT)


def _refresh_workflow(doing: Doing) -> Callable[[str], None]:
    refresh = DBOS.step(name="refresh")(lambda repository: _refresh(doing, int(repository)))

    def workflow(repository: str) -> None:
        done = refresh(repository)
        if done is None:
            return
        doing.report(_said(done, 1, 1))
        for location in done.linked:
            doing.requests.request(ingest_key(location), Lane.PERSON)
        if not done.unchanged:
            doing.requests.request(ASSESS, Lane.EVENT)

    return workflow


def _refresh(doing: Doing, repository: int) -> Ingested | None:
    """Read one repository; in a fleet, collect about it as well: another worker would fetch it again."""
    done = jobs.refresh(doing.tools, repository)
    if done is not None and not done.unchanged and not doing.tools.database.is_sqlite:
        collecting.collect_within(doing.tools, range(repository, repository + 1))
    return done


def _later_workflow(doing: Doing) -> Callable[[str], None]:
    ask = DBOS.step(name="ask_for_what_was_put_off")(
        lambda key: doing.requests.request_anew([key], Lane.EVENT)
    )

    def workflow(key: str) -> None:
        ask(key)

    return workflow


def _assess_workflow(doing: Doing) -> Callable[[str], None]:
    tools = doing.tools
    assess = DBOS.step(name="assess_round")(lambda: assessing.assess_round(tools))
    assess_part = DBOS.step(name="assess_part")(lambda part: _assess_part(doing, int(part)))
    share = DBOS.step(name="share_out_assessment")(lambda: _share_assessment(doing))

    def workflow(part: str) -> None:
        if part:
            assess_part(part)
            return
        share()
        total = 0
        while assessed := assess():
            total += assessed
            doing.report(f"{total} entities assessed")
            if doing.stopping.is_set():
                raise Stopped

    return workflow


def _share_assessment(doing: Doing) -> None:
    """Where there are other workers, offer them the parts in which entities are marked."""
    if doing.tools.database.is_sqlite:
        return
    with doing.tools.database.read() as connection:
        parts = rounds.parts_marked(connection, but=being_read(connection))
    if len(parts) > 1:
        _share_out(doing, {assess_key(n): partial(_assess_part, doing, n) for n in parts})


def _assess_part(doing: Doing, part: int) -> None:
    total = 0
    while assessed := assessing.assess_part(doing.tools, part):
        total += assessed
        if doing.stopping.is_set():
            raise Stopped
    doing.report(f"{total} entities assessed")


def _notices_workflow(doing: Doing) -> Callable[[str], None]:
    tools = doing.tools
    find = DBOS.step(name="find_notices")(lambda: noticing.find(tools))
    bundle = DBOS.step(name="bundle_notices")(lambda: noticing.bundle(tools))
    deliver = DBOS.step(name="deliver_messages")(lambda: noticing.deliver(tools))

    def workflow(_: str) -> None:
        find()
        bundle()
        if sent := deliver():
            doing.report(f"{sent} messages sent")

    return workflow


def _fetch_workflow(doing: Doing) -> Callable[[str], None]:
    fetch = DBOS.step(name="fetch_facts")(
        lambda name: fetching.fetch(doing.tools, name, stopping=doing.stopping.is_set)
    )

    def workflow(name: str) -> None:
        learned = fetch(name)
        doing.report(f"{name}: fetched, {learned} entities")
        doing.requests.request(ASSESS, Lane.EVENT)

    return workflow


def _inquire_workflow(doing: Doing) -> Callable[[str], None]:
    inquire = DBOS.step(name="inquire")(lambda about: inquiring.inquire(doing.tools, about))

    def workflow(about: str) -> None:
        if (said := inquire(about)) is not None:
            doing.report(f"{about}: {said}")
            doing.requests.request(ASSESS, Lane.PERSON)

    return workflow


def _scorecards_workflow(doing: Doing) -> Callable[[str], None]:
    read = DBOS.step(name="read_scorecards")(lambda: publishing.read_scorecards(doing.tools))

    def workflow(_: str) -> None:
        if read():
            doing.report("scorecards changed: every process starts anew with them")

    return workflow


def _said(done: Ingested, number: int, total: int) -> str:
    """One line about an ingestion, for whoever watches."""
    place = f"[{number}/{total}] {done.repository.name}"
    if done.problem is not None:
        return f"{place}: {done.problem.message}"
    if done.unchanged:
        return f"{place}: unchanged"
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
    return f"{place}: {', '.join(counts) or 'nothing changed'}"
