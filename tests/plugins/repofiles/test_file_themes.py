"""What single files and their names say: README, license, CODEOWNERS, docs, Dockerfile, ..."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluginworld import collect_one, make_subject, value_of, view

from catalog.descriptor.codeowners import read_codeowners
from plugins.contract import FailedFact, Missing
from plugins.repofiles.collector import RepositoryFiles
from plugins.repofiles.community import license_of
from plugins.repofiles.containers import read_dockerfile
from plugins.repofiles.readme import count_headings


def fact(name: str, files: dict[str, str]) -> Any:
    facts = collect_one(RepositoryFiles(), view(files), make_subject())
    return value_of(facts[f"repo.{name}"])


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("", 0),
        ("# One\n\ntext\n\n## Two ##\n", 2),
        ("#hash\n####### seven\n", 0),
        ("Title\n=====\n\nPart\n----\n", 2),
        ("====\nTitle\n====\n", 1),
        ("text\n\n---\n\nmore\n", 0),
        ("```\n# comment\n```\n# Real\n~~~sh\n# no\n~~~\n", 1),
        ("| a | b |\n| --- | --- |\n---\n", 0),
        ("= Title\n\n== Part\n", 2),
        ("* bullet\n* bullet\n", 0),
        ("<h1 align='center'>Logo</h1>\n", 1),
    ],
)
def test_headings_are_counted(text: str, headings: int) -> None:
    assert count_headings(text) == headings


def test_readme_is_found_in_any_case_and_where_the_forge_shows_it() -> None:
    assert fact("readme.path", {"readme.rst": ""}) == "readme.rst"
    assert (
        fact("readme.path", {"docs/README.md": "", ".github/README.md": ""}) == ".github/README.md"
    )
    assert isinstance(fact("readme.path", {"README.zh.md": "", "readme.py": ""}), Missing)
    assert fact("readme.bytes", {"README": "héllo"}) == 6


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("MIT\n\nPermission is hereby granted, free of charge,\nThe above copyright notice", "MIT"),
        ("  Apache License\n  Version 2.0, January 2004\n", "Apache-2.0"),
        ("GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007", "GPL-3.0"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3", "AGPL-3.0"),
        ("Mozilla Public License Version 2.0 ... GNU General Public License Version 2", "MPL-2.0"),
        ("Redistribution and use in source and binary forms ... Neither the name", "BSD-3-Clause"),
        ("Redistribution and use in source and\nbinary forms", "BSD-2-Clause"),
        ("SPDX-License-Identifier: EUPL-1.2", "EUPL-1.2"),
        ("All rights reserved.", ""),
    ],
)  # fmt: skip
def test_licenses_are_told_by_their_words(text: str, spdx: str) -> None:
    assert license_of(text) == spdx


def test_license_that_is_not_known_is_missing_and_its_path_is_known() -> None:
    files = {"LICENCE.md": "Ours alone."}
    assert fact("license.path", files) == "LICENCE.md"
    assert isinstance(fact("license.spdx", files), Missing)
    assert isinstance(fact("license.path", {"license-checker.js": "", "license.py": ""}), Missing)
    assert fact("license.spdx", {"LICENSES/ISC.txt": "..."}) == "ISC"


def test_codeowners_names_owners_and_the_rule_for_everything() -> None:
    read = read_codeowners("# us\n* @org/team # all\n/docs/ docs@example.org @bob\n/free\n")
    assert read.owners == ("@bob", "@org/team", "docs@example.org")
    assert (read.catch_all, read.fault) == (2, None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", 0),
        ("# only words\n", 0),
        ("* @org/team\n/x nobody\n", 2),
        ("!/x @bob\n", 1),
        ("\\\n", 1),
        ("* @org/team\r\n\r\n/y\\ z @bob\r\n", None),
        ("[Docs] @org/docs\n*.md\n", None),
        ("^[Optional][2] @org/docs\n*.md @bob\n", None),
    ],
)
def test_lines_that_forges_refuse_are_found(text: str, fault: int | None) -> None:
    assert read_codeowners(text.replace("\r\n", "\n")).fault == fault


def test_last_rule_for_everything_decides_and_may_free_it() -> None:
    assert read_codeowners("* @bob\n*\n").catch_all is None
    assert read_codeowners("[All] @org/all\n*\n").catch_all == 2
    assert read_codeowners("/src/ @bob\n").catch_all is None


def test_codeowners_of_the_first_place_counts() -> None:
    files = {".github/CODEOWNERS": "* @a\n", "CODEOWNERS": "* @b\n", "x/CODEOWNERS": "* @c\n"}
    assert fact("codeowners.path", files) == ".github/CODEOWNERS"
    assert fact("codeowners.owners", files) == ("@a",)
    assert fact("codeowners.catch_all", files) is True
    assert isinstance(fact("codeowners.path", {"x/CODEOWNERS": ""}), Missing)


@pytest.mark.parametrize(
    "path",
    ["test_a.py", "a/b_test.go", "src/x.spec.ts", "src/test/java/PayTest.java", "spec/pay_spec.rb",
     "tests/deep/er/helper.rs", "__tests__/x.js", "e2e/pay.feature", "PayIT.java", "t.bats"],
)  # fmt: skip
def test_tests_are_told_by_name_or_folder(path: str) -> None:
    assert fact("tests.files", {path: ""}) == 1


@pytest.mark.parametrize("path", ["src/contest.py", "latest.go", "tests/data.json", "attest/x.py"])
def test_other_files_are_no_tests(path: str) -> None:
    assert isinstance(fact("tests.files", {path: ""}), Missing)


def test_linters_are_found_in_files_of_their_own_and_in_shared_ones() -> None:
    assert fact("linter.configs", {".eslintrc.json": "", "x/ruff.toml": ""}) == (
        ".eslintrc.json",
        "x/ruff.toml",
    )
    assert fact("linter.configs", {"pyproject.toml": "[tool.ruff]\n"}) == ("pyproject.toml",)
    assert isinstance(fact("linter.configs", {"pyproject.toml": "[project]\n"}), Missing)
    many = {f"p{n}/package.json": "{}" for n in range(51)}
    assert isinstance(fact("linter.configs", many), FailedFact)


def test_documentation_is_counted() -> None:
    files = {"docs/index.md": "", "docs/adr/0001-x.md": "", "docs/adr/README.md": "",
             "docs/adr/template.md": "", "doc/decisions/2.rst": "", "docs/pic.png": ""}  # fmt: skip
    assert fact("docs.files", files) == 5
    assert fact("docs.adrs", files) == 2


@pytest.mark.parametrize(
    "path", ["RUNBOOK.md", "docs/runbooks/a.md", "ops/playbook.adoc", "docs/pay-runbook.md"]
)
def test_runbook_is_found(path: str) -> None:
    assert fact("docs.runbook", {path: "", "docs/a.md": ""}) == path


@pytest.mark.parametrize(
    ("text", "files", "valid"),
    [
        ("site_name: Pay\n", {"docs/index.md": ""}, True),
        ("site_name: Pay\n", {}, False),
        ("site_name: Pay\ndocs_dir: guide\n", {"guide/a.md": ""}, True),
        ("site_name: Pay\ndocs_dir: .\n", {"a.md": ""}, True),
        ("site_name: Pay\ndocs_dir: ../../etc\n", {}, False),
        ("nav: []\n", {"docs/index.md": ""}, False),
        ("site_name: [\n", {"docs/index.md": ""}, False),
        ("- x\n", {"docs/index.md": ""}, False),
        ("", {"docs/index.md": ""}, False),
        ("site_name: Pay\nhooks: [evil.py]\n", {"docs/index.md": ""}, True),
    ],
)
def test_mkdocs_is_checked_and_never_built(text: str, files: dict[str, str], valid: bool) -> None:
    assert fact("docs.mkdocs_valid", {"mkdocs.yml": text, **files}) is valid


def test_tags_of_mkdocs_are_no_fault() -> None:
    text = "site_name: Pay\nx: !!python/name:material.emoji\ny: !ENV [A, b]\n"
    found = fact("docs.mkdocs_valid", {"mkdocs.yml": text, "docs/index.md": ""})
    assert found is True or isinstance(found, FailedFact)


DIGEST = "@sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "non_root", "pinned"),
    [
        ("FROM python:3.12\n", False, False),
        (f"FROM python:3.12{DIGEST}\nUSER app\n", True, True),
        ("FROM x\nUSER root\n", False, False),
        ("FROM x\nUSER 0:0\n", False, False),
        ("FROM x\nUSER app\nUSER root\n", False, False),
        (f"FROM x{DIGEST} AS build\nUSER app\nFROM build\n", True, True),
        (f"FROM x{DIGEST} AS build\nUSER app\nFROM scratch\nCOPY --from=build a b\n", False, True),
        ("FROM gcr.io/distroless/static:nonroot\n", True, False),
        ("ARG U=1000\nFROM x\nUSER ${U}\n", True, False),
        (f"FROM --platform=linux/amd64 x{DIGEST} as b\nUSER \\\n  app\n", True, True),
        (f"# syntax\nfrom x{DIGEST}\r\nuser app\r\n", True, True),
    ],
)
def test_dockerfile_is_read(text: str, non_root: bool, pinned: bool) -> None:
    assert fact("dockerfile.non_root", {"Dockerfile": text}) is non_root
    assert fact("dockerfile.pinned_base", {"Dockerfile": text}) is pinned


def test_what_is_given_when_an_image_is_built_is_unknown() -> None:
    files = {"Dockerfile": "ARG BASE\nFROM $BASE\nUSER $WHO\n"}
    assert isinstance(fact("dockerfile.non_root", files), FailedFact)
    assert isinstance(fact("dockerfile.pinned_base", files), FailedFact)


def test_nearest_dockerfile_counts() -> None:
    files = {"deploy/prod/Dockerfile": "", "docker/Dockerfile.dev": "", "Dockerfile.md": "",
             ".devcontainer/Dockerfile": ""}  # fmt: skip
    assert fact("dockerfile.path", files) == "docker/Dockerfile.dev"


@pytest.mark.parametrize(
    ("files", "unlocked"),
    [
        ({"package.json": '{"dependencies": {"a": "1"}}'}, ("package.json",)),
        ({"package.json": '{"name": "x"}'}, ()),
        ({"package.json": '{"devDependencies": {"a": "1"}}', "yarn.lock": ""}, ()),
        ({"web/package.json": '{"dependencies": {"a": "1"}}', "pnpm-lock.yaml": ""}, ()),
        ({"go.mod": "module x\n\nrequire y v1\n"}, ("go.mod",)),
        ({"go.mod": "module x\n"}, ()),
        ({"pyproject.toml": 'dependencies = ["a"]\n'}, ("pyproject.toml",)),
        ({"pyproject.toml": "dependencies = [\n  # none yet\n]\n"}, ()),
        ({"pyproject.toml": 'dependencies = ["a"]\n', "uv.lock": ""}, ()),
        ({"pyproject.toml": 'dependencies = ["a"]\n', "requirements.txt": "a==1\n# x\n"}, ()),
        (
            {"pyproject.toml": 'dependencies = ["a"]\n', "requirements.txt": "a>=1\n"},
            ("pyproject.toml",),
        ),
        ({"Cargo.toml": "[dependencies]\na = 1\n"}, ("Cargo.toml",)),
        ({"go.mod": "", "tests/fixtures/package.json": '{"dependencies": {"a": "1"}}'}, ()),
    ],
)  # fmt: skip
def test_manifests_without_a_lockfile_are_named(
    files: dict[str, str], unlocked: tuple[str, ...]
) -> None:
    assert fact("manifests_unlocked", files) == unlocked


def test_update_tools_must_be_asked_to_do_something() -> None:
    dependabot = "version: 2\nupdates:\n  - package-ecosystem: pip\n"
    files = {".github/dependabot.yml": dependabot, "renovate.json": "{}"}
    assert fact("updates.tools", files) == ("dependabot", "renovate")
    assert fact("updates.tools", {"package.json": '{"renovate": {}}'}) == ("renovate",)
    empty = {".github/dependabot.yml": "version: 2\nupdates: []\n"}
    assert isinstance(fact("updates.tools", empty), Missing)
    broken = {".github/dependabot.yml": "version: [\n"}
    assert isinstance(fact("updates.tools", broken), FailedFact)


def test_api_definitions_and_the_files_for_people_are_found() -> None:
    files = {"api/openapi.yaml": "", "pay.proto": "", "x/schema.graphql": "", "openapi.py": "",
             "docs/SECURITY.md": "", "CONTRIBUTING.md": "", "HISTORY.rst": "",
             "go.sum": ""}  # fmt: skip
    assert fact("api_definitions", files) == ("api/openapi.yaml", "pay.proto", "x/schema.graphql")
    assert fact("security_policy.path", files) == "docs/SECURITY.md"
    assert fact("contributing.path", files) == "CONTRIBUTING.md"
    assert fact("changelog.path", files) == "HISTORY.rst"
    assert fact("lockfiles", files) == ("go.sum",)


def test_lists_are_never_cut() -> None:
    assert isinstance(fact("api_definitions", {f"{n}.proto": "" for n in range(501)}), FailedFact)


@given(st.text())
def test_readers_take_any_text(text: str) -> None:
    count_headings(text)
    license_of(text)
    read_codeowners(text)
    read_dockerfile(text)
