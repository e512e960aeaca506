"""Findings of scanners that the forge keeps: which vulnerabilities are overdue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from plugins.contract import FactState, Known

ALLOWED: Mapping[str, timedelta] = MappingProxyType(
    {"critical": timedelta(days=7), "high": timedelta(days=30)}
)
"""How long one with a fix may be open, by severity, as the pack `security` declares."""

NAMES = ("vuln.critical_overdue", "vuln.high_overdue", "vuln.overdue")

MOST_NAMED = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Vulnerability:
    """An open finding about a dependency."""

    severity: str
    """`critical`, `high`, ..."""
    found_at: datetime
    what: str
    """The package, and the versions that are concerned."""
    fix: str
    """The version that mends it, or what to do; '': there is none."""


def states(open_ones: Sequence[Vulnerability], *, now: datetime) -> dict[str, FactState]:
    """How many have a fix and have been open for longer than is allowed, and which."""
    overdue = [
        one
        for one in open_ones
        if one.fix and one.severity in ALLOWED and now - one.found_at > ALLOWED[one.severity]
    ]
    named = [f"{one.what}: {one.fix}"[:300] for one in sorted(overdue, key=lambda o: o.found_at)]
    counts = [sum(one.severity == severity for one in overdue) for severity in ALLOWED]
    values: list[FactState] = [Known(value=count) for count in counts]
    values.append(Known(value=tuple(dict.fromkeys(named))[:MOST_NAMED]))
    return dict(zip(NAMES, values, strict=True))
