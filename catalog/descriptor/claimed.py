"""What a descriptor claims to be, valid or not: problems are shown where they belong."""

from __future__ import annotations

from catalog.errors import RefError
from catalog.parsing.documents import Empty, Malformed, Parsed
from catalog.problems import JsonValue
from catalog.refs import DEFAULT_NAMESPACE, EntityRef, parse_ref


def identity(data: dict[str, JsonValue]) -> EntityRef | None:
    """The ref that a descriptor claims, valid or not; None where kind or name cannot be told."""
    kind, metadata = data.get("kind"), data.get("metadata")
    if not isinstance(metadata, dict):
        return None
    name, namespace = metadata.get("name"), metadata.get("namespace", DEFAULT_NAMESPACE)
    if not (isinstance(kind, str) and isinstance(name, str) and isinstance(namespace, str)):
        return None
    if not (kind and name and namespace):
        return None
    return EntityRef(kind=kind, namespace=namespace, name=name)


def owner(state: Empty | Malformed | Parsed, ref: EntityRef | None) -> str | None:
    """The ref of who would own the entity, as `spec.owner` says; None where that cannot be told."""
    data = state.data if isinstance(state, Parsed) else None
    spec = data.get("spec") if isinstance(data, dict) else None
    written = spec.get("owner") if isinstance(spec, dict) else None
    if ref is None or not isinstance(written, str):
        return None
    try:
        return str(parse_ref(written, default_kind="group", default_namespace=ref.namespace))
    except RefError:
        return None
