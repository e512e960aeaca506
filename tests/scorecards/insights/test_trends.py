"""Trends: counts at each instant, and parts of a change that add up to it, whatever happened."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from scorecards.evaluation.transitions import Reason, Stand
from scorecards.insights.moves import Cause, Course, Step
from scorecards.insights.trends import Counts, Split, pass_rate, snapshots, split, within
from tests.scorecards.scorecard_samples import NOW


def stand(letters: str, proven: int = 0, possible: int = 0, checks: str = "abc") -> Stand:
    outcomes = dict(zip(checks, letters, strict=False))
    return Stand(version="1", seq=1, proven=proven, possible=possible, outcomes=outcomes)


def hour(n: int) -> datetime:
    return NOW + timedelta(hours=n)


def course(*stands: Stand | None, reason: Reason = Reason.FACTS) -> Course:
    steps = [Step(at=hour(n), reason=reason, stand=s) for n, s in enumerate(stands[1:], start=1)]
    return Course(opening=stands[0], steps=tuple(steps))


def counted(stands: list[Stand | None]) -> Counts:
    counts = Counts()
    counts.add((one, 1) for one in stands)
    return counts.copy()


def decomposed(*courses: Course) -> Split:
    return split(counted([one.opening for one in courses]), courses)


stands = st.none() | st.builds(
    stand,
    st.text("pfunxe", max_size=3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["abc", "bcd"]),
)
courses = st.lists(
    st.builds(
        lambda opening, steps: Course(
            opening=opening,
            steps=tuple(
                Step(at=hour(n), reason=reason, stand=one)
                for n, (reason, one) in enumerate(steps, start=1)
            ),
        ),
        stands,
        st.lists(st.tuples(st.sampled_from(Reason), stands), max_size=4),
    ),
    max_size=8,
)


def ends(found: list[Course]) -> list[Stand | None]:
    return [one.steps[-1].stand if one.steps else one.opening for one in found]


@given(courses)
def test_the_parts_of_every_change_add_up_to_it_exactly(found: list[Course]) -> None:
    before, after = counted([one.opening for one in found]), counted(ends(found))
    parts = split(before, found)
    total = Counter[int]()
    for part in parts.levels.values():
        total.update(part)
    for level in range(4):
        assert total[level] == after.proven[level] - before.proven[level]
    for rate, old, new in [
        (parts.rate, before.letters, after.letters),
        *(
            (rate, before.checks.get(check, {}), after.checks.get(check, {}))
            for check, rate in parts.checks.items()
        ),
    ]:
        assert (rate.before, rate.after) == (pass_rate(old), pass_rate(new))
        if rate.before is None or rate.after is None:
            assert rate.parts is None
        else:
            assert rate.parts is not None
            assert sum(rate.parts.values(), Fraction(0)) == rate.after - rate.before
    for check in {*before.checks, *after.checks} - parts.checks.keys():
        assert before.checks.get(check) == after.checks.get(check)


@given(courses, st.lists(st.integers(0, 6), min_size=1, max_size=5).map(sorted))
def test_snapshots_count_what_stood_there_at_each_instant(
    found: list[Course], hours: list[int]
) -> None:
    base = counted([one.opening for one in found])
    shown = snapshots(base, found, [hour(n) for n in hours])
    for n, counts in zip(hours, shown, strict=True):
        then: list[Stand | None] = []
        for one in found:
            past = [step.stand for step in one.steps if step.at <= hour(n)]
            then.append(past[-1] if past else one.opening)
        assert counts == counted(then)


@given(courses, st.lists(st.integers(0, 5), max_size=4, unique=True).map(sorted))
def test_what_is_looked_at_for_a_while_counts_only_then(
    found: list[Course], bounds: list[int]
) -> None:
    spans = [
        (hour(start) - timedelta(minutes=30), hour(bounds[n + 1]) if n + 1 < len(bounds) else None)
        for n, start in enumerate(bounds)
        if n % 2 == 0
    ]
    for one in found:
        seen = Course(opening=None, steps=tuple(within(one, spans)))
        for n in range(7):
            at = hour(n) + timedelta(minutes=1)
            inside = any(start <= at and (end is None or at < end) for start, end in spans)
            past = [step.stand for step in one.steps if step.at <= at]
            stood = (past[-1] if past else one.opening) if inside else None
            shown = [step.stand for step in seen.steps if step.at <= at]
            assert (shown[-1] if shown else None) == stood


def test_causes_are_told_apart() -> None:
    found = decomposed(
        course(stand("f", 0, 0), stand("p", 1, 1)),
        course(stand("u", 0, 1), stand("p", 1, 1)),
        course(None, stand("p", 1, 1), reason=Reason.ENTITY),
        course(stand("p", 1, 1), stand("n", 0, 0), reason=Reason.RULES),
        course(stand("f", 0, 0), stand("x", 1, 1), reason=Reason.EXEMPTION),
    )
    assert found.levels == {
        Cause.SERVICES: {0: -2, 1: 2},
        Cause.COVERAGE: {0: -1, 1: 1},
        Cause.POPULATION: {1: 1},
        Cause.RULES: {1: -1, 0: 1},
    }
    assert (found.rate.before, found.rate.after) == (Fraction(1, 3), Fraction(1))
    assert found.rate.parts is not None
    assert all(found.rate.parts[cause] > 0 for cause in (Cause.SERVICES, Cause.POPULATION))
    assert found.rate.parts[Cause.RULES] < 0


def test_the_last_transition_that_made_the_difference_is_its_cause() -> None:
    opening = stand("p", 1, 1)
    steps = (
        Step(at=hour(1), reason=Reason.RULES, stand=stand("f", 0, 0)),
        Step(at=hour(2), reason=Reason.FACTS, stand=stand("fp", 0, 0)),
    )
    found = decomposed(Course(opening=opening, steps=steps))
    assert found.levels[Cause.RULES] == {1: -1, 0: 1}
    assert found.levels[Cause.SERVICES] == {}


def test_one_cause_alone_has_the_whole_effect() -> None:
    found = decomposed(course(stand("p"), stand("f")), course(stand("p")))
    assert found.rate.parts is not None
    assert found.rate.parts[Cause.SERVICES] == Fraction(-1, 2)
    assert set(found.rate.parts.values()) == {Fraction(-1, 2), Fraction(0)}


def test_what_came_and_went_in_between_changes_nothing() -> None:
    found = decomposed(course(None, stand("p"), None), course(stand("p")))
    assert found.checks == {}
    assert not any(found.levels.values())
