"""Documenting: in a child, the pages that plugins name for entities, read, bounded and packed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import orjson

from catalog.documentation import (
    LARGEST_PAGE,
    LONGEST_TITLE,
    MOST_BYTES,
    MOST_PAGES,
    Documentation,
    Outline,
    PageFile,
    Pages,
    PageState,
    PageText,
    ReadPage,
    first_heading,
    name_title,
    plain_title,
    printable,
)
from catalog.sources import Blob, Snapshot, TreeFile, Unreadable
from plugins.contract import Documenter, RepositoryView, Subject

EDITION = "1"
"""Raised where the same files give other pages: all are read anew."""

QUICK = 1
"""Level of compression: the others take several times as long for a tenth less."""

LONGEST_NOTE = 500


class ReadableView(RepositoryView, Protocol):
    """A repository of which many files can be read in one go."""

    def read_all(self, paths: Sequence[str]) -> list[Blob | Unreadable]:
        """These files of the snapshot, in order."""
        ...


def document(
    documenters: Sequence[Documenter],
    subjects: Sequence[Subject],
    view: ReadableView | None,
    known: Mapping[str, str],
) -> tuple[Documentation, ...]:
    """The documentation of each subject; nothing where the repository cannot be read.

    `known` are the digests of the outlines that are stored, by ref: where one is still the same, no
    page is read.
    """
    if view is None:
        return ()
    snapshot = view.snapshot
    outlines = _outlines(documenters, subjects, view)
    edition = edition_of(documenters)
    files = _files(snapshot, outlines)
    # Entities of one folder share their outlines, and so their pages.
    digests: dict[tuple[int, ...], str] = {}
    read: dict[tuple[int, ...], Pages] = {}
    found = []
    for subject in subjects:
        named = outlines.get(subject.ref, ())
        key = tuple(map(id, named))
        if key not in digests:
            digests[key] = _digest(edition, named, files)
        digest = digests[key]
        if known.get(subject.ref) != digest and key not in read:
            read[key] = _pages(named, files, view.read_all)
        found.append(
            Documentation(
                ref=subject.ref,
                url=snapshot.repository.url,
                revision=_commit(snapshot),
                committed_at=snapshot.committed_at,
                outline=digest,
                pages=None if known.get(subject.ref) == digest else read[key],
            )
        )
    return tuple(found)


def read_with(documenters: Iterable[Documenter]) -> list[str]:
    """All that makes the same files come to other pages, in words."""
    return [f"pages={EDITION}", *(f"pages of {one.name}={one.version}" for one in documenters)]


def edition_of(documenters: Iterable[Documenter]) -> str:
    """The same in one word, with which digests of outlines begin."""
    return hashlib.sha256(orjson.dumps(read_with(documenters))).hexdigest()[:12]


def _outlines(
    documenters: Sequence[Documenter], subjects: Sequence[Subject], view: RepositoryView
) -> dict[str, tuple[Outline, ...]]:
    found: dict[str, tuple[Outline, ...]] = {}
    for documenter in documenters:
        for ref, outline in _told(documenter, subjects, view):
            found[ref] = (*found.get(ref, ()), outline)
    return found


def _told(
    documenter: Documenter, subjects: Sequence[Subject], view: RepositoryView
) -> list[tuple[str, Outline]]:
    """What it says about each subject; where it raises, that one has a note, and the others their pages."""
    try:
        return list(documenter.outlines(subjects, view))
    except MemoryError:
        raise  # that is the whole process's, and not this subject's
    except Exception as error:  # noqa: BLE001 - a stranger's code: the others are asked without it
        if len(subjects) > 1:
            return [told for one in subjects for told in _told(documenter, [one], view)]
        note = f"The pages could not be listed: {documenter.name} raised {type(error).__name__}: {error}."
        return [(subjects[0].ref, Outline(pages=(), note=note))]


def _files(snapshot: Snapshot, outlines: Mapping[str, Sequence[Outline]]) -> dict[str, TreeFile]:
    """By path the files that outlines name, of a repository that may hold any number."""
    named = {page.path for told in outlines.values() for one in told for page in one.pages}
    return {file.path: file for file in snapshot.files if file.path in named} if named else {}


def _digest(edition: str, outlines: Sequence[Outline], files: Mapping[str, TreeFile]) -> str:
    """Changes with all that the pages are made from."""
    told = [
        [
            [one.path, one.title, one.section, files[one.path].token]
            for one in _named(outline, files)
        ]
        for outline in outlines
    ]
    notes = [outline.note for outline in outlines]
    return f"{edition}/{hashlib.sha256(orjson.dumps([told, notes])).hexdigest()}"


def _named(outline: Outline, files: Mapping[str, TreeFile]) -> list[PageFile]:
    """The pages that there are: a file that is not in the snapshot is none."""
    return [page for page in outline.pages if page.path in files]


def _pages(
    outlines: Sequence[Outline],
    files: Mapping[str, TreeFile],
    read_all: Callable[[Sequence[str]], list[Blob | Unreadable]],
) -> Pages:
    by_path: dict[str, PageFile] = {}
    for outline in outlines:
        for page in _named(outline, files):
            by_path.setdefault(page.path, page)
    listed = list(by_path.values())[:MOST_PAGES]
    wanted, room = [], MOST_BYTES
    for page in listed:
        size = files[page.path].size
        if size <= LARGEST_PAGE and size <= room:
            wanted.append(page.path)
            room -= size
    contents = {one.path: one for one in read_all(wanted)}
    return Pages(
        pages=tuple(_page(one, files[one.path].size, contents.get(one.path)) for one in listed),
        left_out=len(by_path) - len(listed),
        note=printable(" ".join(one.note for one in outlines if one.note))[:LONGEST_NOTE],
    )


def _page(page: PageFile, size: int, found: Blob | Unreadable | None) -> ReadPage:
    """A page of which `found` is the content; None: it was not asked for, as it would be too much."""
    text = ""
    if found is None:
        state = PageState.TOO_LARGE if size > LARGEST_PAGE else PageState.OVER_LIMIT
    elif isinstance(found, Unreadable):
        state = PageState.UNREADABLE
    elif len(found.content) > LARGEST_PAGE:  # it has grown since it was listed
        state = PageState.TOO_LARGE
    else:
        size = len(found.content)
        decoded = _decoded(found.content)
        state, text = (PageState.NOT_TEXT, "") if decoded is None else (PageState.TEXT, decoded)
    return ReadPage(
        path=page.path,
        title=plain_title(page.title) or first_heading(text) or name_title(page.path),
        section=plain_title(page.section)[:LONGEST_TITLE],
        state=state,
        size=size,
        text=_packed(text) if state is PageState.TEXT else None,
    )


def _decoded(content: bytes) -> str | None:
    """The text with `\\n` at line ends; None where it is none."""
    if b"\0" in content:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _packed(text: str) -> PageText:
    raw = text.encode()
    return PageText(digest=hashlib.sha256(raw).hexdigest(), data=zlib.compress(raw, QUICK))


def _commit(snapshot: Snapshot) -> str:
    """'' of a plain folder, which has no commits."""
    return snapshot.revision if snapshot.is_git else ""
