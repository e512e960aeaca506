"""A definition of a scorecard tried on live data, before it is published. Nothing of it is stored."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.descriptor.defined_kinds import kinds_of
from catalog.problems import Problem
from catalog.queries.query import parse_filters
from portal.db.catalog.selection import ids_in_order
from portal.pool import Pool
from portal.wiring import Portal
from portal.worker.assessment.asking import Means
from portal.worker.assessment.refusing import refusals_for
from portal.worker.simulation.replaying import Replay, replay
from portal.worker.simulation.simulating import Simulated, simulate
from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.stopping import stopped
from scorecards.scorecard import Scorecard


class Children:
    """A pool for trials, made at the first one: most portals never see any."""

    def __init__(self) -> None:
        self._pool: Pool | None = None
        self._lock = threading.Lock()

    def get(self) -> Pool:
        """The pool."""
        with self._lock:
            self._pool = self._pool or Pool(2)
            return self._pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What a definition would do."""

    after: Scorecard
    found: Simulated
    past: Replay | None
    stopped: tuple[Problem, ...]
    """Rules that took too long: their checks say error."""
    refused: Mapping[str, str]
    """Expressions that are not run, each with why."""


def read_definition(
    portal: Portal, text: str, *, file: str = "definition"
) -> tuple[tuple[Scorecard, ...], tuple[Problem, ...]]:
    """The scorecards of a text, and its problems.

    It may extend what is published, and must not close a circle with it.
    """
    return load_scorecards(
        text,
        file=file,
        schemas=portal.schemas,
        known=portal.scorecards,
        kinds=kinds_of(portal.kind_files)[0],
    )


def try_out(
    portal: Portal,
    pool: Pool,
    after: Scorecard,
    *,
    filters: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> Trial:
    """What the definition would do in place of the published one of its name, if there is any.

    With `since`, also what it would have done from then on. Raises `QueryError` for a bad filter.
    """
    before = portal.cards.get(after.name)
    now = portal.now()
    with portal.database.read() as connection:
        means = Means(
            connection=connection,
            pool=pool,
            collectors=portal.sources_of_facts,
            schemas=portal.schemas,
            unfed=portal.unfed,
            now=now,
            refusals=refusals_for(connection, after),
        )
        tree = parse_filters(filters)
        ids = None if tree is None else ids_in_order(connection, tree)
        found = simulate(means, before=before, after=after, ids=ids, published=portal.scorecards)
        past = None
        if since is not None:
            end = min(until or now, now)
            start = min(since, end)
            past = replay(
                means,
                before=before,
                after=after,
                start=start,
                end=end,
                ids=ids,
                published=portal.scorecards,
            )
    return Trial(
        after=after,
        found=found,
        past=past,
        stopped=tuple(stopped([after], means.refusals.why)),
        refused=means.refusals.why,
    )
