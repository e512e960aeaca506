"""Inference: whose an entity is that says nothing about it, by the CODEOWNERS of its repository.

Source: Backstage's community plugin `catalog-backend-module-codeowners` (reference 4.12): the first owner
of the last pattern that fits the path of the descriptor. It happens before validation, so that an owner
that is needed need not be written. What was inferred says so, in an annotation that no file can forge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import unquote

from catalog.descriptor.codeowners import FOLDERS, LARGEST, CodeOwners, read_codeowners
from catalog.pointers import pointer
from catalog.problems import JsonValue, Problem, Severity, quote
from catalog.scm import forge_file

OWNED = frozenset({"API", "Component", "Domain", "Resource", "System"})
"""Kinds whose owner is inferred."""

INFERRED_FROM = "plumbline.dev/owner-inferred-from"
"""Annotation: the CODEOWNERS file, and the pattern in it that decided."""

PLACES = tuple(f"{folder}/CODEOWNERS".lstrip("/") for folder in FOLDERS)
"""Where the file is looked for."""


_READ_BY = {"-/": ("", "docs", ".gitlab"), "src/branch": ("", "docs", ".gitea")}
"""Folders that a forge looks into, by how the URLs of its files begin behind the repository."""

_READ = (".github", "", "docs")
"""Of all others: GitHub's."""


def places_beside(url: str) -> tuple[str, ...]:
    """URLs at which the CODEOWNERS of the repository of a file may be, in their order; none where the
    URL is of no forge. Those that its forge does not know are left out: each costs a request.
    """
    file = forge_file(url)
    if file is None:
        return ()
    read = next((these for form, these in _READ_BY.items() if file.form.startswith(form)), _READ)
    return tuple(file.at(f"{one}/CODEOWNERS".lstrip("/")) for one in FOLDERS if one in read)


@dataclass(frozen=True, kw_only=True, slots=True)
class Inferred:
    """Who owns the entities of a file that name nobody."""

    owner: str
    """A ref, as `spec.owner` may be written."""
    source: str
    """The CODEOWNERS file, and the pattern in it."""


Infer: TypeAlias = Callable[[], Inferred | None]
"""Says whose the entities of a file are; None: nothing says so."""


def infer(content: bytes, *, place: str, path: str) -> Inferred | None:
    """The owner of the descriptor at `path`, by the CODEOWNERS file at `place`.

    Both are paths in their repository, or URLs of files on a forge.
    """
    if len(content) > LARGEST:
        return None
    place, path = _in_repository(place), _in_repository(path)
    rule = _read(content).rule_for(path)
    if rule is None:
        return None
    # A role (`@@developer`) is no entity.
    named = next((one for one in rule.owners if not one.startswith("@@")), None)
    if named is None:
        return None
    return Inferred(owner=owner_ref(named), source=f"{place}: {rule.pattern[:200]}")


def _in_repository(place: str) -> str:
    file = forge_file(place) if "://" in place else None
    return unquote(file.path) if file else place


def owner_ref(named: str) -> str:
    """The entity that an owner in CODEOWNERS stands for: a team by its last name, or a user; of an
    address what is before the at sign, which is a group as every owner without a kind."""
    if named.startswith("@"):
        user, _, team = named[1:].rpartition("/")
        return f"group:{team}" if user else f"user:{team}"
    return named.partition("@")[0]


def with_owner(
    data: dict[str, JsonValue], infer: Infer | None
) -> tuple[dict[str, JsonValue], list[Problem]]:
    """A descriptor with an owner, where it names none and one can be told."""
    data, problems = _without_claim(data)
    spec, metadata = data.get("spec"), data.get("metadata")
    if infer is None or data.get("kind") not in OWNED or not isinstance(metadata, dict):
        return data, problems
    if not isinstance(spec, dict) or spec.get("owner") not in (None, ""):
        return data, problems
    found = infer()
    if found is None:
        return data, problems
    annotations = metadata.get("annotations") or {}
    if not isinstance(annotations, dict):
        return data, problems
    said = {**annotations, INFERRED_FROM: found.source}
    return {
        **data,
        "metadata": {**metadata, "annotations": said},
        "spec": {**spec, "owner": found.owner},
    }, problems


def inferred_from(entity: Mapping[str, Any]) -> str:
    """What the owner of an entity was inferred from; '': it is as it was declared."""
    return str((entity["metadata"].get("annotations") or {}).get(INFERRED_FROM, ""))


def _without_claim(data: dict[str, JsonValue]) -> tuple[dict[str, JsonValue], list[Problem]]:
    """Without the annotation that only the catalog writes."""
    metadata = data.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict) or INFERRED_FROM not in annotations:
        return data, []
    assert isinstance(metadata, dict)
    rest = {key: value for key, value in annotations.items() if key != INFERRED_FROM}
    problem = Problem(
        code="ANNOTATION_RESERVED",
        severity=Severity.WARNING,
        message=f"`{INFERRED_FROM}` is written by the catalog; what the file says is removed.",
        pointer=pointer(["metadata", "annotations", INFERRED_FROM]),
        found=quote(annotations[INFERRED_FROM]),
        hint="Remove the line.",
    )
    return {**data, "metadata": {**metadata, "annotations": rest}}, [problem]


def looked_at(paths: Sequence[str]) -> tuple[str, ...]:
    """The places that decide which CODEOWNERS counts: those without one, up to the first that has one.

    `paths` are those of them at which there is a file.
    """
    first = next((n for n, place in enumerate(PLACES) if place in paths), len(PLACES))
    return PLACES[: first + 1]


@lru_cache(maxsize=4)
def _read(content: bytes) -> CodeOwners:
    return read_codeowners(content.decode(errors="replace").replace("\r\n", "\n"))
