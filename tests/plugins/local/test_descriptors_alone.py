"""Descriptors by themselves: what lies beside one costs nothing, and what it takes in is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluginworld import make_git, run_plain_git, write_files

from catalog.descriptor.inference import PLACES
from catalog.descriptor.placeholders import Base
from catalog.ingest.companions import taken_in
from catalog.parsing.documents import parse
from catalog.problems import Problem
from plugins.contract import Blob, Context, Failed, Repository, Snapshot, Source
from plugins.local import plugin
from plugins.local.tree import walk

COMPONENT = "kind: Component\nmetadata: {name: a, description: {$text: ./d/about.md}}\n"
API = "kind: API\nspec: {definition: {$openapi: api/openapi.yaml}}\n"

_seen: list[list[str]] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("open", "os.scandir", "os.listdir"):
        for one in _seen:
            one.append(f"{event} {arguments[0]!r}")


sys.addaudithook(_note)


@contextmanager
def noted() -> Iterator[list[str]]:
    """What is opened and listed meanwhile."""
    mine: list[str] = []
    _seen.append(mine)
    try:
        yield mine
    finally:
        _seen.remove(mine)


def local(*, working_tree: bool = False) -> Source:
    return plugin(Context(cache=Path("/nonexistent"), working_tree=working_tree)).sources[0]


def snapshot_of(file: Path, *, working_tree: bool = False) -> Snapshot:
    (repository,) = local().list(str(file)).repositories  # type: ignore[union-attr]
    snapshot = local(working_tree=working_tree).snapshot(repository)
    assert isinstance(snapshot, Snapshot), snapshot
    return snapshot


def paths_of(file: Path, **more: bool) -> list[str]:
    return [one.path for one in snapshot_of(file, **more).files]


def test_what_is_opened_and_listed_is_the_same_whatever_lies_beside(tmp_path: Path) -> None:
    """Else thousands of locations in one folder cost the square of their number."""
    write_files(tmp_path, {"a.yaml": COMPONENT, "d/about.md": "It sells."})
    with noted() as by_itself:
        first = snapshot_of(tmp_path / "a.yaml")
    write_files(tmp_path, {f"{n}.yaml": COMPONENT for n in range(3000)})
    write_files(tmp_path, {f"d/{n}.md": "" for n in range(100)})
    with noted() as among_others:
        second = snapshot_of(tmp_path / "a.yaml")
    assert [one.path for one in first.files] == ["a.yaml", "d/about.md"]
    assert second == first
    assert among_others == by_itself
    assert not [one for one in by_itself if not one.startswith("open ")]


def test_a_descriptor_that_changes_or_takes_in_what_changes_has_another_revision(
    tmp_path: Path,
) -> None:
    write_files(tmp_path, {"a.yaml": COMPONENT, "b.yaml": COMPONENT})
    revisions = [snapshot_of(tmp_path / "a.yaml").revision]
    for path in ("d/about.md", "a.yaml", "docs/CODEOWNERS"):
        write_files(tmp_path, {path: f"{COMPONENT}# {path}\n"})
        revisions.append(snapshot_of(tmp_path / "a.yaml").revision)
    assert len(set(revisions)) == 4
    write_files(tmp_path, {"b.yaml": "kind: API\n", "README.md": "", "d/else.md": ""})
    assert snapshot_of(tmp_path / "a.yaml").revision == revisions[-1]


def test_what_definitions_refer_to_belongs_to_the_descriptor(tmp_path: Path) -> None:
    files = {
        "a.yaml": API,
        "api/openapi.yaml": "paths: {/pets: {$ref: parts/pets.yaml}}\n",
        "api/parts/pets.yaml": "get: {$ref: '../types.yaml#/Pet'}\n",
        "api/types.yaml": "Pet: {type: string}\n",
        "api/unused.yaml": "",
    }
    write_files(tmp_path, files)
    assert paths_of(tmp_path / "a.yaml") == sorted({*files} - {"api/unused.yaml"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("all.yaml", "kind: Location\nspec: {targets: ['./*.yml']}\n"),
        ("all.yaml", 'kind: "Loc\\x61tion"\n'),
        ("all.yaml", f"{COMPONENT}---\nkind: Location\n"),
        ("all.yaml", "{kind: Location}"),
        ("all.yaml", "{kind: Location , spec: {}}"),
        ("all.yaml", '{"kind":"Location"}'),
        ("all.yaml", "kind: 'Location' # of all\n"),
        ("all.yaml", "kind: !!str Location"),
        ("all.yaml", "metadata: {title: &all Location}\nkind: *all\n"),
        ("all.yaml", "kind: >-\n  Location\n"),
        ("all.yaml", '"kind"\r\n:\r\n  Location\r\n'),
        ("catalog-info.yaml", COMPONENT),
        ("catalog-info.yml", COMPONENT),
    ],
)
def test_a_descriptor_that_speaks_for_its_folder_is_read_with_it(
    tmp_path: Path, name: str, text: str
) -> None:
    write_files(tmp_path, {name: text, "b.yml": "", "c/d.yml": "", "README.md": ""})
    snapshot = snapshot_of(tmp_path / name)
    assert {file.path for file in snapshot.files} == {name, "b.yml", "c/d.yml", "README.md"}
    assert snapshot.whole


BEFORE = ("kind:", "{kind: ", '{"kind":', "? kind\n: ", "a: &a Location\nkind: *a", "kind: &a ")
AROUND = ("", " ", "\n", "\t", "'", '"', ",", "}", "#", ":", "!!str ", ">-\n  ", "\u2028")
WORDS = ("Location", "Loc\\x61tion", "Loc\\\nation", "a: b")


def test_no_location_is_overlooked(tmp_path: Path) -> None:
    held = 0
    for text in map("".join, product(BEFORE, AROUND, WORDS, AROUND)):
        read = parse(text.encode(), file="a.yaml").values
        if "Location" in [one.get("kind") for one in read if isinstance(one, dict)]:
            held += 1
            write_files(tmp_path, {"a.yaml": text})
            assert snapshot_of(tmp_path / "a.yaml").whole, text
    assert held > 50


def test_a_word_that_makes_no_location_leads_nowhere(tmp_path: Path) -> None:
    text = (
        "kind: API\nmetadata: {description: Location service, title: Locations}\n"
        "spec: {definition: {headers: {Location: x, 'Location': x, \"Location\": x}}}\n"
    )
    write_files(tmp_path, {"a.yaml": text, "b.yaml": ""})
    assert paths_of(tmp_path / "a.yaml") == ["a.yaml"]


def test_a_descriptor_in_a_git_repository_is_of_that(tmp_path: Path) -> None:
    make_git(tmp_path, {"a.yaml": COMPONENT, "b.yaml": ""})
    for working_tree in (False, True):
        snapshot = snapshot_of(tmp_path / "a.yaml", working_tree=working_tree)
        assert [file.path for file in snapshot.files] == ["a.yaml", "b.yaml"]
        assert snapshot.whole
        assert snapshot.revision == run_plain_git(tmp_path, "rev-parse", "HEAD")


def test_links_and_what_lies_outside_are_not_taken_in(tmp_path: Path) -> None:
    texts = ("link.md", "folder/about.md", "../secret.md", "/etc/passwd", "node_modules/x.md")
    write_files(
        tmp_path,
        {
            "secret.md": "s",
            "outside/about.md": "s",
            "shop/node_modules/x.md": "",
            "shop/real.md": "r",
            "shop/a.yaml": "".join(f"- $text: {one}\n" for one in (*texts, "real.md")),
        },
    )
    (tmp_path / "shop/link.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "shop/folder").symlink_to(tmp_path / "outside")
    assert paths_of(tmp_path / "shop/a.yaml") == ["a.yaml", "real.md"]


def test_names_that_no_file_can_have_harm_no_other(tmp_path: Path) -> None:
    odd = (b"x" * 900, b"a\0b", b"\xff", b"a/" * 300 + b"b", b"..", b"a.yaml/b", b"https://x.y/z")
    text = b"".join(b"- $text: %s\n" % one for one in odd)
    write_files(tmp_path, {"a.yaml": text + b"- $json: b.json\n", "b.json": "{}"})
    assert paths_of(tmp_path / "a.yaml") == ["a.yaml", "b.json"]


def test_a_descriptor_that_went_or_became_a_link_is_not_found(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.yaml": COMPONENT, "b.yaml": COMPONENT})
    (repository,) = local().list(str(tmp_path / "a.yaml")).repositories  # type: ignore[union-attr]
    (tmp_path / "a.yaml").unlink()
    assert problem_of(repository) == "FILE_NOT_FOUND"
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    assert problem_of(repository) == "FILE_NOT_FOUND"


def problem_of(repository: Repository) -> str:
    snapshot = local().snapshot(repository)
    assert isinstance(snapshot, Failed), snapshot
    return snapshot.problem.code


NAMES = (
    "about.md",
    "d/about.md",
    "d/api.yaml",
    "docs/CODEOWNERS",
    "CODEOWNERS",
    "link.md",
    "d/e/x",
)
REFERENCES = st.sampled_from(["./api.yaml", "../about.md", "e/x", "d/api.yaml", "#/a", "nothing"])
PLACEHOLDERS = st.builds(
    "{{{}: {}}}".format,
    st.sampled_from(["$text", '"$openapi"', "$asyncapi", "$yaml"]),
    st.sampled_from(["./about.md", "/d/api.yaml", "d/../d/e/x", "link.md", "../x", "none.md"]),
)


@given(
    there=st.sets(st.sampled_from(NAMES)),
    inner=st.lists(REFERENCES),
    placeholders=st.lists(PLACEHOLDERS),
)
def test_a_descriptor_takes_in_what_it_would_with_its_whole_folder(
    there: set[str], inner: list[str], placeholders: list[str]
) -> None:
    with TemporaryDirectory() as made:
        folder = Path(made)
        content = "".join(f"- {one}\n" for one in placeholders)
        write_files(folder, {path: "".join(f"- $ref: {one}\n" for one in inner) for path in there})
        write_files(folder, {"a.yaml": content, "beside.yaml": ""})
        if "link.md" not in there:
            os.symlink("beside.yaml", folder / "link.md")
        snapshot = snapshot_of(folder / "a.yaml")
        every = walk(folder)
        assert not isinstance(every, Problem)
        seen = {file.path: file for file in snapshot.files}
        rest = {file.path: file for file in every}
        assert seen.items() <= rest.items()
        assert taken(snapshot, seen, content) == taken(snapshot, rest, content)
        assert [one for one in PLACES if one in seen] == [one for one in PLACES if one in rest]


def taken(
    snapshot: Snapshot, files: Mapping[str, object], content: str
) -> dict[str, bytes | Problem]:
    """What the descriptor takes in, where these files are known to be there."""

    def read(key: str) -> bytes | Problem | None:
        if key not in files:
            return None
        (found,) = local().read(snapshot, [key], max_bytes=1000)
        return found.content if isinstance(found, Blob) else found.problem

    return taken_in(content.encode(), Base(path="a.yaml"), read)
