"""Serving and working apart, on PostgreSQL: `portal serve` and `portal worker` as real processes."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import ColumnElement, func, select, true, update

from portal.db.engine import open_database
from portal.db.tables import pending
from portal.instance import worker_name
from tests.conftest import new_postgres_database
from tests.portal.processes import eventually, free_port

MANY = 120
"""Components, each in a repository of its own."""

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
        arguments = ["--database", self.database, "--source", str(self.source)]
        arguments += ["--port", str(self.port), "--data-dir", str(self.room / (name or command))]
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


@pytest.fixture
def fleet(tmp_path: Path, postgres: str) -> Iterator[Fleet]:
    """A fleet with a web process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    made = Fleet(database=new_postgres_database(postgres), room=tmp_path, url=url, port=port)
    yield made
    assert set(made.stop()) == {0}


def total(url: str) -> int:
    try:
        answer = requests.get(f"{url}/api/v1/entities", timeout=10)
        return int(answer.json()["total"]) if answer.ok else 0
    except requests.ConnectionError:
        return 0


def test_what_is_asked_of_the_web_process_is_done_by_the_worker(fleet: Fleet) -> None:
    fleet.write("basket")
    fleet.start("worker")
    fleet.start("serve")
    eventually(lambda: total(fleet.url) == 1)
    fleet.write("orders")
    (location,) = requests.get(f"{fleet.url}/api/v1/locations", timeout=10).json()["items"]
    asked = requests.post(f"{fleet.url}/api/v1/locations/{location['id']}/refresh", timeout=10)
    assert asked.status_code == 202
    eventually(lambda: total(fleet.url) == 2)
    card = f"{fleet.url}/api/v1/scorecards/service-maturity"
    eventually(lambda: requests.get(card, timeout=10).json()["total"] == 2)


def done_twice(url: str) -> dict[str, int]:
    """Entities that were added or changed more often than once, by the change feed."""
    seen: Counter[str] = Counter()
    asked: dict[str, Any] = {"limit": 500, "kind": "component"}
    while (page := requests.get(f"{url}/api/v1/events", params=asked, timeout=10).json())["items"]:
        seen.update(event["ref"] for event in page["items"])
        asked["after"] = page["next"]
    return {ref: n for ref, n in seen.items() if n > 1}


@pytest.mark.timeout(300)
def test_what_a_killed_worker_left_is_done_by_its_peer(fleet: Fleet) -> None:
    fleet.write(*(f"c-{number}" for number in range(MANY)))
    first = fleet.start("worker", "first")
    fleet.start("serve")
    eventually(lambda: total(fleet.url) > 0)
    fleet.kill(first)
    left = total(fleet.url)
    assert left < MANY, "it was killed too late for anything to be left"
    fleet.start("worker", "second")
    assert fleet.pass_time(fleet.name_of("first")) > 0
    eventually(lambda: total(fleet.url) == MANY, within=120)
    assert done_twice(fleet.url) == {}


@pytest.mark.timeout(300)
def test_a_worker_that_is_stopped_gives_back_what_it_has(fleet: Fleet) -> None:
    fleet.write(*(f"c-{number}" for number in range(MANY)))
    first = fleet.start("worker", "first")
    fleet.start("serve")
    eventually(lambda: total(fleet.url) > 0)
    assert fleet.end(first) == 0
    assert total(fleet.url) < MANY, "it was stopped too late for anything to be left"
    assert fleet.claimed() == 0
    assert fleet.promised() > 0
    fleet.start("worker", "second")
    eventually(lambda: total(fleet.url) == MANY, within=120)
    assert done_twice(fleet.url) == {}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worker_that_was_paused_for_too_long_writes_nothing_late(fleet: Fleet) -> None:
    fleet.write(*(f"c-{number}" for number in range(MANY)))
    first = fleet.start("worker", "first")
    fleet.start("serve")
    eventually(lambda: total(fleet.url) > 0)
    first.send_signal(signal.SIGSTOP)
    assert total(fleet.url) < MANY
    # It may have been stopped while nobody else could write: PostgreSQL ends that after a while.
    eventually(lambda: fleet.pass_time(fleet.name_of("first")) > 0, within=60)
    fleet.start("worker", "second")
    eventually(lambda: total(fleet.url) == MANY, within=120)
    first.send_signal(signal.SIGCONT)
    eventually(lambda: "by another worker" in fleet.log("first").read_text(), within=60)
    assert done_twice(fleet.url) == {}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_kills_lose_nothing_that_was_acknowledged(fleet: Fleet) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    names = [f"c-{number}" for number in range(60)]
    fleet.write(*names)
    fleet.start("serve")
    workers = {name: fleet.start("worker", name) for name in ("first", "second")}
    eventually(lambda: total(fleet.url) == len(names))
    (location,) = requests.get(f"{fleet.url}/api/v1/locations", timeout=10).json()["items"]
    refresh = f"{fleet.url}/api/v1/locations/{location['id']}/refresh"
    wanted: dict[str, str] = {}
    writes: Counter[str] = Counter()
    for number in range(100):
        name = chance.choice(names)
        writes[name] += 1
        wanted[name] = f"As of kill {number}."
        text = DESCRIPTOR.format(name=name).replace(
            f"name: {name}", f"name: {name}\n  description: {wanted[name]}"
        )
        (fleet.source / name / "catalog-info.yaml").write_text(text)
        assert requests.post(refresh, timeout=30).status_code == 202
        time.sleep(chance.uniform(0, 4))
        victim = chance.choice([*workers])
        fleet.kill(workers[victim])
        workers[victim] = fleet.start("worker", victim)

    def shown() -> dict[str, str]:
        found = requests.get(f"{fleet.url}/api/v1/entities", params={"limit": 500}, timeout=30)
        bodies = [item["entity"]["metadata"] for item in found.json()["items"]]
        return {one["name"]: one["description"] for one in bodies if "description" in one}

    eventually(lambda: shown() == wanted, within=120)
    assert total(fleet.url) == len(names)
    more = {
        ref: n for ref, n in done_twice(fleet.url).items() if n > 1 + writes[ref.rpartition("/")[2]]
    }
    assert more == {}


def test_workers_on_one_folder_have_names_of_their_own_and_keep_them(tmp_path: Path) -> None:
    first, lock = worker_name(tmp_path)
    second, other = worker_name(tmp_path)
    assert first != second
    lock.close()
    other.close()
    again, lock = worker_name(tmp_path)
    assert again == first
    lock.close()
