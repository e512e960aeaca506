"""Claims: which files declare which entities, as the store holds it, and after a batch was read.

A document that was rejected, and a file that could not be read whole, take nothing away: what they
declared before still counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from catalog.entity import Entity, Outcome, Verdict
from catalog.ingest.store import FileReading


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """That a file declares an entity, as the store holds it."""

    file: int
    url: str
    """Location ref of the file."""
    missing: bool
    """Whether the last complete listing lacked the file."""
    ref: str
    document: int
    digest: str
    """The entity's fingerprint."""
    serving: bool
    """Whether this is the declaration that is served."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """That a file declares an entity, after the batch."""

    file: int
    url: str
    missing: bool
    ref: str
    document: int
    digest: str
    entity: Entity | None
    """As read now; None: as the store holds it."""
    line: int | None = None
    """Where the document begins, where it was read now."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Which stored declarations of a file outlive a reading that does not repeat them."""

    everything: bool
    refs: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()

    def keeps(self, declaration: Declaration) -> bool:
        """Whether this declaration does."""
        ref = declaration.ref
        return ref not in self.replaced and (self.everything or ref in self.refs)


EVERYTHING = Kept(True)


def kept_refs(reading: FileReading) -> Kept:
    """What a reading leaves of its file's stored declarations, beside those that it repeats."""
    accepted = {o.ref for o in reading.outcomes if o.entity is not None and o.ref is not None}
    rejected = {o.ref for o in reading.outcomes if o.verdict is Verdict.REJECT and o.ref}
    return Kept(not reading.whole, frozenset(rejected), frozenset(accepted))


def as_stored(declaration: Declaration) -> Claim:
    """The claim of a declaration that was not read now."""
    return Claim(
        file=declaration.file,
        url=declaration.url,
        missing=declaration.missing,
        ref=declaration.ref,
        document=declaration.document,
        digest=declaration.digest,
        entity=None,
    )


def read_claims(file: int, reading: FileReading) -> list[Claim]:
    """One claim for each ref; of a ref that is there twice the last document, as in Backstage."""
    last: dict[str, tuple[Outcome, Entity]] = {}
    for outcome in reading.outcomes:
        if outcome.entity is not None:
            last[str(outcome.entity.ref)] = (outcome, outcome.entity)
    return [
        Claim(
            file=file,
            url=reading.url,
            missing=False,
            ref=ref,
            document=outcome.document,
            digest=entity.fingerprint,
            entity=entity,
            line=outcome.line,
        )
        for ref, (outcome, entity) in last.items()
    ]
