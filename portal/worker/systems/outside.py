"""Asking another system that the operator named, and what it means where it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from plugins.contract import ReadingRule
from plugins.web.answers import Answer, Refused
from plugins.web.client import CheckedClient
from scorecards.collection.fetching import Request
from scorecards.collection.recipes import Recipe
from scorecards.facts import FailedFact, Missing, Unknown

LARGEST = 32 * 1024 * 1024
"""Bytes of an answer."""

PATIENCE = ("RATE_LIMITED", "UPSTREAM_PAUSED")
"""Problems after which nothing more is asked for now."""

_FORBIDDEN = (401, 403)


def client_for(recipe: Recipe) -> CheckedClient:
    """A client that connects to the system of the recipe, which the operator named, and nowhere else."""
    return CheckedClient([ReadingRule(host=urlsplit(recipe.url).netloc)])


def sent(client: CheckedClient, request: Request, headers: Mapping[str, str]) -> Answer:
    """What is answered to a request."""
    if request.body is None:
        return client.get(request.url, max_bytes=LARGEST, headers=headers)
    posted = {"Content-Type": "application/json", **headers}
    return client.post(request.url, body=request.body, headers=posted, max_bytes=LARGEST)


def without_answer(answer: Answer, url: str = "") -> FailedFact | Missing:
    """What is said of facts where there is no content: 404 is that the system knows no such thing."""
    assert isinstance(answer, Refused), "nothing was asked with a condition"
    if answer.status == 404:
        return Missing(looked_for=shown(url) or "the URL")
    forbidden = answer.status in _FORBIDDEN
    return FailedFact(
        reason=Unknown.NOT_PERMITTED if forbidden else Unknown.SOURCE_FAILED,
        detail=answer.problem.message,
    )


def shown(url: str) -> str:
    """Without its query, which may hold a key."""
    return url.partition("?")[0]
