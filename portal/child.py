"""A child: a process for work on hostile input, one task at a time, and both ends of the pipe to it.

A child owns nothing: no database, no lock, no file but what its task opens to read. It lives under
a limit of address space and each task under a deadline, so a crash, an endless loop or a gigabyte
of memory costs that task and its child, never the portal. Children are plain processes
(`python -m portal.child`) that read pickled tasks from their standard input; the parent is the only
one who writes there, so unpickling is safe. The answers are trusted as far as our own code is.

What a child begins it notes on its slate (`portal.slate`): when it is lost, the failure says over what.
A parent that was killed ends nobody: the system does, a little after the deadline.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
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

_LENGTH = Struct("<Q")
_HOW = Struct("<?")
"""Begins an answer of a child: whether the task went well."""


class TaskFailed(Exception):
    """A child ended, or was ended, before its task did. `args[0]` says how, for people."""

    def __init__(self, how: str, note: Note | None = None) -> None:
        super().__init__(how)
        self.note = note
        """What the child was doing; None: nothing that it had noted."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a child is to do."""

    call: str
    """`module:function`."""
    payload: Any
    """Its argument; pickled on the way, as the answer is."""
    deadline: float
    """Seconds that it may take."""
    step: float | None = None
    """Seconds that any single thing may take which the child notes on its slate; None: as long as all."""


class Child:
    """A running child. It is one thread's at a time."""

    def __init__(self, process: subprocess.Popen[bytes], board: Slate) -> None:
        self._process = process
        self._slate = board

    @classmethod
    def start(cls) -> Child:
        """Another one; raises `TaskFailed` where the system has no room for it."""
        try:
            with slate.blank() as file:
                number = file.fileno()
                process = subprocess.Popen(
                    [sys.executable, "-m", "portal.child", str(number)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    pass_fds=[number],
                )
                return cls(process, Slate(number))
        except OSError as error:
            raise TaskFailed(f"no process could be started ({error})") from None

    @property
    def lives(self) -> bool:
        """Whether it has not ended, which it may have while it had nothing to do."""
        return self._process.poll() is None

    @property
    def own_memory(self) -> int:
        """Bytes that it has for itself; 0 where the system does not say."""
        try:
            text = Path(f"/proc/{self._process.pid}/statm").read_text()
        except OSError:
            return 0
        resident, shared = text.split()[1:3]
        return (int(resident) - int(shared)) * resource.getpagesize()

    def ask(self, task: Task) -> tuple[bool, bytes]:
        """Whether a task went well, and what it answers, or raised, pickled.

        Raises `TaskFailed` when the child dies or is late. Then it is of no more use: see `lose`.
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        self._slate.end()
        try:
            _send(process.stdin, _packed((task.call, task.payload, task.deadline)))
            self._wait(process.stdout, task)
            (went_well,) = _HOW.unpack(_exactly(process.stdout, _HOW.size))
            return went_well, _receive(process.stdout)
        except (BrokenPipeError, EOFError):
            code = process.wait()
            died = f"signal {-code}" if code < 0 else f"exit status {code}"
            raise TaskFailed(f"its process died ({died})", self._slate.read()) from None

    def end(self) -> None:
        """Close the pipes, which ends a child that listens, and wait for it."""
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except BrokenPipeError:
                pass  # it died with a task half sent
        self._process.wait()

    def lose(self) -> None:
        """See to it that nothing is left of a child that died, or is late."""
        self._process.kill()
        self.end()

    def _wait(self, answers: IO[bytes], task: Task) -> None:
        """Wait until the child has something to say; raises `TaskFailed` when it is late."""
        ends = monotonic() + task.deadline
        while (left := ends - monotonic()) > 0:
            if select([answers], [], [], min(left, LOOK))[0]:
                return
            note = self._slate.read()
            if task.step is not None and note is not None and note.seconds > task.step:
                raise TaskFailed(f"took longer than {task.step:g} seconds", note)
        raise TaskFailed(f"took longer than {task.deadline:g} seconds", self._slate.read())


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


def _live(file: int) -> None:
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
        try:
            _send(answers, _packed(answer), before=_HOW.pack(went_well))
        except BrokenPipeError:  # the parent was killed: nobody is left to be told anything
            os._exit(0)
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
    _live(int(sys.argv[1]))
