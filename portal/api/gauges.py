"""Gauges of the database, read from it at each scrape: the catalog, its sources, and work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from portal.db.catalog.entities import kind_counts
from portal.db.collection import fetched
from portal.db.extent import database_bytes
from portal.db.failures import is_unavailable
from portal.db.people import outbox
from portal.db.sources import problems, tallies
from portal.db.state import Connection
from portal.db.work import budgets, marks, pending
from portal.wiring import Portal
from portal.worker.requests import Lane


class Gauges(Collector):
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
            with self._portal.database.read() as connection:
                found = [
                    *_catalog(connection),
                    *self._sources(connection),
                    *self._work(connection),
                ]
        except Exception as error:
            if not is_unavailable(error):
                raise
            found = []
        up.add_metric([], 1 if found else 0)
        yield from (up, *found)

    def _sources(self, connection: Connection) -> Iterator[GaugeMetricFamily]:
        found = tallies.tally(connection)
        yield _by(
            "plumbline_locations", "Locations by their last listing.", "state", found.locations
        )
        yield GaugeMetricFamily(
            "plumbline_failed_repositories",
            "Repositories that could not be read when that was tried last.",
            value=found.failed_repositories,
        )
        if found.listed_at is not None:
            yield GaugeMetricFamily(
                "plumbline_last_listing_seconds",
                "How long ago any location was listed last.",
                value=max(0.0, (self._portal.now() - found.listed_at).total_seconds()),
            )
        yield GaugeMetricFamily(
            "plumbline_held_removals",
            "Removals that wait for approval.",
            value=found.held_removals,
        )
        runs = fetched.listed(connection)
        failing = {
            one.name: int((run := runs.get(one.name)) is not None and run.problem is not None)
            for one in self._portal.scheduled
        }
        yield _by(
            "plumbline_fetch_failed",
            "Whether facts could not be fetched from another system at the last try: 1, or 0.",
            "name",
            failing,
        )

    def _work(self, connection: Connection) -> Iterator[GaugeMetricFamily]:
        lanes, now = pending.tallies(connection), self._portal.now()
        yield GaugeMetricFamily(
            "plumbline_pending_keys",
            "Work that waits or is under way.",
            value=sum(one.waiting + one.working for one in lanes),
        )
        since = {one.lane: one.oldest for one in lanes}
        yield _by(
            "plumbline_oldest_free_key_seconds",
            "How long the oldest key that no worker has claimed has waited.",
            "lane",
            {
                lane.name.lower(): max(0.0, (now - (since.get(lane) or now)).total_seconds())
                for lane in Lane
            },
        )
        left = GaugeMetricFamily(
            "plumbline_forge_limit_left_ratio",
            "Share of what a forge lets the portal ask that is left until the reset.",
            labels=["system", "limit"],
        )
        for system, budget in budgets.listed(connection).items():
            for name, one in budget.at(now.timestamp()).left.items():
                left.add_metric([system, name], one.share)
        yield left
        yield GaugeMetricFamily(
            "plumbline_unassessed_entities",
            "Entities that wait to be assessed.",
            value=marks.count_marks(connection),
        )
        yield _by(
            "plumbline_messages",
            "Messages to teams of the last 90 days, by what became of them.",
            "state",
            outbox.counts(connection),
        )


def _catalog(connection: Connection) -> Iterator[GaugeMetricFamily]:
    kinds = kind_counts(connection)
    yield _by("plumbline_entities", "Entities in the catalog.", "kind", kinds)
    found = problems.problem_counts(connection)
    faults = {str(severity): number for severity, number in found.items()}
    yield _by("plumbline_problems", "Problems in descriptors.", "severity", faults)
    yield GaugeMetricFamily(
        "plumbline_database_bytes",
        "Size of the database, without its write-ahead log.",
        value=database_bytes(connection),
    )


def _by(name: str, what: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
