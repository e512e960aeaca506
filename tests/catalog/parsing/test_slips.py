"""Syntax errors are told in the words of whoever made them, with their place and a remedy."""

import pytest

from catalog.parsing.documents import Malformed, parse

SLIPS = [
    ("a:\n\tb: 1\n", 2, 1, "tab", "spaces"),
    ("a:\n  b: 1\n\tc: 2\n", 3, 1, "tab", "spaces"),
    (
        "metadata:\n  name: x\n  annotations\n    a/b: c\n",
        3,
        3,
        "`annotations` has no colon",
        "`annotations:`",
    ),
    ("metadata\n  name: x\n", 1, 1, "`metadata` has no colon", "`metadata:`"),
    ("name:foo\nx: y\n", 1, 1, "no space behind its colon", "`name: foo`"),
    ("a: b\nspec:\n  x: y\nasdasd\nz: 1\n", 4, 1, "`asdasd` is neither a key", "Remove it"),
    (
        "metadata:\n  description: foo\n    annotations:\n      a: b\n",
        3,
        5,
        "indented below `description`",
        "Align",
    ),
    ("metadata:\n  description: foo\n name: x\n", 3, 2, "not aligned", "Indent"),
    ("spec:\n  - a\n - b\n", 3, 2, "not aligned", "Indent"),
    ("a:\n  b: c\n  ---\nc: 1\n", 3, 3, "`---` is indented", "first column"),
    ("apis:\n- a\n-api3\n", 3, 1, "`-api3` is text, not a list item", "`- api3`"),
    ("a: `x`\n", 1, 4, "cannot start with a backtick", "quotes"),
    ("a: @x\n", 1, 4, "cannot start with `@`", "quotes"),
    ("a: *.yaml\n", 1, 4, "cannot start with `*`", "quotes"),
    ("d: |\n  text\n```\nx\n", 3, 1, "left the text begun with `d: |` in line 1", "Indent it like"),
    (
        "m:\n  d: >-\n    text\n  More of it\n  name: x\n",
        4,
        3,
        "begun with `d: >-` in line 2",
        "Indent it like",
    ),
    ("description: foo: bar\n", 1, 17, "value of `description` holds a colon", '"foo: bar"'),
    ("name: {{ x }}-{{ y }}\n", 1, 14, "begins with `{{`", "quotes"),
    ("{% if x %}\na: b\n", 1, 1, "belongs to a template", "Render"),
    ('a: "x\nb: 1\n', 1, 4, "never closed", "Close"),
    ("a: 'it's'\nb: 1\n", 1, 8, "closing quote", "quotes"),
    ("a: [1, 2\nb: 3\n", 1, 4, "`[` of line 1 is not closed", "Close the bracket"),
    ('{"a": 1 "b": 2}\n', 1, 12, "comma is missing", "Close the bracket"),
    ('a: "C:\\dir"\n', 1, 7, "backslash", "single quotes"),
    ("a: - b\n", 1, 4, "list cannot begin", "own line"),
    ("a: |x\n  y\n", 1, 5, "comment may follow", "next line"),
    ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n", 1, 1, "merge conflict", "Resolve"),
]


@pytest.mark.parametrize(("text", "line", "column", "message", "hint"), SLIPS)
@pytest.mark.parametrize("lines_before", [0, 3])
def test_a_common_slip_is_named_with_its_place_and_remedy(
    text: str, line: int, column: int, message: str, hint: str, lines_before: int
) -> None:
    before = (
        "x: 1\n" * (lines_before > 0) + "# c\n" * (lines_before - 2) + "---\n" * (lines_before > 0)
    )
    *_, document = parse((before + text).encode(), file="f.yaml").documents
    assert isinstance(document.state, Malformed)
    (problem,) = document.state.problems
    assert problem.code == "YAML_SYNTAX"
    expected = (
        message
        if not lines_before
        else message.replace("line 1", "line 4").replace("line 2", "line 5")
    )
    assert expected in problem.message
    assert hint in problem.hint
    assert (problem.line, problem.column) == (line + lines_before, column)


def test_every_line_of_windows_files_is_where_the_editor_shows_it() -> None:
    (document,) = parse(b"a: 1\r\nb: `x`\r\n", file="f.yaml").documents
    assert isinstance(document.state, Malformed)
    assert (document.state.problems[0].line, document.state.problems[0].column) == (2, 4)
    assert document.state.problems[0].found == "b: `x`"


def test_a_quoted_line_is_cut_and_escaped() -> None:
    (document,) = parse(("a: `" + "x" * 500 + "\x7f\n").encode(), file="f.yaml").documents
    assert isinstance(document.state, Malformed)
    assert len(document.state.problems[0].found) == 80
