"""Protection of the default branch: what its rules come to together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from plugins.contract import FactState, FailedFact, Known

NAMES = (
    "protection.enabled",
    "protection.approvals",
    "protection.force_push",
    "protection.required_checks",
    "protection.idle_checks",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Protection:
    """What holds for a branch, of one rule or of all together."""

    enabled: bool = False
    approvals: int | FailedFact = 0
    force_push: bool | FailedFact = True
    """Whether somebody may."""
    checks: tuple[str, ...] | FailedFact = ()


def together(one: Protection, other: Protection) -> Protection:
    """Both: the stricter word holds, and what is not known of one may be known of the other."""
    if one.force_push is False or other.force_push is False:
        force_push: bool | FailedFact = False
    else:
        force_push = next(
            (p.force_push for p in (one, other) if isinstance(p.force_push, FailedFact)), True
        )
    return Protection(
        enabled=one.enabled or other.enabled,
        approvals=_most(one.approvals, other.approvals),
        force_push=force_push,
        checks=_all(one.checks, other.checks),
    )


def states(protection: Protection, ran: Collection[str] | FailedFact) -> dict[str, FactState]:
    """The facts; `ran` are the checks that ran of late."""
    checks = protection.checks
    idle: FactState
    if isinstance(checks, FailedFact):
        idle = checks
    elif not checks:
        idle = Known(value=())
    elif isinstance(ran, FailedFact):
        idle = ran
    else:
        idle = Known(value=tuple(check for check in checks if check not in ran))
    values = (
        Known(value=protection.enabled),
        _state(protection.approvals),
        _state(protection.force_push),
        _state(checks),
        idle,
    )
    return dict(zip(NAMES, values, strict=True))


def _state(value: int | tuple[str, ...] | FailedFact) -> FactState:
    return value if isinstance(value, FailedFact) else Known(value=value)


def _most(one: int | FailedFact, other: int | FailedFact) -> int | FailedFact:
    if isinstance(one, FailedFact):
        return one
    return other if isinstance(other, FailedFact) else max(one, other)


def _all(
    one: tuple[str, ...] | FailedFact, other: tuple[str, ...] | FailedFact
) -> tuple[str, ...] | FailedFact:
    if isinstance(one, FailedFact):
        return one
    return other if isinstance(other, FailedFact) else tuple(sorted({*one, *other}))
