"""A catalog that is a part of another one: what is not in a checkout may well be somewhere else.

Offline a checkout stands alone. That its owner, or what it depends on, is in none of its files says
nothing about the catalog of the portal, and is neither a pass nor a fail (design, invariant 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plugins.contract import FactState, FailedFact, Subject, Unknown
from plugins.descriptor.fields import all_refs, refs_of

_BY_FIELD = {
    "owner": ("catalog.owner_exists", "catalog.owner_members", "catalog.owner_contact"),
    "system": ("catalog.system_exists", "catalog.domain_ref"),
    "providesApis": ("api.provided_existing", "api.provided_parsing"),
}
"""Facts that look at whom a field of `spec` refers to."""


def unsure(subject: Subject) -> dict[str, FactState]:
    """The facts that cannot be told of an entity without the rest of the catalog, by name."""
    found: dict[str, FactState] = {}
    for field, names in _BY_FIELD.items():
        if absent := _absent(subject, refs_of(subject.entity, field)):
            found |= dict.fromkeys(names, _elsewhere(absent))
    if absent := _absent(subject, all_refs(subject.entity)):
        found["catalog.dangling_refs"] = _elsewhere(absent)
    if refs_of(subject.entity, "domain"):
        found.pop("catalog.domain_ref", None)  # it says so itself
    return found


def _absent(subject: Subject, refs: Iterable[str]) -> list[str]:
    return [ref for ref in refs if ref not in subject.neighbors]


def _elsewhere(refs: Sequence[str]) -> FailedFact:
    more = f" and {len(refs) - 1} more" if len(refs) > 1 else ""
    detail = f"{refs[0]}{more}: in no file of this checkout; the catalog knows"
    return FailedFact(reason=Unknown.NOT_COLLECTED, detail=detail)
