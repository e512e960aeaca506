"""Campaigns: checks that many services are to pass by a day, and how far they have come.

Pure: what a campaign is, what counts as done, the way it should go, and who is to be reminded. A level
of a scorecard is a goal, too: it stands for every check at it or below it. Campaigns are planned and
moved in `scorecards.people.campaigning`. What one leaves behind, its checks in another scorecard, is made in
`scorecards.definitions.promotion`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Scorecard


class State(StrEnum):
    """Where a campaign is in its life."""

    PLANNED = "planned"
    ACTIVE = "active"
    ENDED = "ended"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"


NEXT: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PLANNED: frozenset({State.ACTIVE, State.CANCELLED}),
        State.ACTIVE: frozenset({State.ENDED, State.CANCELLED}),
        State.ENDED: frozenset({State.ARCHIVED}),
        State.ARCHIVED: frozenset(),
        State.CANCELLED: frozenset(),
    }
)
"""The states that may follow each state; the others are ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What somebody did, or what time did: the actor is '' then."""

    state: State
    actor: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checks:
    """The goal is that these checks pass."""

    ids: tuple[str, ...]
    """Of the scorecard, each once; at least one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """The goal is a level of the scorecard."""

    level: str
    """Its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """A part of the way, and the day until which it is to be gone."""

    title: str
    on: date
    share: float
    """0 to 1, of the entities that count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a campaign is about; all of it can be changed while it is planned or active."""

    title: str
    description: str
    """Markdown."""
    owner: str
    """Canonical ref of who runs it."""
    scorecard: str
    goal: Checks | Reach
    filter: str
    """Backstage's form; '': every entity that the scorecard applies to."""
    starts_on: date
    target_on: date
    milestones: tuple[Milestone, ...] = ()
    remind_every: timedelta | None = None
    """Between two reminders of an owner; None: nobody is reminded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """A campaign with its whole life."""

    name: str
    """Identifier: lower case letters, digits and `-`."""
    plan: Plan
    steps: tuple[Step, ...]
    """The oldest first; the first is that it was planned."""
    edits: int = 0
    """How often its plan was changed."""

    @property
    def state(self) -> State:
        """Where it is now."""
        return self.steps[-1].state


def settled(campaign: Campaign, *, now: datetime) -> Campaign:
    """The campaign as it is at `now`: a planned one is active when its day has come."""
    if campaign.state is not State.PLANNED or now.date() < campaign.plan.starts_on:
        return campaign
    step = Step(state=State.ACTIVE, actor="", at=now, reason="its day has come")
    return replace(campaign, steps=(*campaign.steps, step))


class Standing(StrEnum):
    """How an entity stands in a campaign."""

    DONE = "done"
    OPEN = "open"
    UNKNOWN = "unknown"
    """No check fails, and of one it is not known."""
    EXCUSED = "excused"
    """Every check is exempt or does not apply: it does not count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many entities stand how."""

    done: int = 0
    open: int = 0
    unknown: int = 0
    excused: int = 0

    @property
    def counted(self) -> int:
        """Those that can be done."""
        return self.done + self.open + self.unknown

    @property
    def share(self) -> float | None:
        """The part that is done, 0 to 1; None where nothing counts."""
        return self.done / self.counted if self.counted else None

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            done=self.done + other.done,
            open=self.open + other.open,
            unknown=self.unknown + other.unknown,
            excused=self.excused + other.excused,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Milepost:
    """A milestone, and whether it was reached."""

    milestone: Milestone
    reached_on: date | None
    """The first day that is known to have had the share; None: none so far."""
    is_late: bool
    """It was reached after its day, or is not reached and its day has passed."""


def goal_indexes(goal: Checks | Reach, scorecard: Scorecard) -> tuple[int, ...]:
    """The places of the goal's checks in the scorecard; what the scorecard lost is left out."""
    match goal:
        case Checks(ids=ids):
            return tuple(n for n, check in enumerate(scorecard.checks) if check.id in ids)
        case Reach(level=name):
            names = [level.name for level in scorecard.levels]
            rank = names.index(name) if name in names else 0
            return tuple(n for n, check in enumerate(scorecard.checks) if check.level <= rank)


def standing(letters: str, indexes: Sequence[int]) -> Standing:
    """How an entity stands whose outcomes are `letters`, packed as `outcome_letters` does."""
    said = {letters[n] for n in indexes}
    if LETTERS[Outcome.FAIL] in said:
        return Standing.OPEN
    if said & {LETTERS[Outcome.UNKNOWN], LETTERS[Outcome.ERROR]}:
        return Standing.UNKNOWN
    return Standing.DONE if LETTERS[Outcome.PASS] in said else Standing.EXCUSED


def tally(standings: Iterable[Standing]) -> Tally:
    """How many there are of each."""
    counts = dict.fromkeys(Standing, 0)
    for one in standings:
        counts[one] += 1
    return Tally(**{name.value: count for name, count in counts.items()})


def ideal(plan: Plan, first: Tally, on: date) -> float:
    """The entities that would be left on a day, were the way gone evenly from `first` to none."""
    whole = (plan.target_on - plan.starts_on).days
    gone = min(max((on - plan.starts_on).days, 0), whole)
    left = first.counted - first.done
    return left * (1 - gone / whole) if whole else 0.0


def mileposts(plan: Plan, days: Mapping[date, Tally], today: date) -> tuple[Milepost, ...]:
    """Each milestone with the first of the `days` that has its share."""
    found = []
    for milestone in plan.milestones:
        reached = [
            day
            for day, said in sorted(days.items())
            if said.share is not None and said.share >= milestone.share
        ]
        on = reached[0] if reached else None
        is_late = (on or today) > milestone.on
        found.append(Milepost(milestone=milestone, reached_on=on, is_late=is_late))
    return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """An owner who has something open, at the n-th time of reminding."""

    owner: str
    number: int
    """From 1; names the reminder, so that it is sent once."""
    open: int


def reminders(
    campaign: Campaign, by_owner: Mapping[str, Tally], *, now: datetime
) -> tuple[Reminder, ...]:
    """Who is to be reminded now. Of what is only unknown nobody is: they could not mend it.

    The first reminder is due one interval after the start, and so on until the campaign ends.
    """
    every = campaign.plan.remind_every
    if campaign.state is not State.ACTIVE or every is None:
        return ()
    begin = next(step.at for step in campaign.steps if step.state is State.ACTIVE)
    number = (now - begin) // every
    if number < 1:
        return ()
    return tuple(
        Reminder(owner=owner, number=number, open=said.open)
        for owner, said in sorted(by_owner.items())
        if said.open
    )
