"""What a run says is judged against what was declared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.problems import JsonValue
from scorecards.collection.pushed import (
    ABSENT,
    Declared,
    Push,
    add_up,
    clashes,
    is_same_run,
    joined,
    judge,
)
from scorecards.facts import FactSchema, FactType, Known, Missing

NOW = datetime(2026, 8, 1, 10, tzinfo=UTC)


def declare(name: str, kind: FactType, **more: Any) -> Declared:
    schema = FactSchema(name=name, type=kind, description="A fact.", when_absent=ABSENT[kind])
    return Declared(schema=schema, **more)


DECLARED = {
    fact.schema.name: fact
    for fact in (
        declare("coverage.line_pct", FactType.DOUBLE, ttl=timedelta(days=30)),
        declare("coverage.branches", FactType.INT, ttl=timedelta(days=7)),
        declare("coverage.tools", FactType.STRINGS),
        declare("deploy.at", FactType.TIMESTAMP),
        declare("deploy.target", FactType.STRING),
        declare("deploy.green", FactType.BOOL),
    )
}


def push(**facts: JsonValue) -> Push:
    return Push(
        ref="component:default/a",
        run="https://ci.example.com/1",
        revision="c0ffee",
        observed_at=NOW,
        facts={name.replace("__", "."): value for name, value in facts.items()},
    )


def test_facts_of_a_namespace_are_one_record_of_the_run() -> None:
    pushed = push(coverage__line_pct=81, coverage__tools=["a", "b"], deploy__at=None)
    records, problems = judge(pushed, DECLARED)
    assert problems == ()
    coverage, deploy = records
    assert (coverage.collector, deploy.collector) == ("coverage", "deploy")
    assert coverage.facts == {
        "coverage.line_pct": Known(value=81.0),
        "coverage.tools": Known(value=("a", "b")),
    }
    assert deploy.facts == {"deploy.at": Missing()}
    assert {(r.url, r.revision, r.observed_at) for r in records} == {
        ("https://ci.example.com/1", "c0ffee", NOW)
    }


def test_a_record_is_believed_as_long_as_its_first_fact_to_go_stale() -> None:
    [record], _ = judge(push(coverage__line_pct=1, coverage__branches=2), DECLARED)
    assert record.valid_until == NOW + timedelta(days=7)
    [record], _ = judge(push(deploy__green=True), DECLARED)
    assert record.valid_until is None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("coverage.line_pct", "81", "a number"),
        ("coverage.line_pct", True, "a number"),
        ("coverage.line_pct", [], "a number"),
        ("coverage.line_pct", 10**400, "a number"),
        ("coverage.branches", 1.5, "a whole number of 64 bits"),
        ("coverage.branches", 2**63, "a whole number of 64 bits"),
        ("coverage.branches", False, "a whole number of 64 bits"),
        ("coverage.tools", ["a", 1], "a list of at most 1,000 texts"),
        ("coverage.tools", ["a"] * 1001, "a list of at most 1,000 texts"),
        ("deploy.at", "2026-08-01", "a time as 2026-08-01T10:00:00Z, with its zone"),
        ("deploy.at", "0001-01-01T00:00:00+05:00", "a time as 2026-08-01T10:00:00Z, with its zone"),
        ("deploy.target", "x" * 10_001, "a text of at most 10,000 characters"),
        ("deploy.green", 1, "true or false"),
    ],
)
def test_a_value_of_another_type_is_a_problem(name: str, value: JsonValue, expected: str) -> None:
    records, [problem] = judge(push(**{name: value}), DECLARED)
    assert records == ()
    assert (problem.code, problem.pointer) == ("FACT_TYPE", f"/facts/{name}")
    assert problem.expected == expected


def test_a_fact_that_is_not_declared_is_a_problem_with_the_nearest_one() -> None:
    records, problems = judge(push(coverage__line_pct=1, coverage__line_pc=1), DECLARED)
    assert records == (), "a push is taken whole or not at all"
    [problem] = problems
    assert (problem.code, problem.hint) == ("FACT_UNDECLARED", "Did you mean `coverage.line_pct`?")
    assert judge(push(x=1), {})[1][0].hint == (
        "Declare it under plumbline.facts.pushed, or switch on the pack that does with "
        "`source: push`; declared are none."
    )


def test_a_push_of_nothing_is_a_problem() -> None:
    assert judge(push(), DECLARED)[1][0].code == "FACTS_EMPTY"


def test_every_problem_is_told_at_once() -> None:
    _, problems = judge(push(x=1, deploy__green="yes", coverage__line_pct="all"), DECLARED)
    assert [p.code for p in problems] == ["FACT_UNDECLARED", "FACT_TYPE", "FACT_TYPE"]


def test_parts_of_one_run_add_up() -> None:
    [first], _ = judge(push(coverage__line_pct=1), DECLARED)
    [second], _ = judge(push(coverage__branches=2), DECLARED)
    assert is_same_run(first, second)
    [whole] = add_up([first, second])
    assert whole == joined(first, second)
    [together], _ = judge(push(coverage__line_pct=1, coverage__branches=2), DECLARED)
    assert whole == together


def test_nothing_is_known_to_be_the_same_run_as_what_names_none() -> None:
    [record], _ = judge(
        Push(ref="r", run="", revision="", observed_at=NOW, facts={"deploy.green": True}), DECLARED
    )
    assert not is_same_run(record, record)


def test_a_namespace_of_a_collector_cannot_be_pushed() -> None:
    usable, [problem] = clashes(
        [declare("repo.size", FactType.INT), declare("deploy.at", FactType.TIMESTAMP)], {"repo"}
    )
    assert usable.keys() == {"deploy.at"}
    assert (problem.code, problem.found) == ("PUSHED_FACT_TAKEN", "repo.size")


@given(
    facts=st.dictionaries(
        st.sampled_from([*DECLARED, "x", "a.b", ""]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text()
            | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
            st.lists,
            max_leaves=4,
        ),
    )
)
def test_whatever_is_pushed_is_taken_whole_or_refused_with_a_reason(
    facts: dict[str, JsonValue],
) -> None:
    pushed = Push(ref="r", run="", revision="", observed_at=NOW, facts=facts)
    records, problems = judge(pushed, DECLARED)
    assert bool(records) is not bool(problems)
    if records:
        assert {name for record in records for name in record.facts} == facts.keys()
