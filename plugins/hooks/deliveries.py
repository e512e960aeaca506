"""Deliveries of webhooks, and what they can come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from catalog.problems import quote
from plugins.contract import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A request as it came."""

    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """Every byte of it: signatures are over these, and not over what they are read as."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """Something may have changed in these repositories, or among these people."""

    repositories: tuple[str, ...] = ()
    """URLs: each has a page, a clone URL, or both."""
    revision: str = ""
    """The commit that a branch is at now; '': it is not said."""
    listed: bool = False
    """Whether one may have come, gone, or got another name: then listings are asked as well."""
    people: tuple[str, ...] = ()
    """Paths of the organizations or groups whose members or teams may be others; '': of some group, which
    is not said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignored:
    """It is nothing that the catalog could look different for."""

    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsigned:
    """Nobody who knows a secret of the hook has sent it."""

    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """It is signed, and cannot be read."""

    problem: Problem


Said: TypeAlias = Touched | Ignored | Malformed


def payload_of(delivery: Delivery) -> dict[str, Any] | Malformed:
    """The JSON object that a delivery carries."""
    kind = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded" or delivery.headers.get("content-encoding"):
        return _malformed("The delivery is not plain JSON", found=kind)
    try:
        payload = orjson.loads(delivery.body)
    except orjson.JSONDecodeError as error:
        return _malformed(f"The delivery is no JSON: {error.msg}", line=error.lineno)
    if not isinstance(payload, dict):
        return _malformed("The delivery is no JSON object", found=type(payload).__name__)
    return payload


def text_at(payload: Any, *path: str) -> str:
    """The text at a path of keys; '' where there is none, or one that no database keeps."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload if isinstance(payload, str) and "\0" not in payload else ""


def _malformed(message: str, *, found: str = "", line: int | None = None) -> Malformed:
    return Malformed(
        problem=Problem(
            code="BAD_DELIVERY",
            message=f"{message}.",
            line=line,
            found=quote(found),
            expected="a JSON object",
            hint="Choose the content type application/json in the settings of the webhook.",
        )
    )
