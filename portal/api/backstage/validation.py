"""`POST /validate-entity`: whether an entity would be accepted, before anybody commits it.

Source of form and messages: Backstage catalog backend 4.0.0 (reference 3.9), observed. Unlike
Backstage it tells all errors at once. What placeholders name is read as an ingestion would.
"""

from __future__ import annotations

import re
from functools import cache

import orjson
from flask import Blueprint, Response, request

from catalog.descriptor.bundling import Resolve
from catalog.descriptor.defined_kinds import kinds_of
from catalog.descriptor.descriptors import read_descriptor
from catalog.descriptor.placeholders import Base, companion_key, outside
from catalog.errors import RefError
from catalog.explanations.wording import BackstageError, backstage_error
from catalog.ingest.companions import MOST_COMPANIONS
from catalog.kinds.registry import Kinds
from catalog.location_refs import parse_location
from catalog.problems import JsonValue, Problem, Severity
from portal.api.backstage.parameters import body_of, check_names, member, text
from portal.api.backstage.replies import reply
from portal.wiring import Portal
from portal.worker.reading import fetch

FILE = "catalog-info.json"
"""A name that means a descriptor, whatever it holds."""

_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|{(?=[{%])")
"""Characters of JSON texts that are something else to YAML, and marks of template engines."""


def add_validation_routes(routes: Blueprint, portal: Portal) -> None:
    """The route, on the blueprint of the catalog API."""

    @routes.post("/validate-entity")
    def validate_entity() -> Response:
        check_names(request.args, ())
        body = body_of(request, required=True)
        entity, location = member(body, "entity"), text(body, "location")
        resolve = _reading(portal, location)
        errors = faults_of(entity, location, kinds_of(portal.kind_files)[0], resolve)
        if not errors:
            return Response(status=200, content_type="application/json; charset=utf-8")
        return reply(orjson.dumps({"errors": [error.as_dict() for error in errors]}), 400)


def faults_of(
    entity: dict[str, JsonValue],
    location: str,
    kinds: Kinds | None = None,
    resolve: Resolve | None = None,
) -> list[BackstageError]:
    """All that is wrong with an entity, were it read from a location, in Backstage's words.

    `resolve` reads what placeholders name; without it they stay in place.
    """
    try:
        type_, target = parse_location(location)
    except RefError as error:
        return [BackstageError(name="TypeError", message=str(error))]
    if type_ != "url":
        only = "only 'url:<target>' is supported, e.g. url:https://host/path"
        message = f"Invalid location ref {type_}:{target}, {only}"
        return [BackstageError(name="TypeError", message=message)]
    outcomes, problems = read_descriptor(
        _as_yaml(entity),
        file=FILE,
        location=location,
        origin=location,
        resolve=resolve,
        kinds=kinds,
    )
    found: list[tuple[str | None, Problem]] = [(None, one) for one in problems]
    found += [(outcome.ref, one) for outcome in outcomes for one in outcome.problems]
    return [
        backstage_error(one, ref=ref, location=location)
        for ref, one in found
        if one.severity is Severity.ERROR
    ]


def _reading(portal: Portal, location: str) -> Resolve:
    """Reads what placeholders of a descriptor at this location name, each once."""
    url = location.partition(":")[2].strip()
    base = Base(path=FILE, direct=url, same_repository=portal.settings.same_repository_placeholders)
    read: set[str] = set()

    @cache
    def resolve(target: str) -> bytes | Problem:
        key = companion_key(target, base)
        read.add(target)
        if key is None or len(read) > MOST_COMPANIONS:
            return outside(target)
        found = fetch(portal.plugins, key)
        return found if isinstance(found, Problem) else found[1]

    return resolve


def _as_yaml(entity: dict[str, JsonValue]) -> bytes:
    """A descriptor that says what the JSON says: JSON is YAML, but for some characters."""
    written = orjson.dumps(entity).decode()
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", written).encode()
