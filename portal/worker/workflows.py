"""Workflows: each job as durable steps, in the order in which one leads to the next.

What has been done is not done again after a crash: it goes on from the last step that had completed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from dbos import DBOS

from catalog.ingestion import Ingested
from portal.worker import assessing, fetching, jobs, noticing, publishing
from portal.worker.requests import ASSESS, NOTICES, SCORECARDS, Lane, Work, ingest_key


@dataclass(frozen=True, kw_only=True)
class Doing:
    """What workflows work with."""

    tools: jobs.Tools
    requests: Work
    report: Callable[[str], None]
    """Is told, in a sentence, what has been done."""
    stopping: threading.Event
    """Set when the engine is to end."""


class Stopped(BaseException):
    """The engine is stopping: leave the workflow as it is, for the next start."""


def workflows_of(doing: Doing) -> dict[str, Callable[[str], None]]:
    """By the first part of a key, what is done for it; given the rest of the key."""
    return {
        "ingest": _ingest_workflow(doing),
        "refresh": _refresh_workflow(doing),
        "assess": _assess_workflow(doing),
        "fetch": _fetch_workflow(doing),
        SCORECARDS: _scorecards_workflow(doing),
        NOTICES: _notices_workflow(doing),
    }


def _ingest_workflow(doing: Doing) -> Callable[[str], None]:
    tools = doing.tools
    listing = DBOS.step(name="list")(lambda location: jobs.list_repositories(tools, location))
    ingest = DBOS.step(name="ingest_repository")(
        lambda location, repository: jobs.ingest(tools, location, repository)
    )
    settle = DBOS.step(name="settle")(lambda location: jobs.settle(tools, location))
    ask = DBOS.step(name="ask_for_assessment")(lambda: doing.requests.request(ASSESS, Lane.EVENT))

    def workflow(location: str) -> None:
        ahead = [location]
        for one in ahead:  # grows by what the Locations that are read lead to
            repositories = listing(one)
            for number, repository in enumerate(repositories, start=1):
                if doing.stopping.is_set():
                    raise Stopped
                done = ingest(one, repository)
                ahead += done.linked
                doing.report(_said(done, number, len(repositories)))
            settle(one)
        ask()

    return workflow


def _refresh_workflow(doing: Doing) -> Callable[[str], None]:
    tools = doing.tools
    refresh = DBOS.step(name="refresh")(lambda repository: jobs.refresh(tools, int(repository)))

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


def _assess_workflow(doing: Doing) -> Callable[[str], None]:
    tools = doing.tools
    assess = DBOS.step(name="assess_round")(lambda: assessing.assess_round(tools))

    def workflow(_: str) -> None:
        total = 0
        while assessed := assess():
            total += assessed
            doing.report(f"{total} entities assessed")
            if doing.stopping.is_set():
                raise Stopped

    return workflow


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
