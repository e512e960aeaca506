"""Simulation: one changed rule over many entities, from stored facts and results.

    python benchmarks/simulation.py [--entities 100000] [--database URL] [--trials 5] [--json]

The sample organization is read and assessed, and its components are copied, each with another size of
README, until there are as many as wanted. The size that a README must have is then raised. Exits with
1 where the answer is not what assessing some of the entities one by one says.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import tempfile
import time
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
from one_by_one import assessable
from sqlalchemy import Connection, Table, func, select

from portal.config import Settings
from portal.db import tables
from portal.db.bulk import add
from portal.db.sources import locations
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs
from portal.worker.assessment import assessing
from portal.worker.assessment.asking import Means
from portal.worker.simulation.simulating import Simulated, simulate
from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.assessment import Assessor
from scorecards.results import outcome_letters
from scorecards.scorecard import Scorecard

CARD = "service-maturity"
RULE, STRICTER = "repo.readme.bytes >= 500", "repo.readme.bytes >= 2500"


def main() -> int:
    """Fill, simulate, compare, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--database", help="an empty PostgreSQL database; SQLite by default")
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-") as name, closing(Pool(2)) as pool:
        data = Path(name)
        url = options.database or f"sqlite:///{data / 'portal.db'}"
        portal = open_portal(Settings(database=url, data_dir=data, sample=True))
        _read(portal, pool)
        _copy(portal, options.entities)
        before, after = _definitions(portal)
        gc.collect()
        gc.freeze()  # as a server does once it has started
        seconds, found = [], None
        for _ in range(options.trials):
            begin = time.perf_counter()
            found = _simulate(portal, pool, before, after)
            seconds.append(time.perf_counter() - begin)
        assert found is not None
        right = _is_right(portal, after, found)
        portal.database.close()
    row = {
        "case": "one changed rule",
        "entities": found.simulation.entities,
        "falling": found.simulation.down,
        "p50": round(statistics.median(seconds), 2),
        "max": round(max(seconds), 2),
        "right": right,
    }
    print(json.dumps([row], indent=1) if options.json else row)
    return 0 if right else 1


def _read(portal: Portal, pool: Pool) -> None:
    prepare(portal)
    tools = tools_of(portal, pool)
    with portal.database.read() as connection:
        found = locations.list_locations(connection)
    for location in found:
        for repository in jobs.list_repositories(tools, location.id):
            jobs.ingest(tools, location.id, repository)
    while assessing.assess_round(tools):
        pass


def _copy(portal: Portal, wanted: int) -> None:
    """Copy the components, with facts, results and owners, until there are `wanted` results."""
    with portal.database.read() as connection:
        made = _copies(connection, wanted)
    with portal.database.write() as connection:
        for table, new in made.items():
            add(connection, table, [c.name for c in table.columns], new)


def _copies(connection: Connection, wanted: int) -> dict[Table, list[tuple[Any, ...]]]:
    """The rows of the copies, by table, each in the order of its key."""
    sizes = random.Random(1)

    def rows(table: Table, key: str) -> dict[int, list[tuple[Any, ...]]]:
        found: dict[int, list[tuple[Any, ...]]] = {}
        for row in connection.execute(select(table)):
            found.setdefault(getattr(row, key), []).append(tuple(row))
        return found

    of_kind = tables.entities.c.kind == "component"
    sources = [row._mapping for row in connection.execute(select(tables.entities).where(of_kind))]
    facts, results = rows(tables.facts, "entity_id"), rows(tables.results, "entity_id")
    edges = rows(tables.edges, "source_id")
    first = connection.execute(select(func.max(tables.refs.c.id))).scalar_one() + 1
    copied = (tables.refs, tables.entities, tables.facts, tables.results, tables.edges)
    made: dict[Table, list[tuple[Any, ...]]] = {table: [] for table in copied}
    for number in range(max(wanted - len(sources), 0)):
        source, id_ = sources[number % len(sources)], first + number
        ref = f"component:default/copy-{number}"
        names = {"id": id_, "uid": f"copy-{number}", "ref": ref, "name": f"copy-{number}"}
        made[tables.refs].append((id_, ref))
        made[tables.entities].append(tuple({**source, **names}.values()))
        for row in facts.get(source["id"], ()):
            columns = dict(zip(tables.facts.columns.keys(), row, strict=True))
            columns["entity_id"] = id_
            state = orjson.loads(columns["facts"])
            if "repo.readme.bytes" in state:
                state["repo.readme.bytes"] = {"v": sizes.randrange(500, 5_000)}
                columns["facts"] = orjson.dumps(state)
            made[tables.facts].append(tuple(columns.values()))
        made[tables.results] += [(row[0], id_, *row[2:]) for row in results[source["id"]]]
        made[tables.edges] += [(id_, *row[1:]) for row in edges.get(source["id"], ())]
    for table, new in made.items():
        key = len(table.primary_key.columns)
        new.sort(key=lambda row, key=key: row[:key])
    return made


def _definitions(portal: Portal) -> tuple[Scorecard, Scorecard]:
    text = (files("scorecards") / f"library/{CARD}.yaml").read_text("utf-8")
    changed = text.replace(RULE, STRICTER)
    assert changed != text, "the library asks for another size of README"
    (after,), problems = load_scorecards(changed, file="changed.yaml", schemas=portal.schemas)
    assert problems == ()
    return next(card for card in portal.scorecards if card.name == CARD), after


def _simulate(portal: Portal, pool: Pool, before: Scorecard, after: Scorecard) -> Simulated:
    with portal.database.read() as connection:
        means = Means(
            connection=connection,
            pool=pool,
            collectors=portal.sources_of_facts,
            schemas=portal.schemas,
            unfed=portal.unfed,
            now=portal.now(),
        )
        return simulate(means, before=before, after=after, published=portal.scorecards)


def _is_right(portal: Portal, after: Scorecard, found: Simulated) -> bool:
    """Whether the entities that are named as falling say that, assessed one by one."""
    named = {example.ref: example.case.after for example in found.down}
    with portal.database.read() as connection:
        wanted = select(tables.entities.c.id).where(tables.entities.c.ref.in_(list(named)))
        subjects = assessable(connection, connection.execute(wanted).scalars().all())
    assessor = Assessor([after], portal.schemas)
    said = {
        result.ref: outcome_letters(result)
        for subject in subjects
        for result in assessor.assess(subject, now=portal.now())
    }
    return bool(named) and said == named


if __name__ == "__main__":
    sys.exit(main())
