"""Replaying: a changed scorecard over the stored past, beside the one that is published.

Both are relived up to each instant, as if each had been in force all the time, and so are the published
scorecards that look at their level. Levels of others are those that were stored then. What is not
kept is said to be unknown, instead of taken from another time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from portal.db.changes import instants
from portal.db.insights import spans
from portal.worker.assessment.asking import Means
from portal.worker.simulation.lived import NOT_THERE, Lived, Lives
from portal.worker.simulation.looking import Looks, looks
from portal.worker.simulation.reliving import Life
from portal.worker.simulation.remembering import Moments, Past, moments, remember, replaying_means
from portal.worker.simulation.rippling import downstream
from portal.worker.simulation.tallying import Point, Sum, Tally, point
from scorecards.definitions.level_facts import collector_of
from scorecards.expressions.cel import Language
from scorecards.lifecycle import ACTIVE
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Scorecard

MOST_INSTANTS = 12
"""Instants that a replay looks at."""

TOGETHER = 5_000
"""Entities whose past is read at once."""

_FAIL, _UNKNOWN = LETTERS[Outcome.FAIL], LETTERS[Outcome.UNKNOWN]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """A time, as far as it is kept."""

    start: datetime
    """Where it begins: not before the first instant of which entities are kept."""
    end: datetime
    points: tuple[Point, ...]


def replay(
    means: Means,
    *,
    before: Scorecard | None,
    after: Scorecard,
    start: datetime,
    end: datetime,
    ids: Collection[int] | None = None,
    published: Sequence[Scorecard] = (),
) -> Replay:
    """Both definitions at up to 12 instants from `start` to `end`, which is not in the future.

    `published` are all scorecards: their levels may be looked at, and they may look at this one's.
    """
    kept = instants.kept_since(means.connection)
    start = min(max(start, kept or start), end)
    replaying = _Replaying(
        means=replaying_means(means, published),
        before=before,
        after=after,
        others=downstream(means, after.name, published),
        published=published,
        kept=kept,
    )
    tallies = [Tally(at=at) for at in _times(start, end)]
    for some in _chunks(means, ids):
        past, former = replaying.past(some, start), None
        for tally in tallies:
            former = replaying.count(tally, past, some, former)
    return Replay(
        start=start,
        end=end,
        points=tuple(point(one, before, after, replaying.others) for one in tallies),
    )


def _times(start: datetime, end: datetime) -> list[datetime]:
    if start == end:
        return [end]
    step = (end - start) / (MOST_INSTANTS - 1)
    return [*(start + step * n for n in range(MOST_INSTANTS - 1)), end]


def _chunks(means: Means, ids: Collection[int] | None) -> Iterator[list[int]]:
    if ids is not None:
        every = sorted(ids)
        yield from (every[n : n + TOGETHER] for n in range(0, len(every), TOGETHER))
        return
    last = 0
    while some := spans.page(means.connection, after=last, limit=TOGETHER):
        yield some
        last = some[-1]


class _Counted(NamedTuple):
    """What some entities had at an instant."""

    since: datetime
    """To whom nothing happened from then on had the same since."""
    sure: bool
    was: Lives
    now: Lives


@dataclass(frozen=True, kw_only=True)
class _Replaying:
    """Two definitions, and whom they concern."""

    means: Means
    before: Scorecard | None
    after: Scorecard
    others: tuple[Scorecard, ...]
    """That look at the level, each after those at whose it looks."""
    published: Sequence[Scorecard]
    kept: datetime | None

    @property
    def cards(self) -> tuple[Scorecard, ...]:
        """All that is relived."""
        return (*(() if self.before is None else (self.before,)), self.after, *self.others)

    @property
    def longest(self) -> timedelta:
        """How long before an instant something may have happened that still counts at it: a failure
        that is held, and whoever looks at the level is held after that."""
        ladders = [(self.before, self.after), *((card,) for card in self.others)]
        return sum(
            (
                max((c.grace for card in ladder if card for c in card.checks), default=timedelta())
                for ladder in ladders
            ),
            timedelta(),
        )

    def past(self, ids: Sequence[int], start: datetime) -> Past:
        """What is kept of these entities that may count from then on."""
        since = start - self.longest
        return remember(self.means, ids, self.cards, self.published, since=since)

    @cached_property
    def looks(self) -> Mapping[str, Looks]:
        """What each of these looks at, by version."""
        language = Language(self.means.schemas)
        return {card.version: looks(card, self.means, language) for card in self.cards}

    @cached_property
    def follows(self) -> Mapping[str, frozenset[str]]:
        """By what the levels on these come from, all that they may follow from."""
        found: dict[str, frozenset[str]] = {}
        for card in self.cards:
            own = self.looks[card.version].together
            name = collector_of(card.name)
            further = (found.get(source, own) for source in own)
            found[name] = found.get(name, own).union(own, *further)
        return found

    @cached_property
    def is_steady(self) -> bool:
        """Whether all says the same for as long as nothing happens to an entity."""
        checks = [check for card in self.cards for check in card.checks]
        return all(check.lifecycle == ACTIVE for check in checks) and not any(
            one.timed for one in self.looks.values()
        )

    def count(
        self, tally: Tally, past: Past, ids: Sequence[int], former: _Counted | None
    ) -> _Counted:
        """Add what these entities would have had; `former` is what they had at an instant before."""
        start = tally.at - self.longest
        sure = self.kept is None or self.kept <= start
        life = Life(
            card=self.after,
            looks=self.looks[self.after.version],
            means=replace(self.means, now=tally.at),
            past=past,
            sure=sure,
            follows=self.follows,
        )
        was, now = dict[int, Sequence[Lived]](), dict[int, Sequence[Lived]]()
        if former is not None and former.sure and self.is_steady:
            same = [one for one in ids if not past.between(one, former.since, tally.at)]
            was |= {entity: former.was[entity] for entity in same if former.was}
            now |= {entity: former.now[entity] for entity in same}
        times = self._moments(life, [entity for entity in ids if entity not in now])
        if self.before is not None:
            was |= self._live(self._life(life, self.before), times)
        now |= self._live(life, times)
        for entity in ids:
            old, new = was[entity][-1] if was else NOT_THERE, now[entity][-1]
            tally.own.add(self.before, self.after, old, new)
        if self.others:
            every = {entity: times.get(entity, [tally.at]) for entity in ids}
            self._count_others(tally, life, every, (was, now))
        return _Counted(since=start, sure=sure, was=was, now=now)

    def _life(self, life: Life, card: Scorecard) -> Life:
        """The same of another scorecard."""
        return replace(life, card=card, looks=self.looks[card.version])

    def _moments(self, life: Life, ids: Sequence[int]) -> dict[int, list[datetime]]:
        """The moments of the time before the instant of a life."""
        end = life.means.now
        start = end - self.longest
        return moments(
            life.past,
            ids,
            start=start if self.kept is None else max(start, self.kept),
            end=end,
            # Where levels matter at the end alone, so does when a failure comes to count.
            lives=self.cards if self.others else (),
            sure=life.sure,
        )

    def _live(self, life: Life, times: Moments) -> Lives:
        """What counted at the instant; if others look at the level, at each moment before, too.

        Else what was before matters to those alone of whom a check fails that has a grace.
        """
        if self.others:
            return life.live(times)
        lives = life.live({entity: of[-1:] for entity, of in times.items()})
        graced = [place for place, check in enumerate(life.card.checks) if check.grace]
        perhaps = _FAIL if life.sure else _FAIL + _UNKNOWN
        held = {
            entity: times[entity]
            for entity, (one,) in lives.items()
            if one.letters is not None and any(one.letters[place] in perhaps for place in graced)
        }
        return lives | life.live(held) if held else lives

    def _count_others(
        self, tally: Tally, life: Life, times: Moments, lives: tuple[Lives, Lives]
    ) -> None:
        """Add what happens to the other scorecards, where a level that they look at is another."""
        told: tuple[dict[str, Lives], dict[str, Lives]] = ({}, {})
        changed = self.after.name
        for card in (None, *self.others):
            if card is not None:
                concerned = {entity for of in told[0].values() for entity in of}
                some = {entity: times[entity] for entity in sorted(concerned)}
                own = self._life(life, card)
                lives = (
                    replace(own, told=told[0]).live(some),
                    replace(own, told=told[1]).live(some),
                )
                changed = card.name
                counted = tally.others.setdefault(card.name, Sum())
                for one in some:
                    counted.add(card, card, lives[0][one][-1], lives[1][one][-1])
            otherwise = [
                one
                for one in lives[0]
                if _is_otherwise(lives[0][one], lives[1][one])
                or self._is_between(life.past, one, times[one], changed)
            ]
            for side in (0, 1):
                told[side][collector_of(changed)] = {one: lives[side][one] for one in otherwise}

    def _is_between(self, past: Past, entity: int, times: Sequence[datetime], changed: str) -> bool:
        """Whether its level on the changed one may have been several at any of these moments."""
        twice = past.twice.get(entity, {})
        follows = self.follows[collector_of(changed)]
        return any(at in twice and follows & twice[at] for at in times)


def _is_otherwise(was: Sequence[Lived], now: Sequence[Lived]) -> bool:
    """Whether the levels may ever have been others, where the one or the other is not known."""
    return any(
        old.reached != new.reached or old.unsure or new.unsure
        for old, new in zip(was, now, strict=True)
    )
