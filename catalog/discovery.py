"""Discovery: which files of a repository are descriptors, and what Location targets name.

Works on a listing of paths alone: it opens nothing and follows no link, so what is not in the
listing cannot be reached.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
from urllib.parse import unquote, urlsplit

from catalog.globs import compile_glob, is_glob
from catalog.locations import web_url
from catalog.problems import Problem, Severity, quote

MOST_HITS = 500
"""Files that one pattern may name (hostile-input row Y32)."""
MOST_GLOBS = 20
"""Patterns in the targets of one file: each looks at every path of the repository."""

DEEPEST_BRANCH = 5
"""Segments that the name of a branch in a URL is looked for with."""

_DESCRIPTOR = re.compile(r"(?:.*/)?(?:catalog-info|\.backstage/[^/]+)\.ya?ml")
_NOT_OURS = re.compile(
    r"(?:.*/)?(?:node_modules|vendor|\.git|\.venv|skeletons?|cookiecutter[^/]*|[^/]*\{\{[^/]*)/.*"
)
"""Other people's code, and templates that are descriptors only once they are rendered."""
_IN_FORGE = re.compile(r"/(?:-/)?(?:blob|tree|raw|edit|src/branch|src)/(.+)")
"""What follows a repository's URL in the URL of one of its files: reference, slash, path."""


def descriptor_paths(paths: Iterable[str]) -> list[str]:
    """The paths at which a descriptor is expected, sorted.

    They are `catalog-info.yaml` and `.yml` in any folder, and every YAML file in a `.backstage`.
    """
    return sorted(
        path for path in paths if _DESCRIPTOR.fullmatch(path) and not _NOT_OURS.fullmatch(path)
    )


def resolve_targets(
    targets: Sequence[str], *, base: str, paths: Collection[str], repository_url: str
) -> tuple[list[str], list[Problem]]:
    """The paths that Location targets in file `base` name, in their order, and what is wrong.

    A target is a path beside `base`, one from the root of the repository (`/x`), a pattern of
    either, or a URL of a file in the same repository, whose branch is not looked at.
    """
    found: dict[str, None] = {}
    problems: list[Problem] = []
    globs = 0
    for target in targets:
        globs += is_glob(target)
        if is_glob(target) and globs > MOST_GLOBS:
            hits: list[str] | Problem = _too_many(target, base, f"{MOST_GLOBS} patterns")
        else:
            hits = _resolve(target, base, paths, repository_url)
        if isinstance(hits, Problem):
            problems.append(hits)
        else:
            found.update(dict.fromkeys(hits))
    return list(found), problems


def _resolve(
    target: str, base: str, paths: Collection[str], repository_url: str
) -> list[str] | Problem:
    if "://" in target:
        within = _within(target, repository_url)
        if within is None:
            return _outside(target, base) if target.startswith("file:") else _not_read(target, base)
    else:
        folder = "" if target.startswith("/") else posixpath.dirname(base)
        within = [posixpath.join(folder, target.lstrip("/"))]
    candidates = [posixpath.normpath(path) for each in within for path in (each, unquote(each))]
    if any(path == ".." or path.startswith("../") for path in candidates):
        return _outside(target, base)
    for path in candidates:
        if path in paths:
            return [path]
    if is_glob(target):
        return _matching(candidates[0], target, base, paths)
    return _missing(target, base)


def _within(target: str, repository_url: str) -> list[str] | None:
    """The paths in the repository that a URL may mean; None if it is not of the repository.

    A branch may hold slashes, so where the path begins is a guess; the shortest branch goes first.
    """
    home = web_url(repository_url)
    try:
        parts = urlsplit(target)
    except ValueError:  # an address in brackets that is none
        return None
    address = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if parts.scheme not in ("http", "https") or not address.lower().startswith(home.lower() + "/"):
        return None
    tail = _IN_FORGE.fullmatch(address[len(home) :])
    if tail is None:
        return None
    steps = tail[1].split("/")
    most = min(len(steps), DEEPEST_BRANCH + 1)
    return ["/".join(steps[count:]) for count in range(1, most)] or None


def _matching(pattern: str, target: str, base: str, paths: Collection[str]) -> list[str] | Problem:
    glob = compile_glob(pattern)
    if glob is None:
        return _too_many(target, base, "alternatives")
    fixed = re.split(r"[*?\[{]", pattern, maxsplit=1)[0]
    hits = [path for path in paths if path.startswith(fixed) and glob.matches(path)]
    if len(hits) > MOST_HITS:
        return _too_many(target, base, f"{MOST_HITS} files: {len(hits):,}")
    return sorted(hits) or _missing(target, base)


def _outside(target: str, base: str) -> Problem:
    return Problem(
        code="LOCATION_OUTSIDE",
        message=f"The target `{quote(target)}` leads out of the repository.",
        file=base,
        found=quote(target),
        expected="a path in the repository",
        hint="Name a file of the same repository.",
    )


def _missing(target: str, base: str) -> Problem:
    return Problem(
        code="LOCATION_TARGET_MISSING",
        severity=Severity.WARNING,
        message=f"The target `{quote(target)}` names no file of the repository.",
        file=base,
        found=quote(target),
        expected="a path beside this file, or one from the root with a leading slash",
        hint="Correct the path, or remove the target.",
    )


def _too_many(target: str, base: str, limit: str) -> Problem:
    return Problem(
        code="LOCATION_TOO_MANY",
        message=f"With `{quote(target)}` the targets come to more than {limit}; it is not read.",
        file=base,
        found=quote(target),
        hint="Name fewer files with one pattern.",
    )


def _not_read(target: str, base: str) -> Problem:
    return Problem(
        code="LOCATION_NOT_READ",
        severity=Severity.INFO,
        message="URL targets outside this repository are not read yet.",
        file=base,
        found=quote(target),
        hint="Register that location by itself.",
    )
