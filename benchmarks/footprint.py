"""Footprint: memory while a portal reads and assesses all for the first time, and what it takes at rest.

    python benchmarks/footprint.py CORPUS [--database URL] [--rest 60] [--json]

The portal reads and assesses the corpus: the most memory that all its processes take at any time, and
what they take after it, both by process. Then it is stopped and started again: how long until it
answers, how much memory its processes take once it has settled, and how much CPU it uses while nothing
changes. A sweep falls into that time only where `--rest` is longer than `--interval`, which
counts with `--locations`; a portal of folders sweeps each hour.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

from processes import cpu_seconds, memory, memory_of_each
from servers import portal, write_config

LOOK = 1.0
"""Seconds between two looks at the memory."""

AFTER = 10.0
"""Seconds after all was assessed in which what was needed for it may be given back."""


class Watch:
    """Looks at the memory of a process and its descendants, over and over, in a thread of its own."""

    def __init__(self, root: int) -> None:
        self.most: list[int] = []
        """Bytes of each, when they had most together."""
        self._root = root
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ends.wait(LOOK):
            self.most = max(self.most, memory_of_each(self._root), key=sum)


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
            f"{found['entities']} entities, read and assessed for the first time: at most "
            f"{sum(found['mostMegabytes'])} MB {found['mostMegabytes']}, "
            f"after it {sum(found['assessedMegabytes'])} MB {found['assessedMegabytes']}; "
            f"started again: answers after {found['startSeconds']} s, "
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
            with Watch(first.process.pid) as watch:
                first.wait_for(entities)
                first.settle()
                time.sleep(AFTER)
            assessed = memory_of_each(first.process.pid)
        with portal(*arguments, database=options.database, data=folder / "data") as running:
            if running.count() < entities:
                sys.exit("entities are missing after a restart")
            running.settle()
            before, began = cpu_seconds(running.process.pid), time.monotonic()
            time.sleep(options.rest)
            used = cpu_seconds(running.process.pid) - before
            return {
                "entities": entities,
                "mostMegabytes": _megabytes(watch.most),
                "assessedMegabytes": _megabytes(assessed),
                "startSeconds": round(running.start_seconds, 2),
                "megabytes": round(memory(running.process.pid) / 1e6),
                "cpuPercent": round(used / (time.monotonic() - began) * 100, 2),
            }
    finally:
        shutil.rmtree(folder)


def _megabytes(each: list[int]) -> list[int]:
    """Of each process: the one that was started, the one that serves and works, its children."""
    return [round(one / 1e6) for one in each]


if __name__ == "__main__":
    sys.exit(main())
