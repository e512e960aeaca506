"""What authors write who think in another language is named at its place, with what to write instead."""

from __future__ import annotations

import pytest

from scorecards.expressions.cel import Fault, Language, Program
from tests.scorecards.scorecard_samples import SCHEMAS

LANGUAGE = Language(SCHEMAS)


def only_fault(expression: str) -> Fault:
    found = LANGUAGE.compile(expression)
    assert not isinstance(found, Program), f"{expression!r} compiles"
    (fault,) = found
    return fault


@pytest.mark.parametrize(
    ("expression", "column", "token", "hint"),
    [
        ("repo.ci.runs_tests and true", 20, "and", "`&&`"),
        ("repo.ci.runs_tests OR true", 20, "OR", "`||`"),
        ("not repo.ci.runs_tests", 5, "repo", "`!`"),
        ("repo.readme.path not in ['a']", 18, "not", "`!(x in [...])`"),
        ("repo.readme.path is not null", 18, "is", "`has(entity.spec.type)`"),
        ("entity.kind = 'Component'", 13, "=", "`==`"),
        ("entity.kind === 'Component'", 15, "=", "`==`"),
        ("repo.readme.path =~ 'x'", 18, "=", "matches"),
        ("repo.readme.path like 'x'", 18, "like", "contains"),
        ("repo.readme.bytes <> 3", 20, ">", "`!=`"),
        ("repo.readme.bytes > 3 & true", 23, "&", "`&&`"),
        ("repo.readme.bytes > 3)", 22, ")", "Close each"),
        ("repo.readme.path == 'x", 21, "'", "Close the quote"),
        ("repo.readme.path == “x”", 21, "“", "straight quotes"),
        ("${{ repo.readme.bytes }} > 3", 1, "$", "without signs"),
        ("repo.readme.bytes > 1_000", 22, "_000", "without `_`"),
        ("repo.commit.at > now - 30d", 26, "d", "duration('720h')"),
        ("if repo.readme.bytes > 3", 1, "if", "condition ? this : that"),
        ("repo.readme.bytes > 3;", 22, ";", "one expression"),
        ("# always", 1, "#", "`//`"),
    ],
)
def test_what_is_not_understood_is_named_with_what_to_write_instead(
    expression: str, column: int, token: str, hint: str
) -> None:
    fault = only_fault(expression)
    assert (fault.code, fault.column) == ("EXPRESSION_SYNTAX", column)
    assert fault.message == f"`{token}` is not understood here"
    assert hint in fault.hint


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("repo.readme.bytes >", "ends where more of it is expected", "what to compare with"),
        ("test.coverage >= 80%", "ends where more of it is expected", "`0.8` for 80 %"),
        ("repo.ci.runs_tests ? true", "ends where more of it is expected", "this : that"),
        ("(repo.readme.bytes > 3", "a bracket is never closed", "Close each"),
        ("  ", "the expression is empty", "Name a fact"),
        ("repo.readme.bytes > 99999999999999999999", "is too great", "9223372036854775807"),
        ("repo.ci.systems.length > 0", "a list has no fields", "`size(...)`"),
    ],
)
def test_what_is_missing_or_too_much_is_told_in_plain_words(
    expression: str, message: str, hint: str
) -> None:
    fault = only_fault(expression)
    assert message in fault.message
    assert hint in fault.hint


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("kind == 'Component'", "Write `entity.kind`."),
        ("spec.type == 'service'", "Write `entity.spec.type`."),
        ("len(repo.ci.systems) > 0", "Write `size`."),
        ("repo.readme.path.startswith('x')", "Write `startsWith`."),
        ("repo.ci.runs_tests == True", "Write `true`."),
        ("repo.readme.path != None", "Write `null`."),
        ("entity.kind == Component", "Text stands in quotes"),
        ("entity.metadata.annotations.example.com/slug != ''", "annotations['example.com/key']"),
    ],
)
def test_a_name_of_another_language_is_told_in_ours(expression: str, hint: str) -> None:
    assert hint in only_fault(expression).hint


def test_a_function_that_there_is_not_is_no_text_without_quotes() -> None:
    assert only_fault("frobnicate(repo.readme.path)").hint == ""


def test_only_the_first_mistake_of_spelling_is_told() -> None:
    assert only_fault("entity.kind = 'a' and entity.kind = 'b'").column == 13
