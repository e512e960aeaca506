"""Visibility: from a changed file to the changed answer, at rest and with a backlog.

    python benchmarks/visibility.py CORPUS [--database URL] [--trials 20] [--interval "{seconds: 60}"]

Every file of the corpus (a copy of it) is a location of its own. A trial edits a description, asks
for a refresh of the entity, and looks until it shows. At rest nothing else is to be done; with a
backlog a sweep over all locations is being worked off, and the refresh has to overtake it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from servers import Portal, percentile, portal, write_config

LONGEST = 60.0
"""Seconds after which a trial has failed."""


def main() -> int:
    """Measure both, print one line each or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--database", help="an empty PostgreSQL database; SQLite by default")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--interval", default="{seconds: 60}", help="between two sweeps")
    parser.add_argument("--backlog", type=int, default=1000, help="keys that wait at least")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-corpus-") as name:
        corpus = Path(name, "corpus")
        shutil.copytree(options.corpus, corpus)
        entities = json.loads((corpus / "manifest.json").read_text())["entities"]
        config = write_config(corpus, Path(name), interval=options.interval)
        with portal("--config", str(config), database=options.database) as running:
            running.wait_for(entities)
            running.settle()
            at_rest = _trials(running, corpus, options.trials, backlog=0)
            loaded = _trials(running, corpus, options.trials, backlog=options.backlog)
    rows = [_row("at rest", at_rest), _row("with a backlog", loaded)]
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            print(f"{row['case']}: p50 {row['p50']} s, p95 {row['p95']} s, slowest {row['max']} s")
    return 0


def _trials(running: Portal, corpus: Path, trials: int, *, backlog: int) -> list[float]:
    refs = json.loads((corpus / "manifest.json").read_text())["refs"]
    names = [ref.partition("/")[2] for ref in refs if ref.startswith("component:")]
    chosen = random.Random(f"{backlog}").sample(names, trials)
    times = []
    for number, name in enumerate(chosen):
        if backlog:
            _wait_for_backlog(running, backlog)
        else:
            running.settle()
        times.append(_trial(running, corpus, name, f"edit-{backlog}-{number}"))
    return times


def _wait_for_backlog(running: Portal, least: int) -> None:
    end = time.monotonic() + 600
    while running.gauge("plumbline_pending_keys") < least:
        running.check()
        if time.monotonic() > end:
            sys.exit(f"there never was a backlog of {least}")
        time.sleep(0.05)


def _trial(running: Portal, corpus: Path, name: str, mark: str) -> float:
    """Seconds from the change to the first answer that shows it."""
    path = corpus / "repos" / name / "catalog-info.yaml"
    text, n = re.subn(r'description: "', f'description: "{mark} ', path.read_text(), count=1)
    if not n:
        sys.exit(f"{path} has no description to edit")
    path.write_text(text)
    began = time.monotonic()
    ref = f"component:default/{name}"
    asked = running.session.post(f"{running.api}/refresh", json={"entityRef": ref}, timeout=60)
    if asked.status_code == 429:
        sys.exit("the portal rations refreshes, of which these are too many: see --trials")
    asked.raise_for_status()
    url = f"{running.api}/entities/by-name/component/default/{name}"
    while True:
        shown = running.session.get(url, timeout=60).json()["metadata"].get("description", "")
        if shown.startswith(mark):
            return time.monotonic() - began
        if time.monotonic() - began > LONGEST:
            sys.exit(f"the change of {ref} did not show within {LONGEST:.0f} s")
        time.sleep(0.01)


def _row(case: str, times: list[float]) -> dict[str, str | float]:
    return {
        "case": case,
        "p50": round(percentile(times, 0.5), 3),
        "p95": round(percentile(times, 0.95), 3),
        "max": round(max(times), 3),
    }


if __name__ == "__main__":
    sys.exit(main())
