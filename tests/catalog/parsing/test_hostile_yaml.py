"""Hostile documents are refused with a clear problem, quickly, and nothing raises or crashes."""

import time
from collections.abc import Callable

import pytest

from catalog.parsing.documents import Empty, Malformed, parse
from catalog.parsing.limits import Limits
from catalog.parsing.positions import locate

SECONDS = 1.0
"""Each takes far below 100 ms alone; the margin is for a busy machine."""


def bomb(levels: int, uses: int) -> str:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for number in range(1, levels):
        name, before = chr(97 + number), chr(96 + number)
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * uses)}]")
    return "\n".join(lines)


def merge_bomb() -> str:
    lines = ["a0: &a0 {k: v}"]
    for number in range(1, 8):
        aliases = ",".join([f"*a{number - 1}"] * 9)
        lines.append(f"a{number}: &a{number} {{<<: [{aliases}], k1: v}}")
    return "\n".join(lines)


REFUSED = [
    ("YAML_TOO_MANY_ALIASES", lambda: bomb(9, 9)),
    ("YAML_EXPANDS_TOO_LARGE", lambda: bomb(7, 6)),
    ("YAML_TOO_MANY_ALIASES", merge_bomb),
    ("YAML_TOO_MANY_ALIASES", lambda: "a: &a x\nb: [" + "*a, " * 100 + "]"),
    ("YAML_EXPANDS_TOO_LARGE", lambda: f"a: &a {'x' * 100_000}\nb: [{'*a, ' * 60}]"),
    ("YAML_TOO_DEEP", lambda: "a: " + "[" * 100_000 + "]" * 100_000),
    ("YAML_TOO_DEEP", lambda: "a: " + "{" * 100_000),
    ("YAML_TOO_DEEP", lambda: "- " * 5_000 + "x"),
    ("YAML_TOO_DEEP", lambda: "- " * 100_000),
    ("YAML_TOO_DEEP", lambda: "? " * 20_000),
    ("YAML_TOO_DEEP", lambda: "- ? " * 10_000),
    ("YAML_TOO_DEEP", lambda: "{a: " * 20_000 + "1" + "}" * 20_000),
    ("YAML_TOO_DEEP", lambda: "[a: " * 20_000),
    ("YAML_TOO_DEEP", lambda: '["]", ' * 20_000),
    ("YAML_TOO_DEEP", lambda: "\n".join(" " * level + "a:" for level in range(1_400))),
    ("YAML_SYNTAX", lambda: "? a\n" + ": " * 14_000),
    ("YAML_RECURSIVE", lambda: "&a [*a]"),
    ("YAML_RECURSIVE", lambda: "a: &x {self: *x}"),
    ("YAML_SYNTAX", lambda: "a: *nowhere"),
    ("YAML_DUPLICATE_KEY", lambda: "metadata: {name: a}\nmetadata: {name: b}"),
    ("YAML_SYNTAX", lambda: 'a: "' + "x\n" * 200_000),
    ("YAML_SYNTAX", lambda: "a: " * 200_000),
    ("YAML_SYNTAX", lambda: "1:" * 200_000),
    ("YAML_SYNTAX", lambda: "x: y\n " + "- " * 200_000 + "\n b: c"),
    ("YAML_SYNTAX", lambda: "&a " * 100_000),
    ("YAML_SYNTAX", lambda: "a" + " " * 500_000 + ": 1"),
    ("YAML_SYNTAX", lambda: "hello world: this is text, no YAML: really\n"),
]


@pytest.mark.parametrize(("code", "make"), REFUSED)
def test_a_hostile_document_is_refused_in_time_with_a_place(
    code: str, make: Callable[[], str]
) -> None:
    content = ("first: 1\n---\n" + make()).encode()
    began = time.perf_counter()
    good, bad = parse(content, file="f.yaml").documents
    place = locate(bad, "/a/b")
    taken = time.perf_counter() - began
    assert not isinstance(good.state, Malformed)
    assert isinstance(bad.state, Malformed)
    problem = bad.state.problems[0]
    assert problem.code == code
    assert problem.line is not None
    assert problem.line >= 3
    assert problem.column is not None
    assert len(problem.message) <= 300
    assert problem.hint
    assert place is None
    assert taken < SECONDS


@pytest.mark.parametrize("opening", ["- ", "[", "{a: ", "? "])
def test_the_limit_of_depth_is_exact(opening: str) -> None:
    closing = {"[": "]", "{a: ": "}"}.get(opening, "")
    for depth, refused in ((64, False), (65, True)):
        content = (opening * depth + "x" + closing * depth).encode()
        (document,) = parse(content, file="f.yaml").documents
        assert isinstance(document.state, Malformed) is refused, (opening, depth)


def test_depth_counts_what_aliases_bring() -> None:
    text = "a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40
    (document,) = parse(text.encode(), file="f.yaml").documents
    assert isinstance(document.state, Malformed)
    assert document.state.problems[0].code == "YAML_TOO_DEEP"


@pytest.mark.parametrize("text", ["[1, 2, 3, 4, 5]", "[1, 2, 0123, 4, 5]", "{a: 1, b: 2, c: 3}"])
def test_more_values_than_the_limit_are_refused_on_both_ways(text: str) -> None:
    (document,) = parse(text.encode(), file="f.yaml", limits=Limits(nodes=5)).documents
    assert isinstance(document.state, Malformed)
    assert document.state.problems[0].code == "YAML_EXPANDS_TOO_LARGE"
    assert "5" in document.state.problems[0].message


def test_ninety_nine_uses_of_an_anchor_are_fine() -> None:
    (document,) = parse(("a: &a x\nb: [" + "*a, " * 99 + "]").encode(), file="f.yaml").documents
    assert not isinstance(document.state, Malformed | Empty)


@pytest.mark.parametrize(
    "make",
    [
        lambda: "a: 0x" + "f" * 1_000_000,
        lambda: "a: " + "9" * 1_000_000,
        lambda: "a: " + "x" * 1_000_000,
        lambda: "\n" * 1_000_000,
        lambda: "\t\n" * 300_000,
        lambda: "---\n...\n" * 5_000,
        lambda: "<!--" * 100_000,
        lambda: "1." * 300_000,
        lambda: "?" * 300_000,
        lambda: "%a\n" * 100_000,
    ],
)
def test_a_strange_document_is_read_in_time(make: Callable[[], str]) -> None:
    content = make().encode()
    began = time.perf_counter()
    parse(content, file="f.yaml")
    assert time.perf_counter() - began < SECONDS
