"""Queries to GitHub's GraphQL, and what their errors mean.

Source: GitHub's GraphQL reference. It answers 200 also where it answers nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugins.contract import Problem
from plugins.forges import problems
from plugins.forges.api import Api, Reply, graphql_url


def query(
    api: Api, text: str, variables: Mapping[str, Any], *, what: str, owner: str
) -> dict[str, Any] | Problem:
    """The data of an answer without errors: with some, parts of it may be missing.

    `owner` is whose token signs in, where there are several; `what` is the thing that is asked for.
    """
    asked = {"query": text, "variables": variables}
    reply = api.post(graphql_url(api.forge), asked, what=what, owner=owner)
    if isinstance(reply, Problem):
        return reply
    match reply.data:
        case {"errors": list(errors)} if errors:
            return _explained(api, errors, reply, what)
        case {"data": dict(data)}:
            if "partial-results" in reply.headers.get("x-github-sso", ""):
                why = "the token is not authorized for single sign-on"
                return problems.incomplete(api.forge, why)
            return data
    return problems.bad_answer(api.forge, "it is no answer to a query")


def _explained(api: Api, errors: list[Any], reply: Reply, what: str) -> Problem:
    kinds = {error.get("type") for error in errors if isinstance(error, dict)}
    if "RATE_LIMITED" in kinds:
        return api.limit(reply.headers)
    if "NOT_FOUND" in kinds:
        return problems.not_found(api.forge, what)
    if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
        return problems.not_permitted(api.forge, what)
    said = errors[0].get("message") if isinstance(errors[0], dict) else ""
    return problems.bad_answer(api.forge, str(said)[:150])
