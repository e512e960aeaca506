from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from catalog.ingest.removal import MissingFile, RemovalPolicy, decide

NOW = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = RemovalPolicy()
LONG_AGO = NOW - timedelta(hours=25)


def missing(
    path: str, *, entities: int = 1, since: datetime | None = LONG_AGO, missed: int = 2
) -> MissingFile:
    return MissingFile(path=path, entities=entities, missing_since=since, missed=missed)


def test_a_file_goes_after_two_complete_listings_and_the_grace() -> None:
    decision = decide([missing("a")], total=100, policy=POLICY, now=NOW)
    assert (decision.removed, decision.waiting, decision.held) == (("a",), (), "")


def test_a_file_that_was_missed_for_the_first_time_waits() -> None:
    first = missing("a", since=None, missed=1)
    assert decide([first], total=100, policy=POLICY, now=NOW).waiting == ("a",)


def test_a_file_that_was_missed_once_waits_however_long_ago_that_was() -> None:
    assert decide([missing("a", missed=1)], total=100, policy=POLICY, now=NOW).removed == ()


def test_a_file_waits_until_the_grace_is_over() -> None:
    recent = missing("a", since=NOW - timedelta(hours=23), missed=9)
    assert decide([recent], total=100, policy=POLICY, now=NOW).waiting == ("a",)


def test_more_than_the_limit_holds_every_removal_of_the_run() -> None:
    due = [missing("a", entities=1), missing("b", entities=10)]
    decision = decide(due, total=100, policy=POLICY, now=NOW)
    assert decision.removed == ()
    assert decision.waiting == ("a", "b")
    assert decision.held == "11 of 100 entities would be removed at once; 10 is the limit."


def test_what_only_waits_does_not_count_against_the_limit() -> None:
    files = [missing("a"), missing("b", entities=50, missed=1)]
    decision = decide(files, total=100, policy=POLICY, now=NOW)
    assert (decision.removed, decision.waiting) == (("a",), ("b",))


def test_the_limit_grows_with_the_source() -> None:
    assert [POLICY.limit(total) for total in (0, 99, 100, 109, 1000)] == [10, 10, 10, 10, 100]


files = st.lists(
    st.builds(
        MissingFile,
        path=st.uuids().map(str),
        entities=st.integers(0, 30),
        missing_since=st.none()
        | st.integers(0, 72).map(lambda hours: NOW - timedelta(hours=hours)),
        missed=st.integers(1, 4),
    ),
    max_size=8,
)


@given(files, st.integers(0, 400))
def test_nothing_goes_without_all_of_its_evidence(found: list[MissingFile], extra: int) -> None:
    total = sum(file.entities for file in found) + extra
    decision = decide(found, total=total, policy=POLICY, now=NOW)
    removed = [file for file in found if file.path in decision.removed]
    for file in removed:
        assert file.missed >= 2
        assert file.missing_since is not None
        assert NOW - file.missing_since >= timedelta(hours=24)
    assert sum(file.entities for file in removed) <= max(10, total // 10)
    assert sorted(decision.removed + decision.waiting) == sorted(file.path for file in found)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 10))
def test_what_is_gone_goes_and_what_comes_back_stays(listings: list[bool], entities: int) -> None:
    """One file over hourly listings: True where a listing has it. Then it is gone for good."""
    since: datetime | None = None
    missed, removed = 0, False
    for hour, there in enumerate([*listings, *([False] * 26)]):
        now = NOW + timedelta(hours=hour)
        if there:
            since, missed = None, 0
            continue
        file = missing("a", entities=entities, since=since, missed=missed + 1)
        removed = decide([file], total=entities, policy=POLICY, now=now).removed == ("a",)
        assert not removed or missed * timedelta(hours=1) >= timedelta(hours=24)
        if removed:
            break
        since, missed = since or now, missed + 1
    assert removed
