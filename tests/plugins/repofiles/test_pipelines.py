"""Continuous integration and workflows, and how hostile text is survived."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pluginworld import collect_one, make_subject, value_of, view

from plugins.contract import FailedFact, Missing
from plugins.repofiles.collector import RepositoryFiles

SHA = "a" * 40


def facts_of(files: dict[str, str], **more: Any) -> dict[str, Any]:
    facts = collect_one(RepositoryFiles(), view(files, **more), make_subject())
    return {n.removeprefix("repo."): value_of(state) for n, state in facts.items()}


@pytest.mark.parametrize(
    ("path", "system"),
    [
        (".github/workflows/ci.yaml", "github-actions"),
        (".gitlab-ci.yml", "gitlab-ci"),
        ("Jenkinsfile", "jenkins"),
        ("Jenkinsfile.release", "jenkins"),
        (".circleci/config.yml", "circleci"),
        ("azure-pipelines.yml", "azure-pipelines"),
        (".azure-pipelines/build.yml", "azure-pipelines"),
        (".buildkite/pipeline.yml", "buildkite"),
        (".travis.yml", "travis"),
        (".drone.star", "drone"),
        ("bitbucket-pipelines.yml", "bitbucket-pipelines"),
        (".tekton/push.yaml", "tekton"),
    ],
)
def test_systems_are_told_by_their_files(path: str, system: str) -> None:
    facts = facts_of({path: "a: 1\n", f"deep/{path}": "a: 1\n"})
    assert facts["ci.systems"] == (system,)
    assert facts["ci.paths"] == (path,)


def workflow(*commands: str) -> dict[str, str]:
    steps = "".join(f"      - run: {command!r}\n" for command in commands)
    return {".github/workflows/ci.yml": f"on: push\njobs:\n  a:\n    steps:\n{steps}"}


@pytest.mark.parametrize(
    "command",
    ["pytest -q", "python -m pytest", "go test ./...", "npm test", "npm run test:unit", "yarn test",
     "make check", "make -j4 test", "./gradlew clean build", "mvn -B verify", "cargo test --all",
     "dotnet test", "bundle exec rspec", "tox -e py312", "./scripts/run-tests.sh", "pnpm -r test",
     "poetry run pytest", "npx vitest run", "bazel test //...", "just test"],
)  # fmt: skip
def test_commands_that_run_tests_are_recognized(command: str) -> None:
    assert facts_of(workflow(command))["ci.runs_tests"] is True


@pytest.mark.parametrize(
    "command",
    ["make build", "npm ci", "test -f x", "docker build .", "echo latest", "go vet ./...",
     "./deploy.sh", "pip install -r requirements-test.txt", "git checkout main"],
)  # fmt: skip
def test_other_commands_run_no_tests(command: str) -> None:
    assert facts_of(workflow(command))["ci.runs_tests"] is False


@pytest.mark.parametrize(
    "command",
    ["ruff check .", "npm run lint", "golangci-lint run", "npx eslint src", "cargo clippy",
     "mypy .", "pre-commit run --all-files", "./gradlew spotlessCheck", "black --check ."],
)  # fmt: skip
def test_commands_that_run_a_linter_are_recognized(command: str) -> None:
    assert facts_of(workflow(command))["ci.runs_linter"] is True
    assert facts_of(workflow("make build"))["ci.runs_linter"] is False


def test_names_of_steps_are_no_commands() -> None:
    text = "jobs:\n  a:\n    steps:\n      - {name: Run pytest and eslint, run: make build}\n"
    facts = facts_of({".github/workflows/ci.yml": text})
    assert (facts["ci.runs_tests"], facts["ci.runs_linter"]) == (False, False)


def test_other_systems_are_read_too() -> None:
    assert facts_of({".gitlab-ci.yml": "t:\n  script: [pytest]\n"})["ci.runs_tests"] is True
    groovy = "pipeline { stages { stage('T') { steps { sh 'mvn -B test' } } } }\n"
    assert facts_of({"Jenkinsfile": groovy})["ci.runs_tests"] is True
    assert facts_of({"Jenkinsfile": "// sh 'mvn test'\nsh 'make'\n"})["ci.runs_tests"] is False


@pytest.mark.parametrize(
    "files",
    [
        {".gitlab-ci.yml": "include: [{project: org/ci}]\n"},
        {".github/workflows/ci.yml": "jobs: {a: {uses: org/ci/.github/workflows/x.yml@v1}}\n"},
        {".github/workflows/ci.yml": "jobs: {a: {steps: [{uses: ./.github/actions/all}]}}\n"},
        {".circleci/config.yml": "orbs: {node: circleci/node@5}\n"},
        {"Jenkinsfile": "@Library('shared') _\nbuildAll()\n"},
        {".github/workflows/ci.yml": "jobs: [\n"},
    ],
)
def test_what_is_out_of_sight_is_unknown_and_not_false(files: dict[str, str]) -> None:
    found = facts_of(files)["ci.runs_tests"]
    assert isinstance(found, FailedFact)
    assert next(iter(files)) in found.detail


def test_tests_that_are_seen_count_although_something_is_out_of_sight() -> None:
    files = {".gitlab-ci.yml": "include: [x]\nt: {script: [pytest]}\n"}
    assert facts_of(files)["ci.runs_tests"] is True


def test_more_workflows_than_are_read_are_unknown() -> None:
    facts = facts_of({f".github/workflows/{n}.yml": "jobs: {}\n" for n in range(51)})
    assert len(facts["ci.paths"]) == 51
    for name in ("ci.runs_tests", "ci.runs_linter", "actions.unpinned", "workflows.unrestricted"):
        assert isinstance(facts[name], FailedFact)
        assert "51" in facts[name].detail


WORKFLOW = f"""
permissions: {{contents: read}}
jobs:
  a:
    uses: other/ci/.github/workflows/x.yml@main
  b:
    steps:
      - uses: actions/checkout@v4
      - uses: github/codeql-action/init@v3
      - uses: Shop/own-action@main
      - uses: other/pinned@{SHA} # v2
      - uses: other/floating@v2
      - uses: other/floating@v2
      - uses: ./local
      - uses: docker://alpine:3
      - uses: docker://alpine@sha256:{"b" * 64}
      - run: make
      - nonsense
"""


def test_third_party_actions_without_a_commit_are_named() -> None:
    facts = facts_of({".github/workflows/ci.yml": WORKFLOW}, url="https://github.com/shop/pay")
    assert facts["actions.unpinned"] == (
        ".github/workflows/ci.yml: other/ci/.github/workflows/x.yml@main",
        ".github/workflows/ci.yml: other/floating@v2",
        ".github/workflows/ci.yml: docker://alpine:3",
    )
    assert facts["actions.used"] == 9
    assert facts["workflows.unrestricted"] == ()


def test_own_actions_elsewhere_are_third_party() -> None:
    files = {".github/workflows/ci.yml": "jobs: {a: {steps: [{uses: shop/x@v1}]}}\n"}
    for url, count in (("git@github.com:shop/pay", 0), ("https://git.example.org/shop/pay", 1)):
        assert len(facts_of(files, url=url)["actions.unpinned"]) == count


@pytest.mark.parametrize(
    ("permissions", "is_restricted"),
    [
        ("permissions: read-all\n", True),
        ("permissions: {}\n", True),
        ("permissions: {contents: read, issues: none}\n", True),
        ("permissions: write-all\n", False),
        ("permissions: {contents: write}\n", False),
        ("permissions:\n", False),
        ("", False),
    ],
)
def test_workflows_must_restrict_their_token_at_the_top(
    permissions: str, is_restricted: bool
) -> None:
    facts = facts_of({".github/workflows/ci.yml": permissions + "jobs: {}\n"})
    assert (facts["workflows.unrestricted"] == ()) is is_restricted


def test_workflow_that_does_not_parse_leaves_the_others_unknown() -> None:
    files = {".github/workflows/a.yml": "jobs: {}\n", ".github/workflows/b.yml": "jobs: [\n"}
    facts = facts_of(files)
    for name in ("actions.unpinned", "actions.used", "workflows.unrestricted"):
        assert isinstance(facts[name], FailedFact)
        assert "b.yml" in facts[name].detail


def test_repository_without_workflows_misses_their_facts() -> None:
    assert isinstance(facts_of({"x": ""})["actions.used"], Missing)


QUARTER = 1 << 18
PIECES = [
    "make -@", "mvn a ", "go ", "npm run ", "a/", "test", "#", "[", "\n", " ", "\\\n", "a@b.", "/*",
    '"dependencies": {', "dependencies = [#\n", "[packages]\n", "$A", "ENV A=" + "x" * 190 + "\n",
    "FROM $A$A$A\n", "gradlew :", "lint", "check-", "<h1", "===\n", "[x] ", "![[", "//", "require ",
]  # fmt: skip
PATHS = [
    "README.md", "CODEOWNERS", "LICENSE", "Dockerfile", "Jenkinsfile", "package.json", "go.mod",
    "pyproject.toml", "Pipfile", "Cargo.toml", "Gemfile", "mix.exs", "pubspec.yaml",
    "composer.json", "requirements.txt", "setup.cfg", ".gitlab-ci.yml", "mkdocs.yml",
    ".github/dependabot.yml", ".github/workflows/ci.yml",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_any_text_is_read_in_linear_time(piece: str) -> None:
    content = (piece * (QUARTER // len(piece) + 1))[:QUARTER]
    started = time.monotonic()
    facts_of(dict.fromkeys(PATHS, content))
    assert time.monotonic() - started < 10, "a quadratic reader would take minutes"


def test_hostile_paths_cost_little() -> None:
    deep = {"tests/" * 600 + f"{n}.txt": "" for n in range(300)}
    long = {"docs/" * 600 + "adr/" * 100 + "a" * 200 + f"{n}.x": "" for n in range(300)}
    started = time.monotonic()
    facts_of(deep | long)
    assert time.monotonic() - started < 5
