"""Links to entities: what a page needs to name one, whether it exists or not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.errors import RefError
from catalog.problems import JsonValue
from catalog.refs import EntityRef, parse_ref

KINDS_WITH_ICON = frozenset(
    {"component", "api", "resource", "system", "domain", "group", "user", "location", "template"}
)

SPELLINGS = {"api": "API"}
"""Kinds that are not spelled like a word."""


LONGEST_TITLE = 200
"""Characters of a title that are shown; descriptors set no limit."""

# What turns the direction of the text around it: a title could show its own letters backwards.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_MARKS = re.compile(f"({_MARK}{{4}}){_MARK}+")


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityLink:
    """An entity as a page names it."""

    ref: str
    """Canonical."""
    parts: EntityRef | None
    """None: not a reference that a page could be at; it is shown as text."""
    title: str
    exists: bool

    @property
    def kind(self) -> str:
        """Its kind as descriptors spell it; '' where that cannot be told."""
        return kind_label(self.parts.kind) if self.parts else ""

    @property
    def icon(self) -> str:
        """Name of the icon of its kind; kinds that nobody drew share one."""
        kind = self.parts.kind if self.parts else ""
        return kind if kind in KINDS_WITH_ICON else "other"


def link_to(ref: str, *, title: str = "", exists: bool = True) -> EntityLink:
    """The link to `ref`; without a title its name, with any namespace but the default one."""
    try:
        parsed = parse_ref(ref.lower())
    except RefError:
        return EntityLink(ref=ref, parts=None, title=readable(title or ref), exists=False)
    name = parsed.name if parsed.namespace == "default" else f"{parsed.namespace}/{parsed.name}"
    reachable = "/" not in parsed.name and "/" not in parsed.kind
    return EntityLink(
        ref=str(parsed),
        parts=parsed if reachable else None,
        title=readable(title) or name,
        exists=exists,
    )


def readable(title: str) -> str:
    """The title as one line of a page can carry it: without what turns the direction of text, with at
    most four marks on a letter (no script needs more), and cut where it is longer than any title."""
    if not title.isascii():
        title = _MARKS.sub(r"\1", _TURNS.sub("", title[: 10 * LONGEST_TITLE]))
    return title if len(title) <= LONGEST_TITLE else f"{title[:LONGEST_TITLE].rstrip()}…"


def text_at(value: JsonValue, *path: str) -> str:
    """The string at `path` of nested mappings, '' where there is none: bodies are user input."""
    for key in path:
        if not isinstance(value, Mapping):
            return ""
        value = value.get(key)
    return value if isinstance(value, str) else ""


def texts_at(value: JsonValue, *path: str) -> tuple[str, ...]:
    """The strings of the list at `path`; whatever else is there is left out."""
    for key in path:
        if not isinstance(value, Mapping):
            return ()
        value = value.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def mapping_at(value: JsonValue, *path: str) -> Mapping[str, JsonValue]:
    """The mapping at `path`, empty where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def kind_label(kind: str) -> str:
    """A kind as descriptors spell it; one that nobody knows is spelled as it was found."""
    low = kind.lower()
    if low in KINDS_WITH_ICON:
        return SPELLINGS.get(low) or low.capitalize()
    return kind[:1].upper() + kind[1:]


def kind_plural(kinds: Sequence[str], count: int) -> str:
    """'212 Components'; of several kinds or of one that nobody knows '212 entities'."""
    if len(kinds) == 1 and kinds[0].lower() in KINDS_WITH_ICON:
        return f"{count:,} {kind_label(kinds[0])}{'' if count == 1 else 's'}"
    return f"{count:,} {'entity' if count == 1 else 'entities'}"
