"""Leaves of the benchmarks' checks: expressions, each with the same in Python beside it."""

# ruff: noqa: ARG005 - every leaf takes the same arguments
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Facts = Mapping[str, Any]
Says = Callable[[Facts, Any, datetime], bool]


class Absent(Exception):
    """The entity has no such key."""


def field(entity: Any, *path: str) -> Any:
    """What the entity has at the path; raises `Absent`."""
    for key in path:
        if key not in entity:
            raise Absent
        entity = entity[key]
    return entity


@dataclass(frozen=True)
class L:
    """A leaf: an expression, and the same in Python."""

    cel: str
    says: Says


Tree = L | tuple[Any, ...]
"""A leaf; or `("all", ...)`, `("any", ...)`, `("not", x)`, `("least", n, ...)`."""


def more(name: str, least: int) -> L:
    """At least so much."""
    return L(f"{name} >= {least}", lambda f, e, now: f[name] >= least)


def yes(name: str) -> L:
    """It is true."""
    return L(name, lambda f, e, now: f[name])


def some(name: str) -> L:
    """There are some."""
    return L(f"size({name}) > 0", lambda f, e, now: len(f[name]) > 0)


def none(name: str) -> L:
    """There are none."""
    return L(f"size({name}) == 0", lambda f, e, now: not f[name])


def there(name: str) -> L:
    """It is not empty."""
    return L(f"{name} != ''", lambda f, e, now: f[name] != "")


def young(days: int) -> L:
    """The last commit is not older."""
    return L(
        f"now - repo.commit.at < duration('{days * 24}h')",
        lambda f, e, now: now - f["repo.commit.at"] < timedelta(days=days),
    )


def of_kind(*kinds: str) -> L:
    """The entity is of one of these kinds."""
    return L(f"entity.kind in {list(kinds)}", lambda f, e, now: field(e, "kind") in kinds)


def annotated(key: str) -> L:
    """It has an annotation of this key."""
    return L(
        f"'{key}' in entity.metadata.annotations",
        lambda f, e, now: key in field(e, "metadata", "annotations"),
    )


SERVICE = L(
    "entity.spec.type == 'service'", lambda f, e, now: field(e, "spec", "type") == "service"
)
IN_PRODUCTION = L(
    "catalog.lifecycle == 'production'", lambda f, e, now: f["catalog.lifecycle"] == "production"
)
HAS_API = L("api.provided > 0", lambda f, e, now: f["api.provided"] > 0)
