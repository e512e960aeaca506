"""The problems page: why a component is not in the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, render_template, request

from catalog.problems import Problem
from portal.db.catalog import entities
from portal.db.sources import locations, problems
from portal.db.sources.freshness import freshness
from portal.db.sources.problems import ProblemRow
from portal.ui.models.links import EntityLink, link_to
from portal.ui.models.looks import SEVERITIES
from portal.ui.models.paging import Pager, Params
from portal.ui.paging import pager_of, read_page
from portal.wiring import Portal

PER_PAGE = 50
FILTERS = ("text", "severity", "code", "location", "repository")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemLine:
    """A problem, the entity it concerns, and the place to go to."""

    problem: Problem
    link: EntityLink | None
    repository: str
    repository_url: str
    href: str
    """Of the line in the repository; '' where that is not on the web."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemsPage:
    """Everything that the page shows."""

    chosen: Mapping[str, str]
    """Filters that are on, by name."""
    severities: Mapping[str, int]
    codes: tuple[tuple[str, int], ...]
    locations: Mapping[str, str]
    """Targets by id."""
    rows: tuple[ProblemLine, ...]
    pager: Pager


def register(pages: Blueprint, portal: Portal) -> None:
    """`/problems`."""

    @pages.get("/problems", endpoint="problems")
    def listing() -> str:
        chosen = {
            name: value for name in FILTERS if (value := request.args.get(name, "").strip()[:200])
        }
        if chosen.get("severity") not in SEVERITIES:
            chosen.pop("severity", None)
        with portal.database.read() as connection:
            found = read_page(
                lambda after: problems.list_problems(
                    connection, **chosen, after=after, limit=PER_PAGE
                )
            )
            counts = problems.problem_counts(connection)
            codes = problems.code_counts(connection)
            known = entities.by_refs(connection, [one.ref for one in found.items if one.ref])
            every_location = locations.targets(connection)
            fresh = freshness(connection)
        page = ProblemsPage(
            chosen=chosen,
            severities=counts,
            codes=tuple(codes.items()),
            locations=every_location,
            rows=tuple(line(one, known) for one in found.items),
            pager=pager_of(_params(chosen), found, total=None if chosen else sum(counts.values())),
        )
        return render_template("problems.html", page=page, fresh=fresh)


def _params(chosen: Mapping[str, str]) -> Params:
    return dict(chosen.items())


def line(row: ProblemRow, known: Mapping[str, object]) -> ProblemLine:
    """The line of a problem; `known` are the refs that exist."""
    return ProblemLine(
        problem=row.problem,
        link=link_to(row.ref, exists=row.ref in known) if row.ref else None,
        repository=row.repository,
        repository_url=row.repository_url,
        href=web_place(row),
    )


def web_place(row: ProblemRow) -> str:
    """Where the line can be looked at, in the form that GitHub and GitLab share."""
    if not row.repository_url.startswith(("http://", "https://")):
        return ""
    base = row.repository_url.removesuffix(".git")
    anchor = f"#L{row.problem.line}" if row.problem.line else ""
    return f"{base}/blob/HEAD/{row.problem.file}{anchor}"
