"""The peer: Backstage's own catalog backend over the same corpus, to be measured beside the portal.

    python benchmarks/peer.py CORPUS --work FOLDER [--port 7008] [--glob] [--json]

Needs Node.js 20, npm, and the programs of PostgreSQL. The first use installs Backstage's packages
from npm into FOLDER (350 MB). It starts a PostgreSQL server of its own and Backstage on an empty
database, prints what the cold ingest came to, and serves until it is interrupted: then
`benchmarks/reads.py peer=http://127.0.0.1:7008/api/catalog ...` measures it. With a location for
each file, as organizations register them, its catalog holds a Location entity for each, too.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests
from postgres import postgres
from processes import cpu_seconds, memory

PACKAGES = {
    "@backstage/backend-defaults": "0.18.0",
    "@backstage/plugin-catalog-backend": "4.0.0",
    "@backstage/plugin-catalog-backend-module-scaffolder-entity-model": "0.2.24",
    "pg": "8.23.1",
}
"""Versions of one release of Backstage."""

ENVIRONMENT = ["env", "NODE_ENV=production", "LOG_LEVEL=warn"]

INDEX = """\
'use strict';
const { createBackend } = require('@backstage/backend-defaults');
const backend = createBackend();
backend.add(require('@backstage/plugin-catalog-backend').default);
backend.add(require('@backstage/plugin-catalog-backend-module-scaffolder-entity-model').default);
backend.start();
"""

CONFIG = """\
app: {{ title: peer, baseUrl: 'http://127.0.0.1:3000' }}
organization: {{ name: peer }}
backend:
  baseUrl: http://127.0.0.1:{port}
  listen: 127.0.0.1:{port}
  auth: {{ dangerouslyDisableDefaultAuthPolicy: true }}
  database:
    client: pg
    prefix: peer_
    connection: {{ host: {socket}, user: peer, password: '', database: postgres }}
permission: {{ enabled: false }}
catalog:
  processingInterval: {{ hours: 6 }}
  rules:
    - allow: [Component, API, Resource, System, Domain, Group, User, Location, Template]
  locations:
{locations}
"""


def main() -> int:
    """Start, measure the ingest, serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--port", type=int, default=7008)
    parser.add_argument("--glob", action="store_true", help="one location for all files")
    parser.add_argument("--seconds", type=float, default=3600, help="to wait for the ingest")
    options = parser.parse_args()
    work, corpus = options.work.resolve(), options.corpus.resolve()
    _install(work / "app")
    files = [str(path) for path in sorted(corpus.rglob("catalog-info.yaml"))]
    targets = [f"{corpus}/**/catalog-info.yaml"] if options.glob else files
    expected = json.loads((corpus / "manifest.json").read_text())["entities"] + len(targets)
    work.mkdir(parents=True, exist_ok=True)
    work.chmod(0o755)
    with postgres(work / "postgres", user="peer") as running:
        server = running.pid
        locations = "\n".join(
            f"    - {{ type: file, target: {json.dumps(target)} }}" for target in targets
        )
        config = work / "app-config.yaml"
        config.write_text(
            CONFIG.format(port=options.port, socket=running.home, locations=locations)
        )
        with _backstage(work, config) as node:
            base = f"http://127.0.0.1:{options.port}/api/catalog"
            found = _ingest(base, node, server, expected, options.seconds)
            print(json.dumps({"corpus": corpus.name, "locations": len(targets), **found}))
            print(
                f"serving {base}, node {node.pid}, postgres {server}", file=sys.stderr, flush=True
            )
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with suppress(KeyboardInterrupt):
                node.wait()
    return 0


def _install(app: Path) -> None:
    app.mkdir(parents=True, exist_ok=True)
    (app / "index.js").write_text(INDEX)
    if (app / "node_modules" / "@backstage" / "plugin-catalog-backend").exists():
        return
    package = {"name": "peer", "private": True, "type": "commonjs", "dependencies": PACKAGES}
    (app / "package.json").write_text(json.dumps(package))
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=app, check=True)


@contextmanager
def _backstage(work: Path, config: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (work / "node.log").open("wb") as log:
        node = subprocess.Popen(
            [*ENVIRONMENT, "node", "index.js", "--config", str(config)],
            cwd=work / "app",
            stdout=log,
            stderr=log,
        )
        try:
            yield node
        finally:
            node.terminate()
            node.wait()


def _ingest(
    base: str, node: subprocess.Popen[bytes], server: int, expected: int, longest: float
) -> dict[str, Any]:
    """Wait until everything is visible; what it took."""
    launched = time.monotonic()
    while (items := _count(base)) is None:
        if node.poll() is not None:
            sys.exit("node ended: see node.log in the work folder")
        time.sleep(0.2)
    answering, shown, peak = time.monotonic(), 0.0, 0
    while items < expected and time.monotonic() - answering < longest:
        time.sleep(1)
        items = _count(base) or items
        peak = max(peak, memory(node.pid) + memory(server))
        if time.monotonic() - shown > 15:
            shown = time.monotonic()
            print(f"{shown - answering:.0f} s: {items} of {expected}", file=sys.stderr, flush=True)
    seconds = time.monotonic() - answering
    return {
        "items": items,
        "expected": expected,
        "startSeconds": round(answering - launched, 1),
        "seconds": round(seconds, 1),
        "itemsPerSecond": round(items / seconds, 1),
        "cpuSeconds": round(cpu_seconds(node.pid) + cpu_seconds(server), 1),
        "peakMegabytes": round(peak / 1e6),
    }


def _count(base: str) -> int | None:
    try:
        answer = requests.get(f"{base}/entities/by-query?limit=0", timeout=120)
    except requests.ConnectionError:
        return None
    return int(answer.json()["totalItems"]) if answer.ok else None


if __name__ == "__main__":
    sys.exit(main())
