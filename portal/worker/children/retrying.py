"""Retrying: a task that failed, done again without what made it fail.

A child that is lost has noted which expression it was evaluating about which entity. That one is
asked again, alone: if it is lost over the same once more, the expression is refused from then on, and
the rest is asked without it. Where nothing can be named, the task is halved, until the entity that
it fails on is alone and given up. Each attempt refuses an expression or is smaller than the one before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from portal.child import TaskFailed
from portal.worker.children.watching import Care, reason
from scorecards.scorecard import Scorecard, expressions, observations

log = logging.getLogger(__name__)

DEADLINE = 120.0
"""Seconds that a task may take at first."""

AGAIN = 30.0
"""Seconds that a part of it may take after that."""

STEP = 3.0
"""Seconds by the clock that one evaluation may take before the child is ended: it may be endless."""

HEARING = 10.0
"""Seconds that it may take when it is asked again alone, so that no busy machine makes it look guilty."""


MOST = 64
"""Attempts of one task that may fail without naming an expression; then what is left is given up."""


WHATEVER: tuple[type[Exception], ...] = (Exception,)
"""What is raised over one entity must not keep the others from their results."""


MOST_STOPPED = 20
"""Expressions of one scorecard that are found out one by one, which takes a while for each."""

MOST_OF_A_PROPOSAL = 3
"""The same where somebody waits for the answer, and where a wrong one harms nothing."""


class Watched(Protocol):
    """What a task answers that has watched over expressions."""

    @property
    def refused(self) -> Mapping[str, str]:
        """Expressions that it does not run any more, each with why."""
        ...


A = TypeVar("A", bound=Watched)

Keep: TypeAlias = Callable[[str, str], None]
"""Is told an expression that is refused from now on, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Some items of a task, to be asked about again."""

    start: int
    stop: int
    care: Care
    deadline: float
    step: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece(Generic[A]):
    """What came of some items of a task."""

    start: int
    stop: int
    answer: A | None
    why: str = ""
    """Why there is no answer."""


class Refusals:
    """Expressions that are not run, and what is to be done about a new one."""

    def __init__(
        self,
        known: Mapping[str, str],
        *,
        pardons: int = 0,
        keep: Keep = lambda _, __: None,
        cards: Sequence[Scorecard] = (),
        most: int = MOST_STOPPED,
    ) -> None:
        """Where `most` expressions of one of the `cards` are refused, all are that it alone asks."""
        self._why = dict(known)
        self._pardons = pardons
        self._keep = keep
        self._cards, self._most = cards, most

    def __contains__(self, expression: str) -> bool:
        return expression in self._why

    @property
    def why(self) -> Mapping[str, str]:
        """Why each is not run."""
        return self._why

    def add(self, refused: Mapping[str, str]) -> bool:
        """Refuse these as well; returns whether any of them is new."""
        new = {text: why for text, why in refused.items() if text not in self._why}
        if new:
            self._why |= new
            others = exhausted(self._cards, self._why, self._most)
            self._why |= others
            for expression, why in (new | others).items():
                self._keep(expression, why)
        return bool(new)

    def care(self, *, apart: bool = False) -> Care:
        """What a task is told of them."""
        refused = tuple(sorted(self._why.items()))
        return Care(refused=refused, apart=apart, pardons=self._pardons)


def exhausted(cards: Sequence[Scorecard], refused: Mapping[str, str], most: int) -> dict[str, str]:
    """What scorecards alone ask of which that many expressions are refused, each with why."""
    asked = {card.name: {*expressions(card), *observations(card)} for card in cards}
    found: dict[str, str] = {}
    for name, texts in asked.items():
        if len(texts & refused.keys()) >= most:
            of_others = {text for other, those in asked.items() if other != name for text in those}
            why = f"is not run, because {most} other expressions of `{name}` had to be stopped"
            found |= dict.fromkeys(texts - of_others - refused.keys(), why)
    return found


@dataclass(frozen=True, kw_only=True)
class Retrying(Generic[A]):
    """How to do a task again."""

    ask: Callable[[Part], Future[A]]
    """Asks about some of its items."""
    name: Callable[[int], str]
    """What people call an item."""
    refusals: Refusals
    others: Sequence[Future[A]] = ()
    """Tasks that may wait for a child: once more is known, they are to be asked anew."""
    hearing: float = HEARING
    """Seconds that a suspect may take alone."""
    failing: tuple[type[Exception], ...] = (TaskFailed, MemoryError)
    """What makes a task be done again in parts. Anything else is raised."""

    def pieces(self, first: Future[A], size: int, care: Care) -> Iterator[Piece[A]]:
        """Everything that comes of a task of `size` items, in their order.

        It has been asked with this `care`. Where more is known by now, and no child has begun with
        it, it is asked anew.
        """
        waiting, failed = [(0, size)], 0
        future: Future[A] | None = first
        if care.refused != self.refusals.care().refused and first.cancel():
            future = None
        while waiting:
            start, stop = waiting.pop()
            known = future is None
            whole = stop - start == size
            try:
                answer = (future or self._again(start, stop, whole=whole)).result()
            except self.failing as failure:
                if self._is_due_to_an_expression(failure, start, stop, known=known):
                    waiting.append((start, stop))
                elif failed < MOST and (parts := _parts(start, stop, again=known)):
                    waiting += parts
                    failed += 1
                else:
                    if not isinstance(failure, TaskFailed | MemoryError):
                        log.error(
                            "%s: a fault in the code, or in what is stored",
                            self.name(start),
                            exc_info=failure,
                        )
                    yield Piece(start=start, stop=stop, answer=None, why=_how(failure))
            else:
                self._refuse(answer.refused)
                yield Piece(start=start, stop=stop, answer=answer)
            future = None

    def _again(
        self, start: int, stop: int, *, whole: bool = False, step: float = STEP
    ) -> Future[A]:
        care, deadline = self.refusals.care(apart=True), DEADLINE if whole else AGAIN
        return self.ask(Part(start=start, stop=stop, care=care, deadline=deadline, step=step))

    def _is_due_to_an_expression(
        self, failure: Exception, start: int, stop: int, *, known: bool
    ) -> bool:
        """Whether it is; that expression is refused from now on.

        `known`: the task was told of all that is refused.
        """
        note = failure.note if isinstance(failure, TaskFailed) else None
        if note is None or start + note.number >= stop:
            return False
        if note.text in self.refusals:
            return not known
        suspect = start + note.number
        try:
            answer = self._again(suspect, suspect + 1, step=self.hearing).result()
        except self.failing as again:
            said = again.note if isinstance(again, TaskFailed) else None
            if said is None or not said.text:
                return False
            return self._refuse({said.text: reason(_how(again), self.name(suspect))})
        return self._refuse(answer.refused)

    def _refuse(self, refused: Mapping[str, str]) -> bool:
        """Refuse these from now on; returns whether any of them is new."""
        new = self.refusals.add(refused)
        if new:
            for other in self.others:
                other.cancel()  # where a child has begun with it, that does nothing
        return new


def _parts(start: int, stop: int, *, again: bool) -> list[tuple[int, int]]:
    """What to try next, the last one first; nothing: an item was alone, and not for the first time."""
    if stop - start > 1:
        middle = (start + stop) // 2
        return [(middle, stop), (start, middle)]
    return [] if again else [(start, stop)]


def _how(failure: Exception) -> str:
    if isinstance(failure, TaskFailed):
        return str(failure)
    if isinstance(failure, MemoryError):
        return str(failure) or "needed more memory than there is"
    return f"raised {type(failure).__name__}: {failure}"
