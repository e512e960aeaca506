"""A watch is told of every evaluation, and what it refuses is not run again."""

from __future__ import annotations

import pytest

from scorecards.collection.store import Assessable
from scorecards.evaluation import answers
from scorecards.evaluation.assessment import Assessor
from scorecards.results import CheckResult, Outcome
from tests.scorecards.scorecard_samples import NOW, SCHEMAS, check, record, scorecard

RULES = ("repo.readme.bytes * 2 > 30", "repo.readme.bytes % 2 == 0")


class Recorder:
    """Finds some expressions too slow; '' is several at once."""

    def __init__(self, *slow: str) -> None:
        self.slow = slow
        self.told: list[str] = []

    def begins(self, expression: str) -> None:
        self.told.append(expression)

    def ended(self) -> str:
        return "was slow" if self.told[-1] in self.slow else ""


def entity(number: int) -> Assessable:
    facts = {"repo.readme.bytes": number}
    body = b'{"kind":"Component","metadata":{"name":"x"}}'
    return Assessable(id=number, ref="component:default/x", body=body, records=(record(facts),))


def ask(assessor: Assessor, number: int) -> tuple[CheckResult, ...]:
    (result,) = assessor.assess(entity(number), now=NOW)
    return result.results


@pytest.fixture(autouse=True)
def asked_together_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "SETTLED", 2)


def assessor(watch: Recorder, **more: object) -> Assessor:
    card = scorecard(*(check(rule) for rule in RULES))
    return Assessor([card], SCHEMAS, watch=watch, **more)  # type: ignore[arg-type]


def test_several_that_are_too_slow_together_are_asked_apart_from_then_on() -> None:
    watch = Recorder("")
    asked = assessor(watch)
    for number in range(20):
        outcomes = [one.outcome is Outcome.PASS for one in ask(asked, number)]
        assert outcomes == [number > 15, number % 2 == 0]
    assert watch.told.count("") == 1
    assert asked.refused == {}


def test_apart_nothing_is_asked_together() -> None:
    together, apart = Recorder(), Recorder()
    for watch, asked in (
        (together, assessor(together)),
        (apart, assessor(apart, apart=True)),
    ):
        for number in range(20):
            ask(asked, number)
        assert ("" in watch.told) is (watch is together)


def test_what_is_refused_is_an_error_with_its_reason_and_not_run_again() -> None:
    watch = Recorder(RULES[0])
    asked = assessor(watch, apart=True)
    for number in range(20):
        said = ask(asked, number)
        assert said[1].outcome is (Outcome.FAIL if number % 2 else Outcome.PASS)
    assert (said[0].outcome, said[0].reason) == (Outcome.ERROR, f"`{RULES[0]}`: was slow")
    assert watch.told.count(RULES[0]) == 1
    assert asked.refused == {RULES[0]: "was slow"}


def test_what_was_refused_before_is_never_run() -> None:
    watch = Recorder()
    asked = assessor(watch, refused={RULES[1]: "was slow"})
    said = ask(asked, 5)
    assert (said[1].outcome, said[1].reason) == (Outcome.ERROR, f"`{RULES[1]}`: was slow")
    assert said[0].outcome is Outcome.FAIL
    assert watch.told == [RULES[0]]
