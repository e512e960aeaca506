"""Pages: every kind of page of a large portal, warm, cold, and while the catalog changes all the time.

    python benchmarks/pages.py [--components 20000] [--groups 300] [--rounds 20] [--scattered]
                               [--folder FOLDER] [--only TEXT] [--json]

The organization of `organizations.py` is read and assessed by `portal up` on SQLite, gets a year of
history, exemptions and a campaign, and is served by the same command. `--scattered` then lets nearly all
outcomes differ, which real ones do not, and which is the worst case for counting. `--folder` keeps what
was made, and takes what was kept; a scattered run works on a copy.

Each page is asked for first in a process that has answered nothing (cold), then in rounds of all pages;
then in as many rounds in which a fact is pushed right before each page, so that each finds another state of
the catalog, and the work that a pushed fact makes goes on beside it. A route that does nothing, in a
server of its own with as many threads, is asked in the same rounds. Every answer has to contain a number
that the API says, or a text. Times are those of a client on the same machine, processor time is that of all
processes of the portal; sizes are with gzip, of the page with its stylesheet, script and icon.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any
from urllib.parse import urlencode

import organizations
from processes import cpu_seconds
from servers import Portal, percentile, portal

from portal.db.engine import open_database

EXEMPTIONS = 40
MATURITY = "service-maturity"
NULL = Path(__file__).parent / "null_route.py"


@dataclass(kw_only=True)
class Page:
    """A page, what has to be in it, and how long it took."""

    path: str
    expected: str
    cold: float = 0.0
    """In milliseconds, as the others."""
    warm: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Of the portal's processes while the page was asked for, warm; in steps of 10."""
    changing: list[float] = field(default_factory=list)
    kilobytes: float = 0.0
    """Compressed, with what it loads."""


def main() -> int:
    """Make or take the store, measure, print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--components", type=int, default=20_000)
    parser.add_argument("--groups", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--scattered", action="store_true", help="nearly all outcomes differ")
    parser.add_argument("--folder", type=Path, help="where the store is kept")
    parser.add_argument("--only", default="", help="pages with this in their path")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        folder = options.folder or Path(name, "store")
        if not (folder / "data").exists():
            make(folder, options)
        if options.scattered:
            folder = shutil.copytree(folder, Path(name, "scattered"))
            print(f"{_in_database(folder, organizations.scatter):,} patterns", file=sys.stderr)
        with null_route() as null, serving(folder) as running:
            pages = [one for one in pages_of(running, options) if options.only in one.path]
            found = measure(running, null, pages, options)
    print(json.dumps(found, indent=1) if options.json else table(found))
    return 0


@contextmanager
def serving(folder: Path) -> Iterator[Portal]:
    """The portal of a store."""
    arguments = ["--source", str(folder / "src"), "--config", str(folder / "app-config.yaml")]
    with portal(*arguments, data=folder / "data") as running:
        yield running


def make(folder: Path, options: argparse.Namespace) -> None:
    """Write descriptors, have them read and assessed, and give them a past."""
    organizations.write(folder, components=options.components, groups=options.groups)
    with serving(folder) as running:
        running.wait_for(options.components + options.groups)
        running.settle()
        organizations.decide(running, exemptions=EXEMPTIONS)
        running.settle()
    _in_database(folder, organizations.make_past)


def _in_database(folder: Path, change: Callable[[Any], Any]) -> Any:
    database = open_database(f"sqlite:///{folder / 'data' / 'portal.db'}")
    with database.write() as connection:
        found = change(connection)
    database.close()
    return found


@contextmanager
def null_route() -> Iterator[str]:
    """Host and port of the route that does nothing."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, NULL, "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        address = f"127.0.0.1:{port}"
        for _ in range(200):
            try:
                http.client.HTTPConnection(address, timeout=5).connect()
                break
            except OSError:
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait()


def pages_of(running: Portal, options: argparse.Namespace) -> list[Page]:
    """Every kind of page, with a number that the API says: it counts by other code."""

    def ask(path: str) -> dict[str, Any]:
        answer = running.session.get(running.base + path, timeout=120)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def components(*filters: str) -> str:
        query = urlencode({"filter": ",".join(["kind=component", *filters]), "limit": 0})
        count = ask(f"/api/catalog/entities/by-query?{query}")["totalItems"]
        return f"{count:,} Component"

    last = options.groups - 1
    below = ",".join(f"relations.ownedBy=group:default/group-{n}" for n in _below(1, last))
    team = f"group:default/group-{last}"
    results = ask(f"/api/v1/scorecards/{MATURITY}/rollup?limit=1")["entities"]
    assessed = f"{results:,} entities"
    asked = f"{ask('/api/v1/coverage')['asked']:,}"
    card, one = f"/scorecards/{MATURITY}", "/catalog/component/default/component-77"
    texts = {
        "/": f"{results:,}",
        f"/?team={team}": "group-",
        "/catalog": components(),
        "/catalog?kind=all": f"{running.count():,} ",
        "/catalog?kind=component&type=service": components("spec.type=service"),
        f"/catalog?kind=component&owner={team}": components(f"relations.ownedBy={team}"),
        "/catalog?kind=component&tag=go&lifecycle=production": components(
            "metadata.tags=go", "spec.lifecycle=production"
        ),
        "/catalog?kind=component&within=group:default/group-1": components(below),
        "/catalog?kind=component&q=component-77": "component-77",
        "/catalog?kind=component&level=documentation:Described": "Described",
        f"/catalog?kind=component&level={MATURITY}:not-assessed": "not-assessed",
        "/catalog?kind=component&column=tags&column=failing": components(),
        "/catalog?kind=component&sort=-owner&page=9": components(),
        **{f"{one}{tab}": "component-77" for tab in _tabs("scorecards", "relations", "facts")},
        **{f"{one}{tab}": "component-77" for tab in _tabs("descriptor", "history")[1:]},
        "/catalog/group/default/group-1": "group-1",
        "/catalog/group/default/group-1?tab=relations": "group-1",
        "/catalog/group/default/group-1?tab=relations&follow=ownership&steps=3": "group-1",
        "/scorecards": f"{results:,}",
        card: f"{results:,}",
        f"{card}?level=1": f"{results:,}",
        f"{card}?check=doc.readme&outcome=fail": f"{results:,}",
        f"{card}/trends": "What changed, and why",
        f"{card}/trends?range=365&by=week": "What changed, and why",
        f"{card}/trends?range=365&by=month&within=group:default/group-1": "group-1",
        f"{card}/versions": "Service maturity",
        f"{card}/edit": "Service maturity",
        **{f"/insights?by={by}": assessed for by in ("owner", "system", "domain", "type", "lifecycle")},
        "/risks": "Ownership and risk",
        "/risks?team=group:default/group-1": "Ownership and risk of group-1",
        "/notices?team=group:default/group-1": "Notices for group-1",
        "/coverage": asked,
        f"/coverage?owner={team}": "Coverage",
        f"/coverage?scorecard={MATURITY}": "Coverage",
        "/exemptions": "The description says what it does",
        "/exemptions/1": "It moves in spring.",
        f"/exemptions/new?ref=component:default/component-7&scorecard={MATURITY}": "component-7",
        "/campaigns": "Everything is Managed",
        "/campaigns/managed": "Everything is Managed",
        "/campaigns/new?scorecard=service-maturity": "Plan a campaign",
        "/problems": "Why is my component not here?",
        "/locations": "src",
        "/search?q=component-77": "component-77",
        **{f"/admin/{of}": "Admin" for of in ("removals", "plugins", "jobs", "access", "decisions")},
        "/check-descriptor": "descriptor",
    }  # fmt: skip
    return [Page(path=path, expected=expected) for path, expected in texts.items()]


def _tabs(*names: str) -> list[str]:
    return ["", *(f"?tab={name}" for name in names)]


def _below(group: int, last: int) -> list[int]:
    """The group, and those below it."""
    found = [group]
    for one in found:
        found += [below for below in range(8 * one + 1, 8 * one + 9) if below <= last]
    return found


def measure(
    running: Portal, null: str, pages: Sequence[Page], options: argparse.Namespace
) -> dict[str, Any]:
    """Cold, then warm, then changing."""
    address = running.base.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=120)
    nothing = http.client.HTTPConnection(null, timeout=120)
    chosen = random.Random(4)
    nulls, changing_nulls = [], []
    nothing_at_all = Page(path="/", expected="{}")
    for page in pages:
        page.cold = _timed(connection, page)
    page_assets = _assets(connection)
    for _ in range(options.rounds):
        for page in pages:
            before = cpu_seconds(running.process.pid)
            page.warm.append(_timed(connection, page))
            page.cpu.append((cpu_seconds(running.process.pid) - before) * 1000)
            nulls.append(_timed(nothing, nothing_at_all))
    for _ in range(options.rounds):
        for page in pages:
            organizations.push(running, chosen.randrange(options.components), chosen.random())
            page.changing.append(_timed(connection, page))
            changing_nulls.append(_timed(nothing, nothing_at_all))
    for page in pages:
        page.kilobytes = _compressed(connection, page.path) + page_assets
    connection.close()
    nothing.close()
    return {
        "components": options.components,
        "scattered": options.scattered,
        "null": {
            "p50": median(nulls),
            "p95": percentile(nulls, 0.95),
            "changingP50": median(changing_nulls),
        },
        "pages": [
            {
                "path": page.path,
                "cold": page.cold,
                "p50": median(page.warm),
                "p95": percentile(page.warm, 0.95),
                "cpu": mean(page.cpu),
                "changingP50": median(page.changing),
                "changingP95": percentile(page.changing, 0.95),
                "kilobytes": page.kilobytes,
            }
            for page in pages
        ],
    }


def _timed(connection: http.client.HTTPConnection, page: Page) -> float:
    """Milliseconds until the whole answer is there; ends with a message where it is wrong."""
    began = time.perf_counter()
    connection.request("GET", page.path, headers={"Accept": "text/html"})
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - began) * 1000
    if answer.status != 200 or page.expected not in body.decode():
        sys.exit(f"{page.path} is wrong: {answer.status}, without {page.expected!r}")
    return took


def _assets(connection: http.client.HTTPConnection) -> float:
    """Kilobytes of what every page loads."""
    names = ("plumbline.css", "plumbline.js", "favicon.svg")
    return sum(_compressed(connection, f"/static/{name}") for name in names)


def _compressed(connection: http.client.HTTPConnection, path: str) -> float:
    connection.request("GET", path, headers={"Accept": "text/html"})
    return len(gzip.compress(connection.getresponse().read(), 6)) / 1000


def table(found: dict[str, Any]) -> str:
    """The pages in Markdown, the slowest first."""
    null = found["null"]
    lines = [
        f"A route that does nothing: {null['p50']:.2f} ms, {null['changingP50']:.2f} ms meanwhile\n",
        "| page | cold ms | warm p50, p95 ms | in null routes | CPU ms "
        "| changing p50, p95 ms | in null routes | kB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for page in sorted(found["pages"], key=lambda one: -one["p95"]):
        cells = [
            f"`{page['path']}`",
            f"{page['cold']:.0f}",
            f"{page['p50']:.0f}, {page['p95']:.0f}",
            f"{page['p50'] / null['p50']:.0f}, {page['p95'] / null['p50']:.0f}",
            f"{page['cpu']:.0f}",
            f"{page['changingP50']:.0f}, {page['changingP95']:.0f}",
            f"{page['changingP50'] / null['changingP50']:.0f}, "
            f"{page['changingP95'] / null['changingP50']:.0f}",
            f"{page['kilobytes']:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
