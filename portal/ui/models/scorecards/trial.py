"""What a definition would do, as the editor shows it: moves by level, checks, teams, and examples."""

from __future__ import annotations

from dataclasses import dataclass

from portal.ui.models.levels import Rung, rung_of
from portal.ui.models.links import EntityLink, link_to
from portal.ui.models.looks import plural
from portal.use_cases.trying import Trial
from portal.worker.simulation.simulating import Example
from scorecards.insights.simulation import CheckChange

MOST_TEAMS = 50
MOST_EXAMPLES = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveRow:
    """Entities that go from one level to another; None: the scorecard does not apply."""

    before: Rung | None
    after: Rung | None
    entities: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRow:
    """A check that comes to say something else of somebody."""

    title: str
    """Its id where neither definition has it."""
    failing: int
    held: int
    passing: int
    unknown: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamRow:
    """What it does to the entities of an owner."""

    owner: EntityLink | None
    up: int
    down: int
    newly_failing: int
    newly_held: int
    newly_unknown: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RippleRow:
    """Another scorecard that changes, as it looks at a level that does."""

    name: str
    title: str
    entities: int
    up: int
    down: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExampleRow:
    """An entity that changes its level."""

    link: EntityLink
    before: Rung
    after: Rung


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialResult:
    """Everything that the editor shows of a trial."""

    finding: str
    published: str
    """Version that it is compared with; '' for a new scorecard."""
    entities: int
    left_out: int
    moves: tuple[MoveRow, ...]
    """Only those that lead elsewhere."""
    checks: tuple[CheckRow, ...]
    teams: tuple[TeamRow, ...]
    more_teams: int
    falling: tuple[ExampleRow, ...]
    rising: tuple[ExampleRow, ...]
    ripples: tuple[RippleRow, ...]


def trial_result(trial: Trial) -> TrialResult:
    """What a trial found."""
    made, before, after = trial.found.simulation, trial.found.before, trial.after
    moves = [
        MoveRow(before=rung_of(before, was), after=rung_of(after, now), entities=n)
        for (was, now), n in made.moves.items()
        if was != now
    ]
    return TrialResult(
        finding=_finding(trial),
        published=before.version if before else "",
        entities=made.entities,
        left_out=trial.found.waiting,
        moves=tuple(sorted(moves, key=lambda move: -move.entities)),
        checks=tuple(_check(trial, one) for one in made.checks),
        teams=tuple(
            TeamRow(
                owner=link_to(team.owner) if team.owner else None,
                up=team.up,
                down=team.down,
                newly_failing=team.failing,
                newly_held=team.held,
                newly_unknown=team.unknown,
            )
            for team in made.teams[:MOST_TEAMS]
        ),
        more_teams=max(0, len(made.teams) - MOST_TEAMS),
        falling=tuple(_example(trial, one) for one in trial.found.down[:MOST_EXAMPLES]),
        rising=tuple(_example(trial, one) for one in trial.found.up[:MOST_EXAMPLES]),
        ripples=tuple(
            RippleRow(
                name=one.scorecard.name,
                title=one.scorecard.title,
                entities=one.moving,
                up=one.simulation.up,
                down=one.simulation.down,
            )
            for one in trial.found.ripples
        ),
    )


def _finding(trial: Trial) -> str:
    made = trial.found.simulation
    if trial.found.before is None:
        return f"A new scorecard, which applies to {plural(made.entities, 'entity', 'entities')}"
    if not (made.up or made.down or made.starts or made.ends):
        return f"None of {plural(made.entities, 'entity', 'entities')} changes its level{_unseen(trial)}"
    parts = [
        f"{n:,} {said}"
        for n, said in (
            (made.down, "fall"),
            (made.up, "rise"),
            (made.starts, "are newly asked"),
            (made.ends, "are asked no more"),
        )
        if n
    ]
    return f"Of {plural(made.entities, 'entity', 'entities')}, {', '.join(parts)}"


def _unseen(trial: Trial) -> str:
    """What comes to fail although no level says so: what is asked of who stands lower anyway."""
    checks = [one for one in trial.found.simulation.checks if one.failing]
    most = max((one.failing for one in checks), default=0)
    if not most:
        return ""
    if len(checks) == 1:
        return f", but {most:,} newly {'fails' if most == 1 else 'fail'} a check"
    return f", but {len(checks)} checks are newly failed, one of them by {most:,}"


def _check(trial: Trial, one: CheckChange) -> CheckRow:
    cards = [card for card in (trial.after, trial.found.before) if card]
    titles = (check.title for card in cards for check in card.checks if check.id == one.check)
    return CheckRow(
        title=next(titles, one.check),
        failing=one.failing,
        held=one.held,
        passing=one.passing,
        unknown=one.unknown,
    )


def _example(trial: Trial, one: Example) -> ExampleRow:
    effect = trial.found.comparison.effect(one.case)
    assert effect.before is not None
    assert effect.after is not None
    before = rung_of(trial.found.before, effect.before.proven)
    after = rung_of(trial.after, effect.after.proven)
    assert before is not None
    assert after is not None
    return ExampleRow(link=link_to(one.ref), before=before, after=after)
