"""An OpenAPI document as people read it: operations by tag, parameters, bodies, answers, schemas.

Ours is shown so, and those that repositories hold: whatever is in one, nothing raises, references
are followed within the document a few steps far, and the rest is counted. Swagger 2 is read, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")

MOST_OPERATIONS = 400
MOST_PARAMETERS = 60
"""Of one operation; as many answers, and fields of a schema."""
MOST_SCHEMAS = 400
MOST_VALUES = 12
"""Of an enumeration, and of alternatives."""
DEEPEST = 4
"""Schemas inside schemas that are put into words."""
FURTHEST = 8
"""References that lead to references."""
LONGEST = 4_000
"""Characters of a text."""

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A parameter, or a field of a schema."""

    name: str
    where: str
    """`path`, `query`, `header`, `cookie`; '' of a schema."""
    required: bool
    type: str
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What an operation takes or gives."""

    status: str
    """'' of what it takes."""
    description: str
    schema: str
    media: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A method of a path."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    deprecated: bool
    parameters: tuple[Field, ...]
    more: int
    """Parameters that are not shown."""
    body: tuple[Reply, ...]
    """One for each media type."""
    replies: tuple[Reply, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The operations with a tag."""

    tag: str
    about: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A schema with a name."""

    name: str
    type: str
    fields: tuple[Field, ...]
    more: int
    """Fields that are not shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """What there is to show of a document."""

    title: str
    version: str
    description: str
    groups: tuple[Group, ...]
    hidden: int
    """Operations beyond the most that are shown."""
    shapes: tuple[Shape, ...]
    hidden_shapes: int


def outline(document: Json) -> Outline:
    """The outline of a document, however odd it is."""
    found: dict[str, list[Operation]] = {}
    listed = list(_operations(document))
    for tag, operation in listed[:MOST_OPERATIONS]:
        found.setdefault(tag, []).append(operation)
    about = {
        text_in(tag, "name"): text_in(tag, "description") for tag in _list(document.get("tags"))
    }
    named = {**mapping_in(document, "definitions"), **mapping_in(document, "components", "schemas")}
    info = mapping_in(document, "info")
    return Outline(
        title=text_in(info, "title"),
        version=text_in(info, "version"),
        description=text_in(info, "description"),
        groups=tuple(
            Group(tag=tag, about=about.get(tag, ""), operations=tuple(operations))
            for tag, operations in found.items()
        ),
        hidden=max(0, len(listed) - MOST_OPERATIONS),
        shapes=tuple(shape_of(str(name), schema) for name, schema in _first(named, MOST_SCHEMAS)),
        hidden_shapes=max(0, len(named) - MOST_SCHEMAS),
    )


def _operations(document: Json) -> Iterator[tuple[str, Operation]]:
    for path, item in mapping_in(document, "paths").items():
        item = resolved(document, item)
        for method in METHODS:
            operation = item.get(method)
            if isinstance(operation, Mapping):
                tags = operation.get("tags")
                tag = str(tags[0])[:200] if isinstance(tags, list) and tags else ""
                shared = _list(item.get("parameters"))
                yield tag, _operation(document, str(path), method, operation, shared)


def _operation(
    document: Json, path: str, method: str, operation: Json, shared: list[Json]
) -> Operation:
    listed = [*shared, *_list(operation.get("parameters"))]
    given = [resolved(document, one) for one in listed[:MOST_PARAMETERS]]
    body = resolved(document, operation.get("requestBody"))
    old = [one for one in given if one.get("in") == "body"]
    return Operation(
        id=text_in(operation, "operationId"),
        method=method.upper(),
        path=path[:LONGEST],
        summary=text_in(operation, "summary"),
        description=text_in(operation, "description"),
        deprecated=operation.get("deprecated") is True,
        parameters=tuple(_field(one) for one in given if one.get("in") != "body"),
        more=max(0, len(listed) - MOST_PARAMETERS),
        body=tuple(_replies("", body)) if body else tuple(_reply("", one, one, "") for one in old),
        replies=tuple(
            reply
            for status, one in _first(mapping_in(operation, "responses"), MOST_PARAMETERS)
            for reply in islice(_replies(str(status)[:20], resolved(document, one)), 1)
        ),
    )


def _field(parameter: Json) -> Field:
    schema = parameter.get("schema")
    return Field(
        name=text_in(parameter, "name"),
        where=text_in(parameter, "in"),
        required=parameter.get("required") is True,
        type=type_of(schema if isinstance(schema, Mapping) else parameter),
        description=text_in(parameter, "description"),
    )


def _replies(status: str, one: Json) -> Iterator[Reply]:
    """What stands under `content`, or as Swagger 2 has it; one without a body in any case."""
    content = mapping_in(one, "content")
    if not content:
        yield _reply(status, one, one, "")
    for media, inner in _first(content, MOST_VALUES):
        yield _reply(status, one, inner if isinstance(inner, Mapping) else {}, str(media)[:200])


def _reply(status: str, one: Json, inner: Json, media: str) -> Reply:
    schema = inner.get("schema")
    return Reply(
        status=status,
        description=text_in(one, "description"),
        schema=type_of(schema) if isinstance(schema, Mapping) else "",
        media=media,
    )


def shape_of(name: str, schema: Any) -> Shape:
    """A schema with its fields, under a name."""
    properties = mapping_in(schema, "properties")
    needed = schema.get("required") if isinstance(schema, Mapping) else None
    return Shape(
        name=name[:200],
        type=type_of(schema),
        fields=tuple(
            Field(
                name=str(field)[:200],
                where="",
                required=isinstance(needed, list) and field in needed,
                type=type_of(inner),
                description=text_in(inner, "description"),
            )
            for field, inner in _first(properties, MOST_PARAMETERS)
        ),
        more=max(0, len(properties) - MOST_PARAMETERS),
    )


def type_of(schema: Any, depth: int = 0) -> str:
    """A schema in a few words: `integer 1–500`, `list of EntityItem`, `text: pass, fail`."""
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return "any" if depth <= DEEPEST else "…"
    if "$ref" in schema:
        return str(schema["$ref"])[:500].rpartition("/")[2]
    for key in ("allOf", "anyOf", "oneOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            parts = [type_of(part, depth + 1) for part in schema[key][:MOST_VALUES]]
            return " or ".join(dict.fromkeys(parts))
    kinds = schema.get("type", "any")
    words = " or ".join(map(str, kinds[:MOST_VALUES])) if isinstance(kinds, list) else str(kinds)
    words = words[:200]
    if words == "array":
        return f"list of {type_of(schema.get('items', {}), depth + 1)}"
    if isinstance(schema.get("enum"), list):
        values = [str(value)[:100] for value in schema["enum"][:MOST_VALUES]]
        more = "" if len(schema["enum"]) <= MOST_VALUES else ", …"
        return f"{words}: {', '.join(values)}{more}"
    if "minimum" in schema and "maximum" in schema:
        return f"{words} {str(schema['minimum'])[:40]}–{str(schema['maximum'])[:40]}"
    return words


def resolved(document: Json, value: Any) -> Json:
    """What a reference leads to, within the document; {} where that is nothing, or goes round."""
    for _ in range(FURTHEST):
        if not isinstance(value, Mapping):
            return {}
        if "$ref" not in value:
            return value
        place = str(value["$ref"])
        value = document if place.startswith("#/") else None
        for part in place.removeprefix("#/").split("/")[:20]:
            key = part.replace("~1", "/").replace("~0", "~")
            value = value.get(key) if isinstance(value, Mapping) else None
    return {}


def mapping_in(value: Any, *path: str) -> Json:
    """The mapping at `path`, empty where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _first(value: Json, most: int) -> list[tuple[Any, Any]]:
    return list(islice(value.items(), most))


def _list(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text_in(value: Any, key: str) -> str:
    """The text there, cut to `LONGEST`; '' where there is none."""
    found = value.get(key) if isinstance(value, Mapping) else None
    return "" if found is None or isinstance(found, dict | list) else str(found)[:LONGEST]
