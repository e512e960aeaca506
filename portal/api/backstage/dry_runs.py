"""Dry runs: what registering a location would come to, as Backstage's clients are told it."""

from __future__ import annotations

import threading

import orjson
from flask import Response

from catalog.errors import QueryError
from catalog.explanations.dry_run import dry_run_answer
from catalog.ingest.registration import generated_ref
from portal.db.ingest import registrations
from portal.pool import Pool
from portal.wiring import Portal, tools_of
from portal.worker.trial import try_location


class DryRuns:
    """Reads locations in a child process of its own, made at the first dry run: most never ask."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._pool: Pool | None = None
        self._lock = threading.Lock()

    def answer(
        self,
        *,
        type: str,  # noqa: A002 - Backstage's word
        target: str,
        presence: str | None,
    ) -> Response:
        """What is there, processed and not stored; raises `QueryError` with all that is wrong.

        `presence` is only told again, where it was given.
        """
        with self._portal.database.read() as connection:
            exists = registrations.find(connection, type, target) is not None
        with self._lock:
            self._pool = self._pool or Pool(1)
        trial = try_location(tools_of(self._portal, self._pool), type=type, target=target)
        found = dry_run_answer(
            type=type, target=target, readings=trial.readings, failures=trial.failures
        )
        if found.errors:
            raise QueryError(", ".join(found.errors))
        location = {
            "type": type,
            "target": target,
            **({} if presence is None else {"presence": presence}),
            "id": f"{type}:{target}",
            "entityRef": generated_ref(type, target),
        }
        head = orjson.dumps({"exists": exists, "location": location})
        body = head[:-1] + b',"entities":[' + b",".join(found.entities) + b"]}"
        return Response(body, 201, content_type="application/json; charset=utf-8")
