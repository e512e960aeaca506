"""Many entities at once, against one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from scorecards.collection.serialization import facts_to_json, state_in
from scorecards.evaluation.lens import Column, Lens, asks_of
from scorecards.evaluation.many import LeafSaid, Reader, Said, combine
from scorecards.facts import FactRecord, FailedFact, Known, Missing, Unknown
from scorecards.results import Outcome, outcome_letters
from scorecards.scorecard import Scorecard
from tests.scorecards.scorecard_samples import (
    NOW,
    SCHEMAS,
    assess,
    check,
    record,
    scorecard,
    subject,
)

CARD = scorecard(
    check({"any": ["repo.readme.bytes > 100", "repo.ci.runs_tests"]}),
    check("repo.ci.runs_tests && entity.spec.type == 'service'"),
    check("entity.metadata.annotations['a'] == 'b'", applies_to="has(entity.metadata.annotations)"),
    check("1 / repo.readme.bytes > 0", level="Defined"),
    check("repo.ci.runs_tests", max_age="2d"),
    check("repo.ci.runs_tests", applies_to="repo.readme.bytes > 1", max_age="4d"),
    check({"manual": {"question": "Is it so?"}}),
    check("repo.readme.bytes > 9", lifecycle={"stage": "retiring", "until": "2026-02-01"}),
    check("repo.readme.bytes > 9", lifecycle={"stage": "preview", "from": "2030-02-01"}),
    applies_to="entity.kind == 'Component' || repo.readme.path != ''",
)
_STATE = st.one_of(
    st.just(Missing()),
    st.just(FailedFact(reason=Unknown.NOT_PERMITTED, detail="x")),
)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "repo.readme.bytes": st.one_of(
            st.sampled_from([0, 5, 500]).map(lambda v: Known(value=v)), _STATE
        ),
        "repo.ci.runs_tests": st.one_of(st.booleans().map(lambda v: Known(value=v)), _STATE),
        "repo.readme.path": st.one_of(
            st.sampled_from(["", "R"]).map(lambda v: Known(value=v)), _STATE
        ),
        "test.coverage": st.just(Known(value=0.5)),
    },
)
ENTITIES = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {"name": st.just("x")},
            optional={
                "annotations": st.sampled_from([{}, {"a": "b"}, {"a": "c"}]),
                "title": st.text(),
            },
        )
    },
    optional={
        "kind": st.sampled_from(["Component", "API"]),
        "spec": st.sampled_from([{}, {"type": "service"}, {"type": "x", "owner": "y"}, "odd", []]),
    },
)


class Answers:
    def __init__(self, card: Scorecard) -> None:
        self.card = card
        self.lens = Lens(card, SCHEMAS, now=NOW)
        self.reader = Reader(card, SCHEMAS, now=NOW)
        self.read: list[LeafSaid] = []

    def say(self, bodies: list[bytes], *columns: Column) -> list[Said | None]:
        looks = self.lens.look(bodies, columns)
        self.read += [self.reader.read(glimpse) for glimpse in self.lens.take()]
        return [combine(self.card, [self.read[n] for n in look], now=NOW) for look in looks]


AGES = st.sampled_from([timedelta(0), timedelta(days=3), timedelta(days=5)])
ROWS = st.lists(st.tuples(ENTITIES, RECORDS, AGES, st.booleans()), max_size=12)


def column(records: list[FactRecord | None]) -> Column:
    return Column(
        facts=[found and facts_to_json(found) for found in records],
        stale=[False for _ in records],
        observed_at=[found and found.observed_at for found in records],
    )


@given(ROWS, st.integers(0, 12))
def test_the_answers_are_those_of_assessing_one_by_one(
    rows: list[tuple[Any, Any, timedelta, bool]], first: int
) -> None:
    answers = Answers(CARD)
    subjects, first_column, second_column = [], [], []
    for entity, facts, age, is_second in rows:
        found = record(facts, observed_at=NOW - age)
        subjects.append(subject(entity=entity, records=(found,)))
        # Two collectors, of which one has looked at this entity.
        first_column.append(None if is_second else found)
        second_column.append(found if is_second else None)
    said: list[Said | None] = []
    for part in (slice(first), slice(first, None)):
        if bodies := [what.body for what in subjects[part]]:
            said += answers.say(bodies, column(first_column[part]), column(second_column[part]))
    for what, got in zip(subjects, said, strict=True):
        expected = assess(CARD, what)
        assert (got and got.letters) == (expected and outcome_letters(expected))
        if got is not None and expected is not None:
            assert set(got.missing) == {
                (result.check, name, reason)
                for result in expected.results
                if result.outcome is Outcome.UNKNOWN
                for name, reason in result.unknown.items()
                if name in SCHEMAS  # whether people have answered is no fact
            }


def test_stale_facts_are_unknown_and_said_to_be_missing() -> None:
    card = scorecard(check("repo.ci.runs_tests"))
    packed = facts_to_json(record({"repo.ci.runs_tests": True}))
    found = Column(facts=[packed] * 3, stale=[True, 1, 0], observed_at=[NOW] * 3)
    said = Answers(card).say([b""] * 3, found)
    assert [one and one.letters for one in said] == ["u", "u", "p"]
    assert said[0] is not None
    assert said[0].missing == (("check-0", "repo.ci.runs_tests", "stale"),)
    assert Answers(card).say([b""]) != [None]


def test_it_looks_only_at_what_its_expressions_mention() -> None:
    lens = Lens(CARD, SCHEMAS, now=NOW)
    assert lens.facts == {"repo.readme.bytes", "repo.ci.runs_tests", "repo.readme.path"}
    entity = (
        b'{"kind":"API","spec":{"type":"x","owner":"y"},"metadata":{"name":"n","annotations":{}}}'
    )
    (first,) = lens.look([entity], [])
    seen = {asks_of(CARD)[g.leaf][0]: g.fields for g in lens.take()}
    (other,) = lens.look([entity.replace(b'"y"', b'"z"')], [])
    assert first == other == tuple(range(len(asks_of(CARD))))
    assert lens.waiting() == 0
    assert seen["repo.ci.runs_tests && entity.spec.type == 'service'"] == b'{"spec":{"type":"x"}}'
    assert seen["repo.readme.bytes > 100"] == b"{}"
    assert not Lens(scorecard(check("repo.ci.runs_tests")), SCHEMAS, now=NOW).looks_at_entity


def test_a_scorecard_without_leaves_sees_the_same_in_all() -> None:
    asks_people = scorecard(check({"manual": {"question": "Is it so?"}}))
    said = Answers(asks_people).say([b"", b""])
    assert [one and one.letters for one in said] == ["u", "u"]


_TEXTS = st.text(alphabet='ab"\\\\{}[],:', max_size=12)
_VALUES = st.one_of(
    _TEXTS, st.lists(_TEXTS, max_size=3).map(tuple), st.integers(0, 9), st.booleans()
)
_STATES = st.one_of(
    st.builds(lambda v, p: Known(value=v, path=p), _VALUES, _TEXTS),
    _TEXTS.map(lambda t: Missing(looked_for=t)),
    _TEXTS.map(lambda t: FailedFact(reason=Unknown.STALE, detail=t)),
)


@given(st.dictionaries(st.sampled_from(["a.b", "b", "a", "c.b.a"]), _STATES))
def test_a_state_is_found_without_parsing_whatever_the_texts_hold(facts: dict[str, Any]) -> None:
    written = facts_to_json(record(facts))
    for name in ("a.b", "b", "a", "c.b.a"):
        quoted = f'"{name}":'.encode()
        state = state_in(written, quoted)
        assert (orjson.loads(state) if state else None) == orjson.loads(written).get(name)
        for place in range(max(written.find(quoted), 0) + 1):
            assert state_in(written[place:], quoted) == state
