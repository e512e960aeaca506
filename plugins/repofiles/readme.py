"""The README: where it is, how long it is, how many headings it has."""

from __future__ import annotations

import re

from plugins.contract import FactState, FailedFact, Known, Missing
from plugins.repofiles.states import Facts, path_or_missing
from plugins.repofiles.tree import Tree, folders

_NAME = re.compile(r"readme(?:\.(?:md|markdown|rst|adoc|asciidoc|txt|org))?", re.IGNORECASE)
_LOOKED_FOR = "README, README.md, README.rst, README.adoc, README.txt"

_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+\S|={1,6} +\S|\*+ +\S|<h[1-6][\s>]", re.IGNORECASE)
_UNDERLINE = re.compile(r"([=\-~^\"'`+*#])\1{2,}\s*")


def facts(tree: Tree, directory: str) -> Facts:
    """`repo.readme.*`."""
    path = find(tree, directory)
    missing = Missing(looked_for=_LOOKED_FOR)
    return {
        "repo.readme.path": path_or_missing(path, _LOOKED_FOR),
        "repo.readme.bytes": Known(value=tree.sizes[path], path=path) if path else missing,
        "repo.readme.headings": _headings(tree, path) if path else missing,
    }


def find(tree: Tree, directory: str) -> str | None:
    """Where the README of a service is."""
    return tree.first(folders(directory, ".github", "docs"), _NAME)


def _headings(tree: Tree, path: str) -> FactState:
    text = tree.text(path)
    if isinstance(text, FailedFact):
        return text
    return Known(value=count_headings(text, is_org=path.lower().endswith(".org")), path=path)


def count_headings(text: str, *, is_org: bool = False) -> int:
    """Headings of Markdown, reStructuredText, AsciiDoc or Org; code blocks hold none."""
    count = 0
    fence = ""
    above = ""
    for line in text.split("\n"):
        marker = _FENCE.match(line)
        if fence:
            fence = "" if marker and marker[1] == fence else fence
            continue
        if marker:
            fence, above = marker[1], ""
            continue
        if _UNDERLINE.fullmatch(line):
            # Under a line of text it makes that a heading; elsewhere it is a rule or an overline.
            count += bool(above) and not above.startswith(("|", "+", " ", ">"))
            above = ""
            continue
        is_bullet = line.startswith("*") and not is_org
        if _HEADING.match(line) and not is_bullet:
            count += 1
            above = ""
            continue
        above = line.rstrip()
    return count
