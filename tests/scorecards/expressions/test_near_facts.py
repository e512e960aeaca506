"""Hints at the fact that was meant by a name that is none."""

import pytest

from scorecards.definitions.level_facts import level_schemas
from scorecards.expressions.cel import Language
from scorecards.expressions.near_facts import hint_for
from scorecards.facts import FactSchema, FactType

NAMES = ("repo.readme.bytes", "repo.readme.path", "repo.size", "ci.tests")
LEVELS = level_schemas(["service-maturity", "security"])
SCHEMAS = LEVELS | {
    name: FactSchema(name=name, type=FactType.INT, description="d", when_absent=0) for name in NAMES
}
JOINED = "Did you mean 'levels.service_maturity'? In names of facts a '-' is written as '_'."


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("repo.readmeBytes", "Did you mean 'repo.readme.bytes'?"),
        ("Repo.Readme_Bytes", "Did you mean 'repo.readme.bytes'?"),
        ("repo.readme.bites", "Did you mean 'repo.readme.bytes'?"),
        ("readme.bytes", "Did you mean 'repo.readme.bytes'?"),
        ("levels.service-maturity", JOINED),
        ("levels.service-maturty", JOINED),
        (
            "levels.gold",
            "Facts of 'levels' are 'levels.security', 'levels.service_maturity'.",
        ),
        ("ci.coverage", "Facts of 'ci' are 'ci.tests'."),
        ("levels", "Facts of 'levels' are 'levels.security', 'levels.service_maturity'."),
        ("sonar.bugs", ""),
        ("foo", ""),
    ],
)
def test_the_fact_that_was_meant_is_named(name: str, hint: str) -> None:
    assert hint_for(name, SCHEMAS) == hint


def test_of_many_facts_some_are_named() -> None:
    many = {f"repo.{letter * 9}": 0 for letter in "abcdefgh"}
    assert hint_for("repo.x", many) == (
        "Facts of 'repo' are 'repo.aaaaaaaaa', 'repo.bbbbbbbbb', 'repo.ccccccccc', 'repo.ddddddddd', "
        "'repo.eeeeeeeee' and 3 more."
    )


def faults(expression: str) -> list[tuple[str, int, int, str, str]]:
    found = Language(SCHEMAS).compile(expression)
    assert isinstance(found, tuple), f"{expression!r} compiles"
    return [(f.code, f.line, f.column, f.found, f.hint) for f in found]


def test_a_name_with_hyphens_is_one_fault() -> None:
    assert faults("ci.tests > 0 &&\n  levels.service-maturity >= 2") == [
        ("UNKNOWN_FACT", 2, 3, "levels.service-maturity", JOINED)
    ]


def test_a_subtraction_is_no_name_with_hyphens() -> None:
    (fault,) = faults("repo.size-x > 0")
    assert fault[:4] == ("UNKNOWN_NAME", 1, 11, "x")
    assert fault[4].startswith("Text stands in quotes")
    both = faults("a.b-c.d > 0")
    assert [(found, column) for _, _, column, found, _ in both] == [("a.b", 1), ("c.d", 5)]


FACTORS = level_schemas(["2fa", "2-factor-auth", "web-basics"])
DIGIT = (
    "Did you mean 'levels._2fa'? A part of a name that would begin with a digit begins with '_'."
)


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("levels.2fa >= 1", ("UNKNOWN_FACT", 1, 1, "levels.2fa", DIGIT)),
        ("'levels.2fa' != ''\n && levels.2fa > 0", ("UNKNOWN_FACT", 2, 5, "levels.2fa", DIGIT)),
        (
            "levels['2fa'] > 0",
            ("UNKNOWN_NAME", 1, 1, "levels", "Write 'levels._2fa': facts are in no map."),
        ),
        (
            'true || levels["web-basics"] > 0',
            ("UNKNOWN_NAME", 1, 9, "levels", "Write 'levels.web_basics': facts are in no map."),
        ),
    ],
)
def test_the_level_on_a_scorecard_whose_name_begins_with_a_digit_is_hinted_at(
    expression: str, fault: tuple[str, int, int, str, str]
) -> None:
    language = Language(FACTORS)
    found = language.compile(expression)
    assert isinstance(found, tuple)
    assert [(f.code, f.line, f.column, f.found, f.hint) for f in found] == [fault]
    assert not isinstance(language.compile("levels._2fa >= 1 && levels._2_factor_auth == 0"), tuple)


def test_a_name_that_begins_with_a_digit_and_is_like_no_other_is_still_explained() -> None:
    (fault,) = faults("levels.3x > 0")
    assert fault[0] == "EXPRESSION_SYNTAX"
    assert fault[-1] == "A part of a name that would begin with a digit begins with '_'."
