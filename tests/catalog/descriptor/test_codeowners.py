"""Whose a path is by CODEOWNERS: the patterns of the forges' documentation, and hostile ones."""

from __future__ import annotations

import time

import pytest

from catalog.descriptor.codeowners import read_codeowners

FITS = [
    ("*", "a.yaml", True),
    ("*", ".github/deep/er/a.yaml", True),
    ("*.js", "a/b/c.js", True),
    ("*.js", "c.js/readme", True),
    ("*.js", "c.json", False),
    ("/build/logs/", "build/logs/a/b", True),
    ("/build/logs/", "x/build/logs/a", False),
    ("docs/*", "docs/a.md", True),
    ("docs/*", "docs/deep/a.md", False),
    ("docs/*", "x/docs/a.md", False),
    ("apps/", "apps/a", True),
    ("apps/", "x/apps/a/b", True),
    ("apps", "x/apps/a/b", True),
    ("/apps", "x/apps/a", False),
    ("/apps/github", "apps/github/a", True),
    ("apps/github", "x/apps/github/a", False),
    ("**/logs", "deep/er/logs/a", True),
    ("**/logs", "logs", True),
    ("services/**/catalog-info.yaml", "services/catalog-info.yaml", True),
    ("services/**/catalog-info.yaml", "services/a/b/catalog-info.yaml", True),
    ("/*", "a.yaml", True),
    ("/*", "x/a.yaml", False),
    ("a?c", "abc", True),
    ("a?c", "a/c", False),
    ("/with\\ space/", "with space/a", True),
    ("/[ab]/", "a/x", False),
    ("/[ab]/", "[ab]/x", True),
    ("/{a,b}/", "a/x", False),
    ("/{a,b}/", "{a,b}/x", True),
    ("Docs/", "docs/a", False),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), FITS)
def test_a_pattern_fits_what_the_forges_say(pattern: str, path: str, expected: bool) -> None:
    (rule,) = read_codeowners(f"{pattern} @bob\n").rules
    assert rule.fits(path) is expected


def test_the_last_rule_that_fits_decides_also_where_it_names_nobody() -> None:
    read = read_codeowners("* @all\n/a/ @team # note\n/a/free/\n/a/bad/ nobody\n!/a/ @bob\n")
    found = [read.rule_for(path) for path in ("x", "a/x", "a/free/x", "a/bad/x")]
    assert [(one.owners, one.pattern) for one in found if one] == [
        (("@all",), "*"),
        (("@team",), "/a/"),
        ((), "/a/free/"),
        (("@team",), "/a/"),
    ]
    assert read_codeowners("/a/ @bob\n").rule_for("b") is None


def test_rules_without_owners_have_those_of_their_section() -> None:
    read = read_codeowners("[Docs][2] @docs @more\n*.md\n*.txt @bob\n^[Free]\nx.md\n")
    assert [rule.owners for rule in read.rules] == [("@docs", "@more"), ("@bob",), ()]


@pytest.mark.parametrize(
    "pattern", ["**/" * 400 + "z", "*a" * 2000 + "z", "/" * 3000 + "z", "{" * 500]
)
def test_a_hostile_pattern_takes_no_time(pattern: str) -> None:
    read = read_codeowners(f"{pattern} @bob\n")
    begun = time.perf_counter()
    assert not any(rule.fits("a/" * 400 + "a" * 250) for rule in read.rules)
    assert time.perf_counter() - begun < 1
