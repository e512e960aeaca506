"""Orphans, and entities that are made anew from what is stored of them.

An orphan is served although no file declares it any more. Backstage marks it by an annotation
(reference 4.9) and keeps it where `catalog.orphanStrategy` is `keep`.
"""

from __future__ import annotations

import orjson

from catalog.descriptor.normalize import serialize
from catalog.descriptor.relations import relate
from catalog.descriptor.terms import terms
from catalog.entity import Entity
from catalog.kinds.registry import Kinds
from catalog.problems import JsonValue
from catalog.refs import EntityRef

ORPHAN = "backstage.io/orphan"
"""The annotation; its value is `true`."""


def orphan_of(body: bytes, kinds: Kinds) -> Entity:
    """The entity with this stored body, marked as an orphan."""
    data = orjson.loads(body)
    metadata = data["metadata"]
    annotations = {**metadata.get("annotations", {}), ORPHAN: "true"}
    return _entity({**data, "metadata": {**metadata, "annotations": annotations}}, kinds)


def entity_of(body: bytes, kinds: Kinds) -> Entity:
    """The entity with this stored body, as it was declared."""
    return _entity(orjson.loads(body), kinds)


def _entity(data: dict[str, JsonValue], kinds: Kinds) -> Entity:
    metadata, spec = data["metadata"], data.get("spec")
    assert isinstance(metadata, dict)
    ref = EntityRef(
        kind=str(data["kind"]),
        namespace=str(metadata["namespace"]),
        name=str(metadata["name"]),
    )
    kind = kinds.by_name.get(ref.kind)
    relations, _ = relate(ref, spec if isinstance(spec, dict) else {}, kind) if kind else ((), [])
    found, _ = terms(data)
    body, digest = serialize(data)
    return Entity(ref=ref, body=body, digest=digest, relations=tuple(relations), terms=tuple(found))
