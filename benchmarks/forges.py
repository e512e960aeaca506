"""A forge with thousands of repositories: sweeps, an outage, a forge that hangs, and webhooks.

    python benchmarks/forges.py [--repositories 2000] [--kind github] [--database URL]
        [--pushes 30] [--deliveries 5000] [--without-facts] [--json]

The forge is a process that speaks the wire format of GitHub, GitLab or Gitea and real git over HTTP,
counts what it is asked, and refuses what its limit does not allow. `portal up` reads it; then

- a sweep finds nothing changed: it must write no entity, and ask conditionally or in batches;
- the forge fails for a sweep, half of the repositories change meanwhile, and it comes back with the
  limit of an hour: all changes must be there, nothing removed, and no request refused by the limit;
- another forge hangs: pushes to the first one must become visible all the same;
- single pushes are told by webhooks, and looked for in the catalog until they show;
- thousands of deliveries about one push come at once: each is answered with 202, and the repository
  is fetched at most twice.

A wrong answer ends the benchmark with a message.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import yaml
from load import measure
from servers import Portal, percentile, portal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.forges.facts.schemas import NAMESPACES
from plugins.hooks import Delivery
from tests.forge.running import RunningForge, running_forge
from tests.plugins.deliveries import SECRET, hub, push

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME, description: 'first'}
spec: {type: service, lifecycle: production, owner: team}
"""
FILES = {"catalog-info.yaml": DESCRIPTOR, "README.md": "# NAME\n"}
APIS = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": ""}
OWNERS = {"github": "organization", "gitlab": "group", "gitea": "organization"}
LIMIT = 5000
"""Requests that the forge allows in an hour, as GitHub does."""

PATIENCE = 3600
"""Seconds after which anything has failed."""


def main() -> int:
    """Run every case and print a line for each, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repositories", type=int, default=2000)
    parser.add_argument("--kind", choices=[*APIS], default="github")
    parser.add_argument("--database", help="an empty PostgreSQL database; SQLite by default")
    parser.add_argument("--pushes", type=int, default=30)
    parser.add_argument("--deliveries", type=int, default=5000)
    parser.add_argument("--without-facts", action="store_true", help="read repositories only")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cases = []

    def done(row: dict[str, Any]) -> None:
        cases.append(row)
        if not options.json:
            print(_line(row), flush=True)

    with ExitStack() as stack:
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plumbline-forge-")))
        forge = stack.enter_context(running_forge(room / "forge"))
        hanging = stack.enter_context(running_forge(room / "hanging"))
        forge.order("fill", owner="acme", count=options.repositories, files=FILES)
        hanging.create("acme/other", {"catalog-info.yaml": DESCRIPTOR.replace("NAME", "other")})
        facts = not options.without_facts
        config = _config(room, options.kind, forge, hanging, facts=facts)
        began = time.perf_counter()
        running = stack.enter_context(portal("--config", str(config), database=options.database))
        world = World(running, forge, options.kind, options.repositories)
        running.wait_for(options.repositories + 1)
        world.settle()
        done({"case": "first read, assessed", **world.since(began)})
        done(sweep(world))
        done(outage(world))
        done(webhooks(world, "a push, told by a webhook", options.pushes))
        hanging.fail(".", "hang")
        world.ask_for_sweep()
        done(webhooks(world, "the same while another forge hangs", options.pushes))
        hanging.order("mend")
        world.settle()
        done(flood(world, options.deliveries))
    if options.json:
        print(json.dumps(cases, indent=1))
    return 0


class World:
    """The portal, the forge that it reads, and what is true of them."""

    def __init__(self, running: Portal, forge: RunningForge, kind: str, size: int) -> None:
        self.running, self.forge, self.kind, self.size = running, forge, kind, size

    def settle(self) -> None:
        """Wait until nothing waits."""
        deadline = time.monotonic() + PATIENCE
        while any(
            self.running.gauge(name)
            for name in ("plumbline_pending_keys", "plumbline_unassessed_entities")
        ):
            self.running.check()
            if time.monotonic() > deadline:
                sys.exit("it was not done in time")
            time.sleep(0.2)

    def since(self, began: float) -> dict[str, Any]:
        """Seconds, and what was asked of the forge since the last time; a `*` stands for 304."""
        took = time.perf_counter() - began
        asked = self.forge.asked()
        refused = [one for one in asked if one["status"] in (403, 429)]
        counts = Counter(f"{one['kind']}{'*' * (one['status'] == 304)}" for one in asked)
        return {"seconds": round(took, 2), "asked": dict(counts), "refused": len(refused)}

    def etag(self) -> str:
        """Of the catalog: it changes with every write to it."""
        answer = self.running.session.get(f"{self.running.api}/entities/by-query?limit=0")
        return answer.headers["ETag"]

    def ask_for_sweep(self) -> None:
        """Ask for every location to be read again."""
        session, url = self.running.session, f"{self.running.base}/api/v1/locations"
        for one in session.get(url).json()["items"]:
            session.post(f"{url}/{one['id']}/refresh").raise_for_status()

    def descriptions(self) -> Counter[str]:
        """How many components have which description."""
        rows = self.running.session.get(f"{self.running.api}/entities?filter=kind=component").json()
        return Counter(row["metadata"].get("description", "") for row in rows)


def sweep(world: World) -> dict[str, Any]:
    """A sweep over all that has not changed."""
    before = world.descriptions(), world.etag()
    began = time.perf_counter()
    world.ask_for_sweep()
    world.settle()
    row = {"case": "a sweep without a change", **world.since(began)}
    if (world.descriptions(), world.etag()) != before:
        sys.exit("a sweep without a change changed something")
    asked = Counter(row["asked"])
    free = sum(n for kind, n in asked.items() if kind.endswith("*") or kind == "graphql")
    row["conditionalOrInBatches"] = f"{100 * free / max(1, asked.total()):.1f} %"
    return row


def outage(world: World) -> dict[str, Any]:
    """The forge fails for a sweep, half of all changes, and it is back with the limit of an hour."""
    world.forge.fail(".", "500")
    world.ask_for_sweep()
    world.settle()
    world.forge.order("mend")
    half = world.size // 2
    text = DESCRIPTOR.replace("first", "second")
    world.forge.order(
        "refill", owner="acme", count=half, files={**FILES, "catalog-info.yaml": text}
    )
    if world.descriptions()["first"] < world.size:
        sys.exit("an outage removed or changed something")
    world.forge.order("meter", remaining=LIMIT)
    world.forge.asked()
    began = time.perf_counter()
    deadline = time.monotonic() + PATIENCE
    while world.descriptions()["second"] < half:
        if time.monotonic() > deadline:
            sys.exit("the changes did not all arrive")
        world.ask_for_sweep()
        world.settle()
        time.sleep(1)  # for a while a forge that kept failing is left alone
    row = {"case": f"after an outage, {half} changed", **world.since(began)}
    if row["refused"]:
        sys.exit(f"the limit refused {row['refused']} requests")
    world.forge.order("meter", remaining=10**9)
    return row


def webhooks(world: World, case: str, pushes: int) -> dict[str, Any]:
    """Seconds from the delivery of a push until the catalog shows it."""
    world.forge.asked()
    times = []
    for number in range(pushes):
        name = f"r-{world.size - number}"
        mark = f"{case} {number}"
        files = {"catalog-info.yaml": DESCRIPTOR.replace("NAME", name).replace("first", mark)}
        commit = world.forge.commit(f"acme/{name}", files)
        began = time.perf_counter()
        deliver(world, requests.Session(), name, commit)
        url = f"{world.running.api}/entities/by-name/component/default/{name}"
        while world.running.session.get(url).json()["metadata"].get("description") != mark:
            if time.perf_counter() - began > 60:
                sys.exit(f"a push to {name} did not show within a minute")
            time.sleep(0.01)
        times.append(time.perf_counter() - began)
    return {
        "case": case,
        "p50": round(percentile(times, 0.5), 3),
        "p95": round(percentile(times, 0.95), 3),
        "slowest": round(max(times), 3),
    }


def flood(world: World, deliveries: int) -> dict[str, Any]:
    """Thousands of deliveries about one push."""
    name = f"r-{world.size}"
    files = {"catalog-info.yaml": DESCRIPTOR.replace("NAME", name).replace("first", "flood")}
    commit = world.forge.commit(f"acme/{name}", files)
    world.forge.asked()
    address = urlsplit(world.running.base)
    told = hub("push", push(f"{world.forge.url}/acme/{name}", commit))
    began = time.perf_counter()
    load = measure(
        (address.hostname or "", address.port or 80),
        [_raw(address.netloc, told)],
        connections=8,
        seconds=600,
        status=202,
        most=deliveries,
    )
    sent = time.perf_counter() - began
    if load.failures or load.requests < deliveries:
        sys.exit(f"{load.failures} of {load.requests} deliveries were not answered with 202")
    world.settle()
    if world.descriptions()["flood"] != 1:
        sys.exit("what the deliveries told of is not there")
    asked = world.forge.asked()
    fetches = sum("git-upload-pack" in one["line"] and "POST" in one["line"] for one in asked)
    if fetches > 2:
        sys.exit(f"the repository was fetched {fetches} times")
    return {
        "case": f"{deliveries} deliveries about one push",
        "seconds": round(sent, 1),
        "deliveriesPerSecond": round(deliveries / sent),
        "fetches": fetches,
    }


def deliver(world: World, session: requests.Session, name: str, commit: str) -> None:
    """Send what GitHub sends about a push."""
    delivery = hub("push", push(f"{world.forge.url}/acme/{name}", commit))
    answer = session.post(
        f"{world.running.base}/api/v1/webhooks/github",
        data=delivery.body,
        headers=dict(delivery.headers),
        timeout=60,
    )
    if answer.status_code != 202:
        sys.exit(f"a delivery was answered with {answer.status_code}: {answer.text}")


def _raw(host: str, delivery: Delivery) -> bytes:
    """A delivery as it goes over the wire."""
    head = {"Host": host, "Content-Length": str(len(delivery.body)), **delivery.headers}
    lines = [f"{name}: {value}" for name, value in head.items()]
    return "\r\n".join(["POST /api/v1/webhooks/github HTTP/1.1", *lines, "", ""]).encode() + (
        delivery.body
    )


def _config(
    room: Path, kind: str, forge: RunningForge, hanging: RunningForge, *, facts: bool
) -> Path:
    """Both forges; the first one with a webhook."""
    hosts, providers = [], {}
    for name, one in (("default", forge), ("hanging", hanging)):
        secret = {"username": "user", "password": "good"} if kind == "gitea" else {"token": "good"}
        urls = {"apiBaseUrl": one.url + APIS[kind]} if APIS[kind] else {}
        hosts.append({"host": one.host, "baseUrl": one.url, **urls, **secret})
        providers[name] = {"host": one.host, OWNERS[kind]: "acme"}
    if kind == "github":
        hosts = [{key: value for key, value in one.items() if key != "baseUrl"} for one in hosts]
    config = {
        "backend": {"auth": {"dangerouslyDisableDefaultAuthPolicy": True}},
        "integrations": {kind: hosts},
        "catalog": {
            "processingInterval": False,
            "providers": {kind: providers},
            "rules": [{"allow": ["Component"]}],
        },
        "plumbline": {
            "webhooks": [{"type": "github", "url": forge.url, "secrets": [SECRET]}],
            "facts": {"forges": {"every": "24h"} | ({} if facts else {"disabled": [*NAMESPACES]})},
        },
    }
    path = room / "app-config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def _line(row: dict[str, Any]) -> str:
    return f"{row['case']}: " + ", ".join(
        f"{name} {value}" for name, value in row.items() if name != "case"
    )


if __name__ == "__main__":
    sys.exit(main())
