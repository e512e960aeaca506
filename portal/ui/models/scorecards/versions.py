"""The versions of a scorecard: each with who wrote it, and what it says otherwise than before."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.problems import JsonValue
from catalog.yaml_text import as_yaml
from portal.db.evaluation.definitions import GONE, Definition
from portal.ui.models.looks import Look
from scorecards.definitions.outline import Difference, Op, Subject, differences

MOST_CHANGES = 100
"""Of one version."""
MOST_LINES = 400
"""Of the difference of the texts."""
LONGEST = 600
"""Characters of a value."""

LOOKS = {
    Op.ADD: Look(name="pass", word="Added"),
    Op.REMOVE: Look(name="na", word="Removed"),
    Op.CHANGE: Look(name="warn", word="Changed"),
}
SUBJECTS = {
    Subject.SCORECARD: "scorecard",
    Subject.LEVEL: "level",
    Subject.FILTER: "filter",
    Subject.CHECK: "check",
}
SOURCES = {"plugin": "a plugin", "config": "the configuration"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeLine:
    """One thing that is otherwise."""

    look: Look
    subject: str
    name: str
    field: str
    """'' where the whole came or went."""
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TextLine:
    """A line of the difference of two texts."""

    mark: str
    """'+', '-', '@' or ' '."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionRow:
    """A version, and what changed with it."""

    anchor: str
    """Id of its place on the page: of the version, and unique; '' where it has none."""
    version: str
    """'' where the scorecard was taken away."""
    seen_at: datetime
    author: str
    source: str
    file: str
    first: bool
    """Nothing is known from before."""
    changes: tuple[ChangeLine, ...]
    hidden: int
    text: tuple[TextLine, ...]
    hidden_lines: int


def version_row(one: Definition, earlier: Definition | None, anchor: str) -> VersionRow:
    """The row of a version; `earlier` was in force before it."""
    first = earlier is None
    found = [] if first or earlier is None else differences(earlier.outline, one.outline)
    lines = [] if earlier is None else list(_text(earlier, one))
    return VersionRow(
        anchor=anchor,
        version="" if one.version == GONE else one.version,
        seen_at=one.seen_at,
        author=one.author,
        source=SOURCES.get(one.source, one.source),
        file=one.file,
        first=first,
        changes=tuple(map(_line, found[:MOST_CHANGES])),
        hidden=max(0, len(found) - MOST_CHANGES),
        text=tuple(lines[:MOST_LINES]),
        hidden_lines=max(0, len(lines) - MOST_LINES),
    )


def version_rows(found: Sequence[Definition], before_last: Definition | None) -> list[VersionRow]:
    """The rows of a page of versions, the newest first; `before_last` comes after the page."""
    earlier = [*found[1:], before_last] if found else []
    newest = {one.version: one.number for one in reversed(found) if one.version != GONE}
    return [
        version_row(
            one, former, f"v-{one.version}" if newest.get(one.version) == one.number else ""
        )
        for one, former in zip(found, earlier, strict=True)
    ]


def _line(one: Difference) -> ChangeLine:
    return ChangeLine(
        look=LOOKS[one.op],
        subject=SUBJECTS[one.subject],
        name=one.name,
        field=one.field.replace("_", " "),
        before=_shown(one.before) if one.field else "",
        after=_shown(one.after) if one.field else "",
    )


def _shown(value: JsonValue) -> str:
    text = value if isinstance(value, str) else "" if value is None else as_yaml(value).strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _text(earlier: Definition, later: Definition) -> Iterator[TextLine]:
    lines = difflib.unified_diff(earlier.text.splitlines(), later.text.splitlines(), lineterm="")
    for number, line in enumerate(lines):
        if number > 1:  # the first two name the files
            yield TextLine(mark=line[:1], text=line[1:] if line[:1] in "+- " else line)
