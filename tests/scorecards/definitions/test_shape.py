"""What is said of a document whose shape is wrong: what was found, and how it has to be written."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.problems import Problem
from scorecards.definitions.loading import load_files, load_scorecards
from tests.scorecards.scorecard_samples import SCHEMAS, check, document

GOOD = "repo.readme.bytes > 1"

MERGED = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: sample, title: Sample}
spec:
  checks:
    - &first
      {id: a, title: A, level: Managed, rule: repo.readme.bytes > 1, why: W, fix: F}
    - <<: *first
      id: b
"""


def problems(text: str) -> list[Problem]:
    return list(load_scorecards(text, file="s.yaml", schemas=SCHEMAS)[1])


def only_problem(**changes: Any) -> Problem:
    (found,) = problems(document(check(**{"rule": GOOD} | changes)))
    return found


@pytest.mark.parametrize(
    ("changes", "found", "hint"),
    [
        ({"grace": "2 weeks"}, "2 weeks", "`2w`"),
        ({"lifecycle": {"stage": "preview", "from": "soon"}}, "soon", "`2026-09-01`"),
        ({"links": [{"title": "A", "url": "ftp://a"}]}, "ftp://a", "`https://`"),
        ({"rule": True}, "true", "An expression"),
        ({"rule": {"at_least": 2}}, "2", "`at_least: {count: 2, of: [...]}`"),
        ({"rule": {"all": []}}, "", "leave it out"),
    ],
)
def test_how_a_value_has_to_be_written_is_said(
    changes: dict[str, Any], found: str, hint: str
) -> None:
    problem = only_problem(**changes)
    assert problem.found == found
    assert hint in problem.hint
    assert "[0-9]" not in problem.message + problem.hint


def test_a_key_that_nothing_follows_is_null() -> None:
    (problem,) = problems(MERGED.partition("  checks:")[0] + "  checks:\n")
    assert (problem.code, problem.found) == ("FIELD_TYPE", "null")
    assert "`- id:`" in problem.hint


def test_a_merge_key_is_one_problem_and_not_one_for_all_that_it_would_bring() -> None:
    (problem,) = problems(MERGED)
    assert (problem.code, problem.pointer) == ("FIELD_UNKNOWN", "/spec/checks/1/<<")
    assert "write out" in problem.hint


def test_two_levels_of_a_name_are_told_with_what_to_do() -> None:
    text = document(check(GOOD, level="B"), levels=["A", "B", "B"])
    (problem,) = problems(text)
    assert (problem.code, problem.hint) == ("DUPLICATE_LEVEL", "Give each level a name of its own")


def test_what_can_be_extended_is_named_where_no_name_is_near() -> None:
    frame = "apiVersion: plumbline.dev/v1\nkind: Scorecard\nmetadata: {name: heir, title: Heir}\n"
    heir = f"{frame}spec: {{extends: elsewhere}}\n"
    files = [("a.yaml", document(check(GOOD))), ("b.yaml", heir)]
    (problem,) = load_files(files, schemas=SCHEMAS).problems
    assert problem.code == "EXTENDS_UNKNOWN"
    assert problem.hint.startswith("Known here: ")


def test_who_takes_the_name_of_another_file_is_told_how_to_change_that_scorecard() -> None:
    files = [("a.yaml", document(check(GOOD))), ("b.yaml", document(check(GOOD)))]
    (problem,) = load_files(files, schemas=SCHEMAS).problems
    assert problem.code == "SCORECARD_NAME_TAKEN"
    assert "say `extends: " in problem.hint
