"""A simulation tells the levels that publishing and assessing give, with graces and with levels of
others.

It is played on a worker without a portal: facts are pushed, time passes, a scorecard is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.problems import Severity
from portal.db.engine import Database, open_database
from portal.db.migrations import migrate
from portal.db.tables import metadata
from portal.pool import Pool
from portal.worker.assessment.asking import Means
from portal.worker.simulation.simulating import Simulated, simulate
from scorecards.definitions.level_facts import collector_of, level_fact
from scorecards.definitions.loading import load_scorecards
from scorecards.scorecard import Scorecard
from tests.portal.worker.assessment.test_reassessing import (
    HOUR,
    NAMES,
    PUSH,
    SCHEMAS,
    TIME,
    WORK,
    World,
    play,
    world_of,
)

SHAPES: dict[str, list[tuple[str, str]]] = {
    "one": [
        ("ci.tests > 1", ""),
        ("ci.tests > 1", "grace: 4h"),
        ("ci.tests > 2", "grace: 2h"),
        ("ci.lint > 0", "grace: 4h"),
        ("scan.bugs == 0 && ci.tests > 0", "grace: 6h"),
        ("scan.bugs == 0", "applies_to: ci.lint > 0"),
        ("entity.spec.type == 'service'", "grace: 3h"),
    ],
    "two": [
        ("levels.one > 0", ""),
        ("levels.one > 0", "grace: 3h"),
        ("levels.one == 0 || ci.lint > 1", "applies_to: levels.one < 2"),
        ("ci.lint > 0", ""),
    ],
    "three": [
        ("levels.one > 0", "grace: 3h"),
        ("levels.two > 0 && levels.one < 2", ""),
        ("levels.two == 0", "max_age: 30m"),
        ("ci.lint > 1", ""),
    ],
}
"""By scorecard, the checks that it may have: a rule, and what else is said of it."""

LEVELS = ("Managed", "Defined", "Optimizing")
Checks = tuple[int, ...]


def card(name: str, checks: Checks, everywhere: str = "") -> Scorecard:
    """The scorecard with these of its checks."""
    return written(name, [(f"c{n}", *SHAPES[name][n]) for n in checks], everywhere)


def stricter(rule: str, grace: str = "4h") -> Scorecard:
    """The first scorecard with another rule in place of its second check."""
    return written("one", [("c1", rule, f"grace: {grace}")])


def written(name: str, checks: list[tuple[str, str, str]], everywhere: str = "") -> Scorecard:
    """A scorecard of checks (id, rule, and what else is said), each a level above the one before."""
    lines = "".join(
        f"    - {{id: {id_}, title: t, level: {level}, why: w, fix: f, rule: {rule!r}, {more}}}\n"
        for (id_, rule, more), level in zip(checks, LEVELS, strict=False)
    )
    text = (
        f"apiVersion: plumbline.dev/v1\nkind: Scorecard\nmetadata: {{name: {name}, title: T}}\n"
        f"spec:\n{everywhere}  checks:\n{lines}"
    )
    (found,), problems = load_scorecards(text, file="c.yaml", schemas=SCHEMAS)
    assert not [one for one in problems if one.severity is Severity.ERROR]
    return found


def simulated(world: World, after: Scorecard) -> Simulated:
    """What the scorecard would do now in place of the one of its name."""
    told = {level_fact(one.name): collector_of(one.name) for one in world.cards}
    fed = {name: name.partition(".")[0] for name in SCHEMAS if not name.startswith("levels.")}
    with world.tools.database.read() as connection:
        means = Means(
            connection=connection,
            pool=world.tools.pool,
            collectors={**fed, **{n: told[n] for n in told if n in world.tools.readers}},
            schemas=SCHEMAS,
            unfed={},
            now=world.at[0],
        )
        before = next((one for one in world.cards if one.name == after.name), None)
        return simulate(means, before=before, after=after, published=world.cards)


def publish(world: World, after: Scorecard) -> None:
    world.publish((*(one for one in world.cards if one.name != after.name), after))
    world.work()


Levels = Mapping[str, tuple[int, int]]


def levels(world: World, name: str) -> Levels:
    """By ref, the proven and the possible level on a scorecard."""
    return {
        ref: (one.proven, one.possible)
        for (ref, card_), one in world.stored().items()
        if card_ == name
    }


def moves(
    before: Mapping[Any, tuple[int, int]], after: Mapping[Any, tuple[int, int]], place: int
) -> dict[Any, int]:
    """How many go from which level to which, of those that have one before or after."""
    return dict(
        Counter(
            (
                before[ref][place] if ref in before else None,
                after[ref][place] if ref in after else None,
            )
            for ref in before.keys() | after.keys()
        )
    )


def moved(of: Mapping[Any, int]) -> dict[Any, int]:
    return {move: n for move, n in of.items() if move[0] != move[1]}


def tell_and_do(world: World, after: Scorecard) -> Simulated:
    """Simulate and publish; what is told is what happens, on every scorecard."""
    names = {one.name for one in world.cards} | {after.name}
    before = {name: levels(world, name) for name in names}
    told = simulated(world, after)
    publish(world, after)
    assert told.waiting == 0
    others = {one.scorecard.name: one.simulation for one in told.ripples}
    for name in names:
        now = levels(world, name)
        proven, possible = (moves(before[name], now, place) for place in (0, 1))
        if name == after.name:
            assert (told.simulation.moves, told.simulation.possible) == (proven, possible)
        elif name in others:
            assert moved(others[name].moves) == moved(proven), name
            assert moved(others[name].possible) == moved(possible), name
        else:
            assert (moved(proven), moved(possible)) == ({}, {}), name
    return told


@pytest.fixture
def world(database: Database, pool: Pool, tmp_path: Path) -> World:
    return world_of(database, pool, tmp_path)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database that is emptied for each example."""
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('law') / 'portal.db'}")
    migrate(database)
    yield database
    database.close()


def checks_of(name: str) -> st.SearchStrategy[Checks]:
    places = st.integers(0, len(SHAPES[name]) - 1)
    return st.lists(places, min_size=1, max_size=3, unique=True).map(tuple)


CARDS = st.tuples(*map(checks_of, SHAPES))
CHANGE = st.sampled_from(sorted(SHAPES)).flatmap(
    lambda name: st.tuples(st.just(name), checks_of(name), st.booleans())
)
STEPS = st.lists(st.one_of(PUSH, PUSH, PUSH, TIME, WORK), max_size=12)


@given(cards=CARDS, steps=STEPS, change=CHANGE, absent=st.booleans())
def test_what_is_told_is_what_happens(
    stage: Database,
    pool: Pool,
    tmp_path_factory: pytest.TempPathFactory,
    cards: tuple[Checks, ...],
    steps: list[Any],
    change: tuple[str, Checks, bool],
    absent: bool,
) -> None:
    with stage.write() as connection:
        for one in reversed(metadata.sorted_tables):
            connection.execute(one.delete())
    world = world_of(stage, pool, tmp_path_factory.getbasetemp())
    name, checks, narrowed = change
    world.publish(
        tuple(
            card(one, of)
            for one, of in zip(SHAPES, cards, strict=True)
            # Others cannot look at the level on a scorecard that is not there.
            if not (absent and one == name == "three")
        )
    )
    for step in steps:
        play(world, step, {})
    world.work()
    tell_and_do(world, card(name, checks, "  applies_to: ci.tests >= 0\n" if narrowed else ""))


def filled(world: World, *cards: Scorecard, tests: int = 2) -> None:
    world.publish(cards)
    for name in NAMES:
        world.push(name, "ci.tests", tests)
    world.work()


def test_a_failure_with_a_grace_is_told_and_moves_nobody_yet(world: World) -> None:
    filled(world, card("one", (1,)), card("two", (0,)))
    told = tell_and_do(world, stricter("ci.tests > 5"))
    (check,) = told.simulation.checks
    assert (check.check, check.held, check.failing) == ("c1", 3, 0)
    assert (told.simulation.down, told.down, told.ripples) == (0, (), ())
    assert sum(team.held for team in told.simulation.teams) == 3


def test_a_shorter_grace_lets_a_failure_count_that_has_lasted(world: World) -> None:
    filled(world, stricter("ci.tests > 1"), card("two", (0,)))
    for name in "ab":
        world.push(name, "ci.tests", 0)
        world.work()
        world.pass_time(1)
    assert tell_and_do(world, stricter("ci.tests > 0", grace="2h")).simulation.down == 1
    assert tell_and_do(world, stricter("ci.tests > -1", grace="1h")).simulation.up == 1


def test_whose_grace_is_over_waits_to_be_assessed(world: World) -> None:
    filled(world, stricter("ci.tests > 1"))
    world.push("a", "ci.tests", 0)
    world.work()
    world.at[0] += 4 * HOUR  # nobody has looked since
    told = simulated(world, stricter("ci.tests > 0"))
    assert (told.waiting, told.simulation.entities) == (1, 2)


def test_a_level_that_nobody_has_looked_at_is_that_of_the_results(world: World) -> None:
    filled(world, card("one", (0,)), card("two", (3,)))
    assert not world.tools.readers.keys() & {"levels.one"}
    told = tell_and_do(world, card("two", (0,)))
    assert told.missing == {}
    assert [(e.ref[-1], e.case) for e in told.up] == [(name, ("u", "p")) for name in NAMES]


def test_scorecards_that_look_at_the_level_change_with_it_and_so_on(world: World) -> None:
    filled(world, card("one", (0,)), card("two", (0,)), card("three", (2,)))
    world.push("b", "ci.tests", 3)
    world.work()
    told = tell_and_do(world, card("one", (2,)))
    assert [(e.ref[-1]) for e in told.down] == ["a", "c"]
    others = {r.scorecard.name: (r.moving, r.simulation.down) for r in told.ripples}
    assert list(others.items()) == [("two", (2, 2)), ("three", (2, 0))]
