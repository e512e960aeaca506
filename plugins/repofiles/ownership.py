"""CODEOWNERS: where it is, whether forges accept it, whom it names.

Source of the grammar: the forges' documentation. GitHub looks in `.github`, the root and `docs`;
GitLab in the root, `docs` and `.gitlab`, and has sections in brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from plugins.contract import FailedFact, Known, Missing
from plugins.repofiles.states import Facts, list_or_missing, path_or_missing
from plugins.repofiles.tree import Tree

_FOLDERS = (".github", "", "docs", ".gitlab", ".gitea")
_NAME = re.compile(r"CODEOWNERS")
_LOOKED_FOR = "CODEOWNERS at the root, in .github, docs or .gitlab"

_OWNER = re.compile(
    r"@@?[A-Za-z0-9][\w.-]*(?:/[\w./-]+)?"  # user, org/team, group/subgroup, @@role
    r"|[^\s@]+@[^\s@]+\.[^\s@]+"  # email
)
_LONGEST_OWNER = 320
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?\s*(?P<owners>.*)")
_FIELD = re.compile(r"(?:\\.|[^\s\\])+")
_EVERYTHING = frozenset({"*", "**", "/**", "/", "**/*", "/**/*"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeOwners:
    """A CODEOWNERS file, read."""

    owners: tuple[str, ...]
    """Sorted, without repeats."""
    catch_all: int | None
    """Line of the last rule for everything, if it names an owner."""
    fault: int | None
    """The first line that forges refuse or ignore; 0 for a file without any rule."""


def repository_facts(tree: Tree) -> Facts:
    """`repo.codeowners.*`."""
    path = tree.first(_FOLDERS, _NAME)
    text = tree.text(path) if path else None
    rest = ("valid", "catch_all", "owners")
    if path is None or text is None:
        missing = Missing(looked_for=_LOOKED_FOR)
        return {f"repo.codeowners.{name}": missing for name in ("path", *rest)}
    facts: Facts = {"repo.codeowners.path": path_or_missing(path, _LOOKED_FOR)}
    if isinstance(text, FailedFact):
        return facts | {f"repo.codeowners.{name}": text for name in rest}
    read = read_codeowners(text)
    return facts | {
        "repo.codeowners.valid": Known(
            value=read.fault is None, path=path, line=read.fault or None
        ),
        "repo.codeowners.catch_all": Known(
            value=read.catch_all is not None, path=path, line=read.catch_all
        ),
        "repo.codeowners.owners": list_or_missing(read.owners, "owners", path=path),
    }


def read_codeowners(text: str) -> CodeOwners:
    """The rules of a CODEOWNERS file."""
    owners: set[str] = set()
    section_owners: list[str] = []
    catch_all: int | None = None
    fault: int | None = None
    rules = 0
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if section := _SECTION.fullmatch(line):
            section_owners, wrong = _owners(section["owners"])
        else:
            found = _FIELD.match(line)
            pattern = found[0] if found else ""
            named, wrong = _owners(line[len(pattern) :])
            wrong = wrong or pattern.startswith("!") or not pattern
            rules += 1
            owners.update(named or section_owners)
            if pattern in _EVERYTHING:
                catch_all = number if named or section_owners else None
        owners.update(section_owners)
        if wrong and fault is None:
            fault = number
    if fault is None and not rules:
        fault = 0
    return CodeOwners(owners=tuple(sorted(owners)), catch_all=catch_all, fault=fault)


def _owners(text: str) -> tuple[list[str], bool]:
    """The owners in the rest of a line, and whether anything there is none."""
    words = text.split("#", 1)[0].split()
    good = [word for word in words if len(word) <= _LONGEST_OWNER and _OWNER.fullmatch(word)]
    return good, len(good) < len(words)
