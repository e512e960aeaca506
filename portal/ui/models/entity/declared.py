"""How an entity is declared: where, and the text of its descriptor with the problems in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from catalog.parsing.documents import parse
from catalog.parsing.positions import locate
from catalog.problems import Problem
from portal.db.sources.locations import FileOrigin
from portal.ui.models.entity.verdict import Line
from portal.ui.models.yaml_text import to_yaml

ORDER = ("apiVersion", "kind", "metadata", "spec")
"""How people write a descriptor; anything else comes after it."""

LONGEST_TEXT = 200_000
"""Characters of a descriptor that the page shows; how many more there are is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """An entity as it is declared, or was."""

    ref: str
    body: bytes
    """JSON."""
    created_at: datetime | None
    """None: of the past that is not told."""
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where an entity is declared."""

    path: str
    href: str
    """'' where it is not on the web."""
    document: int
    repository: str
    """'': of the past that is not told; the path is a whole one then."""
    revision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DescriptorText:
    """The descriptor tab."""

    text: str
    cut: int
    """Characters that are not shown."""
    source: Source | None
    lines: tuple[Line, ...]
    """The same with the problems where they are; empty where none has a place in it."""


def source_of(origin: FileOrigin | None) -> Source | None:
    """Where the entity is declared; linked where that is on the web."""
    if origin is None:
        return None
    href = origin.url.removeprefix("url:")
    return Source(
        path=origin.path,
        href=href if href.startswith(("http://", "https://")) else "",
        document=origin.document,
        repository=origin.repository,
        revision=origin.revision,
    )


def descriptor_text(
    declared: Declared, source: Source | None, problems: Sequence[Problem]
) -> DescriptorText:
    """The entity as YAML, without what the portal adds, and with its problems."""
    body = orjson.loads(declared.body)
    text = to_yaml({key: body[key] for key in sorted(body, key=_place)})
    cut = max(0, len(text) - LONGEST_TEXT)
    return DescriptorText(
        text=text[:LONGEST_TEXT],
        cut=cut,
        source=source,
        lines=() if cut else _lines(text, problems),
    )


def _place(key: str) -> int:
    return ORDER.index(key) if key in ORDER else len(ORDER)


def _lines(text: str, problems: Sequence[Problem]) -> tuple[Line, ...]:
    """The lines of the text, if a problem is at one: what the file lacks is told where it belongs."""
    if not any(problem.pointer for problem in problems):
        return ()
    document = next(iter(parse(text.encode(), file="").documents), None)
    by_line: dict[int, list[Problem]] = {}
    for problem in problems:
        place = locate(document, problem.pointer) if document and problem.pointer else None
        if place is not None:
            by_line.setdefault(place.line, []).append(problem)
    if not by_line:
        return ()
    return tuple(
        Line(number=number, text=line, problems=tuple(by_line.get(number, ())))
        for number, line in enumerate(text.splitlines(), start=1)
    )
