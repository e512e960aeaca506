"""Walks: a large repository is walked through once for all of its entities, as long as it holds."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from catalog.problems import Problem
from catalog.sources import Failed, Repository, Snapshot, TreeFile
from portal.worker.walks import KEPT, LONG, LONGEST, MOST, Walks

SHOP = Repository(url="/srv/shop", name="shop")


@dataclass
class Slow:
    """A source that takes its time."""

    seconds: float = LONG
    revision: str = "one"
    now: float = 0.0
    walked: list[str] = field(default_factory=list)
    broken: bool = False

    name = "slow"
    checked = True

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        self.walked.append(repository.url)
        self.now += self.seconds
        if self.broken:
            return Failed(problem=Problem(code="UNREADABLE", message="It is gone."))
        files = (TreeFile(path="README.md", token=self.revision, size=1),)
        return Snapshot(
            repository=repository,
            revision=self.revision,
            is_git=False,
            committed_at=None,
            files=files,
        )


@pytest.fixture
def source() -> Slow:
    return Slow()


@pytest.fixture
def walks(source: Slow) -> Walks:
    return Walks(clock=lambda: source.now)


def look(walks: Walks, source: Slow, read: str = "one", repository: Repository = SHOP) -> str:
    found = walks.snapshot(source, repository, f"edition/{read}")  # type: ignore[arg-type]
    assert found is not None
    assert [file.token for file in found.files] == [found.revision]
    return found.revision


def test_a_long_walk_is_not_repeated_for_a_while(walks: Walks, source: Slow) -> None:
    assert {look(walks, source) for _ in range(5)} == {"one"}
    assert len(source.walked) == 1
    source.now += KEPT * LONG
    look(walks, source)
    assert len(source.walked) == 2


def test_a_short_walk_is_repeated(walks: Walks, source: Slow) -> None:
    source.seconds = LONG / 2
    look(walks, source)
    look(walks, source)
    assert len(source.walked) == 2


def test_however_long_it_took_it_is_old_after_a_minute(walks: Walks, source: Slow) -> None:
    source.seconds = LONGEST
    look(walks, source)
    source.now += LONGEST
    look(walks, source)
    assert len(source.walked) == 2


def test_what_has_been_read_since_is_walked_through_anew(walks: Walks, source: Slow) -> None:
    look(walks, source)
    source.revision = "two"
    assert look(walks, source, read="two") == "two"
    assert look(walks, source, read="two") == "two"
    assert len(source.walked) == 2


def test_what_is_not_read_at_the_revision_that_is_there_is_walked_through_each_time(
    walks: Walks, source: Slow
) -> None:
    source.revision = "two"
    assert look(walks, source, read="one") == "two"
    assert look(walks, source, read="one") == "two"
    assert len(source.walked) == 2


def test_few_are_kept(walks: Walks, source: Slow) -> None:
    others = [Repository(url=f"/srv/{n}", name=f"{n}") for n in range(MOST)]
    for one in (SHOP, *others, *others, SHOP):
        look(walks, source, repository=one)
    assert source.walked == [SHOP.url, *(one.url for one in others), SHOP.url]


def test_what_cannot_be_read_is_tried_again(walks: Walks, source: Slow) -> None:
    source.broken = True
    assert walks.snapshot(source, SHOP, "edition/one") is None  # type: ignore[arg-type]
    source.broken = False
    assert look(walks, source) == "one"
