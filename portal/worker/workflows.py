"""Workflows: each job as durable steps, in the order in which one leads to the next.

What has been done is not done again after a crash: it goes on from the last step that had completed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dbos import DBOS

from portal.db.work import rounds
from portal.db.work.pending import LATER
from portal.worker import fetching, inquiring, noticing, publishing
from portal.worker.assessment import assessing
from portal.worker.being_read import being_read
from portal.worker.doing import Doing
from portal.worker.ingesting import ingest_workflow, part_workflow, refresh_workflow
from portal.worker.requests import (
    ASSESS,
    FETCH,
    INGEST,
    INQUIRE,
    NOTICES,
    PART,
    REFRESH,
    SCORECARDS,
    Lane,
    assess_key,
)
from portal.worker.sharing import share_out


def workflows_of(doing: Doing) -> dict[str, Callable[[str], None]]:
    """By the first part of a key, what is done for it; given the rest of the key."""
    return {
        INGEST: ingest_workflow(doing),
        PART: part_workflow(doing),
        REFRESH: refresh_workflow(doing),
        LATER.rstrip(":"): _later_workflow(doing),
        ASSESS: _assess_workflow(doing),
        FETCH: _fetch_workflow(doing),
        INQUIRE: _inquire_workflow(doing),
        SCORECARDS: _scorecards_workflow(doing),
        NOTICES: _notices_workflow(doing),
    }


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
        _assess_all(doing, assess)

    return workflow


def _share_assessment(doing: Doing) -> None:
    """Where there are other workers, offer them the parts in which entities are marked."""
    if doing.tools.database.is_sqlite:
        return
    with doing.tools.database.read() as connection:
        parts = rounds.parts_marked(connection, but=being_read(connection))
    if len(parts) > 1:
        share_out(doing, {assess_key(n): partial(_assess_part, doing, n) for n in parts})


def _assess_part(doing: Doing, part: int) -> None:
    _assess_all(doing, partial(assessing.assess_part, doing.tools, part))


def _assess_all(doing: Doing, some: Callable[[], int]) -> None:
    """Have some assessed, and some more, until none is left."""
    total = 0
    while assessed := some():
        total += assessed
        doing.report(f"{total} entities assessed")
        doing.go_on()


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
