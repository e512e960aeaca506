"""Discovery: which paths are descriptors, and what the targets of a Location name."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from catalog.entity import NamedTarget
from catalog.ingest.discovery import (
    MOST_GLOBS,
    Elsewhere,
    Resolved,
    descriptor_paths,
    resolve_targets,
)
from catalog.problems import Problem

LOCATION = "location:default/all"
PATHS = [
    "all.yaml",
    "catalog-info.yaml",
    "org/groups.yaml",
    "org/users.yaml",
    "org/.hidden/x.yaml",
    "services/a/catalog-info.yaml",
    "services/b c.yaml",
]


def resolved(
    *targets: str, base: str = "org/all.yaml", url: str = "https://github.com/acme/shop"
) -> tuple[list[str], list[Problem]]:
    found = resolve(*targets, base=base, url=url)
    return list(found.paths), found.problems


def resolve(
    *targets: str,
    base: str = "org/all.yaml",
    url: str = "https://github.com/acme/shop",
    paths: Collection[str] = PATHS,
    direct: str = "",
) -> Resolved:
    named = [NamedTarget(LOCATION, target) for target in targets]
    return resolve_targets(named, base=base, paths=paths, repository_url=url, direct=direct)


def test_descriptors_are_found_at_any_depth() -> None:
    wanted = [
        ".backstage/api.yaml",
        "a/b/.backstage/api.yml",
        "a/catalog-info.yml",
        "catalog-info.yaml",
    ]
    assert descriptor_paths(reversed(wanted)) == wanted


@pytest.mark.parametrize(
    "path",
    [
        "catalog-info.json",
        "my-catalog-info.yaml",
        "catalog-info.override.yaml",
        ".backstage/deep/api.yaml",
        "node_modules/a/catalog-info.yaml",
        "a/vendor/b/catalog-info.yaml",
        ".git/catalog-info.yaml",
        ".venv/x/catalog-info.yaml",
        "templates/x/skeleton/catalog-info.yaml",
        "cookiecutter-service/catalog-info.yaml",
        "x/${{ values.name }}/catalog-info.yaml",
        "{{cookiecutter.name}}/catalog-info.yaml",
        "skeleton/.backstage/x.yaml",
    ],
)
def test_other_files_are_not(path: str) -> None:
    assert descriptor_paths([path]) == []


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("groups.yaml", "org/groups.yaml"),
        ("./groups.yaml", "org/groups.yaml"),
        ("../all.yaml", "all.yaml"),
        ("/all.yaml", "all.yaml"),
        ("../services/b%20c.yaml", "services/b c.yaml"),
        ("../services/b c.yaml", "services/b c.yaml"),
        ("https://github.com/acme/shop/blob/main/org/groups.yaml", "org/groups.yaml"),
        ("https://github.com/Acme/Shop/tree/feature/x/org/groups.yaml", "org/groups.yaml"),
    ],
)
def test_target_names_a_file(target: str, path: str) -> None:
    assert resolved(target) == ([path], [])


def test_url_of_gitlab_names_a_file() -> None:
    target = "https://gitlab.example.com/a/b/c/-/blob/main/all.yaml"
    assert resolved(target, url="https://gitlab.example.com/a/b/c.git") == (["all.yaml"], [])


def test_url_names_a_file_of_a_repository_cloned_by_ssh() -> None:
    target = "https://github.com/acme/shop/blob/main/all.yaml"
    assert resolved(target, url="git@github.com:acme/shop.git") == (["all.yaml"], [])


def test_patterns_name_what_is_listed_and_repeats_are_dropped() -> None:
    assert resolved("./*.yaml", "groups.yaml")[0] == ["org/groups.yaml", "org/users.yaml"]
    assert resolved("/**/catalog-info.yaml")[0] == [
        "catalog-info.yaml",
        "services/a/catalog-info.yaml",
    ]
    assert resolved("https://github.com/acme/shop/blob/main/*.yaml")[0] == [
        "all.yaml",
        "catalog-info.yaml",
    ]


def test_a_choice_is_a_pattern_among_files_on_disk_alone() -> None:
    folder, forge = "file:///srv/shop", "https://github.com/acme/shop"
    for target in ("./{groups,users}.yaml", "./[gu]*.yaml", "./{group,user}[s].yaml"):
        assert resolved(target, url=folder)[0] == ["org/groups.yaml", "org/users.yaml"]
    paths, problems = resolved("./{groups,users}.yaml", url=forge)
    assert (paths, [p.code for p in problems]) == ([], ["LOCATION_TARGET_MISSING"])


@pytest.mark.parametrize(
    ("target", "code", "severity"),
    [
        ("../../secret.yaml", "LOCATION_OUTSIDE", "error"),
        ("%2e%2e/%2e%2e/secret.yaml", "LOCATION_OUTSIDE", "error"),
        ("../../*.yaml", "LOCATION_OUTSIDE", "error"),
        ("https://github.com/acme/shop/blob/main/../../x", "LOCATION_OUTSIDE", "error"),
        ("file:///etc/passwd", "LOCATION_OUTSIDE", "error"),
        ("missing.yaml", "LOCATION_TARGET_MISSING", "warning"),
        ("*.json", "LOCATION_TARGET_MISSING", "warning"),
        ("", "LOCATION_TARGET_MISSING", "warning"),
        (
            "https://github.com/acme/shop/blob/main/missing.yaml",
            "LOCATION_TARGET_MISSING",
            "warning",
        ),
        ("https://[", "LOCATION_OUTSIDE", "error"),
    ],
)
def test_target_that_names_nothing_is_a_problem_of_the_file(
    target: str, code: str, severity: str
) -> None:
    paths, problems = resolved(target)
    assert paths == []
    assert [(p.code, p.severity, p.file) for p in problems] == [(code, severity, "org/all.yaml")]


def test_pattern_with_too_many_hits_names_none() -> None:
    paths = [f"s/{n}.yaml" for n in range(501)]
    found = resolve("/**", base="x", paths=paths, url="file:///r")
    assert not found.paths
    assert [problem.code for problem in found.problems] == ["LOCATION_TOO_MANY"]
    found = resolve("/**", base="x", paths=paths[1:], url="file:///r")
    assert (len(found.paths), found.problems) == (500, [])


@pytest.mark.parametrize(
    "target",
    [
        "https://github.com/acme/other/blob/main/all.yaml",
        "https://github.com/acme/shop-2/blob/main/all.yaml",
        "http://169.254.169.254/latest",
    ],
)
def test_url_of_another_repository_is_a_location_of_its_own(target: str) -> None:
    found = resolve(target)
    assert found.elsewhere == [Elsewhere(ref=LOCATION, url=target, optional=False)]
    assert (found.paths, found.problems) == ({}, [])


def test_path_remembers_which_locations_name_it() -> None:
    named = [NamedTarget("location:default/one", "all.yaml"), NamedTarget(LOCATION, "/all.yaml")]
    found = resolve_targets(
        named, base="x.yaml", paths=PATHS, repository_url="https://github.com/acme/shop"
    )
    assert {path: list(refs) for path, refs in found.paths.items()} == {
        "all.yaml": ["location:default/one", LOCATION]
    }


@pytest.mark.parametrize(
    ("direct", "target", "url"),
    [
        ("http://files.test/nested/root.yaml", "./leaf.yaml", "http://files.test/nested/leaf.yaml"),
        ("http://files.test/nested/root.yaml", "/x.yaml", "http://files.test/x.yaml"),
        (
            "https://github.com/acme/shop/blob/main/a/all.yaml",
            "/b.yaml",
            "https://github.com/acme/shop/blob/main/b.yaml",
        ),
    ],
)
def test_target_of_a_file_read_by_its_url_is_beside_that_url(
    direct: str, target: str, url: str
) -> None:
    found = resolve(target, base="all.yaml", direct=direct, url=direct)
    assert [one.url for one in found.elsewhere] == [url]


def test_target_of_a_url_never_leads_to_the_disk() -> None:
    direct = "https://github.com/acme/shop/blob/main/a/all.yaml"
    named = [NamedTarget(LOCATION, "./x.yaml", "file"), NamedTarget(LOCATION, "../../../etc")]
    found = resolve_targets(
        named, base="all.yaml", paths=["all.yaml"], repository_url=direct, direct=direct
    )
    assert [p.code for p in found.problems] == ["LOCATION_TYPE", "LOCATION_OUTSIDE"]
    assert not found.elsewhere


def test_optional_target_that_is_not_there_is_no_problem() -> None:
    named = [NamedTarget(LOCATION, "missing.yaml", "", True)]
    found = resolve_targets(
        named, base="x.yaml", paths=PATHS, repository_url="https://github.com/acme/shop"
    )
    assert (found.paths, found.problems) == ({}, [])


def test_patterns_of_one_file_are_limited() -> None:
    _, problems = resolved(*[f"{n}*.yaml" for n in range(MOST_GLOBS)], "*.yaml")
    assert problems[-1].code == "LOCATION_TOO_MANY"
