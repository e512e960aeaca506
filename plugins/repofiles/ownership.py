"""CODEOWNERS: where it is, whether forges accept it, and whom it names.

What it says is read by `catalog.descriptor.codeowners`.
"""

from __future__ import annotations

import re

from catalog.descriptor.codeowners import FOLDERS, read_codeowners
from plugins.contract import FailedFact, Known, Missing
from plugins.repofiles.states import Facts, list_or_missing, path_or_missing
from plugins.repofiles.tree import Tree

_NAME = re.compile(r"CODEOWNERS")
_LOOKED_FOR = "CODEOWNERS at the root, in .github, docs or .gitlab"


def repository_facts(tree: Tree) -> Facts:
    """`repo.codeowners.*`."""
    path = tree.first(FOLDERS, _NAME)
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
