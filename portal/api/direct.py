"""Direct answers of the catalog API: look-ups, pages, counts and facets, without Flask.

What a request to Flask costs, looking up a name does not by half. So what is asked most is answered of
the plain request itself: by the same guard, by what the routes read with, with the same headers, counted
and logged alike. Only what goes well is answered here. Whatever else there is to say of a request, as of
a parameter that does not exist, of credentials, or of a database that is late, Flask says: None is
returned, and the request is answered as if nobody had looked at it.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TypeAlias

import orjson
from werkzeug.datastructures import MultiDict
from werkzeug.http import parse_cookie, parse_etags

from catalog.refs import EntityRef
from portal import logs
from portal.api.answers import Answer, Answers
from portal.api.backstage.by_query import page_of
from portal.api.backstage.description import PREFIX
from portal.api.backstage.entities import ancestry_of, entities_of, entity_of
from portal.api.backstage.facets import facets_of
from portal.api.backstage.parameters import parameters_of
from portal.api.backstage.replies import (
    JSON,
    Asked,
    AtOnce,
    Current,
    Read,
    current_answer,
    current_entity_answer,
    current_page_answer,
)
from portal.api.envelope import (
    DEFAULT_HEADERS,
    REQUEST_ID,
    log_answer,
    request_id_of,
    standing_headers,
)
from portal.api.guard import Guard, cookie_name
from portal.api.metrics import Requests
from portal.auth import needed_for
from portal.connections.plain import PlainAnswer, PlainRequest
from portal.db.patience import HASTY, patience
from portal.wiring import Portal

log = logging.getLogger(__name__)

_NAMED = re.compile(r"/entities/by-name/([^/]+)/([^/]+)/([^/]+)(/ancestry)?")
_BY_UID = re.compile(r"/entities/by-uid/([^/]+)")

_SIGNED = re.compile(r"bearer[ \t]+ey", re.IGNORECASE)
"""How a JSON Web Token begins, whose key may have to be fetched from whoever signed it, or says so."""

LONGEST_LIMIT = 3
"""Digits of a `limit`: a page of a thousand takes its time."""

_BY_QUERY, _BY_REFS, _FACETS = "/entities/by-query", "/entities/by-refs", "/entity-facets"

_Found: TypeAlias = tuple[str, Current]
"""The rule of a request, as Flask has it below the prefix, and what is answered."""


class Direct:
    """Answers plain requests, where it can do so in a moment."""

    def __init__(self, portal: Portal, guard: Guard, answers: Answers, requests: Requests) -> None:
        settings = portal.settings
        self._database, self._answers = portal.database, answers
        self._guard, self._requests = guard, requests
        self._base, self._cookie = settings.base_path, cookie_name(settings)
        self._headers = (*DEFAULT_HEADERS.items(), *standing_headers(settings).items())

    def __call__(self, request: PlainRequest) -> PlainAnswer | None:
        """The answer; None where Flask is to give it."""
        began = time.perf_counter()
        path = request.path.removeprefix(self._base)
        if not path.startswith(f"{PREFIX}/entit"):
            return None
        identifier = request_id_of(request.headers.get(REQUEST_ID.lower(), ""))
        hasty, logged = patience.set(HASTY), logs.request_id.set(identifier)
        try:
            found = self._find(request, path) if self._admits(request, path) else None
            if found is None:
                return None
            rule, current = found
            status = 304 if current.answer is None else 200
            self._requests.note(request.method, PREFIX + rule, status, time.perf_counter() - began)
            log_answer(request.method, path, status)
        except Exception:  # whatever it is: who answers by Flask meets it, too, and says it
            log.debug("not answered directly", exc_info=True)
            return None
        finally:
            patience.reset(hasty)
            logs.request_id.reset(logged)
        shared = self._guard.sharers.headers(request.headers.get("origin"), path)
        return self._written(current, [*shared, (REQUEST_ID, identifier)])

    def _admits(self, request: PlainRequest, path: str) -> bool:
        """Whether the caller may ask. Raises `Refusal` where it may not."""
        headers = request.headers
        host, shown = headers["host"], headers.get("authorization")
        if shown is not None and _SIGNED.match(shown):
            return False
        self._guard.check_host(host)
        needed = needed_for(request.method, path)
        cookies = parse_cookie(headers["cookie"]) if "cookie" in headers else {}
        caller = self._guard.caller_of(needed, shown, cookies.get(self._cookie))
        if self._guard.must_sign_in(caller):
            return False
        self._guard.check_permission(caller, needed)
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        self._guard.check_site(caller, request.method, host, path, fetch_site=site, origin=origin)
        return True

    def _find(self, request: PlainRequest, path: str) -> _Found | None:
        below, given = path[len(PREFIX) :], parameters_of(request.query)
        if request.method == "POST":
            return self._by_refs(request, given) if below == _BY_REFS else None
        tags = parse_etags(request.headers.get("if-none-match"))
        asked = Asked(path=path, query=request.query, tags=tags)
        if below == _BY_QUERY and len(given.get("limit", "")) <= LONGEST_LIMIT:
            page = page_of(given)
            return below, current_page_answer(self._database, self._answers, asked, page)
        if below == _FACETS:
            return below, self._current(asked, facets_of(given))
        if given:
            return None
        if named := _NAMED.fullmatch(below):
            return self._named(asked, *named.groups())
        if by_uid := _BY_UID.fullmatch(below):
            read = entity_of(by_uid[1])
            return "/entities/by-uid/<uid>", self._current(asked, read)
        return None

    def _named(
        self, asked: Asked, kind: str, namespace: str, name: str, ancestry: str | None
    ) -> _Found | None:
        rule = "/entities/by-name/<kind>/<namespace>/<name>"
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        if ancestry:
            return rule + ancestry, self._current(asked, ancestry_of(ref))
        found = current_entity_answer(self._database, asked, ref)
        return None if found is None else (rule, found)

    def _by_refs(self, request: PlainRequest, given: MultiDict[str, str]) -> _Found | None:
        body = orjson.loads(request.body)
        if request.headers.get("content-type") != "application/json" or not isinstance(body, dict):
            return None
        return _BY_REFS, Current(None, Answer(entities_of(self._database, given, body)))

    def _current(self, asked: Asked, read: Read | AtOnce) -> Current:
        return current_answer(self._database, self._answers, asked, read)

    def _written(self, current: Current, more: list[tuple[str, str]]) -> PlainAnswer:
        headers = [*self._headers, *more]
        if current.tag is not None:
            headers.append(("ETag", f'"{current.tag}"'))
        if (answer := current.answer) is None:
            return PlainAnswer(status="304 Not Modified", headers=headers)
        assert isinstance(answer.body, bytes), "the whole list alone is in pieces"
        headers += [("Content-Type", JSON), *answer.headers]
        return PlainAnswer(status="200 OK", headers=headers, body=answer.body)
