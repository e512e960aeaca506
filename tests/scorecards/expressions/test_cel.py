"""The expression engine behind its module: what it refuses, and what it tells about errors."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping

import pytest

from scorecards.expressions import compiled
from scorecards.expressions.cel import (
    LONGEST_EXPRESSION,
    Fault,
    Language,
    Program,
    Raised,
    evaluate,
)
from tests.scorecards.scorecard_samples import NOW, SCHEMAS

LANGUAGE = Language(SCHEMAS)


def program(expression: str) -> Program:
    compiled_ = LANGUAGE.compile(expression)
    assert isinstance(compiled_, Program), compiled_
    return compiled_


def faults(expression: str) -> list[Fault]:
    found = LANGUAGE.compile(expression)
    assert isinstance(found, tuple), f"{expression!r} compiles"
    return list(found)


def run(expression: str, **values: object) -> object:
    named: Mapping[str, object] = {"now": NOW} | {
        k.replace("__", "."): v for k, v in values.items()
    }
    return evaluate(program(expression).run, LANGUAGE.bind(named))


def test_an_unknown_fact_is_named_with_its_place_and_the_nearest_fact() -> None:
    (fault,) = faults("repo.readme.path != '' &&\n  repo.readme.bites > 500")
    assert (fault.code, fault.line, fault.column) == ("UNKNOWN_FACT", 2, 3)
    assert fault.hint == "Did you mean 'repo.readme.bytes'?"


def test_every_fault_of_an_expression_is_told() -> None:
    found = faults("repo.readme.bites > 5 && foo && repo.readme.path == 3")
    assert [f.code for f in found] == ["UNKNOWN_FACT", "UNKNOWN_NAME", "EXPRESSION_TYPE"]


def test_types_are_checked_when_compiled() -> None:
    (fault,) = faults("repo.ci.runs_tests == 'yes'")
    assert fault.code == "EXPRESSION_TYPE"
    assert "bool, string" in fault.message


def test_a_syntax_error_has_its_place() -> None:
    (fault,) = faults("repo.readme.bytes >")
    assert (fault.code, fault.line, fault.column) == ("EXPRESSION_SYNTAX", 1, 20)


@pytest.mark.parametrize(
    "expression",
    ["(" * 200 + "1" + ")" * 200 + " == 1", "1" + " + 1" * 40 + " == 41", "entity" + ".a" * 40],
)
def test_deep_expressions_are_refused_with_advice(expression: str) -> None:
    (fault,) = faults(expression)
    assert fault.code == "RULE_TOO_DEEP"
    assert "all:" in fault.hint


def test_a_long_expression_is_refused() -> None:
    (fault,) = faults("true || " * LONGEST_EXPRESSION + "true")
    assert fault.code == "RULE_TOO_LONG"


@pytest.mark.parametrize(
    "pattern", ["(a{1000}){1000}", "(" * 200, "(?=a)", r"(a)\\1", "[z-a]", "a{2000}"]
)
def test_bad_patterns_are_refused_when_compiled_wherever_they_stand(pattern: str) -> None:
    (fault,) = faults(f"repo.readme.bytes > 3 || repo.ci.systems.exists(s, s.matches('{pattern}'))")
    assert fault.code == "REGEX_UNSUPPORTED"


def test_patterns_that_explode_elsewhere_are_linear() -> None:
    began = time.perf_counter()
    assert (
        run("repo.readme.path.matches('^(a+)+$')", repo__readme__path="a" * 100_000 + "!") is False
    )
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    "expression",
    [
        "().__class__.__bases__[0].__subclasses__()",
        "repo.readme.path.__class__ == ''",
        "open('/etc/passwd').read() == ''",
        "__import__('os') == ''",
        "eval('1') == 1",
        "getattr(entity, 'x') == 1",
        "'a' * 1000000000 == ''",
        "9 ** 9 == 1",
        "1 << 3 == 8",
        "lambda x: x",
    ],
)
def test_escapes_do_not_compile(expression: str) -> None:
    assert faults(expression)


def test_attributes_of_python_are_only_absent_keys() -> None:
    value = run("entity.__init__.__globals__ == 1", entity={"metadata": {}})
    assert value == Raised(message='Key not found in map : "__init__"', absent="__init__")


def test_braces_of_a_text_are_no_format() -> None:
    assert run("'{0.__class__}'.format([1])") == "{0.__class__}"


def test_an_endless_evaluation_hits_the_limit_the_same_each_time() -> None:
    numbers = list(range(3_000))
    first = run("entity.n.map(a, entity.n.map(b, a + b)).size() > 3", entity={"n": numbers})
    again = run("entity.n.map(a, entity.n.map(b, a + b)).size() > 3", entity={"n": numbers})
    assert isinstance(first, Raised)
    assert first.message.startswith("RULE_LIMIT")
    assert first == again


def test_errors_are_values_with_the_absent_key() -> None:
    assert run("1 / repo.readme.bytes == 1", repo__readme__bytes=0) == Raised(
        message="divide by zero"
    )
    absent = run("entity.spec.tier == 'one'", entity={"spec": {}})
    assert isinstance(absent, Raised)
    assert absent.absent == "tier"


def test_a_text_that_looks_like_an_error_is_a_text() -> None:
    assert run("entity.x", entity={"x": "NOT_FOUND: y"}) == "NOT_FOUND: y"


def test_references_are_facts_not_names_of_macros_or_functions() -> None:
    found = program(
        "repo.ci.systems.exists(size, size.startsWith('x')) && string(repo.readme.bytes) != '' "
        "&& has(entity.metadata.repo) && {'a': [test.coverage]}.a[0] > 1.0 && now > repo.commit.at"
    ).references
    assert found == {
        "repo.ci.systems", "repo.readme.bytes", "entity", "test.coverage", "now", "repo.commit.at",
    }  # fmt: skip


def test_patterns_are_found_in_every_corner_of_an_expression() -> None:
    expression = (
        "[1].all(x, repo.readme.path.matches('p1')) && {'k': 'a'.matches('p2')}.k && "
        "[entity.b.matches('p3')][0] ? 'a'.matches('p4') : !matches(repo.readme.path, 'p5')"
    )
    found = compiled.patterns(program(expression).run.serialize())
    assert sorted(found) == ["p1", "p2", "p3", "p4", "p5"]


def test_every_type_of_fact_can_be_compared() -> None:
    assert run("repo.ci.systems == ['a']", repo__ci__systems=["a"]) is True
    assert run("test.coverage >= 0.8", test__coverage=0.9) is True
    assert run("now - repo.commit.at < duration('24h')", repo__commit__at=NOW) is True
    assert run("repo.readme.path.lowerAscii() == 'readme'", repo__readme__path="README") is True


MEMORY_BOMB = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from scorecards.expressions.cel import Language, Program, evaluate
language = Language({})
bomb = "['0123456789abcdef']" + ".map(a, a + a)" * 27
program = language.compile(f"size({bomb}) + size(entity) > 1")
assert isinstance(program, Program), program
print(evaluate(program.run, language.bind({"entity": {}})))
calm = language.compile("size(entity) == 0")
print(evaluate(calm.run, language.bind({"entity": {}})))
"""


def test_a_value_that_does_not_fit_into_memory_is_an_error_and_the_process_goes_on() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY_BOMB], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "RULE_LIMIT" in done.stdout
    assert done.stdout.endswith("True\n")
