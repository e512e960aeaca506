"""Dependencies: lockfiles, manifests without one, and the tools that keep them up to date."""

from __future__ import annotations

import re
from dataclasses import dataclass

from plugins.contract import FactState, FailedFact, Known, Missing, Problem
from plugins.repofiles.documents import read_yaml
from plugins.repofiles.states import Facts, list_or_missing, not_looked
from plugins.repofiles.tree import Tree, name_of

_LOCKFILE = re.compile(
    r"package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?"
    r"|deno\.lock|poetry\.lock|uv\.lock|pdm\.lock|pylock(?:\.[\w-]+)?\.toml|Pipfile\.lock"
    r"|requirements[\w.-]*\.lock|Cargo\.lock|go\.sum|composer\.lock|Gemfile\.lock|mix\.lock"
    r"|gradle\.lockfile|packages\.lock\.json|pubspec\.lock|Podfile\.lock|Package\.resolved"
    r"|flake\.lock|\.terraform\.lock\.hcl|conan\.lock|Chart\.lock"
)
_NOT_BUILT = frozenset(
    {"testdata", "fixture", "fixtures", "__fixtures__", "example", "examples", "template",
     "templates", "skeleton", "skeletons", "test", "tests"}
)  # fmt: skip
"""Folders whose manifests belong to samples."""

_MOST_READ = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """A kind of manifest."""

    locks: re.Pattern[str]
    """Names of its lockfiles, beside it or further up."""
    depends: re.Pattern[str]
    """What its text has when it names dependencies at all; without any it needs no lock."""


def _kind(locks: str, depends: str) -> _Kind:
    return _Kind(locks=re.compile(locks), depends=re.compile(depends, re.MULTILINE))


_KINDS = {
    "package.json": _kind(
        r"package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?",
        r'"(?:dev|optional)?[dD]ependencies"\s*:\s*\{\s*"',
    ),
    "pyproject.toml": _kind(
        r"poetry\.lock|uv\.lock|pdm\.lock|pylock(?:\.[\w-]+)?\.toml|requirements[\w.-]*\.lock",
        r"^dependencies[ \t]*=[ \t]*\[\s*(?:#[^\n]*\n\s*)*[\"']|^\[tool\.poetry\.dependencies\]",
    ),
    "Pipfile": _kind(r"Pipfile\.lock", r"^\[(?:dev-)?packages\]\s+[\w\"']"),
    "Cargo.toml": _kind(r"Cargo\.lock", r"^\[(?:[^\]\n]*[.-])?dependencies\b"),
    "go.mod": _kind(r"go\.sum", r"^require\b"),
    "composer.json": _kind(r"composer\.lock", r'"require(?:-dev)?"\s*:\s*\{\s*"'),
    "Gemfile": _kind(r"Gemfile\.lock", r"^[ \t]*gem\b"),
    "mix.exs": _kind(r"mix\.lock", r"\{:\w+\s*,"),
    "pubspec.yaml": _kind(r"pubspec\.lock", r"^(?:dev_)?dependencies:\s+\w"),
}
_REQUIREMENTS = re.compile(r"requirements[\w.-]*\.txt")
_RENOVATE = re.compile(r"renovate\.json5?|\.renovaterc(?:\.json5?)?")
_DEPENDABOT = re.compile(r"dependabot\.ya?ml")
_PACKAGE = re.compile(r"package\.json")
_TOOLS_LOOKED_FOR = ".github/dependabot.yml, renovate.json, .renovaterc"


def facts(tree: Tree, directory: str) -> Facts:
    """`repo.lockfiles` and `repo.manifests_unlocked`."""
    return {
        "repo.lockfiles": list_or_missing(
            tree.matching(directory, _is_lockfile), "package-lock.json, poetry.lock, go.sum, ..."
        ),
        "repo.manifests_unlocked": _unlocked(tree, directory),
    }


def repository_facts(tree: Tree) -> Facts:
    """`repo.updates.tools`: of a tool whose configuration asks for something."""
    tools = []
    failure: FailedFact | None = None
    path = tree.first((".github",), _DEPENDABOT)
    if path is not None:
        works = _dependabot_works(tree, path)
        if isinstance(works, FailedFact):
            failure = works
        elif works:
            tools.append("dependabot")
    renovate = tree.first(("", ".github", ".gitlab"), _RENOVATE)
    package = tree.first(("",), _PACKAGE)
    if renovate is None and package is not None:
        text = tree.text(package)
        if not isinstance(text, FailedFact) and re.search(r'"renovate"\s*:\s*\{', text):
            renovate = package
    if renovate is not None:
        tools.append("renovate")
    if not tools and failure is not None:
        return {"repo.updates.tools": failure}
    shown = path if tools == ["dependabot"] else renovate
    return {"repo.updates.tools": list_or_missing(tools, _TOOLS_LOOKED_FOR, path=shown or "")}


def _dependabot_works(tree: Tree, path: str) -> bool | FailedFact:
    documents = read_yaml(tree, path)
    if isinstance(documents, FailedFact):
        return documents
    if isinstance(documents, Problem):
        return not_looked(f"{path} cannot be parsed: {documents.message}")
    return any(isinstance(data, dict) and bool(data.get("updates")) for data in documents)


def _unlocked(tree: Tree, directory: str) -> FactState:
    manifests = tree.matching(directory, _is_manifest)
    if not manifests:
        return Missing(looked_for="package.json, pyproject.toml, go.mod, Cargo.toml, ...")
    suspects = [path for path in manifests if not _has_lock(tree, path)]
    if len(suspects) > _MOST_READ:
        return not_looked(
            f"{len(suspects)} manifests have no lockfile; {_MOST_READ} at most are read"
        )
    unlocked = []
    for path in suspects:
        text = tree.text(path)
        if isinstance(text, FailedFact):
            return text
        if _KINDS[name_of(path)].depends.search(text):
            unlocked.append(path)
    return Known(value=tuple(unlocked), path=unlocked[0] if unlocked else manifests[0])


def _is_lockfile(path: str) -> bool:
    return _LOCKFILE.fullmatch(name_of(path)) is not None


def _is_manifest(path: str) -> bool:
    return name_of(path) in _KINDS and _NOT_BUILT.isdisjoint(path.split("/")[:-1])


def _has_lock(tree: Tree, manifest: str) -> bool:
    """Whether a lockfile lies beside the manifest or above it, as in workspaces."""
    folder, _, name = manifest.rpartition("/")
    parts = folder.split("/") if folder else []
    above = tuple("/".join(parts[:length]) for length in range(len(parts), -1, -1))
    if tree.first(above, _KINDS[name].locks) is not None:
        return True
    return name == "pyproject.toml" and any(
        _is_pinned(tree, path) for path in tree.in_folder(folder, _REQUIREMENTS)
    )


def _is_pinned(tree: Tree, path: str) -> bool:
    """Whether every line of a requirements file names one version: then it is a lockfile."""
    text = tree.text(path)
    if isinstance(text, FailedFact):
        return False
    lines = [line.strip() for line in text.replace("\\\n", " ").split("\n")]
    stated = [line for line in lines if line and not line.startswith(("#", "-"))]
    return bool(stated) and all("==" in line or " @ " in line for line in stated)
