"""What a changed scorecard would do, from letters before and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from scorecards.definitions.differences import difference
from scorecards.insights.simulation import Case, Comparison
from tests.scorecards.scorecard_samples import check, scorecard

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE = scorecard(
    check("repo.readme.bytes > 1", id="one", effort="minutes"),
    check("repo.readme.bytes > 2", id="two", effort="hours"),
    check("repo.readme.bytes > 3", id="three", level="Defined", effort="days"),
)
AFTER = scorecard(
    check("repo.readme.bytes > 1", id="one", title="Another title", effort="minutes"),
    check({"all": ["repo.readme.bytes > 2"]}, id="two", effort="hours"),
    check("repo.ci.runs_tests", id="four", level="Defined", effort="days"),
)


def test_only_what_asks_something_else_has_changed() -> None:
    found = difference(BEFORE, AFTER)
    assert [AFTER.checks[index].id for index in found.changed] == ["two", "four"]
    assert found.kept == {0: 0}
    assert found.dropped == ("three",)
    assert not found.applies_changed


def test_places_texts_and_levels_are_no_change_of_what_is_asked() -> None:
    moved = replace(BEFORE.checks[0], level=2, effort="days", why="because")
    later = replace(BEFORE, checks=(BEFORE.checks[1], moved, BEFORE.checks[2]))
    found = difference(BEFORE, later)
    assert found.changed == ()
    assert found.kept == {0: 1, 1: 0, 2: 2}


def test_a_condition_is_part_of_what_is_asked() -> None:
    narrower = scorecard(
        *(
            check(f"repo.readme.bytes > {n}", id=name, level=level)
            for n, name, level in ((1, "one", "Managed"), (2, "two", "Managed"))
        ),
        check(
            "repo.readme.bytes > 3", id="three", level="Defined", applies_to="repo.ci.runs_tests"
        ),
        applies_to="entity.kind == 'Component'",
    )
    found = difference(BEFORE, narrower)
    assert found.changed == (2,)
    assert found.applies_changed
    assert difference(None, BEFORE).changed == (0, 1, 2)


def test_who_falls_is_counted_by_team_with_the_work_to_get_back() -> None:
    cases = {
        ("group:default/a", Case("ppp", "pfp")): 2,
        ("group:default/b", Case("ppp", "ppu")): 1,
        ("group:default/b", Case("pfp", "ppp")): 3,
        ("", Case("ppp", "ppp")): 5,
    }
    found = Comparison(BEFORE, AFTER, now=NOW).simulation(cases)
    assert (found.entities, found.up, found.down) == (11, 3, 3)
    # With all of two levels reached the top of four is reached: nothing is asked above.
    assert found.moves == {(3, 0): 2, (3, 1): 1, (0, 3): 3, (3, 3): 5}
    assert [(t.owner, t.down, t.up, t.unknown, t.minutes) for t in found.teams] == [
        ("group:default/a", 2, 0, 0, 240),
        ("group:default/b", 1, 3, 1, 960),
        ("", 0, 0, 0, 0),
    ]
    assert found.minutes == 1200
    assert [(c.check, c.failing, c.passing, c.unknown) for c in found.checks] == [
        ("two", 2, 3, 0),
        ("four", 0, 10, 1),
        ("three", 0, 0, 0),
    ]


def test_whom_it_newly_concerns_and_whom_no_more() -> None:
    found = Comparison(BEFORE, AFTER, now=NOW).simulation(
        {("", Case(None, "ppf")): 2, ("", Case("ppp", None)): 1}
    )
    assert (found.starts, found.ends, found.up, found.down) == (2, 1, 0, 0)
    assert found.moves == {(None, 1): 2, (3, None): 1}


def test_a_new_scorecard_has_no_before() -> None:
    found = Comparison(None, AFTER, now=NOW).simulation({("group:default/a", Case(None, "pff")): 4})
    assert (found.starts, found.down) == (4, 0)
    assert [(c.check, c.failing, c.passing) for c in found.checks] == [
        ("one", 0, 4),
        ("two", 4, 0),
        ("four", 4, 0),
    ]


LETTERS = st.text(alphabet="pfunxe", min_size=3, max_size=3)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", ""]),
            st.one_of(st.none(), LETTERS),
            st.one_of(st.none(), LETTERS),
        )
    )
)
def test_everybody_is_counted_once(rows: list[tuple[str, str | None, str | None]]) -> None:
    cases: dict[tuple[str, Case], int] = {}
    for owner, before, after in rows:
        cases[owner, Case(before, after)] = cases.get((owner, Case(before, after)), 0) + 1
    found = Comparison(BEFORE, AFTER, now=NOW).simulation(cases)
    assert found.entities == sum(found.moves.values()) == sum(found.possible.values()) == len(rows)
    both = [
        (was, now, n)
        for (was, now), n in found.moves.items()
        if was is not None and now is not None
    ]
    assert found.up == sum(n for was, now, n in both if now > was)
    assert found.down == sum(n for was, now, n in both if now < was)
    assert sum(team.up for team in found.teams) == found.up
