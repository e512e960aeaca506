"""Other systems on the page of an entity: what each said when somebody asked, and asking now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from catalog.problems import Problem
from catalog.refs import EntityRef
from portal.auth import asker_of
from portal.db.catalog.entities import by_ref
from portal.db.collection.inquiries import Said
from portal.ui.frame import not_found, too_often
from portal.ui.models.looks import Look
from portal.use_cases.inquiring import Askable, ask, askable
from portal.wiring import Portal

NOT_YET = Look(name="na", word="On its schedule")
ASKING = Look(name="unknown", word="Being asked")
LOOKS = {
    Said.LEARNED: Look(name="pass", word="Answered"),
    Said.FAILED: Look(name="fail", word="Nothing learned"),
    Said.PAUSED: Look(name="warn", word="Left alone for now"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class InquiryLine:
    """A system that knows something about the entity."""

    system: str
    namespaces: tuple[str, ...]
    look: Look
    at: datetime | None
    """When it was last asked about this entity alone."""
    problem: Problem | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiries:
    """Every one of them."""

    lines: tuple[InquiryLine, ...]
    is_pending: bool
    """Somebody waits for an answer of one."""


def inquiries_of(found: Sequence[Askable]) -> Inquiries:
    """What the page shows of these systems."""
    return Inquiries(
        lines=tuple(
            InquiryLine(
                system=one.scheduled.system,
                namespaces=one.scheduled.namespaces,
                look=_look(one),
                at=one.last.at if one.last else None,
                problem=one.last.problem if one.last and not one.is_pending else None,
            )
            for one in found
        ),
        is_pending=any(one.is_pending for one in found),
    )


def _look(one: Askable) -> Look:
    if one.is_pending:
        return ASKING
    return LOOKS[one.last.said] if one.last else NOT_YET


def register(pages: Blueprint, portal: Portal) -> None:
    """The request to ask now; what they said is on the entity's page, among its facts."""

    @pages.post("/catalog/<kind>/<namespace>/<name>/facts")
    def ask_now(kind: str, namespace: str, name: str) -> ResponseReturnValue:
        with portal.database.read() as connection:
            row = by_ref(connection, str(EntityRef(kind=kind, namespace=namespace, name=name)))
            found = askable(portal, connection, row.id, row.ref, row.body) if row else ()
        if row is None:
            return not_found("There is no such entity.")
        refused = ask(portal, found, by=asker_of(g.caller, request.remote_addr))
        if refused is not None:
            return too_often(refused)
        to = url_for(
            "pages.entity", kind=row.kind, namespace=row.namespace, name=row.name, tab="facts"
        )
        return redirect(to, 303)
