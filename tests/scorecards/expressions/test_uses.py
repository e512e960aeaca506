"""Uses: what an expression is seen to look at, so that nothing else can change what it says."""

from __future__ import annotations

from scorecards.expressions.cel import Language, Program
from scorecards.expressions.uses import Part, Use
from tests.scorecards.scorecard_samples import SCHEMAS

LANGUAGE = Language(SCHEMAS)


def uses(expression: str) -> set[Use]:
    program = LANGUAGE.compile(expression)
    assert isinstance(program, Program)
    return set(program.uses)


def paths(expression: str) -> set[tuple[str, ...]]:
    return {use.keys for use in uses(expression) if use.variable == "entity"}


def test_paths_are_found_wherever_they_stand() -> None:
    assert paths("size(entity) > 0") == {()}
    assert paths("entity.spec.a.b == 1 && has(entity.x.y)") == {("spec", "a", "b"), ("x", "y")}
    assert paths("entity.tags.exists(t, t == entity.spec.t)") == {("tags",), ("spec", "t")}
    assert paths("entity['a'].b == 1") == {("a", "b")}
    assert paths("entity[entity.k].b == 1") == {(), ("k",)}
    assert paths("{'k': entity.v}.k == 1 && [entity.w][0] == 2") == {("v",), ("w",)}
    assert paths("'a' in entity.m && entity in ['a']") == {("m", "a"), ()}
    assert paths("1 in entity.x && entity.y[0] == 1") == {("x",), ("y",)}
    assert paths("[1].exists(entity, entity == 1)") == {()}
    assert paths("repo.ci.runs_tests") == set()


def test_what_only_asks_whether_a_key_is_there_is_told_apart() -> None:
    assert uses("has(entity.a) && 'b' in entity.c") == {
        Use("entity", ("a",), Part.PRESENCE),
        Use("entity", ("c", "b"), Part.PRESENCE),
    }
    assert uses("has(entity.a) && entity.a == 1") == {
        Use("entity", ("a",), Part.PRESENCE),
        Use("entity", ("a",)),
    }


def test_a_part_of_a_fact_is_enough_where_nothing_else_is_asked() -> None:
    assert uses("size(repo.ci.systems) > 1") == {Use("repo.ci.systems", (), Part.SIZE)}
    assert uses("repo.readme.path.size() > 1") == {Use("repo.readme.path", (), Part.SIZE)}
    assert uses("'a' in repo.ci.systems") == {Use("repo.ci.systems", ("a",), Part.PRESENCE)}
    assert uses("repo.readme.path != ''") == {Use("repo.readme.path", (), Part.TEXT, "")}
    assert uses("repo.readme.bytes <= -5") == {Use("repo.readme.bytes", (), Part.SIDE, -5)}


def test_everything_else_needs_the_whole_value() -> None:
    for expression in (
        "repo.readme.bytes + 1 > 5",
        "5 < repo.readme.bytes",
        "repo.readme.bytes == size(repo.readme.path)",
        "repo.readme.bytes in [1, 2]",
    ):
        assert Use("repo.readme.bytes") in uses(expression), expression
    assert uses("repo.readme.path > 'a'") == {Use("repo.readme.path")}
    assert uses("repo.ci.systems == ['a']") == {Use("repo.ci.systems")}
    assert uses("test.coverage > 0.5") == {Use("test.coverage")}
    assert uses("now > repo.commit.at") == {Use("repo.commit.at")}
