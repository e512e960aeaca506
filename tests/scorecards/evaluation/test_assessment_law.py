"""Laws of assessment: it says what asking each expression by itself says, however it remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scorecards.collection.store import Assessable
from scorecards.collection.stored_facts import Absences, knowledge_of, stored
from scorecards.evaluation import answers
from scorecards.evaluation.assessment import Assessor
from scorecards.evaluation.packing import unpack
from scorecards.facts import FactRecord, FailedFact, Known, Missing, Unknown
from scorecards.knowledge import knowledge
from scorecards.lifecycle import Preview, Retiring
from scorecards.rules import All, AtLeast, Leaf, Manual, Not
from scorecards.rules import Any as AnyOf
from scorecards.scorecard import Check, Observation, Scorecard
from tests.scorecards.leaf_by_leaf import assess_slowly
from tests.scorecards.scorecard_samples import NOW, SCHEMAS, check, record, scorecard, subject

LEAVES = [
    "repo.readme.bytes >= 500",
    "500 > repo.readme.bytes",
    "repo.readme.bytes == 0 || repo.ci.runs_tests",
    "1000 / repo.readme.bytes > 2",
    "repo.readme.path == ''",
    "repo.readme.path.size() > 3",
    "repo.readme.path.matches('^READ')",
    "entity.metadata.name.matches(repo.readme.path)",
    "size(repo.ci.systems) > 1",
    "'jenkins' in repo.ci.systems",
    "repo.ci.systems.exists(s, s == repo.readme.path)",
    "repo.ci.runs_tests",
    "!repo.ci.runs_tests && repo.readme.bytes > 3",
    "test.coverage > 0.5",
    "1.0 / test.coverage < 0.0",
    "now - repo.commit.at < duration('48h')",
    "repo.commit.at > timestamp('2026-02-27T00:00:00Z')",
    "entity.spec.tier == 'one'",
    "has(entity.spec.tier) && entity.spec.tier in ['one', 'two']",
    "'a/b' in entity.metadata.annotations",
    "entity.metadata.annotations['a/b'] == 'c'",
    "entity.metadata.tags.exists(t, t == entity.spec.type)",
    "size(entity.metadata.tags) > 1 || repo.ci.runs_tests",
    "entity.spec.tier > 1",
    "entity.spec.weight == 1.0",
    "[1, 2].exists(entity, entity == size(repo.ci.systems))",
    "entity == {'spec': {}}",
]
OBSERVED = [
    Observation(title="repo.readme.bytes", expression="repo.readme.bytes"),
    Observation(title="Half", expression="repo.readme.bytes / 2"),
    Observation(title="Share", expression="10 / repo.readme.bytes"),
    Observation(title="Tier", expression="entity.spec.tier"),
]

FAILED = FailedFact(reason=Unknown.SOURCE_FAILED, detail="it could not be cloned")
NOT_PERMITTED = FailedFact(reason=Unknown.NOT_PERMITTED, detail="")
NOT_FED = FailedFact(reason=Unknown.NOT_CONFIGURED, detail="a pack is on, and nothing feeds it")

some_leaf = st.sampled_from(LEAVES).map(lambda text: Leaf(expression=text))
some_rule = st.recursive(
    some_leaf,
    lambda parts: (
        st.builds(lambda p: Not(part=p), parts)
        | st.builds(lambda p: All(parts=tuple(p)), st.lists(parts, min_size=1, max_size=4))
        | st.builds(lambda p: AnyOf(parts=tuple(p)), st.lists(parts, min_size=1, max_size=4))
        | st.builds(
            lambda p: AtLeast(count=(len(p) + 1) // 2, parts=tuple(p)),
            st.lists(parts, min_size=1, max_size=5),
        )
    ),
    max_leaves=6,
)
TODAY = NOW.date()
LIVES: list[dict[str, Any]] = [
    {},
    {"max_age": timedelta(days=1)},
    {"max_age": timedelta(hours=1)},
    {"lifecycle": Preview(starts=TODAY + timedelta(days=1))},
    {"lifecycle": Retiring(ends=TODAY)},
    {"lifecycle": Retiring(ends=TODAY - timedelta(days=1))},
]
BASE = scorecard(check("repo.readme.bytes > 1"))
some_check = st.builds(
    lambda rule, condition, observe, level, life: replace(
        BASE.checks[0],
        rule=rule,
        applies_to=condition,
        applies_because="only to some",
        observe=tuple(observe),
        level=level,
        **life,
    ),
    some_rule | st.just(Manual(question="", expires=timedelta(days=9))),
    st.none() | some_leaf,
    st.lists(st.sampled_from(OBSERVED), max_size=2, unique=True),
    st.integers(1, 3),
    st.sampled_from(LIVES),
)


def _card(checks: Sequence[Check], condition: Leaf | None) -> Scorecard:
    """Loading refuses rules that make no sense, which assessment has to stand all the same."""
    ordered = sorted(checks, key=lambda one: one.level)
    named = tuple(replace(one, id=f"check-{n}") for n, one in enumerate(ordered))
    return replace(BASE, checks=named, applies_to=condition)


some_card = st.builds(_card, st.lists(some_check, min_size=1, max_size=4), st.none() | some_leaf)

silent = st.sampled_from([FAILED, NOT_PERMITTED, Missing(looked_for="it")])


def known(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values.map(lambda value: Known(value=value)) | silent


some_facts = st.fixed_dictionaries(
    {},
    optional={
        "repo.readme.bytes": known(st.sampled_from([0, 1, 499, 500, 10**6, True, "many"])),
        "repo.readme.path": known(st.sampled_from(["", "README.md", "(", "x" * 2_000])),
        "repo.ci.systems": known(
            st.sampled_from([(), ("jenkins",), ("jenkins", "README.md"), (1,)])
        ),
        "repo.ci.runs_tests": known(st.sampled_from([True, False, 1])),
        "test.coverage": known(st.sampled_from([0.0, -0.0, 0.7, 1])),
        "repo.commit.at": known(
            st.sampled_from([NOW - timedelta(hours=h) for h in (1, 47, 48, 100)])
        ),
    },
)
some_records = st.lists(
    st.builds(
        lambda facts, until, at: record(facts, valid_until=until, observed_at=at),
        some_facts,
        st.sampled_from([None, NOW, NOW - timedelta(seconds=1)]),
        st.sampled_from([NOW, NOW - timedelta(hours=2), NOW - timedelta(days=3)]),
    ),
    max_size=2,
).map(tuple)
some_entity = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.just("Component"),
        "metadata": st.sampled_from(
            [
                {},
                [],
                {"name": "README"},
                {"name": "x", "tags": ["service"], "annotations": {"a/b": "c"}},
                {"name": 1, "tags": ["service", 1], "annotations": ["a/b"]},
            ]
        ),
        "spec": st.sampled_from(
            [{}, {"tier": "one", "type": "service"}, {"tier": 2, "weight": 1}, {"weight": 1.0}, "x"]
        ),
    },
)
some_subjects = st.lists(
    st.builds(lambda e, r: subject(entity=e, records=r), some_entity, some_records),
    min_size=1,
    max_size=8,
)


@pytest.fixture(params=[answers.SETTLED, 2], ids=["remembering", "together"])
def settled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once with all that is remembered, once with everything asked for together early."""
    monkeypatch.setattr(answers, "SETTLED", request.param)


@pytest.mark.usefixtures("settled")
@settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # making it smaller takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    some_card,
    some_subjects,
    st.sampled_from([NOW, NOW + timedelta(hours=2), NOW + timedelta(days=2)]),
)
def test_assessment_says_what_each_expression_says_by_itself(
    card: Scorecard, subjects: Sequence[Assessable], later: datetime
) -> None:
    assessor = Assessor([card], SCHEMAS)
    for now in (NOW, later):
        for what in [*subjects, *subjects]:
            slow = assess_slowly(card, SCHEMAS, what, now)
            assert assessor.assess(what, now=now) == ((slow,) if slow else ())


@given(some_card, some_subjects)
def test_what_is_packed_is_what_is_said(card: Scorecard, subjects: Sequence[Assessable]) -> None:
    assessor = Assessor([card], SCHEMAS)
    for what in subjects:
        records = [stored(one) for one in what.records]
        packed = assessor.pack(what.body, records, now=NOW)
        said = assessor.assess(what, now=NOW)
        read = tuple(
            unpack(one, assessor.layouts, ref=what.ref, evaluated_at=NOW) for one in packed
        )
        assert read == said
        letters = [(p.scorecard, p.letters, p.proven, p.possible) for p in packed]
        assert letters == [
            (name, v.letters, *v.levels)
            for name, v in assessor.verdicts(what.body, records, now=NOW)
        ]


@given(
    some_records,
    st.none() | st.just(timedelta(hours=1)),
    st.dictionaries(st.sampled_from(sorted(SCHEMAS)), st.just(NOT_FED)),
)
def test_stored_facts_are_known_as_their_records_are(
    records: tuple[FactRecord, ...], age: timedelta | None, unfed: dict[str, FailedFact]
) -> None:
    stored_ones = [stored(one) for one in records]
    found = knowledge_of(stored_ones, Absences(SCHEMAS, unfed), now=NOW, max_age=age)
    assert found == knowledge(records, SCHEMAS, now=NOW, max_age=age, unfed=unfed)
    assert all(found.why_not(name) == NOT_FED for name in unfed)
