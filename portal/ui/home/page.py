"""Home: whose services are mine, what to fix first, and how the catalog stands."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from portal.db.catalog import entities
from portal.db.evaluation import results
from portal.db.evaluation.result_patterns import outcome_counts
from portal.db.insights.rollups import OWNED
from portal.db.insights.trends import Related, courses_by_entity
from portal.db.sources import problems
from portal.db.sources.freshness import freshness
from portal.db.state import Connection
from portal.db.work import marks
from portal.ui.facet_memory import FacetMemory
from portal.ui.frame import TEAM_COOKIE, TITLE_COOKIE, chosen_team
from portal.ui.home.due import dues_of
from portal.ui.home.first_run import first_run_page
from portal.ui.home.owned import MOST_OWNED, NOTHING, Owned, Services, owned_by, owning
from portal.ui.home.starred import starred_lines
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.catalog.query import ALL_KINDS
from portal.ui.models.catalog.same import of_each
from portal.ui.models.changes.recent import Recent, recent
from portal.ui.models.home import page as model
from portal.ui.models.home.attention import Dues, attention
from portal.ui.models.home.first_run import is_first_run
from portal.ui.models.home.fixes import Fixes, fixes
from portal.ui.models.links import EntityLink, kind_label, link_to
from portal.ui.models.scorecards.standing import (
    MOST_SERVICES,
    scorecard_line,
    service_lines,
    standing,
)
from portal.wiring import Portal

COOKIE_AGE = 365 * 24 * 3600
RECENTLY = timedelta(days=14)
"""How far back changes of levels are told of."""


def register(pages: Blueprint, portal: Portal) -> None:
    """`/`."""
    memory = FacetMemory()

    @pages.get("/")
    def home() -> ResponseReturnValue:
        team = chosen_team()
        with portal.database.read() as connection:
            first = is_first_run(entities.kind_counts(connection))
            page = None if first else home_page(portal, connection, team, memory)
            fresh = freshness(connection)
        if page is None:
            return first_run_page(portal)
        response = make_response(render_template("home.html", page=page, fresh=fresh))
        _keep_team(response, team, page.team_title)
        return response


def _keep_team(response: Response, team: EntityLink | None, title: str) -> None:
    """Let the browser keep the team that was just chosen, and what it is called now."""
    path = f"{request.root_path}/"
    if team is None:
        if "team" in request.args:
            for name in (TEAM_COOKIE, TITLE_COOKIE):
                response.delete_cookie(name, path=path)
        return
    for name, value in ((TEAM_COOKIE, team.ref), (TITLE_COOKIE, quote(title[:150]))):
        if request.cookies.get(name) != value:
            response.set_cookie(name, value, COOKIE_AGE, path=path, httponly=True, samesite="Lax")


def home_page(
    portal: Portal, connection: Connection, team: EntityLink | None, memory: FacetMemory
) -> model.HomePage:
    """The page for a team, or for everyone."""
    scorecards = portal.scorecards
    kinds = entities.kind_counts(connection)
    counts = problems.problem_counts(connection)
    owned = owned_by(connection, team.ref) if team else NOTHING
    services = owned.services
    lines = tuple(
        scorecard_line(
            card,
            standing(card, (summaries for _, summaries in services))
            if team
            else results.distribution(connection, card.name, len(card.levels)),
        )
        for card in scorecards
    )
    found = attention(scorecards, services, _dues(portal, connection, team, services))
    shown = service_lines(scorecards, services)[:MOST_SERVICES]
    teams = owning_groups(connection, team, memory)
    assessed = any(line.total for line in lines)
    return model.HomePage(
        team_title=next((choice.title for choice in teams if choice.chosen), ""),
        owned=owned.total,
        teams=teams,
        assessed=assessed,
        waits=not assessed and marks.any_marked(connection),
        fixes=Fixes() if team else _of_everyone(portal, connection),
        failing=found.failing[: model.MOST_FIXES],
        attention_note=model.attention_note(found),
        unknown=found.unknown[: model.MOST_UNKNOWN],
        unknown_note=model.unknown_note(found),
        recent=_recent(portal, connection, team, owned) if team else Recent(),
        starred=starred_lines(connection, scorecards),
        services=shown,
        services_note=f"all {owned.total:,} in the catalog"
        if owned.total > 1
        else "in the catalog",
        services_params={"kind": ALL_KINDS, "owner": team.ref} if team else {},
        scorecards=tuple(c for c in scorecards if any(c.name in s.marks for s in shown)),
        kinds=tuple((kind_label(kind), n) for kind, n in kinds.items()),
        distributions=lines,
        errors=counts["error"],
        warnings=counts["warning"],
        same=of_each(scorecards, "advice", owner=team.ref if team else None),
    )


def owning_groups(
    connection: Connection, team: EntityLink | None, memory: FacetMemory
) -> tuple[model.TeamChoice, ...]:
    """The groups that own something, by title; the chosen one in any case."""
    key = "relations.ownedBy"
    counts = dict(memory.counts(connection, [key], None)[key])
    groups = [ref for ref in counts if ref.startswith("group:")]
    if team is not None and team.ref not in groups:
        groups.append(team.ref)
    known = entities.by_refs(connection, groups)
    choices = [
        model.TeamChoice(
            ref=ref,
            title=link_of(known[ref]).title if ref in known else link_to(ref).title,
            count=counts.get(ref, 0),
            chosen=team is not None and ref == team.ref,
        )
        for ref in groups
    ]
    return tuple(sorted(choices, key=lambda choice: choice.title.lower()))


def _dues(
    portal: Portal, connection: Connection, team: EntityLink | None, services: Services
) -> Dues:
    if team is None:
        return {}
    refs = [link.ref for link, _ in services]
    return dues_of(portal, connection, owning(team.ref), refs, most=MOST_OWNED)


def _recent(portal: Portal, connection: Connection, team: EntityLink, owned: Owned) -> Recent:
    """What came to another level lately, while the team owned it."""
    number = entities.ref_id(connection, team.ref)
    if number is None:
        return Recent()
    end = portal.now()
    related = Related(type=OWNED, targets=[number])
    return recent(
        (
            (card, courses_by_entity(connection, card.name, end - RECENTLY, end, related))
            for card in portal.scorecards
        ),
        owned.links,
    )


def _of_everyone(portal: Portal, connection: Connection) -> Fixes:
    """What lifts most entities, whoever owns them."""
    counts = ((card, outcome_counts(connection, card.name)) for card in portal.scorecards)
    return fixes(counts, now=portal.now())
