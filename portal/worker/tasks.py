"""The tasks that child processes of the pool run: plain data in, plain data out, nothing owned.

A child may open repositories to read them, through the same plugins as the parent. What it keeps
between tasks are caches that any other child could make again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path

from catalog.defined_kinds import kinds_of
from catalog.descriptors import read_descriptor
from catalog.documentation import Documentation
from catalog.entity import NamedTarget
from catalog.inference import Inferred, infer
from catalog.placeholders import companion_key
from catalog.problems import Problem
from catalog.readings import ToRead
from catalog.sources import Blob, Snapshot, Source, Unreadable
from catalog.store import Companion, FileReading
from plugins.contract import (
    Context,
    FactRecord,
    FactSchema,
    Forge,
    ForgeProvider,
    PeopleProvider,
    Plugin,
    Subject,
)
from plugins.registry import load_plugins
from portal import slate
from portal.worker.documenting import document
from portal.worker.watching import NO_CARE, Care, Stopwatch, named
from scorecards.assessment import Assessor
from scorecards.collectors import ask
from scorecards.feeding import Unfed
from scorecards.layouts import layout_to_json
from scorecards.packing import PackedResult, digest_of
from scorecards.scorecard import Scorecard
from scorecards.stored_facts import StoredFacts, stored

LARGEST_SOURCE_FILE = 1024 * 1024
"""Bytes of a repository file that a collector may read."""

KEPT_BYTES = 8 * 1024 * 1024
"""Bytes of a repository's files that are kept while its entities are looked at."""


def read_files(files: Sequence[ToRead]) -> list[FileReading]:
    """Read descriptors: one reading for each file, in order."""
    return [_read_file(file) for file in files]


def _read_file(file: ToRead) -> FileReading:
    used: list[str] = []

    def resolve(target: str) -> bytes | Problem:
        key = companion_key(target, file.base)
        if key is not None:
            used.append(key)
            if key in file.companions:
                return file.companions[key]
        return Problem(
            code="PLACEHOLDER_UNREADABLE",
            message="A placeholder names a file that is not in this repository.",
            found=target,
            hint="Name a file relative to the descriptor, in the same repository.",
        )

    def owner() -> Inferred | None:
        used.extend(file.codeowners)
        place = file.codeowners[-1]
        rules = file.companions.get(place)
        return infer(rules, place=place, path=file.path) if isinstance(rules, bytes) else None

    outcomes, problems = read_descriptor(
        file.content,
        file=file.path,
        location=file.url,
        origin=file.origin,
        extra_annotations=file.annotations,
        resolve=resolve,
        infer=owner if file.codeowners else None,
        rules=file.rules,
        kinds=kinds_of(file.kinds)[0],
    )
    return FileReading(
        path=file.path,
        token="",
        url=file.url,
        outcomes=outcomes,
        problems=problems,
        targets=tuple(
            NamedTarget(str(o.entity.ref), target.text, target.type, target.optional)
            for o in outcomes
            if o.entity
            for target in o.entity.targets
        ),
        companions=tuple(Companion(key, "") for key in dict.fromkeys(used)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """What a child needs to know to appraise: the same for all tasks of a run of the portal."""

    cache: Path
    working_tree: bool
    disabled_plugins: tuple[str, ...]
    scorecards: tuple[Scorecard, ...]
    forges: tuple[Forge, ...] = ()
    """Without credentials."""
    providers: tuple[ForgeProvider, ...] = ()
    people: tuple[PeopleProvider, ...] = ()
    given: tuple[FactSchema, ...] = ()
    """Facts that no collector observes: those that are pushed, those of packs, and levels."""
    unfed: tuple[Unfed, ...] = ()
    """Those of packs that nothing feeds."""

    def plugins(self) -> tuple[Plugin, ...]:
        """Those that are installed, loaded in this process."""
        context = Context(
            cache=self.cache,
            working_tree=self.working_tree,
            forges=self.forges,
            providers=self.providers,
            people=self.people,
        )
        return _plugins(context, self.disabled_plugins)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Entities of one repository, to collect facts about that last as long as its revision."""

    snapshot: Snapshot
    subjects: tuple[Subject, ...]
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

    records: tuple[FactRecord, ...]
    documentation: tuple[Documentation, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Appraisal:
    """Entities to collect facts about and to assess."""

    setup: Setup
    snapshot: Snapshot | None
    """Of the repository that all subjects live in; None: it cannot be read, or nobody looks at it."""
    subjects: tuple[Subject, ...]
    bodies: tuple[bytes, ...]
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

    records: tuple[FactRecord, ...]
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
    records: list[FactRecord] = []
    documentation: list[Documentation] = []
    for place in task.places:
        view = _view(plugins, place.snapshot)
        for collector in collectors:
            if collector.name in place.collectors:
                records += ask(collector, place.subjects, view, now=task.now)
        documentation += document(documenters, place.subjects, view, place.outlines)
    return Collected(records=tuple(records), documentation=tuple(documentation))


def appraise(task: Appraisal) -> Appraised:
    """Collect the facts about the subjects and assess them with every scorecard."""
    plugins = task.setup.plugins()
    view = _view(plugins, task.snapshot)
    records: dict[str, list[FactRecord]] = {subject.ref: [] for subject in task.subjects}
    for plugin in plugins:
        for collector in plugin.collectors:
            if collector.name not in task.spared:
                for record in ask(collector, task.subjects, view, now=task.now):
                    records[record.ref].append(record)
    reading = Reading(
        setup=task.setup,
        cards=None,
        bodies=task.bodies,
        facts=tuple(
            (*map(stored, records[subject.ref]), *given)
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
    assessor, watch = _assessor(task.setup, task.cards, task.care)
    watch.begin_task()
    results = []
    for number, (body, facts) in enumerate(zip(task.bodies, task.facts, strict=True)):
        watch.look_at(number, partial(named, body))
        results.append(assessor.pack(body, facts, now=task.now))
    used = {digest_of(packed.evidence) for found in results for packed in found}
    layouts = {digest: layout_to_json(assessor.layouts[digest]) for digest in used}
    return Assessed(results=tuple(results), layouts=layouts, refused=watch.refused)


def schemas_of(plugins: Sequence[Plugin]) -> Mapping[str, FactSchema]:
    """Every fact that the plugins' collectors can observe, by name."""
    return {s.name: s for plugin in plugins for c in plugin.collectors for s in c.schemas}


def remote_schemas(plugins: Sequence[Plugin]) -> Mapping[str, FactSchema]:
    """Every fact that the plugins' remote collectors can observe, by name."""
    return {s.name: s for plugin in plugins for c in plugin.remote_collectors for s in c.schemas}


@lru_cache(maxsize=1)
def _plugins(context: Context, disabled: tuple[str, ...]) -> tuple[Plugin, ...]:
    """The plugins, each with a folder of its own in the cache; kept while they are set up the same."""
    plugins, _ = load_plugins(
        context_for=lambda name: replace(context, cache=context.cache / name),
        disabled=disabled,
    )
    return plugins


@lru_cache(maxsize=8)
def _assessor(setup: Setup, cards: frozenset[str] | None, care: Care) -> tuple[Assessor, Stopwatch]:
    """The scorecards, or some of them, compiled, and who watches over them."""
    given = {schema.name: schema for schema in setup.given}
    unfed = {one.schema.name: one.why for one in setup.unfed}
    asked = [card for card in setup.scorecards if cards is None or card.name in cards]
    schemas, watch = {**schemas_of(setup.plugins()), **given}, Stopwatch(slate.mine())
    refused, apart = dict(care.refused), care.apart
    assessor = Assessor(asked, schemas, unfed=unfed, refused=refused, watch=watch, apart=apart)
    return assessor, watch


def _view(plugins: Sequence[Plugin], snapshot: Snapshot | None) -> View | None:
    if snapshot is None:
        return None
    source = source_for(plugins, snapshot.repository.url)
    return None if source is None else View(source, snapshot)


def source_for(plugins: Sequence[Plugin], target: str, *, checked: bool = False) -> Source | None:
    """The first source that reads `target`; with `checked`, of those that strangers may use."""
    sources = (source for plugin in plugins for source in plugin.sources)
    return next((s for s in sources if (s.checked or not checked) and s.accepts(target)), None)


class View:
    """A repository at one revision, read through its source: small files once, whoever asks."""

    def __init__(self, source: Source, snapshot: Snapshot) -> None:
        self._source = source
        self.snapshot = snapshot
        self._kept: dict[str, Blob | Unreadable] = {}
        self._room = KEPT_BYTES

    def read(self, path: str) -> Blob | Unreadable:
        """One file of the snapshot, at most 1 MiB."""
        return self.read_all([path])[0]

    def read_all(self, paths: Sequence[str]) -> list[Blob | Unreadable]:
        """These files, at most 1 MiB each, in order."""
        new = [path for path in dict.fromkeys(paths) if path not in self._kept]
        asked = self._source.read(self.snapshot, new, max_bytes=LARGEST_SOURCE_FILE) if new else ()
        fresh = {one.path: one for one in asked}
        found = [fresh[path] if path in fresh else self._kept[path] for path in paths]
        for one in fresh.values():
            size = len(one.content) if isinstance(one, Blob) else 0
            if size <= self._room:
                self._kept[one.path] = one
                self._room -= size
        return found
