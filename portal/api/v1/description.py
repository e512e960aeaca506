"""The API put together, and described as OpenAPI 3.1 at `/api/v1/openapi.json`."""

from __future__ import annotations

import re
import threading
from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, Response

from portal.api.v1.access import admin, tokens
from portal.api.v1.catalog import documentation, entities, explain, graph, lookups
from portal.api.v1.changes import events, history
from portal.api.v1.collection import fetches, inquiries, packs, pushing
from portal.api.v1.conventions import Api, Resource, Tags, answer
from portal.api.v1.evaluation import (
    badges,
    explanations,
    result_history,
    scorecard_versions,
    scorecards,
)
from portal.api.v1.insights import advice, coverage, digest, risks, rollups, trends
from portal.api.v1.people import answers, campaigns, exemptions, notices
from portal.api.v1.simulation import simulations
from portal.api.v1.sources import locations, removals, webhooks, work
from portal.config import Auth, Settings
from portal.version import VERSION
from portal.wiring import Portal

ABOUT = """\
What Plumbline knows: entities, how they stand on scorecards and why, and every problem in between.

Lists are `{items, nextCursor}`: pass `nextCursor` as `cursor` for the next page. An unknown
parameter is refused with 400, a bad value with 422, and every error is problem details (RFC 9457)
with a stable `code`. Answers carry an `ETag`; with `If-None-Match` an unchanged one is 304.
"""

_PROBLEM = "application/problem+json"


def register(app: Flask, portal: Portal) -> None:
    """Serve `/api/v1`."""
    app.config.update(
        API_TITLE="Plumbline", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX=None
    )
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    api = Api(app, spec_kwargs={"info": {"description": ABOUT}, "marshmallow_plugin": plugin})
    for views in _resources(portal, Tags(portal)):
        api.register_blueprint(views)
    guard, made = threading.Lock(), list[dict[str, Any]]()

    def description() -> dict[str, Any]:
        """The OpenAPI document, made when somebody first asks for it."""
        with guard:
            if not made:
                made.append(describe(api, portal.settings))
        return made[0]

    app.extensions["plumbline-description"] = description
    own = Blueprint("description", __name__, url_prefix="/api/v1")

    @own.get("/openapi.json")
    def openapi() -> Response:
        return answer(description())

    app.register_blueprint(own)


def _resources(portal: Portal, tags: Tags) -> tuple[Resource, ...]:
    """All that `/api/v1` serves, in the order of its description."""
    return (
        entities.resource(portal, tags),
        history.resource(portal),
        documentation.resource(portal),
        events.resource(portal),
        graph.resource(portal, tags),
        explain.resource(portal),
        result_history.resource(portal),
        badges.resource(portal, tags),
        trends.resource(portal, tags),
        rollups.resource(portal, tags),
        scorecards.resource(portal, tags),
        answers.resource(portal),
        exemptions.resource(portal),
        campaigns.resource(portal),
        notices.resource(portal),
        scorecard_versions.resource(portal),
        advice.resource(portal, tags),
        simulations.resource(portal),
        explanations.resource(portal),
        coverage.resource(portal, tags),
        digest.resource(portal),
        risks.resource(portal, tags),
        locations.resource(portal),
        removals.resource(portal),
        lookups.resource(portal, tags),
        packs.resource(portal),
        pushing.resource(portal),
        webhooks.resource(portal),
        fetches.resource(portal),
        inquiries.resource(portal),
        work.resource(portal),
        admin.resource(portal),
        tokens.resource(portal),
    )


def describe(api: Api, settings: Settings) -> dict[str, Any]:
    """The OpenAPI document: flask-smorest's, with what it cannot be told."""
    api.describe_all()
    document: dict[str, Any] = api.spec.to_dict()
    document["servers"] = [{"url": settings.base_path or "/"}]
    responses = document.get("components", {}).get("responses", {})
    for response in responses.values():
        _as_problem(response)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            operation["operationId"] = _operation_id(method, path)
            for status, response in operation["responses"].items():
                if status == "default" or int(status) >= 400:
                    _as_problem(response)
    if settings.auth is Auth.REQUIRED:
        schemes = {"token": {"type": "http", "scheme": "bearer"}}
        document["components"]["securitySchemes"] = schemes
        document["security"] = [{"token": []}]
    return document


def _schema_name(schema: Any) -> str:
    """`Entity` for `EntityAnswer`: what clients generate classes from."""
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Answer")


def _as_problem(response: dict[str, Any]) -> None:
    content = response.get("content", {})
    if "application/json" in content:
        content[_PROBLEM] = content.pop("application/json")


def _operation_id(method: str, path: str) -> str:
    """`getEntitiesKindNamespaceNameFacts`: stable as long as the path is."""
    words = re.findall(r"[A-Za-z0-9]+", path.removeprefix("/api/v1"))
    return method + "".join(word[:1].upper() + word[1:] for word in words)
