"""Transitions: the moments at which a result became another one, and why it did.

A result that is found again, with other evidence, is the same: only outcomes and levels count. So
history grows with what happens, not with how often somebody looks, and replaying the transitions of
an entity gives its present result.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scorecards.facts import Unknown
from scorecards.results import LETTERS, CheckResult, Outcome

_FACT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_OF_THE_ENTITY = ("catalog.", "api.")
"""Namespaces of the facts that are read from the entity's own descriptor."""


class Reason(StrEnum):
    """What made a result another one: of several, the first that holds."""

    RULES = "rules"
    """The scorecard was changed, published or withdrawn."""
    EXEMPTION = "exemption"
    """Somebody exempted the entity from checks, or no longer does."""
    ENTITY = "entity"
    """The entity was changed, came or went."""
    FACTS = "facts"
    """Something else was observed."""
    TIME = "time"
    """Nothing but time went by: a fact became stale, or an age too great."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stand:
    """A result without its evidence: what transitions lie between."""

    version: str
    """Digest of the scorecard's definition."""
    seq: int
    """Version of the entity: the catalog's sequence number at which it came."""
    proven: int
    possible: int
    outcomes: Mapping[str, str]
    """By id of the check, in the order of the scorecard, one of `results.LETTERS`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckChange:
    """A check that came to say something else."""

    check: str
    before: Outcome | None
    """None: the scorecard had no such check, or no result."""
    after: Outcome | None


def is_transition(before: Stand | None, after: Stand | None) -> bool:
    """Whether outcomes or levels are others; a result that begins or ends is one, too."""
    if before is None or after is None:
        return before is not after
    return (before.proven, before.possible, [*before.outcomes.items()]) != (
        after.proven,
        after.possible,
        [*after.outcomes.items()],
    )


def changed(before: Stand | None, after: Stand | None) -> tuple[CheckChange, ...]:
    """The checks that say something else, in the order of the later result, then of the former."""
    old = before.outcomes if before is not None else {}
    new = after.outcomes if after is not None else {}
    return tuple(
        CheckChange(check=check, before=_outcome(old.get(check)), after=_outcome(new.get(check)))
        for check in dict.fromkeys((*new, *old))
        if old.get(check) != new.get(check)
    )


def why_changed(
    before: Stand, after: Stand, was: Sequence[CheckResult], said: Sequence[CheckResult]
) -> Reason:
    """Why a result is another one. `was` and `said` are what the checks said before and after."""
    if before.version != after.version:
        return Reason.RULES
    moves = changed(before, after)
    if moves and all(Outcome.EXEMPT in (move.before, move.after) for move in moves):
        return Reason.EXEMPTION
    old, new = ({result.check: result for result in results} for results in (was, said))
    names = {
        name: why
        for move in moves
        if move.check in old and move.check in new
        for name, why in _otherwise(old[move.check], new[move.check])
    }
    entity = before.seq != after.seq
    if names and not all(why == Unknown.STALE for why in names.values()):
        return (
            Reason.ENTITY
            if entity and all(name.startswith(_OF_THE_ENTITY) for name in names)
            else Reason.FACTS
        )
    return Reason.ENTITY if entity and not names else Reason.TIME


def why_begun(*, came: datetime, others: Collection[datetime], rules: datetime) -> Reason:
    """Why a scorecard has come to apply to an entity.

    `came` is when the entity's present version did, `others` when each of its other results was
    found, `rules` when the scorecard was first used as it is now.
    """
    if not others or came > max(others):
        return Reason.ENTITY
    return Reason.RULES if max(others) < rules else Reason.FACTS


def why_ended(before: Stand, *, version: str | None, seq: int) -> Reason:
    """Why a scorecard no longer applies to an entity that is still there.

    `version` is that of the scorecard now, None where there is none any more; `seq` is the version
    of the entity.
    """
    if version != before.version:
        return Reason.RULES
    return Reason.ENTITY if seq != before.seq else Reason.FACTS


def _outcome(letter: str | None) -> Outcome | None:
    return None if letter is None else OUTCOMES[letter]


OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}
"""The outcome of each letter."""


def _otherwise(was: CheckResult, said: CheckResult) -> Iterable[tuple[str, str | None]]:
    """The facts that look otherwise, each with why it is not known now."""
    for name in {*was.observed, *was.unknown, *said.observed, *said.unknown}:
        if not _FACT.fullmatch(name):
            continue  # an observation, which may be of the time
        before = (was.observed.get(name, _NOTHING), was.unknown.get(name))
        after = (said.observed.get(name, _NOTHING), said.unknown.get(name))
        if before != after:
            yield name, said.unknown.get(name)


_NOTHING = object()


def replayed_since(steps: Sequence[tuple[datetime, Stand | None]]) -> dict[str, datetime]:
    """By check of the last result, when its outcome began; `steps` are its transitions in order."""
    since: dict[str, datetime] = {}
    before: Mapping[str, str] = {}
    for at, stand in steps:
        outcomes = {} if stand is None else stand.outcomes
        since = {
            check: since[check] if before.get(check) == letter else at
            for check, letter in outcomes.items()
        }
        before = outcomes
    return since
