"""Cold ingest: from files on disk to visible in the API, end to end, on an empty database.

    python benchmarks/cold_ingest.py CORPUS [CORPUS ...] [--database URL] [--json]

A corpus is a folder of descriptors with a `manifest.json` that holds `entities` (how many) and
`refs` (each of them). For every corpus the real `portal up` is started on a fresh data directory;
the clock runs from the first moment the server answers, when nothing is ingested yet, until every
entity is counted. The answers are checked: a sample of refs is asked for by name, and one that is
not there must not be found. With several corpora the cost for each entity is compared, which is
what says whether it grows with the size.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any

import requests
from servers import portal

SAMPLE = 200


def main() -> int:
    """Measure each corpus and print one line, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--database", help="an empty PostgreSQL database; SQLite by default")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measure(corpus, options.database) for corpus in options.corpora]
    for row in rows[1:]:
        row["costRatio"] = round(row["secondsPerEntity"] / rows[0]["secondsPerEntity"], 2)
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            ratio = f", {row['costRatio']} times the first's cost" if "costRatio" in row else ""
            print(
                f"{row['entities']} entities in {row['seconds']} s: "
                f"{row['entitiesPerSecond']}/s{ratio} (start {row['startSeconds']} s)"
            )
    return 0


def measure(corpus: Path, database: str | None) -> dict[str, Any]:
    """Start a portal on `corpus`, wait for all of it, check answers."""
    manifest = json.loads((corpus / "manifest.json").read_text())
    with portal("--source", str(corpus), database=database) as running:
        seconds = running.wait_for(manifest["entities"])
        _check(running.session, running.api, manifest["refs"])
    return {
        "corpus": str(corpus),
        "entities": manifest["entities"],
        "startSeconds": round(running.start_seconds, 2),
        "seconds": round(seconds, 2),
        "entitiesPerSecond": round(manifest["entities"] / seconds),
        "secondsPerEntity": seconds / manifest["entities"],
    }


def _check(session: requests.Session, api: str, refs: list[str]) -> None:
    """The answers have to be right, or the time means nothing."""
    for ref in random.Random(7).sample(refs, min(SAMPLE, len(refs))):
        kind, _, rest = ref.partition(":")
        answer = session.get(f"{api}/entities/by-name/{kind}/{rest}", timeout=30)
        body = (
            answer.json() if answer.ok else {"kind": "", "metadata": {"namespace": "", "name": ""}}
        )
        found = f"{body['kind']}:{body['metadata']['namespace']}/{body['metadata']['name']}"
        if found.lower() != ref.lower():
            sys.exit(f"{ref} was answered with {answer.status_code} {answer.text[:200]}")
    if (
        session.get(f"{api}/entities/by-name/component/default/nothing", timeout=30).status_code
        != 404
    ):
        sys.exit("an entity that does not exist was found")


if __name__ == "__main__":
    sys.exit(main())
