"""The kinds that the catalog knows, read from JSON files beside this module.

A kind is data: a JSON Schema of its `spec`, the versions it exists in, and the fields that state
relations. Nothing here judges a document; see `catalog.validation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import orjson

_ENVELOPE = "envelope.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class RelationField:
    """A field of `spec` whose references are relations (reference 2.5)."""

    field: str
    type: str
    """From this entity to the one it names."""
    reverse: str
    """From the named entity back to this one."""
    default_kind: str | None
    """Of a reference without a kind; None: it must have one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KindSpec:
    """One kind of entity."""

    kind: str
    """Exactly as a descriptor has to write it."""
    versions: tuple[str, ...]
    """Accepted values of `apiVersion`; the first is the one to recommend."""
    usual: Mapping[str, tuple[str, ...]]
    """Values that are common in a field of `spec`; for messages, never enforced."""
    relations: tuple[RelationField, ...]
    schema: Mapping[str, Any]
    """JSON Schema of `spec`, in draft 7."""
    validator: jsonschema_rs.Validator
    """Of a whole descriptor of this kind."""

    @property
    def required(self) -> tuple[str, ...]:
        """The fields that `spec` always needs."""
        return tuple(self.schema.get("required", ()))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of `spec` that the kind gives a meaning; others are kept as they are."""
        return tuple(self.schema.get("properties", ()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Kinds:
    """A set of kinds, by name, with what all descriptors have in common."""

    by_name: Mapping[str, KindSpec]
    envelope: jsonschema_rs.Validator
    """Of a descriptor of any kind."""
    metadata_fields: tuple[str, ...]
    """The fields of `metadata` that have a meaning."""


def load_kinds(definitions: Iterable[Mapping[str, Any]], envelope: Mapping[str, Any]) -> Kinds:
    """The kinds that `definitions` describe, in the form of the files in `schemas/`."""
    specs = [_kind(definition, envelope) for definition in definitions]
    return Kinds(
        by_name={spec.kind: spec for spec in specs},
        envelope=_validator(envelope),
        metadata_fields=tuple(envelope["properties"]["metadata"]["properties"]),
    )


@cache
def builtin_kinds() -> Kinds:
    """Backstage's kinds: catalog-model 1.10.1, Template v1beta3, AiResource and `mcp-server`."""
    folder = files(__package__).joinpath("schemas")
    read = {
        entry.name: orjson.loads(entry.read_bytes())
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".json")
    }
    envelope = read.pop(_ENVELOPE)
    return load_kinds(read.values(), envelope)


def _kind(definition: Mapping[str, Any], envelope: Mapping[str, Any]) -> KindSpec:
    whole = {
        **envelope,
        "required": [*envelope["required"], "spec"],
        "properties": {**envelope["properties"], "spec": definition["spec"]},
    }
    return KindSpec(
        kind=definition["kind"],
        versions=tuple(definition["apiVersions"]),
        usual={field: tuple(values) for field, values in definition["usual"].items()},
        relations=tuple(
            RelationField(
                field=relation["field"],
                type=relation["type"],
                reverse=relation["reverse"],
                default_kind=relation.get("defaultKind"),
            )
            for relation in definition["relations"]
        ),
        schema=definition["spec"],
        validator=_validator(whole),
    )


def _validator(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    # The linear-time engine: kinds that users add must not be able to stall the reader.
    return jsonschema_rs.Draft7Validator(dict(schema), pattern_options=jsonschema_rs.RegexOptions())
