"""Changes: what a batch of files that were read means for the entities that are served.

Pure: from what the store holds and what was read follows a plan, which `portal.db` writes. Of
several files that declare one entity exactly one is served: the one that came first, until it
stops; a file that a complete listing lacks yields to one that is there. A document that was
rejected, and a file that could not be read whole, take nothing away: the last good version stays.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from catalog.entity import Verdict
from catalog.ingest.claims import EVERYTHING, Claim, Declaration, as_stored, kept_refs, read_claims
from catalog.ingest.conflicts import also_declared, held, not_served, suppressed
from catalog.ingest.store import FileReading
from catalog.problems import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """An entity that goes, and the evidence for it."""

    ref: str
    reason: str
    file: int
    """That served it so far."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overrides:
    """What people and settings decided about entities, whatever files say."""

    suppressed: Collection[str] = ()
    """Refs that are not served, although files declare them."""
    approved: Collection[str] = ()
    """Refs that may go, whatever the limit is."""
    orphans: Collection[str] = ()
    """Refs that are served although no file declares them (any more)."""
    keep_orphans: bool = False
    """Whether what files no longer declare becomes an orphan instead of going."""


class Limit(NamedTuple):
    """How much the readings of some files, those of a repository, may take away."""

    files: frozenset[int]
    most: int
    """Entities that they no longer declare: where it is more, none of these goes."""


class Noted(NamedTuple):
    """A problem of a file."""

    ref: str | None
    """The entity that it is about, where it is about one."""
    problem: Problem
    owner: str | None = None
    """Who would own an entity that was never accepted."""


@dataclass(kw_only=True, slots=True)
class Plan:
    """What a batch changes; filled ref by ref while it is made, only read afterwards."""

    added: list[Claim] = field(default_factory=list)
    changed: list[Claim] = field(default_factory=list)
    """Entities whose content changes; with `entity` None a runner-up takes over as it is stored."""
    moved: list[Claim] = field(default_factory=list)
    """Same content, at another place."""
    removed: list[Removal] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)
    """Refs that no file declares any more, and that stay all the same."""
    held: dict[int, list[str]] = field(default_factory=dict)
    """By file, refs that it no longer declares, too many to go without somebody's approval."""
    unchanged: Counter[int] = field(default_factory=Counter)
    """By file that was read, its entities that stay as they are."""
    rejected: Counter[int] = field(default_factory=Counter)
    """By file, its documents that were rejected."""
    conflicts: Counter[int] = field(default_factory=Counter)
    """By file that was read, declarations that are not served, because another file came first."""
    declared: list[tuple[Claim, bool]] = field(default_factory=list)
    """Declarations to write, new or other than they are stored, and whether each is served."""
    dropped: list[tuple[int, str]] = field(default_factory=list)
    """File and ref of declarations to delete."""
    reread: set[int] = field(default_factory=set)
    """Missing files that lost a ref to another: to be read again should they come back."""
    problems: dict[int, list[Noted]] = field(default_factory=dict)
    """By file: all problems of the files read, the conflicts of others."""
    contested: set[str] = field(default_factory=set)
    """Refs whose conflicts are among `problems` in full: those stored before no longer hold."""


NO_OVERRIDES = Overrides()


def plan(
    readings: Mapping[int, FileReading],
    stored: Iterable[Declaration],
    *,
    gone: Collection[int] = (),
    limits: Iterable[Limit] = (),
    overrides: Overrides = NO_OVERRIDES,
) -> Plan:
    """The plan for a batch.

    `readings` are by file, `gone` are the files that go. `stored` are all declarations, of any
    file, of every ref that one of these files declares now or did so far, and of refs of files
    that have become missing. Of files that would take away more than the limit that they are under,
    no entity goes, and each of them says so.
    """
    result = Plan()
    before: dict[str, list[Declaration]] = defaultdict(list)
    for declaration in stored:
        before[declaration.ref].append(declaration)
    claims: dict[str, list[Claim]] = defaultdict(list)
    keeps = {file: kept_refs(reading) for file, reading in readings.items()}
    for declaration in (d for found in before.values() for d in found):
        if declaration.file not in gone and keeps.get(declaration.file, EVERYTHING).keeps(
            declaration
        ):
            claims[declaration.ref].append(as_stored(declaration))
    for file, reading in readings.items():
        result.problems[file] = [Noted(None, problem) for problem in reading.problems]
        for outcome in reading.outcomes:
            result.problems[file] += [
                Noted(outcome.ref, problem, outcome.owner) for problem in outcome.problems
            ]
            result.rejected[file] += outcome.verdict is Verdict.REJECT
        for claim in read_claims(file, reading):
            claims[claim.ref].append(claim)
    for limit in limits:
        _hold_back(limit, before, claims, overrides, result)
    for ref in sorted({*before, *claims}):
        _settle(ref, before.get(ref, []), claims.get(ref, []), readings, overrides, result)
    return result


def _hold_back(
    limit: Limit,
    before: Mapping[str, list[Declaration]],
    claims: dict[str, list[Claim]],
    overrides: Overrides,
    result: Plan,
) -> None:
    """Keep what files no longer declare, where it is so much that it is rather a mistake."""
    served = [d for found in before.values() for d in found if d.serving]
    lost = [
        d
        for d in served
        if d.file in limit.files and not claims.get(d.ref) and d.ref not in overrides.approved
    ]
    if len(lost) <= limit.most:
        return
    for declaration in sorted(lost, key=lambda one: one.ref):
        result.held.setdefault(declaration.file, []).append(declaration.ref)
        claims[declaration.ref].append(as_stored(declaration))
    for file, n in Counter(declaration.file for declaration in lost).items():
        result.problems[file].append(Noted(None, held(n, total=len(lost), limit=limit.most)))
        result.reread.add(file)


def _settle(
    ref: str,
    before: list[Declaration],
    claims: list[Claim],
    readings: Mapping[int, FileReading],
    overrides: Overrides,
    result: Plan,
) -> None:
    """Decide which claim of one ref is served, and note what that changes."""
    served = next((d for d in before if d.serving), None)
    winner = min(claims, key=lambda claim: _precedence(claim, served), default=None)
    if winner is not None and ref in overrides.suppressed:
        result.problems.setdefault(winner.file, []).append(
            Noted(ref, suppressed(ref, document=winner.document))
        )
        result.contested.add(ref)
        winner = None
    # A missing file that loses the ref is not kept as a runner-up: nothing of it could be served.
    yielded = [c for c in claims if winner and served and c.file == served.file != winner.file]
    claims = [claim for claim in claims if claim not in yielded]
    result.reread.update(claim.file for claim in yielded)
    _note_entity(ref, served, winner, readings, overrides, result)
    _note_declarations(before, claims, winner, result)
    was_suppressed = bool(before) and served is None
    if len(before) > 1 or len(claims) > 1 or was_suppressed:
        result.contested.add(ref)
    # A file to which two locations lead is not another file.
    losers = [c for c in claims if winner is not None and c.url != winner.url]
    if winner is not None and losers:
        _note_conflict(ref, winner, losers, readings, result)


def _note_conflict(
    ref: str,
    winner: Claim,
    losers: list[Claim],
    readings: Mapping[int, FileReading],
    result: Plan,
) -> None:
    result.conflicts.update(claim.file for claim in losers if claim.file in readings)
    for claim in losers:
        problem = not_served(ref, document=claim.document, line=claim.line, winner=winner.url)
        result.problems.setdefault(claim.file, []).append(Noted(ref, problem))
    other = min(losers, key=lambda claim: (claim.url, claim.document, claim.file))
    problem = also_declared(ref, document=winner.document, line=winner.line, loser=other.url)
    result.problems.setdefault(winner.file, []).append(Noted(ref, problem))


def _precedence(claim: Claim, served: Declaration | None) -> tuple[bool, bool, str, int, int]:
    came_first = served is not None and claim.file == served.file
    return claim.missing, not came_first, claim.url, claim.document, claim.file


def _note_entity(
    ref: str,
    served: Declaration | None,
    winner: Claim | None,
    readings: Mapping[int, FileReading],
    overrides: Overrides,
    result: Plan,
) -> None:
    if winner is None:
        if served is not None and ref in overrides.suppressed:
            why = "It was suppressed."
            result.removed.append(Removal(ref=ref, reason=why, file=served.file))
        elif served is not None and overrides.keep_orphans:
            result.orphaned.append(ref)
        elif served is not None:
            does = "no longer declares it" if served.file in readings else "is gone"
            why = f"The file {served.url} {does}."
            result.removed.append(Removal(ref=ref, reason=why, file=served.file))
    elif served is None and ref in overrides.orphans:
        result.changed.append(winner)
    elif served is None:
        result.added.append(winner)
    elif winner.digest != served.digest:
        result.changed.append(winner)
    else:
        if (winner.file, winner.document) != (served.file, served.document):
            result.moved.append(winner)
        result.unchanged[winner.file] += winner.entity is not None


def _note_declarations(
    before: list[Declaration], claims: list[Claim], winner: Claim | None, result: Plan
) -> None:
    known = {d.file: (d.document, d.digest, d.serving) for d in before}
    for claim in claims:
        serving = claim is winner
        if known.pop(claim.file, None) != (claim.document, claim.digest, serving):
            result.declared.append((claim, serving))
    result.dropped += [(file, before[0].ref) for file in known]
