"""Health and metrics, at the root: whether the process lives, and whether it can serve."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from flask import Blueprint, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from portal.db.failures import is_damaged, is_unavailable, reason_of
from portal.db.migrations import HEAD, current, is_newer
from portal.db.patience import ANSWERING, patience
from portal.wiring import Portal

BACKSTAGE = "/.backstage/health/v1"

PATIENCE = 0.2
"""Seconds for the database to say that it is there."""

log = logging.getLogger(__name__)


def blueprint(
    portal: Portal, registry: CollectorRegistry, beats: Callable[[], bool] | None
) -> Blueprint:
    """`/livez`, `/readyz` and `/metrics`; `beats` says whether the engine of this process lives.

    Backstage's two paths are here too, with its answers.
    """
    views = Blueprint("health", __name__)
    probe = _Probe(portal)

    @views.get("/livez")
    @views.get(f"{BACKSTAGE}/liveness")
    def live() -> Response:
        return jsonify(status="ok")

    @views.get("/readyz")
    @views.get(f"{BACKSTAGE}/readiness")
    def ready() -> tuple[Response, int]:
        checks = {
            "database": probe.ask(),
            "engine": "ok" if beats is None or beats() else "stopped",
        }
        is_ready = all(state == "ok" for state in checks.values())
        if request.path.startswith(BACKSTAGE):
            return jsonify(status="ok" if is_ready else "error"), 200 if is_ready else 503
        status = "ok" if is_ready else "unavailable"
        return jsonify(status=status, checks=checks), 200 if is_ready else 503

    @views.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return views


class _Probe:
    """Asks the database from a thread of its own: one that hangs must not hold the answer."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readyz")
        self._asked: Future[str] | None = None

    def ask(self) -> str:
        """`ok`, or what is wrong in a few words."""
        asked = self._asked
        if asked is None or asked.done():
            asked = self._asked = self._thread.submit(self._look)
        try:
            return asked.result(timeout=PATIENCE)
        except TimeoutError:
            return "does not answer"

    def _look(self) -> str:
        patience.set(ANSWERING)
        try:
            revision = current(self._portal.database)
        except Exception as error:
            # Whatever it is, the portal cannot serve
            if not is_unavailable(error):
                log.exception("the database could not be looked at")
            if is_damaged(error):
                return f"is damaged: {reason_of(error)}"
            return "cannot be read"
        sound = self._portal.database.soundness
        sound.look_if_due()
        if sound.fault:
            return f"is damaged: {sound.fault}"
        # A later schema has all that this version reads. Were it unready, every process of the version
        # before would leave its balancer at once when the migration of the next one has run.
        return "ok" if revision == HEAD or is_newer(revision) else "has another schema"
