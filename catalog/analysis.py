"""Analysis: what could be declared for a repository that has no descriptor yet.

The suggestion is that of Backstage catalog 4.0.0 (reference 3.9, observed).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from catalog.locations import web_url
from catalog.problems import JsonValue
from catalog.scm import forge_file

_INSIDE = re.compile(
    r"(/[^/]+/[^/]+(?:/[^/]+)*?)/(?:-(?:/.*)?|(?:blob|tree|raw|edit|src|issues)(?:/.*)?)"
)
"""The path of a page of a repository on a forge, as of a branch; the group is the repository's."""


def repository_of(url: str) -> str:
    """The address of the repository that a URL of a repository, or of a page of it, belongs to."""
    file = forge_file(url)
    if file is not None:
        return file.home
    home = web_url(url.partition("?")[0].partition("#")[0])
    parts = urlsplit(home)
    inside = _INSIDE.fullmatch(parts.path)
    return f"{parts.scheme}://{parts.netloc}{inside[1]}" if inside else home


def clone_urls(repository: str) -> tuple[str, ...]:
    """The ways in which the repository with this address is usually named to git."""
    parts = urlsplit(repository)
    path = parts.path.strip("/")
    plain = (repository, f"ssh://git@{parts.netloc}/{path}", f"git@{parts.netloc}:{path}")
    return (*plain, *(f"{url}.git" for url in plain))


def suggested_entity(url: str, slugs: Mapping[str, str]) -> dict[str, JsonValue]:
    """The component that a repository probably holds; type, lifecycle and owner are for people.

    `slugs` has the prefix of the annotation for the hosts that have one: `github.com` for GitHub's.
    """
    parts = urlsplit(repository_of(url))
    steps = [step for step in parts.path.split("/") if step]
    name = steps[-1] if steps else parts.hostname or ""
    metadata: dict[str, JsonValue] = {"name": name}
    prefix = slugs.get(parts.netloc.rpartition("@")[2])
    if prefix and len(steps) > 1:
        metadata["annotations"] = {f"{prefix}/project-slug": "/".join(steps)}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": metadata,
        "spec": {"type": "other", "lifecycle": "unknown"},
    }
