"""The page of one entity, in its tabs, now or as it was; and why an entity is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from catalog.problems import JsonValue, Problem
from catalog.refs import EntityRef, parse_ref
from portal.db.changes.history import identify
from portal.db.changes.past import present_ref
from portal.db.sources import problems
from portal.db.state import Connection
from portal.ui.entity.looking_again import what_came_of_it
from portal.ui.entity.stored import MOST_PROBLEMS, NotThen, Stored, as_of, present
from portal.ui.entity.tabs import FIRST_TAB, Asked, Seen, history, tab_of
from portal.ui.home.starred import starred
from portal.ui.models.entity import page as model
from portal.ui.models.entity.docs import ONLY_WITH_PAGES
from portal.ui.models.entity.ladder import Ladder, ladder
from portal.ui.models.levels import LevelMark, mark_of
from portal.ui.models.links import link_to
from portal.ui.models.paging import start_of
from portal.wiring import Portal
from scorecards.collection.feeding import Unfed
from scorecards.evaluation.texts import fact_values, render, render_fix
from scorecards.facts import FactRecord, FailedFact

MOST_GUESSES = 10


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
        **(history(portal, connection, identity, asked) if identity else {}),
    }


def _about(connection: Connection, name: str) -> list[Problem]:
    """Problems of files of which nobody can tell what they would declare, in a likely place."""
    found = problems.list_problems(connection, text=name, limit=MOST_GUESSES).items
    if not found:
        found = problems.list_problems(connection, repository=name, limit=MOST_GUESSES).items
    return [one.problem for one in found]


def _shown(portal: Portal, connection: Connection, stored: Stored, asked: Asked) -> dict[str, Any]:
    """What the template needs: what every tab has, and what the one has that is asked for."""
    body: JsonValue = orjson.loads(stored.declared.body)
    ladders = _ladders(portal, stored, body)
    page = _page(portal, stored, body, ladders)
    tab = asked.tab if asked.tab in [name for name, _, _ in page.tabs] else FIRST_TAB
    seen = Seen(
        portal=portal,
        connection=connection,
        stored=stored,
        asked=asked,
        body=body,
        page=page,
        ladders=ladders,
    )
    return {
        "page": page,
        "tab": tab,
        "past": stored.past,
        "unanswered": stored.unanswered,
        "is_starred": stored.declared.ref in starred(),
        "again": None if stored.past else what_came_of_it(connection, stored, portal.scorecards),
        **tab_of(seen, tab),
    }


def _page(
    portal: Portal, stored: Stored, body: JsonValue, ladders: Sequence[Ladder]
) -> model.EntityPage:
    """What stands around every tab, the tabs themselves among it."""
    kind = stored.declared.ref.partition(":")[0]
    return model.entity_page(
        stored.declared,
        body,
        related=stored.related,
        marks={card.scorecard.name: _mark(card) for card in ladders},
        scorecards=portal.scorecards,
        problems=stored.problems,
        facts=None if stored.records is None else sum(len(one.facts) for one in stored.records),
        docs=stored.docs,
        waits=stored.waits and stored.unanswered is None,
        has_docs=not stored.past and (bool(stored.docs) or kind not in ONLY_WITH_PAGES),
    )


def _ladders(portal: Portal, stored: Stored, body: JsonValue) -> tuple[Ladder, ...]:
    """A ladder for each scorecard with a result, in the order of the scorecards."""
    entity = body if isinstance(body, dict) else {}
    values = fact_values(stored.records or ())
    by_name = {one.result.scorecard: one for one in stored.results}
    details = {} if stored.past else _details(stored.records or (), portal.unfed)
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
            details,
        )
        for card in portal.scorecards
        if card.name in by_name
    )


def _details(records: Sequence[FactRecord], unfed: Mapping[str, Unfed]) -> dict[str, str]:
    """By fact that is not known, what is said of why."""
    said = {name: state for one in records for name, state in one.facts.items()}
    said |= {name: one.why for name, one in unfed.items()}
    return {name: one.detail for name, one in said.items() if isinstance(one, FailedFact)}


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
