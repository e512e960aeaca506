"""A pool of child processes for work on hostile input: parsing, collecting, evaluating.

A child owns nothing: no database, no lock, no file but what its task opens to read. It lives under
a limit of address space and each task under a deadline, so a crash, an endless loop or a gigabyte
of memory costs that task and its child, never the portal. Children are plain processes
(`python -m portal.pool`) that read pickled tasks from their standard input; the parent is the only
one who writes there, so unpickling is safe. The answers are trusted as far as our own code is.

What a child begins it notes on its slate (`portal.slate`): when it is lost, the failure says over what.
A parent that was killed ends nobody: the system does, a little after the deadline.
"""

from __future__ import annotations

import itertools
import pickle
import queue
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from select import select
from struct import Struct
from time import monotonic
from typing import IO, Any

from portal import slate
from portal.slate import Note, Slate
from portal.thrift import Thrift

ADDRESS_SPACE = 3 * 1024**3
"""Bytes of address space a child may have; shared libraries alone map about half a gigabyte."""

LOOK = 0.5
"""Seconds between two looks at the slate of a child that is at work."""

SPARE = 5.0
"""Seconds after its deadline in which a child is ended by its parent, or else by the system."""

IDLE = 300.0
"""Seconds without a task after which a child that has grown makes room."""

GROWN = 32 * 1024**2
"""Bytes of its own. A child that has read descriptors has 16 MB, one that has assessed 45 and more."""

_AHEAD, _IN_TURN, _LAST = range(3)

_LENGTH = Struct("<Q")
_HOW = Struct("<?")
"""Begins an answer of a child: whether the task went well."""


class TaskFailed(Exception):
    """A child ended, or was ended, before its task did. `args[0]` says how, for people."""

    def __init__(self, how: str, note: Note | None = None) -> None:
        super().__init__(how)
        self.note = note
        """What the child was doing; None: nothing that it had noted."""


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
    task: str
    payload: Any
    deadline: float
    step: float | None
    answer: Answer = field(default_factory=Answer)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    slate: Slate


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
        self._first: _Job | None = None
        for thread in self._threads:
            thread.start()

    def get_ready(self, task: str, payload: Any) -> None:
        """Start the children with this task, and later ones as well: it loads what most tasks need."""
        self._first = _Job(task=task, payload=payload, deadline=60, step=None)
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
        job = _Job(task=task, payload=payload, deadline=deadline, step=step)
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
        child: _Child | None = None
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
            try:
                child = _living(child) or _start()
                went_well, answer = _ask(child, job)
            except TaskFailed as failure:
                _lost(child)
                child = None
                job.answer.set_exception(failure)
                continue
            if went_well:
                job.answer.set_result(answer)
            else:
                job.answer.set_exception(pickle.loads(answer))  # noqa: S301 - the child made sure that it can
        if child is not None:
            _end(child.process)

    def _rested(self, child: _Child | None) -> _Child | None:
        """The child after a while without a task; a new one in the place of one that has grown."""
        if child is None or _own_memory(child.process.pid) < GROWN:
            return child
        _end(child.process)
        new: _Child | None = None
        if self._first is not None:
            try:
                new = _start()
                _ask(new, self._first)
            except TaskFailed:  # who needs one starts it, and is told why there is none
                _lost(new)
                new = None
        return new


def _refuse(job: _Job | None) -> None:
    if job is not None and job.answer.set_running_or_notify_cancel():
        job.answer.set_exception(Closed())


def _lost(child: _Child | None) -> None:
    """See to it that nothing is left of a child that died, or is late."""
    if child is not None:
        child.process.kill()
        _end(child.process)


def _own_memory(process: int) -> int:
    """Bytes that a process has for itself; 0 where the system does not say."""
    try:
        resident, shared = Path(f"/proc/{process}/statm").read_text().split()[1:3]
    except OSError:
        return 0
    return (int(resident) - int(shared)) * resource.getpagesize()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Close the pipes, which ends a child that listens, and wait for it."""
    for pipe in (child.stdin, child.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except BrokenPipeError:
            pass  # it died with a task half sent
    child.wait()


def _living(child: _Child | None) -> _Child | None:
    """The child, unless it has ended while it had nothing to do: that is no fault of what comes next."""
    if child is None or child.process.poll() is None:
        return child
    _end(child.process)
    return None


def _start() -> _Child:
    """A child; raises `TaskFailed` where the system has no room for one."""
    try:
        with slate.blank() as file:
            number = file.fileno()
            process = subprocess.Popen(
                [sys.executable, "-m", "portal.pool", str(number)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[number],
            )
            return _Child(process=process, slate=Slate(number))
    except OSError as error:
        raise TaskFailed(f"no process could be started ({error})") from None


def _ask(child: _Child, job: _Job) -> tuple[bool, bytes]:
    """Whether the task went well, and the child's answer; raises `TaskFailed` when it dies or is late."""
    process = child.process
    assert process.stdin is not None
    assert process.stdout is not None
    child.slate.end()
    try:
        _send(process.stdin, _packed((job.task, job.payload, job.deadline)))
        _wait(child, process.stdout, job)
        (went_well,) = _HOW.unpack(_exactly(process.stdout, _HOW.size))
        return went_well, _receive(process.stdout)
    except (BrokenPipeError, EOFError):
        code = process.wait()
        died = f"signal {-code}" if code < 0 else f"exit status {code}"
        raise TaskFailed(f"its process died ({died})", child.slate.read()) from None


def _wait(child: _Child, answers: IO[bytes], job: _Job) -> None:
    """Wait until the child has something to say; raises `TaskFailed` when it is late."""
    ends = monotonic() + job.deadline
    while (left := ends - monotonic()) > 0:
        if select([answers], [], [], min(left, LOOK))[0]:
            return
        note = child.slate.read()
        if job.step is not None and note is not None and note.seconds > job.step:
            raise TaskFailed(f"took longer than {job.step:g} seconds", note)
    raise TaskFailed(f"took longer than {job.deadline:g} seconds", child.slate.read())


def _packed(message: Any) -> bytes:
    return pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)


def _send(stream: IO[bytes], data: bytes, before: bytes = b"") -> None:
    stream.write(before + _LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _find(task: str) -> Callable[[Any], Any]:
    module, function = task.split(":")
    found: Callable[[Any], Any] = getattr(import_module(module), function)
    return found


def _child(file: int) -> None:
    """A child's life: read a task, answer, until the parent closes the pipe."""
    slate.take(file)
    _go_first()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends us, and no Python has to be run for that
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    tasks, answers, thrift = sys.stdin.buffer, sys.stdout.buffer, Thrift()
    sys.stdout = sys.stderr  # a stray print must not end up between the answers
    while True:
        try:
            task, payload, deadline = pickle.loads(_receive(tasks))  # noqa: S301 - of this module
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, deadline + SPARE)
        went_well = True
        try:
            answer = _find(task)(payload)
        except Exception as failure:  # noqa: BLE001 - round one task: it becomes the future's exception
            went_well, answer = False, _picklable(failure)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(answers, _packed(answer), before=_HOW.pack(went_well))
        del payload, answer  # the next task may be long in coming
        thrift.look()


def _go_first() -> None:
    """Where memory gets short, the system is to end a child and not the portal."""
    with suppress(OSError):  # no Linux, or not allowed
        Path("/proc/self/oom_score_adj").write_text("500")


def _picklable(failure: Exception) -> Exception:
    """The exception itself if it survives a pickle, else one that says the same."""
    try:
        pickle.loads(pickle.dumps(failure))  # noqa: S301 - made here
    except Exception:  # noqa: BLE001 - whatever its __reduce__ does
        return RuntimeError(f"{type(failure).__name__}: {failure}")
    return failure


if __name__ == "__main__":
    _child(int(sys.argv[1]))
