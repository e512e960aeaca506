"""A file is cut into its documents; each has a state of its own, and the file its problems."""

import pytest

from catalog.parsing.documents import Empty, Malformed, Parsed, looks_like_html, parse
from catalog.parsing.limits import Limits
from catalog.problems import Problem


def states(content: str) -> list[object]:
    found = []
    for document in parse(content.encode(), file="f.yaml").documents:
        match document.state:
            case Parsed(data=data):
                found.append(data)
            case Empty():
                found.append(None)
            case Malformed(problems=problems):
                found.append(problems[0].code)
    return found


def only_problem(content: bytes, limits: Limits | None = None) -> Problem:
    parsed = parse(content, file="f.yaml", limits=limits or Limits())
    problems = list(parsed.problems)
    for document in parsed.documents:
        if not isinstance(document.state, Empty):
            problems += document.state.problems
    (problem,) = problems
    return problem


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", []),
        ("# only a comment\n\n", []),
        ("   \n", []),
        ("---", [None]),
        ("null\n", [None]),
        ("a: 1", [{"a": 1}]),
        ("---\na: 1\n", [{"a": 1}]),
        ("# c\n---\na: 1\n", [{"a": 1}]),
        ("a: 1\n---\n", [{"a": 1}, None]),
        ("a: 1\n---\n---\nb: 2\n", [{"a": 1}, None, {"b": 2}]),
        ("a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\n...\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\n...\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("...\na: 1\n", [None, {"a": 1}]),
        (
            "--- # comment\na: 1\n--- {b: 2}\n--- |\n text\n--- word",
            [{"a": 1}, {"b": 2}, "text\n", "word"],
        ),
        ("a: |\n  x\n---\nb: 2\n", [{"a": "x\n"}, {"b": 2}]),
        ("a: |\n  ---\n  x\n", [{"a": "---\nx\n"}]),
        ("a: b\n---x: y\n", [{"a": "b", "---x": "y"}]),
        ("\ufeffa: 1\n", [{"a": 1}]),
        ("a: 1\n---\nb: `x`\n---\nc: 3\n", [{"a": 1}, "YAML_SYNTAX", {"c": 3}]),
        ("a: 1\n---\nb: \x00\n---\nc: 3\n", [{"a": 1}, "TEXT_NOT_STORABLE", {"c": 3}]),
        ("a: 1\rb: 2\r", [{"a": 1, "b": 2}]),
    ],
)
def test_documents_are_counted_as_the_reference_parser_counts_them(
    content: str, expected: list[object]
) -> None:
    assert states(content) == expected


def test_a_document_says_where_its_content_begins() -> None:
    content = b"# c\n\n---\n# d\na: 1\n---\n--- # e\n\nb: 2\n"
    documents = parse(content, file="f.yaml").documents
    assert [(d.index, d.line) for d in documents] == [(0, 5), (1, 6), (2, 9)]


def test_lines_of_problems_count_from_the_top_of_the_file() -> None:
    problem = only_problem("a: é\n---\n\nb: 1\nc: d: e\n".encode())
    assert (problem.file, problem.document, problem.line, problem.column) == ("f.yaml", 1, 5, 5)


def test_a_file_over_the_byte_limit_is_refused_with_limit_and_size() -> None:
    problem = only_problem(b"a: " + b"x" * 10_485_760)
    assert problem.code == "FILE_TOO_LARGE"
    assert "10,485,763" in problem.message
    assert "10,485,760" in problem.message


def test_ten_thousand_documents_are_read() -> None:
    parsed = parse(b"---\na: {b: c}\n" * 10_000, file="org.yaml")
    assert len(parsed.documents) == 10_000
    assert all(isinstance(document.state, Parsed) for document in parsed.documents)
    assert parsed.documents[-1].line == 20_000


def test_too_many_documents_are_refused_and_not_cut_off() -> None:
    parsed = parse(b"---\n" * 50_000, file="f.yaml")
    assert parsed.documents == ()
    (problem,) = parsed.problems
    assert problem.code == "TOO_MANY_DOCUMENTS"
    assert "50,000" in problem.message
    assert "20,000" in problem.message


@pytest.mark.parametrize(
    ("content", "line", "column", "byte"),
    [
        (b"a: \xff\xfe", 1, 4, "byte 3 is 0xff"),
        (b"\xef\xbb\xbfa: 1\nb\xc3\xa9: \xe9\n", 2, 5, "byte 13 is 0xe9"),
        ("a: 1".encode("utf-16"), 1, 1, "byte 0 is 0xff"),
        (b"a: \xed\xa0\x80", 1, 4, "byte 3 is 0xed"),
        (b"\x89PNG\r\n\x1a\n", 1, 1, "byte 0 is 0x89"),
    ],
)
def test_bytes_that_are_no_utf8_are_refused_with_their_place(
    content: bytes, line: int, column: int, byte: str
) -> None:
    problem = only_problem(content)
    assert (problem.code, problem.line, problem.column) == ("NOT_UTF8", line, column)
    assert byte in problem.message


def test_utf16_is_named() -> None:
    assert "UTF-16" in only_problem("a: 1".encode("utf-16")).hint


def test_a_raw_control_character_is_refused_with_its_place() -> None:
    problem = only_problem(b"a: 1\nb: x\x00y\n")
    assert (problem.code, problem.line, problem.column) == ("TEXT_NOT_STORABLE", 2, 5)
    assert problem.found == "U+0000"


def test_a_duplicate_key_is_refused_with_both_lines() -> None:
    problem = only_problem(b"metadata:\n  name: a\n  tags: []\n  name: b\n")
    assert (problem.code, problem.line, problem.column) == ("YAML_DUPLICATE_KEY", 4, 3)
    assert "line 2" in problem.message
    assert problem.pointer == "/metadata/name"


@pytest.mark.parametrize("key", ["apiVersion", "kind"])
def test_a_repeated_envelope_hints_at_a_missing_separator(key: str) -> None:
    problem = only_problem(f"---\n{key}: x\nspec: {{}}\n{key}: y\n".encode())
    assert "line 2" in problem.message
    assert "`---`" in problem.hint
    nested = only_problem(f"spec:\n  {key}: x\n  {key}: y\n".encode())
    assert "`---`" not in nested.hint


@pytest.mark.parametrize(
    "text", ["1: a\n0x1: b\n", "{a: 1, a: 2}", "null: a\n~: b\n", "<<: {}\n<<: {}\n"]
)
def test_keys_with_the_same_value_are_duplicates(text: str) -> None:
    assert only_problem(text.encode()).code == "YAML_DUPLICATE_KEY"


def test_many_duplicates_are_counted_in_the_last_problem() -> None:
    (document,) = parse(b"a: 1\n" * 1_000, file="f.yaml").documents
    assert isinstance(document.state, Malformed)
    assert len(document.state.problems) == 20
    assert "979 more" in document.state.problems[-1].message


@pytest.mark.parametrize(
    "page",
    [
        '<!DOCTYPE html>\n<html lang="en"><head><meta content="a: b">\n<style>a {b: c}</style>',
        "\n<!-- x -->\n<HTML>\n<body>\na: b: c\n",
    ],
)
def test_a_web_page_is_no_syntax_error(page: str) -> None:
    problem = only_problem(page.encode())
    assert problem.code == "NOT_A_MAPPING"
    assert "sign-in" in problem.hint


def test_html_is_told_from_yaml() -> None:
    assert looks_like_html("<!DOCTYPE html><html>Sign in")
    assert not looks_like_html("a: <html>")
    assert not looks_like_html("<html-is: text>")
