"""Exemptions as people look for them: by where they are in their life, by check, entity and owner."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from portal.db.page import Page, number, page_of
from portal.db.people.exemptions import read_rows
from portal.db.tables import edges, entities, exemption_steps, exemptions, refs, relation_types
from scorecards.people.exemptions import NEXT, Exemption, State


class Phase(StrEnum):
    """Where an exemption is, as people look for it."""

    REQUESTED = "requested"
    IN_FORCE = "in-force"
    EXPIRING = "expiring"
    """In force, and ends within `SOON`."""
    ENDED = "ended"


SOON = timedelta(days=14)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which exemptions a list is to have; None: whatever it is."""

    states: Collection[State] = ()
    """Empty: whatever it is."""
    phase: Phase | None = None
    """At `now`, which has to be given then."""
    now: datetime | None = None
    owner: str | None = None
    """Canonical ref; of exemptions of one entity alone."""
    scorecard: str | None = None
    check: str | None = None
    ref: str | None = None
    requested_by: str | None = None
    expires_before: datetime | None = None


def list_exemptions(
    connection: Connection, wanted: Wanted, *, after: str | None, limit: int
) -> Page[Exemption]:
    """A page, the newest first. Raises `QueryError` for an `after` that no page has given."""
    found = select(exemptions).where(*_conditions(wanted))
    if after is not None:
        found = found.where(exemptions.c.id < number(after))
    rows = connection.execute(found.order_by(exemptions.c.id.desc()).limit(limit + 1)).all()
    page = page_of(rows, limit, item=lambda row: row, place=lambda row: str(row.id))
    return Page(items=read_rows(connection, page.items), after=page.after)


def ending(
    connection: Connection, start: datetime, end: datetime, *, limit: int
) -> tuple[Exemption, ...]:
    """Those that hold, or held, until a moment from `start` to `end`, the first to end first."""
    until = [State.APPROVED.value, State.EXPIRED.value]
    found = select(exemptions).where(
        exemptions.c.state.in_(until), exemptions.c.expires_at.between(start, end)
    )
    ordered = found.order_by(exemptions.c.expires_at, exemptions.c.id).limit(limit)
    return read_rows(connection, connection.execute(ordered).all())


def count_phases(
    connection: Connection, *, now: datetime, owner: str | None = None
) -> dict[Phase, int]:
    """How many exemptions there are in each phase; one that expires soon is in force, too."""
    found = {}
    for phase in Phase:
        wanted = Wanted(phase=phase, now=now, owner=owner)
        count = select(func.count()).select_from(exemptions).where(*_conditions(wanted))
        found[phase] = connection.execute(count).scalar_one()
    return found


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    columns = exemptions.c
    pairs = (
        (columns.scorecard, wanted.scorecard),
        (columns.check, wanted.check),
        (columns.ref, wanted.ref),
    )
    found: list[ColumnElement[bool]] = [column == value for column, value in pairs if value]
    if wanted.states:
        found.append(columns.state.in_([state.value for state in wanted.states]))
    if wanted.phase is not None and wanted.now is not None:
        found.append(_in_phase(wanted.phase, wanted.now))
    if wanted.owner is not None:
        found.append(columns.ref.in_(_refs_of(wanted.owner)))
    if wanted.requested_by is not None:
        asked = select(exemption_steps.c.exemption_id).where(
            exemption_steps.c.number == 0, exemption_steps.c.actor == wanted.requested_by
        )
        found.append(columns.id.in_(asked))
    if wanted.expires_before is not None:
        found.append(columns.expires_at < wanted.expires_before)
    return found


def _in_phase(phase: Phase, now: datetime) -> ColumnElement[bool]:
    state, ends = exemptions.c.state, exemptions.c.expires_at
    approved = state == State.APPROVED.value
    match phase:
        case Phase.REQUESTED:
            return state == State.REQUESTED.value
        case Phase.IN_FORCE:
            return and_(approved, ends > now)
        case Phase.EXPIRING:
            return and_(approved, ends > now, ends <= now + SOON)
        case Phase.ENDED:
            over = [one.value for one in State if not NEXT[one]]
            return or_(state.in_(over), and_(approved, ends <= now))


def _refs_of(owner: str) -> Select[str]:
    """The refs of what an owner owns."""
    return (
        select(entities.c.ref)
        .join(edges, edges.c.source_id == entities.c.id)
        .join(refs, refs.c.id == edges.c.target_id)
        .join(relation_types, relation_types.c.id == edges.c.type_id)
        .where(relation_types.c.name == "ownedBy", refs.c.ref == owner)
    )
