"""The collector `repo` as a whole: where it looks, what it says if it cannot, what it costs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from pluginworld import (
    COMMITTED_AT,
    NOW,
    collect_one,
    make_git,
    make_subject,
    value_of,
    view,
    write_files,
)

from plugins.contract import (
    Blob,
    Context,
    FailedFact,
    Missing,
    Repository,
    Snapshot,
    Source,
    Unknown,
    Unreadable,
)
from plugins.local import plugin as local_plugin
from plugins.repofiles.collector import RepositoryFiles
from plugins.repofiles.schemas import SCHEMAS

MONOREPO = {
    "README.md": "# Shop\n",
    "CHANGELOG.md": "",
    "LICENSE": "MIT License",
    "Dockerfile": "FROM scratch\nUSER 1\n",
    ".github/CODEOWNERS": "* @org/team\n",
    ".github/workflows/ci.yml": "jobs: {}\n",
    "tests/test_all.py": "",
    "docs/index.md": "",
    "services/a/catalog-info.yaml": "",
    "services/a/README.md": "# A\n\n## Use\n",
    "services/a/Dockerfile": "FROM python:3.12\n",
    "services/a/tests/test_a.py": "",
    "services/a/docs/one.md": "",
    "services/a/docs/two.md": "",
    "services/b/catalog-info.yaml": "",
    "services/b/src/main.py": "",
    "services/ab/x.py": "",
}


def facts_of(files: dict[str, Any], directory: str = "", **more: Any) -> dict[str, Any]:
    facts = collect_one(RepositoryFiles(), view(files, **more), make_subject(directory))
    return {n.removeprefix("repo."): value_of(state) for n, state in facts.items()}


def test_service_in_a_monorepo_has_its_own_files_first() -> None:
    facts = facts_of(MONOREPO, "services/a")
    assert facts["readme.path"] == "services/a/README.md"
    assert facts["readme.headings"] == 2
    assert facts["dockerfile.path"] == "services/a/Dockerfile"
    assert facts["tests.files"] == 1
    assert facts["docs.files"] == 2
    assert facts["changelog.path"] == "CHANGELOG.md"
    assert facts["codeowners.path"] == ".github/CODEOWNERS"
    assert facts["license.path"] == "LICENSE"
    assert facts["ci.systems"] == ("github-actions",)


def test_service_without_files_of_its_own_has_the_shared_ones_and_no_sibling_s() -> None:
    facts = facts_of(MONOREPO, "services/b")
    assert facts["readme.path"] == "README.md"
    assert facts["dockerfile.path"] == "Dockerfile"
    assert facts["tests.files"] == 1, "tests/test_all.py, and not services/a/tests"
    assert facts["docs.files"] == 1


def test_entity_at_the_root_speaks_for_the_whole_repository() -> None:
    assert facts_of(MONOREPO)["tests.files"] == 2
    assert facts_of(MONOREPO)["readme.path"] == "README.md"


def test_descriptor_in_dot_backstage_speaks_for_the_folder_around_it() -> None:
    assert facts_of(MONOREPO, "services/a/.backstage") == facts_of(MONOREPO, "services/a")
    assert facts_of(MONOREPO, ".backstage") == facts_of(MONOREPO)


def test_folder_with_a_similar_name_is_another_folder() -> None:
    files = {"services/a/x.py": "", "services/ab/tests/test_x.py": "", "services/a-b/test_y.py": ""}
    files |= {f"services/{n}/catalog-info.yaml": "" for n in ("a", "ab", "a-b")}
    assert isinstance(facts_of(files, "services/a")["tests.files"], Missing)


def test_vendored_folders_say_nothing() -> None:
    files = {
        "node_modules/x/README.md": "",
        "vendor/y/x_test.go": "",
        "a/third_party/Dockerfile": "",
    }
    facts = facts_of(files)
    assert isinstance(facts["tests.files"], Missing)
    assert isinstance(facts["dockerfile.path"], Missing)


def test_repository_that_cannot_be_read_fails_every_fact() -> None:
    facts = collect_one(RepositoryFiles(), None)
    assert len(facts) == len(SCHEMAS)
    for state in facts.values():
        assert isinstance(state, FailedFact)
        assert state.reason is Unknown.SOURCE_FAILED


def test_of_a_file_that_was_read_by_itself_nothing_is_said_to_be_missing() -> None:
    facts = facts_of({"shop.yaml": ""}, is_git=False, whole=False)
    assert len(facts) == len(SCHEMAS)
    for state in facts.values():
        assert isinstance(state, FailedFact)
        assert state.reason is Unknown.NOT_CONFIGURED
        assert "this file alone" in state.detail


def test_empty_repository_misses_everything_but_its_commit() -> None:
    facts = facts_of({})
    assert facts.pop("commit.id").startswith("c0ffee")
    assert facts.pop("commit.at") == COMMITTED_AT
    assert all(isinstance(state, Missing) and state.looked_for for state in facts.values())


def test_plain_folder_has_no_commit_and_says_so() -> None:
    facts = facts_of({"README.md": ""}, is_git=False)
    for name in ("commit.id", "commit.at"):
        assert isinstance(facts[name], FailedFact)
        assert facts[name].reason is Unknown.NOT_CONFIGURED


def test_record_says_where_it_looked() -> None:
    (record,) = RepositoryFiles().collect([make_subject()], view({}), now=NOW)
    assert record.url == "https://git.example.org/shop/payments"
    assert record.revision.startswith("c0ffee")
    assert (record.collector, record.observed_at, record.valid_until) == ("repo", NOW, None)


def test_file_that_cannot_be_read_fails_only_what_needs_its_content() -> None:
    files = {"README.md": "x", "CODEOWNERS": "x", "LICENSE": "x", "Dockerfile": "x"}
    facts = facts_of(files, unreadable=frozenset(files))
    assert facts["readme.path"] == "README.md"
    assert facts["readme.bytes"] == 1
    for name in ("readme.headings", "codeowners.valid", "license.spdx", "dockerfile.non_root"):
        assert isinstance(facts[name], FailedFact), name
        assert "too large" in facts[name].detail


class LocalView:
    """A repository on the disk, as the worker hands it to collectors."""

    def __init__(self, source: Source, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._source = source

    def read(self, path: str) -> Blob | Unreadable:
        return next(iter(self._source.read(self.snapshot, [path], max_bytes=1 << 20)))


def view_of(folder: Path) -> LocalView:
    source = local_plugin(Context(cache=folder)).sources[0]
    snapshot = source.snapshot(Repository(url=folder.as_uri(), name="x"))
    assert isinstance(snapshot, Snapshot)
    return LocalView(source, snapshot)


def test_real_git_repository_gives_the_facts_of_its_commit(tmp_path: Path) -> None:
    folder = make_git(tmp_path / "shop", {"README.md": "# Hi\r\n\r\n## There\r\n"})
    write_files(folder, {"README.md": "changed", "CHANGELOG.md": "not committed"})
    view_ = view_of(folder)
    (record,) = RepositoryFiles().collect([make_subject()], view_, now=NOW)
    assert value_of(record.facts["repo.readme.headings"]) == 2
    assert value_of(record.facts["repo.commit.id"]) == view_.snapshot.revision
    assert isinstance(record.facts["repo.changelog.path"], Missing)


@pytest.mark.parametrize("layout", ["one folder", "a folder each", "nested"])
def test_thousands_of_entities_are_collected_in_seconds(tmp_path: Path, layout: str) -> None:
    count = 4000
    if layout == "one folder":
        directories = [""] * count
        files = {f"e{n}.yaml": "" for n in range(count)}
    elif layout == "a folder each":
        directories = [f"services/s{n}" for n in range(count)]
        files = {f"{d}/catalog-info.yaml": "" for d in directories}
    else:
        directories = [
            "/".join(f"d{k}" for k in range(n % 40 + 1)) + f"/s{n}" for n in range(count)
        ]
        files = {f"{d}/README.md": "# A\n" for d in directories}
    write_files(tmp_path, files)
    subjects = [make_subject(d, ref=f"component:default/{n}") for n, d in enumerate(directories)]
    started = time.monotonic()
    records = list(RepositoryFiles().collect(subjects, view_of(tmp_path), now=NOW))
    assert len(records) == count
    assert time.monotonic() - started < 8
