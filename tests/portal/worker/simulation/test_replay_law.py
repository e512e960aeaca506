"""A replay tells what assessing would have stored, with graces and with levels of others; what it
cannot know, it says.

Days are lived through on a worker: facts are pushed or not, time passes, entities change, come and go.
Then the past is replayed, and compared with the transitions that were stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.db.catalog.entities import by_ref
from portal.db.engine import Database, open_database, utc
from portal.db.migrations import migrate
from portal.db.tables import check_lists, metadata, refs, transitions
from portal.db.work import marks
from portal.pool import Pool
from portal.worker.assessment.asking import Means
from portal.worker.simulation.lived import NotKept
from portal.worker.simulation.replaying import replay
from portal.worker.simulation.tallying import Point
from scorecards.definitions.level_facts import collector_of, level_fact
from scorecards.insights.simulation import Simulation
from scorecards.scorecard import Scorecard
from tests.catalog_rows import NOW, entity, save
from tests.portal.worker.assessment.test_reassessing import HOUR, NAMES, SCHEMAS, World, world_of
from tests.portal.worker.simulation.test_simulation_law import SHAPES, Checks, card, moved, moves

Step = tuple[Any, ...]
"""What happens within an hour."""

CROWD = "abcdefgh"
"""Entities whose pasts have nothing to do with each other: one life tries many."""

LONGEST = 12 * HOUR
"""How long at most a failure may not count, on a scorecard and on those that look at its level."""

LATER = timedelta(minutes=15)
"""After the hour at which time alone may change something. What was first of several changes of one
instant is not kept."""


def lived(
    database: Database,
    pool: Pool,
    cache: Path,
    cards: tuple[Scorecard, ...],
    days: list[list[Step]],
    names: str = NAMES,
    later: timedelta = timedelta(),
) -> World:
    """A database in which these scorecards were in force while all of this happened."""
    with database.write() as connection:
        for one in reversed(metadata.sorted_tables):
            connection.execute(one.delete())
    world, there = world_of(database, pool, cache, names), dict.fromkeys(names, "service")
    world.publish(cards)
    world.work()
    for hour in days:
        world.pass_time(1)
        work(world)
        world.at[0] += later
        if later:
            world.push_all((name, fact, value) for _, name, fact, value in hour)
        else:
            for step in hour:
                happen(world, step, there)
        work(world)
        world.at[0] -= later
    return world


def work(world: World) -> None:
    with world.tools.database.read() as connection:
        marked = marks.count_marks(connection)
    if marked:
        world.work()


def happen(world: World, step: Step, there: dict[str, str]) -> None:
    match step:
        case "push", name, fact, value if name in there:
            world.push(name, fact, value)
        case "entity", name, kind:
            if kind is None:
                there.pop(name, None)
            else:
                there[name] = kind
            found = (entity(one, spec={"type": type_}) for one, type_ in there.items())
            save(world.tools.database, *found, now=world.at[0])


def means_of(world: World, connection: Any) -> Means:
    told = {level_fact(one.name): collector_of(one.name) for one in world.cards}
    fed = {name: name.partition(".")[0] for name in SCHEMAS if not name.startswith("levels.")}
    return Means(
        connection=connection,
        pool=world.tools.pool,
        collectors={**fed, **{n: told[n] for n in told if n in world.tools.readers}},
        schemas=SCHEMAS,
        unfed={},
        now=world.at[0],
    )


Levels = Mapping[int, tuple[int, int]]
"""By entity, the proven and the possible level."""


class Stored:
    """What was stored at any instant."""

    def __init__(self, world: World) -> None:
        table = transitions.c
        lists = check_lists.c
        columns = (lists.scorecard, table.entity_id, table.at, table.until)
        found = select(*columns, table.proven, table.possible).join(
            check_lists, lists.id == table.checks_id
        )
        with world.tools.database.read() as connection:
            ended = table.outcomes.is_(None)
            self._rows = [
                (*row[:2], utc(row.at), utc(row.until), (row.proven, row.possible))
                for row in connection.execute(found.where(~ended))
            ]

    def levels(self, name: str, at: datetime) -> Levels:
        """The levels on a scorecard."""
        return {
            entity: levels
            for card, entity, start, end, levels in self._rows
            if card == name and start is not None and start <= at and (end is None or at < end)
        }


def told(
    world: World, before: Scorecard, after: Scorecard, ids: list[int] | None = None
) -> tuple[Point, ...]:
    """What a replay tells of every hour."""
    with world.tools.database.read() as connection:
        found = replay(
            means_of(world, connection),
            before=before,
            after=after,
            start=NOW,
            end=NOW + 11 * HOUR,
            ids=ids,
            published=world.cards,
        )
    return found.points


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Database]]:
    """Two databases, which are emptied for each example."""
    folder = tmp_path_factory.mktemp("law")
    found = [open_database(f"sqlite:///{folder / name}") for name in ("one.db", "two.db")]
    for database in found:
        migrate(database)
    yield found
    for database in found:
        database.close()


def checks_of(name: str) -> st.SearchStrategy[Checks]:
    places = [n for n, (_, more) in enumerate(SHAPES[name]) if "max_age" not in more]
    return st.lists(st.sampled_from(places), min_size=1, max_size=3, unique=True).map(tuple)


CARDS = st.tuples(*map(checks_of, SHAPES))
CHANGE = st.sampled_from(sorted(SHAPES)).flatmap(
    lambda name: st.tuples(st.just(name), checks_of(name), st.booleans())
)
FACTS = st.sampled_from(["ci.tests", "ci.tests", "ci.lint", "scan.bugs"])


def pushes(names: str) -> st.SearchStrategy[Step]:
    return st.tuples(st.just("push"), st.sampled_from(names), FACTS, st.integers(0, 3))


ENTITY = st.tuples(
    st.just("entity"), st.sampled_from(NAMES), st.sampled_from(["service", "website", None])
)
HALF_A_DAY = {"min_size": 11, "max_size": 11}
HOURS = st.lists(
    st.lists(pushes(CROWD), max_size=12, unique_by=lambda step: (step[1], step[2][:2])),
    **HALF_A_DAY,
)
_PUSH = pushes(NAMES)
RESTLESS = st.lists(st.lists(st.one_of(_PUSH, _PUSH, _PUSH, ENTITY), max_size=2), **HALF_A_DAY)
FEW = settings(max_examples=max(2, settings.default.max_examples // 5))
"""Every example lives through two half days or so, which takes seconds."""


def by_name(cards: tuple[Checks, ...]) -> tuple[Scorecard, ...]:
    return tuple(card(name, checks) for name, checks in zip(SHAPES, cards, strict=True))


def changed(change: tuple[str, Checks, bool]) -> Scorecard:
    name, checks, narrowed = change
    return card(name, checks, "  applies_to: ci.tests >= 0\n" if narrowed else "")


def entities_of(world: World) -> dict[int, datetime | None]:
    """By id, all that ever were, and when those that are there came."""
    with world.tools.database.read() as connection:
        found = connection.execute(select(refs.c.id, refs.c.ref)).all()
        present = {ref: by_ref(connection, ref) for _, ref in found}
    return {id_: one and one.created_at for id_, ref in found for one in [present[ref]]}


Sides = tuple[tuple[int, int] | None, tuple[int, int] | None]
"""The levels before and after a change; None: the scorecard does not apply."""


def sides_of(simulation: Simulation) -> Sides:
    """Of a simulation of one entity, what its levels are at least and at most, before and after."""
    if not simulation.moves:  # it never applied, and does not after the change
        return None, None
    (proven,), (possible,) = simulation.moves, simulation.possible
    before, after = (
        (least, most) if least is not None and most is not None else None
        for least, most in zip(proven, possible, strict=True)
    )
    return before, after


def is_told(told_: Sides, live: Sides, *, unsure: bool) -> bool:
    """Whether that was so, or where something is not known, may have been so."""
    if not unsure:
        return told_ == live
    return all(
        now is None or (said is not None and said[0] <= now[0] <= now[1] <= said[1])
        for said, now in zip(told_, live, strict=True)
    )


@FEW
@given(cards=CARDS, change=CHANGE, hours=RESTLESS)
def test_what_is_known_is_told_as_it_was_and_what_is_not_is_said(
    stages: list[Database],
    pool: Pool,
    tmp_path_factory: pytest.TempPathFactory,
    cards: tuple[Checks, ...],
    change: tuple[str, Checks, bool],
    hours: list[list[Step]],
) -> None:
    """Also where several things happen at one instant, and where entities come and go."""
    before, after = {one.name: one for one in by_name(cards)}, changed(change)
    cache = tmp_path_factory.getbasetemp()
    was = lived(stages[0], pool, cache, tuple(before.values()), hours)
    would = lived(stages[1], pool, cache, tuple((before | {after.name: after}).values()), hours)
    live = Stored(was), Stored(would)
    for id_, came in entities_of(was).items():
        for point in told(was, before[after.name], after, [id_]):
            others = {one.scorecard.name: one for one in point.ripples}
            found = {name: (one.simulation, one.gaps) for name, one in others.items()}
            found[after.name] = (point.simulation, point.gaps)
            for name, (simulation, gaps) in found.items():
                both = tuple(side.levels(name, point.at).get(id_) for side in live)
                assert is_told(sides_of(simulation), both, unsure=bool(gaps)), (name, point.at)
                # Facts go with their entity: it is another one that is there now, or nobody.
                is_another = came is None or point.at < came + LONGEST
                assert is_another or {gap.why for gap in gaps} <= {NotKept.ORDER, NotKept.LEVEL}
            assert bool(point.gaps) == bool(point.uncollected)
            for name in before.keys() - found.keys():
                one, other = (side.levels(name, point.at).get(id_) for side in live)
                assert one == other, (name, point.at)


@FEW
@given(cards=CARDS, change=CHANGE, hours=HOURS)
def test_a_change_is_told_as_it_would_have_been_stored(
    stages: list[Database],
    pool: Pool,
    tmp_path_factory: pytest.TempPathFactory,
    cards: tuple[Checks, ...],
    change: tuple[str, Checks, bool],
    hours: list[list[Step]],
) -> None:
    before, after = {one.name: one for one in by_name(cards)}, changed(change)
    cache = tmp_path_factory.getbasetemp()
    was = lived(stages[0], pool, cache, tuple(before.values()), hours, CROWD, LATER)
    published = tuple((before | {after.name: after}).values())
    would = lived(stages[1], pool, cache, published, hours, CROWD, LATER)
    live = Stored(was), Stored(would)
    for point in told(was, before[after.name], after):
        assert (point.uncollected, point.gaps) == (0, {})
        others = {one.scorecard.name: one for one in point.ripples}
        assert {one.uncollected for one in others.values()} <= {0}
        for name in before:
            levels = [side.levels(name, point.at) for side in live]
            proven, possible = (moves(*levels, place) for place in (0, 1))
            if name == after.name:
                found = point.simulation
                assert (dict(found.moves), dict(found.possible)) == (proven, possible), point.at
            elif name in others:
                found = others[name].simulation
                assert moved(found.moves) == moved(proven), (name, point.at)
                assert moved(found.possible) == moved(possible), (name, point.at)
            else:
                assert (moved(proven), moved(possible)) == ({}, {}), (name, point.at)
