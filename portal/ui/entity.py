"""The page of one entity, in its tabs, now or as it was; and why an entity is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from catalog.problems import JsonValue, Problem
from catalog.refs import EntityRef, parse_ref
from portal.db import problems
from portal.db.graph import Direction, walk
from portal.db.history import Identity, identify
from portal.db.past import present_ref
from portal.db.result_history import moves
from portal.db.results import StoredResult
from portal.db.state import Connection
from portal.inquiring import askable
from portal.ui.entity_docs import docs_tab
from portal.ui.entity_history import timeline
from portal.ui.inquiries import inquiries_of
from portal.ui.looking_again import what_came_of_it
from portal.ui.models import entity as model
from portal.ui.models.api_definition import api_definition
from portal.ui.models.docs import ONLY_WITH_PAGES
from portal.ui.models.facts import facts_page
from portal.ui.models.graph import graph
from portal.ui.models.ladder import OPEN, Ladder, ladder
from portal.ui.models.layers import DEEPEST, MOST, WAYS, layers
from portal.ui.models.levels import LevelMark, mark_of
from portal.ui.models.links import EntityLink, link_to
from portal.ui.models.paging import Params, forward, start_of
from portal.ui.models.strips import Key, Strip, strips
from portal.ui.owned import owned_by
from portal.ui.starred import starred
from portal.ui.stored import MOST_PROBLEMS, NotThen, Stored, as_of, present
from portal.wiring import Portal
from scorecards.advice import next_steps
from scorecards.scorecard import Scorecard
from scorecards.texts import fact_values, render, render_fix

FIRST_TAB = "overview"
OWNERS = ("group", "user")
"""Kinds of which the overview says what they own."""
MOST_RELATIONS = 500
MOST_MOVES = 200
"""Transitions that strips are made from."""
LATELY = timedelta(days=90)
"""How long strips are."""
MOST_GUESSES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an address asks to see of an entity."""

    ref: str
    tab: str
    after: str
    """Where a page of the history begins."""
    start: int


def register(pages: Blueprint, portal: Portal) -> None:
    """`/catalog/<kind>/<namespace>/<name>`."""

    @pages.get("/catalog/<kind>/<namespace>/<name>")
    def entity(kind: str, namespace: str, name: str) -> ResponseReturnValue:
        asked = Asked(
            ref=str(EntityRef(kind=kind, namespace=namespace, name=name)),
            tab=request.args.get("tab", FIRST_TAB),
            after=request.args.get("after", ""),
            start=start_of(request.args.get("from")),
        )
        then = request.args.get("as_of", "").strip()[:50]
        with portal.database.read() as connection:
            found = as_of(connection, asked.ref, then, now=portal.now()) if then else None
            not_then = found if isinstance(found, NotThen) else None
            stored = found if isinstance(found, Stored) else present(connection, asked.ref)
            if stored is None and (now := present_ref(connection, asked.ref)) is not None:
                to, tab = parse_ref(now), request.args.get("tab")
                return redirect(
                    url_for(".entity", kind=to.kind, namespace=to.namespace, name=to.name, tab=tab)
                )
            shown = (
                _missing(portal, connection, asked, name)
                if stored is None
                else _shown(portal, connection, stored, asked)
            )
        if stored is None:
            text = render_template("missing.html", **shown, not_then=not_then)
            return make_response(text, 404)
        text = render_template("entity.html", **shown, not_then=not_then)
        missing = 404 if "docs" in shown and shown["docs"].asked else 200
        return make_response(text, not_then.status if not_then else missing)


def _missing(portal: Portal, connection: Connection, asked: Asked, name: str) -> dict[str, Any]:
    """What the page needs of an entity that is not there: its problems and its past, or a search."""
    found = problems.list_problems(connection, ref=asked.ref, limit=MOST_PROBLEMS)
    identity = identify(connection, asked.ref)
    return {
        "title": f"{name} is not in the catalog",
        "link": link_to(asked.ref),
        "ref": asked.ref,
        "name": name,
        "problems": [one.problem for one in found.items],
        "perhaps": [] if found.items or identity else _about(connection, name),
        **(_history(portal, connection, identity, asked) if identity else {}),
    }


def _history(
    portal: Portal, connection: Connection, identity: Identity, asked: Asked
) -> dict[str, Any]:
    """What the timeline's template needs."""
    found = timeline(connection, portal, identity, asked.after)
    params: Params = {"tab": "history"}
    pager = forward(params, start=asked.start, shown=len(found.entries), after=found.after)
    return {"timeline": found, "pager": pager}


def _about(connection: Connection, name: str) -> list[Problem]:
    """Problems of files of which nobody can tell what they would declare, in a likely place."""
    found = problems.list_problems(connection, text=name, limit=MOST_GUESSES).items
    if not found:
        found = problems.list_problems(connection, repository=name, limit=MOST_GUESSES).items
    return [one.problem for one in found]


def _shown(portal: Portal, connection: Connection, stored: Stored, asked: Asked) -> dict[str, Any]:
    """What the template of a tab needs."""
    body: JsonValue = orjson.loads(stored.declared.body)
    ladders = _ladders(portal.scorecards, stored, body)
    kind = stored.declared.ref.partition(":")[0]
    page = model.entity_page(
        stored.declared,
        body,
        related=stored.related,
        marks={card.scorecard.name: _mark(card) for card in ladders},
        scorecards=portal.scorecards,
        problems=stored.problems,
        facts=None if stored.records is None else sum(len(one.facts) for one in stored.records),
        docs=stored.docs,
        has_docs=not stored.past and (bool(stored.docs) or kind not in ONLY_WITH_PAGES),
    )
    tab = asked.tab if asked.tab in [name for name, _, _ in page.tabs] else FIRST_TAB
    shown: dict[str, Any] = {
        "page": page,
        "tab": tab,
        "past": stored.past,
        "unanswered": stored.unanswered,
        "is_starred": stored.declared.ref in starred(),
        "again": None if stored.past else what_came_of_it(connection, stored.id),
    }
    match tab:
        case "scorecards":
            shown |= {
                "ladders": ladders,
                "open_states": () if stored.past else OPEN,
                "strips": {} if stored.past else _strips(connection, asked.ref, portal.now()),
            }
        case "relations":
            shown |= {
                "related": stored.related[:MOST_RELATIONS],
                "hidden": max(0, len(stored.related) - MOST_RELATIONS),
                "dangling": sum(not link.exists for _, link in stored.related),
                **_around(connection, stored, page.link),
            }
        case "facts":
            if not stored.past:
                found = askable(
                    portal, connection, stored.id, stored.declared.ref, stored.declared.body
                )
                shown["inquiries"] = inquiries_of(found)
            shown["facts"] = facts_page(
                stored.records or (), portal.schemas, portal.unfed, now=portal.now()
            )
        case "descriptor":
            shown["descriptor"] = model.descriptor_text(
                stored.declared, stored.source, page.problems
            )
        case "docs":
            href = stored.source.href if stored.source else ""
            shown["docs"] = docs_tab(connection, stored.id, stored.declared.ref, body, href=href)
        case "api":
            shown["definition"] = api_definition(body)
        case "history":
            identity = identify(connection, asked.ref)
            shown |= _history(portal, connection, identity, asked) if identity else {}
        case _:
            shown["overview"] = model.overview(
                body,
                advice=() if stored.past else _advice(ladders, stored.results),
                related=stored.related,
                source=stored.source,
                belongings=None
                if stored.past or kind not in OWNERS
                else _belongings(portal, connection, stored.declared.ref),
            )
    return shown


def _belongings(portal: Portal, connection: Connection, ref: str) -> model.Belongings:
    found = owned_by(connection, ref)
    return model.belongings(portal.scorecards, found.services, found.total)


def _strips(connection: Connection, ref: str, now: datetime) -> dict[Key, Strip]:
    """What each check said lately."""
    identity = identify(connection, ref)
    found = moves(connection, identity.ids, limit=MOST_MOVES) if identity else None
    if found is None:
        return {}
    return strips(found.items, whole=found.after is None, start=now - LATELY, end=now)


def _around(connection: Connection, stored: Stored, root: EntityLink) -> dict[str, Any]:
    """The picture: of what is several steps away where the address asks for it, else of its neighbors.

    Of the past only the relations of one entity are told.
    """
    follow, way = request.args.get("follow", ""), WAYS.get(request.args.get("follow", ""))
    if way is None or stored.past:
        return {"graph": graph(root, stored.related), "ways": {} if stored.past else WAYS}
    typed = request.args.get("steps", "")
    steps = min(int(typed[:3]), DEEPEST) if typed.isascii() and typed.isdecimal() else 2
    onward, backward = (
        walk(
            connection,
            stored.id,
            direction=Direction.OUT,
            types=types,
            depth=max(1, steps),
            limit=MOST,
        )
        for types in (way.onward, way.backward)
    )
    return {
        "layers": layers(root, way, onward, backward),
        "ways": WAYS,
        "follow": follow,
        "way": way,
        "steps": max(1, steps),
    }


def _ladders(
    scorecards: Sequence[Scorecard], stored: Stored, body: JsonValue
) -> tuple[Ladder, ...]:
    """A ladder for each scorecard with a result, in the order of the scorecards."""
    entity = body if isinstance(body, dict) else {}
    values = fact_values(stored.records or ())
    by_name = {one.result.scorecard: one for one in stored.results}
    return tuple(
        ladder(
            card,
            by_name[card.name].result,
            by_name[card.name].since,
            {
                check.id: (
                    render(check.why, entity, values),
                    # What was to be done then is of no use now.
                    "" if stored.past else render_fix(check, entity, values),
                )
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
