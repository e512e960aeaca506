"""Rules on allowed kinds: which entities may come from which registered location.

Semantics of Backstage's `catalog.rules` (reference 4.8): an entity is allowed where any rule that
fits its origin allows its kind; rules of a single location only add to the global ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.globs import compile_glob
from catalog.problems import Problem, quote


@dataclass(frozen=True, kw_only=True)
class AllowedKind:
    """A kind that descriptors may hold; compared without regard to case."""

    kind: str
    spec_type: str | None = None
    """Only with this `spec.type`; None: any."""


@dataclass(frozen=True, kw_only=True)
class AllowRule:
    """Kinds that are allowed; an entity needs one rule that fits."""

    kinds: tuple[AllowedKind, ...]
    locations: tuple[tuple[str, str, str], ...] = ()
    """Registered locations it holds for, as (type, `exact` or `pattern`, target); empty: all."""


DEFAULT_RULES = (
    AllowRule(
        kinds=(
            AllowedKind(kind="Component"),
            AllowedKind(kind="API"),
            AllowedKind(kind="Location"),
        )
    ),
)
"""Backstage's default, for a config without `catalog.rules`."""


def is_allowed(
    rules: Iterable[AllowRule], *, kind: str, spec_type: str | None, origin: str
) -> bool:
    """Whether an entity may come from `origin`, a registered location (`type:target`)."""
    location_type, _, target = origin.partition(":")
    return any(
        _fits(rule, location_type, target) and _allows(rule, kind, spec_type) for rule in rules
    )


def not_allowed(kind: str, origin: str) -> Problem:
    """The problem of an entity whose kind no rule allows."""
    return Problem(
        code="KIND_NOT_ALLOWED",
        message=f"No rule allows a {quote(kind)} from this location.",
        pointer="/kind",
        found=quote(kind),
        expected="a kind that `catalog.rules` allows here",
        hint=f"Ask the platform team to allow {quote(kind)} for `{quote(origin)}`.",
    )


def _allows(rule: AllowRule, kind: str, spec_type: str | None) -> bool:
    return any(
        allowed.kind.lower() == kind.lower()
        and (
            allowed.spec_type is None
            or (spec_type is not None and allowed.spec_type.lower() == spec_type.lower())
        )
        for allowed in rule.kinds
    )


def _fits(rule: AllowRule, location_type: str, target: str) -> bool:
    return not rule.locations or any(
        wanted_type == location_type
        and (_matches(wanted, target) if form == "pattern" else wanted == target)
        for wanted_type, form, wanted in rule.locations
    )


def _matches(pattern: str, target: str) -> bool:
    glob = compile_glob(pattern, ignore_case=True, dot=True)
    return glob is not None and glob.matches(target)
