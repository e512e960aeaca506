"""From when, and until when, a check counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from scorecards.collection.serialization import evidence_from_json, evidence_to_json
from scorecards.definitions.loading import load_scorecards
from scorecards.levels import gates
from scorecards.lifecycle import Stage, in_words, stage
from scorecards.results import Outcome, ScorecardResult
from scorecards.scorecard import Scorecard
from tests.scorecards.scorecard_samples import SCHEMAS, assess, check, document, scorecard, subject

BEFORE = datetime(2026, 8, 31, 23, 59, 59, tzinfo=UTC)
DAY = datetime(2026, 9, 1, tzinfo=UTC)

PREVIEW = {"stage": "preview", "from": "2026-09-01"}
RETIRING = {"stage": "retiring", "until": "2026-08-31"}


def card(lifecycle: Any) -> Scorecard:
    return scorecard(
        check("repo.readme.bytes > 0"), check("repo.readme.bytes > 500", lifecycle=lifecycle)
    )


def result(lifecycle: Any, now: datetime) -> ScorecardResult:
    found = assess(card(lifecycle), subject({"repo.readme.bytes": 1}), now=now)
    assert found is not None
    return found


def test_a_preview_is_evaluated_and_counts_from_its_day_on() -> None:
    before, after = result(PREVIEW, BEFORE), result(PREVIEW, DAY)
    assert [r.outcome for r in before.results] == [r.outcome for r in after.results]
    assert before.results[1].outcome is Outcome.FAIL
    assert [r.counts for r in before.results] == [True, False]
    assert [r.counts for r in after.results] == [True, True]
    assert (before.proven, after.proven) == (3, 0)


def test_a_retiring_check_is_shown_until_its_day_is_over_and_never_counts() -> None:
    before, after = result(RETIRING, BEFORE), result(RETIRING, DAY)
    assert (before.results[1].outcome, before.results[1].counts) == (Outcome.FAIL, False)
    assert (after.results[1].outcome, after.results[1].counts) == (Outcome.NOT_APPLICABLE, False)
    assert after.results[1].reason == "Retired on 2026-08-31"
    assert (before.proven, after.proven) == (3, 3)


def test_only_checks_that_count_stand_between_an_entity_and_its_next_level() -> None:
    early = card({"stage": "preview", "from": "2030-01-01"})
    found = assess(early, subject({"repo.readme.bytes": 0}))
    assert found is not None
    assert [one.id for one, _ in gates(early, found)] == ["check-0"]


def test_a_draft_is_kept_apart() -> None:
    drafted = card("draft")
    assert [one.id for one in drafted.checks] == ["check-0"]
    assert [one.id for one in drafted.drafts] == ["check-1"]
    found = assess(drafted, subject({"repo.readme.bytes": 1}))
    assert found is not None
    assert [said.check for said in found.results] == ["check-0"]


def test_the_day_is_that_of_utc() -> None:
    preview = card(PREVIEW).checks[1].lifecycle
    tokyo = timezone(timedelta(hours=9))
    assert stage(preview, datetime(2026, 9, 1, 8, tzinfo=tokyo)) is Stage.PREVIEW
    assert stage(preview, datetime(2026, 9, 1, 9, tzinfo=tokyo)) is Stage.ACTIVE


@pytest.mark.parametrize(
    ("lifecycle", "now", "words"),
    [
        (PREVIEW, BEFORE, "Will count from 2026-09-01"),
        (PREVIEW, DAY, ""),
        ("active", DAY, ""),
        (RETIRING, BEFORE, "Counts no more, and goes after 2026-08-31"),
        (RETIRING, DAY, "Retired on 2026-08-31"),
    ],
)
def test_people_are_told(lifecycle: Any, now: datetime, words: str) -> None:
    assert in_words(card(lifecycle).checks[1].lifecycle, now) == words


def test_evidence_remembers_whether_it_counted() -> None:
    found = result(PREVIEW, BEFORE)
    assert evidence_from_json(evidence_to_json(found)) == found.results


@pytest.mark.parametrize(
    ("lifecycle", "code", "where"),
    [
        ("preview", "FIELD_VALUE", ""),
        ({"stage": "preview"}, "FIELD_REQUIRED", "/from"),
        ({"stage": "retiring"}, "FIELD_REQUIRED", "/until"),
        ({"stage": "preview", "from": "2026-02-30"}, "FIELD_VALUE", "/from"),
        ({"stage": "preview", "from": "soon"}, "FIELD_VALUE", "/from"),
        ({"stage": "preview", "from": "2026-09-01", "until": "2026-10-01"}, "FIELD_UNKNOWN", "/until"),
        ({"stage": "gone", "from": "2026-09-01"}, "FIELD_VALUE", "/stage"),
        (4, "FIELD_TYPE", ""),
    ],
)  # fmt: skip
def test_a_lifecycle_that_cannot_be_is_refused(lifecycle: Any, code: str, where: str) -> None:
    text = document(check("repo.ci.runs_tests", lifecycle=lifecycle))
    _, problems = load_scorecards(text, file="s.yaml", schemas=SCHEMAS)
    assert [(p.code, p.pointer) for p in problems] == [(code, f"/spec/checks/0/lifecycle{where}")]
