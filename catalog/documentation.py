"""Documentation: which files of a repository are the pages of an entity, and what they hold.

A page is data: Markdown at a path, with a title and the commit it is of. What is not taken is said,
page by page, and never left out in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LARGEST_PAGE = 256 * 1024
"""Bytes of one page."""
MOST_PAGES = 200
"""Pages of an entity."""
MOST_BYTES = 4 * 1024 * 1024
"""Bytes of all pages of an entity."""
LONGEST_TITLE = 200
"""Characters of a title or a section."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_RAW_HEADING = re.compile(r"<h[1-6]\b[^<>]*>.*", re.IGNORECASE)
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*")
_FRONT = re.compile(r"---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_MARKUP = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])|[`*]+")
_MOST_LINES = 200
"""Lines in which a heading is looked for."""


class PageState(StrEnum):
    """What there is of a page."""

    TEXT = "text"
    TOO_LARGE = "too_large"
    """The page is larger than `LARGEST_PAGE`."""
    OVER_LIMIT = "over_limit"
    """The pages before it are as large as those of an entity may be."""
    NOT_TEXT = "not_text"
    """It is not UTF-8, or has a NUL."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFile:
    """A file that is a page."""

    path: str
    """Inside the repository."""
    title: str = ""
    """'': its first heading says it, or its name."""
    section: str = ""
    """What it is listed under; '': it stands by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """The pages of an entity, in the order in which they are listed."""

    pages: tuple[PageFile, ...]
    note: str = ""
    """Why pages that the entity names are not among them, in a sentence; '': all are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageText:
    """The text of a page, packed as it is stored."""

    digest: str
    """SHA-256 of the text."""
    data: bytes
    """zlib of the text in UTF-8."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPage:
    """A page as it was read."""

    path: str
    title: str
    section: str
    state: PageState
    size: int
    """Bytes of the file."""
    text: PageText | None
    """None: the state says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pages:
    """All pages of an entity as they were read; the same object for entities that share them."""

    pages: tuple[ReadPage, ...]
    left_out: int = 0
    """Pages beyond `MOST_PAGES`, the last ones."""
    note: str = ""
    """See `Outline.note`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Documentation:
    """What was found for an entity in a repository at one revision."""

    ref: str
    url: str
    """Of the repository."""
    revision: str
    committed_at: datetime | None
    outline: str
    """Digest of which files are pages, and of their tokens: while it is the same, the pages are."""
    pages: Pages | None
    """None: they are those that are stored."""


def without_front_matter(text: str) -> str:
    """The Markdown below what site generators are told at the top of a page."""
    front = _FRONT.match(text) if text.startswith("---") else None
    return text[front.end() :] if front else text


def first_heading(text: str) -> str:
    """The first heading near the top of a Markdown text, as plain text; '' where there is none."""
    fence = above = ""
    for line in without_front_matter(text).split("\n", _MOST_LINES)[:_MOST_LINES]:
        marker = _FENCE.match(line)
        if fence:
            fence = "" if marker and marker[1].startswith(fence) else fence
            continue
        if marker:
            fence, above = marker[1], ""
        elif found := _HEADING.fullmatch(line) or _RAW_HEADING.fullmatch(line.strip()):
            if title := plain_title(found[found.re.groups]):
                return title
        elif above and _UNDERLINE.fullmatch(line):
            return above
        else:
            above = "" if line.lstrip().startswith((">", "|", "-", "*")) else plain_title(line)
    return ""


def plain_title(text: str) -> str:
    """Markdown of a title as a line of plain text that every store can keep."""
    bare = _MARKUP.sub(r"\1", _TAG.sub("", _COMMENT.sub("", text[: 4 * LONGEST_TITLE])))
    return " ".join(printable(bare).split())[:LONGEST_TITLE]


def printable(text: str) -> str:
    """The text with a space for each character that is for no eyes, nor for every store."""
    return "".join(character if character.isprintable() else " " for character in text)


def name_title(path: str) -> str:
    """A title from the name of a file: `docs/how-to_deploy.md` is 'How to deploy'."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0]
    if stem.lower() in ("index", "readme"):
        if stem.lower() == "readme" and not folder:
            return "README"
        stem = folder.rpartition("/")[2] or stem
    words = plain_title(" ".join(re.split(r"[-_\s]+", stem)))
    return words[:1].upper() + words[1:] or plain_title(name) or "Page"
