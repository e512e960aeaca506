"""Learning by remote collectors: each subject is asked about once in a run, however many share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

import orjson

from plugins.contract import (
    FactRecord,
    FailedFact,
    Observation,
    Observed,
    Paused,
    Problem,
    RemoteCollector,
    RemoteSubject,
    Unknown,
)
from portal.db.collection.fetched import Candidate, has_failed
from portal.worker.children.understanding import States
from portal.worker.systems.learning import Learned, record

TOGETHER = 20
"""Entities that are asked about between two commits: a portal that is to end waits for them."""

AT_ONCE = 4
"""Subjects that are asked about at a time."""


class RemoteLearner:
    """A `Learner` for one run of a remote collector over one of its systems."""

    together = TOGETHER

    def __init__(
        self,
        collector: RemoteCollector,
        system: str,
        *,
        now: Callable[[], datetime],
        urgent: bool = False,
    ) -> None:
        self._collector, self._system, self._now = collector, system, now
        self._urgent = urgent
        self._known: dict[RemoteSubject, tuple[Observation, datetime]] = {}
        self._pause: Paused | None = None
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"ask-{collector.name}")

    def __enter__(self) -> RemoteLearner:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def learn(self, part: Sequence[Candidate]) -> Learned:
        """See `Learner.learn`. Entities of other systems are passed over."""
        subjects = [subject_of(self._collector, one.body) for one in part]
        mine = [one for one in subjects if isinstance(one, RemoteSubject)]
        wanted = [one for one in dict.fromkeys(mine) if self._is_new(one)]
        before = self._now()
        for subject, observed in zip(wanted, self._threads.map(self._ask, wanted), strict=True):
            if isinstance(observed, Observation):
                self._known[subject] = (observed, before)
        return self._learned(part, subjects)

    def _is_new(self, subject: RemoteSubject) -> bool:
        return subject.system == self._system and subject not in self._known

    def _ask(self, subject: RemoteSubject) -> Observed:
        if self._pause is not None:
            return self._pause
        try:
            asked = replace(subject, urgent=self._urgent)
            observed = self._collector.observe(asked, now=self._now())
        except Exception as error:  # noqa: BLE001 - as in `subject_of`
            return self._broken(error)
        if isinstance(observed, Paused):
            self._pause = observed
        return observed

    def _broken(self, error: Exception) -> Observation:
        """What is said where the collector fails over a subject."""
        name = self._collector.name
        problem = Problem(
            code="COLLECTOR_FAILED",
            message=f"Collector {name!r} raised {type(error).__name__}: {error}"[:300],
            hint="It is the plugin's fault; tell its authors. What was known stays.",
        )
        why = FailedFact(reason=Unknown.SOURCE_FAILED, detail=problem.message)
        facts = {schema.name: why for schema in self._collector.schemas}
        return Observation(facts=facts, url="", problem=problem)

    def _learned(
        self, part: Sequence[Candidate], subjects: Sequence[RemoteSubject | FailedFact]
    ) -> Learned:
        records: list[FactRecord] = []
        entities = failed = 0
        problem, rest = None, None
        for place, (one, subject) in enumerate(zip(part, subjects, strict=True)):
            if isinstance(subject, FailedFact):
                # What an entity does not say changes with the entity, and not with time.
                alike = {schema.name: subject for schema in self._collector.schemas}
                records += self._records(one.ref, alike, "", self._now(), None)
            elif subject in self._known:
                seen, at = self._known[subject]
                made = list(self._records(one.ref, seen.facts, seen.url, at, self._collector.ttl))
                records += made
                if rest is None:
                    entities, failed = entities + 1, failed + all(map(has_failed, made))
                problem = problem or seen.problem
            elif subject.system == self._system and rest is None:
                rest = place
        return Learned(
            records=records,
            entities=entities,
            failed=failed,
            problem=problem,
            pause=None if rest is None else self._pause,
            rest=rest or 0,
        )

    def _records(
        self, ref: str, facts: States, url: str, at: datetime, ttl: timedelta | None
    ) -> Iterator[FactRecord]:
        """One for each namespace, so that one of which nothing was learned keeps what it has."""
        for space, names in groupby(sorted(facts), key=lambda name: name.partition(".")[0]):
            states = {name: facts[name] for name in names}
            yield record(
                ref, space, states, version=self._collector.version, url=url, now=at, ttl=ttl
            )


def subject_of(collector: RemoteCollector, body: bytes) -> RemoteSubject | FailedFact:
    """What a collector asks about for an entity with this body, or why it asks nothing."""
    try:
        return collector.subject_of(orjson.loads(body))
    except Exception as error:  # noqa: BLE001 - a stranger's code: it must not hold up the others
        detail = f"Collector {collector.name!r} raised {type(error).__name__}: {error}"
        return FailedFact(reason=Unknown.SOURCE_FAILED, detail=detail[:300])
