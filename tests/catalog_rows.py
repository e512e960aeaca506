"""A small catalog for tests of what reads it, written by the store from plain dictionaries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import insert

from catalog.entity import Entity, Outcome, Verdict
from catalog.ingest.store import Applied, Batch, FileReading
from catalog.problems import Problem
from catalog.refs import EntityRef
from catalog.sources import Repository
from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.db.tables import locations

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LOCATION = "11111111-1111-4111-8111-111111111111"
REPOSITORY = Repository(url="file:///srv/shop", name="shop")
UNSEARCHABLE = {"metadata.name", "metadata.namespace"}


def entity(
    name: str,
    kind: str = "Component",
    namespace: str = "default",
    *,
    metadata: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    relations: Sequence[tuple[str, str, str]] = (),
) -> Entity:
    """An entity; `relations` are (type, target, type of the way back)."""
    ref = EntityRef(kind=kind, namespace=namespace, name=name)
    data: dict[str, Any] = {
        "metadata": {"namespace": namespace, "name": name, **(metadata or {})},
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "spec": spec or {},
    }
    body = orjson.dumps(data)
    found = {(key.lower(), value) for key, value in _terms(data, "")}
    edges = {(str(ref), there, target) for there, target, _ in relations}
    edges |= {(target, back, str(ref)) for _, target, back in relations}
    return Entity(
        ref=ref,
        body=body,
        digest=hashlib.sha1(body).hexdigest(),
        relations=tuple(sorted(edges)),
        terms=tuple(sorted(found, key=lambda term: (term[0], term[1] or ""))),
    )


def owned(name: str, owner: str, **others: Any) -> Entity:
    """A component of a group."""
    return entity(name, relations=[("ownedBy", f"group:default/{owner}", "ownerOf")], **others)


def save(
    database: Database,
    *entities: Entity,
    path: str = "catalog-info.yaml",
    problems: Sequence[Problem] = (),
    repository: Repository = REPOSITORY,
    now: datetime = NOW,
) -> Applied:
    """Store the entities as the documents of one file; `problems` are those of a rejected one."""
    with database.write() as connection:
        if connection.execute(locations.select()).first() is None:
            connection.execute(
                insert(locations).values(
                    id=LOCATION,
                    type="file",
                    target="/srv",
                    origin="command",
                    registered_at=NOW,
                )
            )
    outcomes = [
        Outcome(file=path, document=n, verdict=Verdict.ACCEPT, ref=str(one.ref), entity=one)
        for n, one in enumerate(entities)
    ]
    if problems:
        ref = "component:default/broken"
        outcomes.append(
            Outcome(
                file=path,
                document=len(outcomes),
                verdict=Verdict.REJECT,
                ref=ref,
                problems=tuple(problems),
            )
        )
    reading = FileReading(
        path=path, token="1", url=f"file:/srv/shop/{path}", outcomes=tuple(outcomes)
    )
    batch = Batch(
        location=LOCATION,
        repository=repository,
        origin="file:/srv",
        readings=(reading,),
        revision="r1",
        now=now,
    )
    (applied,) = Store(database).apply([batch])
    return applied


def _terms(value: Any, path: str) -> Iterator[tuple[str, str | None]]:
    if path in UNSEARCHABLE or path == "kind":
        return
    match value:
        case dict():
            for key, inner in value.items():
                yield from _terms(inner, f"{path}.{key}" if path else key)
        case list():
            for item in value:
                yield from _terms(item, path)
                if isinstance(item, str):
                    yield f"{path}.{item}", "true"
        case bool():
            yield path, str(value).lower()
        case _:
            yield path, None if value is None else str(value)
