"""Reliving: what a scorecard would have said of entities over a time, had it been in force.

It is asked at every moment at which something that it looks at became otherwise, as it is when it is
in force, and what counts then follows: a pass with a grace, an exemption that was stored, an answer.
What hangs on something that is not kept is said to be unsure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property

from portal.db.insights import spans
from portal.db.insights.simulated import Reads
from portal.worker.assessment.asking import Means, Rows, ask
from portal.worker.simulation.known_then import KnownThen, Lacks
from portal.worker.simulation.lived import NOT_THERE, Gap, Lived, Lives, NotKept
from portal.worker.simulation.looking import Looks
from portal.worker.simulation.remembering import Moments, Past
from scorecards.evaluation.damping import HELD, UNSURE, relived
from scorecards.evaluation.many import Said
from scorecards.evaluation.transitions import OUTCOMES
from scorecards.levels import Reached, counting, reached
from scorecards.results import LETTERS, Outcome
from scorecards.rules import Manual
from scorecards.scorecard import Check, Scorecard

_FAIL, _UNKNOWN, _EXEMPT = (LETTERS[o] for o in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT))
_INAPPLICABLE = LETTERS[Outcome.NOT_APPLICABLE]


@dataclass(frozen=True, kw_only=True)
class Life:
    """A scorecard as it is relived, with what else it takes."""

    card: Scorecard
    looks: Looks
    """What it looks at."""
    means: Means
    """Of the instant that everything leads to; its `collectors` have the levels, too."""
    past: Past
    sure: bool
    """Whether everything is kept that may still count at that instant."""
    told: Mapping[str, Lives] = field(default_factory=dict)
    """Levels in place of stored ones, by what they come from, of some entities."""
    follows: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By what such levels come from, all that they may follow from."""
    _known: dict[tuple[str, date, frozenset[Gap]], Lived] = field(default_factory=dict, init=False)
    """What letters come to on a day: most entities have the same ones."""

    def live(self, moments: Moments) -> dict[int, list[Lived]]:
        """What counted at each moment; the last one of each entity is the instant."""
        asked = [
            (entity, place) for entity, times in moments.items() for place in range(len(times))
        ]
        said = iter(self._ask(asked, moments))
        return {
            entity: self._settled(entity, times, [next(said) for _ in times])
            for entity, times in moments.items()
        }

    def _ask(
        self, asked: Sequence[tuple[int, int]], moments: Moments
    ) -> list[tuple[Said | None, frozenset[Gap]]]:
        """What the rules say at each moment, and why it is not known of some checks."""
        there: list[int] = []
        lacks: list[Lacks] = []

        def rows_of(reads: Reads) -> Rows:
            rows = []
            for number, (entity, place) in enumerate(asked):
                at = moments[entity][place]
                body = spans.at(self.past.bodies.get(entity, ()), at)
                if body is not None:
                    there.append(number)
                    lacks.append(Lacks({}, {}))
                    columns = [
                        self._known_then.column(name, entity, place, at, lacks[-1])
                        for name in reads.collectors
                    ]
                    flat = [value for column in columns for value in column]
                    rows.append((entity, None, body.what, *flat))
            return [rows] if rows else []

        found = ask(self.means, self.card, rows_of).said
        result: list[tuple[Said | None, frozenset[Gap]]] = [(None, frozenset())] * len(asked)
        for number, said, lack in zip(there, found, lacks, strict=True):
            result[number] = (said, self._gaps(said, lack))
        return result

    def _gaps(self, said: Said | None, lacks: Lacks) -> frozenset[Gap]:
        """Why checks are unknown that are so because of what is not kept."""
        if said is None or not (lacks.collectors or lacks.ages):
            return frozenset()
        oldest = {check.id: check.max_age for check in self.card.checks}
        found = set()
        for check, fact, _ in said.missing:
            source, age = self.means.collectors.get(fact, ""), oldest[check]
            if source in lacks.collectors:
                found.add(Gap(check, lacks.collectors[source], fact))
            elif age is not None and lacks.ages.get(source, age) > age:
                found.add(Gap(check, NotKept.AGE, fact))
        return frozenset(found)

    @cached_property
    def _known_then(self) -> KnownThen:
        return KnownThen(past=self.past, told=self.told, now=self.means.now)

    def _settled(
        self,
        entity: int,
        times: Sequence[datetime],
        asked: Sequence[tuple[Said | None, frozenset[Gap]]],
    ) -> list[Lived]:
        """What counted, where this is what was found."""
        said, lacking = asked[-1]
        if len(times) == 1 and self.sure and not (lacking or self._always_otherwise):
            alone = "" if said is None else said.letters
            return [self._lived(entity, times[0], alone, frozenset(), applies=said is not None)]
        columns = []
        for place, check in enumerate(self.card.checks):
            letters = [
                "" if said is None else UNSURE if _is_of(check, gaps) else said.letters[place]
                for said, gaps in asked
            ]
            if check.grace and _FAIL in letters:  # nothing else is damped
                sure = self.sure and check.id not in self._always_otherwise
                letters = self._relived(entity, check, times, letters, sure=sure)
                if check.id in self._always_otherwise:
                    letters = [UNSURE if one == _FAIL else one for one in letters]
            columns.append(letters)
        rows = zip(*columns, strict=True)
        gaps = self._why_unsure(entity, times, [own for _, own in asked])
        return [
            self._lived(entity, at, row, why, applies=said is not None)
            for at, row, (said, _), why in zip(times, rows, asked, gaps, strict=True)
        ]

    def _relived(
        self,
        entity: int,
        check: Check,
        times: Sequence[datetime],
        letters: Sequence[str],
        *,
        sure: bool,
    ) -> list[str]:
        """What counted of a check with a grace; what was between two changes of an instant is unsure."""
        steps, places = [], []
        for at, letter in zip(times, letters, strict=True):
            if self._is_between(entity, check, at):
                steps.append((at, UNSURE))
            places.append(len(steps))
            steps.append((at, letter))
        found = relived(steps, grace=check.grace, sure=sure)
        return [found[place] for place in places]

    def _is_between(self, entity: int, check: Check, at: datetime) -> bool:
        """Whether the check may have said several things at one instant."""
        twice = self.past.twice.get(entity, {}).get(at)
        return twice is not None and any(
            source in twice or (self._is_told(entity, source) and self.follows[source] & twice)
            for source in self.looks.sources[check.id]
        )

    def _is_told(self, entity: int, source: str) -> bool:
        return entity in self.told.get(source, ())

    def _why_unsure(
        self, entity: int, times: Sequence[datetime], asked: Sequence[frozenset[Gap]]
    ) -> Iterator[frozenset[Gap]]:
        """At each moment, why a check is unsure if it is: what a grace began with may not be known."""
        before, twice = self._standing_gaps, self.past.twice.get(entity, {})
        for at, own in zip(times, asked, strict=True):
            if at in twice:
                before |= {
                    Gap(check.id, NotKept.ORDER, "")
                    for check in self.card.checks
                    if check.grace and self._is_between(entity, check, at)
                }
            told = {gap.check for gap in own}
            yield own | {gap for gap in before if gap.check not in told} if before else own
            before |= {gap for gap in own if gap.check in self._graced}

    def _lived(
        self,
        entity: int,
        at: datetime,
        found: Sequence[str],
        why: frozenset[Gap],
        *,
        applies: bool,
    ) -> Lived:
        """What counted, where this was found; `why` checks are unsure that are."""
        if not applies:
            return NOT_THERE
        stood = self.past.stood(entity, self.card.name, at)
        letters = "".join(found)
        if stood is not None and (self._asks_people or _EXEMPT in stood.letters.values()):
            each = zip(self.card.checks, found, strict=True)
            decided = [_decided(check, one, stood.letters.get(check.id, "")) for check, one in each]
            letters = "".join(decided)
        gaps = frozenset[Gap]()
        if UNSURE in letters:
            each = zip(self.card.checks, letters, strict=True)
            unsure = {check.id for check, letter in each if letter == UNSURE}
            gaps = frozenset(gap for gap in why if gap.check in unsure)
        key = (letters, at.astimezone(UTC).date(), gaps)
        if key not in self._known:
            known = letters.replace(UNSURE, _UNKNOWN)
            self._known[key] = Lived(known, self._reached(known, at), gaps)
        return self._known[key]

    def _reached(self, letters: str, at: datetime) -> Reached:
        each = zip(self.card.checks, letters, counting(self.card, at), strict=True)
        said = [(check.level, _COUNTED[letter]) for check, letter, counts in each if counts]
        return reached(len(self.card.levels), [s[0] for s in said], [s[1] for s in said])

    @cached_property
    def _asks_people(self) -> bool:
        return any(isinstance(check.rule, Manual) for check in self.card.checks)

    @cached_property
    def _graced(self) -> frozenset[str]:
        return frozenset(check.id for check in self.card.checks if check.grace)

    @cached_property
    def _standing_gaps(self) -> frozenset[Gap]:
        """Why a check with a grace may be unsure at any moment."""
        late = self._always_otherwise
        return frozenset(
            Gap(check.id, NotKept.TIME if check.id in late else NotKept.BEGINNING, "")
            for check in self.card.checks
            if check.id in late or (check.grace and not self.sure)
        )

    @cached_property
    def _always_otherwise(self) -> frozenset[str]:
        """The damped checks that look at the time: since when one has failed, nothing tells."""
        return self._graced & self.looks.timed


_COUNTED = {**OUTCOMES, HELD: Outcome.PASS}


def _is_of(check: Check, gaps: Iterable[Gap]) -> bool:
    return any(gap.check == check.id for gap in gaps)


def _decided(check: Check, letter: str, stored: str) -> str:
    """What people decided: exemptions are from a check whatever it asks, answers are no facts."""
    if stored in ("", _INAPPLICABLE) or letter == _INAPPLICABLE:
        return letter
    return stored if stored == _EXEMPT or isinstance(check.rule, Manual) else letter
