"""Texts: what a check says, with the values of one entity filled in.

Known placeholders are replaced, once, and a fact that is not known says so; whatever else stands in
braces is left as it is, and so is what begins with a `$`, as variables of shells and builds do. Values
come from repositories, so each is put in as plain text of one line, which Markdown cannot mistake for
markup of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from catalog.problems import JsonValue, quote
from scorecards.facts import FactRecord, FactValue, FailedFact, Known
from scorecards.scorecard import Check

NOT_KNOWN = "(not known)"
"""What stands for a fact that could not be looked for, or was not yet."""

_PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z][a-z0-9_.]{0,99})\}")
_CODE = re.compile(r"(^ {0,3}```.*?^ {0,3}```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_MARKUP = re.compile(r"([\\`*_\[\]<>&#|~!])")
_MOST_ITEMS = 10


def render_fix(
    check: Check, entity: Mapping[str, JsonValue], facts: Mapping[str, JsonValue]
) -> str:
    """The check's `fix` for the entity, as Markdown. `facts` are values by name, null for missing.

    Placeholders: `{name}`, `{namespace}`, `{kind}`, `{title}`, `{owner}`, `{system}`, `{type}`,
    `{lifecycle}`, and names of facts, which have a dot.
    """
    return render(check.fix, entity, facts)


def render(template: str, entity: Mapping[str, JsonValue], facts: Mapping[str, JsonValue]) -> str:
    """Any Markdown template, filled in likewise."""
    values = {**facts, **_of_entity(entity)}
    pieces = _CODE.split(template)
    # The pattern has one group: pieces at odd places are code, where no escape is understood.
    return "".join(
        _filled(piece, values, is_code=index % 2 == 1) for index, piece in enumerate(pieces)
    )


def fact_values(records: Iterable[FactRecord]) -> dict[str, JsonValue]:
    """The values of facts by name, for `render`: null for what is missing, nothing for what failed."""
    return {
        name: _as_shown(state.value) if isinstance(state, Known) else None
        for record in records
        for name, state in record.facts.items()
        if not isinstance(state, FailedFact)
    }


def _as_shown(value: FactValue) -> JsonValue:
    match value:
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M UTC")
        case tuple():
            return list(value)
        case _:
            return value


def _of_entity(entity: Mapping[str, Any]) -> dict[str, JsonValue]:
    metadata, spec = entity.get("metadata") or {}, entity.get("spec") or {}
    name = metadata.get("name", "")
    return {
        "name": name,
        "namespace": metadata.get("namespace", "default"),
        "kind": entity.get("kind", ""),
        "title": metadata.get("title") or name,
        **{key: spec.get(key) or "" for key in ("owner", "system", "type", "lifecycle")},
    }


def _filled(text: str, values: Mapping[str, JsonValue], *, is_code: bool) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            return NOT_KNOWN if "." in found[1].strip(".") else found[0]
        plain = _plain(values[found[1]])
        return plain.replace("`", "'") if is_code else _MARKUP.sub(r"\\\1", plain)

    return _PLACEHOLDER.sub(value, text)


def _plain(value: JsonValue) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case list():
            more = len(value) - _MOST_ITEMS
            shown = ", ".join(quote(item) for item in value[:_MOST_ITEMS]) or "nothing"
            return f"{shown} and {more} more" if more > 0 else shown
        case _:
            return quote(value)
