"""Explain: what is stored about a ref or a URL, as `catalog.explanations.explaining` wants it.

A URL may be a location's target, a repository's, or that of a file: as a forge shows it, as
`file:...`, or as a path.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
from sqlalchemy import ColumnElement, Connection, or_, select

from catalog.descriptor.inference import inferred_from
from catalog.explanations.evidence import (
    Decided,
    EntitySeen,
    FileSeen,
    LocationSeen,
    RefEvidence,
    RepositorySeen,
    UrlEvidence,
)
from catalog.ingest.discovery import descriptor_paths
from catalog.locations import web_url
from catalog.scm import forge_file, tree_url
from portal.db import bulk
from portal.db.catalog.keys import storable
from portal.db.engine import time_of
from portal.db.sources.seen import (
    claims_where,
    faults_where,
    files_where,
    locations_where,
    repository_seen,
)
from portal.db.tables import (
    aliases,
    declarations,
    entities,
    files,
    held_removals,
    locations,
    problems,
    refs,
    repositories,
    suppressions,
    tombstones,
)


def ref_evidence(connection: Connection, ref: str) -> RefEvidence:
    """What is stored about a canonical ref, or about the entity that it was a name of."""
    alias = _alias(connection, ref)
    present = ref if alias is None else alias[0]
    number = (
        connection.execute(select(refs.c.id).where(refs.c.ref == present)).scalar()
        if storable([present])
        else None
    )
    nowhere = -1 if number is None else number
    entity = connection.execute(
        select(
            entities.c.updated_at, entities.c.revision, entities.c.file_id, entities.c.body
        ).where(entities.c.id == nowhere)
    ).first()
    claims = claims_where(connection, declarations.c.ref_id == nowhere)
    rejected = faults_where(connection, problems.c.ref == present) if storable([present]) else []
    gone = entity is None and not claims and not rejected
    return RefEvidence(
        ref=present,
        alias=None if alias is None else (ref, alias[1]),
        entity=None
        if entity is None
        else EntitySeen(
            ref=present,
            since=time_of(entity.updated_at),
            revision=entity.revision,
            orphan=entity.file_id is None,
            owner_from=inferred_from(orjson.loads(entity.body)),
        ),
        claims=claims,
        rejected=tuple((file, fault.problem) for file, fault in rejected),
        suppression=_decided(connection, suppressions, suppressions.c.at, nowhere),
        removal=_decided(connection, tombstones, tombstones.c.removed_at, nowhere),
        held=_held(connection, nowhere),
        unhealthy=_unhealthy(connection) if gone else (),
    )


def url_evidence(connection: Connection, url: str, *, readable: bool) -> UrlEvidence:
    """What is stored about a URL or a path; `readable`: whether a plugin can read it."""
    if not storable([url]) or not _is_address(url):
        return _nothing(url, readable)
    found = [file for file in files_where(connection, _is_file(url)) if _names(url, file)]
    file = found[0] if found else None
    repository, path = (file.repository, file.path) if file else _repository(connection, url)
    targets = {url, url.rstrip("/"), f"{url.rstrip('/')}/", _as_path(url)}
    seen = locations_where(connection, bulk.among(connection, locations.c.target, targets))
    if repository is not None and not seen:
        leads = select(repositories.c.location_id).where(repositories.c.url == repository.url)
        seen = locations_where(connection, locations.c.id.in_(leads))
    if file is not None:
        inside = files.c.url == file.url
    elif repository is not None:
        inside = repositories.c.url == repository.url
    else:
        inside = bulk.among(connection, repositories.c.location_id, [one.id for one in seen])
    whole = not path or file is not None
    return UrlEvidence(
        url=url,
        locations=seen,
        repository=repository,
        file=file,
        claims=claims_where(connection, inside) if whole else (),
        faults=tuple(fault for _, fault in faults_where(connection, inside)) if whole else (),
        path=path,
        expected=bool(descriptor_paths([path])),
        readable=readable,
    )


def _is_address(url: str) -> bool:
    """Whether anything can be there: not so where an address stands in brackets that is none."""
    try:
        urlsplit(url.removeprefix("url:"))
    except ValueError:
        return False
    return True


def _nothing(url: str, readable: bool) -> UrlEvidence:
    return UrlEvidence(
        url=url,
        locations=(),
        repository=None,
        file=None,
        claims=(),
        faults=(),
        path="",
        expected=False,
        readable=readable,
    )


def _alias(connection: Connection, ref: str) -> tuple[str, datetime] | None:
    if not storable([ref]):
        return None
    former, present = refs.alias(), refs.alias()
    row = connection.execute(
        select(present.c.ref, aliases.c.since)
        .join(former, former.c.id == aliases.c.id)
        .join(present, present.c.id == aliases.c.entity_id)
        .where(former.c.ref == ref)
    ).first()
    return None if row is None else (row.ref, time_of(row.since))


def _is_file(url: str) -> ColumnElement[bool]:
    """Files that a URL may name."""
    text = url.removeprefix("url:")
    forge = forge_file(text)
    path = _as_path(text)
    urls = (url, f"url:{text}", f"url:{tree_url(text)}", f"file:{path}")
    return or_(files.c.url.in_(urls), files.c.path == (forge.path if forge else path))


def _names(url: str, file: FileSeen) -> bool:
    """Whether the URL names this file, and not one with the same path in another repository."""
    forge = forge_file(url.removeprefix("url:"))
    if forge is None or file.location is None:
        return True
    home = web_url(file.repository.url).lower()
    return forge.path == file.path and forge.home.lower() == home


def _as_path(url: str) -> str:
    """The path of a local file, where the text is one or a URL of one."""
    text = url.removeprefix("file:")
    return unquote(urlsplit(url).path) if url.startswith("file://") else text


def _repository(connection: Connection, url: str) -> tuple[RepositorySeen | None, str]:
    """The repository that a URL names or lies in, and the path in it."""
    forge = forge_file(url)
    home = (forge.home if forge else web_url(url)).lower()
    name = urlsplit(home).path.rstrip("/").rpartition("/")[2]
    rows = connection.execute(
        select(repositories)
        .where(
            repositories.c.location_id.is_not(None),
            repositories.c.url.icontains(name, autoescape=True),
        )
        .order_by(repositories.c.id)
        .limit(1000)
    ).all()
    path = _as_path(url)
    for row in rows:
        if web_url(row.url).lower() == home:
            return repository_seen(row), forge.path if forge else ""
    return _folder(connection, path)


def _folder(connection: Connection, path: str) -> tuple[RepositorySeen | None, str]:
    """The local repository that a path is, or lies in."""
    steps = path.rstrip("/").split("/")
    if not path.startswith("/"):
        return None, ""
    folders = ["/".join(steps[:n]) for n in range(len(steps), 1, -1)]
    urls = {f"file://{folder}": folder for folder in folders}
    rows = {
        row.url: row
        for row in connection.execute(
            select(repositories).where(bulk.among(connection, repositories.c.url, urls.keys()))
        )
    }
    for url, folder in urls.items():
        if url in rows:
            return repository_seen(rows[url]), path[len(folder) :].strip("/")
    return None, ""


def _unhealthy(connection: Connection) -> tuple[LocationSeen, ...]:
    bad = locations.c.state != "ok"
    return locations_where(connection, bad & locations.c.removed_at.is_(None))


def _decided(connection: Connection, table: Any, at: Any, number: int) -> Decided | None:
    row = connection.execute(
        select(table.c.reason, table.c.actor, at.label("at")).where(table.c.id == number)
    ).first()
    return None if row is None else Decided(reason=row.reason, actor=row.actor, at=time_of(row.at))


def _held(connection: Connection, number: int) -> Decided | None:
    for row in connection.execute(select(held_removals)):
        if number in orjson.loads(row.entities):
            return Decided(reason=row.reason, actor="", at=time_of(row.held_at))
    return None
