"""What a definition would say of chosen entities, as the editor shows it: before and after, by check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.ui.models.levels import Rung, rung_of
from portal.ui.models.links import EntityLink, link_to
from portal.ui.models.looks import LOOKS, Look, show_json
from portal.use_cases.trying_on import TriedOn
from scorecards.results import ScorecardResult
from scorecards.scorecard import Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckLine:
    """A check, and what it says."""

    title: str
    before: Look | None
    """None: there was no such check, or nothing was said of the entity."""
    after: Look
    observed: str
    reason: str
    changes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityLines:
    """An entity; the checks that change come first."""

    link: EntityLink
    before: Rung | None
    after: Rung | None
    fault: str
    checks: tuple[CheckLine, ...]


def entity_lines(
    published: Scorecard | None, after: Scorecard, found: Sequence[TriedOn]
) -> tuple[EntityLines, ...]:
    """Chosen entities in their order."""
    return tuple(
        EntityLines(
            link=link_to(one.ref),
            before=rung_of(published, one.before.proven if one.before else None),
            after=rung_of(after, one.after.proven if one.after else None),
            fault=one.fault,
            checks=_lines(after, one.before, one.after) if one.after else (),
        )
        for one in found
    )


def _lines(
    card: Scorecard, before: ScorecardResult | None, after: ScorecardResult
) -> tuple[CheckLine, ...]:
    titles = {check.id: check.title for check in card.checks}
    was = {said.check: said.outcome for said in before.results} if before else {}
    lines = [
        CheckLine(
            title=titles[said.check],
            before=LOOKS[was[said.check]] if said.check in was else None,
            after=LOOKS[said.outcome],
            observed=", ".join(f"{name}: {show_json(v)}" for name, v in said.observed.items()),
            reason=said.reason,
            changes=was.get(said.check) is not said.outcome,
        )
        for said in after.results
    ]
    return tuple(sorted(lines, key=lambda line: not line.changes))
