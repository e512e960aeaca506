"""The kinds that the catalog knows: those in JSON files beside this module, and those of users.

A kind is data: a JSON Schema of its `spec`, the versions it exists in, and the fields that state
relations. Nothing here judges a document; see `catalog.descriptor.validation`. How users' definitions are
read is `catalog.descriptor.defined_kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import orjson

_ENVELOPE = "envelope.json"
_DRAFT_7 = "http://json-schema.org/draft-07/schema#"


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
    allowed_kinds: tuple[str, ...] = ()
    """What may be named; a reference to another kind states nothing. Empty: any."""
    spec_types: tuple[str, ...] = ()
    """The values of `spec.type` with which the field states the relation; empty: any."""

    def allows(self, kind: str) -> bool:
        """Whether an entity of this kind may be named, whatever its case."""
        return not self.allowed_kinds or kind.lower() in map(str.lower, self.allowed_kinds)


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
    """JSON Schema of `spec`, in draft 7 unless its `$schema` says otherwise."""
    validator: jsonschema_rs.Validator
    """Of a whole descriptor of this kind."""

    @property
    def required(self) -> tuple[str, ...]:
        """The fields that `spec` always needs."""
        return tuple(self.schema.get("required", ()))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of `spec` that the kind gives a meaning; others are kept as they are."""
        stated = (relation.field for relation in self.relations)
        return tuple(dict.fromkeys((*self.schema.get("properties", ()), *stated)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Kinds:
    """A set of kinds, by name, with what all descriptors have in common."""

    by_name: Mapping[str, KindSpec]
    envelope: jsonschema_rs.Validator
    """Of a descriptor of any kind."""
    metadata_fields: tuple[str, ...]
    """The fields of `metadata` that have a meaning."""

    def with_kinds(self, specs: Iterable[KindSpec]) -> Kinds:
        """These and more kinds; of equal names the later one holds."""
        return replace(self, by_name={**self.by_name, **{spec.kind: spec for spec in specs}})


@cache
def builtin_kinds() -> Kinds:
    """Backstage's kinds: catalog-model 1.10.1, Template v1beta3, AiResource and `mcp-server`."""
    definitions = _definitions()
    envelope = definitions[_ENVELOPE]
    return Kinds(
        by_name={},
        envelope=_validator(envelope),
        metadata_fields=tuple(envelope["properties"]["metadata"]["properties"]),
    ).with_kinds(kind_spec(data) for name, data in definitions.items() if name != _ENVELOPE)


def kind_spec(definition: Mapping[str, Any]) -> KindSpec:
    """The kind that `definition` describes, in the form of the files in `schemas/`.

    Raises `ValueError` where its schema is none: bad keywords, patterns that need backtracking,
    references to what is not in it.
    """
    schema = definition["spec"]
    envelope = _definitions()[_ENVELOPE]
    # With an id of its own, the schema is what its local references begin at.
    spec = {"$id": f"urn:plumbline:kind:{definition['kind']}", "type": "object", **schema}
    whole = {
        **envelope,
        "$schema": schema.get("$schema", _DRAFT_7),
        "required": [*envelope["required"], "spec"],
        "properties": {**envelope["properties"], "spec": spec},
    }
    return KindSpec(
        kind=definition["kind"],
        versions=tuple(definition["apiVersions"]),
        usual={field: tuple(values) for field, values in definition.get("usual", {}).items()},
        relations=tuple(_relation(field) for field in definition.get("relations", ())),
        schema=schema,
        validator=_validator(whole),
    )


@cache
def _definitions() -> Mapping[str, Any]:
    folder = files(__package__).joinpath("schemas")
    return {
        entry.name: orjson.loads(entry.read_bytes())
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".json")
    }


def _relation(field: Mapping[str, Any]) -> RelationField:
    return RelationField(
        field=field["field"],
        type=field["type"],
        reverse=field["reverse"],
        default_kind=field.get("defaultKind"),
        allowed_kinds=tuple(field.get("allowedKinds", ())),
        spec_types=tuple(field.get("specTypes", ())),
    )


def _validator(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    # The linear-time engine, and no way out: kinds that users add must not be able to stall the
    # reader, nor make it ask other hosts.
    return jsonschema_rs.validator_for(
        {"$schema": _DRAFT_7, **schema}, pattern_options=jsonschema_rs.RegexOptions(), offline=True
    )
