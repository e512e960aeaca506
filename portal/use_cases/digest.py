"""The digest of a week for everyone or for a team, as the API and the page tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.db.bulk import pick
from portal.db.changes.instants import seq_at
from portal.db.evaluation import definitions
from portal.db.evaluation.definitions import Definition
from portal.db.insights.rollups import INSIDE, OWNED, members_of, wholes_below
from portal.db.insights.trends import Related, courses_by_entity
from portal.db.people import campaigns, exemption_lists, exemptions
from portal.db.people.spending import owners_of
from portal.db.people.standings import progress, tally_at
from portal.db.state import Connection
from portal.db.tables import refs
from scorecards.insights.digest import Changes, LevelChange, Week, changes_of
from scorecards.lifecycle import counts
from scorecards.people.campaigns import Campaign, State, Tally
from scorecards.people.exemptions import Exemption
from scorecards.scorecard import Scorecard

MOST = 20
"""Rows of each list; of what is more there is the number."""

AHEAD = timedelta(days=14)
"""How long after the week exemptions that end and campaigns that are due are told of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CardWeek:
    """What happened on a scorecard: the changes that reach furthest, and the number of all."""

    scorecard: Scorecard
    gained: tuple[LevelChange, ...]
    gained_total: int
    lost: tuple[LevelChange, ...]
    lost_total: int
    by_rules: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A team with checks that came to fail and keep a level away."""

    team: str
    """Ref of the group."""
    checks: int
    entities: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A campaign whose target day is near, and how it stands."""

    campaign: Campaign
    open: int
    counted: int
    seen_on: date | None = None
    """The day on which it stood so; None: it does at present."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """A week."""

    week: Week
    cards: tuple[CardWeek, ...]
    refs: Mapping[int, str]
    """Of the entities that are listed, by id."""
    needs: tuple[Need, ...]
    needs_total: int
    exemptions: tuple[Exemption, ...]
    """That end in the week or within `AHEAD` of it."""
    campaigns: tuple[Due, ...]
    rules: tuple[Definition, ...]
    first: frozenset[int]
    """Numbers of those before which there was none."""

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell."""
        moved = any(one.gained_total + one.lost_total + one.by_rules for one in self.cards)
        return not (moved or self.needs or self.exemptions or self.campaigns or self.rules)


def read_digest(
    connection: Connection,
    scorecards: Sequence[Scorecard],
    week: Week,
    *,
    team: str = "",
    now: datetime,
) -> Digest:
    """The digest of a week that has begun; of a team with the groups below it, or of everyone.

    Raises `NotKept` where the past of the week's beginning is not kept.
    """
    seq_at(connection, week.start)
    end = min(week.end, now)
    groups = [Related(type=OWNED, targets=members_of(connection, team, INSIDE))] if team else []
    teams = frozenset(wholes_below(connection, team, below=INSIDE, related=OWNED) if team else ())
    changed = {
        card.name: changes_of(
            courses_by_entity(connection, card.name, week.start, end, *groups),
            gates=[check.id for check in card.checks if counts(check.lifecycle, end)],
        )
        for card in scorecards
    }
    cards = tuple(_card(card, changed[card.name]) for card in scorecards)
    shown = {one.entity for card in cards for one in (*card.gained, *card.lost)}
    needs = _needs(connection, changed.values(), teams)
    rules = definitions.between(connection, week.start, end)
    return Digest(
        week=week,
        cards=tuple(one for one in cards if one.gained_total + one.lost_total + one.by_rules),
        refs={
            row.id: row.ref for row in pick(connection, (refs.c.id, refs.c.ref), refs.c.id, shown)
        },
        needs=needs[:MOST],
        needs_total=len(needs),
        exemptions=_ending(connection, week, teams),
        campaigns=_were_due(connection, scorecards, week, team, now)
        if week.end <= now
        else _due(connection, scorecards, week, teams, now),
        rules=rules,
        first=definitions.first_of(connection, {one.name for one in rules}),
    )


def _card(card: Scorecard, found: Changes) -> CardWeek:
    return CardWeek(
        scorecard=card,
        gained=found.gained[:MOST],
        gained_total=len(found.gained),
        lost=found.lost[:MOST],
        lost_total=len(found.lost),
        by_rules=found.by_rules,
    )


def _needs(
    connection: Connection, changed: Collection[Changes], teams: Collection[str]
) -> tuple[Need, ...]:
    """The groups, and never people, the one with the most checks first."""
    checks = sum((Counter(one.failing) for one in changed), Counter[int]())
    owners = owners_of(connection, checks.keys()) if checks else {}
    by_team: dict[str, list[int]] = {}
    for entity, names in owners.items():
        for name in names:
            if name.startswith("group:") and (not teams or name in teams):
                by_team.setdefault(name, []).append(checks[entity])
    needs = [
        Need(team=name, checks=sum(found), entities=len(found)) for name, found in by_team.items()
    ]
    return tuple(sorted(needs, key=lambda need: (-need.checks, need.team)))


def _ending(connection: Connection, week: Week, teams: Collection[str]) -> tuple[Exemption, ...]:
    found = exemption_lists.ending(connection, week.start, week.end + AHEAD, limit=10 * MOST)
    if teams:
        found = tuple(one for one in found if _concerns(connection, one, teams))
    return found[:MOST]


def _concerns(connection: Connection, one: Exemption, teams: Collection[str]) -> bool:
    owners = owners_of(connection, exemptions.covered(connection, one.scope))
    return any(name in teams for names in owners.values() for name in names)


def _due(
    connection: Connection,
    scorecards: Sequence[Scorecard],
    week: Week,
    teams: Collection[str],
    now: datetime,
) -> tuple[Due, ...]:
    """Those that run now, as they stand."""
    cards = {card.name: card for card in scorecards}
    found = []
    first, last = _target_days(week)
    # One whose day has come runs, whether that was written down or not.
    for one in campaigns.in_states(connection, [State.PLANNED, State.ACTIVE], now=now):
        card = cards.get(one.plan.scorecard)
        if card is None or one.state is not State.ACTIVE or not first <= one.plan.target_on < last:
            continue
        said = progress(connection, card, one.plan)
        tallies = [of for name, of in said.by_owner.items() if name in teams]
        tallies = tallies if teams else [said.total]
        if counted := sum(of.counted for of in tallies):
            found.append(Due(campaign=one, open=sum(of.open for of in tallies), counted=counted))
    return tuple(sorted(found, key=lambda due: (due.campaign.plan.target_on, due.campaign.name)))


def _were_due(
    connection: Connection,
    scorecards: Sequence[Scorecard],
    week: Week,
    team: str,
    now: datetime,
) -> tuple[Due, ...]:
    """Those that ran when a week was over, as they stood then.

    Of everyone by what was last counted then; of a team, which is not counted by day, by the results
    that held and what it and the groups below it owned.
    """
    first, last = _target_days(week)
    ran = {
        one.name: one
        for one in campaigns.in_states(connection, list(State), now=now)
        if first <= one.plan.target_on < last and _ran(one, week.end)
    }
    if team:
        kept = _counted_then(connection, scorecards, ran, week, team)
    else:
        kept = campaigns.last_days(connection, list(ran), before=week.end.date())
    found = [
        Due(campaign=ran[name], open=said.open, counted=said.counted, seen_on=day)
        for name, (day, said) in kept.items()
        if said.counted
    ]
    return tuple(sorted(found, key=lambda due: (due.campaign.plan.target_on, due.campaign.name)))


def _counted_then(
    connection: Connection,
    scorecards: Sequence[Scorecard],
    ran: Mapping[str, Campaign],
    week: Week,
    team: str,
) -> dict[str, tuple[date, Tally]]:
    """By campaign the last day of a week, and how what a team owned stood at its end.

    Without those of a scorecard that is gone: nothing says any more what their goal was.
    """
    cards = {card.name: card for card in scorecards}
    owners = members_of(connection, team, INSIDE)
    day = (week.end - timedelta(days=1)).date()
    return {
        name: (day, tally_at(connection, cards[one.plan.scorecard], one.plan, owners, week.end))
        for name, one in ran.items()
        if one.plan.scorecard in cards
    }


def _target_days(week: Week) -> tuple[date, date]:
    """From which day on, and until before which, a target is told of."""
    return week.start.date(), (week.end + AHEAD).date()


def _ran(campaign: Campaign, instant: datetime) -> bool:
    states = [step.state for step in campaign.steps if step.at < instant]
    return bool(states) and states[-1] is State.ACTIVE
