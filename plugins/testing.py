"""What the tests of a plugin need: repositories in memory, entities from descriptors, and a judge.

Every function raises `AssertionError`, in words, where a plugin does not do what `plugins.contract`
says. Nothing of it needs a portal, a database or the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import orjson

from catalog.descriptor.descriptors import read_descriptor
from plugins.contract import (
    Blob,
    Collector,
    Complete,
    Context,
    Documenter,
    FactRecord,
    FactSchema,
    FactState,
    FactType,
    Failed,
    FailedFact,
    Known,
    Outline,
    Partial,
    Paused,
    Plugin,
    PluginFactory,
    Problem,
    RemoteCollector,
    Repository,
    RepositoryView,
    Snapshot,
    Source,
    Subject,
    TreeFile,
    Unreadable,
)
from plugins.registry import faults_of
from scorecards.collection import collectors

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)

_TYPES: Mapping[FactType, type] = {
    FactType.BOOL: bool,
    FactType.INT: int,
    FactType.DOUBLE: float,
    FactType.STRING: str,
    FactType.TIMESTAMP: datetime,
    FactType.STRINGS: tuple,
}


@dataclass(frozen=True)
class _Files:
    """A `RepositoryView` of files in memory."""

    snapshot: Snapshot
    contents: Mapping[str, bytes]

    def read(self, path: str) -> Blob | Unreadable:
        """The file; unreadable where there is none."""
        if path in self.contents:
            return Blob(path=path, content=self.contents[path])
        problem = Problem(code="FILE_NOT_FOUND", message="There is no such file.", file=path)
        return Unreadable(path=path, problem=problem)


def repository(
    files: Mapping[str, str | bytes],
    *,
    url: str = "https://git.example.org/shop/payments",
    revision: str = "c0ffee",
    committed_at: datetime | None = NOW,
) -> RepositoryView:
    """A repository with these files, by path; without a time of the commit it has no git history."""
    contents = {p: c if isinstance(c, bytes) else c.encode() for p, c in files.items()}
    tree = [TreeFile(path=p, token=str(hash(c)), size=len(c)) for p, c in sorted(contents.items())]
    snapshot = Snapshot(
        repository=Repository(url=url, name=url.partition("://")[2].partition("/")[2]),
        revision=revision,
        is_git=committed_at is not None,
        committed_at=committed_at,
        files=tuple(tree),
    )
    return _Files(snapshot, contents)


def subject(
    descriptor: str,
    *,
    file: str = "catalog-info.yaml",
    neighbors: Mapping[str, Mapping[str, Any]] | None = None,
    members: Mapping[str, int] | None = None,
) -> Subject:
    """The entity of a descriptor with one document, as a portal would hand it over."""
    location = f"url:https://git.example.org/shop/payments/blob/main/{file}"
    outcomes, problems = read_descriptor(
        descriptor.encode(), file=file, location=location, origin=location
    )
    found = [outcome.entity for outcome in outcomes if outcome.entity is not None]
    told = [*problems, *(problem for outcome in outcomes for problem in outcome.problems)]
    assert len(found) == 1, f"the descriptor has {len(found)} valid entities: {told}"
    return Subject(
        ref=str(found[0].ref),
        entity=orjson.loads(found[0].body),
        file=file,
        directory=file.rpartition("/")[0],
        neighbors=neighbors or {},
        members=members or {},
    )


def collect(
    collector: Collector,
    subjects: Sequence[Subject],
    view: RepositoryView | None,
    *,
    now: datetime = NOW,
) -> list[Mapping[str, FactState]]:
    """The facts of each subject, once they are what the collector's schemas promise."""
    seen, repository = collectors.shown(collector, subjects, view)
    records = {one.ref: one for one in collector.collect(seen, repository, now=now)}
    assert set(records) == {one.ref for one in subjects}, "there is one record for each subject"
    for record in records.values():
        _check_record(collector, record)
    return [records[one.ref].facts for one in subjects]


def observe(
    collector: RemoteCollector, one: Subject, *, now: datetime = NOW
) -> Mapping[str, FactState]:
    """What a remote collector says about an entity, once it is what its schemas promise.

    It asks whatever it is made to ask: give it the address of a server of your own.
    """
    assert collector.ttl > collector.every, "an observation ends before the next can be made"
    named = collector.subject_of(one.entity)
    if isinstance(named, FailedFact):
        return {schema.name: named for schema in collector.schemas}
    assert named.system in collector.systems, f"{named.system!r} is none of its systems"
    observed = collector.observe(named, now=now)
    if isinstance(observed, Paused):
        raise AssertionError(f"it asks to wait: {observed.problem.message}")
    _check_facts(collector.schemas, observed.facts)
    return observed.facts


def outlines(
    documenter: Documenter, subjects: Sequence[Subject], view: RepositoryView
) -> list[Outline]:
    """The pages of each subject, once they are files of the repository, each listed once."""
    told = list(documenter.outlines(subjects, view))
    found = dict(told)
    assert len(told) == len(found), "a subject has two outlines"
    assert set(found) == {one.ref for one in subjects}, "there is one outline for each subject"
    files = {file.path for file in view.snapshot.files}
    for outline in found.values():
        paths = [page.path for page in outline.pages]
        assert len(paths) == len({*paths}), f"a page is listed twice: {paths}"
        assert files >= {*paths}, f"no files of the repository: {sorted({*paths} - files)}"
    return [found[one.ref] for one in subjects]


def loaded(factory: PluginFactory, *, name: str, cache: Path, **context: Any) -> Plugin:
    """The plugin as a portal loads it; `name` is that of its entry point, `context` see `Context`."""
    made = factory(Context(cache=cache, **context))
    assert isinstance(made, Plugin), f"the function returned {type(made).__name__}, not a Plugin"
    faults = faults_of(made, EntryPoint(name=name, value="?", group="?"))
    assert not faults, "; ".join(faults)
    return made


def read_all(
    source: Source, target: str, *, max_bytes: int = 1 << 20
) -> dict[str, dict[str, bytes]]:
    """By name of each repository at `target`, its files by path.

    Checks that two looks say the same, that paths are in order and below the repository, and that
    every file of a snapshot can be read from it, in the order asked for.
    """
    assert source.accepts(target), f"{source.name} does not accept {target}"
    listing = source.list(target)
    if isinstance(listing, Failed | Partial):
        raise AssertionError(f"the listing is not complete: {listing.problem.message}")
    assert isinstance(listing, Complete), f"a listing is no {type(listing).__name__}"
    assert source.list(target) == listing, "two listings of the same differ"
    found = {}
    for one in listing.repositories:
        snapshot = source.snapshot(one)
        assert isinstance(snapshot, Snapshot), f"{one.name} cannot be read: {snapshot}"
        assert source.snapshot(one) == snapshot, f"two snapshots of {one.name} differ"
        paths = [file.path for file in snapshot.files]
        assert paths == sorted(paths), f"the files of {one.name} are not sorted"
        for path in paths:
            assert not {"", ".", ".."} & set(path.split("/")), f"{path} leads out of {one.name}"
        read = list(source.read(snapshot, paths, max_bytes=max_bytes))
        assert [blob.path for blob in read] == paths, f"{one.name} gives other files than asked for"
        found[one.name] = {blob.path: blob.content for blob in read if isinstance(blob, Blob)}
    return found


def _check_record(collector: Collector, record: FactRecord) -> None:
    """Its facts are those of the schemas, all or none, each of its type."""
    assert record.collector == collector.name, f"a record is by {record.collector!r}"
    assert record.version == collector.version, f"a record is of version {record.version!r}"
    for name, at in (("observed_at", record.observed_at), ("valid_until", record.valid_until)):
        assert at is None or at.tzinfo is not None, f"{name} has no time zone"
    if record.facts:
        _check_facts(collector.schemas, record.facts)


def _check_facts(schemas: Sequence[FactSchema], facts: Mapping[str, FactState]) -> None:
    by_name = {schema.name: schema for schema in schemas}
    assert {*facts} == {*by_name}, (
        f"all facts are told or none: {', '.join(sorted({*by_name} ^ {*facts}))}"
    )
    for name, state in facts.items():
        if isinstance(state, Known):
            _check_value(by_name[name], state.value)


def _check_value(schema: FactSchema, value: object) -> None:
    # A bool is an int in Python and is none in a rule.
    assert type(value) is _TYPES[schema.type], f"{schema.name} is a {schema.type}, not {value!r}"
    items: Iterable[object] = value if isinstance(value, tuple) else ()
    assert all(isinstance(item, str) for item in items), f"{schema.name} holds other than text"
    assert not isinstance(value, datetime) or value.tzinfo, f"{schema.name} has no time zone"
