"""A fleet: the repositories of a forge that answers late, read by one worker and by several.

    python benchmarks/fleet.py [--repositories 400] [--latency 0.02 0.2] [--workers 1 2 4]
        [--without-facts] [--core-share 0.25] [--json]

The forge is a process that speaks GitHub's wire format and git over HTTP, takes `latency` seconds more
for each answer, and has GitHub's limits: 5,000 requests of the API an hour, and a hundred at a time. What
git asks counts for neither. PostgreSQL is a server of the benchmark's own.

For each latency and number of workers as many real `portal worker` processes start on an empty database.
When all are ready they are asked to read the organization, and the clock runs until every repository is in
the catalog and assessed. Then the forge is asked what it knows besides files, as far as its limit lets, and
every location is swept once more.

The answers are checked: each repository's entity is there, none was written twice, no request was refused,
each repository was fetched at most as often as `fetched` says, and the sweep wrote nothing. Requests are
counted by the forge. Processor time is told of the workers with their children, of PostgreSQL and of the
forge; memory is the largest that any worker with its children came to.

`--core-share` gives each worker so much of a core, as if it had a small host of its own (Linux, root): where
all share two cores, one worker that is busy leaves the next one none.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from hosts import small_host
from postgres import Server, postgres
from processes import cpu_seconds, memory, own_seconds
from sqlalchemy import Engine, create_engine, text

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.forges.facts.schemas import NAMESPACES
from tests.forge.running import RunningForge, running_forge

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME}
spec: {type: service, lifecycle: production, owner: team}
"""
FILES = {"catalog-info.yaml": DESCRIPTOR, "README.md": "# A service\n"}
LIMIT = 5000
"""Requests that the forge allows in an hour, as GitHub does."""

PATIENCE = 4 * 3600
"""Seconds after which a run has failed."""

LOOK = 0.5
"""Seconds between two looks at how far it is: each costs the server a count."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is the same for every run."""

    forge: RunningForge
    server: Server
    room: Path
    repositories: int
    facts: bool
    core_share: float
    """Of a core, for each worker; 0: as much as there is."""


def main() -> int:
    """Measure each latency and number of workers, and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repositories", type=int, default=400)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.02, 0.2])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--without-facts", action="store_true", help="of the forge's API")
    parser.add_argument("--core-share", type=float, default=0.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plumbline-fleet-")))
        room.chmod(0o755)
        plan = Plan(
            forge=stack.enter_context(running_forge(room / "forge")),
            server=stack.enter_context(postgres(room / "postgres", user="fleet")),
            room=room,
            repositories=options.repositories,
            facts=not options.without_facts,
            core_share=options.core_share,
        )
        for begun in range(0, options.repositories, 2000):
            count = min(2000, options.repositories - begun)
            plan.forge.order("fill", owner="acme", count=count, files=FILES)
        if not options.json:
            print("\n".join(_table([])), flush=True)
        for latency in options.latency:
            first = len(rows)
            for workers in options.workers:
                rows.append(measure(plan, latency, workers))
                rows[-1]["gain"] = round(rows[first]["seconds"] / rows[-1]["seconds"], 2)
                if not options.json:
                    print(_table(rows[-1:])[-1], flush=True)
    if options.json:
        print(json.dumps(rows, indent=2))
    return 0


def measure(plan: Plan, latency: float, workers: int) -> dict[str, Any]:
    """Read everything with so many workers, and sweep once more."""
    forge, run = plan.forge, Run(plan=plan, room=plan.room / f"{latency:g}-{workers}")
    forge.order("mend")
    forge.order("meter", remaining=LIMIT)
    if latency:
        forge.fail(".", "slow", seconds=latency, times=10**9)
    forge.asked()
    forge.busiest()
    with run.database(), run.working(workers):
        used = {"postgres": cpu_seconds(plan.server.pid), "forge": cpu_seconds(forge.pid)}
        at_start = [cpu_seconds(one.pid) for one in run.processes]
        began = time.perf_counter()
        run.ask()
        run.until("SELECT count(*) FROM entities WHERE kind = 'component'", plan.repositories)
        read = time.perf_counter() - began
        run.until_all_is_done()
        seconds = time.perf_counter() - began
        of_workers = [
            cpu_seconds(one.pid) - before
            for one, before in zip(run.processes, at_start, strict=True)
        ]
        used = {
            "postgres": cpu_seconds(plan.server.pid) - used["postgres"],
            "forge": cpu_seconds(forge.pid) - used["forge"],
        }
        row = {
            "latency": latency,
            "workers": workers,
            "repositories": plan.repositories,
            "secondsToRead": round(read, 1),
            "seconds": round(seconds, 1),
            "cpuOfWorkers": [round(one, 1) for one in of_workers],
            "cpuOfWorkersAlone": [round(own_seconds(one.pid), 1) for one in run.processes],
            "cpuOfPostgres": round(used["postgres"], 1),
            "cpuOfForge": round(used["forge"], 1),
            "cores": round((sum(of_workers) + sum(used.values())) / seconds, 2),
            "megabytesOfWorker": round(run.most_memory / 1e6),
            "megabytesOfPostgres": round(memory(plan.server.pid) / 1e6),
            "atOnce": forge.busiest(),
            **run.asked(),
        }
        run.check_answers()
        return row | (run.facts() if plan.facts else {}) | run.sweep()


@dataclass(kw_only=True)
class Run:
    """Workers on a database of their own."""

    plan: Plan
    room: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    most_memory: int = 0
    """Bytes of the largest worker."""
    _engine: Engine | None = None
    _url: str = ""

    @contextmanager
    def database(self) -> Iterator[None]:
        """An empty database of this version's schema."""
        name = f"fleet_{secrets.token_hex(4)}"
        admin = _engine(self.plan.server.url("postgres"))
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        self._url = self.plan.server.url(name)
        self._engine = _engine(self._url)
        self.room.mkdir()
        subprocess.run(self._command("migrate", "migrate"), check=True, capture_output=True)
        yield
        self._engine.dispose()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()

    @contextmanager
    def working(self, workers: int) -> Iterator[None]:
        """So many workers that are ready."""
        with ExitStack() as running:
            for number in range(workers):
                log = running.enter_context((self.room / f"{number}.log").open("wb"))
                process = subprocess.Popen(self._command("worker", str(number)), stderr=log)
                self.processes.append(process)
                running.callback(process.wait)
                running.callback(process.terminate)
                if self.plan.core_share:
                    running.enter_context(small_host(process.pid, self.plan.core_share))
            deadline = time.perf_counter() + PATIENCE
            logs = [self.room / f"{number}.log" for number in range(workers)]
            while not all("working as" in log.read_text() for log in logs):
                self._look(deadline)
            self.until_all_is_done()
            yield

    def count(self, sql: str) -> int:
        """The number that a statement says."""
        assert self._engine is not None
        with self._engine.connect() as connection:
            return int(connection.execute(text(sql)).scalar() or 0)

    def until(self, sql: str, least: int) -> None:
        """Wait until a statement says so many."""
        deadline = time.perf_counter() + PATIENCE
        while self.count(sql) < least:
            self._look(deadline)

    def until_all_is_done(self) -> None:
        """Wait until nothing is promised, and no entity waits to be assessed."""
        deadline = time.perf_counter() + PATIENCE
        done = "SELECT count(*) FROM pending UNION ALL SELECT count(*) FROM unassessed"
        while self.count(f"SELECT sum(count) FROM ({done}) AS left_over"):
            self._look(deadline)

    def _look(self, deadline: float) -> None:
        self.most_memory = max(self.most_memory, *(memory(one.pid) for one in self.processes))
        for one in self.processes:
            if one.poll() is not None:
                sys.exit(f"a worker ended with status {one.returncode}")
        if time.perf_counter() > deadline:
            sys.exit("it was not done in time")
        time.sleep(LOOK)

    def asked(self) -> dict[str, Any]:
        """What the forge was asked since the last time, by what it counted; a `*` stands for 304."""
        asked = self.plan.forge.asked()
        if refused := [one["line"] for one in asked if one["status"] in (403, 429)]:
            sys.exit(f"the forge refused {len(refused)} requests, as {refused[0]}")
        kinds = Counter(one["kind"] + "*" * (one["status"] == 304) for one in asked)
        fetched = Counter(one["line"].split(" ")[1] for one in asked if one["kind"] == "git")
        return {
            "requests": dict(kinds),
            "counted": sum(
                n for kind, n in kinds.items() if kind != "git" and not kind.endswith("*")
            ),
            "fetched": dict(sorted(Counter(fetched.values()).items())),
        }

    def check_answers(self) -> None:
        """End with a message where the catalog is not what the forge holds, each once."""
        assert self._engine is not None
        with self._engine.connect() as connection:
            found = connection.execute(text("SELECT ref FROM entities WHERE kind = 'component'"))
            refs = Counter(found.scalars())
        wanted = {f"component:default/r-{n + 1}" for n in range(self.plan.repositories)}
        if refs.keys() != wanted or max(refs.values()) > 1:
            sys.exit(f"the catalog lacks {len(wanted - refs.keys())} entities of {len(wanted)}")
        if self.count("SELECT count(*) FROM versions"):
            sys.exit("an entity was written twice")

    def facts(self) -> dict[str, Any]:
        """Wait until the forge has been asked about every repository, or wants to be left alone."""
        seq = "(SELECT value::bigint FROM meta WHERE key = 'catalog_seq')"
        self.until(f"SELECT count(*) FROM fetches WHERE seq >= {seq} OR until > now()", 1)
        self.until_all_is_done()
        spaces = ", ".join(f"'{one}'" for one in NAMESPACES)
        known = f"SELECT count(DISTINCT entity_id) FROM facts WHERE collector IN ({spaces})"
        asked = self.asked()
        return {"withFacts": self.count(known), "countedForFacts": asked["counted"]}

    def ask(self) -> None:
        """Ask for the location as the sweep does."""
        assert self._engine is not None
        with self._engine.connect() as connection:
            connection.execute(
                text(
                    "INSERT INTO pending (key, lane, ticket, requested_at)"
                    " SELECT 'ingest:' || id, 2, md5(random()::text), now() FROM locations"
                )
            )
            connection.execute(text("SELECT pg_notify('plumbline_work', 'sweep')"))

    def sweep(self) -> dict[str, Any]:
        """Ask for the location once more, and wait until it has been read."""
        seq = self.count("SELECT value::int FROM meta WHERE key = 'catalog_seq'")
        began = time.perf_counter()
        self.ask()
        self.until_all_is_done()
        seconds = time.perf_counter() - began
        if self.count("SELECT value::int FROM meta WHERE key = 'catalog_seq'") != seq:
            sys.exit("a sweep without a change wrote to the catalog")
        return {"sweepSeconds": round(seconds, 1), "sweepRequests": self.asked()["requests"]}

    def _command(self, command: str, name: str) -> list[str]:
        shared = ["--database", self._url, "--config", str(self._config())]
        program = [sys.executable, "-m", "portal", command]
        return [*program, *shared, "--data-dir", str(self.room / name)]

    def _config(self) -> Path:
        forge = self.plan.forge
        host = {"host": forge.host, "token": "good", "apiBaseUrl": f"{forge.url}/api/v3"}
        # Read when it is asked for: the clock is not to run while processes start.
        schedule = {"frequency": {"trigger": "manual"}, "timeout": "PT1H"}
        acme = {"organization": "acme", "host": forge.host, "schedule": schedule}
        provider = {"default": acme}
        catalog = {"providers": {"github": provider}, "rules": [{"allow": ["Component"]}]}
        config: dict[str, Any] = {"integrations": {"github": [host]}, "catalog": catalog}
        if not self.plan.facts:
            config["plumbline"] = {"facts": {"forges": {"disabled": [*NAMESPACES]}}}
        file = self.room / "app-config.yaml"
        file.write_text(yaml.safe_dump(config))
        return file


def _engine(url: str) -> Engine:
    url = url.replace("postgresql://", "postgresql+psycopg://")
    return create_engine(url, isolation_level="AUTOCOMMIT")


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """As it stands in docs/performance.md."""
    head = [
        "latency", "workers", "repositories", "read", "read and assessed", "gain",
        "CPU of workers", "of PostgreSQL", "of the forge", "cores in use", "memory of a worker",
        "requests counted", "fetches", "facts of the forge", "a sweep without a change",
    ]  # fmt: skip
    lines = [head, ["---"] * len(head)]
    for row in rows:
        fetches = ", ".join(
            f"{number:,}" + (f" {times} times" if times > 1 else "")
            for times, number in row["fetched"].items()
        )
        lines.append(
            [
                f"{1000 * row['latency']:.0f} ms",
                str(row["workers"]),
                f"{row['repositories']:,}",
                f"{row['secondsToRead']} s",
                f"{row['seconds']} s",
                str(row["gain"]),
                f"{' + '.join(map(str, row['cpuOfWorkers']))} s",
                f"{row['cpuOfPostgres']} s",
                f"{row['cpuOfForge']} s",
                str(row["cores"]),
                f"{row['megabytesOfWorker']} MB",
                f"{row['counted']:,}",
                fetches,
                f"of {row['withFacts']:,} with {row['countedForFacts']:,} requests"
                if "withFacts" in row
                else "not asked for",
                f"{row['sweepSeconds']} s, {sum(row['sweepRequests'].values())} requests",
            ]
        )
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    sys.exit(main())
