"""Which scorecards look at a fact."""

from __future__ import annotations

from scorecards.definitions.readers import readers
from tests.scorecards.scorecard_samples import SCHEMAS, check, renamed, scorecard

ONE = renamed(
    scorecard(
        check("repo.readme.bytes > 0 && entity.kind == 'Component'"),
        check({"any": ["repo.ci.runs_tests", {"not": "repo.readme.path == ''"}]}),
        applies_to="size(repo.ci.systems) > 0",
    ),
    "one",
)
TWO = renamed(
    scorecard(
        check(
            "repo.readme.bytes > 9",
            applies_to="repo.commit.at < now",
            observe=[{"title": "How much", "expression": "test.coverage * 2.0"}],
        ),
        check("entity.kind == 'API'"),
    ),
    "two",
)


def test_rules_conditions_and_observations_look_at_facts() -> None:
    found = readers([ONE, TWO], SCHEMAS)
    assert found == {
        "repo.readme.bytes": {"one", "two"},
        "repo.readme.path": {"one"},
        "repo.ci.runs_tests": {"one"},
        "repo.ci.systems": {"one"},
        "repo.commit.at": {"two"},
        "test.coverage": {"two"},
    }


def test_without_scorecards_nobody_looks() -> None:
    assert readers([], SCHEMAS) == {}
