"""Reads: twelve cases against one or more servers with Backstage's catalog API, in one sitting.

    python benchmarks/reads.py NAME=URL [NAME=URL ...] --manifest FILE [--null URL] [--json]

A URL is one of a catalog (`http://127.0.0.1:7007/api/catalog`); the manifest is the corpus's, with
`refs`. Servers take turns for each case and number of connections, so that what else the machine
does meets all of them. Answers are checked first. With `--revalidate` every GET carries the tag of
its answer, which a server may confirm with 304. `--null` is any other URL, measured as it is: what
a route costs that does nothing (`benchmarks/null_route.py`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from cases import Request, ask, cases, corpus_of
from load import measure
from processes import cpu_seconds


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server under test."""

    name: str
    base: str
    token: str = ""
    pids: tuple[int, ...] = ()
    """Roots of the process trees whose CPU counts as the server's."""

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        parts = urlsplit(self.base)
        return parts.hostname or "", parts.port or 80

    @property
    def headers(self) -> dict[str, str]:
        """Of every request."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def session(self) -> requests.Session:
        """For the requests that are checked."""
        session = requests.Session()
        session.headers.update(self.headers)
        return session


def main() -> int:
    """Measure, print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("servers", nargs="+", metavar="NAME=URL")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--connections", default="1,8,32")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--only", default="", help="cases, separated by commas")
    parser.add_argument("--pids", action="append", default=[], metavar="NAME=PID[,PID]")
    parser.add_argument("--token", action="append", default=[], metavar="NAME=TOKEN")
    parser.add_argument("--null", help="URL of a route that does nothing")
    parser.add_argument("--revalidate", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    servers = _servers(options)
    corpus = corpus_of(json.loads(options.manifest.read_text())["refs"])
    connections = [int(text) for text in options.connections.split(",")]
    rows = []
    asked = {server.name: _checked(server, corpus, _chosen(options)) for server in servers}
    for case in asked[servers[0].name]:
        for count in connections:
            for server in servers:
                requests_ = asked[server.name][case]
                rows.append(_row(server, case, requests_, count, options))
    if options.null:
        parts = urlsplit(options.null)
        raw = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        address = parts.hostname or "", parts.port or 80
        for count in connections:
            load = measure(address, [raw], connections=count, seconds=options.seconds)
            rows.append(
                {"server": "null route", "case": "null", "connections": count, **asdict(load)}
            )
    print(json.dumps(rows, indent=1) if options.json else table(rows))
    return 0


def _servers(options: argparse.Namespace) -> list[Server]:
    tokens = dict(text.split("=", 1) for text in options.token)
    pids = dict(text.split("=", 1) for text in options.pids)
    return [
        Server(
            name=name,
            base=base.rstrip("/"),
            token=tokens.get(name, ""),
            pids=tuple(int(pid) for pid in pids.get(name, "").split(",") if pid),
        )
        for name, _, base in (text.partition("=") for text in options.servers)
    ]


def _chosen(options: argparse.Namespace) -> list[str]:
    return [name for name in options.only.split(",") if name]


def _checked(server: Server, corpus: Any, only: Sequence[str]) -> dict[str, list[Request]]:
    """The cases of a server, after a look at some of its answers."""
    session = server.session()
    found = cases(corpus, lambda path: ask(session, server.base, Request(path=path, check=bool)))
    found = {name: requests_ for name, requests_ in found.items() if not only or name in only}
    for name, requests_ in found.items():
        for request in requests_[:20]:
            if not request.check(ask(session, server.base, request)):
                sys.exit(f"{server.name} answers {name} wrongly: {request.path}")
    return found


def _row(
    server: Server, case: str, requests_: list[Request], count: int, options: argparse.Namespace
) -> dict[str, Any]:
    prefix = urlsplit(server.base).path
    host = urlsplit(server.base).netloc
    tags = _tags(server, requests_) if options.revalidate else [""] * len(requests_)
    raw = [
        request.raw(host, prefix, server.headers | ({"If-None-Match": tag} if tag else {}))
        for request, tag in zip(requests_, tags, strict=True)
    ]
    seconds = options.seconds * (2.5 if case == "list-all" else 1)
    before = [cpu_seconds(pid) for pid in server.pids]
    load = measure(
        server.address, raw, connections=count, seconds=seconds, status=304 if tags[0] else 200
    )
    used = sum(cpu_seconds(pid) - was for pid, was in zip(server.pids, before, strict=True))
    row: dict[str, Any] = {"server": server.name, "case": case, "connections": count}
    return {**row, **asdict(load), "cpu_ms": used / load.requests * 1000 if server.pids else None}


def _tags(server: Server, requests_: Sequence[Request]) -> list[str]:
    session = server.session()
    return [
        "" if one.body else session.get(server.base + one.path, timeout=300).headers.get("ETag", "")
        for one in requests_
    ]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows in Markdown."""
    head = "| case | connections | server | req/s | p50 ms | p99 ms | kB | CPU ms | failures |"
    lines = [head, "|---|---:|---|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        cpu = "" if row.get("cpu_ms") is None else f"{row['cpu_ms']:.2f}"
        lines.append(
            f"| {row['case']} | {row['connections']} | {row['server']} | {row['per_second']:.1f} "
            f"| {row['p50']:.2f} | {row['p99']:.2f} | {row['kilobytes']:.1f} | {cpu} "
            f"| {row['failures']} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
