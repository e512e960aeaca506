"""Globs, as minimatch reads them, in linear time."""

from __future__ import annotations

import time

import pytest

from catalog.globs import compile_glob


def matches(pattern: str, text: str, **options: bool) -> bool:
    glob = compile_glob(pattern, **options)
    assert glob is not None
    return glob.matches(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*.yaml", "a.yaml"),
        ("a/*/c", "a/b/c"),
        ("**/c", "c"),
        ("**/c", "a/b/c"),
        ("a/**", "a/b/c"),
        ("a/**/d", "a/d"),
        ("a/**/**/d", "a/b/c/d"),
        ("**/a/**/a/b", "a/x/a/y/a/b"),
        ("a?c", "abc"),
        ("{a,b}/*.y{a,}ml", "b/x.yml"),
        ("[ab].yaml", "b.yaml"),
        (".*/x", ".a/x"),
        ("https://example.com/*/blob/**", "https://example.com/r/blob/main/x"),
    ],
)
def test_pattern_matches(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*.yaml", "a/b.yaml"),
        ("*", ""),
        ("*", ".a"),
        ("**/x", ".a/x"),
        ("a/*", "a"),
        ("a", "a/b"),
        ("**/c", "a/c/d"),
        ("a.c", "abc"),
        ("A", "a"),
    ],
)
def test_pattern_does_not_match(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


def test_case_and_dots_are_ignored_on_request() -> None:
    assert matches("**/X.YAML", ".A/x.yaml", ignore_case=True, dot=True)


def test_braces_that_expand_to_too_much_are_refused() -> None:
    assert compile_glob("{a,b}" * 20) is None


def test_hostile_pattern_takes_no_time() -> None:
    started = time.perf_counter()
    assert not matches("*a" * 40 + "b/" + "**/a/" * 40 + "b", "a" * 250 + "/a" * 250)
    assert time.perf_counter() - started < 0.5
