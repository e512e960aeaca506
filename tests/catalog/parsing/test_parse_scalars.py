"""Scalars and keys have the values that npm `yaml` 2, without merge keys, gives them as JSON."""

import pytest

from catalog.parsing.documents import Malformed, Parsed, parse
from catalog.problems import JsonValue, Severity


def value_of(text: str) -> JsonValue:
    (document,) = parse(text.encode(), file="f.yaml").documents
    assert isinstance(document.state, Parsed), document.state
    return document.state.data


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("NO", "NO"),
        ("0123", 123),
        ("017", 17),
        ("-012", -12),
        ("00", 0),
        ("0o17", 15),
        ("-0o17", "-0o17"),
        ("0x1F", 31),
        ("-0x1f", "-0x1f"),
        ("+0x1f", "+0x1f"),
        ("0X1F", "0X1F"),
        ("0x_", "0x_"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("+12", 12),
        ("1e3", 1000),
        ("1E+2", 100),
        ("1.5e3", 1500),
        ("1e-7", 1e-7),
        ("1.0", 1),
        ("1.", 1),
        ("-0.0", 0),
        ("1.10", 1.1),
        (".5", 0.5),
        ("12:34:56", "12:34:56"),
        ("22:22", "22:22"),
        ("2024-01-02", "2024-01-02"),
        ("2024-13-45", "2024-13-45"),
        ("2024-01-01T00:00:00+99:99", "2024-01-01T00:00:00+99:99"),
        ("=", "="),
        ("~", None),
        ("NULL", None),
        ("nULL", "nULL"),
        ("", None),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("9007199254740991", 9007199254740991),
        ("9007199254740993", 9007199254740992),
        ("1234567890123456789", 1234567890123456800),
        ("12345678901234567890", 1.2345678901234567e19),
        ("9223372036854775808", 9223372036854775808.0),
        ('"0123"', "0123"),
        ("!foo bar", "bar"),
        ("!foo 12", "12"),
        ("!!str 12", "12"),
        ("!!int '3'", 3),
        ("!!int x", "x"),
        ("!!float 1.5", 1.5),
        ("!!bool 'true'", True),
        ("!!binary aGk=", "aGk="),
        ("!!set {x}", {"x": None}),
        ("!!python/object/apply:os.system ['id']", ["id"]),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\\ud83d"', r"\ud83d"),
        ("m\x81b", "m\x81b"),
        ("a\x85b\u2028c", "a\x85b\u2028c"),
        ("a\x7fb", "a\x7fb"),
        ("a\x7fb\U00100000", "a\x7fb\U00100000"),
        ('"a\x7fb\\U00100000"', "a\x7fb\U00100000"),
    ],
)
def test_a_scalar_has_the_value_of_the_reference_parser(written: str, expected: JsonValue) -> None:
    value = value_of(f"a: {written}\n")
    assert value == {"a": expected}
    assert type(value["a"]) is type(expected)  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1", "1"),
        ("true", "true"),
        ("null", ""),
        ("2024-01-01", "2024-01-01"),
        ("0x1F", "31"),
        ("1.0", "1"),
        ("1e3", "1000"),
        (".inf", "Infinity"),
        (".nan", "NaN"),
        ("12345678901234567890", "12345678901234567000"),
        ("1e21", "1e+21"),
        ("1e-7", "1e-7"),
        ("1e-5", "0.00001"),
        ("<<", "<<"),
        ("[a, b]", "[ a, b ]"),
        ("{a: [1, c]}", "{ a: [ 1, c ] }"),
        ("{{ x }}", "{ ? { x } }"),
        ("['it''s', \"q\"]", "[ 'it''s', \"q\" ]"),
        ("!foo 1", "1"),
    ],
)
def test_a_key_becomes_the_text_that_javascript_prints(written: str, expected: str) -> None:
    assert value_of(f"? {written}\n: v\n") == {expected: "v"}


def test_an_unrendered_expression_is_a_mapping_with_a_mapping_as_key() -> None:
    assert value_of("name: {{ values.name }}\n") == {"name": {"{ values.name }": None}}


def test_keys_that_python_holds_to_be_equal_stay_apart() -> None:
    assert value_of("1: a\ntrue: b\n") == {"1": "a", "true": "b"}
    assert value_of("{1: a, true, null}\n") == {"1": "a", "true": None, "": None}


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert value_of("x: &x {a: 1}\ny:\n  <<: *x\n") == {"x": {"a": 1}, "y": {"<<": {"a": 1}}}


@pytest.mark.parametrize(
    "written", [".inf", "-.INF", ".NaN", "1e400", "9" * 5000, "0x" + "f" * 300]
)
def test_a_number_that_json_cannot_hold_becomes_null_with_a_warning(written: str) -> None:
    (document,) = parse(f"a: 1\nb:\n  - {written}\n".encode(), file="f.yaml").documents
    assert isinstance(document.state, Parsed)
    assert document.state.data == {"a": 1, "b": [None]}
    (problem,) = document.state.problems
    assert (problem.code, problem.severity) == ("NUMBER_NOT_FINITE", Severity.WARNING)
    assert (problem.line, problem.column, problem.pointer) == (3, 5, "/b/0")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("yes", True),
        ("OFF", False),
        ("0123", 83),
        ("0b11", 3),
        ("1_000", 1000),
        ("12:34:56", 45296),
        ("-1:30", -90),
        ("089", 89),
        ("0o17", "0o17"),
        ("2024-01-02", "2024-01-02T00:00:00.000Z"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-15T02:59:43.100Z"),
        ("2024-13-45", "2024-13-45"),
        ("0x_", "0x_"),
    ],
)
def test_a_directive_asks_for_the_rules_of_yaml_1_1(written: str, expected: JsonValue) -> None:
    assert value_of(f"%YAML 1.1\n---\na: {written}\n") == {"a": expected}


def test_yaml_1_1_merges_and_what_stands_in_the_mapping_wins() -> None:
    text = "%YAML 1.1\n---\nx: &x {a: 1, b: 2}\nq: {<<: *x, a: 3}\nz: {<<: [*x, {b: 4, c: 5}]}\n"
    assert value_of(text) == {
        "x": {"a": 1, "b": 2},
        "q": {"a": 3, "b": 2},
        "z": {"a": 1, "b": 2, "c": 5},
    }


def test_a_directive_holds_for_the_documents_behind_it_until_the_next() -> None:
    text = "%YAML 1.1\n---\na: yes\n---\na: yes\n...\n%YAML 1.2\n---\na: yes\n"
    states = [document.state for document in parse(text.encode(), file="f.yaml").documents]
    assert states == [Parsed(data={"a": True}), Parsed(data={"a": True}), Parsed(data={"a": "yes"})]


def test_text_keeps_its_last_line_end_where_the_file_has_none() -> None:
    assert value_of("a: |\n  x") == {"a": "x\n"}


def test_a_line_of_tabs_alone_is_a_blank_line() -> None:
    assert value_of("a: 1\n\t\nb: 2\n") == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\n\t# note\n  \t # note\nb: 2\n", {"a": 1, "b": 2}),
        ("-\ta\n- \tb c\n- -\t\t1\n", ["a", "b c", [1]]),
        ("a: |\n  \tx\n  \t# y\nb: 1\n", {"a": "\tx\n\t# y\n", "b": 1}),
        ("a:\n  - |- # note\n\n    \tx\n      y\n", {"a": ["\n\tx\n  y"]}),
        ('a: |\n  \tx\nb: "\\U0010FFFD\\U00100000"\n', {"a": "\tx\n", "b": "\U0010fffd\U00100000"}),
    ],
)
def test_tabs_that_indent_nothing_are_taken_as_by_the_reference(text: str, value: object) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "a:\n\tb: 1\n",
        "a: |\n\tx\n",
        "a: b\n\tc\n",
        "-\ta: b\n",
        "- \t- a\n",
        "a: |\n  \tx\n y\n",
        "".join(f"- a\n\t# {n}\n" for n in range(30)),
    ],
)
def test_other_tabs_stay_an_error_with_the_first_place(text: str) -> None:
    [document] = parse(text.encode(), file="f.yaml").documents
    assert isinstance(document.state, Malformed)
    [problem] = document.state.problems
    assert problem.line == text[: text.index("\t")].count("\n") + 1


def test_json_is_yaml() -> None:
    assert value_of('{"a": [1, 2.5, true, null, "x\\ny"], "200": {}}') == {
        "a": [1, 2.5, True, None, "x\ny"],
        "200": {},
    }


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "pointer"),
    [
        ('a: b\nc: "x\\0y"\n', "TEXT_NOT_STORABLE", 2, 4, "/c"),
        ('"x\\0": y\n', "TEXT_NOT_STORABLE", 1, 1, "/x\0"),
        ('{"d": "\\ud800"}\n', "TEXT_NOT_STORABLE", 1, 7, "/d"),
    ],
)
def test_an_escape_cannot_bring_in_what_no_database_keeps(
    text: str, code: str, line: int, column: int, pointer: str
) -> None:
    (document,) = parse(text.encode(), file="f.yaml").documents
    assert isinstance(document.state, Malformed)
    (problem,) = document.state.problems
    assert (problem.code, problem.line, problem.column) == (code, line, column)
    assert problem.pointer == pointer
