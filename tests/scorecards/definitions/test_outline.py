"""Outlines: a scorecard as data, and what is otherwise in another."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from scorecards.definitions.loading import load_scorecards
from scorecards.definitions.outline import (
    Difference,
    Op,
    Subject,
    differences,
    outline,
    rule_as_written,
)
from scorecards.lifecycle import Draft
from tests.scorecards.scorecard_samples import SCHEMAS, check, document, scorecard

RULE = {
    "all": [
        "repo.ci.runs_tests",
        {"any": [{"not": "repo.readme.bytes > 5"}, "repo.readme.path == ''"]},
        {"at_least": {"count": 1, "of": ["repo.ci.systems != []", "test.coverage > 4.0"]}},
    ]
}
TEST = {
    "given": {
        "repo.readme.bytes": 4,
        "repo.readme.path": None,
        "repo.ci.runs_tests": {"unknown": "stale"},
        "repo.commit.at": "2026-03-01T12:00:00Z",
    },
    "entity": {"kind": "API"},
    "now": "2026-03-01T12:00:00Z",
    "expect": "fail",
    "reason": "r",
}


def test_an_outline_says_what_the_document_says() -> None:
    full = check(
        RULE,
        id="full",
        category="C",
        applies_to={"rule": "entity.kind == 'API'", "because": "APIs"},
        observe=["repo.readme.path", {"title": "T", "expression": "repo.readme.bytes"}],
        expected="E",
        effort="days",
        weight=3,
        links=[{"title": "L", "url": "https://example.com"}],
        owner="group:default/a",
        lifecycle={"stage": "preview", "from": "2026-09-01"},
        max_age="30d",
        grace="90m",
        tests=[TEST],
    )
    drafted = check("repo.ci.runs_tests", id="drafted", lifecycle="draft")
    card = scorecard(full, drafted, filters={"apis": "entity.kind == 'API'"})
    said: Any = orjson.loads(orjson.dumps(outline(card)))
    found = said["checks"]["full"]
    assert {key: found[key] for key in full if key not in ("id", "applies_to", "observe")} == {
        key: full[key] for key in full if key not in ("id", "applies_to", "observe")
    }
    assert (found["applies_to"], found["applies_because"]) == ("entity.kind == 'API'", "APIs")
    assert found["observe"][0] == {"title": "repo.readme.path", "expression": "repo.readme.path"}
    assert said["checks"]["drafted"]["lifecycle"] == "draft"
    assert said["filters"]["apis"]["rule"] == "entity.kind == 'API'"
    assert said["ladder"] == ["Initial", "Managed", "Defined", "Optimizing"]


def test_a_rule_that_is_written_again_is_the_same_rule() -> None:
    card = scorecard(check(RULE))
    assert rule_as_written(card.checks[0].rule) == RULE


def test_every_field_of_a_check_is_compared() -> None:
    # A field that the outline forgets would be a change that nobody is told about.
    card = scorecard(check("repo.ci.runs_tests"))
    (found,) = outline(card)["checks"].values()  # type: ignore[union-attr]
    known = set(type(card.checks[0]).__dataclass_fields__) - {"id"}
    assert set(found) == known  # type: ignore[arg-type]


def change(**more: Any) -> tuple[Difference, ...]:
    one = {"filters": {"f": "entity.kind == 'API'"}, "levels": ["A", "Managed", "C"]}
    before = scorecard(check("repo.ci.runs_tests", id="a1"), **one)
    after = scorecard(*more.pop("checks", [check("repo.ci.runs_tests", id="a1")]), **one | more)
    return differences(outline(before), outline(after))


def test_what_came_went_and_changed_is_told_by_name_and_field() -> None:
    assert change() == ()
    (weight,) = change(checks=[check("repo.ci.runs_tests", id="a1", weight=2)])
    assert (weight.op, weight.subject, weight.name, weight.field) == (
        Op.CHANGE, Subject.CHECK, "a1", "weight",
    )  # fmt: skip
    assert (weight.before, weight.after) == (1, 2)
    gone, new = change(checks=[check("repo.ci.runs_tests", id="b")])
    assert [(d.op, d.name, d.field) for d in (gone, new)] == [
        (Op.REMOVE, "a1", ""), (Op.ADD, "b", ""),
    ]  # fmt: skip
    assert [(d.subject, d.op, d.name, d.field) for d in change(levels=["A", "Managed"])] == [
        (Subject.SCORECARD, Op.CHANGE, "sample", "ladder"),
        (Subject.LEVEL, Op.REMOVE, "C", ""),
    ]
    (filtered,) = change(filters={"f": {"rule": "entity.kind == 'API'", "because": "x"}})
    assert (filtered.subject, filtered.field) == (Subject.FILTER, "because")


def test_a_scorecard_that_came_or_went_is_told_as_a_whole() -> None:
    card = outline(scorecard(check("repo.ci.runs_tests")))
    assert next((d.op, d.subject) for d in differences({}, card) if not d.field) == (
        Op.ADD, Subject.SCORECARD,
    )  # fmt: skip
    assert {d.op for d in differences(card, {})} == {Op.REMOVE}


checks = st.lists(
    st.builds(
        lambda name, rule, weight, life: check(rule, id=name, weight=weight, lifecycle=life),
        st.sampled_from(["a1", "a2", "a3"]),
        st.sampled_from(["repo.ci.runs_tests", "repo.readme.bytes > 5", RULE]),
        st.integers(1, 3),
        st.sampled_from(["active", "draft", {"stage": "preview", "from": "2026-09-01"}]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda one: str(one["id"]),
)


def outlined(some: list[dict[str, Any]]) -> Any:
    text = document(*some, check("repo.ci.runs_tests", id="always"))
    (card,), _ = load_scorecards(text, file="s.yaml", schemas=SCHEMAS)
    assert not any(isinstance(c.lifecycle, Draft) for c in card.checks)
    return outline(card)


@given(checks, checks)
def test_differences_lead_from_one_to_the_other_and_back(
    some: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    before, after = outlined(some), outlined(others)
    there, back = differences(before, after), differences(after, before)
    assert (there == ()) == (before == after)
    assert {(d.subject, d.name, d.field) for d in there} == {
        (d.subject, d.name, d.field) for d in back
    }
    made: Any = orjson.loads(orjson.dumps(before))
    for one in there:
        assert one.subject is Subject.CHECK
        if one.op is Op.ADD:
            made["checks"][one.name] = one.after
        elif one.op is Op.REMOVE:
            del made["checks"][one.name]
        else:
            made["checks"][one.name][one.field] = one.after
    assert made == after
