"""Integrity: whether the database is sound, and whether what is derived fits what it derives from."""

from __future__ import annotations

from sqlalchemy import func, select, text

from portal.db.engine import Database
from portal.db.tables import declarations, entities, postings, terms


def integrity_fault(database: Database) -> str:
    """The first fault found, in a sentence; '' where there is none."""
    with database.read() as connection:
        if database.is_sqlite:
            verdict = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
            if verdict != "ok":
                return f"the file is damaged: {verdict}"
            broken = connection.execute(text("PRAGMA foreign_key_check")).first()
            if broken is not None:
                return f"a row of {broken[0]} refers to one of {broken[2]} that does not exist"
        counted = (
            select(postings.c.term_id, func.count().label("n"))
            .group_by(postings.c.term_id)
            .subquery()
        )
        wrong = connection.execute(
            select(func.count())
            .select_from(terms.outerjoin(counted, counted.c.term_id == terms.c.id))
            .where(terms.c.n != func.coalesce(counted.c.n, 0))
        ).scalar_one()
        if wrong:
            return f"{wrong} counts of the search index are wrong"
        serving = select(declarations.c.ref_id).where(declarations.c.serving)
        unbacked = connection.execute(
            select(func.count()).select_from(entities).where(entities.c.id.not_in(serving))
        ).scalar_one()
        return f"{unbacked} entities have no file that declares them" if unbacked else ""
