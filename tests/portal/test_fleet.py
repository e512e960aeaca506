"""Serving and working apart, on PostgreSQL: `portal serve` and `portal worker` as real processes."""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from portal.instance import worker_name
from tests.conftest import new_postgres_database
from tests.portal.fleets import DESCRIPTOR, Fleet, total, written
from tests.portal.processes import eventually, free_port

MANY = 240
"""Components, each in a repository of its own."""


@pytest.fixture
def fleet(tmp_path: Path, postgres: str) -> Iterator[Fleet]:
    """A fleet with a web process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    made = Fleet(database=new_postgres_database(postgres), room=tmp_path, url=url, port=port)
    yield made
    # Who is still starting ends by the signal itself.
    assert set(made.stop()) <= {0, -signal.SIGTERM}


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
    """Entities that were added or changed more often than once."""
    return {ref: n for ref, n in written(url).items() if n > 1}


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
    eventually(lambda: "no longer held by this worker" in fleet.log("first").read_text(), within=60)
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
    eventually(lambda: total(fleet.url) == len(names), within=300)
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
