"""The facts `owner.*`, `system.*` and `dependencies.*`: what others say of themselves that an entity names.

What an entity says of them, and whether they are there, is in `catalog.*`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from plugins.contract import FactState, FailedFact, Known, Missing, Subject, Unknown
from plugins.descriptor.fields import Body, kind_of, refs_of, section, text, texts

Facts = dict[str, FactState]

Read = Callable[[Body], str | list[str]]
"""Reads a field of an entity: a text, or texts; empty where there is none."""

_OWNER: Mapping[str, Read] = {
    "type": lambda body: text(section(body, "spec"), "type"),
    "title": lambda body: text(section(body, "metadata"), "title"),
    "parent": lambda body: _first(body, "parent"),
    "tags": lambda body: texts(section(body, "metadata"), "tags"),
    "labels": lambda body: _labels(body),
    "annotations": lambda body: sorted(section(section(body, "metadata"), "annotations")),
}
_SYSTEM: Mapping[str, Read] = {
    "type": _OWNER["type"],
    "title": _OWNER["title"],
    "owner": lambda body: _first(body, "owner"),
    "tags": _OWNER["tags"],
    "labels": _OWNER["labels"],
}
_DEPENDENCY: Mapping[str, Read] = {
    "kinds": lambda body: kind_of(body).lower(),
    "types": _OWNER["type"],
    "lifecycles": lambda body: text(section(body, "spec"), "lifecycle"),
    "owners": _SYSTEM["owner"],
    "systems": lambda body: _first(body, "system"),
    "tags": _OWNER["tags"],
    "labels": _OWNER["labels"],
}


def facts(subject: Subject) -> Facts:
    """Every one of these facts of one entity."""
    return {
        **_of_one(subject, "owner", _OWNER),
        **_of_one(subject, "system", _SYSTEM),
        **_of_all(subject, "dependencies", "dependsOn", _DEPENDENCY),
    }


def _of_one(subject: Subject, field: str, reads: Mapping[str, Read]) -> Facts:
    """What the one says that a field of the entity names."""
    refs = refs_of(subject.entity, field)
    if not refs:
        return _alike(field, reads, Missing(looked_for=f"spec.{field}"))
    body = subject.neighbors.get(refs[0])
    if body is None:
        return _alike(field, reads, _not_there(refs[:1]))
    return {f"{field}.{name}": _state(read(body), refs[0]) for name, read in reads.items()}


def _of_all(subject: Subject, name: str, field: str, reads: Mapping[str, Read]) -> Facts:
    """What all say together that a field names: of one that is not there nobody knows what it says."""
    refs = refs_of(subject.entity, field)
    absent = [ref for ref in refs if ref not in subject.neighbors]
    if not refs or absent:
        return _alike(name, reads, _not_there(absent) if absent else Missing())
    bodies = [subject.neighbors[ref] for ref in refs]
    return {f"{name}.{what}": _state(_all(read, bodies), "") for what, read in reads.items()}


def _all(read: Read, bodies: Sequence[Body]) -> list[str]:
    """The different texts of all, sorted."""
    found = set[str]()
    for body in bodies:
        said = read(body)
        found.update([said] if isinstance(said, str) and said else said)
    return sorted(found)


def _alike(name: str, reads: Iterable[str], state: FactState) -> Facts:
    return {f"{name}.{what}": state for what in reads}


def _not_there(refs: Sequence[str]) -> FailedFact:
    more = f" and {len(refs) - 1} more" if len(refs) > 1 else ""
    detail = f"{refs[0]}{more}: not in the catalog"
    return FailedFact(reason=Unknown.NOT_COLLECTED, detail=detail)


def _state(said: str | list[str], path: str) -> FactState:
    if not said:
        return Missing()
    return Known(value=said if isinstance(said, str) else tuple(said), path=path)


def _first(body: Body, field: str) -> str:
    return next(iter(refs_of(body, field)), "")


def _labels(body: Body) -> list[str]:
    labels = section(section(body, "metadata"), "labels")
    return sorted(f"{key}={value}" for key, value in labels.items() if isinstance(value, str))
