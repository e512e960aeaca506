"""What Prometheus is told: requests as they are answered, the process, and gauges of the database.

Each process counts its own requests; the gauges of the database are the same from all of them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from portal.api.gauges import Gauges
from portal.version import VERSION
from portal.wiring import Portal


class Requests:
    """Those that were answered, by whoever: counted and timed."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answered = Counter(
            "plumbline_http_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "plumbline_http_request_seconds",
            "Time from the first byte of a request to the last but its transmission.",
            ("route",),
            registry=registry,
        )

    def note(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count an answer. The route is a rule: what clients make up must not become a label."""
        self._answered.labels(method if method in _METHODS else "other", route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(route).observe(seconds)


def install(
    app: Flask, portal: Portal, beats: Callable[[], bool] | None
) -> tuple[CollectorRegistry, Requests]:
    """Count the requests of `app`; returns what is to be shown at `/metrics`, and who counts.

    `beats` says whether the engine of this process lives, where it has one.
    """
    registry = CollectorRegistry()
    requests = Requests(registry)
    registry.register(Gauges(portal))
    ProcessCollector(registry=registry)
    _tell_of_process(registry, portal, beats)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        seconds = time.perf_counter() - g.began if "began" in g else None
        requests.note(request.method, route, response.status_code, seconds)
        return response

    return registry, requests


def _tell_of_process(
    registry: CollectorRegistry, portal: Portal, beats: Callable[[], bool] | None
) -> None:
    build = Gauge("plumbline_build_info", "Version of the portal.", ("version",), registry=registry)
    build.labels(VERSION).set(1)
    if beats is not None:
        engine = Gauge(
            "plumbline_engine_up",
            "Whether background work goes on in this process: 1, or 0.",
            registry=registry,
        )
        engine.set_function(lambda: float(beats()))
    disk = Gauge(
        "plumbline_disk_free_ratio",
        "Share of the disk of the data directory that is free.",
        registry=registry,
    )
    disk.set_function(lambda: _free(portal))


def _free(portal: Portal) -> float:
    """NaN where it cannot be told."""
    with suppress(OSError):
        usage = shutil.disk_usage(portal.settings.data_dir)
        return usage.free / usage.total
    return float("nan")


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
