"""Registration: the Location entity that stands for a location that somebody registered.

Its name is made of type and target, so that the same location has the same entity everywhere
(Backstage catalog 4.0.0, reference 2.6 and 2.7, observed).
"""

from __future__ import annotations

from hashlib import sha1

from catalog.descriptor.normalize import MANAGED_BY, MANAGED_BY_ORIGIN, serialize
from catalog.descriptor.terms import terms
from catalog.entity import Entity
from catalog.locations import EDIT_URL, SOURCE_LOCATION, VIEW_URL
from catalog.problems import JsonValue
from catalog.refs import EntityRef, parse_ref
from catalog.scm import edit_url, source_location


def generated_name(type: str, target: str) -> str:  # noqa: A002 - Backstage's word for it
    """`generated-` and the SHA-1 of the location ref."""
    return "generated-" + sha1(f"{type}:{target}".encode(), usedforsecurity=False).hexdigest()


def generated_ref(type: str, target: str) -> str:  # noqa: A002 - as above
    """The canonical ref of a location's entity."""
    return str(EntityRef(kind="Location", namespace="default", name=generated_name(type, target)))


def generated_entity(
    *,
    type: str,  # noqa: A002 - as above
    target: str,
    presence: str = "required",
    ref: str | None = None,
) -> Entity:
    """The entity of a location; `ref` keeps the name that it got when it named another target."""
    known = EntityRef(kind="Location", namespace="default", name=generated_name(type, target))
    named = parse_ref(ref) if ref else known
    location = f"{type}:{target}"
    annotations: dict[str, JsonValue] = {MANAGED_BY: location, MANAGED_BY_ORIGIN: location}
    if type == "url":
        annotations |= _annotations(target)
    spec: dict[str, JsonValue] = {"type": type, "target": target}
    if presence != "required":
        spec["presence"] = presence
    entity: dict[str, JsonValue] = {
        "metadata": {
            "annotations": annotations,
            "name": named.name,
            "namespace": named.namespace,
        },
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "spec": spec,
    }
    found, _ = terms(entity)
    body, digest = serialize(entity)
    return Entity(
        ref=EntityRef(kind="Location", namespace=named.namespace, name=named.name),
        body=body,
        digest=digest,
        relations=(),
        terms=found,
    )


def _annotations(url: str) -> dict[str, JsonValue]:
    """What an entity says of the URL that it was read from."""
    found: dict[str, JsonValue] = {VIEW_URL: url}
    edit, source = edit_url(url), source_location(url)
    if edit is not None:
        found[EDIT_URL] = edit
    if source is not None:
        found[SOURCE_LOCATION] = source
    return found
