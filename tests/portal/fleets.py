"""A fleet on one PostgreSQL database for tests: `portal serve` and `portal worker` as real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import ColumnElement, func, select, true, update

from portal.db.engine import open_database
from portal.db.tables import pending

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {name}
spec:
  type: service
  lifecycle: production
  owner: garden-team
"""


@dataclass(kw_only=True)
class Fleet:
    """Processes on one database that read the same folder."""

    database: str
    room: Path
    url: str
    port: int
    config: Path | None = None
    """Of every process."""
    others: tuple[Path, ...] = ()
    """More folders that are read."""
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def source(self) -> Path:
        """The folder."""
        return self.room / "source"

    def write(self, *names: str) -> None:
        """A repository for each name, with a component of that name."""
        for name in names:
            folder = self.source / name
            folder.mkdir(parents=True)
            (folder / "catalog-info.yaml").write_text(DESCRIPTOR.format(name=name))

    def start(self, command: str, name: str = "") -> subprocess.Popen[bytes]:
        """Start `worker` or `serve`."""
        arguments = ["--database", self.database]
        for folder in (self.source, *self.others):
            arguments += ["--source", str(folder)]
        arguments += ["--port", str(self.port), "--data-dir", str(self.room / (name or command))]
        arguments += ["--config", str(self.config)] if self.config else []
        with self.log(name or command).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "portal", command, *arguments], stderr=log
            )
        self._running.append(process)
        return process

    def log(self, name: str) -> Path:
        """What a process says."""
        return self.room / f"{name}.log"

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9."""
        process.kill()
        process.wait()
        self._running.remove(process)

    def end(self, process: subprocess.Popen[bytes]) -> int:
        """SIGTERM; its exit status."""
        process.terminate()
        self._running.remove(process)
        return process.wait(timeout=40)

    def claimed(self) -> int:
        """How many keys a worker has claimed."""
        return self._count(pending.c.claim.is_not(None))

    def promised(self) -> int:
        """How many keys there are."""
        return self._count(true())

    def _count(self, where: ColumnElement[bool]) -> int:
        database = open_database(self.database)
        with database.read() as connection:
            found = connection.execute(select(func.count()).select_from(pending).where(where))
            number: int = found.scalar_one()
        database.close()
        return number

    def stop(self) -> list[int]:
        """Stop all that run; returns how they ended."""
        for process in self._running:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        return [process.wait(timeout=40) for process in self._running]

    def pass_time(self, worker: str) -> int:
        """As if the leases of a worker had not been renewed for a minute; returns how many it has."""
        database = open_database(self.database)
        past = datetime.now(UTC) - timedelta(seconds=1)
        this = pending.c.worker == worker
        with database.write() as connection:
            done = connection.execute(update(pending).where(this).values(leased_until=past))
        database.close()
        return done.rowcount

    def name_of(self, process_name: str) -> str:
        """The name under which a worker claims."""
        return (self.room / process_name / "worker-1").read_text()


def total(url: str) -> int:
    """How many entities a portal shows; 0 as long as it does not answer."""
    try:
        answer = requests.get(f"{url}/api/v1/entities", timeout=10)
        return int(answer.json()["total"]) if answer.ok else 0
    except requests.ConnectionError:
        return 0


def written(url: str) -> Counter[str]:
    """How often each component was added or changed, by the change feed."""
    seen: Counter[str] = Counter()
    asked: dict[str, Any] = {"limit": 500, "kind": "component"}
    while (page := requests.get(f"{url}/api/v1/events", params=asked, timeout=10).json())["items"]:
        seen.update(event["ref"] for event in page["items"])
        asked["after"] = page["next"]
    return seen
