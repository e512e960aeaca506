"""Watching: over the engine, which nothing can interrupt, from inside a child of the pool.

Before each evaluation the child notes on its slate which expression it is and about which entity, so
that the parent knows what a lost child was lost over. An evaluation that comes back, but took long,
is judged here. It costs an evaluation one look at the clock and a few bytes of memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, thread_time

import orjson

from portal.slate import Slate, Words, words

ONCE = 1.0
"""Seconds of processor time that one evaluation may take.

A usual one takes some microseconds. Of honest ones the slowest look at 10,000 texts, which is as many as the
engine allows: a third of a second with a pattern. The time of the thread counts, not that of the clock on
the wall: a busy machine does not make a rule slow.
"""

TOTAL = 10.0
"""Seconds of processor time that one expression may take in one task of up to 1,000 entities."""

SHORT = 0.005
"""Seconds: an evaluation that took less is never judged. To ask how much time the thread had is slow."""

FRESH = 0.01
"""Seconds for which what the thread had is known well enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Care:
    """What a task has to be careful about."""

    refused: tuple[tuple[str, str], ...] = ()
    """Expressions that are not run, each with why."""
    apart: bool = False
    """Whether each expression is run by itself, so that it can be told which one it was."""
    pardons: int = 0
    """How often expressions were pardoned: what a child found out before that is void."""


NO_CARE = Care()


class Stopwatch:
    """A `scorecards.evaluation.answers.Watch` that takes the time, and notes what it takes it of."""

    def __init__(self, slate: Slate, *, once: float = ONCE, total: float = TOTAL) -> None:
        self._slate = slate
        # What follows is done for every evaluation: a call of a method would take half as long again.
        self._memory, self._since = slate.memory, slate.since
        self._once, self._total = once, total
        self.refused: dict[str, str] = {}
        """What took too long, each with why."""
        self._words: dict[str, Words] = {}
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._name: Callable[[], str] = str  # of nothing
        self._expression = ""
        # What the thread had before is nobody's fault.
        self._last = self._looked = monotonic()
        self._had = thread_time()

    def begin_task(self) -> None:
        """Other entities come: what was spent on those before does not count."""
        self._spent.clear()

    def look_at(self, number: int, name: Callable[[], str]) -> None:
        """What follows is about this item of the task; `name` says what people call it."""
        self._slate.about(number)
        self._name = name
        self._last = now = monotonic()
        if now - self._looked > FRESH:
            self._had, self._looked = thread_time(), now

    def begins(self, expression: str) -> None:
        """The engine begins."""
        self._expression = expression
        try:
            place, text = self._words[expression]
        except KeyError:
            place, text = self._words[expression] = words(expression)
        self._memory[place] = text
        # Since the one before has ended: hardly anything was done meanwhile, and a clock takes time.
        self._since[0] = self._last

    def ended(self) -> str:
        """The engine has come back. '', or why the expression must not be run again."""
        self._since[0] = 0.0
        now = monotonic()
        took, self._last = now - self._last, now
        if took > SHORT:
            return self._judged(took)
        if now - self._looked > FRESH:
            self._had, self._looked = thread_time(), now
        return ""

    def _judged(self, took: float) -> str:
        had, self._had, self._looked = self._had, thread_time(), self._last
        spent = min(took, self._had - had)
        self._spent[self._expression] += spent
        why = ""
        if spent > self._once:
            why = reason(f"took longer than {self._once:g} s", self._name())
        elif self._spent[self._expression] > self._total:
            why = reason(f"took longer than {self._total:g} s in all", "up to 1,000 entities")
        if why and self._expression:
            self.refused[self._expression] = why
        return why


def reason(how: str, name: str) -> str:
    """Why an expression is not run: what it did, and on which entity."""
    return f"{how}{f' on {name}' if name else ''} and is not run any more"


def named(body: bytes) -> str:
    """The ref of an entity, from its JSON: asked for only where there is something to tell."""
    entity = orjson.loads(body)
    metadata = entity["metadata"]
    return f"{entity['kind']}:{metadata.get('namespace', 'default')}/{metadata['name']}".lower()
