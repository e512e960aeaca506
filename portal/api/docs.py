"""The API for people: one page that renders an OpenAPI document, without scripts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request

from portal.api.errors import CODES

_METHODS = ("get", "post", "put", "patch", "delete")


def blueprint() -> Blueprint:
    """`/api/docs`."""
    views = Blueprint("docs", __name__, template_folder="templates")
    views.add_app_template_filter(type_of)

    @views.get("/api/docs")
    def page() -> Response:
        document = current_app.extensions["plumbline-description"]()
        return make_response(
            render_template(
                "api_docs.html",
                document=document,
                groups=groups(document, request.host_url.rstrip("/") + request.root_path),
                codes=CODES,
            )
        )

    return views


def groups(document: dict[str, Any], base: str) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """The operations by tag: name, description, and what the template shows of each."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                operation = item[method]
                shown = _operation(document, path, method, operation, item.get("parameters", []))
                shown["curl"] = _curl(method, base, path, document)
                found.setdefault(operation.get("tags", [""])[0], []).append(shown)
    about = {tag["name"]: tag.get("description", "") for tag in document.get("tags", [])}
    return [(tag, about.get(tag, ""), operations) for tag, operations in found.items()]


def _operation(
    document: dict[str, Any],
    path: str,
    method: str,
    operation: dict[str, Any],
    shared: list[dict[str, Any]],
) -> dict[str, Any]:
    parameters = [_resolved(document, p) for p in [*shared, *operation.get("parameters", [])]]
    responses = [
        (status, _resolved(document, response))
        for status, response in sorted(operation["responses"].items())
    ]
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": [
            {
                "name": parameter["name"],
                "where": parameter["in"],
                "required": parameter.get("required", False),
                "type": type_of(parameter.get("schema", {})),
                "description": parameter.get("description", ""),
            }
            for parameter in parameters
        ],
        "responses": [
            {
                "status": status,
                "description": response.get("description", ""),
                "schema": _schema_of(response),
            }
            for status, response in responses
        ],
    }


def _resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in value:
        return value
    found: Any = document
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _schema_of(response: dict[str, Any]) -> str:
    for content in response.get("content", {}).values():
        return type_of(content.get("schema", {}))
    return ""


def type_of(schema: dict[str, Any]) -> str:
    """A schema in a few words: `integer 1–500`, `list of EntityItem`, `text: pass, fail`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            return " or ".join(type_of(part) for part in schema[key])
    kinds = schema.get("type", "any")
    words = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if words == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if "enum" in schema:
        return f"{words}: {', '.join(str(value) for value in schema['enum'])}"
    if "minimum" in schema and "maximum" in schema:
        return f"{words} {schema['minimum']}–{schema['maximum']}"
    return words


def _curl(method: str, base: str, path: str, document: dict[str, Any]) -> str:
    verb = "" if method == "get" else f"-X {method.upper()} "
    token = '-H "Authorization: Bearer $TOKEN" ' if document.get("security") else ""
    filled = path
    for name, example in _EXAMPLES.items():
        filled = filled.replace(f"{{{name}}}", example)
    return f"curl {verb}{token}'{base}{filled}'"


_EXAMPLES = {"kind": "component", "namespace": "default"}
