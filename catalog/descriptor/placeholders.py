"""Placeholders: `$text`, `$json`, `$yaml`, `$openapi`, `$asyncapi`, which take in another file.

Which files a descriptor may want is found in its text, before it is parsed, so that the process
that parses needs no access to anything. A file of the same repository is known by its path, any
other by its URL; whether that may be read is decided by who reads it.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from catalog.problems import Problem
from catalog.scm import resolve_url, same_repository

RESOLVERS = ("$text", "$json", "$yaml", "$openapi", "$asyncapi")
"""The keys that stand for a file (Backstage catalog 4.0.0, with its openapi module)."""

_WANTED = re.compile(
    rb"""\$(text|json|yaml|openapi|asyncapi)["']?[ \t]*:[ \t]*["']?([^\s"'#{}\[\],]{1,1000})"""
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """The file that a target is relative to."""

    path: str
    direct: str = ""
    """Its URL, where it was read by itself and not from a repository."""
    shown: str = ""
    """URL that its forge shows it under, where it was read from a repository on one."""
    same_repository: bool = True
    """Whether files on a forge may only take in files of their own repository (Backstage 4)."""


def companions_of(content: bytes, base: Base) -> dict[str, bool]:
    """What placeholders in a descriptor may name, as `companion_key` gives it; some may not exist.

    True: a definition, whose own references are taken in too.
    """
    found: dict[str, bool] = {}
    for match in _WANTED.finditer(content):
        key = companion_key(match[2].decode("utf-8", "replace"), base)
        if key is not None:
            is_definition = match[1] in (b"openapi", b"asyncapi")
            found[key] = found.get(key, False) or is_definition
    return found


def companion_key(target: str, base: Base) -> str | None:
    """The path in the repository, or the URL, that a target means; None where it may not be read."""
    if base.direct or "://" in target:
        url = resolve_url(target, base.direct)
        if url is None or not url.startswith(("http://", "https://")):
            return None
        return url if _may_be_taken(url, base) else None
    folder = "" if target.startswith("/") else posixpath.dirname(base.path)
    path = posixpath.normpath(posixpath.join(folder, target.lstrip("/")))
    return None if path == ".." or path.startswith("../") else path


def outside(target: str) -> Problem:
    """What is told of a target that may not be read, or is none of the companions."""
    return Problem(
        code="PLACEHOLDER_UNREADABLE",
        message="A placeholder names a file that is not in this repository.",
        found=target,
        hint="Name a file relative to the descriptor, in the same repository.",
    )


def beside(key: str, base: Base) -> Base:
    """The base of what the file with this key refers to."""
    is_url = "://" in key
    return Base(
        path=base.path if is_url else key,
        direct=key if is_url else "",
        shown=base.shown,
        same_repository=base.same_repository,
    )


def _may_be_taken(url: str, base: Base) -> bool:
    here = base.direct or base.shown
    return not (here and base.same_repository) or same_repository(url, here)
