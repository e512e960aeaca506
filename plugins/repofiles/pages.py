"""The documenter `repo`: the README of a service, the Markdown of its docs folder, its decisions.

The docs folder is what `backstage.io/techdocs-ref` names, else what a `mkdocs.yml` says, else a folder
called `docs`; like the README it is looked for in the service's folder first, then at the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from catalog.locations import web_url
from catalog.scm import forge_file
from plugins.contract import JsonValue, Outline, PageFile, RepositoryView, Subject
from plugins.repofiles import readme
from plugins.repofiles.docs import DECISIONS, FOLDERS, MKDOCS
from plugins.repofiles.mkdocs import inside, read_site
from plugins.repofiles.tree import Tree, folders, service_folder, tree_of

TECHDOCS_REF = "backstage.io/techdocs-ref"
UNLISTED = "Not in the navigation"

_NOT_LOOKED_AT = Outline(
    pages=(), note="The location names this file alone, and what lies beside it was not looked at."
)
_MARKDOWN = (".md", ".markdown")
_FIRST = re.compile(r"(?:index|readme)\.[^.]+", re.IGNORECASE)
_ONLY_WHERE_NAMED = frozenset({"group", "user", "location"})
"""Kinds that have no documentation for lying in a repository: it is about other things."""


class _Place(NamedTuple):
    """What the pages of an entity depend on."""

    folder: str
    base: str | None
    """Folder that the entity names; None: none, or none that can be read."""
    note: str


class RepositoryPages:
    """Markdown of the repository that an entity is declared in."""

    name = "repo"
    version = "1"

    def outlines(
        self, subjects: Sequence[Subject], repository: RepositoryView
    ) -> Iterable[tuple[str, Outline]]:
        """One outline for each subject; the same object for those of the same place."""
        nothing = Outline(pages=())
        if not repository.snapshot.whole:
            for subject in subjects:
                named = bool(_annotation(subject.entity).strip())
                yield subject.ref, _NOT_LOOKED_AT if named else nothing
            return
        tree = tree_of(repository)
        found: dict[_Place, Outline] = {}
        for subject in subjects:
            place = _place(tree, subject)
            if place is None:
                yield subject.ref, nothing
                continue
            if place not in found:
                found[place] = _outline(tree, place)
            yield subject.ref, found[place]


def _place(tree: Tree, subject: Subject) -> _Place | None:
    """None: the entity has no documentation."""
    kind = subject.ref.partition(":")[0]
    ref = _annotation(subject.entity).strip()
    if not ref and kind in _ONLY_WHERE_NAMED:
        return None
    folder = service_folder(subject.directory)
    base, note = _named(tree, subject.directory, ref) if ref else (None, "")
    return _Place(folder, base, note)


def _annotation(entity: Mapping[str, JsonValue]) -> str:
    metadata = entity.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    value = annotations.get(TECHDOCS_REF) if isinstance(annotations, dict) else None
    return value if isinstance(value, str) else ""


def _named(tree: Tree, directory: str, ref: str) -> tuple[str | None, str]:
    """The folder that a `techdocs-ref` names, or why it cannot be followed."""
    kind, _, target = ref.partition(":")
    shown = f"`{ref[:200]}`"
    if kind == "dir":
        folder = inside(directory, target or ".")
        if folder is None:
            return None, f"{shown} leads out of the repository, and is not followed."
    elif kind == "url":
        file = forge_file(target)
        home = web_url(tree.snapshot.repository.url)
        if file is None or file.home.lower() != home.lower():
            return None, f"{shown} is not in the repository of the entity, and is not read."
        folder = inside("", file.path.strip("/") or ".")
    else:
        return None, f"{shown} is neither `dir:` nor `url:`."
    if folder is None or not tree.below(folder):
        return None, f"{shown} names a folder in which there is nothing."
    return folder, ""


def _outline(tree: Tree, place: _Place) -> Outline:
    start = readme.find(tree, place.folder)
    first = [PageFile(path=start)] if start and _is_markdown(start) else []
    folder, nav = _docs(tree, place)
    below = [] if folder is None else _below(tree, folder)
    if nav:
        listed = {page.path for page in nav}
        rest = [one.path for one in (*first, *below) if one.path not in listed]
        ordered = [*nav, *(PageFile(path=path, section=UNLISTED) for path in rest)]
    else:
        ordered = [*first, *below]
    pages: dict[str, PageFile] = {}
    for page in (*ordered, *_decisions(tree, place.folder)):
        pages.setdefault(page.path, page)
    return Outline(pages=tuple(pages.values()), note=place.note)


def _docs(tree: Tree, place: _Place) -> tuple[str | None, tuple[PageFile, ...]]:
    """The folder of the pages, and what a navigation lists of them; None: there is no such folder."""
    for base in folders(place.folder) if place.base is None else (place.base,):
        if config := tree.first((base,), MKDOCS):
            site = read_site(tree, config)
            return site.folder, site.nav
        for name in FOLDERS:
            folder = f"{base}/{name}" if base else name
            if _below(tree, folder):
                return folder, ()
    # A folder that is named needs no other one in it; the whole of a repository is no documentation.
    return place.base or None, ()


def _below(tree: Tree, folder: str) -> list[PageFile]:
    """The Markdown below a folder by path, the first page of each folder before the others."""
    start = len(folder) + 1 if folder else 0
    found = [path for path in tree.below(folder) if _is_markdown(path)]
    return [
        PageFile(path=path, section=_section(path[start:])) for path in sorted(found, key=_order)
    ]


def _decisions(tree: Tree, directory: str) -> list[PageFile]:
    """Records of decisions in a folder beside the docs."""
    for base in folders(directory):
        for name in DECISIONS:
            folder = f"{base}/{name}" if base else name
            if found := _below(tree, folder):
                return [PageFile(path=one.path, section="Decisions") for one in found]
    return []


def _order(path: str) -> tuple[tuple[bool, str], ...]:
    *above, name = path.split("/")
    is_first = _FIRST.fullmatch(name) is not None
    return (*((True, part.lower()) for part in above), (not is_first, name.lower()))


def _section(path: str) -> str:
    """What a page is listed under, by its folder inside the docs."""
    steps = [" ".join(re.split(r"[-_ ]+", step)).strip() for step in path.split("/")[:-1]]
    return " / ".join(step[:1].upper() + step[1:] for step in steps if step)


def _is_markdown(path: str) -> bool:
    return path.lower().endswith(_MARKDOWN)
