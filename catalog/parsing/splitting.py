"""Cuts the text of a YAML file into its documents, so that a bad one cannot harm its neighbors.

Knows only lines: a document begins at `---` in the first column and ends before the next, or at
`...`. It follows what the reference parser counts as a document, and does not look inside one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_CONTENT = re.compile(
    r"^(?!---(?:[ \t\r\n]|\Z))(?:[ \t]*[^ \t\r\n#%]|[ \t]+%)|^---[ \t]+[^ \t\r\n#]", re.MULTILINE
)
"""The first line that is neither blank nor a comment, a directive or a bare `---`."""
_VERSION = re.compile(r"^%YAML[ \t]+(1\.[0-9]+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """The text of one document, its `---` line and directives included."""

    text: str
    offset: int
    """Lines of the file before this text."""
    version: str
    """Of YAML: '1.1' where a directive asked for it, here or in a document before."""


def count_markers(text: str) -> int:
    """How many lines of `text` are a document marker: at least the documents, less one."""
    return len(_MARKER.findall(text)) if _may_be_several(text) else 0


def split(text: str) -> list[Section]:
    """The documents of a file, in order; none where it holds only blanks and comments."""
    if not _may_be_several(text):
        return _single(text)
    sections: list[Section] = []
    start, offset, version = 0, 0, "1.2"
    opened = False  # whether the current stretch of text has had its `---`
    for marker in _MARKER.finditer(text):
        place = marker.start()
        explicit = text[place] == "-"
        before = text[start:place]
        if explicit and not opened and not _CONTENT.search(before):
            version = _version_of(before, version)
            opened = True
            continue
        sections.append(Section(text=before, offset=offset, version=version))
        offset += before.count("\n")
        start, opened = place, explicit
        if not explicit:
            start = _after_line(text, place)
            offset += text.count("\n", place, start)
    rest = text[start:]
    if opened or _CONTENT.search(rest):
        sections.append(Section(text=rest, offset=offset, version=version))
    return sections


def _may_be_several(text: str) -> bool:
    """Whether there may be a marker after the first line. The text of most files is one document."""
    return "\n---" in text or "\n..." in text or text.startswith(("%", "..."))


def _single(text: str) -> list[Section]:
    if not text.startswith("---") and not _CONTENT.search(text):
        return []
    return [Section(text=text, offset=0, version="1.2")]


def _version_of(directives: str, inherited: str) -> str:
    found = _VERSION.search(directives)
    return found[1] if found else inherited


def _after_line(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end + 1


def first_content(text: str) -> int:
    """Lines of a document's text before its first content; 0 where there is none."""
    found = _CONTENT.search(text)
    return 0 if found is None else text.count("\n", 0, found.start())
