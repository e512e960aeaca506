"""Answering: in one sentence, why something is, or is not, in the catalog.

Of several reasons the one is told that somebody has to do something about first.
"""

from __future__ import annotations

from collections.abc import Iterator

from catalog.explanations.evidence import Claim, RefEvidence, UrlEvidence
from catalog.problems import Severity, quote


def ref_answer(seen: RefEvidence, winner: Claim | None) -> str:
    """Whether there is an entity of a ref, and why; `winner` is the claim that is served."""
    ref = seen.ref
    errors = [problem for _, problem in seen.rejected if problem.severity is Severity.ERROR]
    if seen.entity is not None:
        if seen.entity.orphan:
            return f"{ref} is in the catalog as an orphan: no file declares it any more."
        where = f": {winner.file.url} declares it" if winner else ""
        if errors:
            return f"{ref} is in the catalog as it was last good; now: {errors[0].message}"
        return f"{ref} is in the catalog{where}."
    if seen.suppression is not None:
        by = seen.suppression.actor or "somebody"
        return f"{ref} is not in the catalog: {by} suppressed it ({seen.suppression.reason})."
    if errors:
        return f"{ref} is not in the catalog: its document has a fault. {errors[0].message}"
    if seen.removal is not None:
        by = f" by {seen.removal.actor}" if seen.removal.actor else ""
        day = seen.removal.at.date().isoformat()
        return f"{ref} was removed{by} on {day}: {seen.removal.reason}"
    if seen.claims:
        return f"{ref} is not in the catalog, although {seen.claims[0].file.url} declares it."
    hidden = f" {len(seen.unhealthy)} locations could not be read whole." if seen.unhealthy else ""
    return f"{ref} is not in the catalog: no file that was read declares it.{hidden}"


def url_answer(seen: UrlEvidence) -> str:
    """Whether anything at a URL is in the catalog, and why."""
    url = quote(seen.url)
    served = sum(claim.serving for claim in seen.claims)
    errors = [f.problem for f in seen.faults if f.problem.severity is Severity.ERROR]
    if seen.file is not None and seen.file.missing_since is not None:
        return f"{url} is missing from the listings since {seen.file.missing_since:%Y-%m-%d %H:%M}."
    troubled = [*_troubles(seen)]
    if served:
        but = f", and {len(errors)} errors: {errors[0].message}" if errors else ""
        return f"{url} is in the catalog with {_count(served, 'entity', 'entities')}{but}."
    if errors:
        return f"{url} was read, and nothing of it is served: {errors[0].message}"
    if troubled:
        return f"{url} is not in the catalog: {troubled[0]}"
    if seen.file is not None and seen.claims:
        return f"{url} was read; other files that came first declare the same entities."
    if seen.file is not None:
        return f"{url} was read and holds no entity."
    if seen.repository is not None and seen.path:
        return f"{url} is not in the catalog: its repository was read without this file."
    if seen.repository is not None or seen.locations:
        return f"{url} is known, and no entity was found in it."
    return f"{url} was never seen: no location leads to it."


def _troubles(seen: UrlEvidence) -> Iterator[str]:
    for location in seen.locations:
        if location.removed_at is not None:
            yield f"its location was unregistered on {location.removed_at:%Y-%m-%d %H:%M}."
        elif location.problem is not None:
            yield location.problem.message
        elif location.state == "new" and seen.repository is None:
            yield "its location was not listed yet."
    if seen.repository is not None and seen.repository.problem is not None:
        yield seen.repository.problem.message


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"
