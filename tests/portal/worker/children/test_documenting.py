"""Reading documentation: what a child hands over, within bounds, and what the worker stores of it."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from catalog.documentation import (
    LARGEST_PAGE,
    MOST_BYTES,
    MOST_PAGES,
    Documentation,
    Outline,
    PageFile,
    Pages,
    PageState,
)
from catalog.problems import Problem
from catalog.sources import Blob, Snapshot, Unreadable
from plugins.contract import RepositoryView, Subject
from plugins.repofiles.pages import RepositoryPages
from plugins.testing import repository, subject
from portal.config import ConfiguredSource, Settings
from portal.db.catalog.entities import by_ref
from portal.db.collection import documentation
from portal.db.sources import locations
from portal.db.tables import entity_docs
from portal.db.work import marks
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs
from portal.worker.assessment import assessing
from portal.worker.children.documenting import document

COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec: {{type: service, lifecycle: production, owner: a}}
"""
A, B = (subject(COMPONENT.format(name=name)) for name in "ab")


@dataclass
class Files:
    """A repository in memory that counts what is read of it."""

    view: RepositoryView
    broken: frozenset[str] = frozenset()
    reads: list[str] = field(default_factory=list)

    @property
    def snapshot(self) -> Snapshot:
        return self.view.snapshot

    def read(self, path: str) -> Blob | Unreadable:
        return self.read_all([path])[0]

    def read_all(self, paths: Sequence[str]) -> list[Blob | Unreadable]:
        self.reads += paths
        why = Problem(code="GIT_FAILED", message="It is broken.")
        return [
            Unreadable(path=path, problem=why) if path in self.broken else self.view.read(path)
            for path in paths
        ]


@dataclass
class Named:
    """A documenter that names these paths for every entity."""

    paths: Sequence[str]
    name: str = "named"
    version: str = "1"

    def outlines(
        self, subjects: Sequence[Subject], _repository: RepositoryView
    ) -> Iterable[tuple[str, Outline]]:
        outline = Outline(pages=tuple(PageFile(path=path, title="N") for path in self.paths))
        return [(one.ref, outline) for one in subjects]


def files(contents: Mapping[str, str | bytes], broken: str = "") -> Files:
    return Files(repository(contents), frozenset({broken}))


def read(view: Files, *documenters: Named) -> Pages:
    (found,) = document(documenters or (RepositoryPages(),), [A], view, {})
    assert found.pages is not None
    return found.pages


def states(pages: Pages) -> dict[str, PageState]:
    return {page.path: page.state for page in pages.pages}


def test_a_page_has_its_text_its_title_and_what_is_known_of_the_commit() -> None:
    view = files({"README.md": "\ufeff# Payments\r\nHello\r"})
    (found,) = document([RepositoryPages()], [A], view, {})
    assert (found.url, found.revision) == (view.snapshot.repository.url, "c0ffee")
    assert found.pages is not None
    (page,) = found.pages.pages
    assert page.title == "Payments"
    assert page.text is not None
    assert zlib.decompress(page.text.data).decode() == "# Payments\nHello\n"


def test_what_is_no_text_or_cannot_be_read_is_listed_and_says_so() -> None:
    contents = {"docs/a.md": b"\xff\xfe", "docs/b.md": b"a\0b", "docs/c.md": "c", "docs/d.md": "d"}
    assert states(read(files(contents, broken="docs/c.md"))) == {
        "docs/a.md": PageState.NOT_TEXT,
        "docs/b.md": PageState.NOT_TEXT,
        "docs/c.md": PageState.UNREADABLE,
        "docs/d.md": PageState.TEXT,
    }


def test_a_page_that_is_too_large_is_not_read() -> None:
    view = files({"docs/a.md": "x" * LARGEST_PAGE, "docs/b.md": "x" * (LARGEST_PAGE + 1)})
    assert states(read(view)) == {"docs/a.md": PageState.TEXT, "docs/b.md": PageState.TOO_LARGE}
    assert view.reads == ["docs/a.md"]


def test_pages_beyond_the_bytes_of_an_entity_are_listed_without_text() -> None:
    many = MOST_BYTES // LARGEST_PAGE
    view = files({f"docs/{n:02}.md": "x" * LARGEST_PAGE for n in range(many + 2)})
    found = list(states(read(view)).values())
    assert found == [PageState.TEXT] * many + [PageState.OVER_LIMIT] * 2


def test_pages_beyond_the_number_of_an_entity_are_counted() -> None:
    found = read(files({f"docs/{n:03}.md": "x" for n in range(MOST_PAGES + 7)}))
    assert (len(found.pages), found.left_out) == (MOST_PAGES, 7)


def test_pages_of_several_documenters_follow_each_other_each_once() -> None:
    view = files({"a.md": "a", "b.md": "b", "c.md": "c"})
    found = read(view, Named(["b.md", "a.md", "gone.md"]), Named(["c.md", "b.md"], name="other"))
    assert list(states(found)) == ["b.md", "a.md", "c.md"]


def known(found: Iterable[Documentation]) -> dict[str, str]:
    return {one.ref: one.outline for one in found}


def test_pages_are_read_once_for_all_entities_and_not_at_all_while_they_are_the_same() -> None:
    view = files({"README.md": "a", "docs/a.md": "b"})
    first = document([RepositoryPages()], [A, B], view, {})
    assert sorted(view.reads) == ["README.md", "docs/a.md"]
    assert first[0].pages is first[1].pages
    again = document([RepositoryPages()], [A, B], view, known(first))
    assert [one.pages for one in again] == [None, None]
    assert len(view.reads) == 2


@pytest.mark.parametrize(
    "contents",
    [
        {"README.md": "changed", "docs/a.md": "b"},
        {"README.md": "a"},
        {"README.md": "a", "docs/a.md": "b", "docs/b.md": ""},
        {"README.md": "a", "docs/a.md": "b", "mkdocs.yml": "nav: [{Title: a.md}]"},
    ],
)
def test_whatever_makes_other_pages_makes_another_outline(contents: Mapping[str, str]) -> None:
    before = document([RepositoryPages()], [A], files({"README.md": "a", "docs/a.md": "b"}), {})
    (after,) = document([RepositoryPages()], [A], files(contents), known(before))
    assert after.pages is not None


def test_a_documenter_of_another_version_is_asked_again() -> None:
    view = files({"a.md": "a"})
    before = document([Named(["a.md"])], [A], view, {})
    (after,) = document([Named(["a.md"], version="2")], [A], view, known(before))
    assert after.pages is not None


class Odd(Named):
    """A documenter that raises about one entity."""

    def outlines(
        self, subjects: Sequence[Subject], _repository: RepositoryView
    ) -> Iterable[tuple[str, Outline]]:
        if A in subjects:
            raise KeyError("nav")
        return super().outlines(subjects, _repository)


def test_a_documenter_that_raises_about_one_entity_takes_pages_from_no_other() -> None:
    found = document([Odd(["a.md"])], [A, B], files({"a.md": "a"}), {})
    odd, other = (one.pages for one in found)
    assert odd is not None
    assert other is not None
    assert (odd.pages, "KeyError: 'nav'" in odd.note) == ((), True)
    assert list(states(other)) == ["a.md"]


def test_a_repository_that_cannot_be_read_says_nothing() -> None:
    assert document([RepositoryPages()], [A], None, {}) == ()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "catalog-info.yaml").write_text(COMPONENT.format(name="a"))
    (folder / "README.md").write_text("# First\n")
    commit(folder)
    return folder


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "Change something")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def portal(database_url: str, tmp_path: Path, source: Path) -> Iterator[Portal]:
    sources = (ConfiguredSource("file", str(source), "command"),)
    portal = open_portal(
        Settings(database=database_url, data_dir=tmp_path / "data", sources=sources)
    )
    prepare(portal)
    yield portal
    portal.database.close()


def look(portal: Portal, pool: Pool) -> documentation.Listed:
    tools = tools_of(portal, pool)
    with portal.database.read() as connection:
        found = locations.list_locations(connection)
    for location in found:
        for one in jobs.list_repositories(tools, location.id):
            jobs.ingest(tools, location.id, one)
    while assessing.assess_round(tools):
        pass
    with portal.database.read() as connection:
        row = by_ref(connection, A.ref)
        assert row is not None
        listed = documentation.for_entity(connection, row.id)
    assert listed is not None
    return listed


def test_a_commit_that_changes_only_a_page_changes_that_page_and_no_entity(
    portal: Portal, pool: Pool, source: Path
) -> None:
    first = look(portal, pool)
    assert [page.title for page in first.pages] == ["First"]
    with portal.database.read() as connection:
        before = by_ref(connection, A.ref)
    (source / "docs").mkdir()
    (source / "docs" / "run.md").write_text("# Run\n")
    head = commit(source)
    second = look(portal, pool)
    assert [(page.title, page.revision) for page in second.pages] == [
        ("First", first.revision),
        ("Run", head),
    ]
    with portal.database.read() as connection:
        assert by_ref(connection, A.ref) == before


def test_another_version_of_a_documenter_looks_at_everything_again(
    portal: Portal, pool: Pool
) -> None:
    look(portal, pool)
    prepare(portal)
    assert waiting(portal) == 0
    plugins = tuple(
        replace(plugin, documenters=(Named(["README.md"], version="2"),))
        if plugin.documenters
        else plugin
        for plugin in portal.plugins
    )
    prepare(replace(portal, plugins=plugins))
    assert waiting(portal) == 1


def waiting(portal: Portal) -> int:
    with portal.database.read() as connection:
        return marks.count_marks(connection)


def test_pages_that_were_read_otherwise_are_read_again_though_facts_hold(
    portal: Portal, pool: Pool
) -> None:
    look(portal, pool)
    with portal.database.write() as connection:
        before = connection.execute(select(entity_docs.c.outline)).scalar_one()
        connection.execute(update(entity_docs).values(outline="of-another/edition"))
        marks.mark_one(connection, A.ref)
    while assessing.assess_round(tools_of(portal, pool)):
        pass
    with portal.database.read() as connection:
        assert connection.execute(select(entity_docs.c.outline)).scalar_one() == before


def test_what_is_not_used_any_more_is_forgotten(portal: Portal, pool: Pool, source: Path) -> None:
    look(portal, pool)
    (source / "README.md").write_text("# Second\n")
    commit(source)
    look(portal, pool)
    assert jobs.forget_past(tools_of(portal, pool)) == 2, "a set and a text"
    assert [page.title for page in look(portal, pool).pages] == ["Second"]
