"""Results from stored facts: only what a change touches is asked, and the rest is as if all were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from catalog.ingest.removal import RemovalPolicy
from portal.db.catalog.entities import by_ref
from portal.db.collection import pushed
from portal.db.engine import Database, open_database
from portal.db.evaluation import editions, held_passes, result_history, results, unanswerable
from portal.db.migrations import migrate
from portal.db.people import answers
from portal.db.tables import entities, facts, metadata
from portal.db.work import marks, rounds
from portal.fact_sources import schemas_of
from portal.pool import Pool
from portal.worker import deadlines
from portal.worker.assessment import assessing, reassessing
from portal.worker.assessment.saving import decisions_of
from portal.worker.children import retrying
from portal.worker.children.setup import Setup
from portal.worker.tools import Tools
from scorecards.collection.stored_facts import MOMENT
from scorecards.definitions.level_facts import level_record, level_schemas
from scorecards.definitions.loading import load_scorecards
from scorecards.definitions.readers import readers
from scorecards.evaluation.assessment import Assessor
from scorecards.evaluation.decisions import Answer, Decisions, decided
from scorecards.facts import FactRecord, FactSchema, FactType, Known
from scorecards.levels import Reached
from scorecards.results import CheckResult, Held, Outcome, ScorecardResult
from scorecards.scorecard import Scorecard
from tests.catalog_rows import NOW, entity, save
from tests.conftest import new_postgres_database
from tests.result_rows import ResultRows

NAMES = "abc"
HOUR = timedelta(hours=1)
PUSHED = tuple(
    FactSchema(name=name, type=FactType.INT, description=name, when_absent=0)
    for name in ("ci.tests", "ci.lint", "scan.bugs", "scan.unread")
)
SHAPES: dict[str, list[Any]] = {
    "ci": ["ci.tests > 1", "entity.spec.type == 'service'"],
    "ci, stricter": ["ci.tests > 2", {"any": ["ci.lint > 0", "catalog.type == 'website'"]}],
    "scan": ["scan.bugs == 0"],
    "damped": ["ci.tests > 1, grace: 4h"],
    "young": ["ci.tests > 1, max_age: 2h", "scan.bugs == 0, max_age: 3h"],
    "announced": ["ci.tests > 1, lifecycle: {stage: preview, from: 2026-03-02}", "scan.bugs == 0"],
    "now": ["now < timestamp('2026-03-02T00:00:00Z') || ci.tests > 2"],
    "young and old": ["ci.tests > 1, max_age: 1h", "ci.tests > 0 && scan.bugs == 0"],
    "level": ["levels.one > 0", {"any": ["levels.two == 0", "scan.bugs == 0"]}],
    "both": ["scan.bugs == 0 && ci.tests > 0", "manual"],
    "lint": ["ci.lint > 0"],
    "after one": ["levels.one > 0"],
    "low on one": ["levels.one == 0 && ci.lint > 0, grace: 3h"],
    "low on two": ["levels.two == 0 && ci.lint > 0, grace: 3h"],
}


def card(name: str, shape: str) -> Scorecard:
    lines = [
        f"- {{id: c{n}, title: t, level: Managed, why: w, fix: f, rule: {_rule(rule)}}}"
        for n, rule in enumerate(SHAPES[shape])
    ]
    text = "\n    ".join(lines)
    document = (
        f"apiVersion: plumbline.dev/v1\nkind: Scorecard\nmetadata: {{name: {name}, title: T}}\n"
        f"spec:\n  checks:\n    {text}\n"
    )
    (found,), problems = load_scorecards(document, file="c.yaml", schemas=SCHEMAS)
    assert problems == ()
    return found


def _rule(rule: Any) -> str:
    if rule == "manual":
        return "{manual: {question: Is it?, expires: 30d}}"
    if isinstance(rule, dict):
        return "{any: [" + ", ".join(f'"{leaf}"' for leaf in rule["any"]) + "]}"
    expression, comma, more = rule.partition(", ")
    return f'"{expression}"{comma}{more}'


@dataclass
class World:
    """A portal's worker, without a portal."""

    tools: Tools
    at: list[datetime]

    @property
    def cards(self) -> tuple[Scorecard, ...]:
        return self.tools.setup.scorecards

    def publish(self, cards: tuple[Scorecard, ...]) -> None:
        setup = replace(self.tools.setup, scorecards=cards)
        looked_at = readers(cards, SCHEMAS)
        self.tools = replace(self.tools, setup=setup, readers=looked_at)
        with self.tools.database.write() as connection:
            editions.mark_changed(connection, scorecards=cards, readers=looked_at, observed=[])

    def push(self, name: str, fact: str, value: int, ttl: timedelta | None = 5 * HOUR) -> None:
        self.push_all([(name, fact, value)], ttl)

    def push_all(
        self, said: Iterable[tuple[str, str, int]], ttl: timedelta | None = 5 * HOUR
    ) -> None:
        """Of entities, facts and their values, all at once."""
        records = [
            FactRecord(
                ref=f"component:default/{name}",
                collector=fact.partition(".")[0],
                version="1",
                url="",
                revision="",
                observed_at=self.at[0],
                valid_until=None if ttl is None else self.at[0] + ttl,
                facts={fact: Known(value=value)},
            )
            for name, fact, value in said
        ]
        with self.tools.database.write() as connection:
            pushed.push(connection, records, readers(self.cards, SCHEMAS))

    def answer(self, name: str, passes: bool) -> None:
        given_ = Answer(
            scorecard="two",
            check="c1",
            passes=passes,
            actor="ann",
            comment="so it is",
            evidence="",
            at=self.at[0],
            expires_at=self.at[0] + 3 * HOUR,
        )
        with self.tools.database.write() as connection:
            answers.put(connection, f"component:default/{name}", given_)

    def pass_time(self, hours: int) -> None:
        """As the engine's clock does."""
        self.at[0] += hours * HOUR
        with self.tools.database.write() as connection:
            marks.mark_stale(connection, self.at[0])
        deadlines.meet(self.tools)

    def work(self) -> None:
        while assessing.assess_round(self.tools):
            pass

    def stored(self) -> dict[tuple[str, str], ScorecardResult]:
        with self.tools.database.read() as connection:
            ids = connection.execute(select(entities.c.id)).scalars().all()
            found = results.for_entities(connection, ids)
        return {
            (one.result.ref, one.result.scorecard): replace(one.result, evaluated_at=NOW)
            for of_entity in found.values()
            for one in of_entity
        }

    def from_scratch(self) -> dict[tuple[str, str], ScorecardResult]:
        """Every scorecard, asked about every entity; those that look at levels come last."""
        ids, decisions = self.decisions()
        found: dict[tuple[str, str], ScorecardResult] = {}
        last = [card for card in self.cards if card.name == LAST]
        for cards in ([card for card in self.cards if card not in last], last):
            assessor, by_name = Assessor(cards, SCHEMAS), {card.name: card for card in cards}
            for one in ResultRows(database=self.tools.database).assessable(ids):
                told = [
                    level_record(one.ref, card, level_of(found.get((one.ref, card.name))), at=NOW)
                    for card in self.cards
                    if card.name != LAST
                ]
                seen = [r for r in one.records if not r.collector.startswith("levels.")]
                about = replace(one, records=(*seen, *(told if cards is last else ())))
                for said in assessor.assess(about, now=self.at[0]):
                    decided_ = decided(
                        by_name[said.scorecard],
                        said,
                        decisions.get(one.id, Decisions()),
                    )
                    found[said.ref, said.scorecard] = replace(decided_, evaluated_at=NOW)
        return found

    def decisions(self) -> tuple[Sequence[int], Mapping[int, Decisions]]:
        """The ids of all entities, and what people decided."""
        with self.tools.database.read() as connection:
            ids = connection.execute(select(entities.c.id)).scalars().all()
            return ids, decisions_of(connection, ids, self.at[0])


def level_of(said: ScorecardResult | None) -> Reached | None:
    return None if said is None else Reached(said.proven, said.possible)


LAST = "three"
"""The scorecard that looks at the levels of others."""

LEVELS = level_schemas(["one", "two"])

SCHEMAS = {
    **schemas_of(
        Setup(
            cache=Path("/nowhere"), working_tree=False, disabled_plugins=(), scorecards=()
        ).plugins()
    ),
    **{schema.name: schema for schema in PUSHED},
    **LEVELS,
}


def world_of(database: Database, pool: Pool, cache: Path, names: str = NAMES) -> World:
    at = [NOW]
    tools = Tools(
        database=database,
        plugins=(),
        setup=Setup(
            cache=cache,
            working_tree=False,
            disabled_plugins=(),
            scorecards=(),
            given=(*PUSHED, *LEVELS.values()),
        ),
        givers=("ci", "levels.one", "levels.two", "scan"),
        pool=pool,
        policy=RemovalPolicy(grace=HOUR),
        rules=None,
        now=lambda: at[0],
    )
    world = World(tools=tools, at=at)
    save(database, *(entity(name, spec={"type": "service"}) for name in names))
    world.publish((card("one", "ci"), card("two", "both")))
    world.pass_time(0)
    world.work()
    return world


@pytest.fixture
def world(database: Database, pool: Pool, tmp_path: Path) -> World:
    return world_of(database, pool, tmp_path)


@pytest.fixture(scope="module")
def pair(
    postgres: str, pool: Pool, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Database]]:
    """A database of each kind, emptied for each example."""
    file = tmp_path_factory.mktemp("reassessing") / "portal.db"
    found = [open_database(f"sqlite:///{file}"), open_database(new_postgres_database(postgres))]
    for database in found:
        migrate(database)
    yield found
    for database in found:
        database.close()


LOOKING_AT_LEVELS = {"level", "after one", "low on one", "low on two"}
UNDAMPED = sorted(SHAPES.keys() - {"damped"} - LOOKING_AT_LEVELS)  # damping goes by what was before
PUSH = st.tuples(
    st.just("push"),
    st.sampled_from(NAMES),
    st.sampled_from([schema.name for schema in PUSHED]),
    st.integers(0, 3),
    st.sampled_from([5 * HOUR, None]),
)
PUBLISH = st.tuples(
    st.just("publish"),
    st.dictionaries(st.sampled_from(["one", "two"]), st.sampled_from(UNDAMPED), max_size=2),
    st.sampled_from([{}, {LAST: "level"}, {LAST: "level"}]),
)
CHANGE = st.tuples(
    st.just("change"), st.sampled_from(NAMES), st.sampled_from(["service", "website"])
)
ANSWER = st.tuples(st.just("answer"), st.sampled_from(NAMES), st.booleans())
TIME = st.tuples(st.just("time"), st.sampled_from([1, 2, 3, 4, 12]))
WORK = st.tuples(st.just("work"))
STEPS = st.lists(st.one_of(PUSH, PUSH, PUBLISH, CHANGE, ANSWER, TIME, WORK), max_size=10)


def play(world: World, step: tuple[Any, ...], types: dict[str, str]) -> None:
    match step:
        case "push", name, fact, value, ttl:
            world.push(name, fact, value, ttl)
        case "publish", shapes, last:
            world.publish(tuple(card(*one) for one in sorted({**shapes, **last}.items())))
        case "change", name, kind:
            types[name] = kind
            found = (entity(one, spec={"type": types.get(one, "service")}) for one in NAMES)
            save(world.tools.database, *found, now=world.at[0])
        case "answer", name, passes:
            world.answer(name, passes)
        case "time", hours:
            world.pass_time(hours)
        case "work":
            world.work()


@given(STEPS)
def test_what_is_asked_step_by_step_is_what_is_asked_from_scratch(
    pair: list[Database], pool: Pool, tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    for database in pair:
        with database.write() as connection:
            for one in reversed(metadata.sorted_tables):
                connection.execute(one.delete())
        world = world_of(database, pool, tmp_path_factory.getbasetemp())
        types: dict[str, str] = {}
        for step in steps:
            play(world, step, types)
        world.work()
        assert world.stored() == world.from_scratch()


def test_a_pushed_fact_asks_the_scorecards_that_look_at_it(world: World) -> None:
    world.push("a", "ci.lint", 3)  # nobody looks at it
    with world.tools.database.read() as connection:
        assert marks.count_marks(connection) == 0
    world.push("a", "ci.tests", 3)
    world.push("b", "scan.bugs", 0)
    asked = []
    with world.tools.database.write() as connection:
        while due := rounds.next_due(connection, limit=10):
            asked.append((due.cards, len(due.seqs)))
            rounds.clear_marks(connection, due.seqs)
    assert sorted(asked, key=str) == sorted([({"one", "two"}, 1), ({"two"}, 1)], key=str)


def test_facts_are_stale_after_the_last_instant_at_which_they_are_valid(world: World) -> None:
    world.push("a", "ci.tests", 3)
    world.work()
    for _ in range(6):  # the fifth look is at that very instant
        world.pass_time(1)
        world.work()
        assert world.stored() == world.from_scratch()


def test_a_fact_becomes_too_old_for_a_check_after_its_last_instant(world: World) -> None:
    world.publish((card("slow", "young"),))
    world.push("a", "ci.tests", 3, ttl=None)
    world.push("b", "scan.bugs", 0, ttl=None)
    world.work()
    said = []
    for _ in range(4):
        said.append((said_of(world).outcome, said_of(world, "b", 1).outcome))
        world.pass_time(1)
        world.work()
        assert world.stored() == world.from_scratch()
    yes, no = Outcome.PASS, Outcome.UNKNOWN
    assert said == [(yes, yes), (yes, yes), (yes, yes), (no, yes)]
    assert said_of(world, "b", 1).outcome is no
    with world.tools.database.read() as connection:
        assert not held_passes.has_due(connection, world.at[0] + 100 * HOUR)


def test_only_whose_facts_become_too_old_is_asked_again(world: World) -> None:
    world.publish((card("one", "ci"), card("slow", "young and old")))
    world.push("a", "ci.tests", 3, ttl=None)
    world.push("b", "scan.bugs", 0, ttl=None)  # nobody asks how old that is
    world.work()
    world.at[0] += HOUR + MOMENT
    with world.tools.database.write() as connection:
        assert held_passes.has_due(connection, world.at[0])
        assert held_passes.mark_due(connection, world.at[0]) == 1
        due = rounds.next_due(connection, limit=10)
    assert due is not None
    assert (due.cards, len(due.seqs)) == ({"slow"}, 1)


def test_a_rule_that_looks_at_now_is_asked_every_day(world: World) -> None:
    world.publish((card("slow", "now"),))
    world.work()
    assert said_of(world).outcome is Outcome.PASS
    world.pass_time(12)
    world.work()
    assert said_of(world).outcome is Outcome.UNKNOWN
    assert world.stored() == world.from_scratch()


def test_what_is_pushed_again_is_young_again(world: World) -> None:
    world.publish((card("slow", "young"),))
    for hours in (0, 1, 2):
        world.pass_time(hours)
        world.push("a", "ci.tests", 3, ttl=None)
        world.work()
    assert said_of(world).outcome is Outcome.PASS
    world.pass_time(2)
    world.work()
    assert said_of(world).outcome is Outcome.PASS
    world.pass_time(1)
    world.work()
    assert said_of(world).outcome is Outcome.UNKNOWN
    world.push("a", "ci.tests", 3, ttl=None)
    world.work()
    assert said_of(world).outcome is Outcome.PASS
    assert world.stored() == world.from_scratch()


def test_an_answer_that_expires_asks_its_scorecard_again(world: World) -> None:
    world.answer("a", passes=True)
    world.work()
    answered = world.stored()
    world.pass_time(3)
    world.work()
    assert world.stored() == world.from_scratch() != answered


def said_of(world: World, name: str = "a", place: int = 0) -> CheckResult:
    return world.stored()[f"component:default/{name}", "slow"].results[place]


def test_a_failure_counts_when_it_has_lasted(world: World) -> None:
    damped = card("slow", "damped")
    world.publish((damped,))
    world.push("a", "ci.tests", 2)
    world.work()
    world.push("a", "ci.tests", 0)
    world.work()
    held = said_of(world)
    assert (held.outcome, held.leaves[0][1]) == (Outcome.PASS, Outcome.FAIL)
    assert held.held == Held(since=NOW, until=NOW + 4 * HOUR)
    assert held.reason.startswith("counts as a failure from 2026-03-01T16:00:00Z on if it lasts: ")
    assert world.stored()["component:default/a", "slow"].proven > 0
    world.pass_time(3)
    world.push("a", "ci.tests", -1)  # still too few: this does not begin anew
    world.work()
    assert said_of(world).held == held.held
    world.pass_time(1)
    world.work()
    assert (said_of(world).outcome, said_of(world).held) == (Outcome.FAIL, None)
    assert world.stored() == world.from_scratch()


def test_a_failure_that_goes_was_none(world: World) -> None:
    world.publish((card("slow", "damped"),))
    for hour, tests in enumerate([2, 0, 2, 0]):
        world.at[0] = NOW + hour * HOUR
        world.push("a", "ci.tests", tests)
        world.work()
    assert said_of(world).held == Held(since=NOW + 3 * HOUR, until=NOW + 7 * HOUR)
    with world.tools.database.read() as connection:
        a = by_ref(connection, "component:default/a")
        assert a is not None
        (move,) = result_history.moves(connection, [a.id], "slow").items
    assert move.transition.stand is not None
    assert [*move.transition.stand.outcomes.values()] == ["p"]


def test_what_never_passed_is_not_held(world: World) -> None:
    world.publish((card("slow", "damped"),))
    world.push("a", "ci.tests", 0)
    world.work()
    assert (said_of(world).outcome, said_of(world).held) == (Outcome.FAIL, None)


@pytest.mark.parametrize(
    "others",
    [(card("slow", "low on one"),), (card("two", "after one"), card("slow", "low on two"))],
    ids=["on the level", "on the level that follows from it"],
)
def test_a_fact_and_the_level_that_follows_from_it_are_seen_changed_together(
    world: World, others: tuple[Scorecard, ...]
) -> None:
    world.publish((card("one", "lint"), *others))
    world.push("a", "ci.lint", 0)
    world.work()
    before = world.stored()["component:default/a", "slow"]
    assert said_of(world).outcome is Outcome.FAIL
    world.push("a", "ci.lint", 1)
    world.work()
    # With the new fact and the old level it would pass, and that would count for three hours.
    assert (said_of(world).outcome, said_of(world).held) == (Outcome.FAIL, None)
    assert before.proven == world.stored()["component:default/a", "slow"].proven
    with world.tools.database.read() as connection:
        a = by_ref(connection, "component:default/a")
        assert a is not None
        assert len(result_history.moves(connection, [a.id], "slow").items) <= 1, "its beginning"


def test_what_a_level_puts_off_stays_as_it_is_until_then(world: World) -> None:
    world.publish((card("one", "lint"), card("slow", "low on one")))
    world.push("a", "ci.lint", 0)
    world.work()
    world.push("a", "ci.lint", 1)
    with world.tools.database.read() as connection:
        due = rounds.next_due(connection, limit=10)
    assert due is not None
    assert due.cards == {"one", "slow"}
    before = world.stored()
    reassessing._save(world.tools, due, reassessing._ask(world.tools, due, sorted(due.seqs)))
    after = world.stored()
    assert after["component:default/a", "one"] != before["component:default/a", "one"]
    assert after["component:default/a", "slow"] == before["component:default/a", "slow"]
    world.work()
    (said,) = world.stored()["component:default/a", "slow"].results
    assert (said.outcome, said.observed) == (Outcome.FAIL, {"ci.lint": 1, "levels.one": 3})


def test_what_happens_while_it_is_assessed_is_not_lost(world: World) -> None:
    """An answer to facts that were replaced meanwhile is dropped, and the entity asked again."""
    world.push("a", "ci.tests", 3)
    with world.tools.database.read() as connection:
        due = rounds.next_due(connection, limit=10)
    assert due is not None
    before = world.stored()
    task = reassessing._ask(world.tools, due, sorted(due.seqs))
    world.at[0] += HOUR
    world.push("a", "ci.tests", 1)
    reassessing._save(world.tools, due, task)
    assert world.stored() == before
    with world.tools.database.read() as connection:
        assert marks.count_marks(connection) == 1
    world.work()
    assert world.stored() == world.from_scratch()


def test_children_that_are_late_harm_nothing_that_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.stored()
    world.push("a", "ci.tests", 3)
    with monkeypatch.context() as late:
        late.setattr(reassessing, "DEADLINE", 0.0)
        late.setattr(retrying, "DEADLINE", 0.0)
        world.work()
    assert world.stored() == before
    with world.tools.database.read() as connection:
        assert marks.count_marks(connection) == 0
        (late_one,) = unanswerable.listed(connection)
        assert (late_one.ref, late_one.since) == ("component:default/a", NOW)
        assert late_one.reason == "took longer than 0 seconds"
    world.push("a", "ci.tests", 4)
    world.work()
    assert world.stored() == world.from_scratch() != before
    with world.tools.database.read() as connection:
        assert unanswerable.listed(connection) == ()


def test_facts_that_cannot_be_decoded_are_told_with_their_entity(world: World) -> None:
    before = world.stored()
    with world.tools.database.write() as connection:
        a = by_ref(connection, "component:default/a")
        assert a is not None
        marks.mark(connection, [a.id], ["one"])
        broken = facts.update().where(facts.c.entity_id == a.id)
        assert connection.execute(broken.values(facts=b"{broken")).rowcount
    world.push("b", "ci.tests", 3)
    world.work()
    after = world.stored()
    assert after["component:default/a", "one"] == before["component:default/a", "one"]
    assert after["component:default/b", "one"] != before["component:default/b", "one"]
    with world.tools.database.read() as connection:
        (found,) = unanswerable.listed(connection)
    assert (found.ref, found.since) == ("component:default/a", NOW)
    assert found.reason.startswith("raised JSONDecodeError: ")


def test_a_child_that_is_late_once_is_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.stored()
    world.push("a", "ci.tests", 3)
    world.push("b", "scan.bugs", 0)
    monkeypatch.setattr(reassessing, "DEADLINE", 0.0)
    world.work()
    assert world.stored() == world.from_scratch() != before
