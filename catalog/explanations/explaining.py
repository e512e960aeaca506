"""Explaining: why something is, or is not, in the catalog, from what is stored about it.

The evidence is read elsewhere; here it becomes a chain of steps, from whoever named a location down
to the entity, each fine, at fault, or not known, and one sentence that answers the question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.explanations.answering import ref_answer, url_answer
from catalog.explanations.evidence import (
    Claim,
    EntitySeen,
    FileSeen,
    LocationSeen,
    RefEvidence,
    RepositorySeen,
    UrlEvidence,
)
from catalog.ingest.conflicts import ENTITY_CONFLICT
from catalog.problems import Problem, Severity, quote


class Status(StrEnum):
    """What a step says about the question."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One link of the chain."""

    name: str
    """location, repository, file, document, rule, conflict, entity, owner, orphan, alias, suppression,
    removal, held_removal, registration, absence."""
    status: Status
    words: str
    at: datetime | None = None
    """When it was so, or since when it is."""
    location: str = ""
    """Id of the location that it is about."""
    ref: str = ""
    """Entity that it is about."""
    url: str = ""
    """Location ref of the file, or URL of the repository, that it is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why something is, or is not, in the catalog."""

    subject: str
    """What was asked about: a canonical ref, or the URL as it was given."""
    present: bool
    answer: str
    """One sentence."""
    steps: tuple[Step, ...]


def explain_ref(seen: RefEvidence) -> Explanation:
    """Why there is, or is not, an entity of a ref."""
    steps: list[Step] = []
    if seen.alias is not None:
        former, since = seen.alias
        words = f"{former} was renamed: it is {seen.ref} now."
        steps.append(Step(name="alias", status=Status.OK, words=words, at=since, ref=seen.ref))
    winner = next((claim for claim in seen.claims if claim.serving), None)
    for claim in sorted(seen.claims, key=lambda one: not one.serving):
        steps += _down_to(claim.file)
        steps.append(_claim_step(claim, winner))
    told = {claim.file.url for claim in seen.claims}
    for file, problem in seen.rejected:
        if problem.code == ENTITY_CONFLICT:
            continue  # told with the claims, on both sides
        if file.url not in told:
            steps += _down_to(file)
            told.add(file.url)
        steps.append(_fault_step(problem, seen.ref, file))
    steps += _decided(seen)
    if seen.entity is not None:
        steps.append(_entity_step(seen.entity))
        if seen.entity.owner_from:
            steps.append(_owner_step(seen.entity))
    elif not (seen.claims or seen.rejected or seen.removal or seen.suppression):
        steps.append(_absence(f"No file that was read declares {seen.ref}."))
        steps += [_location_step(location) for location in seen.unhealthy]
    return Explanation(
        subject=seen.ref if seen.alias is None else seen.alias[0],
        present=seen.entity is not None,
        answer=ref_answer(seen, winner),
        steps=tuple(steps),
    )


def explain_url(seen: UrlEvidence) -> Explanation:
    """Why what is at a URL is, or is not, in the catalog."""
    steps: list[Step] = []
    if seen.file is not None:
        steps += _down_to(seen.file)
    else:
        steps += [_location_step(location) for location in seen.locations]
        if seen.repository is not None:
            steps.append(_repository_step(seen.repository))
            if seen.path:
                steps.append(_unread(seen))
    steps += [_claim_step(claim, None) for claim in seen.claims]
    steps += [
        _fault_step(fault.problem, fault.ref or "", seen.file)
        for fault in seen.faults
        if fault.problem.severity is Severity.ERROR or seen.file is not None
    ]
    if seen.repository is None and not seen.locations:
        steps += [_absence(f"Nothing that is known leads to {quote(seen.url)}."), _way_in(seen)]
    return Explanation(
        subject=seen.url,
        present=any(claim.serving for claim in seen.claims),
        answer=url_answer(seen),
        steps=tuple(steps),
    )


def _down_to(file: FileSeen) -> list[Step]:
    """Location, repository and file."""
    if file.location is None:
        words = f"{file.url} is registered; its Location entity stands for it."
        return [Step(name="registration", status=Status.OK, words=words, url=file.url)]
    return [_location_step(file.location), _repository_step(file.repository), _file_step(file)]


def _location_step(seen: LocationSeen) -> Step:
    by = f"{', '.join(seen.named_by)}" if seen.named_by else f"the {seen.origin}"
    named = f"{seen.type}:{seen.target}, named by {by},"
    status, at = Status.PROBLEM, seen.listed_at
    if seen.removed_at is not None:
        words, at = f"{named} was unregistered.", seen.removed_at
    elif seen.state == "failed" and seen.problem is not None:
        words = f"{named} could not be listed: {seen.problem.message}"
    elif seen.state == "partial":
        words, status = f"{named} was listed in part.", Status.UNKNOWN
    elif seen.state == "new":
        words, status = f"{named} was not listed yet.", Status.UNKNOWN
    else:
        words, status = f"{named} was listed.", Status.OK
    return Step(name="location", status=status, words=words, at=at, location=seen.id)


def _repository_step(seen: RepositorySeen) -> Step:
    status, at = Status.PROBLEM, seen.read_at
    if seen.problem is not None and seen.state == "failed":
        words = f"The repository {seen.url} could not be read: {seen.problem.message}"
    elif seen.missing_since is not None:
        words, at = f"The repository {seen.url} is missing from the listings.", seen.missing_since
    elif seen.state == "new":
        words, status = f"The repository {seen.url} was not read to its end yet.", Status.UNKNOWN
    else:
        revision = f" at {seen.revision}" if seen.revision else ""
        words, status = f"The repository {seen.url} was read{revision}.", Status.OK
    return Step(name="repository", status=status, words=words, at=at, url=seen.url)


def _file_step(seen: FileSeen) -> Step:
    if seen.missing_since is not None:
        words, status = f"{seen.path} is missing; what it declared waits.", Status.PROBLEM
        return Step(name="file", status=status, words=words, at=seen.missing_since, url=seen.url)
    words = f"{seen.path} was read."
    return Step(name="file", status=Status.OK, words=words, at=seen.read_at, url=seen.url)


def _claim_step(claim: Claim, winner: Claim | None) -> Step:
    if claim.serving:
        words, status, name = f"It declares {claim.ref}.", Status.OK, "document"
    elif winner is not None:
        words = f"It declares {claim.ref} too; {winner.file.url} came first."
        status, name = Status.PROBLEM, "conflict"
    else:
        words = f"It declares {claim.ref}, which is not served from here."
        status, name = Status.PROBLEM, "conflict"
    return Step(name=name, status=status, words=words, ref=claim.ref, url=claim.file.url)


def _fault_step(problem: Problem, ref: str, file: FileSeen | None) -> Step:
    place = f" (line {problem.line})" if problem.line else ""
    hint = f" {problem.hint}" if problem.hint else ""
    error = problem.severity is Severity.ERROR
    return Step(
        name="rule" if problem.code == "KIND_NOT_ALLOWED" else "document",
        status=Status.PROBLEM if error else Status.OK,
        words=f"{problem.code}{place}: {problem.message}{hint}",
        ref=ref,
        url=file.url if file else "",
    )


def _decided(seen: RefEvidence) -> Iterator[Step]:
    for name, found, words in (
        ("suppression", seen.suppression, "suppressed: it is not served, whatever files say"),
        ("removal", seen.removal, "removed"),
        ("held_removal", seen.held, "to be removed, which waits for approval"),
    ):
        if found is not None:
            by = f" by {found.actor}" if found.actor else ""
            yield Step(
                name=name,
                status=Status.PROBLEM,
                words=f"{seen.ref} is {words}{by}. {found.reason}".rstrip(),
                at=found.at,
                ref=seen.ref,
            )


def _entity_step(seen: EntitySeen) -> Step:
    words = f"{seen.ref} is served" + (f" as of {seen.revision}." if seen.revision else ".")
    name, status = "entity", Status.OK
    if seen.orphan:
        words = f"{seen.ref} is served, although no file declares it any more."
        name, status = "orphan", Status.PROBLEM
    return Step(name=name, status=status, words=words, at=seen.since, ref=seen.ref)


def _owner_step(seen: EntitySeen) -> Step:
    words = f"No owner is declared: it is inferred from {seen.owner_from}."
    return Step(name="owner", status=Status.OK, words=words, ref=seen.ref)


def _unread(seen: UrlEvidence) -> Step:
    rest = (
        "It is not there, or the reading is older."
        if seen.expected
        else "Only catalog-info.yaml and files in .backstage are looked at by themselves: "
        "a Location has to name it."
    )
    words = f"{seen.path} is not among the files that were read. {rest}"
    return Step(name="file", status=Status.PROBLEM, words=words)


def _absence(words: str) -> Step:
    return Step(name="absence", status=Status.UNKNOWN, words=words)


def _way_in(seen: UrlEvidence) -> Step:
    if not seen.readable:
        words = f"No installed plugin, with this configuration, reads {quote(seen.url)}."
        return Step(name="registration", status=Status.PROBLEM, words=words)
    words = (
        f"Register {quote(seen.url)}: `catalog.locations` in the configuration, `--source`, "
        "`POST /api/catalog/locations`, or a Location entity that names it."
    )
    return Step(name="registration", status=Status.UNKNOWN, words=words)
