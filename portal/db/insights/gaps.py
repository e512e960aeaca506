"""Gaps: the answers of a scorecard that are not known, with the facts that they lack.

Read from outcomes and facts: of entities without a gap nothing is read, and of the facts of the
others only the states of those that their unknown checks mention.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from portal.db.engine import utc
from portal.db.evaluation.result_patterns import owned_by
from portal.db.insights import simulated
from portal.db.insights.simulated import Reads, Wanted
from portal.db.tables import results
from scorecards.collection.feeding import Unfed
from scorecards.collection.serialization import facts_from_json, state_in
from scorecards.facts import FailedFact, Unknown
from scorecards.insights.coverage import CHANGE_OF, Cause, Change, Gap, Lack
from scorecards.rules import Manual
from scorecards.scorecard import Check, Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class Mentioned:
    """The facts that a check mentions."""

    everywhere: tuple[str, ...]
    """In what decides whether its scorecard applies."""
    conditions: tuple[str, ...]
    """In what decides whether it applies itself."""
    rule: tuple[str, ...]
    """In its rule; of a manual check none."""


def gaps(
    connection: Connection,
    scorecard: Scorecard,
    *,
    mentioned: Sequence[Mentioned],
    collectors: Mapping[str, str],
    unfed: Mapping[str, Unfed],
    owners: Sequence[str],
    now: datetime,
) -> dict[Gap, list[int]]:
    """What answers that are not known lack, with the entities of which that is so.

    `mentioned` is for each check in order, `collectors` the collector of each fact, `unfed` are the
    facts that nothing feeds, `owners` are canonical refs; none: entities of anyone. Results of another
    definition are left out.
    """
    ids = _open(connection, scorecard, owners)
    facts = {name for one in mentioned for name in (*one.everywhere, *one.conditions, *one.rule)}
    needed = tuple(sorted({collectors[name] for name in facts if name in collectors}))
    wanted = Wanted(
        scorecard=scorecard.name,
        reads=Reads(collectors=needed, facts=tuple(sorted(facts)), bodies=False, ages=True),
        settled=False,
        ids=ids,
        now=now,
    )
    asked = [
        _Asked(scorecard.name, check, about, now)
        for check, about in zip(scorecard.checks, mentioned, strict=True)
    ]
    rows = chain.from_iterable(simulated.rows(connection, wanted)) if ids else ()
    return _gathered(scorecard, asked, _States(needed, collectors, unfed), rows)


def _open(connection: Connection, scorecard: Scorecard, owners: Sequence[str]) -> Sequence[int]:
    """The ids of the entities with an answer that is not known."""
    found = select(results.c.entity_id).where(
        results.c.scorecard == scorecard.name, results.c.unknowns > 0
    )
    if owners:
        found = found.where(owned_by(connection, owners))
    return connection.execute(found).scalars().all()


def _gathered(
    scorecard: Scorecard, asked: Sequence[_Asked], states: _States, rows: Iterable[Any]
) -> dict[Gap, list[int]]:
    """What the answers of these rows lack. Many entities lack the same, and by identity that is found
    ten times as fast as by value."""
    found: dict[tuple[int, ...], tuple[Gap, list[int]]] = {}
    for row in rows:
        if len(row[1]) != len(asked):
            continue
        packed = [(row[n], bool(row[n + 1]), row[n + 2]) for n in range(3, len(row), 3)]
        for place, letter in enumerate(row[1]):
            if letter not in "ue":
                continue
            lacks = asked[place].lacks(letter, states, packed)
            key = (place, *map(id, lacks))
            if key not in found:
                found[key] = Gap(scorecard.name, scorecard.checks[place].id, lacks), []
            found[key][1].append(row[0])
    gathered: dict[Gap, list[int]] = {}
    for gap, entities in found.values():  # states that are read apart may lack the same
        gathered.setdefault(gap, []).extend(entities)
    return gathered


class _Asked:
    """A check, and what can keep its answer away."""

    def __init__(self, scorecard: str, check: Check, about: Mentioned, now: datetime) -> None:
        self._about = about
        self._oldest = None if check.max_age is None else now - check.max_age
        self._broken = (_broken(scorecard, check.id),)
        self._rest = _rest(scorecard, check)

    def lacks(self, letter: str, states: _States, packed: Sequence[Observed]) -> tuple[Lack, ...]:
        """What is lacking where the outcome of the check has this letter: there is something."""
        if letter == "e":
            return self._broken
        about = self._about
        return (
            states.lacks(about.everywhere, packed, None)
            or states.lacks(about.conditions, packed, self._oldest)
            or states.lacks(about.rule, packed, self._oldest)
            or self._rest
        )


def _rest(scorecard: str, check: Check) -> tuple[Lack, ...]:
    """What is lacking where no fact is: an answer of people, or the assessment."""
    if isinstance(check.rule, Manual):
        cause = Cause(Change.ANSWER, f"{scorecard}/{check.id}")
        return (Lack(cause, "", Unknown.NOT_COLLECTED.value, ""),)
    return (Lack(Cause(Change.ASSESS, ""), "", "", ""),)


def _broken(scorecard: str, check: str) -> Lack:
    return Lack(Cause(Change.MEND, f"{scorecard}/{check}"), "", "error", "")


class _States:
    """Why facts are not known; equal states are read once."""

    def __init__(
        self,
        needed: Sequence[str],
        collectors: Mapping[str, str],
        unfed: Mapping[str, Unfed],
    ) -> None:
        self._places = {name: place for place, name in enumerate(needed)}
        self._collectors = collectors
        self._unfed = {name: _not_fed(one) for name, one in unfed.items()}
        self._known: dict[tuple[str, bytes, bool], Lack | None] = {}

    def lacks(
        self, names: Sequence[str], packed: Sequence[Observed], oldest: datetime | None
    ) -> tuple[Lack, ...]:
        """Of these facts the ones that are not known, or were observed before `oldest`."""
        found = [self._lack(name, packed, oldest) for name in names]
        return tuple([lack for lack in found if lack is not None])

    def _lack(self, name: str, packed: Sequence[Observed], oldest: datetime | None) -> Lack | None:
        if name in self._unfed:
            return self._unfed[name]
        collector = self._collectors.get(name, "")
        nobody: Observed = (None, False, None)
        facts, stale, at = packed[self._places[collector]] if collector else nobody
        state = b"" if facts is None else state_in(facts, f'"{name}":'.encode())
        old = stale or (oldest is not None and (time := utc(at)) is not None and time < oldest)
        key = (name, state, old)
        if key not in self._known:
            self._known[key] = _lack(name, collector, state, old)
        return self._known[key]


def _not_fed(one: Unfed) -> Lack:
    name = one.schema.name
    cause = Cause(Change.FEED, name.partition(".")[0])
    return Lack(cause, name, one.why.reason.value, one.why.detail)


Observed: TypeAlias = tuple[bytes | None, bool, datetime | None]
"""The facts of a collector about an entity, whether they are stale, and when they were observed (as
the database says it)."""


def _lack(name: str, collector: str, state: bytes, stale: bool) -> Lack | None:
    detail = ""
    if not state:
        reason = Unknown.NOT_COLLECTED
    elif stale:
        reason = Unknown.STALE
    else:
        found = facts_from_json(b'{"x":%b}' % state)["x"]
        if not isinstance(found, FailedFact):
            return None
        reason, detail = found.reason, found.detail
        if reason is Unknown.NOT_COLLECTED:
            return Lack(Cause(Change.INSPECT, collector), name, reason.value, detail)
    return Lack(Cause(CHANGE_OF[reason], collector), name, reason.value, detail)
