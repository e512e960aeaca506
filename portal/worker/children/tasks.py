"""The tasks about entities that child processes of the pool run: to collect, and to assess.

Plain data in, plain data out, nothing owned. A child may open repositories to read them, through the
same plugins as the parent. Descriptors are read in `portal.worker.children.parsing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from catalog.documentation import Documentation
from catalog.sources import Snapshot
from portal.worker.children.documenting import document
from portal.worker.children.setup import Setup, assessor_of
from portal.worker.children.views import view_of
from portal.worker.children.watching import NO_CARE, Care, named
from scorecards.collection.collectors import ask
from scorecards.collection.stored_facts import PackedRecord, StoredFacts, pack_record
from scorecards.collection.subjects import PackedSubject, unpack_subjects
from scorecards.evaluation.layouts import layout_to_json
from scorecards.evaluation.packing import PackedResult, digest_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Entities of one repository, to collect facts about that last as long as its revision."""

    snapshot: Snapshot
    subjects: tuple[PackedSubject, ...]
    collectors: frozenset[str]
    """Names of those that are asked."""
    outlines: Mapping[str, str]
    """Digests of the outlines of documentation that are stored, by ref."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Collection:
    """Places to collect facts at."""

    setup: Setup
    places: tuple[Place, ...]
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Collected:
    """Facts, and documentation."""

    records: tuple[PackedRecord, ...]
    documentation: tuple[Documentation, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Appraisal:
    """Entities to collect facts about and to assess."""

    setup: Setup
    snapshot: Snapshot | None
    """Of the repository that all subjects live in; None: it cannot be read, or nobody looks at it."""
    subjects: tuple[PackedSubject, ...]
    given: tuple[tuple[StoredFacts, ...], ...]
    """Of each subject, what need not be collected."""
    spared: frozenset[str] = frozenset()
    """Names of the collectors that are not asked: what they say is given."""
    now: datetime
    care: Care = NO_CARE


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Entities to assess from what is stored about them."""

    setup: Setup
    cards: frozenset[str] | None
    """Names of the scorecards that are asked; None: all."""
    bodies: tuple[bytes, ...]
    facts: tuple[tuple[StoredFacts, ...], ...]
    now: datetime
    care: Care = NO_CARE


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessed:
    """Results, of the same entities in the same order."""

    results: tuple[tuple[PackedResult, ...], ...]
    layouts: Mapping[str, bytes]
    """That their evidence is read with, as JSON by digest."""
    refused: Mapping[str, str]
    """Expressions that are not run any more, each with why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Appraised:
    """Facts that were collected, and results, of the same subjects in the same order."""

    records: tuple[PackedRecord, ...]
    assessed: Assessed

    @property
    def refused(self) -> Mapping[str, str]:
        """Expressions that are not run any more, each with why."""
        return self.assessed.refused


def collect(task: Collection) -> Collected:
    """Every fact that is asked for, and the pages that have changed."""
    plugins = task.setup.plugins()
    collectors = [one for plugin in plugins for one in plugin.collectors]
    documenters = [one for plugin in plugins for one in plugin.documenters]
    records: list[PackedRecord] = []
    documentation: list[Documentation] = []
    for place in task.places:
        view, subjects = view_of(plugins, place.snapshot), unpack_subjects(place.subjects)
        for collector in collectors:
            if collector.name in place.collectors:
                found = ask(collector, subjects, view, now=task.now)
                records.extend(map(pack_record, found))
        documentation += document(documenters, subjects, view, place.outlines)
    return Collected(records=tuple(records), documentation=tuple(documentation))


def appraise(task: Appraisal) -> Appraised:
    """Collect the facts about the subjects and assess them with every scorecard."""
    plugins = task.setup.plugins()
    view, subjects = view_of(plugins, task.snapshot), unpack_subjects(task.subjects)
    records: dict[str, list[PackedRecord]] = {subject.ref: [] for subject in subjects}
    for plugin in plugins:
        for collector in plugin.collectors:
            if collector.name not in task.spared:
                for record in ask(collector, subjects, view, now=task.now):
                    records[record.ref].append(pack_record(record))
    reading = Reading(
        setup=task.setup,
        cards=None,
        bodies=tuple(subject.body for subject in task.subjects),
        facts=tuple(
            (*(record.seen for record in records[subject.ref]), *given)
            for subject, given in zip(task.subjects, task.given, strict=True)
        ),
        now=task.now,
        care=task.care,
    )
    return Appraised(
        records=tuple(record for found in records.values() for record in found),
        assessed=assess(reading),
    )


def assess(task: Reading) -> Assessed:
    """Ask the scorecards about entities, with the facts that are given."""
    assessor, watch = assessor_of(task.setup, task.cards, task.care)
    watch.begin_task()
    results = []
    for number, (body, facts) in enumerate(zip(task.bodies, task.facts, strict=True)):
        watch.look_at(number, partial(named, body))
        results.append(assessor.pack(body, facts, now=task.now))
    used = {digest_of(packed.evidence) for found in results for packed in found}
    layouts = {digest: layout_to_json(assessor.layouts[digest]) for digest in used}
    return Assessed(results=tuple(results), layouts=layouts, refused=watch.refused)
