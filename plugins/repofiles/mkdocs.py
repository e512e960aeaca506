"""What MkDocs is told of pages: their folder, their order and their titles. Nothing is ever built.

The file may hold tags that name code (`!!python/name:`), and does where diagrams or icons are used:
only the blocks that matter here are parsed, and the rest is not looked at.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from catalog.parsing.documents import parse
from plugins.contract import FailedFact, JsonValue, PageFile
from plugins.repofiles.tree import Tree

MOST_ENTRIES = 2000
"""Entries of a navigation that are looked at."""
DEEPEST = 10
"""Sections in one another."""

_BLOCK = re.compile(r"^(nav|docs_dir)[ \t]*:.*\n?(?:(?:[ \t#-].*)?(?:\n|\Z))*", re.MULTILINE)
_WEB = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What a `mkdocs.yml` says of its pages."""

    folder: str
    """Of the pages, inside the repository."""
    nav: tuple[PageFile, ...]
    """The pages that its navigation lists, in order; empty where it has none."""


def read_site(tree: Tree, path: str) -> Site:
    """What the `mkdocs.yml` at `path` says; MkDocs' own defaults where it cannot be read."""
    home = posixpath.dirname(path)
    text = tree.text(path)
    told: dict[str, JsonValue] = {}
    for block in () if isinstance(text, FailedFact) else _BLOCK.finditer(text):
        values = parse(block[0].encode(), file=path).values
        if len(values) == 1 and isinstance(values[0], dict):
            told |= values[0]
    stated = told.get("docs_dir")
    folder = inside(home, stated if isinstance(stated, str) else "docs")
    if folder is None:
        folder = inside(home, "docs") or ""
    pages: dict[str, PageFile] = {}
    for number, page in enumerate(_entries(told.get("nav"), folder, ())):
        if number >= MOST_ENTRIES:
            break
        if page.path in tree.sizes:
            pages.setdefault(page.path, page)
    return Site(folder=folder, nav=tuple(pages.values()))


def inside(folder: str, relative: str) -> str | None:
    """A path of the repository, '' for its root; None where it leads out of it."""
    if relative.startswith("/") or "\0" in relative:
        return None
    path = posixpath.normpath(posixpath.join(folder, relative))
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path


def _entries(nav: JsonValue, folder: str, sections: tuple[str, ...]) -> Iterator[PageFile]:
    """The pages of a navigation: paths, or mappings of titles to paths or to further lists."""
    if not isinstance(nav, list) or len(sections) > DEEPEST:
        return
    for entry in nav:
        named = entry.items() if isinstance(entry, dict) else [("", entry)]
        for title, target in named:
            if isinstance(target, list):
                yield from _entries(target, folder, (*sections, title))
            elif isinstance(target, str) and not _WEB.match(target):
                path = inside(folder, target)
                if path is not None:
                    yield PageFile(path=path, title=title, section=" / ".join(sections))
