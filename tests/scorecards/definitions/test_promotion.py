"""Checks of one scorecard, put into another one as text."""

from __future__ import annotations

import pytest

from catalog.problems import Problem
from scorecards.definitions.loading import load_scorecards
from scorecards.definitions.promotion import Definition, Promotion, promote
from tests.scorecards.scorecard_samples import SCHEMAS

SOURCE = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: push, title: Push}
spec:
  levels: [Start, Wanted]
  checks:
    - id: tests  # the one that matters
      title: CI runs tests
      level: Wanted  # for now
      rule:
        all:
          - repo.ci.runs_tests
          - repo.readme.bytes > 0
      why: |
        Because level: Wanted is not enough.

        Really.
      fix: Add a job.

    # Another one.
    - title: Coverage
      id: coverage
      level: Wanted
      rule: test.coverage > 0.5
      why: w
      fix: f
"""
TARGET = """\
# Ours.
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: standing, title: Standing}
spec:
  checks:
  - id: readme
    title: A README
    level: Managed
    rule: repo.readme.bytes > 0
    why: w
    fix: f
  # The end of the checks.
  levels: [Initial, Managed, "Well done: gold"]
"""
FROM = Definition(file="push.yaml", text=SOURCE, name="push")
INTO = Definition(file="standing.yaml", text=TARGET, name="standing")


def done(*checks: str, level: str | None, into: Definition = INTO) -> Promotion:
    made = promote(checks, FROM, into, level=level, schemas=SCHEMAS)
    assert isinstance(made, Promotion), made
    return made


def refused(*checks: str, **changes: object) -> Problem:
    given: dict[str, object] = {"source": FROM, "target": INTO, "level": "Managed"} | changes
    made = promote(checks, schemas=SCHEMAS, **given)  # type: ignore[arg-type]
    assert isinstance(made, Problem), made
    return made


def test_the_checks_are_in_the_target_at_the_level_and_all_else_is_as_it_was() -> None:
    made = done("tests", "coverage", level="Well done: gold")
    (card,), problems = load_scorecards(made.text, file="standing.yaml", schemas=SCHEMAS)
    assert problems == ()
    assert [(check.id, check.level) for check in card.checks] == [
        ("readme", 1),
        ("tests", 2),
        ("coverage", 2),
    ]
    (before,), _ = load_scorecards(SOURCE, file="push.yaml", schemas=SCHEMAS)
    assert [c.why for c in card.checks[1:]] == [c.why for c in before.checks]
    assert [c.title for c in card.checks[1:]] == [c.title for c in before.checks]
    assert "# the one that matters" in made.text
    assert 'level: "Well done: gold"  # for now' in made.text
    lines = made.text.splitlines()
    assert [line for line in TARGET.splitlines() if line not in lines] == []


def test_the_difference_only_adds_and_names_the_file() -> None:
    diff = done("coverage", level="Managed").diff.splitlines()
    assert diff[:2] == ["--- a/standing.yaml", "+++ b/standing.yaml"]
    changed = [line for line in diff[2:] if line[0] in "+-"]
    assert changed == [
        "+  - title: Coverage",
        "+    id: coverage",
        "+    level: Managed",
        "+    rule: test.coverage > 0.5",
        "+    why: w",
        "+    fix: f",
    ]


def test_a_scorecard_is_found_among_others_of_its_file() -> None:
    other = TARGET.replace("name: standing", "name: other")
    made = done(
        "coverage",
        level="Managed",
        into=Definition(
            file="both.yaml", text=f"{other}---\n{TARGET}---\n{SOURCE}", name="standing"
        ),
    )
    cards, problems = load_scorecards(made.text, file="both.yaml", schemas=SCHEMAS)
    assert problems == ()
    assert {card.name: len(card.checks) for card in cards} == {"other": 1, "standing": 2, "push": 2}


@pytest.mark.parametrize(
    ("checks", "changes", "code"),
    [
        (["nope"], {}, "PROMOTION_UNKNOWN"),
        (["tests"], {"target": FROM}, "PROMOTION_TAKEN"),
        (["tests"], {"level": "Platinum"}, "UNKNOWN_LEVEL"),
        (["tests"], {"level": None}, "UNKNOWN_LEVEL"),
        (
            ["tests"],
            {"source": Definition(file="x", text=SOURCE, name="gone")},
            "PROMOTION_UNKNOWN",
        ),
        (
            ["tests"],
            {
                "target": Definition(
                    file="x",
                    name="flow",
                    text="{apiVersion: plumbline.dev/v1, kind: Scorecard, metadata: {name: flow, "
                    "title: F}, spec: {checks: [{id: a, title: A, level: Managed, "
                    "rule: test.coverage > 0.0, why: w, fix: f}]}}",
                )
            },
            "PROMOTION_FORM",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(
    checks: list[str], changes: dict[str, object], code: str
) -> None:
    assert refused(*checks, **changes).code == code
