"""A replay tells what assessing would have stored, with graces and with levels of others; what it
cannot know, it says.

Days are lived through on a worker: facts are pushed or not, time passes, entities change, come and go.
Then the past is replayed, and compared with the transitions that were stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.db.catalog.entities import by_ref
from portal.db.engine import Database, open_database
from portal.db.evaluation import result_history
from portal.db.migrations import migrate
from portal.db.tables import metadata, refs
from portal.db.work import marks
from portal.pool import Pool
from portal.worker.assessment.asking import Means
from portal.worker.simulation.lived import NotKept
from portal.worker.simulation.replaying import Point, replay
from scorecards.definitions.level_facts import collector_of, level_fact
from scorecards.scorecard import Scorecard
from tests.catalog_rows import NOW, entity, save
from tests.portal.worker.assessment.test_reassessing import HOUR, NAMES, SCHEMAS, World, world_of
from tests.portal.worker.simulation.test_simulation_law import SHAPES, Checks, card, moved, moves

Step = tuple[Any, ...]
"""What happens within an hour."""


def lived(
    database: Database,
    pool: Pool,
    cache: Path,
    cards: tuple[Scorecard, ...],
    days: list[list[Step]],
) -> World:
    """A database in which these scorecards were in force while all of this happened."""
    with database.write() as connection:
        for one in reversed(metadata.sorted_tables):
            connection.execute(one.delete())
    world, there = world_of(database, pool, cache), dict.fromkeys(NAMES, "service")
    world.publish(cards)
    world.work()
    for hour in days:
        world.pass_time(1)
        work(world)
        for step in hour:
            happen(world, step, there)
        work(world)
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


def stored(world: World, name: str, at: datetime) -> Levels:
    """What was stored at an instant."""
    found = {}
    with world.tools.database.read() as connection:
        for id_ in connection.execute(select(refs.c.id)).scalars():
            for past in result_history.results_at(connection, [id_], at):
                if past.transition.scorecard == name:
                    found[id_] = (past.stand.proven, past.stand.possible)
    return found


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
def pool() -> Iterator[Pool]:
    with closing(Pool(1)) as pool:
        yield pool


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
PUSH = st.tuples(
    st.just("push"),
    st.sampled_from(NAMES),
    st.sampled_from(["ci.tests", "ci.tests", "ci.lint", "scan.bugs"]),
    st.integers(0, 3),
)
ENTITY = st.tuples(
    st.just("entity"), st.sampled_from(NAMES), st.sampled_from(["service", "website", None])
)
HALF_A_DAY = {"min_size": 11, "max_size": 11}
# Of two pushes at one instant only the last can be replayed for certain.
HOURS = st.lists(st.lists(PUSH, max_size=2, unique_by=lambda step: step[:3]), **HALF_A_DAY)
RESTLESS = st.lists(st.lists(st.one_of(PUSH, PUSH, PUSH, ENTITY), max_size=2), **HALF_A_DAY)
FEW = settings(max_examples=max(2, settings.default.max_examples // 5))
"""Every example lives through two half days or so, which takes seconds."""


def by_name(cards: tuple[Checks, ...]) -> tuple[Scorecard, ...]:
    return tuple(card(name, checks) for name, checks in zip(SHAPES, cards, strict=True))


@FEW
@given(
    cards=CARDS, name=st.sampled_from(sorted(SHAPES)), who=st.sampled_from(NAMES), hours=RESTLESS
)
def test_what_was_in_force_is_told_as_it_was_stored(
    stages: list[Database],
    pool: Pool,
    tmp_path_factory: pytest.TempPathFactory,
    cards: tuple[Checks, ...],
    name: str,
    who: str,
    hours: list[list[Step]],
) -> None:
    world = lived(stages[0], pool, tmp_path_factory.getbasetemp(), by_name(cards), hours)
    (published,) = [one for one in world.cards if one.name == name]
    with stages[0].read() as connection:
        entity_ = select(refs.c.id).where(refs.c.ref == f"component:default/{who}")
        id_ = connection.execute(entity_).scalar_one()
        present = by_ref(connection, f"component:default/{who}")
    for point in told(world, published, published, [id_]):
        was = stored(world, name, point.at).get(id_)
        proven = [now for _, now in point.simulation.moves]
        possible = [now for _, now in point.simulation.possible]
        least, most = (proven[0], possible[0]) if proven else (None, None)
        assert bool(point.gaps) == bool(point.uncollected)
        if point.uncollected:
            # Facts go with their entity: it is another one that is there now, or nobody.
            is_another = present is None or point.at < present.created_at
            assert is_another or {gap.why for gap in point.gaps} == {NotKept.ORDER}
            assert least is not None
            assert most is not None
            assert was is None or least <= was[0] <= was[1] <= most, point.at
        else:
            assert (None if least is None else (least, most)) == was, point.at


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
    name, checks, narrowed = change
    before = {one.name: one for one in by_name(cards)}
    after = card(name, checks, "  applies_to: ci.tests >= 0\n" if narrowed else "")
    cache = tmp_path_factory.getbasetemp()
    was = lived(stages[0], pool, cache, tuple(before.values()), hours)
    would = lived(stages[1], pool, cache, tuple((before | {name: after}).values()), hours)
    for point in told(was, before[name], after):
        assert point.uncollected == 0
        others = {one.scorecard.name: one.simulation for one in point.ripples}
        for one in before:
            levels = (stored(was, one, point.at), stored(would, one, point.at))
            proven, possible = (moves(*levels, place) for place in (0, 1))
            if one == name:
                found = point.simulation
                assert (dict(found.moves), dict(found.possible)) == (proven, possible), point.at
            elif one in others:
                assert moved(others[one].moves) == moved(proven), (one, point.at)
                assert moved(others[one].possible) == moved(possible), (one, point.at)
            else:
                assert (moved(proven), moved(possible)) == ({}, {}), (one, point.at)
