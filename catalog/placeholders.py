"""Placeholders: `$text`, `$json`, `$yaml`, `$openapi`, `$asyncapi`, which take in another file.

Which files a descriptor may want is found in its text, before it is parsed, so that the process
that parses needs no access to the repository. Only files of the same repository are taken in.
"""

from __future__ import annotations

import posixpath
import re

RESOLVERS = ("$text", "$json", "$yaml", "$openapi", "$asyncapi")
"""The keys that stand for a file (Backstage catalog 4.0.0, with its openapi module)."""

_WANTED = re.compile(
    rb"""\$(?:text|json|yaml|openapi|asyncapi)["']?[ \t]*:[ \t]*["']?([^\s"'#{}\[\],]{1,1000})"""
)


def companion_paths(content: bytes, *, base: str) -> list[str]:
    """The paths that placeholders in a descriptor at path `base` may name; some may not exist."""
    found = []
    for match in _WANTED.finditer(content):
        path = companion_path(match.group(1).decode("utf-8", "replace"), base=base)
        if path is not None and path not in found:
            found.append(path)
    return found


def companion_path(target: str, *, base: str) -> str | None:
    """The path in the repository that `target` names from a file at `base`; None if it is elsewhere."""
    if "://" in target:
        return None
    folder = "" if target.startswith("/") else posixpath.dirname(base)
    path = posixpath.normpath(posixpath.join(folder, target.lstrip("/")))
    return None if path == ".." or path.startswith("../") else path
