"""Descriptors by themselves: files in plain folders that they do not speak for.

Thousands of them may lie in one folder, each a location. So of the folder only that is looked at which
such a file takes in. One with a name that makes its folder a repository (design 2a.9), and one that
holds a Location, which may name any file below, are read with all of their folder.
"""

from __future__ import annotations

import re
from pathlib import Path

from catalog.descriptor.inference import PLACES
from catalog.descriptor.placeholders import Base
from catalog.ingest.companions import LARGEST_FILE, taken_in
from catalog.problems import Problem
from plugins.contract import Blob, TreeFile
from plugins.local.places import DESCRIPTORS, Place
from plugins.local.tree import look_at, read_files

_LOCATION = re.compile(
    rb"""(?<![\w.-])Location(?![\w-]|[ \t]+\w|["']?[ \t]*:)|\\[xuU\r\n]""",
)
"""In every text that holds a Location: the word, as a whole value, or letters spelled with escapes."""


def files_alone(place: Place) -> tuple[TreeFile, ...] | None:
    """The file that a place names and what that takes in, as far as it is there, sorted by path.

    None: more of the folder belongs to it. Raises `OSError` where something cannot be looked at.
    """
    if not place.named or place.named in DESCRIPTORS:
        return None
    # Looked at before it is read: who writes it meanwhile is noticed by the next snapshot.
    if not (files := look_at(place.folder, [place.named])):
        return ()
    content = _read(place.folder, place.named)
    if not isinstance(content, bytes):
        return files  # its reader says why
    if _LOCATION.search(content):
        return None
    taken = taken_in(content, Base(path=place.named), lambda key: _read(place.folder, key))
    beside = look_at(place.folder, {*taken, *PLACES} - {place.named})
    return tuple(sorted((*files, *beside), key=lambda file: file.path))


def _read(folder: Path, path: str) -> bytes | Problem | None:
    """The content of a file below the folder; None: it is not there, or not of this machine."""
    if "://" in path or not look_at(folder, [path]):
        return None
    (found,) = read_files(folder, [path], max_bytes=LARGEST_FILE)
    return found.content if isinstance(found, Blob) else found.problem
