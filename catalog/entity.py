"""Entities, and what became of each document that should have been one.

Reading a descriptor yields one `Outcome` for each YAML document. Only an accepted one holds an
`Entity`; everything that later needs the catalog works with entities, never with drafts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field, fields
from enum import StrEnum
from hashlib import sha1
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from catalog.problems import Problem
from catalog.refs import EntityRef
from catalog.sent import sent_by_value
from catalog.spelled import spell, unspell

Relation: TypeAlias = tuple[str, str, str]
"""A typed edge between two entities: source, type, target. The ends are canonical refs (`str(EntityRef)`)."""

Term: TypeAlias = tuple[str, str | None]
"""One searchable fact about an entity: Backstage's search row (reference 4.4). The key: a dotted path, lower
case, at most 200 characters. The value: in its original casing; None: the key is present, but its value is
null or longer than 200. A plain pair: each entity has twenty of them, for as long as it takes to spell them.
"""


class Target(NamedTuple):
    """Where else to read, as a Location names it, and where in the file it does."""

    text: str
    document: int
    line: int
    column: int
    type: str = ""
    """`spec.type` of the Location: `url`, `file`; '': the type of the location that holds it."""
    optional: bool = False
    """Whether it is no fault when nothing is there (`spec.presence`)."""


class NamedTarget(NamedTuple):
    """A target with the Location entity that names it: what is kept of it with its file."""

    ref: str
    text: str
    type: str = ""
    optional: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A valid entity as its file declares it, ready to be stored."""

    ref: EntityRef
    body: bytes
    """Serialized JSON: begins with `{"metadata":{`; without uid, etag, relations and status."""
    digest: str
    """SHA-1 hex of `body`."""
    relations: tuple[Relation, ...]
    """Both directions of every relation that this entity declares, sorted, without repeats."""
    terms: InitVar[Iterable[Term]]
    """Sorted, without repeats; kind, name, namespace, uid and relations are not among them."""
    targets: tuple[Target, ...] = ()
    """Of a Location: where else to read, without repeats."""
    etag: str | None = None
    """As the file declares it (Backstage keeps such a one); None: it is derived."""
    spelled: tuple[str, ...] = field(init=False)
    """Its terms, as `catalog.spelled` writes them."""
    fingerprint: str = field(init=False)
    """A digest over all that is stored of it. More than its body: a later version may relate or index the
    same body otherwise. Made with the entity, in the process that reads it."""

    def __post_init__(self, terms: Iterable[Term]) -> None:
        """Spell the terms, and set the fingerprint."""
        found, kind = tuple(terms), self.ref.kind
        texts = [key if value is None else f"{key}\1{value}" for key, value in found]
        parts = [self.digest, *chain.from_iterable(self.relations), *texts]
        made = sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "fingerprint", made)
        spelled = tuple([spell(kind, key, value) for key, value in found])
        object.__setattr__(self, "spelled", spelled)

    def found_by(self) -> tuple[Term, ...]:
        """Its terms."""
        return tuple(map(unspell, self.spelled))

    def __getstate__(self) -> tuple[object, ...]:
        """The fields in order, for another process: relations as one row of texts, which takes less time."""
        ref, relations = self.ref, tuple(chain.from_iterable(self.relations))
        return ref.kind, ref.namespace, ref.name, relations, *_rest(self)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """The same entity again."""
        kind, namespace, name, relations, *rest = state
        put = object.__setattr__
        put(self, "ref", EntityRef(kind=kind, namespace=namespace, name=name))
        put(self, "relations", tuple(zip(*[iter(relations)] * 3, strict=True)))
        for one, value in zip(_REST, rest, strict=True):
            put(self, one, value)


_REST = tuple(one.name for one in fields(Entity) if one.name not in ("ref", "relations"))
_rest = attrgetter(*_REST)


class Verdict(StrEnum):
    """What became of a document."""

    ACCEPT = "accept"
    REJECT = "reject"
    IGNORE = "ignore"
    """Never meant for the catalog: the skeleton of a template, or another tool's file."""
    EMPTY = "empty"


@sent_by_value
@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One YAML document of a descriptor file, judged."""

    file: str
    document: int
    verdict: Verdict
    ref: str | None
    """Canonical ref; of a rejected document the one it would have had, where that can be told."""
    line: int | None = None
    """Where its content begins in the file, from 1; None where nothing says so."""
    owner: str | None = None
    """Of a rejected document: canonical ref of who would own the entity, where that can be told."""
    problems: tuple[Problem, ...] = ()
    entity: Entity | None = None
    """Set exactly when the verdict is accept."""

    @property
    def is_foreign(self) -> bool:
        """Whether it is surely no descriptor: another tool's, and not one that looks like a skeleton."""
        return self.verdict is Verdict.IGNORE and all(
            problem.code != "TEMPLATE_SKELETON" for problem in self.problems
        )
