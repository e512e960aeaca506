"""A rule that compares what cannot be compared is told so in words, with what would do."""

import pytest

from scorecards.expressions.cel import Language
from scorecards.expressions.overloads import explained
from scorecards.facts import FactSchema, FactType

TYPES = {
    "some.double": FactType.DOUBLE,
    "some.int": FactType.INT,
    "some.text": FactType.STRING,
    "some.bool": FactType.BOOL,
    "some.list": FactType.STRINGS,
    "some.time": FactType.TIMESTAMP,
}
LANGUAGE = Language(
    {n: FactSchema(name=n, type=t, description="d", when_absent="") for n, t in TYPES.items()}
)


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("some.double >= 70", "`>=` does not take double and int", "70.0"),
        ("some.int / 2.0 > 1.0", "`/` does not take int and double", "double("),
        ("some.int == '3'", "`==` does not take int and text", "quotes"),
        ("some.bool == 'true'", "`==` does not take true or false and text", "quotes"),
        ("now - some.time < 30", "`<` does not take duration and int", "duration('720h')"),
        ("now - some.time < '30d'", "`<` does not take duration and text", "duration('720h')"),
        ("some.time > '2030-01-01'", "`>` does not take timestamp and text", "timestamp('"),
        ("some.list == 'a'", "`==` does not take list and text", "'x' in"),
        ("some.list.contains('a')", "`contains` does not take list and text", "exists"),
        ("'a' in some.text", "`in` does not take text and text", "contains('x')"),
        ("some.text && some.bool", "`&&` does not take text and true or false", "Compare"),
        ("!some.text", "`!` does not take text", "Compare"),
        ("size(some.int) > 1", "`size` does not take int", ""),
    ],
)
def test_an_operator_that_takes_something_else_is_explained(
    expression: str, message: str, hint: str
) -> None:
    (fault,) = LANGUAGE.compile(expression)  # type: ignore[misc]  # it has a fault
    said, helps = explained(fault.message)
    assert said == message
    assert hint in helps
    assert bool(hint) == bool(helps)


def test_what_is_said_of_something_else_stays() -> None:
    assert explained("Syntax error: mismatched input") == ("Syntax error: mismatched input", "")


@pytest.mark.parametrize("instead", ["some.double >= 70.0", "some.double >= double(some.int)"])
def test_what_the_hint_says_can_be_compiled(instead: str) -> None:
    assert not isinstance(LANGUAGE.compile(instead), tuple)
