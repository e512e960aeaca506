"""A task that fails is done again without what made it fail, in real children."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from portal import slate
from portal.pool import Pool
from portal.slate import words
from portal.worker.children.retrying import DEADLINE, Part, Piece, Refusals, Retrying
from portal.worker.children.watching import NO_CARE, Care
from scorecards.definitions.loading import load_scorecards
from scorecards.scorecard import Observation, Scorecard
from tests.portal.worker.hostile_rules import scorecard


@dataclass(frozen=True, kw_only=True)
class Deeds:
    """What a child does, one after the other, as if they were expressions about entities."""

    items: Sequence[Sequence[str]]
    folder: Path
    care: Care = NO_CARE


@dataclass(frozen=True, kw_only=True)
class Done:
    items: tuple[tuple[str, ...], ...]
    refused: dict[str, str]


def do(deeds: Deeds) -> Done:
    """In a child."""
    done, refused = [], dict(deeds.care.refused)
    mine = slate.mine()
    for number, deed_of in enumerate(deeds.items):
        mine.about(number)
        for deed in deed_of:
            if deed in refused:
                continue
            together = deed == "die together" and not deeds.care.apart
            if not deed.startswith("silently"):
                mine.begin(words("" if together else deed), time.monotonic())
            if deed == "sleep":
                time.sleep(60)
            if deed.endswith(("die", "die together")) or (
                deed == "die once" and is_first(deeds.folder)
            ):
                os.kill(os.getpid(), signal.SIGKILL)
            if deed == "find out":
                refused[deed] = "was found out and is not run any more"
            mine.end()
        done.append(tuple(deed for deed in deed_of if deed not in refused))
    return Done(items=tuple(done), refused=refused)


def is_first(folder: Path) -> bool:
    """Whether nobody has asked before."""
    marker = folder / "asked"
    first = not marker.exists()
    marker.touch()
    return first


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with pytest.MonkeyPatch.context() as patch, closing(Pool(1)) as pool:
        patch.setenv("PYTHONPATH", os.path.dirname(__file__), prepend=os.pathsep)
        yield pool


def outcome(pool: Pool, folder: Path, *items: Sequence[str]) -> tuple[list[Piece[Done]], Refusals]:
    whole, refusals = Deeds(items=items, folder=folder), Refusals({})

    def ask(part: Part):  # type: ignore[no-untyped-def]
        some = replace(whole, items=items[part.start : part.stop], care=part.care)
        return pool.submit(
            f"{__name__}:do", some, deadline=part.deadline, step=part.step, ahead=True
        )

    retrying = Retrying(ask=ask, name=lambda number: f"item {number}", refusals=refusals)
    first = pool.submit(f"{__name__}:do", whole, deadline=DEADLINE)
    return list(retrying.pieces(first, len(items), whole.care)), refusals


def test_what_kills_its_child_twice_is_refused_and_the_rest_is_done(
    pool: Pool, tmp_path: Path
) -> None:
    (piece,), refusals = outcome(pool, tmp_path, ["a"], ["b", "die", "c"], ["die"])
    assert piece.answer is not None
    assert piece.answer.items == (("a",), ("b", "c"), ())
    assert refusals.why == {"die": "its process died (signal 9) on item 1 and is not run any more"}


def test_what_kills_its_child_once_is_not_to_blame(pool: Pool, tmp_path: Path) -> None:
    pieces, refusals = outcome(pool, tmp_path, ["a"], ["die once"], ["b"])
    assert [item for piece in pieces if piece.answer for item in piece.answer.items] == [
        ("a",),
        ("die once",),
        ("b",),
    ]
    assert refusals.why == {}


def test_of_several_that_were_asked_together_the_one_is_found(pool: Pool, tmp_path: Path) -> None:
    (piece,), refusals = outcome(pool, tmp_path, ["a"], ["die together", "b"])
    assert piece.answer is not None
    assert piece.answer.items == (("a",), ("b",))
    assert list(refusals.why) == ["die together"]


def test_an_item_that_kills_for_no_reason_that_can_be_named_is_alone_without_an_answer(
    pool: Pool, tmp_path: Path
) -> None:
    items = [["a"]] * 5 + [["silently die"]] + [["b"]] * 2
    pieces, refusals = outcome(pool, tmp_path, *items)
    assert [n for p in pieces for n in range(p.start, p.stop)] == list(range(8))
    (lost,) = [piece for piece in pieces if piece.answer is None]
    assert (lost.start, lost.stop, lost.why) == (5, 6, "its process died (signal 9)")
    assert refusals.why == {}


def test_when_everything_kills_it_comes_to_an_end(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.worker.children.retrying.MOST", 2)
    pieces, _ = outcome(pool, tmp_path, *[["silently die"]] * 8)
    assert [(piece.start, piece.stop) for piece in pieces] == [(0, 2), (2, 4), (4, 8)]
    assert all(piece.answer is None for piece in pieces)


def test_what_a_task_finds_out_by_itself_is_refused_as_well(pool: Pool, tmp_path: Path) -> None:
    (piece,), refusals = outcome(pool, tmp_path, ["find out"])
    assert piece.answer is not None
    assert list(refusals.why) == ["find out"]


def test_a_task_that_waits_is_asked_with_what_is_known_by_now(pool: Pool, tmp_path: Path) -> None:
    """Many tasks are ahead when the first one finds a rule out: they do not pay for it again."""
    whole, refusals = Deeds(items=[["sleep"], ["a"]], folder=tmp_path), Refusals({})
    tasks = [pool.submit(f"{__name__}:do", whole, deadline=DEADLINE, step=1.0) for _ in range(6)]

    def ask(part: Part):  # type: ignore[no-untyped-def]
        some = replace(whole, items=whole.items[part.start : part.stop], care=part.care)
        return pool.submit(f"{__name__}:do", some, deadline=part.deadline, step=1.0, ahead=True)

    retrying = Retrying(ask=ask, name=str, refusals=refusals, others=tasks)
    for task in tasks:
        (piece,) = retrying.pieces(task, 2, whole.care)
        assert piece.answer is not None
        assert piece.answer.items == ((), ("a",))
    assert refusals.why == {"sleep": "took longer than 1 seconds on 0 and is not run any more"}
    assert tasks[-1].cancelled()


def test_a_scorecard_of_which_too_much_is_stopped_is_not_searched_to_its_end() -> None:
    mine, shared = card("mine", "a", "b", "c", "shared"), card("other", "shared", "x")
    refusals = Refusals({"a": "was slow"}, cards=[mine, shared], most=2)
    assert refusals.add({"x": "was slow"})
    assert refusals.why.keys() == {"a", "x"}
    assert refusals.add({"b": "was slow"})
    assert refusals.why.keys() == {"a", "x", "b", "c"}
    assert refusals.why["c"] == (
        "is not run, because 2 other expressions of `mine` had to be stopped"
    )


def card(name: str, *texts: str) -> Scorecard:
    """A scorecard that shows these expressions."""
    document = scorecard(name, check="entity.kind == 'Component'")
    (loaded,), _ = load_scorecards(document, file="c.yaml", schemas={})
    shown = tuple(Observation(title=text, expression=text) for text in texts)
    return replace(loaded, checks=(replace(loaded.checks[0], observe=shown),))
