"""Expressions that mean harm: refused at their place when they are loaded, or errors with a reason."""

from __future__ import annotations

import subprocess
import sys

import pytest

from catalog.problems import Problem, Severity
from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.stopping import stopped
from scorecards.results import Outcome
from scorecards.scorecard import Scorecard, is_asked_by
from tests.scorecards.scorecard_samples import SCHEMAS, ask

FILE = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: sample, title: T}
spec:
  checks:
    - {id: good, title: T, level: Managed, why: w, fix: f, rule: entity.kind == 'Component'}
    - id: bad
      title: T
      level: Managed
      why: w
      fix: f
      rule:
        all:
          - repo.readme.bytes > 0
          - %s
"""
LINE, COLUMN = 15, 13


def load(rule: str) -> tuple[tuple[Scorecard, ...], tuple[Problem, ...]]:
    quoted = rule.replace("\\", "\\\\").replace('"', '\\"')
    return load_scorecards(FILE % f'"{quoted}"', file="s.yaml", schemas=SCHEMAS)


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("RULE_TOO_LONG", "repo.readme.path == '" + "x" * 1_000_000 + "'"),
        ("RULE_TOO_DEEP", "(" * 300 + "repo.readme.bytes" + ")" * 300 + " > 1"),
        ("RULE_TOO_DEEP", "[entity.kind]" + ".map(x, x + x)" * 40 + ".size() > 1"),
        ("RULE_TOO_DEEP", "-(" * 99 + "repo.readme.bytes" + ")" * 99 + " > 1"),
        ("REGEX_UNSUPPORTED", "repo.readme.path.matches('(a{1000}){1000}')"),
        ("REGEX_UNSUPPORTED", "repo.readme.path.matches('(?=(a+)+)b')"),
        ("EXPRESSION_TYPE", "repo.readme.bytes == 'many'"),
        ("EXPRESSION_TYPE", "repo.readme.path + 1 == '1'"),
        ("EXPRESSION_TYPE", "repo.readme.bytes / 0"),
        ("EXPRESSION_SYNTAX", "repo.readme.bytes > 1; entity"),
        ("UNKNOWN_NAME", "open('/etc/passwd') == ''"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_can_be_refused_is_refused_with_its_place(code: str, rule: str) -> None:
    (card,), problems = load(rule)
    assert [one.id for one in card.checks] == ["good"]
    assert {problem.code for problem in problems} == {code}
    for problem in problems:
        assert problem.message
        assert problem.line == LINE
        assert problem.column is not None
        assert COLUMN <= problem.column <= COLUMN + len(rule) + 2


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("1000 / repo.readme.bytes > 1", "divide by zero"),
        ("1000 % repo.readme.bytes > 1", "modulus by zero"),
        ("repo.readme.bytes - 9223372036854775807 - 2 > 1", "integer overflow"),
        ("entity.metadata.name + 1 == 2", "No matching overloads"),
        ("entity.metadata.name.exists(x, x == 1)", "No matching overload"),
        ("entity.kind > 3", "No matching overloads"),
        ("int(entity.metadata.name) > 3", "cannot convert"),
        ("entity.metadata.name.matches('(' + entity.kind)", "missing )"),
        (
            "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(a, "
            "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(b, "
            "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(c, "
            "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(d, a + b + c + d != size(entity.kind) - 99))))",
            "RULE_LIMIT: Iteration budget exceeded",
        ),
    ],
    ids=lambda value: value[:30],
)
def test_what_only_shows_when_it_runs_is_an_error_with_its_reason(rule: str, why: str) -> None:
    said = ask({"any": [rule, "entity.kind == 'API'"]}, {"repo.readme.bytes": 0})
    assert said.outcome is Outcome.ERROR
    assert why.lower() in said.reason.lower()
    assert [leaf for leaf, outcome in said.leaves if outcome is Outcome.ERROR] == [rule]


def test_memory_that_goes_while_a_value_is_unpacked_is_an_error_too() -> None:
    """Here the engine hands over what Python calls a fault of the system."""
    texts = "[entity.kind]" + ".map(x, x + x + x + x + x + x + x + x)" * 6
    done = subprocess.run(
        [sys.executable, "-c", UNPACKED.format(texts + ".map(x, [x, x, x, x, x, x, x, x])" * 4)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "does not fit into memory" in done.stdout


UNPACKED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from scorecards.expressions.cel import Language, evaluate
language = Language({{}})
program = language.compile("dyn({})")
print(evaluate(program.run, language.bind({{"entity": {{"kind": "x"}}}})))
"""


def test_an_expression_that_is_stopped_is_told_wherever_it_stands_and_once() -> None:
    hostile = "size(entity.spec) > 3"
    text = (
        FILE.replace("spec:\n", f"spec:\n  filters: {{big: {hostile}}}\n")
        .replace("level: Managed\n", "level: Managed\n      applies_to: big\n")
        .replace("level: Managed, ", f"level: Managed, applies_to: big, observe: [{hostile}], ")
        .replace("%s", hostile)
    )
    (card,), problems = load_scorecards(text, file="s.yaml", schemas=SCHEMAS)
    assert [problem.severity for problem in problems] == [Severity.WARNING] * len(problems)
    found = stopped([card], {hostile: "was slow"})
    lines = text.splitlines()
    assert {(one.file, lines[one.line - 1][one.column - 1 :].find(hostile)) for one in found} == {
        ("s.yaml", 0)
    }
    assert [one.line for one in found] == [5, 7, 17]
    assert stopped([card], {}) == ()


def test_what_is_taken_over_stands_where_it_was_written() -> None:
    text = FILE % "size(entity.spec) > 3"
    heir = (
        "---\napiVersion: plumbline.dev/v1\nkind: Scorecard\nmetadata: {name: heir, title: T}\n"
        "spec: {extends: sample, checks: [{id: good, rule: size(entity.spec) > 3}]}\n"
    )
    cards, problems = load_scorecards(text + heir, file="s.yaml", schemas=SCHEMAS)
    assert problems == ()
    assert all(is_asked_by(card, "size(entity.spec) > 3") for card in cards)
    found = stopped(cards, {"size(entity.spec) > 3": "was slow"})
    assert [one.line for one in found] == [LINE, LINE + 5]
