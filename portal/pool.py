"""A pool of child processes for work on hostile input: parsing, collecting, evaluating.

Whoever asks gets a future. Each child has a thread here that hands it one task after the other, and
starts another one in the place of one that died (`portal.child`).
"""

from __future__ import annotations

import itertools
import pickle
import queue
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from portal.child import Child, Task, TaskFailed

IDLE = 300.0
"""Seconds without a task after which a child that has grown makes room."""

GROWN = 32 * 1024**2
"""Bytes of its own. A child that has read descriptors has 16 MB, one that has assessed 45 and more."""

_AHEAD, _IN_TURN, _LAST = range(3)


class Closed(BaseException):
    """The pool is closed: nobody answers any more.

    No `Exception`: it says nothing of the task, and whoever waits is to leave things as they are.
    """


class Answer(Future[Any]):
    """What a child answers, unpickled for who asks for it, and not before.

    Unpickled an answer takes ten times the memory, in many small pieces, and others may be waited for first.
    """

    def result(self, timeout: float | None = None) -> Any:
        """The answer, made anew each time. Raises as `Pool.submit` says."""
        return pickle.loads(super().result(timeout))  # noqa: S301 - a child is one of ours


@dataclass(frozen=True, kw_only=True)
class _Job:
    task: Task
    answer: Answer = field(default_factory=Answer)


class Pool:
    """Child processes that run tasks, one at a time each. Start-up is on first use."""

    def __init__(self, size: int, *, idle: float = IDLE) -> None:
        self._jobs: queue.PriorityQueue[tuple[int, int, _Job | None]] = queue.PriorityQueue()
        self._count = itertools.count()
        self._closed = False
        self._guard = threading.Lock()
        self._threads = [
            threading.Thread(target=self._serve, name=f"pool-{n}", daemon=True) for n in range(size)
        ]
        self.size = size
        self._idle = idle
        self._first: Task | None = None
        for thread in self._threads:
            thread.start()

    def get_ready(self, task: str, payload: Any) -> None:
        """Start the children with this task, and later ones as well: it loads what most tasks need."""
        self._first = Task(call=task, payload=payload, deadline=60)
        for _ in range(self.size):
            self.submit(task, payload)

    def submit(
        self,
        task: str,
        payload: Any,
        *,
        deadline: float = 60,
        step: float | None = None,
        ahead: bool = False,
    ) -> Answer:
        """Run `module:function` on `payload` in a child, within `deadline` seconds.

        `ahead`: before all that wait, which its answer may spare trouble. With `step`, no single
        thing that the child notes on its slate may take more seconds than that. The future raises
        `TaskFailed` when the child died or was killed, `Closed` when the pool was closed before it
        began, and what the function raised, otherwise.
        Both payload and answer are pickled.
        """
        job = _Job(task=Task(call=task, payload=payload, deadline=deadline, step=step))
        self._put(_AHEAD if ahead else _IN_TURN, job)
        return job.answer

    def close(self) -> None:
        """End the children once their current tasks have ended; nothing else is begun."""
        with self._guard:
            self._closed = True
        with suppress(queue.Empty):
            while True:
                _refuse(self._jobs.get_nowait()[2])
        for _ in self._threads:
            self._jobs.put((_LAST, next(self._count), None))
        for thread in self._threads:
            thread.join(timeout=10)

    def _put(self, rank: int, job: _Job) -> None:
        with self._guard:
            if not self._closed:
                self._jobs.put((rank, next(self._count), job))
                return
        _refuse(job)

    def _serve(self) -> None:
        """What a thread does: give its child one job after the other; replace it when it dies."""
        child: Child | None = None
        has_rested = True
        while True:
            try:
                job = self._jobs.get(timeout=None if has_rested else self._idle)[2]
            except queue.Empty:
                child, has_rested = self._rested(child), True
                continue
            if job is None:
                break
            if not job.answer.set_running_or_notify_cancel():
                continue
            has_rested = False
            child = _do(job, child)
        if child is not None:
            child.end()

    def _rested(self, child: Child | None) -> Child | None:
        """The child after a while without a task; a new one in the place of one that has grown."""
        if child is None or child.own_memory < GROWN:
            return child
        child.end()
        return _begun(self._first)


def _do(job: _Job, child: Child | None) -> Child | None:
    """Have a child do it, another one if this one has ended; returns the child, None if it is lost."""
    try:
        # It may have ended while it had nothing to do: that is no fault of what comes next.
        if child is not None and not child.lives:
            child.end()
            child = None
        child = child or Child.start()
        went_well, answer = child.ask(job.task)
    except TaskFailed as failure:
        if child is not None:
            child.lose()
        job.answer.set_exception(failure)
        return None
    if went_well:
        job.answer.set_result(answer)
    else:
        job.answer.set_exception(pickle.loads(answer))  # noqa: S301 - the child made sure that it can
    return child


def _begun(first: Task | None) -> Child | None:
    """A new child that has done its first task; None: who needs one starts it, and is told why there
    is none.
    """
    if first is None:
        return None
    child: Child | None = None
    try:
        child = Child.start()
        child.ask(first)
    except TaskFailed:
        if child is not None:
            child.lose()
        return None
    return child


def _refuse(job: _Job | None) -> None:
    if job is not None and job.answer.set_running_or_notify_cancel():
        job.answer.set_exception(Closed())
