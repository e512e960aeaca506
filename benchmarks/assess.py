"""Assessment: stored facts to stored results, all of them, one of them, and all of them again.

    python benchmarks/assess.py [--total 100000] [--database URL] [--changes 20] [--profile] [--json]

The fifty checks are those of `checks.py`, the entities those of `services.py`. Entities and facts are
stored, every entity is marked, and the product's own rounds assess them with two processes: that is
the first case. Then one fact of one entity is pushed, and it is waited until the stored result has it;
then all is marked and assessed once more, which must write nothing. Exits with 1 where stored results
are not what assessing a sample one by one says, or where the database has grown without a change.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import checks
import services
import size
from one_by_one import assessable
from sqlalchemy import Connection, func, select

from portal.config import Settings
from portal.db import tables
from portal.db.bulk import add
from portal.db.collection import facts, pushed
from portal.db.evaluation import results
from portal.db.migrations import migrate
from portal.db.work import marks
from portal.pool import Pool
from portal.wiring import open_portal, tools_of
from portal.worker.assessment import assessing
from portal.worker.tools import Tools
from scorecards.collection.serialization import facts_to_json
from scorecards.definitions.readers import readers
from scorecards.evaluation.assessment import Assessor
from scorecards.facts import FactRecord, Known
from scorecards.results import LETTERS

SAMPLE = 500
"""Entities that are assessed one by one, too."""

ALL = frozenset(checks.CARDS)


def main() -> int:
    """Store, assess, change, assess again; print a line each or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--total", type=int, default=100_000, help="entities")
    parser.add_argument("--database", help="an empty PostgreSQL database; SQLite by default")
    parser.add_argument(
        "--changes", type=int, default=20, help="facts that are changed, one by one"
    )
    parser.add_argument("--profile", action="store_true", help="where the parent's time goes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-") as name, closing(Pool(2)) as pool:
        url = options.database or f"sqlite:///{Path(name, 'portal.db')}"
        portal = open_portal(Settings(database=url, data_dir=Path(name)))
        migrate(portal.database)
        portal = replace(portal, scorecards=checks.scorecards(), now=lambda: services.NOW)
        tools = tools_of(portal, pool)
        fill(tools, options.total)
        rows = [everything("all", tools, options.profile)]
        right = is_right(tools, options.total)
        rows.append(changes(tools, options.total, options.changes))
        rows.append(everything("all again", tools, options.profile))
        # PostgreSQL notes free space and visibility beside the rows, by itself.
        most = 0 if tools.database.is_sqlite else 1_000_000
        right = right and is_right(tools, options.total) and rows[-1]["grownBy"] <= most
        portal.database.close()
    for row in rows:
        row["right"] = right
    print(json.dumps(rows, indent=1) if options.json else "\n".join(map(str, rows)))
    return 0 if right else 1


def fill(tools: Tools, total: int) -> None:
    """Store entities and facts, as collecting them would."""
    batch = 5_000
    for first in range(0, total, batch):
        made = [services.made(number) for number in range(first, min(first + batch, total))]
        ids = range(first + 1, first + 1 + len(made))
        records = [
            (number, *_header(record), facts_to_json(record))
            for number, one in zip(ids, made, strict=True)
            for record in one.records
        ]
        with tools.database.write() as connection:
            refs = [(number, one.ref) for number, one in zip(ids, made, strict=True)]
            add(connection, tables.refs, ("id", "ref"), refs)
            columns = [column.name for column in tables.entities.columns]
            entities = [
                tuple(_entity(number, one).values()) for number, one in zip(ids, made, strict=True)
            ]
            add(connection, tables.entities, columns, entities)
            add(connection, tables.facts, facts.COLUMNS, records)


def _header(record: FactRecord) -> tuple[Any, ...]:
    return (
        record.collector,
        record.version,
        record.url,
        record.revision,
        record.observed_at,
        record.valid_until,
    )


def _entity(number: int, one: services.Made) -> Mapping[str, Any]:
    kind, _, rest = one.ref.partition(":")
    name = rest.rpartition("/")[2]
    return {
        "id": number,
        "uid": f"uid-{number}",
        "ref": one.ref,
        "kind": kind,
        "namespace": "default",
        "name": name,
        "body": one.body,
        "digest": "",
        "relations": b"[]",
        "etag": "",
        "terms": b"",
        "status": None,
        "file_id": None,
        "document": 0,
        "revision": "",
        "seq": 0,
        "created_at": services.NOW,
        "updated_at": services.NOW,
    }


def everything(case: str, tools: Tools, profiled: bool) -> dict[str, Any]:
    """Mark every entity and assess them."""
    before = _bytes(tools)
    with tools.database.write() as connection:
        marks.mark_all(connection, ALL)
    profiler = cProfile.Profile()
    began, used = time.perf_counter(), time.process_time()
    if profiled:
        profiler.enable()
    done = 0
    while assessed := assessing.assess_round(tools):
        done += assessed
    profiler.disable()
    seconds, parent = time.perf_counter() - began, time.process_time() - used
    if profiled:
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(30)
    return {
        "case": case,
        "entities": done,
        "checks": checks.count(),
        "seconds": round(seconds, 2),
        "checksPerSecond": round(done * checks.count() / seconds),
        "parentSeconds": round(parent, 2),
        "grownBy": _bytes(tools) - before,
    }


def _bytes(tools: Tools) -> int:
    """What facts, results and their history take; marks come and go."""
    with tools.database.read() as connection:
        found = size.measure(connection)["tables"]
    return sum(
        found[table.name]
        for table in (
            tables.facts,
            tables.results,
            tables.transitions,
            tables.evidence,
            tables.layouts,
            tables.check_lists,
            tables.fact_versions,
        )
    )


def changes(tools: Tools, total: int, number: int) -> dict[str, Any]:
    """Change a fact of one entity after the other, and look until the result has it."""
    looked_at = readers(checks.scorecards(), checks.SCHEMAS)
    chosen, seconds = random.Random(1), []
    while len(seconds) < number:
        entity = chosen.randrange(total) + 1
        if seconds_ := _change(tools, entity, looked_at, step=len(seconds) + 1):
            seconds.append(seconds_)
    return {
        "case": "one changed fact",
        "entities": total,
        "p50": round(statistics.median(seconds), 4),
        "max": round(max(seconds), 4),
    }


def _change(
    tools: Tools, entity: int, looked_at: Mapping[str, frozenset[str]], *, step: int
) -> float | None:
    """Seconds until `doc.readme` says something else; None: it does not apply to this entity."""
    with tools.database.read() as connection:
        before = _readme(connection, entity)
        kept = {one.collector: one for one in facts.for_entity(connection, entity)}["repo"]
    if before not in ("p", "f"):
        return None
    enough = {"p": 0, "f": 20_000}[before]
    states = dict(kept.facts) | {
        "repo.readme.bytes": Known(value=enough),
        "repo.readme.headings": Known(value=enough),
    }
    at = kept.observed_at + timedelta(seconds=step)
    began = time.perf_counter()
    with tools.database.write() as connection:
        changed = replace(kept, facts=states, observed_at=at, url="", revision="")
        pushed.push(connection, [changed], looked_at)
    assert assessing.assess_round(tools) == 1
    with tools.database.read() as connection:
        after = _readme(connection, entity)
    assert {before, after} == {"p", "f"}, (before, after)
    return time.perf_counter() - began


def _readme(connection: Connection, entity: int) -> str | None:
    for one in results.for_entity(connection, entity):
        for said in one.result.results:
            if said.check == "doc.readme":
                return LETTERS[said.outcome]
    return None


def is_right(tools: Tools, total: int) -> bool:
    """Whether stored results are what assessing the facts of a sample, one by one, says."""
    chosen = sorted(random.Random(2).sample(range(1, total + 1), min(total, SAMPLE)))
    assessor = Assessor(checks.scorecards(), checks.SCHEMAS)
    with tools.database.read() as connection:
        subjects = assessable(connection, chosen)
        stored = results.for_entities(connection, chosen)
        waiting = marks.count_marks(connection)
        number = connection.execute(select(func.count()).select_from(tables.results)).scalar_one()
    wanted = {
        one.id: {said.scorecard: said for said in assessor.assess(one, now=services.NOW)}
        for one in subjects
    }
    found = {
        id_: {one.result.scorecard: one.result for one in stored.get(id_, ())} for id_ in chosen
    }
    return not waiting and number > total and _same(found) == _same(wanted)


def _same(found: Mapping[int, Mapping[str, Any]]) -> Any:
    return {
        id_: {name: replace(one, evaluated_at=services.NOW) for name, one in of_entity.items()}
        for id_, of_entity in found.items()
    }


if __name__ == "__main__":
    sys.exit(main())
