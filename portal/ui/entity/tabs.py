"""The tabs of the page of an entity: what the template of each needs, now or as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import request

from catalog.problems import JsonValue
from portal.db.catalog.graph import Direction, walk
from portal.db.changes.history import Identity, identify
from portal.db.evaluation.result_history import moves
from portal.db.evaluation.results import StoredResult
from portal.db.people.exemption_lists import Wanted, list_exemptions
from portal.db.state import Connection
from portal.ui.entity.docs import docs_tab
from portal.ui.entity.history import timeline
from portal.ui.entity.inquiries import inquiries_of
from portal.ui.entity.stored import Stored
from portal.ui.home.owned import owned_by
from portal.ui.models.apis.definition import api_definition
from portal.ui.models.charts.graph import graph
from portal.ui.models.charts.layers import DEEPEST, MOST, WAYS, layers
from portal.ui.models.charts.strips import Key, Strip, strips
from portal.ui.models.entity import overview as model
from portal.ui.models.entity.declared import descriptor_text
from portal.ui.models.entity.facts import facts_page
from portal.ui.models.entity.ladder import OPEN, Ladder
from portal.ui.models.entity.page import EntityPage
from portal.ui.models.links import EntityLink
from portal.ui.models.paging import Params, forward
from portal.use_cases.inquiring import askable
from portal.wiring import Portal
from scorecards.insights.advice import next_steps
from scorecards.people.exemptions import Exemption, State

FIRST_TAB = "overview"
OWNERS = ("group", "user")
"""Kinds of which the overview says what they own."""
MOST_RELATIONS = 500
MOST_MOVES = 200
"""Transitions that strips are made from."""
LATELY = timedelta(days=90)
"""How long strips are."""
MOST_REQUESTS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an address asks to see of an entity."""

    ref: str
    tab: str
    after: str
    """Where a page of the history begins."""
    start: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """An entity as it is looked at, whichever the tab."""

    portal: Portal
    connection: Connection
    stored: Stored
    asked: Asked
    body: JsonValue
    page: EntityPage
    ladders: tuple[Ladder, ...]

    @property
    def kind(self) -> str:
        """In lower case."""
        return self.stored.declared.ref.partition(":")[0]


def tab_of(seen: Seen, tab: str) -> dict[str, Any]:
    """What the template of a tab needs beside what every tab has."""
    return _TABS.get(tab, _overview)(seen)


def _overview(seen: Seen) -> dict[str, Any]:
    stored, past = seen.stored, seen.stored.past
    return {
        "overview": model.overview(
            seen.body,
            advice=() if past else _advice(seen.ladders, stored.results),
            related=stored.related,
            source=stored.source,
            belongings=_belongings(seen) if not past and seen.kind in OWNERS else None,
        )
    }


def _scorecards(seen: Seen) -> dict[str, Any]:
    past = seen.stored.past
    return {
        "ladders": seen.ladders,
        "open_states": () if past else OPEN,
        "strips": {} if past else _strips(seen.connection, seen.asked.ref, seen.portal.now()),
        "requests": {} if past else _requests(seen.connection, seen.stored.declared.ref),
    }


def _relations(seen: Seen) -> dict[str, Any]:
    related = seen.stored.related
    return {
        "related": related[:MOST_RELATIONS],
        "hidden": max(0, len(related) - MOST_RELATIONS),
        "dangling": sum(not link.exists for _, link in related),
        **_around(seen.connection, seen.stored, seen.page.link),
    }


def _facts(seen: Seen) -> dict[str, Any]:
    portal, stored, declared = seen.portal, seen.stored, seen.stored.declared
    shown: dict[str, Any] = {
        "facts": facts_page(stored.records or (), portal.schemas, portal.unfed, now=portal.now())
    }
    if not stored.past:
        found = askable(portal, seen.connection, stored.id, declared.ref, declared.body)
        shown["inquiries"] = inquiries_of(found)
    return shown


def _descriptor(seen: Seen) -> dict[str, Any]:
    stored = seen.stored
    text = descriptor_text(stored.declared, stored.source, seen.page.problems)
    return {"descriptor": text}


def _docs(seen: Seen) -> dict[str, Any]:
    stored = seen.stored
    href = stored.source.href if stored.source else ""
    found = docs_tab(seen.connection, stored.id, stored.declared.ref, seen.body, href=href)
    return {"docs": found}


def _api(seen: Seen) -> dict[str, Any]:
    return {"definition": api_definition(seen.body)}


def _history(seen: Seen) -> dict[str, Any]:
    identity = identify(seen.connection, seen.asked.ref)
    return history(seen.portal, seen.connection, identity, seen.asked) if identity else {}


_TABS: Mapping[str, Callable[[Seen], dict[str, Any]]] = {
    FIRST_TAB: _overview,
    "scorecards": _scorecards,
    "relations": _relations,
    "facts": _facts,
    "descriptor": _descriptor,
    "docs": _docs,
    "api": _api,
    "history": _history,
}


def history(
    portal: Portal, connection: Connection, identity: Identity, asked: Asked
) -> dict[str, Any]:
    """What the timeline's template needs."""
    found = timeline(connection, portal, identity, asked.after)
    params: Params = {"tab": "history"}
    pager = forward(params, start=asked.start, shown=len(found.entries), after=found.after)
    return {"timeline": found, "pager": pager}


def _belongings(seen: Seen) -> model.Belongings:
    found = owned_by(seen.connection, seen.stored.declared.ref)
    return model.belongings(seen.portal.scorecards, found.services, found.total)


def _requests(connection: Connection, ref: str) -> dict[tuple[str, str | None], Exemption]:
    """The exemptions that wait for a decision, by scorecard and check; None: every check of it."""
    wanted = Wanted(states=[State.REQUESTED], ref=ref)
    found = list_exemptions(connection, wanted, after=None, limit=MOST_REQUESTS)
    return {(one.scope.scorecard, one.scope.check): one for one in reversed(found.items)}


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
