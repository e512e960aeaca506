"""Results as answers: what each check says of an entity, from what, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from catalog.problems import JsonValue
from portal.api.v1 import forms
from portal.api.v1.forms import Json
from portal.api.v1.times import rfc3339
from portal.db.evaluation.results import StoredResult
from portal.db.evaluation.unanswerable import Unanswered
from scorecards.definitions.outline import lifecycle_as_written
from scorecards.evaluation.texts import render_fix
from scorecards.insights.advice import next_steps, plan
from scorecards.results import CheckResult, Excuse, Held, ScorecardResult
from scorecards.scorecard import Check, Scorecard


def result(
    scorecard: Scorecard,
    stored: StoredResult,
    entity: Mapping[str, JsonValue],
    facts: Json,
    unanswered: Unanswered | None = None,
) -> Json:
    """A result, explained. `facts` are values by name, for the texts; `unanswered` is why there is no
    newer one."""
    said = stored.result
    by_check = {found.check: found for found in said.results}
    outcomes = [found.outcome.value for found in said.results if found.counts]
    # Made with another definition, its steps would be those of other checks.
    steps = next_steps(scorecard, said) if said.version == scorecard.version else ()
    return {
        "scorecard": scorecard.name,
        "title": scorecard.title,
        "version": said.version,
        "proven": forms.level(scorecard, said.proven),
        "possible": forms.level(scorecard, said.possible),
        "passed": outcomes.count("pass"),
        "failed": outcomes.count("fail"),
        "unknown": outcomes.count("unknown") + outcomes.count("error"),
        "evaluatedAt": rfc3339(said.evaluated_at),
        "notAssessed": not_assessed(unanswered),
        "nextSteps": [
            {
                "check": step.check,
                "title": step.title,
                "action": step.action.value,
                "effort": step.effort,
            }
            for step in steps
        ],
        "plan": _plan(scorecard, said),
        "checks": [
            _check(scorecard, check, by_check[check.id], stored.since.get(check.id))
            | {"fix": render_fix(check, entity, facts)}
            for check in scorecard.checks
            if check.id in by_check
        ],
    }


def not_assessed(found: Unanswered | None) -> Json | None:
    """Why an entity could not be assessed, and since when."""
    return None if found is None else {"reason": found.reason, "since": rfc3339(found.since)}


def _check(scorecard: Scorecard, check: Check, said: CheckResult, since: datetime | None) -> Json:
    """What a check says of an entity, but for how to fix it."""
    return {
        "check": check.id,
        "title": check.title,
        "category": check.category,
        "level": forms.level(scorecard, check.level),
        "outcome": said.outcome.value,
        "counts": said.counts,
        "lifecycle": lifecycle_as_written(check.lifecycle),
        "reason": said.reason,
        "since": rfc3339(since),
        "observed": dict(said.observed),
        "expected": check.expected,
        "unknown": dict(said.unknown),
        "exemption": exemption(said.excuse),
        "held": held(said.held),
        "leaves": [
            {"expression": expression, "outcome": outcome.value}
            for expression, outcome in said.leaves
        ],
        "why": check.why,
        "effort": check.effort,
        "links": forms.links(check.links),
    }


def held(found: Held | None) -> Json | None:
    """A failure that does not count yet."""
    if found is None:
        return None
    return {"since": rfc3339(found.since), "until": rfc3339(found.until)}


def exemption(excuse: Excuse | None) -> Json | None:
    """The exemption that a check is under, and what it would have said."""
    if excuse is None:
        return None
    return {
        "id": excuse.exemption,
        "until": rfc3339(excuse.until),
        "outcome": excuse.outcome.value,
        "reason": excuse.reason,
    }


def _plan(scorecard: Scorecard, said: ScorecardResult) -> Json | None:
    found = plan(scorecard, said) if said.version == scorecard.version else None
    if found is None:
        return None
    return {
        "level": forms.level(scorecard, found.level),
        "minutes": found.minutes,
        "reachable": found.reachable,
        "exact": found.exact,
        "changes": [
            {
                "expression": change.expression,
                "becomes": change.becomes,
                "action": change.action.value,
                "effort": change.effort,
                "minutes": change.minutes,
                "checks": list(change.checks),
            }
            for change in found.changes
        ],
    }
