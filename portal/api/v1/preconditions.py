"""Preconditions: a write says by `If-Match` what it has seen, so that nobody overwrites unseen work.

Source: RFC 9110, 13.1.1, and RFC 6585, 3 for the status where the header is missing.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from catalog.problems import Problem
from portal.api.errors import Refusal
from portal.api.v1.conventions import answer, end_if_known

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string"},
    "description": "The `ETag` of what is changed, as it was answered.",
}
"""How the description of an operation tells of the header."""


def check_match(tag: str) -> None:
    """Refuse the request unless its `If-Match` has this tag."""
    if not request.headers.get("If-Match"):
        raise Refusal("PRECONDITION_REQUIRED", "The request has no If-Match")
    if not request.if_match.contains(tag):
        raise Refusal("PRECONDITION_FAILED", "It has changed since; get it again")


def tagged(value: dict[str, Any], tag: str, *, status: int = 200) -> Response:
    """An answer with the tag that writes have to name; to a GET with the same tag it is 304."""
    if request.method == "GET":
        end_if_known(tag)
    response = answer(value, tag=tag, status=status)
    response.set_etag(tag)
    return response


def refusal_of(problem: Problem, code: str = "CONFLICT") -> Refusal:
    """The refusal that tells of a problem which the domain has found."""
    text = f"{problem.message}. {problem.hint}" if problem.hint else problem.message
    detail = text + (f" (expected: {problem.expected})" if problem.expected else "")
    return Refusal(
        code,
        problem.message[:1].upper() + problem.message[1:],
        [{"pointer": problem.pointer or "/", "detail": detail, "code": problem.code}],
    )
