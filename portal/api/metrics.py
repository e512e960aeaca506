"""What Prometheus is told: requests as they are answered, and the catalog as it is when asked.

Each process counts its own requests; the gauges of the catalog are the same from all of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from portal.db.catalog.entities import kind_counts
from portal.db.failures import is_unavailable
from portal.db.sources import problems
from portal.db.work import budgets, marks, pending
from portal.wiring import Portal
from portal.worker.requests import Lane


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


def install(app: Flask, portal: Portal) -> tuple[CollectorRegistry, Requests]:
    """Count the requests of `app`; returns what is to be shown at `/metrics`, and who counts."""
    registry = CollectorRegistry()
    requests = Requests(registry)
    registry.register(_Catalog(portal))

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


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Catalog(Collector):
    """Gauges that are read from the database at each scrape."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: to register must not read the database."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges, on one snapshot; where it cannot be had, that alone, beside the requests."""
        up = GaugeMetricFamily("plumbline_database_up", "Whether the database answers: 1, or 0.")
        try:
            found = [*self._gauges()]
        except Exception as error:
            if not is_unavailable(error):
                raise
            found = []
        up.add_metric([], 1 if found else 0)
        yield from (up, *found)

    def _gauges(self) -> Iterator[GaugeMetricFamily]:
        with self._portal.database.read() as connection:
            kinds = kind_counts(connection)
            found = problems.problem_counts(connection)
            waiting = marks.count_marks(connection)
            limits = budgets.listed(connection)
            lanes = pending.tallies(connection)
        entities = GaugeMetricFamily(
            "plumbline_entities", "Entities in the catalog.", labels=["kind"]
        )
        for kind, number in kinds.items():
            entities.add_metric([kind], number)
        yield entities
        faults = GaugeMetricFamily(
            "plumbline_problems", "Problems in descriptors.", labels=["severity"]
        )
        for severity, number in found.items():
            faults.add_metric([str(severity)], number)
        yield faults
        yield GaugeMetricFamily(
            "plumbline_pending_keys",
            "Work that waits or is under way.",
            value=sum(one.waiting + one.working for one in lanes),
        )
        oldest = GaugeMetricFamily(
            "plumbline_oldest_free_key_seconds",
            "How long the oldest key that no worker has claimed has waited.",
            labels=["lane"],
        )
        now, waiting_since = self._portal.now(), {one.lane: one.oldest for one in lanes}
        for lane in Lane:
            since = waiting_since.get(lane) or now
            oldest.add_metric([lane.name.lower()], max(0.0, (now - since).total_seconds()))
        yield oldest
        left = GaugeMetricFamily(
            "plumbline_forge_limit_left_ratio",
            "Share of what a forge lets the portal ask that is left until the reset.",
            labels=["system", "limit"],
        )
        for system, budget in limits.items():
            for name, one in budget.at(now.timestamp()).left.items():
                left.add_metric([system, name], one.share)
        yield left
        yield GaugeMetricFamily(
            "plumbline_unassessed_entities", "Entities that wait to be assessed.", value=waiting
        )
