"""A remote collector as somebody else writes one, and a portal with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock

from catalog.problems import JsonValue
from plugins.contract import (
    FactRecord,
    FactSchema,
    FactState,
    FactType,
    FailedFact,
    Known,
    Observation,
    Observed,
    Paused,
    Problem,
    RemoteSubject,
    Unknown,
)
from portal.db.catalog import entities
from portal.db.collection import facts, fetched
from portal.pool import Pool
from portal.wiring import Portal, tools_of
from portal.worker import fetching

COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME, annotations: {call: CALL}}
spec: {type: service, lifecycle: production, owner: team-a}
"""


def schema(name: str) -> FactSchema:
    return FactSchema(name=name, type=FactType.INT, description="x", when_absent=0)


@dataclass
class Calls:
    """A collector as somebody else writes one: who is on call in two systems."""

    name: str = "calls"
    version: str = "1"
    schemas: tuple[FactSchema, ...] = (schema("oncall.people"), schema("alerts.open"))
    kinds: tuple[str, ...] = ("component",)
    every: timedelta = timedelta(hours=6)
    ttl: timedelta = timedelta(hours=24)
    systems: tuple[str, ...] = ("east", "west")
    asked: list[str] = field(default_factory=list)
    urgent: list[bool] = field(default_factory=list)
    """Of each question, whether a person waits."""
    left: int = 1_000_000
    """Questions that it answers before a limit."""
    down: set[str] = field(default_factory=set)
    """Systems that keep failing."""
    states: dict[str, FactState] = field(default_factory=dict)
    guard: Lock = field(default_factory=Lock)

    def subject_of(self, entity: Mapping[str, JsonValue]) -> RemoteSubject | FailedFact:
        metadata = entity["metadata"]
        assert isinstance(metadata, dict)
        annotations = metadata["annotations"]
        assert isinstance(annotations, dict)
        system, _, name = str(annotations["call"]).partition("/")
        if not name:
            return FailedFact(reason=Unknown.NOT_CONFIGURED, detail="Nobody is named.")
        return RemoteSubject(system=system, name=name)

    def observe(self, subject: RemoteSubject, *, now: datetime) -> Observed:
        with self.guard:
            if subject.system in self.down:
                return Paused(problem=Problem(code="UPSTREAM_PAUSED", message="It is down."))
            if not self.left:
                problem = Problem(code="RATE_LIMITED", message="That is enough.")
                return Paused(problem=problem, wait=timedelta(minutes=30))
            self.left -= 1
            self.asked.append(subject.name)
            self.urgent.append(subject.urgent)
            states = {one.name: Known(value=len(subject.name)) for one in self.schemas}
            return Observation(facts={**states, **self.states}, url=f"https://{subject.system}/x")


class World:
    """A portal with such a collector, whose clock a test sets."""

    def __init__(self, portal: Portal, pool: Pool) -> None:
        self.now = portal.now()
        self.portal = replace(portal, now=lambda: self.now)
        self.tools = tools_of(self.portal, pool)

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def fetch(self) -> list[str]:
        """Do what is due; returns what that was."""
        keys = fetching.due(self.tools)
        for key in keys:
            fetching.fetch(self.tools, key.removeprefix("fetch:"))
        return keys

    def record(self, name: str, collector: str) -> FactRecord | None:
        with self.portal.database.read() as connection:
            row = entities.by_ref(connection, f"component:default/{name}")
            assert row is not None
            found = {one.collector: one for one in facts.for_entity(connection, row.id)}
        return found.get(collector)

    def run(self, system: str) -> fetched.Fetch:
        with self.portal.database.read() as connection:
            return fetched.listed(connection)[f"calls@{system}"]


WorldOf = Callable[[Mapping[str, str], Calls], World]
"""Makes one: services by name, each with whom it names."""
