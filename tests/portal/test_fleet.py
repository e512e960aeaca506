"""Serving and working apart, on PostgreSQL: `portal serve` and `portal worker` as real processes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import new_postgres_database
from tests.portal.processes import eventually, free_port

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


@pytest.fixture
def fleet(tmp_path: Path, postgres: str) -> Iterator[str]:
    """URL of a web process, beside which a worker process works; both read `tmp_path/source`."""
    folder = tmp_path / "source" / "basket"
    folder.mkdir(parents=True)
    (folder / "catalog-info.yaml").write_text(DESCRIPTOR.format(name="basket"))
    port = free_port()
    shared = ["--database", new_postgres_database(postgres), "--source", str(folder.parent)]
    shared += ["--port", str(port)]
    run = [sys.executable, "-m", "portal"]
    with (tmp_path / "log").open("ab") as log:
        processes = [
            subprocess.Popen(
                [*run, command, *shared, "--data-dir", str(tmp_path / command)], stderr=log
            )
            for command in ("worker", "serve")
        ]
    yield f"http://127.0.0.1:{port}"
    for process in processes:
        process.terminate()
    assert [process.wait(timeout=40) for process in processes] == [0, 0]


def total(url: str) -> int:
    try:
        answer = requests.get(f"{url}/api/v1/entities", timeout=10)
        return int(answer.json()["total"]) if answer.ok else 0
    except requests.ConnectionError:
        return 0


def test_what_is_asked_of_the_web_process_is_done_by_the_worker(fleet: str, tmp_path: Path) -> None:
    eventually(lambda: total(fleet) == 1)
    other = tmp_path / "source" / "orders"
    other.mkdir()
    (other / "catalog-info.yaml").write_text(DESCRIPTOR.format(name="orders"))
    (location,) = requests.get(f"{fleet}/api/v1/locations", timeout=10).json()["items"]
    asked = requests.post(f"{fleet}/api/v1/locations/{location['id']}/refresh", timeout=10)
    assert asked.status_code == 202
    eventually(lambda: total(fleet) == 2)
    card = f"{fleet}/api/v1/scorecards/service-maturity"
    eventually(lambda: requests.get(card, timeout=10).json()["total"] == 2)
