"""`POST /analyze-location`: what a repository declares already, or what it could declare.

Source of form and messages: Backstage catalog backend 4.0.0 (reference 3.9), observed.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from flask import Blueprint, Response, request

from catalog.analysis import clone_urls, repository_of, suggested_entity
from catalog.errors import QueryError
from catalog.urls import is_url
from portal.api.backstage.parameters import body_of, check_names, member, text
from portal.api.backstage.replies import reply
from portal.config.integrations import GitHub, GitLab, Integration
from portal.db.catalog.declared import Declared, declared_in
from portal.wiring import Portal


def add_analysis_routes(routes: Blueprint, portal: Portal) -> None:
    """The route, on the blueprint of the catalog API."""
    slugs = _slugs(portal.settings.integrations)

    @routes.post("/analyze-location")
    def analyze_location() -> Response:
        check_names(request.args, ())
        body = body_of(request, required=True)
        location = member(body, "location")
        target = text(location, "target", within="/location")
        text(location, "type", within="/location")
        if location.keys() - {"type", "target"}:
            raise QueryError("request/body/location must NOT have additional properties")
        if "catalogFilename" in body:
            text(body, "catalogFilename")
        if not is_url(target):
            raise QueryError("The given location.target is not a URL")
        address = repository_of(target)
        with portal.database.read() as connection:
            found = declared_in(connection, address, clone_urls(address))
        # Who finds something there already has no use for a suggestion, as in Backstage.
        suggested = [] if found else [{"entity": suggested_entity(target, slugs), "fields": []}]
        existing = b",".join(map(_existing, found))
        answer = b'{"existingEntityFiles":[%b],"generateEntities":%b}'
        return reply(answer % (existing, orjson.dumps(suggested)))


def _slugs(integrations: tuple[Integration, ...]) -> Mapping[str, str]:
    """The prefix of the annotation `project-slug` for each host that is known to have one."""
    slugs = {"github.com": "github.com", "gitlab.com": "gitlab.com"}
    for one in integrations:
        match one:
            case GitHub(host=host):
                slugs[host] = "github.com"
            case GitLab(host=host):
                slugs[host] = "gitlab.com"
            case _:
                pass
    return slugs


def _existing(found: Declared) -> bytes:
    type_, _, target = found.location.partition(":")
    location = orjson.dumps({"type": type_, "target": target})
    return b'{"location":%b,"isRegistered":true,"entity":%b}' % (location, found.entity.answer())
