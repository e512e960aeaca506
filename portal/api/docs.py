"""The API for people: one page that renders our OpenAPI document, without scripts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request

from portal.api.errors import CODES
from portal.openapi import Operation, outline


def blueprint() -> Blueprint:
    """`/api/docs`."""
    views = Blueprint("docs", __name__, template_folder="templates")

    @views.get("/api/docs")
    def page() -> Response:
        document = current_app.extensions["plumbline-description"]()
        base = request.host_url.rstrip("/") + request.root_path

        def curl(operation: Operation) -> str:
            return _curl(operation, base, document)

        return make_response(
            render_template(
                "api_docs.html",
                document=document,
                outline=outline(document),
                curl=curl,
                codes=CODES,
            )
        )

    return views


def _curl(operation: Operation, base: str, document: dict[str, Any]) -> str:
    verb = "" if operation.method == "GET" else f"-X {operation.method} "
    token = '-H "Authorization: Bearer $TOKEN" ' if document.get("security") else ""
    filled = operation.path
    for name, example in _EXAMPLES.items():
        filled = filled.replace(f"{{{name}}}", example)
    return f"curl {verb}{token}'{base}{filled}'"


_EXAMPLES = {"kind": "component", "namespace": "default"}
