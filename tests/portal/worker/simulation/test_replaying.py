"""Replaying on both databases: what counted then, what of it hangs together, and what is not kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from portal.db import tables, values
from portal.db.changes.instants import KEPT_SINCE
from portal.db.engine import Database
from portal.db.people import exemptions
from portal.pool import Pool
from portal.worker.simulation.lived import Gap, NotKept
from portal.worker.simulation.replaying import replay
from portal.worker.simulation.tallying import Point
from scorecards.people.exemptions import Exemption, Ground, OneEntity, Reason, Scope, State, Step
from scorecards.scorecard import Scorecard
from tests.catalog_rows import NOW, entity, save
from tests.portal.worker.assessment.test_reassessing import HOUR, NAMES, World, world_of
from tests.portal.worker.simulation.test_replay_law import means_of
from tests.portal.worker.simulation.test_simulation_law import card, publish, stricter, written

TOP = 3
"""The level of whoever passes everything."""


@pytest.fixture
def world(database: Database, pool: Pool, tmp_path: Path) -> World:
    return world_of(database, pool, tmp_path)


def at(world: World, hours: float, after: Scorecard, before: Scorecard | None = None) -> Point:
    """What a replay tells of the instant so many hours after the beginning."""
    instant = NOW + hours * HOUR
    with world.tools.database.read() as connection:
        (point,) = replay(
            means_of(world, connection),
            before=before,
            after=after,
            start=instant,
            end=instant,
            published=world.cards,
        ).points
    return point


def levels(point: Point) -> dict[int | None, tuple[int, int]]:
    """By level, how many entities would have it for certain, and at best."""
    proven, possible = point.simulation.moves, point.simulation.possible
    return {
        level: (
            sum(n for (_, now), n in proven.items() if now == level),
            sum(n for (_, now), n in possible.items() if now == level),
        )
        for level in {now for _, now in [*proven, *possible]}
    }


def pushed(world: World, hour: int, fact: str, value: int, names: str = NAMES) -> None:
    world.at[0] = NOW + hour * HOUR
    for name in names:
        world.push(name, fact, value)
    world.work()


def test_a_failure_counts_when_its_grace_was_over(world: World) -> None:
    pushed(world, 1, "ci.tests", 3)
    pushed(world, 2, "ci.tests", 0)
    slow = stricter("ci.tests > 1", grace="2h")
    told = [levels(at(world, hours, slow)) for hours in (1, 2, 3.9, 4)]
    passed, failed = {TOP: (3, 3)}, {0: (3, 3)}
    assert told == [passed, passed, passed, failed]
    assert levels(at(world, 2, card("one", (0,)))) == failed


def test_whom_a_grace_spares_is_told(world: World) -> None:
    pushed(world, 1, "ci.tests", 3)
    pushed(world, 2, "ci.tests", 2)
    before, after = stricter("ci.tests > 1"), stricter("ci.tests > 2")
    point = at(world, 3, after, before)
    (check,) = point.simulation.checks
    assert (check.held, check.failing, point.simulation.down) == (3, 0, 0)
    assert at(world, 6, after, before).simulation.down == 3


def test_a_pass_that_both_hold_is_no_change(world: World) -> None:
    pushed(world, 1, "ci.tests", 3)
    pushed(world, 2, "ci.tests", 0)
    card_ = stricter("ci.tests > 1")
    assert at(world, 3, card_, card_).simulation.checks == ()


def test_former_facts_are_known(world: World) -> None:
    for hour, tests in enumerate((2, 0, 3), start=1):
        pushed(world, hour, "ci.tests", tests, "a")
    plain = card("one", (0,))
    told = [at(world, hours, plain) for hours in (0.5, 1, 2, 3)]
    assert [levels(point).get(TOP, (0, 0))[0] for point in told] == [0, 1, 0, 1]
    assert [point.uncollected for point in told] == [0, 0, 0, 0]


def test_what_is_said_again_in_time_was_never_stale_and_what_is_said_late_was(world: World) -> None:
    for hour in (1, 4, 8, 15):  # each holds for five hours
        pushed(world, hour, "ci.tests", 2, "a")
    plain = card("one", (0,))
    told = {hours: at(world, hours, plain) for hours in (1, 3, 7, 12.5, 14, 16)}
    known = {hours: levels(point).get(TOP, (0, 0))[0] for hours, point in told.items()}
    assert known == {1: 1, 3: 1, 7: 1, 12.5: 1, 14: 0, 16: 1}
    assert {point.uncollected for point in told.values()} == {0}


def test_what_an_older_portal_did_not_keep_is_said_to_be_not_kept(
    world: World, database: Database
) -> None:
    pushed(world, 1, "ci.tests", 2, "a")
    pushed(world, 3, "ci.tests", 2, "a")
    with database.write() as connection:
        connection.execute(tables.facts.update().values(since=None))
    plain = card("one", (0,))
    point = at(world, 2, plain)
    assert (point.uncollected, point.gaps) == (1, {Gap("c0", NotKept.FACTS, "ci.tests"): 1})
    pushed(world, 4, "ci.tests", 2, "a")
    assert [at(world, hours, plain).uncollected for hours in (2, 3, 4)] == [1, 0, 0]


def test_facts_of_an_entity_that_went_are_not_kept(world: World, database: Database) -> None:
    pushed(world, 1, "ci.tests", 2)
    save(database, *(entity(name, spec={"type": "service"}) for name in "ab"), now=NOW + 2 * HOUR)
    point = at(world, 1.5, card("one", (0,)))
    assert (point.uncollected, levels(point)) == (1, {0: (1, 0), TOP: (2, 3)})
    assert point.gaps == {Gap("c0", NotKept.FACTS, "ci.tests"): 1}
    assert at(world, 2.5, card("one", (0,))).simulation.entities == 2


def test_whether_a_failure_counted_is_not_known_where_what_was_before_is_pruned(
    world: World, database: Database
) -> None:
    pushed(world, 1, "ci.tests", 0)
    with database.write() as connection:
        values.put(connection, KEPT_SINCE, (NOW + 2 * HOUR).isoformat())
    slow = stricter("ci.tests > 1", grace="4h")
    told = [at(world, hours, slow) for hours in (3, 5.9)]
    assert [(point.uncollected, levels(point)) for point in told] == [
        (3, {0: (3, 0), TOP: (0, 3)})
    ] * 2
    assert {point.gaps[Gap("c1", NotKept.BEGINNING, "")] for point in told} == {3}
    pushed(world, 6, "ci.tests", -1)
    assert levels(at(world, 6, slow)) == {0: (3, 3)}


def test_since_when_a_rule_about_the_time_has_failed_is_not_known(world: World) -> None:
    pushed(world, 1, "ci.tests", 0)
    rule = "now > timestamp('2026-03-01T00:00:00Z') && ci.tests > 0"
    assert at(world, 9, stricter(rule, grace="1h")).uncollected == 0, "stale by then"
    point = at(world, 5, stricter(rule, grace="1h"))
    assert (point.uncollected, point.gaps) == (3, {Gap("c1", NotKept.TIME, ""): 3})
    assert at(world, 5, written("one", [("c1", rule, "")])).uncollected == 0


def test_scorecards_that_look_at_the_level_are_relived_with_it(world: World) -> None:
    one, two = card("one", (0,)), card("two", (1,))
    world.publish((one, two, written("three", [("c0", "levels.two == 0", "")])))
    pushed(world, 1, "ci.tests", 3)
    pushed(world, 2, "ci.tests", 2)
    pushed(world, 6, "ci.tests", 2)
    after = stricter("ci.tests > 2", grace="2h")
    told = [at(world, hours, after, one) for hours in (3.9, 4, 6.9, 7)]
    assert [point.simulation.down for point in told] == [0, 3, 3, 3]
    others = [
        {r.scorecard.name: (r.simulation.down, r.simulation.up) for r in point.ripples}
        for point in told
    ]
    # Three hours after the level has fallen it counts on the second scorecard, and at once on the third.
    assert others == [{}, {}, {}, {"two": (3, 0), "three": (0, 3)}]


def test_a_level_that_nobody_looked_at_is_that_of_then(world: World) -> None:
    world.publish((card("one", (0,)), card("two", (3,))))
    pushed(world, 1, "ci.tests", 3)
    pushed(world, 2, "ci.tests", 0)
    told = [levels(at(world, hours, card("two", (0,)))) for hours in (1, 2)]
    assert told == [{TOP: (3, 3)}, {0: (3, 3)}]


def test_a_level_from_before_its_scorecard_is_not_known(world: World) -> None:
    pushed(world, 1, "ci.tests", 3)
    later = NOW + 2 * HOUR  # as if it had been published then
    with world.tools.database.write() as connection:
        connection.execute(tables.check_lists.update().values(first_at=later))
        connection.execute(tables.transitions.update().values(at=later))
    told = [at(world, hours, card("two", (0,))) for hours in (1.5, 2.5)]
    assert [point.uncollected for point in told] == [3, 0]
    assert [point.gaps for point in told] == [{Gap("c0", NotKept.LEVEL, "levels.one"): 3}, {}]


def test_what_was_between_two_changes_of_one_instant_is_not_known(world: World) -> None:
    slow = stricter("ci.tests > 1", grace="4h")
    world.publish((slow,))
    for hour, tests in ((1, 0), (2, 3), (2, 0)):
        pushed(world, hour, "ci.tests", tests, "a")
    lived = world.stored()["component:default/a", "one"].results[0]
    assert lived.held is not None, "it was a pass for no time, which is held"
    told = [at(world, hours, slow, slow) for hours in (1, 2, 5.9, 6)]
    unsure = {Gap("c1", NotKept.ORDER, ""): 1}
    assert [point.gaps for point in told] == [{}, unsure, unsure, {}]
    plain = written("one", [("c1", "ci.tests > 1", "")])
    assert at(world, 2, plain).gaps == {}, "without a grace nothing hangs on it"


def test_what_is_not_known_of_a_scorecard_that_looks_at_the_level_is_said_there(
    world: World,
) -> None:
    one = card("one", (0,))
    world.publish((one, card("two", (1,))))
    for hour, tests in ((1, 0), (2, 3), (2, 0)):
        pushed(world, hour, "ci.tests", tests, "a")
    # By the one definition its level was high for no time, which a grace holds on the second scorecard.
    stricter_ = written("one", [("c0", "ci.tests > 5", "")])
    told = [at(world, hours, stricter_, one) for hours in (1, 2, 4.9, 5)]
    unsure = [{r.scorecard.name: (r.gaps, r.uncollected) for r in point.ripples} for point in told]
    order = {"two": ({Gap("c1", NotKept.ORDER, ""): 1}, 1)}
    assert unsure == [{}, order, order, {}]


def test_a_level_is_certain_where_only_one_that_it_does_not_follow_from_changed_twice(
    world: World,
) -> None:
    one = written("one", [("c0", "ci.lint > 0", "")])
    two = written("two", [("c0", "levels.one == 0 && ci.lint > 0", "")])
    rules = [("c0", "levels.one == 0", "grace: 3h"), ("c1", "levels.two == 0", "")]
    three = written("three", rules)
    world.publish((one, two, three))
    # The second scorecard is asked twice at two o'clock: with the fact, and with the level after it.
    for hour, lint in ((1, 0), (2, 1)):
        pushed(world, hour, "ci.lint", lint, "a")
    told = [at(world, hours, three, three) for hours in (1, 2, 4.9, 5)]
    assert [point.gaps for point in told] == [{}] * 4
    assert [levels(point).get(0, (0, 0))[1] for point in told] == [0, 0, 0, 1]


def test_how_old_a_fact_was_that_has_been_said_again_is_not_known(world: World) -> None:
    for hour in (1, 3, 5):
        pushed(world, hour, "ci.tests", 2, "a")
    young = written("one", [("c1", "ci.tests > 1", "max_age: 90m")])
    told = [at(world, hours, young) for hours in (2, 4, 5.5, 7)]
    age = {Gap("c1", NotKept.AGE, "ci.tests"): 1}
    # At two o'clock it was an hour old, at four it may have been three.
    assert [point.gaps for point in told] == [{}, age, {}, {}]


def test_what_people_answered_is_told(world: World) -> None:
    pushed(world, 1, "scan.bugs", 0)
    pushed(world, 1, "ci.tests", 1)
    world.at[0] = NOW + 2 * HOUR
    world.answer("a", passes=True)
    world.work()
    (both,) = [one for one in world.cards if one.name == "two"]
    told = [levels(at(world, hours, both, both)) for hours in (1.5, 2.5)]
    assert told == [{0: (3, 0), TOP: (0, 3)}, {0: (2, 0), TOP: (1, 3)}]


def test_who_was_exempt_is_told_so(world: World, database: Database) -> None:
    plain = written("one", [("c0", "ci.tests > 1", ""), ("c1", "ci.tests > -1", "")])
    publish(world, plain)
    pushed(world, 1, "ci.tests", 0)
    world.at[0] = NOW + 2 * HOUR
    with database.write() as connection:
        exemptions.put(connection, exemption("a", "c0", at=world.at[0]))
    world.work()
    otherwise = written("one", [("c0", "ci.tests > 5", ""), ("c1", "ci.tests > -1", "")])
    told = [levels(at(world, hours, otherwise, plain)) for hours in (1.5, 2.5)]
    assert told == [{0: (3, 3)}, {0: (2, 2), TOP: (1, 1)}]


def exemption(name: str, check: str, *, at: datetime) -> Exemption:
    asked = Step(state=State.REQUESTED, actor="ann", at=at, reason="")
    return Exemption(
        id=1,
        scope=Scope(scorecard="one", check=check, whom=OneEntity(ref=f"component:default/{name}")),
        reason=Reason(ground=Ground.RISK_ACCEPTED, text="so it is"),
        expires_at=at + 9 * HOUR,
        steps=(asked, replace(asked, state=State.APPROVED, actor="bob")),
    )
