"""Discovery: which files of a repository are descriptors, and what Location targets name.

Works on a listing of paths alone: it opens nothing and follows no link, so what is not in the
listing cannot be reached.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from catalog.entity import NamedTarget
from catalog.globs import compile_glob, is_file_glob, is_glob
from catalog.locations import web_url
from catalog.problems import Problem, Severity, quote
from catalog.scm import resolve_url
from catalog.urls import is_url

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """What a Location names outside its own repository: a location to be read by itself."""

    ref: str
    """The Location entity."""
    url: str
    optional: bool


@dataclass(kw_only=True, slots=True)
class Resolved:
    """What the targets of one file lead to; filled target by target."""

    paths: dict[str, dict[str, None]] = field(default_factory=dict)
    """Paths in the repository, each with the refs of the Location entities that name it."""
    elsewhere: list[Elsewhere] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def resolve_targets(
    targets: Sequence[NamedTarget],
    *,
    base: str,
    paths: Collection[str],
    repository_url: str,
    direct: str = "",
) -> Resolved:
    """What the Location targets in file `base` lead to, in their order, and what is wrong.

    A target is a path beside `base`, one from the root of the repository (`/x`), a pattern of
    either, a URL of a file in the same repository, whose branch is not looked at, or any other URL.
    `direct` is the URL of a file that was read by itself.
    """
    result = Resolved()
    globs = 0
    for target in targets:
        globs += is_file_glob(target.text)
        if is_file_glob(target.text) and globs > MOST_GLOBS:
            hits: list[str] | Elsewhere | Problem
            hits = _too_many(target.text, base, f"{MOST_GLOBS} patterns")
        else:
            hits = _resolve(target, base, paths, repository_url, direct)
        match hits:
            case Problem(code="LOCATION_TARGET_MISSING") if target.optional:
                pass
            case Problem():
                result.problems.append(hits)
            case Elsewhere():
                result.elsewhere.append(hits)
            case _:
                for path in hits:
                    result.paths.setdefault(path, {})[target.ref] = None
    return result


def _resolve(
    named: NamedTarget, base: str, paths: Collection[str], repository_url: str, direct: str
) -> list[str] | Elsewhere | Problem:
    target, on_disk = named.text, repository_url.startswith("file://")
    if named.type not in ("", "url", "file") or (named.type == "file" and not on_disk):
        return _not_of_this_type(named, base)
    if direct or (on_disk and named.type == "url" and "://" not in target):
        url = resolve_url(target, direct) if direct else None
        if url is None or not _is_web(url):
            return _outside(target, base)
        return _elsewhere(named, url)
    if "://" in target:
        within = _within(target, repository_url)
        if within is None:
            return _elsewhere(named, target) if _is_web(target) else _outside(target, base)
    elif on_disk and target.startswith(f"{unquote(urlsplit(repository_url).path)}/"):
        within = [target.removeprefix(f"{unquote(urlsplit(repository_url).path)}/")]
    else:
        folder = "" if target.startswith("/") else posixpath.dirname(base)
        within = [posixpath.join(folder, target.lstrip("/"))]
    candidates = [posixpath.normpath(path) for each in within for path in (each, unquote(each))]
    if any(path == ".." or path.startswith("../") for path in candidates):
        return _outside(target, base)
    for path in candidates:
        if path in paths:
            return [path]
    if is_file_glob(target) if on_disk else is_glob(target):
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


def _not_of_this_type(target: NamedTarget, base: str) -> Problem:
    return Problem(
        code="LOCATION_TYPE",
        message=f"A Location of type `{quote(target.type)}` is not read from here.",
        file=base,
        found=quote(target.text),
        expected="type `url`, or the type of the location that holds it",
        hint="Name the file by its URL, with `type: url`.",
    )


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://")) and is_url(url)


def _elsewhere(target: NamedTarget, url: str) -> Elsewhere:
    return Elsewhere(ref=target.ref, url=url, optional=target.optional)
