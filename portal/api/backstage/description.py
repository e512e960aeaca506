"""What the catalog API says of itself: its OpenAPI 3.0 document, and the permissions it knows."""

from __future__ import annotations

import re
from typing import Any

import orjson
from flask import Blueprint, Response, request

from portal.api.backstage.operations import OPERATIONS, Operation
from portal.api.backstage.parameters import check_names
from portal.api.backstage.replies import current
from portal.api.backstage.schemas import PARAMETERS, REPEATED, SCHEMAS
from portal.version import VERSION
from portal.wiring import Portal

PREFIX = "/api/catalog"

ON_ENTITIES = {"read": "read", "delete": "delete", "refresh": "update"}
"""Permissions on an entity that is there, with the action that each is an instance of."""

ON_THE_CATALOG = {
    "catalog.entity.create": "create",
    "catalog.entity.validate": None,
    "catalog.location.read": "read",
    "catalog.location.create": "create",
    "catalog.location.delete": "delete",
    "catalog.location.analyze": "read",
}
"""Permissions on the catalog as a whole."""


def add_description_routes(routes: Blueprint, portal: Portal) -> None:
    """The routes, on the blueprint of the catalog API."""
    described = orjson.dumps(document())
    known = orjson.dumps(permissions())

    @routes.get("/openapi.json")
    def get_description() -> Response:
        check_names(request.args, ())
        return current(portal, lambda _: described)

    @routes.get("/.well-known/backstage/permissions/metadata")
    def get_permissions() -> Response:
        return current(portal, lambda _: known)


def document() -> dict[str, Any]:
    """The OpenAPI document, version 3.0.3 as Backstage's."""
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(PREFIX + one.path, {})[one.method] = _described(one)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "catalog",
            "version": VERSION,
            "description": "Plumbline's catalog, as Backstage's clients know it.",
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0.html",
            },
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        # Whether a token is needed is a setting of the portal.
        "security": [{}, {"token": []}],
    }


def permissions() -> dict[str, Any]:
    """What Backstage's permission framework asks a plugin for.

    There are no rules: nothing here is decided by conditions.
    """
    entity = [
        {
            "type": "resource",
            "name": f"catalog.entity.{name}",
            "attributes": {"action": action},
            "resourceType": "catalog-entity",
        }
        for name, action in ON_ENTITIES.items()
    ]
    basic = [
        {"type": "basic", "name": name, "attributes": {"action": action} if action else {}}
        for name, action in ON_THE_CATALOG.items()
    ]
    return {"permissions": entity + basic, "rules": []}


def _described(one: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "tags": [_tag(one.path)],
        "parameters": [
            *map(_of_path, re.findall(r"{(\w+)}", one.path)),
            *map(_of_query, one.parameters),
        ],
        "responses": {
            **{str(status): _answer(schema) for status, schema in one.answers.items()},
            "default": _answer({"$ref": "#/components/schemas/Error"}, "Why it was not done"),
        },
    }
    if one.body is not None:
        content = {"application/json": {"schema": one.body}}
        found["requestBody"] = {"required": bool(one.body.get("required")), "content": content}
    return found


def _tag(path: str) -> str:
    return "Locations" if "location" in path else "Entity"


def _of_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _of_query(name: str) -> dict[str, Any]:
    schema, meaning = PARAMETERS[name]
    style = {"explode": name in REPEATED} if schema["type"] == "array" else {}
    return {"name": name, "in": "query", "description": meaning, "schema": schema, **style}


def _answer(schema: dict[str, Any] | None, meaning: str = "Done") -> dict[str, Any]:
    if schema is None:
        return {"description": meaning}
    return {"description": meaning, "content": {"application/json": {"schema": schema}}}
