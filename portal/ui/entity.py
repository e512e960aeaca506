"""The page of one entity, in five tabs; and the page that says why an entity is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from catalog.problems import JsonValue, Problem
from catalog.refs import EntityRef, parse_ref
from portal.db import entities, facts, problems, results
from portal.db.entities import EntityRow
from portal.db.locations import FileOrigin, origin_of
from portal.db.past import present_ref
from portal.db.results import StoredResult
from portal.db.state import Connection
from portal.ui.models import entity as model
from portal.ui.models.facts import fact_values, facts_page
from portal.ui.models.graph import graph
from portal.ui.models.ladder import OPEN, Ladder, ladder
from portal.ui.models.levels import LevelMark, mark_of
from portal.ui.models.links import EntityLink
from portal.wiring import Portal
from scorecards.advice import next_steps
from scorecards.facts import FactRecord
from scorecards.scorecard import Scorecard
from scorecards.texts import render, render_fix

TABS = ("overview", "scorecards", "relations", "facts", "descriptor")
MOST_RELATIONS = 500
MOST_PROBLEMS = 100
MOST_GUESSES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What the store has about one entity."""

    row: EntityRow
    origin: FileOrigin | None
    related: tuple[tuple[str, EntityLink], ...]
    results: tuple[StoredResult, ...]
    records: tuple[FactRecord, ...]
    problems: tuple[Problem, ...]


def register(pages: Blueprint, portal: Portal) -> None:
    """`/catalog/<kind>/<namespace>/<name>`."""

    @pages.get("/catalog/<kind>/<namespace>/<name>")
    def entity(kind: str, namespace: str, name: str) -> ResponseReturnValue:
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        tab = request.args.get("tab", "overview")
        with portal.database.read() as connection:
            stored = _read(connection, ref)
            if stored is None and (present := present_ref(connection, ref)) is not None:
                to = parse_ref(present)
                return redirect(
                    url_for(".entity", kind=to.kind, namespace=to.namespace, name=to.name)
                )
            if stored is None:
                return _missing(connection, ref, name)
        return render_template(
            "entity.html", **_shown(portal, stored, tab if tab in TABS else TABS[0])
        )


def _read(connection: Connection, ref: str) -> Stored | None:
    row = entities.by_ref(connection, ref)
    if row is None:
        return None
    found = problems.list_problems(connection, ref=ref, limit=MOST_PROBLEMS)
    return Stored(
        row=row,
        origin=origin_of(connection, row.id),
        related=tuple(model.related_links(entities.related(connection, row.id))),
        results=results.for_entity(connection, row.id),
        records=facts.for_entity(connection, row.id),
        problems=tuple(one.problem for one in found.items),
    )


def _missing(connection: Connection, ref: str, name: str) -> ResponseReturnValue:
    """The page of an entity that is not in the catalog: with its problems, or with a search."""
    found = problems.list_problems(connection, ref=ref, limit=MOST_PROBLEMS)
    perhaps = [] if found.items else _about(connection, name)
    text = render_template(
        "missing.html",
        title=f"{name} is not in the catalog",
        ref=ref,
        name=name,
        problems=[one.problem for one in found.items],
        perhaps=perhaps,
    )
    return make_response(text, 404)


def _about(connection: Connection, name: str) -> list[Problem]:
    """Problems of files of which nobody can tell what they would declare, in a likely place."""
    found = problems.list_problems(connection, text=name, limit=MOST_GUESSES).items
    if not found:
        found = problems.list_problems(connection, repository=name, limit=MOST_GUESSES).items
    return [one.problem for one in found]


def _shown(portal: Portal, stored: Stored, tab: str) -> dict[str, Any]:
    """What the template of a tab needs."""
    body: JsonValue = orjson.loads(stored.row.body)
    ladders = _ladders(portal.scorecards, stored, body)
    marks = {card.scorecard.name: _mark(card) for card in ladders}
    page = model.entity_page(
        stored.row,
        body,
        related=stored.related,
        marks=marks,
        scorecards=portal.scorecards,
        problems=stored.problems,
        facts=sum(len(record.facts) for record in stored.records),
    )
    shown: dict[str, Any] = {"page": page, "tab": tab}
    source = model.source_of(stored.origin)
    match tab:
        case "scorecards":
            shown |= {"ladders": ladders, "open_states": OPEN}
        case "relations":
            shown |= {
                "related": stored.related[:MOST_RELATIONS],
                "hidden": max(0, len(stored.related) - MOST_RELATIONS),
                "dangling": sum(not link.exists for _, link in stored.related),
                "graph": graph(page.link, stored.related),
            }
        case "facts":
            shown["facts"] = facts_page(
                stored.records, portal.schemas, portal.unfed, now=portal.now()
            )
        case "descriptor":
            shown["descriptor"] = model.descriptor_text(stored.row, source)
        case _:
            shown["overview"] = model.overview(
                body,
                advice=_advice(ladders, stored.results),
                related=stored.related,
                source=source,
            )
    return shown


def _ladders(
    scorecards: Sequence[Scorecard], stored: Stored, body: JsonValue
) -> tuple[Ladder, ...]:
    """A ladder for each scorecard with a result, in the order of the scorecards."""
    entity = body if isinstance(body, dict) else {}
    values = fact_values(stored.records)
    by_name = {one.result.scorecard: one for one in stored.results}
    return tuple(
        ladder(
            card,
            by_name[card.name].result,
            by_name[card.name].since,
            {
                check.id: (render(check.why, entity, values), render_fix(check, entity, values))
                for check in card.checks
            },
        )
        for card in scorecards
        if card.name in by_name
    )


def _mark(card: Ladder) -> LevelMark:
    outcomes = [row.outcome.value for rung in card.rungs for row in rung.rows if row.counts]
    return mark_of(
        card.scorecard,
        proven=card.proven,
        possible=card.possible,
        passes=outcomes.count("pass"),
        fails=outcomes.count("fail"),
        unknowns=outcomes.count("unknown") + outcomes.count("error"),
    )


def _advice(ladders: Sequence[Ladder], stored: Sequence[StoredResult]) -> tuple[model.Advice, ...]:
    by_name = {one.result.scorecard: one.result for one in stored}
    found = []
    for card in ladders:
        result = by_name[card.scorecard.name]
        # A result of an older definition is shown as it is; it can give no advice.
        if [one.check for one in result.results] == [one.id for one in card.scorecard.checks]:
            advice = model.advice(card, next_steps(card.scorecard, result))
            if advice is not None:
                found.append(advice)
    return tuple(found)
