"""Sights: one entity at one moment, as checks see it, with what all leaves say of it.

A check with a `max_age` may see less of it than the others: what is too old for it is not known to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, TypeAlias

import orjson

from catalog.problems import JsonValue
from scorecards.collection.stored_facts import Absences, StoredFacts, knowledge_of
from scorecards.evaluation.answers import Answers, Said
from scorecards.expressions.inputs import Inputs, Looks
from scorecards.facts import FactRecord, FactSchema, FailedFact
from scorecards.knowledge import Knowledge, knowledge


class Subject(Protocol):
    """An entity with its facts; `scorecards.collection.store.Assessable` is one."""

    @property
    def ref(self) -> str:
        """Canonical ref."""
        ...

    @property
    def body(self) -> bytes:
        """Its JSON."""
        ...

    @property
    def records(self) -> tuple[FactRecord, ...]:
        """What the collectors observed."""
        ...


class Seen(NamedTuple):
    """One entity at one moment, with what the leaves say of it, and with facts of one age."""

    known: Knowledge
    entity: JsonValue
    inputs: Inputs
    said: Said
    shown: Mapping[str, JsonValue]
    """Every fact that anybody asks for: null where it is missing or not known."""


Sights: TypeAlias = "Mapping[timedelta | None, Seen]"
"""An entity as checks see it, by their `max_age`."""


class Eyes:
    """What entities are seen with. The answers of leaves are remembered: they are for one thread."""

    def __init__(
        self,
        schemas: Mapping[str, FactSchema],
        looks: Looks,
        answers: Answers,
        *,
        unfed: Mapping[str, FailedFact],
        ages: Collection[timedelta | None],
    ) -> None:
        """`schemas` are of the facts that anybody asks for, `ages` the `max_age` of all checks."""
        self._schemas = schemas
        self._looks = looks
        self._answers = answers
        self._unfed = {name: why for name, why in unfed.items() if name in schemas}
        self._absences = Absences(schemas, self._unfed)
        self._nothing: dict[str, JsonValue] = dict.fromkeys(schemas)
        self._ages = [age for age in ages if age is not None]

    def see(self, subject: Subject, now: datetime) -> Sights:
        """The entity as all checks see it, by their `max_age`."""

        def known(max_age: timedelta | None) -> Knowledge:
            return knowledge(
                subject.records, self._schemas, now=now, max_age=max_age, unfed=self._unfed
            )

        oldest = min((record.observed_at for record in subject.records), default=now)
        return self._see(known, oldest, subject.body, now)

    def see_stored(self, body: bytes, records: Sequence[StoredFacts], now: datetime) -> Sights:
        """The same of stored facts."""

        def known(max_age: timedelta | None) -> Knowledge:
            return knowledge_of(records, self._absences, now=now, max_age=max_age)

        oldest = min((record.observed_at for record in records), default=now)
        return self._see(known, oldest, body, now)

    def _see(
        self,
        known: Callable[[timedelta | None], Knowledge],
        oldest: datetime,
        body: bytes,
        now: datetime,
    ) -> Sights:
        """The entity as all checks see it; those to whom nothing is too old see the same."""
        entity = orjson.loads(body)
        everything = self._seen(known(None), entity, now)
        sights: dict[timedelta | None, Seen] = {None: everything}
        for age in self._ages:
            old = oldest + age < now
            sights[age] = self._seen(known(age), entity, now) if old else everything
        return sights

    def _seen(self, known: Knowledge, entity: JsonValue, now: datetime) -> Seen:
        inputs = self._looks.inputs(known.values, entity)
        said = self._answers.ask(known, entity, inputs, now)
        return Seen(known, entity, inputs, said, {**self._nothing, **known.shown})
