"""A definition tried on a few entities that somebody chose: what each of its checks would say of them.

It asks what is stored: nothing is collected, and nothing is kept of it. What people decided holds; a
`grace` does not, which is a matter of time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from portal.child import TaskFailed
from portal.db.catalog import entities
from portal.db.collection import facts
from portal.db.evaluation import results
from portal.db.state import Connection
from portal.pool import Pool
from portal.wiring import Portal, tools_of
from portal.worker.assessment.refusing import care_of
from portal.worker.assessment.saving import decisions_of
from portal.worker.children.retrying import DEADLINE, STEP
from portal.worker.children.tasks import Assessed, Reading
from scorecards.evaluation.decisions import Decisions, decided
from scorecards.evaluation.layouts import layout_from_json
from scorecards.evaluation.packing import unpack
from scorecards.results import ScorecardResult
from scorecards.scorecard import Scorecard

MOST = 5
"""Entities of one trial."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TriedOn:
    """An entity, and what is said of it."""

    ref: str
    before: ScorecardResult | None = None
    """Of the published scorecard, as stored; None: it says nothing of it."""
    after: ScorecardResult | None = None
    """Of the definition; None: it would not apply, or there is a fault."""
    fault: str = ""
    """Why nothing can be said."""


def try_on(
    portal: Portal,
    pool: Pool,
    after: Scorecard,
    refs: Sequence[str],
    *,
    refused: Mapping[str, str],
) -> tuple[TriedOn, ...]:
    """What the definition would say of each of these canonical refs, `MOST` at most, in their order.

    `refused` are expressions that are not run, each with why.
    """
    wanted, now = [*dict.fromkeys(refs)][:MOST], portal.now()
    with portal.database.read() as connection:
        ids = {ref: row.id for ref, row in entities.by_refs(connection, wanted).items()}
        reading = _reading(portal, connection, pool, after, list(ids.values()), refused)
        decisions = decisions_of(connection, list(ids.values()), now)
        published = results.for_entities(connection, list(ids.values()))
    said, fault = _said(pool, reading, list(ids.values())) if ids else ({}, "")
    found = []
    for ref in wanted:
        if fault or ref not in ids:
            found.append(TriedOn(ref=ref, fault=fault or "There is no such entity."))
            continue
        number = ids[ref]
        before = (one.result for one in published.get(number, ()))
        result = said.get(number)
        found.append(
            TriedOn(
                ref=ref,
                before=next((one for one in before if one.scorecard == after.name), None),
                after=result and decided(after, result, decisions.get(number, Decisions())),
            )
        )
    return tuple(found)


def _reading(
    portal: Portal,
    connection: Connection,
    pool: Pool,
    card: Scorecard,
    ids: Sequence[int],
    refused: Mapping[str, str],
) -> Reading:
    """What a child is asked, of the entities in this order."""
    bodies, stored = entities.bodies(connection, ids), facts.stored_for(connection, ids)
    care = care_of(connection)
    return Reading(
        setup=replace(tools_of(portal, pool).setup, scorecards=(card,)),
        cards=None,
        bodies=tuple(bodies[number] for number in ids),
        facts=tuple(tuple(stored.get(number, ())) for number in ids),
        now=portal.now(),
        care=replace(care, refused=tuple(sorted({**dict(care.refused), **refused}.items()))),
    )


def _said(
    pool: Pool, reading: Reading, ids: Sequence[int]
) -> tuple[Mapping[int, ScorecardResult], str]:
    """The results by id of those to which the scorecard applies; or why there are none."""
    asked = pool.submit(
        "portal.worker.children.tasks:assess", reading, deadline=DEADLINE, step=STEP
    )
    try:
        assessed: Assessed = asked.result()
    except TaskFailed as failure:
        return {}, f"It could not be assessed: {failure}."
    layouts = {digest: layout_from_json(data) for digest, data in assessed.layouts.items()}
    return {
        number: unpack(one, layouts, ref="", evaluated_at=reading.now)
        for number, found in zip(ids, assessed.results, strict=True)
        for one in found
    }, ""
