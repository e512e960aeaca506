"""A small service for tests of the overseer: `python -m tests.portal.overseen PORT [WHAT]` runs it."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from portal.overseer import Overseer


class Greeting:
    """Answers with the number of its process, and whether it is what the first process made."""

    def __init__(self, *, fails: bool = False) -> None:
        self.is_first = True
        self._fails = fails

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "is_first": False}

    def load(self) -> Any:
        """The application."""
        if self._fails:
            raise RuntimeError("it cannot be loaded")
        return self._greet

    def start(self, worker: Any) -> None:
        """Nothing else is to be done."""

    def stop(self) -> None:
        """Say so."""
        print("stopped", os.getpid(), flush=True)

    def _greet(self, _environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "text/plain")])
        return [f"{os.getpid()} {self.is_first}".encode()]


def main(port: str, what: str = "", lock: str = "") -> None:
    """Oversee it."""
    if what == "stays":
        sys.executable += " that is not there"
    kept = []
    if lock:
        file = Path(lock).open("a")  # noqa: SIM115 - for as long as the process lives
        fcntl.flock(file, fcntl.LOCK_EX)
        kept.append(file.fileno())
    service = Greeting(fails=what == "fails")
    Overseer(service, host="127.0.0.1", port=int(port), kept=kept).run()


if __name__ == "__main__":
    from tests.portal.overseen import main as start  # pickled, the service has to be found again

    start(*sys.argv[1:])
