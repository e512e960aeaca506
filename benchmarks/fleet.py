"""A fleet: the repositories of a forge that answers late, read by one worker and by several.

    python benchmarks/fleet.py --postgres 'postgresql://user@host/{name}' [--repositories 400]
        [--latency 0.2] [--workers 1 2 4] [--without-facts] [--json]

The forge is a process that speaks GitHub's wire format and real git over HTTP, and takes `latency`
seconds more for each answer. For each number of workers as many real `portal worker` processes begin
on an empty database; the clock runs from their start until every repository is in the catalog and
assessed. Then every location is swept once more. The answers are checked: all entities are there, each
was added once, and the sweep wrote nothing. CPU is that of the workers with their children.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml
from processes import cpu_seconds
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.forges.facts.schemas import NAMESPACES
from tests.forge.running import RunningForge, running_forge

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME}
spec: {type: service, lifecycle: production, owner: team}
"""
PATIENCE = 3600
"""Seconds after which a run has failed."""


def main() -> int:
    """Measure each number of workers and print one line, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postgres", required=True, help="URL with {name} for the database")
    parser.add_argument("--repositories", type=int, default=400)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--without-facts", action="store_true", help="of the forge's API")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as room, running_forge(Path(room) / "forge") as forge:
        files = {"catalog-info.yaml": DESCRIPTOR, "README.md": "# A service\n"}
        for begun in range(0, options.repositories, 2000):
            count = min(2000, options.repositories - begun)
            forge.order("fill", owner="acme", count=count, files=files)
        if options.latency:
            forge.fail(".", "slow", seconds=options.latency, times=10**9)
        for workers in options.workers:
            run = Path(room) / f"run-{workers}"
            config = _config(forge, run, facts=not options.without_facts)
            rows.append(
                measure(forge, run, config, options.postgres, workers, options.repositories)
            )
            rows[-1]["gain"] = round(rows[0]["seconds"] / rows[-1]["seconds"], 2)
    print(json.dumps(rows, indent=2) if options.json else "\n".join(map(_line, rows)))
    return 0


def measure(
    forge: RunningForge, room: Path, config: Path, server: str, workers: int, wanted: int
) -> dict[str, Any]:
    """Read everything with so many workers, and sweep once more."""
    name = f"fleet_{secrets.token_hex(4)}"
    admin = create_engine(_driver(server.format(name="postgres")), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = server.format(name=name)
    engine = create_engine(_driver(url), isolation_level="AUTOCOMMIT")
    run = [sys.executable, "-m", "portal"]
    shared = ["--database", url, "--config", str(config)]

    def count(sql: str) -> int:
        with engine.connect() as connection:
            return int(connection.execute(text(sql)).scalar() or 0)

    with ExitStack() as running:
        migrate = [*run, "migrate", *shared, "--data-dir", str(room / "migrate")]
        subprocess.run(migrate, check=True, capture_output=True)
        forge.asked()
        begin = time.perf_counter()
        processes = []
        for number in range(workers):
            with (room / f"{number}.log").open("wb") as log:
                command = [*run, "worker", *shared, "--data-dir", str(room / str(number))]
                processes.append(subprocess.Popen(command, stderr=log))
        for process in processes:
            running.callback(process.wait)
            running.callback(process.terminate)
        _until(lambda: count("SELECT count(*) FROM entities WHERE kind = 'component'") >= wanted)
        read = time.perf_counter() - begin
        done = "SELECT count(*) FROM pending UNION ALL SELECT count(*) FROM unassessed"
        _until(lambda: count(f"SELECT sum(count) FROM ({done}) AS left_over") == 0)
        seconds = time.perf_counter() - begin
        used = sum(cpu_seconds(process.pid) for process in processes)
        first = forge.counts()
        seq = count("SELECT value::int FROM meta WHERE key = 'catalog_seq'")
        swept = _sweep(engine, count)
        requests = forge.counts()
        if count("SELECT value::int FROM meta WHERE key = 'catalog_seq'") != seq:
            sys.exit("a sweep without a change wrote to the catalog")
    if count("SELECT count(*) FROM versions"):
        sys.exit("an entity was written twice")
    engine.dispose()
    admin.dispose()
    return {
        "workers": workers,
        "repositories": wanted,
        "secondsToRead": round(read, 1),
        "seconds": round(seconds, 1),
        "cpuSeconds": round(used, 1),
        "requests": dict(first),
        "sweepSeconds": round(swept, 2),
        "sweepRequests": dict(requests),
    }


def _sweep(engine: Any, count: Callable[[str], int]) -> float:
    """Ask for the location as the sweep does, and wait until it has been read."""
    begin = time.perf_counter()
    with engine.connect() as connection:
        connection.execute(
            text(
                "INSERT INTO pending (key, lane, ticket, requested_at)"
                " SELECT 'ingest:' || id, 2, md5(id), now() FROM locations"
            )
        )
        connection.execute(text("SELECT pg_notify('plumbline_work', 'sweep')"))
    _until(lambda: count("SELECT count(*) FROM pending") == 0)
    return time.perf_counter() - begin


def _config(forge: RunningForge, room: Path, *, facts: bool) -> Path:
    room.mkdir(parents=True)
    host = {"host": forge.host, "token": "good", "apiBaseUrl": f"{forge.url}/api/v3"}
    provider = {"default": {"organization": "acme", "host": forge.host}}
    catalog = {"providers": {"github": provider}, "rules": [{"allow": ["Component"]}]}
    config: dict[str, Any] = {"integrations": {"github": [host]}, "catalog": catalog}
    if not facts:
        config["plumbline"] = {"facts": {"forges": {"disabled": [*NAMESPACES]}}}
    file = room / "app-config.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


def _until(true: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + PATIENCE
    while not true():
        if time.perf_counter() > deadline:
            sys.exit("it was not done in time")
        time.sleep(0.1)


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['workers']} workers: {row['repositories']} repositories in {row['seconds']} s"
        f" (read in {row['secondsToRead']} s; gain {row['gain']}), {row['cpuSeconds']} s of CPU,"
        f" {row['requests']}; a sweep {row['sweepSeconds']} s, {row['sweepRequests']}"
    )


if __name__ == "__main__":
    sys.exit(main())
