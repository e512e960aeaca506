"""Replies: JSON that is ready as bytes, with a strong tag, or 304 for a client that has it.

What is replied does not depend on Flask: `portal.api.direct` says the same without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import Response, current_app, request
from werkzeug.datastructures import ETags

from portal.api.answers import Answer, Answers
from portal.db.catalog.answerable import look_up
from portal.db.catalog.listing import AskedPage
from portal.db.engine import Database
from portal.db.state import Connection, catalog_state_of
from portal.version import VERSION
from portal.wiring import Portal

ANSWERS = "answers"
"""Key of the application's extension that keeps answers."""

JSON = "application/json; charset=utf-8"

Read = Callable[[Connection], bytes | Answer]
"""What reads the answer of a question; it raises where there is none."""


@dataclass(frozen=True, slots=True)
class AtOnce:
    """What reads it by one statement."""

    look: Callable[[Connection], tuple[str, bytes]]
    """The state of the catalog, and the answer in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a GET asks, and what its client has."""

    path: str
    query: str
    tags: ETags

    def tag(self, state: str) -> str:
        """Of the answer to it, in this state of the catalog."""
        asked = f"{state}\n{VERSION}\n{self.path}?{self.query}"
        return hashlib.sha256(asked.encode()).hexdigest()[:32]

    def has(self, tag: str) -> bool:
        """Whether the client has that answer; also by a weak tag: proxies that compress weaken ours."""
        return self.tags.contains_weak(tag)


@dataclass(frozen=True, slots=True)
class Current:
    """The answer to a GET in the present state."""

    tag: str | None
    """None: what was asked has none."""
    answer: Answer | None
    """None: the client has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page of entities, in two steps."""

    ask: Callable[[Connection, bool], AskedPage]
    """The second says whether what is remembered will do (`portal.db.catalog.memory`)."""
    read: Callable[[AskedPage], tuple[bytes, str]]
    """The answer, with the state of the catalog when it was read."""


def current_answer(
    database: Database, answers: Answers, asked: Asked, read: Read | AtOnce
) -> Current:
    """What `read` finds, or what is kept of it; of one state of the catalog.

    Whatever changes an answer changes the state: between equal ones nothing did.
    """
    if isinstance(read, AtOnce):
        return _current_at_once(database, answers, asked, read)
    with database.glance_in_turn() as connection:
        state = catalog_state_of(connection)
        if known := _known(answers, asked, asked.tag(state)):
            return known
        found = read(connection)
        has_changed = catalog_state_of(connection) != state
    if has_changed:
        with database.read_in_turn() as connection:
            state, found = catalog_state_of(connection), read(connection)
    return _kept(answers, asked.tag(state), found)


def _current_at_once(database: Database, answers: Answers, asked: Asked, read: AtOnce) -> Current:
    """The state is looked at before only where that may be all: it takes as long as the rest."""
    with database.look_in_turn() as connection:
        if asked.tags or answers.most:
            tag = asked.tag(catalog_state_of(connection))
            if known := _known(answers, asked, tag):
                return known
        state, found = read.look(connection)
    tag = asked.tag(state)
    return _known(answers, asked, tag) or _kept(answers, tag, found)


def current_page_answer(database: Database, answers: Answers, asked: Asked, page: Page) -> Current:
    """The same of a page: a short one is a look, or two, each of which says the state besides."""
    with database.look_in_turn() as connection:
        wanted = page.ask(connection, True)
        if wanted.is_remembered:
            # A look at the state is worth it where it may be all.
            spares = _known(answers, asked, asked.tag(wanted.state)) is not None
            if not spares and (found := _read_now(answers, asked, page, wanted)):
                return found
            wanted = page.ask(connection, False)
        if known := _known(answers, asked, asked.tag(wanted.state)):
            return known
        if found := _read_now(answers, asked, page, wanted):
            return found
    return current_answer(database, answers, asked, lambda one: page.read(page.ask(one, False))[0])


def _read_now(answers: Answers, asked: Asked, page: Page, wanted: AskedPage) -> Current | None:
    """The page, if it is short, and the catalog is still the one of which it was asked."""
    if not wanted.is_short:
        return None
    found, state = page.read(wanted)
    return _kept(answers, asked.tag(state), found) if state == wanted.state else None


def _known(answers: Answers, asked: Asked, tag: str) -> Current | None:
    """What the client has, or is kept."""
    if asked.has(tag):
        return Current(tag, None)
    kept = answers.get(tag)
    return None if kept is None else Current(tag, kept)


def _kept(answers: Answers, tag: str, found: bytes | Answer) -> Current:
    answer = found if isinstance(found, Answer) else Answer(found)
    answers.put(tag, answer)
    return Current(tag, answer)


def current_entity_answer(database: Database, asked: Asked, ref: str) -> Current | None:
    """One entity, in one statement; None where it does not exist.

    It is no longer than what would be kept of it: no answer is.
    """
    with database.look_in_turn() as connection:
        found = look_up(connection, ref)
    if found is None:
        return None
    state, entity = found
    tag = asked.tag(state)
    return Current(tag, None if asked.has(tag) else Answer(entity.answer()))


def reply(body: bytes | Iterable[bytes], status: int = 200) -> Response:
    """JSON, whole or in pieces."""
    return Response(body, status, content_type=JSON)


def separated(start: bytes, items: Iterable[bytes], end: bytes) -> list[bytes]:
    """The parts of a list: to be joined once, because long ones are not copied for nothing."""
    parts = [start]
    for item in items:
        parts += (item, b",")
    if len(parts) > 1:
        del parts[-1]
    parts.append(end)
    return parts


def current(portal: Portal, read: Read | AtOnce) -> Response:
    """The reply to a GET, of what `read` finds; 304, and nothing is read, where it is known."""
    answers: Answers = current_app.extensions[ANSWERS]
    return _response(current_answer(portal.database, answers, _asked(), read))


def current_page(portal: Portal, page: Page) -> Response:
    """As `current`, of a page."""
    answers: Answers = current_app.extensions[ANSWERS]
    return _response(current_page_answer(portal.database, answers, _asked(), page))


def current_entity(portal: Portal, ref: str, otherwise: Read) -> Response:
    """The reply to a GET of one entity; of what `otherwise` finds, where there is none."""
    found = current_entity_answer(portal.database, _asked(), ref)
    return current(portal, otherwise) if found is None else _response(found)


def _asked() -> Asked:
    query = request.query_string.decode("latin-1")
    return Asked(path=request.path, query=query, tags=request.if_none_match)


def _response(found: Current) -> Response:
    if (answer := found.answer) is None:
        response = Response(status=304)
    else:
        response = reply(answer.body)
        response.headers.extend(answer.headers)
    response.headers["ETag"] = f'"{found.tag}"'
    return response
