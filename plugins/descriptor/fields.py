"""Reads fields of entities' bodies: JSON that was valid once and is trusted no further."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.errors import RefError
from catalog.kinds.registry import builtin_kinds
from catalog.refs import parse_ref
from plugins.contract import JsonValue

Body = Mapping[str, JsonValue]


def section(body: Body, name: str) -> Body:
    """A mapping inside a mapping; empty where there is none."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def text(body: Body, name: str) -> str:
    """A text, without spaces around it; '' where there is none."""
    value = body.get(name)
    return value.strip() if isinstance(value, str) else ""


def texts(body: Body, name: str) -> list[str]:
    """The texts of a list, or a single text as a list of one."""
    value = body.get(name)
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str) and item]


def mappings(body: Body, name: str) -> list[Body]:
    """The mappings of a list."""
    value = body.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def kind_of(body: Body) -> str:
    """The kind as it is written."""
    return text(body, "kind")


def refs_of(body: Body, field: str) -> tuple[str, ...]:
    """Canonical refs in a field of `spec`, as its kind reads them: in order, without repeats."""
    kind = builtin_kinds().by_name.get(kind_of(body))
    relation = next((r for r in kind.relations if r.field == field), None) if kind else None
    namespace = text(section(body, "metadata"), "namespace") or "default"
    refs: list[str] = []
    if relation is None:
        return ()
    for written in texts(section(body, "spec"), field):
        try:
            ref = parse_ref(
                written, default_kind=relation.default_kind, default_namespace=namespace
            )
        except RefError:
            continue  # such an entity is not in the catalog
        refs.append(str(ref))
    return tuple(dict.fromkeys(refs))


def all_refs(body: Body) -> tuple[str, ...]:
    """Every entity that the entity names in a field that states a relation, sorted."""
    kind = builtin_kinds().by_name.get(kind_of(body))
    fields = {relation.field for relation in kind.relations} if kind else ()
    return tuple(sorted({ref for field in fields for ref in refs_of(body, field)}))
