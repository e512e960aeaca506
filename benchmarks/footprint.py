"""Footprint: start-up, memory and CPU of a portal that has nothing new to do.

    python benchmarks/footprint.py CORPUS [--database URL] [--rest 60] [--json]

The portal reads the corpus and is stopped. The second start is what is measured: how long until it
answers, how much memory all its processes take once it has settled, and how much CPU it uses while
nothing changes. A sweep falls into that time only where `--rest` is longer than `--interval`, which
counts with `--locations`; a portal of folders sweeps each hour.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from processes import cpu_seconds, memory
from servers import portal, write_config


def main() -> int:
    """Measure, print one line or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--database", help="an empty PostgreSQL database; SQLite by default")
    parser.add_argument("--rest", type=float, default=60, help="seconds to look at")
    parser.add_argument("--interval", default="{hours: 1}", help="between two sweeps")
    parser.add_argument("--locations", action="store_true", help="each file is one; else folders")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print(
            f"{found['entities']} entities: answers after {found['startSeconds']} s, "
            f"{found['megabytes']} MB, {found['cpuPercent']} % of a core at rest"
        )
    return 0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Read the corpus, start again, look."""
    entities = json.loads((options.corpus / "manifest.json").read_text())["entities"]
    folder = Path(tempfile.mkdtemp(prefix="plumbline-bench-"))
    arguments = ["--source", str(options.corpus)]
    if options.locations:
        config = write_config(options.corpus, folder, interval=options.interval)
        arguments = ["--config", str(config)]
    try:
        with portal(*arguments, database=options.database, data=folder / "data") as first:
            first.wait_for(entities)
            first.settle()
        with portal(*arguments, database=options.database, data=folder / "data") as running:
            if running.count() < entities:
                sys.exit("entities are missing after a restart")
            running.settle()
            before, began = cpu_seconds(running.process.pid), time.monotonic()
            time.sleep(options.rest)
            used = cpu_seconds(running.process.pid) - before
            return {
                "entities": entities,
                "startSeconds": round(running.start_seconds, 2),
                "megabytes": round(memory(running.process.pid) / 1e6),
                "cpuPercent": round(used / (time.monotonic() - began) * 100, 2),
            }
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
