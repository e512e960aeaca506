"""kill -9 at each step of the workflows: when its work is done, and the engine has not noted it yet.

That is the moment from which a step is repeated. The engine notes what it has done in PostgreSQL, where
a trigger holds it up until its process is dead: no step of the product knows of it.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
import requests
from sqlalchemy import Connection, create_engine, text

from portal import worker
from portal.db.engine import open_database
from portal.worker.requests import (
    NOTICES,
    SCORECARDS,
    Lane,
    Requests,
    assess_key,
    fetch_key,
    ingest_key,
    later_key,
    part_key,
)
from tests.conftest import new_postgres_database
from tests.plugins.pluginworld import commit, make_git
from tests.plugins.webserver import WebServer, answer, serve_web
from tests.portal.fleets import DESCRIPTOR, Fleet, total, written
from tests.portal.processes import eventually, free_port

SEVERAL = [f"c-{number:02}" for number in range(60)]
"""Components whose repositories are in several parts of their location."""

CHANGED = (SEVERAL[0], SEVERAL[30], SEVERAL[-1])
"""Those of them that are changed: of several parts, too."""

ALONE = "alone"
"""The component of the other location."""

ROADS = {
    "read_together": ALONE,
    "read_location": "several",
    "share_out": "several",
    "settle": "several",
    "read_shared_part": "several",
    "refresh": "one",
    "ask_for_what_was_put_off": "later",
    "assess_round": ALONE,
    "share_out_assessment": ALONE,
    "assess_part": "part",
    "fetch_facts": "fetch",
    "inquire": "inquire",
    "read_scorecards": "rules",
    "find_notices": "notices",
    "bundle_notices": "notices",
    "deliver_messages": "notices",
    "end of together": ALONE,
    "end of ingest": "several",
    "end of assess": ALONE,
    "end of notices": "notices",
}
"""What is changed so that a worker comes to each step, and to the end of some workflows."""

STOP_HERE = """
CREATE TABLE stop_at (step text);
CREATE FUNCTION stop_here() RETURNS trigger AS $$
DECLARE here text; who text;
BEGIN
  IF TG_TABLE_NAME = 'operation_outputs' THEN
    here := NEW.function_name;
  ELSE
    here := 'end of ' || NEW.name;
  END IF;
  IF EXISTS (SELECT 1 FROM public.stop_at AS s WHERE s.step = here) THEN
    SELECT executor_id INTO who FROM dbos.workflow_status
      WHERE workflow_uuid = NEW.workflow_uuid;
    PERFORM set_config('application_name', who, false);
    PERFORM pg_advisory_xact_lock(4711);
  END IF;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER stop_here BEFORE INSERT ON dbos.operation_outputs
  FOR EACH ROW EXECUTE FUNCTION stop_here();
CREATE TRIGGER stop_here BEFORE UPDATE ON dbos.workflow_status
  FOR EACH ROW WHEN (NEW.status = 'SUCCESS') EXECUTE FUNCTION stop_here();
"""

WAITING = """
SELECT a.pid, a.application_name FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.objid = 4711 AND NOT l.granted
"""

CONFIG = """
backend: {{auth: {{dangerouslyDisableDefaultAuthPolicy: true}}}}
plumbline:
  scorecardRepositories:
    - {{target: {rules}, owner: platform}}
  facts:
    http:
      - name: clock
        url: {web}/clock/{{entity.metadata.name}}
        every: 7d
        facts: [{{name: clock.turn, type: int, description: Turns., value: int(answer.turn)}}]
  notices:
    digest: 0h
    levelDrop: {{after: 0h}}
    webhooks:
      - {{name: chat, url: {web}/chat, internal: true, secrets: [whsec_{secret}]}}
"""

RULES = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {{name: described, title: Turn {turn}, owner: platform}}
spec:
  levels: [Nothing, Something]
  checks:
    - id: described
      title: It is described
      level: Something
      rule: catalog.description_length > 0
      why: w
      fix: f
"""


@dataclass(kw_only=True)
class World:
    """A fleet of two workers, what it reads, asks and tells, and what should have become of it."""

    fleet: Fleet
    web: WebServer
    rules: Path
    control: Connection
    """To the database, to hold workers up."""
    workers: dict[str, Popen[bytes]] = field(default_factory=dict)
    turn: int = 0
    told: list[tuple[str, Any]] = field(default_factory=list)
    """Id and content of each message that arrived."""
    written: Counter[str] = field(default_factory=Counter)
    """How often each component was changed."""
    described: set[str] = field(default_factory=set)
    clock: int = 0

    def get(self, path: str, **parameters: Any) -> Any:
        found = requests.get(f"{self.fleet.url}/api/v1{path}", params=parameters, timeout=30)
        found.raise_for_status()
        return found.json()

    def post(self, path: str) -> None:
        asked = requests.post(f"{self.fleet.url}/api/v1{path}", timeout=30)
        assert asked.status_code == 202, asked.text

    def ask(self, key: str) -> None:
        """Put a key, as a schedule does."""
        database = open_database(self.fleet.database)
        work = Requests(database=database, now=lambda: datetime.now(UTC), wake=lambda: None)
        work.request_anew([key], Lane.PERSON)
        database.close()

    def change(self, *names: str) -> None:
        """Describe what is not described, and the other way round."""
        for name in names:
            self.described ^= {name}
            self.written[name] += 1
            more = f"\n  description: Turn {self.turn}." if name in self.described else ""
            folder = (self.fleet.others[0] if name == ALONE else self.fleet.source) / name
            changed = DESCRIPTOR.format(name=name).replace(f"name: {name}", f"name: {name}{more}")
            (folder / "catalog-info.yaml").write_text(changed)

    def location(self, folder: Path) -> str:
        """The id of the location that is this folder."""
        [one] = [one for one in self.get("/locations")["items"] if str(folder) in one["target"]]
        return str(one["id"])

    def tick(self) -> None:
        """Have the other system say something else."""
        self.clock += 1
        for name in (*SEVERAL, ALONE):
            turn = json.dumps({"turn": self.clock}).encode()
            self.web.replies[f"/clock/{name}"] = answer(turn)

    def lead_to(self, road: str) -> None:
        """Change something, and ask for what has to be done about it."""
        self.turn += 1
        match road:
            case "alone":
                self.change(ALONE)
                self.post(f"/locations/{self.location(self.fleet.others[0])}/refresh")
            case "several":
                self.change(*CHANGED)
                self.post(f"/locations/{self.location(self.fleet.source)}/refresh")
            case "part":  # read, and not assessed with it
                self.change(CHANGED[0])
                self.ask(part_key(self.location(self.fleet.source), 0))
                eventually(lambda: self.fleet.promised() == 0)
                self.ask(assess_key(0))
            case "one":
                self.change(CHANGED[0])
                self.post(f"/entities/component/default/{CHANGED[0]}/refresh")
            case "later":
                self.change(ALONE)
                self.ask(later_key(ingest_key(self.location(self.fleet.others[0]))))
            case "fetch":
                self.tick()
                self.ask(fetch_key("clock"))
            case "inquire":
                self.tick()
                self.post(f"/entities/component/default/{CHANGED[self.turn % 3]}/facts/refresh")
            case "rules":
                (self.rules / "scorecards/described.yaml").write_text(RULES.format(turn=self.turn))
                commit(self.rules)
                self.ask(SCORECARDS)
            case "notices":
                self.ask(NOTICES)

    def prepare(self, road: str) -> None:
        """For there to be something to tell: a level that is lost, and that it had at the last look."""
        if road == "notices":
            leads = [NOTICES, ALONE] if ALONE in self.described else [ALONE, NOTICES, ALONE]
            for lead in leads:
                self.lead_to(lead)
                eventually(self.is_settled)

    def kill_at(self, step: str, road: str) -> str:
        """kill -9 for the worker that has done a step, before that is noted; returns its name."""
        self.control.execute(text("SELECT pg_advisory_lock(4711)"))
        self.control.execute(text("INSERT INTO stop_at VALUES (:step)"), {"step": step})
        executor = ""
        try:
            self.lead_to(road)
            _, executor = eventually(lambda: self.control.execute(text(WAITING)).first())
            [victim] = [name for name in self.workers if self.fleet.name_of(name) == executor]
            self.fleet.kill(self.workers.pop(victim))
            return victim
        finally:
            self.control.execute(text("DELETE FROM stop_at"))
            for pid, name in self.control.execute(text(WAITING)).all():
                if name == executor:
                    self.control.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            self.control.execute(text("SELECT pg_advisory_unlock(4711)"))

    def start(self, name: str) -> None:
        self.workers[name] = self.fleet.start("worker", name)

    def is_settled(self) -> bool:
        """Whether all that was asked for is done, and the catalog and the results show it."""
        try:
            items = self.get("/entities", kind="component", limit=100)["items"]
            bodies = [item["entity"]["metadata"] for item in items]
            results = self.get("/scorecards/described/results", limit=100)["items"]
        except requests.RequestException:
            return False  # it starts anew with other rules
        shown = {body["name"] for body in bodies if "description" in body}
        good = {
            one["ref"].rpartition("/")[2]
            for one in results
            if one["outcomes"]["described"] == "pass"
        }
        return self.fleet.promised() == 0 and shown == good == self.described

    def known(self) -> dict[str, int]:
        """What the other system is known to have said of some components."""
        found = {}
        for name in (*CHANGED, ALONE):
            records = self.get(f"/entities/component/default/{name}/facts")
            facts = [fact for record in records for fact in record["facts"]]
            [found[name]] = [one["value"] for one in facts if one["name"] == "clock.turn"]
        return found

    def moves(self) -> Counter[str]:
        """How often the result of those that are changed came to be another one."""
        path = "/entities/component/default/{}/scorecards/described/history"
        found = {
            name: self.get(path.format(name), limit=100)["items"] for name in (*CHANGED, ALONE)
        }
        return Counter({name: len(items) - 1 for name, items in found.items()})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Iterator[World]:
    """Two workers and a web process that have read everything once."""
    room, port = tmp_path_factory.mktemp("kills"), free_port()
    config = room / "app-config.yaml"
    fleet = Fleet(
        database=new_postgres_database(postgres),
        room=room,
        url=f"http://127.0.0.1:{port}",
        port=port,
        config=config,
        others=(room / "other",),
    )
    rules = make_git(room / "rules", {"scorecards/described.yaml": RULES.format(turn=0)})
    engine = create_engine(
        fleet.database.replace("postgresql://", "postgresql+psycopg://"),
        isolation_level="AUTOCOMMIT",
    )
    with serve_web() as web, engine.connect() as control, ExitStack() as ending:
        ending.callback(lambda: fleet.stop())
        made = World(fleet=fleet, web=web, rules=rules, control=control)
        web.replies["/chat"] = lambda handler: _take(made, handler)
        secret = b64encode(b"k" * 32).decode()
        config.write_text(CONFIG.format(rules=rules, web=web.url, secret=secret))
        fleet.write(*SEVERAL)
        (room / "other" / ALONE).mkdir(parents=True)
        made.change(ALONE)
        made.tick()
        for name in ("first", "second"):
            made.start(name)
        fleet.start("serve")
        eventually(lambda: total(fleet.url) == len(SEVERAL) + 1)
        eventually(made.is_settled)
        control.execute(text(STOP_HERE))
        made.written.clear()
        yield made
    engine.dispose()


def _take(world: World, handler: BaseHTTPRequestHandler) -> None:
    world.told.append((handler.headers["webhook-id"], json.loads(world.web.posted[-1])))
    answer()(handler)


def test_every_step_of_the_workflows_is_named_here() -> None:
    source = "".join(file.read_text() for file in Path(worker.__file__).parent.glob("*.py"))
    named = set(re.findall(r'DBOS\.step\(name="(\w+)"\)', source))
    assert named == {step for step in ROADS if not step.startswith("end of ")}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("rescuer", ["itself", "a peer"])
@pytest.mark.parametrize("step", ROADS)
def test_a_worker_that_is_killed_before_a_step_is_noted_loses_and_repeats_nothing(
    world: World, step: str, rescuer: str
) -> None:
    eventually(world.is_settled)
    written_before, moves_before = written(world.fleet.url), world.moves()
    world.written.clear()
    world.prepare(ROADS[step])
    told_before = len(world.told)
    victim = world.kill_at(step, ROADS[step])
    if rescuer == "a peer":
        world.fleet.pass_time(world.fleet.name_of(victim))
        eventually(world.is_settled, within=120)
    world.start(victim)
    eventually(world.is_settled, within=120)
    assert total(world.fleet.url) == len(SEVERAL) + 1
    new = {
        ref.rpartition("/")[2]: n for ref, n in (written(world.fleet.url) - written_before).items()
    }
    assert new == world.written
    assert world.moves() - moves_before == world.written
    match ROADS[step]:
        case "fetch":
            assert set(world.known().values()) == {world.clock}
        case "inquire":
            assert world.known()[CHANGED[world.turn % 3]] == world.clock
        case "rules":
            assert world.get("/scorecards/described")["title"] == f"Turn {world.turn}"
        case "notices":
            assert len(world.told) > told_before
    ids = {(one["key"], id_) for id_, message in world.told for one in message["data"]["notices"]}
    assert len(ids) == len({key for key, _ in ids}), "a notice was told under two ids"
