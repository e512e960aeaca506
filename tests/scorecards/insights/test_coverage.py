"""What is not known, and which change would make most of it known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scorecards.insights.coverage import Cause, Change, Gap, Lack, coverage, in_words

SONAR = Cause(Change.CONFIGURE, "sonar")
GITHUB = Cause(Change.GRANT, "github")


def gap(check: str, *causes: Cause) -> Gap:
    return Gap("card", check, tuple(Lack(c, f"{c.subject}.fact", "why", "said") for c in causes))


def test_the_cause_that_resolves_most_alone_comes_first() -> None:
    found = coverage(
        {("card", "a"): 10, ("card", "b"): 4},
        [
            (gap("a", SONAR), [1]),
            (gap("a", SONAR, GITHUB), [2]),
            (gap("b", GITHUB), [3, 4]),
        ],
    )
    assert (found.asked, found.unknown) == (14, 4)
    assert [(e.cause, e.resolves, e.touches, e.entities) for e in found.causes] == [
        (GITHUB, 2, 3, 3),
        (SONAR, 1, 2, 2),
    ]
    assert [(c.check, c.unknown, c.asked) for c in found.checks] == [("b", 2, 4), ("a", 2, 10)]
    assert found.causes[0].details == (("said", 3),)
    assert found.causes[0].facts == ("github.fact",)


CAUSES = st.sampled_from([SONAR, GITHUB, Cause(Change.REPAIR, "git"), Cause(Change.ASSESS, "")])


@given(
    st.lists(
        st.tuples(
            st.sets(st.integers(1, 5), min_size=1),
            st.sampled_from("ab"),
            st.sets(CAUSES, min_size=1),
        ),
        max_size=20,
    )
)
def test_taking_a_cause_away_resolves_what_it_says(
    rows: list[tuple[set[int], str, set[Cause]]],
) -> None:
    found = coverage({}, [(gap(check, *causes), entities) for entities, check, causes in rows])
    total = sum(len(entities) for entities, _, _ in rows)
    for effect in found.causes:
        touched = [(entities, causes) for entities, _, causes in rows if effect.cause in causes]
        alone = [entities for entities, causes in touched if causes == {effect.cause}]
        assert effect.resolves == sum(map(len, alone))
        assert effect.touches == sum(len(entities) for entities, _ in touched)
        assert effect.entities == len(set().union(*(entities for entities, _ in touched)))
    assert sum(check.unknown for check in found.checks) == found.unknown == total


def test_every_change_has_words() -> None:
    assert len({in_words(Cause(change, "x")) for change in Change}) == len(Change)
