"""Facts and results put into a database without the worker, and entities to be assessed one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from benchmarks.one_by_one import assessable
from portal.db.bulk import among
from portal.db.collection import facts
from portal.db.engine import Database
from portal.db.evaluation import results
from portal.db.tables import entities
from scorecards.collection.store import Asked, Assessable
from scorecards.collection.stored_facts import pack_record
from scorecards.evaluation.packing import PackedResult, pack
from scorecards.facts import FactRecord
from scorecards.results import ScorecardResult


@dataclass(frozen=True, kw_only=True)
class FactRows:
    """The facts of a database."""

    database: Database

    def save_facts(self, records: Sequence[FactRecord]) -> None:
        """Replace the stored records of the same entity and collector; one transaction."""
        with self.database.write() as connection:
            facts.save(connection, map(pack_record, records))


@dataclass(frozen=True, kw_only=True)
class ResultRows:
    """The results of a database."""

    database: Database

    def assessable(self, ids: Sequence[int]) -> list[Assessable]:
        """The entities that still exist, in the order of `ids`."""
        with self.database.read() as connection:
            return assessable(connection, ids)

    def save_results(
        self, ids: Sequence[int], found: Sequence[ScorecardResult], *, asked: Asked | None = None
    ) -> None:
        """Replace what is stored for these entities, as `results.save` does; one transaction."""
        by_ref: dict[str, list[PackedResult]] = {}
        for result in found:
            by_ref.setdefault(result.ref, []).append(pack(result))
        now = asked.at if asked else max((r.evaluated_at for r in found), default=None)
        with self.database.write() as connection:
            wanted = select(entities.c.id, entities.c.ref).where(
                among(connection, entities.c.id, ids)
            )
            rows = connection.execute(wanted).all()
            packed = {row.id: by_ref.get(row.ref, ()) for row in rows}
            results.save(connection, packed, at=now or datetime.now(UTC), asked=asked)
