"""Replies: JSON that is ready as bytes, with a strong tag, or 304 for a client that has it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from flask import Response, current_app, request

from portal.api.answers import Answers
from portal.db.catalog.answerable import look_up
from portal.db.state import Connection, catalog_state_of
from portal.version import VERSION
from portal.wiring import Portal

ANSWERS = "answers"
"""Key of the application's extension that keeps answers."""

JSON = "application/json; charset=utf-8"


def reply(body: bytes | Iterable[bytes], status: int = 200) -> Response:
    """JSON, whole or in pieces."""
    return Response(body, status, content_type=JSON)


def current(
    portal: Portal, read: Callable[[Connection], Response], *, looks: bool = False
) -> Response:
    """The reply to a GET, of what `read` finds; 304, and nothing is read, where it is known.

    State and reply are of one snapshot of the database. `looks`: all of it is look-ups.
    """
    answers: Answers = current_app.extensions[ANSWERS]
    database = portal.database
    with database.look_about_in_turn() if looks else database.read_in_turn() as connection:
        tag = _tag(catalog_state_of(connection))
        # By a weak tag too: proxies that compress weaken ours.
        if request.if_none_match.contains_weak(tag):
            response = Response(status=304)
        elif (kept := answers.get(tag)) is not None:
            response = kept
        else:
            response = read(connection)
            answers.put(tag, response)
    return _tagged(response, tag)


def current_entity(
    portal: Portal, ref: str, otherwise: Callable[[Connection], Response]
) -> Response:
    """The reply to a GET of one entity, in one statement; of what `otherwise` finds, where there is none.

    It is no longer than what would be kept of it: no answer is.
    """
    with portal.database.look_in_turn() as connection:
        found = look_up(connection, ref)
    if found is None:
        return current(portal, otherwise)
    state, entity = found
    tag = _tag(state)
    known = request.if_none_match.contains_weak(tag)
    return _tagged(Response(status=304) if known else reply(entity.answer()), tag)


def _tagged(response: Response, tag: str) -> Response:
    response.headers["ETag"] = f'"{tag}"'
    return response


def _tag(state: str) -> str:
    """What is stored, and what was asked of it."""
    query = request.query_string.decode("latin-1")
    asked = f"{state}\n{VERSION}\n{request.path}?{query}"
    return hashlib.sha256(asked.encode()).hexdigest()[:32]
