"""Static analysis: right about every tree (against brute force) and every expression (against CEL)."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.problems import Problem
from scorecards import rules
from scorecards.definitions import analysis
from scorecards.definitions.analysis import AlwaysPasses, Duplicate, NeverPasses, Redundant
from scorecards.definitions.loading import load_scorecards
from scorecards.expressions import compiled
from scorecards.expressions.cel import Language, Program, evaluate
from scorecards.expressions.syntax import Name, read
from scorecards.results import Outcome
from scorecards.rules import All, AtLeast, Leaf, Not, Rule, decide, leaves
from tests.scorecards.scorecard_samples import NOW, SCHEMAS, check, document

NAMES = "abcdef"
LEAVES = [Leaf(expression=name) for name in NAMES]
TREES = {name: Name(name) for name in NAMES}
NO_NUMBERS: frozenset[str] = frozenset()


def parts(inner: st.SearchStrategy[Rule]) -> st.SearchStrategy[tuple[Rule, ...]]:
    return st.lists(inner, min_size=1, max_size=4).map(tuple)


trees: st.SearchStrategy[Rule] = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: (
        parts(inner).map(lambda p: All(parts=p))
        | parts(inner).map(lambda p: rules.Any(parts=p))
        | inner.map(lambda p: Not(part=p))
        | st.tuples(parts(inner), st.integers(1, 4)).map(
            lambda found: AtLeast(parts=found[0], count=min(found[1], len(found[0])))
        )
    ),
    max_leaves=12,
)


def analyzed(rule: Rule) -> tuple[analysis.Finding, ...]:
    return analysis.analyze(rule, [], TREES, integers=NO_NUMBERS)


def table(rule: Rule) -> list[bool]:
    """What the rule says in every case, tried one by one by the logic that assesses."""
    cases = itertools.product([Outcome.PASS, Outcome.FAIL], repeat=len(NAMES))
    return [decide(rule, dict(zip(NAMES, c, strict=True))) is Outcome.PASS for c in cases]


def at(rule: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        if step in ("all", "any", "at_least", "of"):
            continue
        rule = rule.part if step == "not" else rule.parts[step]
    return rule


def without(rule: Any, path: tuple[Any, ...]) -> Any:
    """The node above the part at `path`, without that part."""
    node, index = at(rule, path[:-1]), path[-1]
    return type(node)(parts=(*node.parts[:index], *node.parts[index + 1 :]))


@given(trees)
def test_always_and_never_are_found_exactly(rule: Rule) -> None:
    said, found = table(rule), analyzed(rule)
    assert (AlwaysPasses() in found) == all(said)
    assert (NeverPasses() in found) == (not any(said))


@given(trees)
def test_what_is_redundant_can_go_and_nothing_else_can(rule: Rule) -> None:
    found = analyzed(rule)
    if AlwaysPasses() in found or NeverPasses() in found:
        return
    told = {f.path for f in found if isinstance(f, Redundant | Duplicate)}
    for path in told:
        node = at(rule, path[:-2] if path[-2] == "of" else path[:-1])
        if not isinstance(node, AtLeast):
            assert table(without(rule, path)) == table(node)
    for path, node in nodes(rule):
        if isinstance(node, All | rules.Any) and len(node.parts) > 1 and not inside(path, told):
            word = "all" if isinstance(node, All) else "any"
            kept = [i for i in range(len(node.parts)) if (*path, word, i) not in told]
            assert kept
            whole = table(node)
            assert table(type(node)(parts=tuple(node.parts[i] for i in kept))) == whole
            for index in kept if len(kept) > 1 else []:
                fewer = tuple(node.parts[i] for i in kept if i != index)
                assert table(type(node)(parts=fewer)) != whole


def nodes(rule: Any, path: tuple[Any, ...] = ()) -> Any:
    yield path, rule
    match rule:
        case Not(part=part):
            yield from nodes(part, (*path, "not"))
        case All() | rules.Any() | AtLeast():
            word = {All: ("all",), rules.Any: ("any",), AtLeast: ("at_least", "of")}[type(rule)]
            for index, part in enumerate(rule.parts):
                yield from nodes(part, (*path, *word, index))


def inside(path: tuple[Any, ...], told: set[tuple[Any, ...]]) -> bool:
    return any(path[: len(one)] == one for one in told)


LANGUAGE = Language(SCHEMAS)
FACTS: dict[str, list[Any]] = {
    "repo.readme.bytes": [-1, 0, 1, 4, 5, 6, 9, 10, 11],
    "repo.readme.path": ["", "a", "b", "README.md"],
    "repo.ci.systems": [[], ["a"], ["a", "b"]],
    "repo.ci.runs_tests": [True, False],
    "test.coverage": [-1.0, 0.0, 4.5, 5.0, 7.5, 10.0, 11.0],
}
ENTITIES: list[Any] = [
    {"kind": kind, "spec": spec}
    for kind in ("a", "b", "c")
    for spec in ({}, {"type": "a"}, {"type": "b"}, {"type": 5}, {"type": True}, {"type": "x"})
]
ATOMS = [
    "repo.readme.bytes > 5", "repo.readme.bytes <= 5", "10 > repo.readme.bytes", "repo.readme.bytes == 0",
    "repo.readme.bytes in [4, 5, 6]", "repo.readme.path == ''", "repo.readme.path != 'a'",
    "repo.readme.path in ['a', 'b']", "repo.ci.runs_tests", "repo.ci.runs_tests == false",
    "size(repo.ci.systems) > 0", "size(repo.ci.systems) >= 0", "'a' in repo.ci.systems",
    "repo.ci.systems.exists(s, s == 'a')", "test.coverage >= 5.0", "test.coverage < 10.0",
    "entity.kind == 'a'", "entity.kind in ['b', 'c']", "entity.spec.type == 'a'", "entity.spec.type != 'a'",
    "entity.spec.type == 5", "entity.spec.type > 4", "entity.spec.type", "has(entity.spec.type)",
    "entity.spec.type == true", "entity.spec.type in ['a', 5]", "repo.readme.path.matches('^a')",
]  # fmt: skip
expressions = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: (
        st.tuples(inner, inner).map(lambda p: f"({p[0]}) && ({p[1]})")
        | st.tuples(inner, inner).map(lambda p: f"({p[0]}) || ({p[1]})")
        | inner.map(lambda one: f"!({one})")
        | st.tuples(inner, inner, inner).map(lambda p: f"(({p[0]}) ? ({p[1]}) : ({p[2]}))")
    ),
    max_leaves=5,
)


def program(expression: str) -> Program:
    found = LANGUAGE.compile(expression)
    assert isinstance(found, Program), expression
    return found


def syntax(expression: str) -> Any:
    return read(compiled.expression(program(expression).run.serialize()))


def some_worlds() -> list[Any]:
    chosen = random.Random(4)
    worlds = []
    for entity in ENTITIES * 4:
        facts = {name: chosen.choice(options) for name, options in FACTS.items()}
        worlds.append(LANGUAGE.bind(facts | {"entity": entity, "now": NOW}))
    return worlds


WORLDS = some_worlds()


@given(
    st.lists(expressions, min_size=1, max_size=3), st.sampled_from([All, rules.Any]), st.booleans()
)
def test_no_claim_about_expressions_is_ever_refuted(
    texts: list[str], kind: Any, is_negated: bool
) -> None:
    rule: Rule = kind(parts=tuple(Leaf(expression=text) for text in texts))
    rule = Not(part=rule) if is_negated else rule
    known = {leaf.expression: syntax(leaf.expression) for leaf in leaves(rule)}
    found = analysis.analyze(rule, [], known, integers=LANGUAGE.integers)
    programs = {text: program(text).run for text in texts}
    for world in WORLDS:
        said = {
            text: Outcome.PASS if evaluate(run, world) is True else Outcome.FAIL
            for text, run in programs.items()
        }
        passes = decide(rule, said) is Outcome.PASS
        assert not (passes and NeverPasses() in found)
        assert passes or AlwaysPasses() not in found


def says(rule: Any, **more: Any) -> list[tuple[str, str]]:
    return [(p.code, p.pointer.removeprefix("/spec/checks/0")) for p in problems(rule, **more)]


def problems(rule: Any, *, spec: dict[str, Any] | None = None, **more: Any) -> tuple[Problem, ...]:
    text = document(check(rule, **more), check("repo.ci.runs_tests", id="good"), **(spec or {}))
    return load_scorecards(text, file="s.yaml", schemas=SCHEMAS)[1]


BYTES = "repo.readme.bytes"


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"all": [f"{BYTES} > 5", f"{BYTES} < 6"]}, [("RULE_NEVER_PASSES", "/rule")]),
        ({"all": [f"{BYTES} > 5", f"{BYTES} < 7"]}, []),
        (f"{BYTES} > 5 && {BYTES} < 6", [("RULE_NEVER_PASSES", "/rule")]),
        ({"any": [f"{BYTES} > 5", f"{BYTES} <= 5"]}, [("RULE_ALWAYS_PASSES", "/rule")]),
        ("size(repo.ci.systems) >= 0", [("RULE_ALWAYS_PASSES", "/rule")]),
        ("test.coverage > 5.0 && test.coverage < 6.0", []),
        # The field may be missing: then neither holds.
        ("entity.kind == 'a' || entity.kind != 'a'", []),
        ("entity.kind == 'a' && entity.kind in ['b', 'c']", [("RULE_NEVER_PASSES", "/rule")]),
        ({"all": [f"{BYTES} > 5", f"{BYTES}  >  5"]}, [("RULE_DUPLICATE", "/rule/all/1")]),
        ({"all": [f"{BYTES} > 5", f"{BYTES} > 3"]}, [("RULE_REDUNDANT", "/rule/all/1")]),
        ({"all": [{"any": [f"{BYTES} > 5", "repo.ci.runs_tests"]}, "repo.ci.runs_tests"]},
         [("RULE_REDUNDANT", "/rule/all/0")]),
        ({"any": ["repo.ci.runs_tests", {"not": {"all": [f"{BYTES} > 5", f"{BYTES} > 5"]}}]},
         [("RULE_DUPLICATE", "/rule/any/1/not/all/1")]),
        ({"at_least": {"count": 2, "of": ["repo.ci.runs_tests", f"{BYTES} > 5", f"{BYTES} > 5"]}},
         [("RULE_DUPLICATE", "/rule/at_least/of/2")]),
    ],
)  # fmt: skip
def test_what_is_said_of_a_rule(rule: Any, found: list[tuple[str, str]]) -> None:
    assert says(rule) == found


def test_a_rule_that_says_the_same_of_everything_is_left_out_and_a_warning_is_not() -> None:
    never = document(check(f"{BYTES} > 5 && {BYTES} < 6"), check("repo.ci.runs_tests", id="good"))
    (card,), _ = load_scorecards(never, file="s.yaml", schemas=SCHEMAS)
    assert [c.id for c in card.checks] == ["good"]
    twice = document(check({"any": ["repo.ci.runs_tests"] * 2}))
    (card,), (problem,) = load_scorecards(twice, file="s.yaml", schemas=SCHEMAS)
    assert len(card.checks) == 1
    assert problem.severity.value == "warning"


def test_whom_a_rule_applies_to_is_taken_into_account() -> None:
    assert says("entity.kind == 'API'", spec={"applies_to": "entity.kind == 'Component'"}) == [
        ("RULE_NEVER_PASSES", "/rule")
    ]
    assert says("entity.kind == 'API'", applies_to="entity.kind == 'API'") == [
        ("RULE_ALWAYS_PASSES", "/rule")
    ]


def test_a_check_that_applies_to_nothing_is_a_warning() -> None:
    spec = {"applies_to": "entity.kind == 'Component'"}
    assert says("repo.ci.runs_tests", applies_to="entity.kind in ['API', 'System']", spec=spec) == [
        ("APPLIES_TO_NOTHING", "/applies_to")
    ]
    assert says("repo.ci.runs_tests", applies_to="entity.spec.type == 'x'", spec=spec) == []


def test_a_problem_stands_at_its_node() -> None:
    text = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: sample, title: Sample}
spec:
  checks:
    - id: a
      title: It is so
      level: Managed
      rule:
        all:
          - repo.ci.runs_tests
          - any:
              - repo.readme.bytes > 5
              - repo.ci.runs_tests
      why: w
      fix: f
"""
    (_,), (problem,) = load_scorecards(text, file="s.yaml", schemas=SCHEMAS)
    assert (problem.code, problem.line, problem.column) == ("RULE_REDUNDANT", 12, 13)


def test_twelve_expressions_are_looked_through_and_thirteen_are_searched_for_duplicates() -> None:
    twelve = [f"repo.ci.systems.exists(s, s == '{n}')" for n in range(12)]
    more = [*twelve, "repo.readme.path.matches('x')"]
    negated = {"all": [*({"any": [one, twelve[0]]} for one in twelve[1:]), {"not": twelve[0]}]}
    assert says(negated) == []
    contradiction = {"all": [*twelve, {"not": twelve[3]}]}
    assert says(contradiction) == [("RULE_NEVER_PASSES", "/rule")]
    assert says({"all": [*more, {"not": twelve[3]}]}) == []
    assert says({"all": [*more, twelve[3]]}) == [("RULE_DUPLICATE", "/rule/all/13")]
