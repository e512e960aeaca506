"""Cases: the tests that checks carry, tried.

A case gives facts and an entity, and expects an outcome. Facts that it does not give were never
collected, so a check that forgets to say what it does without them is found out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from scorecards.collection.store import Assessable
from scorecards.evaluation.answers import Watch
from scorecards.evaluation.assessment import Assessor
from scorecards.facts import FactRecord, FactSchema
from scorecards.lifecycle import ACTIVE
from scorecards.results import CheckResult, Outcome
from scorecards.scorecard import Case, Check, Scorecard

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The time of a case that gives none."""

SAMPLE = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "sample", "namespace": "default"},
    "spec": {"type": "service", "lifecycle": "production", "owner": "group:default/sample"},
}
"""The entity of a case that gives none; the keys that a case gives replace these."""

_NO_ENTITY = b"{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A case, and what the check said."""

    scorecard: str
    check: Check
    case: Case
    got: CheckResult

    @property
    def holds(self) -> bool:
        """Whether the outcome is the expected one, for the expected reason."""
        return self.got.outcome is self.case.expect and self.case.reason in self.got.reason


def trials(
    scorecard: Scorecard,
    schemas: Mapping[str, FactSchema],
    *,
    refused: Mapping[str, str] | None = None,
    watch: Watch | None = None,
) -> Iterator[Trial]:
    """Every case of every check, drafts as well, tried in the order of the checks.

    `refused` are expressions that are errors without being run, each with why.
    """
    for check in (*scorecard.checks, *scorecard.drafts):
        if check.tests:
            # Alone and in force: what other checks need, and the day, have no part in it.
            alone = replace(scorecard, checks=(replace(check, lifecycle=ACTIVE),), drafts=())
            everywhere = replace(alone, applies_to=None)
            asked = {
                card: Assessor([card], schemas, refused=refused, watch=watch)
                for card in (alone, everywhere)
            }
            for case in check.tests:
                # Who gives no entity means one that has the scorecard.
                card = everywhere if case.entity == _NO_ENTITY else alone
                got = _said(asked[card], card, case)
                yield Trial(scorecard=scorecard.name, check=check, case=case, got=got)


def untried(scorecard: Scorecard, why: str) -> Iterator[Trial]:
    """Every case of every check, as an error: none could be tried."""
    for check in (*scorecard.checks, *scorecard.drafts):
        for case in check.tests:
            got = _without_leaves(check.id, Outcome.ERROR, why)
            yield Trial(scorecard=scorecard.name, check=check, case=case, got=got)


def _said(assessor: Assessor, alone: Scorecard, case: Case) -> CheckResult:
    now = case.now or NOW
    entity = {**SAMPLE, **orjson.loads(case.entity)}
    record = FactRecord(
        ref="component:default/sample",
        collector="given",
        version="1",
        url="",
        revision="",
        observed_at=now,
        valid_until=None,
        facts=dict(case.facts),
    )
    subject = Assessable(id=0, ref=record.ref, body=orjson.dumps(entity), records=(record,))
    for result in assessor.assess(subject, now=now):
        return result.results[0]
    return _without_leaves(alone.checks[0].id, Outcome.NOT_APPLICABLE, alone.applies_because)


def _without_leaves(check: str, outcome: Outcome, reason: str) -> CheckResult:
    return CheckResult(
        check=check, outcome=outcome, reason=reason, observed={}, unknown={}, leaves=()
    )
