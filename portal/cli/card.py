"""The card of a checkout: everything that an offline assessment says, ready to be reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from catalog.parsing.documents import parse
from catalog.problems import Problem, Severity
from catalog.queries.query import EntityQuery
from portal.cli.checkout import assessed
from portal.config import Settings
from portal.db.catalog import entities
from portal.db.collection import facts
from portal.db.evaluation import results
from portal.db.sources import locations, problems
from portal.db.state import Connection
from portal.use_cases.stopping import stopped_rules
from portal.wiring import Portal
from scorecards.evaluation.texts import fact_values
from scorecards.insights.introduced import CardChange, Verdict, card_changes
from scorecards.results import ScorecardResult
from scorecards.scorecard import Scorecard

MOST_ENTITIES = 10_000
"""Entities of one checkout that a card is made for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where an entity is declared, and what texts are filled in with."""

    file: str
    """Path in the repository."""
    line: int
    """First line of its document, from 1."""
    entity: dict[str, Any]
    facts: dict[str, Any]
    """Values by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What a checkout comes to."""

    scorecards: Mapping[str, Scorecard]
    places: Mapping[str, Place]
    """By ref, components first."""
    results: tuple[ScorecardResult, ...]
    problems: tuple[Problem, ...]
    """Of descriptors, and of what could not be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A checkout, and what a change of it does."""

    base: str
    """The revision that it is compared with; '': with none."""
    card: Card
    changes: tuple[CardChange, ...]
    problems: tuple[Problem, ...]
    """Those that the change brings; without a base all of them."""

    @property
    def introduced(self) -> bool:
        """Whether the change makes anything worse: a check newly fails, a descriptor newly errs."""
        return any(change.of(Verdict.INTRODUCED) for change in self.changes) or any(
            problem.severity is Severity.ERROR for problem in self.problems
        )


def read_card(
    path: Path, *, scorecards: tuple[Path, ...] = (), rules: Settings | None = None
) -> Card:
    """Assess the checkout at `path`, offline, as `assessed` does."""
    with assessed(path, scorecards=scorecards, rules=rules) as (portal, _):
        return _card(portal, path if path.is_dir() else path.parent)


def compare(base: str, before: Card | None, after: Card) -> Comparison:
    """What is different from `before`; None: there is nothing to compare with."""
    earlier = {_identity(problem) for problem in before.problems} if before else set()
    return Comparison(
        base=base,
        card=after,
        changes=card_changes(
            after.scorecards, None if before is None else before.results, after.results
        ),
        problems=tuple(p for p in after.problems if _identity(p) not in earlier),
    )


def _identity(problem: Problem) -> tuple[str, ...]:
    """What tells problems apart, wherever in its file one stands."""
    return (problem.code, problem.file, problem.pointer, problem.found, problem.message)


def _card(portal: Portal, folder: Path) -> Card:
    with portal.database.read() as connection:
        found = entities.by_query(connection, EntityQuery(limit=MOST_ENTITIES, count=False)).items
        rows = sorted(found, key=lambda row: row.kind != "component")
        failed = [item.problem for item in locations.list_locations(connection) if item.problem]
        stopped = stopped_rules(portal, connection)
        told = [row.problem for row in problems.list_problems(connection, limit=500).items]
        return Card(
            scorecards=portal.cards,
            places={row.ref: _place(connection, folder, row) for row in rows},
            results=tuple(
                stored.result for row in rows for stored in results.for_entity(connection, row.id)
            ),
            problems=(*portal.scorecard_problems, *stopped, *failed, *told),
        )


def _place(connection: Connection, folder: Path, row: entities.EntityRow) -> Place:
    origin = locations.origin_of(connection, row.id)
    file = origin.path if origin else ""
    return Place(
        file=file,
        line=_line(folder / file, row.document) if file else 1,
        entity=orjson.loads(row.body),
        facts=fact_values(facts.for_entity(connection, row.id)),
    )


def _line(file: Path, document: int) -> int:
    try:
        documents: Sequence[Any] = parse(file.read_bytes(), file=file.name).documents
    except OSError:
        return 1
    return next((d.line for d in documents if d.index == document), 1)
