"""Laws of parsing: it always answers, within the file, and gives back what was written."""

import json

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.parsing import fastpath
from catalog.parsing.documents import Empty, Parsed, ParsedFile, compose_state, parse
from catalog.parsing.limits import DEFAULT_LIMITS
from catalog.parsing.positions import Positions
from catalog.parsing.splitting import Section
from catalog.problems import JsonValue

PIECES = (
    "a¦b: ¦- ¦\n¦  ¦\t¦---\n¦...\n¦{¦}¦[¦]¦,¦#¦`¦@¦~¦1¦-¦.¦: ¦? ¦>-\n¦|\n¦|¦'¦\"¦ #¦&x ¦*x¦!t "
    "¦%YAML 1.1\n¦0123¦1e3¦.inf¦null¦true¦\r\n¦\r¦\x00¦\x81¦\u2028¦\\ud83d¦\\0¦{{ x }}¦<<¦é¦😀"
    "¦\ufeff¦\U0010ff00¦\ue000¦-0¦99999999999999999999¦<html>¦2024-01-02"
)
FRAGMENTS = st.sampled_from(PIECES.split("¦"))
YAML_LIKE = st.lists(FRAGMENTS, max_size=25).map("".join)
# JSON may hold private-use characters and split emoji; both at once is where stand-ins give up.
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Co"], exclude_characters="\x00"),
    max_size=50,  # libyaml looks for the end of a key 1,024 characters ahead at most
)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def as_doubles(value: JsonValue) -> JsonValue:
    """`value` with every number as a double: JavaScript knows no other."""
    match value:
        case bool() | str() | None:
            return value
        case int() | float():
            return float(value)
        case list():
            return [as_doubles(item) for item in value]
        case dict():
            return {key: as_doubles(item) for key, item in value.items()}


def check_answer(parsed: ParsedFile, content: bytes) -> None:
    lines = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    problems = list(parsed.problems)
    for document in parsed.documents:
        assert 1 <= document.line <= len(lines)
        if not isinstance(document.state, Empty):
            problems += document.state.problems
        if isinstance(document.state, Parsed):
            json.dumps(document.state.data, allow_nan=False).encode()
            place = Positions(document).of("/a/0")
            assert place is None or 1 <= place.line <= len(lines)
    for problem in problems:
        assert problem.line is not None
        assert problem.column is not None
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert len(problem.message) <= 300
        assert problem.file == "f.yaml"


@given(YAML_LIKE)
@example("a: [\r\n")
@example("a: [\n")
@example("a: |\n")
@example('"')
@example("a: [1,\n\n# c\n")
def test_whatever_the_text_an_answer_comes_and_its_places_are_in_the_file(text: str) -> None:
    content = text.encode()
    check_answer(parse(content, file="f.yaml"), content)


@given(st.binary(max_size=200))
def test_whatever_the_bytes_an_answer_comes_and_its_places_are_in_the_file(content: bytes) -> None:
    check_answer(parse(content, file="f.yaml"), content)


@given(YAML_LIKE)
def test_the_fast_way_and_the_careful_way_agree(text: str) -> None:
    section = Section(text=text + "\n", offset=0, version="1.2")
    if "\x00" in text or not fastpath.is_usual(section.text):
        return
    data = fastpath.load(section.text, DEFAULT_LIMITS)
    if data is fastpath.UNREAD:
        return
    assert compose_state(section) == (Empty() if data is None else Parsed(data=data))


def test_the_fast_way_is_the_usual_way() -> None:
    text = 'kind: Component\nmetadata:\n  name: x-1\n  version: 1.0.3\n  tags: [a, "0123"]\n'
    assert fastpath.is_usual(text)
    assert fastpath.load(text, DEFAULT_LIMITS) is not fastpath.UNREAD


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=5))
def test_json_is_given_back(value: dict[str, JsonValue]) -> None:
    text = json.dumps(value, ensure_ascii=False)
    (document,) = parse(text.encode(), file="f.json").documents
    assert isinstance(document.state, Parsed)
    assert as_doubles(document.state.data) == as_doubles(value)


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=5))
def test_json_with_every_character_escaped_is_given_back(value: dict[str, JsonValue]) -> None:
    (document,) = parse(json.dumps(value).encode(), file="f.json").documents
    assert isinstance(document.state, Parsed)
    assert as_doubles(document.state.data) == as_doubles(value)


@pytest.mark.parametrize("flow", [True, False])
@given(value=st.dictionaries(TEXT, VALUES, min_size=1, max_size=5))
def test_dumped_yaml_is_given_back(flow: bool, value: dict[str, JsonValue]) -> None:
    # Quoted and tagged: left plain, PyYAML would write text that YAML 1.2 reads as a number.
    text = yaml.safe_dump(value, default_flow_style=flow, default_style='"')
    (document,) = parse(text.encode(), file="f.yaml").documents
    assert isinstance(document.state, Parsed)
    assert as_doubles(document.state.data) == as_doubles(value)
