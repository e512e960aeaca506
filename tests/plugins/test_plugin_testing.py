"""The kit for plugins finds what breaks the contract, and says what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pluginworld import make_git

from plugins.contract import (
    Context,
    FactRecord,
    FactSchema,
    FactState,
    FactType,
    FailedFact,
    Known,
    Observation,
    Outline,
    PageFile,
    Paused,
    Plugin,
    Problem,
    RemoteSubject,
    RepositoryView,
    Sees,
    Subject,
    Unknown,
)
from plugins.local import plugin as local
from plugins.repofiles import plugin as repofiles
from plugins.testing import NOW, collect, loaded, observe, outlines, read_all, repository, subject

SERVICE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: payments}
spec: {type: service, lifecycle: production, owner: team}
"""
SIZE = FactSchema(name="odd.size", type=FactType.INT, description="A size.", when_absent=0)


class Odd:
    """A collector that says what it is told to."""

    name, version, schemas, sees = "odd", "1", (SIZE,), Sees(0)

    def __init__(self, **changes: Any) -> None:
        self._changes = changes

    def collect(
        self, subjects: Iterable[Subject], repository: object, *, now: datetime
    ) -> Iterable[FactRecord]:
        facts: dict[str, FactState] = {SIZE.name: Known(value=1)}
        for one in subjects:
            record = FactRecord(
                ref=one.ref,
                collector="odd",
                version="1",
                url="",
                revision="",
                observed_at=now,
                valid_until=None,
                facts=facts,
            )
            yield replace(record, **self._changes)


def test_what_keeps_to_the_contract_is_handed_back() -> None:
    assert collect(Odd(), [subject(SERVICE)], None) == [{SIZE.name: Known(value=1)}]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ref": "component:default/other"}, "one record for each"),
        ({"version": "2"}, "of version '2'"),
        ({"collector": "even"}, "by 'even'"),
        ({"observed_at": NOW.replace(tzinfo=None)}, "no time zone"),
        ({"facts": {"odd.shape": Known(value=1)}}, "odd.shape, odd.size"),
        ({"facts": {SIZE.name: Known(value=True)}}, "odd.size is a int, not True"),
    ],
)
def test_what_breaks_it_is_said(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        collect(Odd(**changes), [subject(SERVICE)], None)


def test_a_descriptor_that_is_not_valid_says_why() -> None:
    with pytest.raises(AssertionError, match="0 valid entities"):
        subject(SERVICE.replace("owner: team", ""))


class Remote:
    """A remote collector that says what it is told to."""

    name, version, schemas, kinds, systems = "odd", "1", (SIZE,), (), ("odd.example.com",)
    every, ttl = timedelta(hours=1), timedelta(hours=2)

    def __init__(self, said: Observation | Paused) -> None:
        self._said = said

    def subject_of(self, entity: Mapping[str, Any]) -> RemoteSubject | FailedFact:
        name = entity["metadata"]["name"]
        if name != "payments":
            return FailedFact(reason=Unknown.NOT_CONFIGURED, detail="It is not known there.")
        return RemoteSubject(system="odd.example.com", name=name)

    def observe(self, subject: RemoteSubject, *, now: datetime) -> Observation | Paused:
        return self._said


def test_a_remote_collector_is_asked_about_what_an_entity_is_called_there() -> None:
    known: dict[str, FactState] = {SIZE.name: Known(value=1)}
    collector = Remote(Observation(facts=known, url=""))
    assert observe(collector, subject(SERVICE)) == known
    other = observe(collector, subject(SERVICE.replace("payments", "orders")))
    assert isinstance(other[SIZE.name], FailedFact)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Observation(facts={}, url=""), "odd.size"),
        (Observation(facts={SIZE.name: Known(value="1")}, url=""), "is a int, not '1'"),
        (Paused(problem=Problem(code="LIMITED", message="Too many.")), "to wait: Too many"),
    ],
)
def test_what_a_remote_collector_breaks_is_said(said: Observation | Paused, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        observe(Remote(said), subject(SERVICE))


def test_a_built_in_collector_keeps_to_it(tmp_path: Path) -> None:
    (collector,) = loaded(repofiles, name="repofiles", cache=tmp_path).collectors
    (facts,) = collect(collector, [subject(SERVICE)], repository({"README.md": "# Payments\n"}))
    assert facts["repo.readme.path"] == Known(value="README.md", path="README.md")


class Finder:
    """A documenter that names these pages for these entities."""

    name, version = "odd", "1"

    def __init__(self, refs: Sequence[str], paths: Sequence[str]) -> None:
        self._refs, self._paths = refs, paths

    def outlines(
        self, _subjects: Sequence[Subject], _repository: RepositoryView
    ) -> Iterable[tuple[str, Outline]]:
        pages = tuple(PageFile(path=path) for path in self._paths)
        return [(ref, Outline(pages=pages)) for ref in self._refs]


PAYMENTS = "component:default/payments"


def test_a_documenter_names_the_pages_of_each_entity() -> None:
    files = repository({"README.md": "# Payments\n"})
    (outline,) = outlines(Finder([PAYMENTS], ["README.md"]), [subject(SERVICE)], files)
    assert [page.path for page in outline.pages] == ["README.md"]


@pytest.mark.parametrize(
    ("refs", "paths", "why"),
    [
        ([], [], "one outline for each"),
        ([PAYMENTS, PAYMENTS], [], "two outlines"),
        ([PAYMENTS], ["README.md", "README.md"], "listed twice"),
        ([PAYMENTS], ["docs/none.md"], "no files of the repository"),
    ],
)
def test_what_a_documenter_breaks_is_said(
    refs: Sequence[str], paths: Sequence[str], why: str
) -> None:
    with pytest.raises(AssertionError, match=why):
        outlines(Finder(refs, paths), [subject(SERVICE)], repository({"README.md": ""}))


def test_a_built_in_source_keeps_to_it(tmp_path: Path) -> None:
    make_git(tmp_path / "org" / "payments", {"catalog-info.yaml": SERVICE, "docs/a.md": "A"})
    source = loaded(local, name="local", cache=tmp_path / "cache").sources[0]
    found = read_all(source, str(tmp_path / "org"))
    assert found["payments"]["docs/a.md"] == b"A"


def test_a_manifest_that_no_portal_takes_is_refused_in_words(tmp_path: Path) -> None:
    def nameless(context: Context) -> Plugin:
        return Plugin(name="Odd One", version="1", summary="")

    with pytest.raises(AssertionError, match="no identifier"):
        loaded(nameless, name="Odd One", cache=tmp_path)
