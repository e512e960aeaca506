"""YAML that is written: plain to read, and read as what it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.parsing.documents import Empty, Parsed, compose_state, parse
from catalog.parsing.splitting import split
from catalog.yaml_text import as_yaml


def test_it_is_plain_block_style() -> None:
    value = {
        "openapi": "3.0.3",
        "info": {"title": "Pets: all", "version": "1.0", "text": "a\nb\n"},
        "list": [{"a": 1, "b": [True, None]}, [1.0, 1e21], {}, []],
        "200": {"$ref": "#/a"},
    }
    assert as_yaml(value) == (
        "openapi: 3.0.3\n"
        "info:\n"
        '  title: "Pets: all"\n'
        '  version: "1.0"\n'
        "  text: |\n"
        "    a\n"
        "    b\n"
        "list:\n"
        "  - a: 1\n"
        "    b:\n"
        "      - true\n"
        "      - null\n"
        "  - - 1\n"
        "    - 1e+21\n"
        "  - {}\n"
        "  - []\n"
        '"200":\n'
        '  $ref: "#/a"\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "Null", "0123", "0o17", "1e3", "1_0", "12:30", ".inf", "2024-01-01", "<<", "="),
        *("- a", "a: b", "a #b", "a:", " a", "a ", "", "~", "!a", "&a", "*a"),
        *("a\u2028b", "\x7f", "\ufeff"),
    ],
)
def test_text_that_some_parser_takes_for_something_else_is_quoted(text: str) -> None:
    assert as_yaml(text).startswith('"')


@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\n", "a\n\n\n", "a\n\n  b\n", "a \nb", "\na", " a\nb", "a\n ", "a\n\tb", "a\r\nb"],
)
def test_lines_are_kept(text: str) -> None:
    assert read(as_yaml({"a": [text, text], "b": text})) == {"a": [text, text], "b": text}


def test_very_long_key_is_kept() -> None:
    value = {"k" * 2_000: {"a": [1]}, "b": {"l" * 2_000: "x\ny\n"}}
    assert read(as_yaml(value)) == value


def read(text: str) -> Any:
    """What both of our ways to read YAML make of a text."""
    (document,) = parse(text.encode(), file="x").documents
    (section,) = split(text)
    values = [
        None if isinstance(state, Empty) else state.data
        for state in (document.state, compose_state(section))
        if isinstance(state, Empty | Parsed)
    ]
    assert len(values) == 2, document.state
    assert values[0] == values[1]
    return values[0]


TEXTS = st.lists(
    st.sampled_from([*"aN0 1.:-#'\"{}[],&*!|>%@`\n\t\r\\~=<?+_é😀\u2028\x85\ufeff", "true", "1e3"]),
    max_size=6,
).map("".join)
SCALARS = TEXTS | st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.just(0.5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
def test_what_is_written_reads_as_what_it_was(value: Any) -> None:
    assert read(as_yaml(value)) == value
