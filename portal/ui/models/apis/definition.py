"""The API tab: the definition of an API entity, laid out where its format is known, or as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from catalog.parsing.documents import parse
from catalog.problems import JsonValue, Problem
from portal.openapi import Outline, outline
from portal.ui.models.apis.asyncapi import asyncapi_outline
from portal.ui.models.apis.graphql import graphql_outline
from portal.ui.models.apis.graphql_types import NotUnderstood
from portal.ui.models.links import mapping_at, text_at
from portal.ui.models.looks import plural
from portal.ui.models.yaml_text import to_yaml

LARGEST = 400_000
"""Characters of a definition that is read while somebody waits."""
LONGEST_TEXT = 200_000
"""Characters of it that the page shows."""
AROUND = 3
"""Lines before and after a fault."""

NAMES = {"openapi": "OpenAPI", "asyncapi": "AsyncAPI", "graphql": "GraphQL", "grpc": "gRPC"}
_WRITTEN_IN_YAML = {
    "openapi": (("openapi", "swagger"), outline),
    "swagger": (("openapi", "swagger"), outline),
    "asyncapi": (("asyncapi",), asyncapi_outline),
}
"""By format, the keys of which one has to stand at the top, and how it is laid out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExcerptLine:
    """A line near a fault."""

    number: int
    text: str
    hit: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiDefinition:
    """What the tab shows."""

    format: str
    text: str
    """'' where there is none."""
    cut: int
    """Characters that are not shown."""
    outline: Outline | None
    problems: tuple[Problem, ...]
    """Why it cannot be read."""
    excerpt: tuple[ExcerptLine, ...]
    note: str
    """Why it is not laid out, where that is nobody's fault."""


def api_definition(body: JsonValue) -> ApiDefinition:
    """The definition of an API entity."""
    stated = text_at(body, "spec", "type")
    written = mapping_at(body, "spec").get("definition")
    elsewhere = isinstance(written, dict) and any(key.startswith("$") for key in written)
    text = written if isinstance(written, str) else "" if written is None else to_yaml(written)
    found, problems, note = _read(stated.lower(), "" if elsewhere else text)
    if elsewhere:
        note = "It stands in another file that could not be taken in."
    return ApiDefinition(
        format=NAMES.get(stated.lower(), stated),
        text=text[:LONGEST_TEXT],
        cut=max(0, len(text) - LONGEST_TEXT),
        outline=found,
        problems=problems,
        excerpt=_excerpt(text, problems),
        note=note,
    )


@lru_cache(maxsize=16)
def _read(stated: str, text: str) -> tuple[Outline | None, tuple[Problem, ...], str]:
    """The outline, or why there is none: problems, or a note."""
    if not text or (stated not in _WRITTEN_IN_YAML and stated != "graphql"):
        return None, (), ""
    if len(text) > LARGEST:
        return None, (), f"It is too large to be laid out here: {plural(len(text), 'character')}."
    return _read_graphql(text) if stated == "graphql" else _read_yaml(stated, text)


def _read_graphql(text: str) -> tuple[Outline | None, tuple[Problem, ...], str]:
    try:
        return graphql_outline(text), (), ""
    except NotUnderstood as error:
        # It may be right all the same: that it is valid is not what is asked here.
        note = f"It is shown as text: from line {error.line} on it is not what a schema is made of."
        return None, (), note


def _read_yaml(stated: str, text: str) -> tuple[Outline | None, tuple[Problem, ...], str]:
    keys, lay_out = _WRITTEN_IN_YAML[stated]
    parsed = parse(text.encode("utf-8", "replace"), file="spec.definition")
    problems, values = parsed.all_problems, parsed.values
    if problems:
        return None, tuple(problems[:20]), ""
    top = values[0] if len(values) == 1 else None
    if not isinstance(top, dict) or not set(keys) & top.keys():
        return None, (_not_one(keys[0], len(values)),), ""
    return lay_out(top), (), ""


def _not_one(key: str, documents: int) -> Problem:
    found = "one document" if documents == 1 else plural(documents, "document")
    return Problem(
        code=f"NOT_{key.upper()}",
        message=f"It has no `{key}` at the top, which states the version.",
        file="spec.definition",
        line=1,
        found=found,
        expected=f"one mapping with `{key}: {'3.1.0' if key == 'openapi' else '3.0.0'}`",
    )


def _excerpt(text: str, problems: Sequence[Problem]) -> tuple[ExcerptLine, ...]:
    line = problems[0].line if problems else None
    if not line:
        return ()
    lines = text.splitlines()
    first = max(0, line - 1 - AROUND)
    return tuple(
        ExcerptLine(number=number, text=one[:300], hit=number == line)
        for number, one in enumerate(lines[first : line + AROUND], start=first + 1)
    )
