"""Asking a collector: whatever it does about one subject, the others have their facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorecards.collection.collectors import RepositoryView, Sees, Subject, ask
from scorecards.facts import FactRecord, FactSchema, FactType, FailedFact, Known, Unknown

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LENGTH = FactSchema(
    name="odd.length", type=FactType.INT, description="Letters of its name.", when_absent=0
)


class Odd:
    """Raises about some subjects, says nothing about others, and speaks of one that nobody named."""

    name, version, schemas, sees = "odd", "1", (LENGTH,), Sees(0)

    def __init__(self, *, raises: Sequence[str] = (), silent: Sequence[str] = ()) -> None:
        self._raises, self._silent = raises, silent
        self.error: Exception = ValueError("a name that is odd")

    def collect(
        self, subjects: Sequence[Subject], repository: RepositoryView | None, *, now: datetime
    ) -> Iterator[FactRecord]:
        assert repository is None
        yield self._record("component:default/unnamed", now)
        for one in subjects:
            if one.ref in self._raises:
                raise self.error
            if one.ref not in self._silent:
                yield self._record(one.ref, now)

    def _record(self, ref: str, now: datetime) -> FactRecord:
        return FactRecord(
            ref=ref,
            collector=self.name,
            version=self.version,
            url="",
            revision="",
            observed_at=now,
            valid_until=None,
            facts={LENGTH.name: Known(value=len(ref))},
        )


def subject(name: str) -> Subject:
    ref = f"component:default/{name}"
    return Subject(ref=ref, entity={}, file="", directory="", neighbors={}, members={})


@given(
    names=st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=8),
    raises=st.sets(st.sampled_from("abcdefghij")),
    silent=st.sets(st.sampled_from("abcdefghij")),
)
def test_each_subject_has_one_record_in_its_place_and_only_the_odd_ones_have_failed(
    names: list[str], raises: set[str], silent: set[str]
) -> None:
    subjects = [subject(name) for name in names]
    collector = Odd(
        raises=[f"component:default/{name}" for name in raises],
        silent=[f"component:default/{name}" for name in silent],
    )
    records = ask(collector, subjects, None, now=NOW)
    assert [record.ref for record in records] == [one.ref for one in subjects]
    failed = {
        record.ref[-1] for record in records if isinstance(record.facts[LENGTH.name], FailedFact)
    }
    assert failed == set(names) & (raises | silent)


def test_a_failed_fact_says_what_was_raised() -> None:
    (record,) = ask(Odd(raises=["component:default/a"]), [subject("a")], None, now=NOW)
    assert record.facts[LENGTH.name] == FailedFact(
        reason=Unknown.SOURCE_FAILED,
        detail="The collector `odd` raised ValueError: a name that is odd.",
    )


def test_a_lack_of_memory_is_nobody_s_fault_and_goes_on_to_whoever_asked() -> None:
    collector = Odd(raises=["component:default/a"])
    collector.error = MemoryError()
    with pytest.raises(MemoryError):
        ask(collector, [subject("a"), subject("b")], None, now=NOW)
