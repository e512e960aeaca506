"""Continuous integration: which systems are configured, and whether they run tests and linters.

Told from the commands that the configuration names. What it calls elsewhere cannot be seen; then
'no' would be a guess, and the fact says that it was not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plugins.contract import FactState, FailedFact, JsonValue, Known, Missing, Problem
from plugins.repofiles.documents import read_yaml
from plugins.repofiles.states import Facts, list_or_missing, not_looked
from plugins.repofiles.tree import Tree

MOST_READ = 50
"""Files of configuration that are read; more of them fail the facts that need their content."""

_MOST_BYTES = 4 * 1024 * 1024
"""Of all these files together."""

_SYSTEMS = (
    ("github-actions", ".github/workflows", r".+\.ya?ml"),
    ("gitlab-ci", "", r"\.gitlab-ci\.ya?ml"),
    ("jenkins", "", r"Jenkinsfile(?:[._-].+)?"),
    ("circleci", ".circleci", r"config\.ya?ml"),
    ("azure-pipelines", "", r"\.?azure-pipelines?(?:[._-].+)?\.ya?ml"),
    ("azure-pipelines", ".azure-pipelines", r".+\.ya?ml"),
    ("buildkite", ".buildkite", r"pipeline(?:[._-].+)?\.(?:ya?ml|json|sh)"),
    ("travis", "", r"\.travis\.ya?ml"),
    ("drone", "", r"\.drone\.(?:ya?ml|star|jsonnet)"),
    ("bitbucket-pipelines", "", r"bitbucket-pipelines\.ya?ml"),
    ("tekton", ".tekton", r".+\.ya?ml"),
)
_PATTERNS = tuple((system, folder, re.compile(name)) for system, folder, name in _SYSTEMS)
_LOOKED_FOR = ".github/workflows, .gitlab-ci.yml, Jenkinsfile, .circleci, azure-pipelines.yml, ..."

_TESTS = re.compile(
    r"(?<![\w-])(?:pytest|py\.test|tox|nox|unittest|nosetests|jest|vitest|mocha|karma|ava|phpunit"
    r"|pest|rspec|ctest|gotestsum|ginkgo|behave|bats|cucumber|nextest|minitest"
    r"|(?:cypress|playwright|go|cargo|dotnet|bazel(?:isk)?|sbt|mix|swift|flutter|dart|xcodebuild"
    r"|stack|cabal|lein|deno|bun|zig|gradle|terraform|tofu|helm|forge|rails|hatch|pdm|nx|turbo"
    r"|lerna|rake|just|task|invoke|make|composer|npm|yarn|pnpm)"
    r"(?:[ \t]+(?:run|exec|-\S{1,60})){0,6}[ \t]+(?:[\w./@-]{1,60}[ \t]+)?(?:[\w.-]{1,60}:)?"
    r"(?:tests?|spec|check|verify|t)(?![\w./])"
    r"|mvnw?(?:[ \t]+\S{1,100}){0,12}[ \t]+(?:test|verify|package|install|deploy)"
    r"|gradlew?(?:[ \t]+\S{1,100}){0,12}[ \t]+(?:\S{0,60}:)?(?:test|check|build)"
    r")(?!\w)"
    r"|(?<![a-z])(?:tests?|check)[\w-]{0,40}\.(?:sh|py|bash|ps1|rb|js)(?!\w)",
    re.IGNORECASE,
)
"""Commands, with every repetition bounded: the text is hostile and a megabyte long."""

_LINTERS = re.compile(
    r"(?<![\w-])(?:ruff|flake8|mypy|pyright|bandit|go[ \t]+vet|staticcheck"
    r"|cargo[ \t]+(?:clippy|fmt)|black[ \t]+\S{0,100}--check|rubocop|standardrb|checkstyle\w*"
    r"|spotbugs\w*|spotless\w*|pmd\w*|ktfmt\w*|detekt|shellcheck|prettier|biome|phpstan|psalm"
    r"|php-cs-fixer|phpcs|credo|clang-(?:tidy|format)|cppcheck|pre-commit|megalinter|hadolint"
    r"|dotnet[ \t]+format|terraform[ \t]+fmt|tsc|gofmt|gofumpt|scalafmt\w*|scalafix|spectral"
    r"|redocly)(?!\w)"
    r"|lint",
    re.IGNORECASE,
)

_WORDS_FOR_PEOPLE = frozenset(
    {"name", "title", "description", "displayName", "label", "if", "on", "branches", "needs", "env",
     "variables", "key", "image", "stage", "stages", "rules", "only", "except", "paths", "when",
     "working-directory", "environment", "concurrency", "permissions", "container", "services"}
)  # fmt: skip
"""Keys under which nothing is run."""

_CALLS_ELSEWHERE = frozenset({"include", "orbs", "template", "taskRef", "pipelineRef"})
"""Keys that bring in steps from another file, GitHub's `uses` apart."""

_GROOVY_COMMENT = re.compile(r"(?<!:)//[^\n]*")
_GROOVY_LIBRARY = re.compile(r"@Library|\blibrary\b\s*[('\"]|\bload\s*[('\"]")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Commands:
    """What a file of configuration runs."""

    path: str
    text: str
    elsewhere: str
    """What it calls that cannot be seen here; '' if all can."""


def repository_facts(tree: Tree) -> Facts:
    """`repo.ci.*`."""
    found = [
        (system, path)
        for system, folder, name in _PATTERNS
        for path in tree.in_folder(folder, name)
    ]
    paths = sorted(path for _, path in found)
    facts: Facts = {
        "repo.ci.systems": list_or_missing(
            sorted({system for system, _ in found}), _LOOKED_FOR, path=paths[0] if paths else ""
        ),
        "repo.ci.paths": list_or_missing(paths, _LOOKED_FOR),
    }
    if not paths:
        runs: tuple[FactState, FactState] = (Missing(looked_for=_LOOKED_FOR),) * 2
    elif len(paths) > MOST_READ:
        runs = (not_looked(f"there are {len(paths)} files; {MOST_READ} at most are read"),) * 2
    elif (size := sum(tree.sizes[path] for path in paths)) > _MOST_BYTES:
        runs = (not_looked(f"the files have {size:,} bytes; {_MOST_BYTES:,} at most are read"),) * 2
    else:
        read = [_commands(tree, path) for path in paths]
        runs = _runs(read, _TESTS), _runs(read, _LINTERS)
    return facts | {"repo.ci.runs_tests": runs[0], "repo.ci.runs_linter": runs[1]}


def _runs(read: list[_Commands | FailedFact], wanted: re.Pattern[str]) -> FactState:
    """Whether any file runs it; unknown where what was not found may be out of sight."""
    for commands in read:
        if isinstance(commands, _Commands) and wanted.search(commands.text):
            return Known(value=True, path=commands.path)
    for commands in read:
        if isinstance(commands, FailedFact):
            return commands
        if commands.elsewhere:
            return not_looked(f"{commands.path} calls {commands.elsewhere}, which is not read")
    return Known(value=False)


def _commands(tree: Tree, path: str) -> _Commands | FailedFact:
    if not path.endswith((".yml", ".yaml")):
        text = tree.text(path)
        if isinstance(text, FailedFact):
            return text
        text = _joined(_GROOVY_COMMENT.sub(" ", text))
        library = "a shared library" if _GROOVY_LIBRARY.search(text) else ""
        return _Commands(path=path, text=text, elsewhere=library)
    documents = read_yaml(tree, path)
    if isinstance(documents, FailedFact):
        return documents
    if isinstance(documents, Problem):
        return not_looked(f"{path} cannot be parsed: {documents.message}")
    elsewhere: list[str] = []
    lines = "\n".join(_run_by(documents, elsewhere))
    return _Commands(path=path, text=_joined(lines), elsewhere=elsewhere[0] if elsewhere else "")


def _joined(text: str) -> str:
    """The text with continued lines on one line."""
    return text.replace("\\\n", " ")


def _run_by(data: JsonValue, elsewhere: list[str]) -> Iterator[str]:
    """Every text in `data` that may be a command; what is called elsewhere is added to the list."""
    waiting = [data]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case list(items):
                waiting.extend(items)
            case dict(mapping):
                for key, value in mapping.items():
                    if key in _CALLS_ELSEWHERE:
                        elsewhere.append(f"`{key}`")
                    elif key == "uses" and isinstance(value, str) and _is_out_of_sight(value):
                        elsewhere.append(value)
                    if key not in _WORDS_FOR_PEOPLE:
                        waiting.append(value)
            case _:
                pass


def _is_out_of_sight(uses: str) -> bool:
    """Whether steps that are not read decide what is tested; a published action does not."""
    if uses.startswith("./"):
        return not uses.startswith("./.github/workflows/")
    return "/.github/workflows/" in uses
