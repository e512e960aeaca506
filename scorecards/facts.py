"""Facts: typed, named observations about an entity, each known, missing, or failed.

Missing means: looked, and it is not there. Failed means: could not look, with the reason. The two
are never mixed up, because a check may fail on the first and must not on the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

FactValue: TypeAlias = bool | int | float | str | datetime | tuple[str, ...]


class FactType(StrEnum):
    """The types a fact can have; each is a CEL type of the same meaning."""

    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    TIMESTAMP = "timestamp"
    STRINGS = "list<string>"


class Unknown(StrEnum):
    """Why something is not known (design, invariant 3)."""

    NOT_COLLECTED = "not_collected"
    STALE = "stale"
    SOURCE_FAILED = "source_failed"
    NOT_CONFIGURED = "not_configured"
    NOT_PERMITTED = "not_permitted"


@dataclass(frozen=True, kw_only=True, slots=True)
class FactSchema:
    """What a collector promises about one fact."""

    name: str
    """Dotted, lower case, namespaced by its collector: `repo.readme.bytes`."""
    type: FactType
    description: str
    """One sentence, with the unit where there is one."""
    when_absent: FactValue
    """What rules see while the fact is missing: '' or 0 or False or ()."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """The fact was observed."""

    value: FactValue
    path: str = ""
    """File in the repository, or field of the entity, that showed it."""
    line: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """Looked for, and not there."""

    looked_for: str = ""
    """What would have shown it: 'README.md, README.rst, ...'."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedFact:
    """Could not be looked for."""

    reason: Unknown
    detail: str
    """One sentence for people."""


FactState: TypeAlias = Known | Missing | FailedFact


@dataclass(frozen=True, kw_only=True, slots=True)
class FactRecord:
    """Everything one collector observed about one entity at one time."""

    ref: str
    """Canonical ref of the entity."""
    collector: str
    version: str
    """Of the collector: raised whenever the same input may give other facts."""
    url: str
    """Where it looked: URL of the repository, or of the descriptor."""
    revision: str
    """Commit or digest it looked at; '' where there is none."""
    observed_at: datetime
    valid_until: datetime | None
    """After this the facts are stale; None: they depend on the revision alone."""
    facts: Mapping[str, FactState]
    """By name; every name of the collector's schemas, or none is promised."""
