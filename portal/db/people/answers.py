"""Answers to manual checks as they are stored: all of them, and of each check the one that counts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from portal.db.bulk import among, next_id
from portal.db.engine import time_of
from portal.db.ingest.catalog_store import next_seq
from portal.db.page import Page, number, page_of
from portal.db.tables import answers, entities
from portal.db.work.marks import mark
from scorecards.evaluation.decisions import Answer


def put(connection: Connection, ref: str, answer: Answer) -> None:
    """Keep an answer about an entity, which is marked for assessment."""
    connection.execute(
        insert(answers).values(
            id=next_id(connection, answers),
            ref=ref,
            scorecard=answer.scorecard,
            check=answer.check,
            passes=answer.passes,
            comment=answer.comment,
            evidence=answer.evidence,
            actor=answer.actor,
            at=answer.at,
            expires_at=answer.expires_at,
            lapsed=False,
        )
    )
    _mark(connection, [ref], {answer.scorecard})


def list_answers(
    connection: Connection,
    ref: str,
    scorecard: str,
    check: str,
    *,
    after: str | None = None,
    limit: int = 50,
) -> Page[Answer]:
    """A page of what was said to a check of an entity, the newest first."""
    found = select(answers).where(
        answers.c.ref == ref, answers.c.scorecard == scorecard, answers.c.check == check
    )
    if after is not None:
        found = found.where(answers.c.id < number(after))
    rows = connection.execute(found.order_by(answers.c.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit, item=_answer, place=lambda row: str(row.id))


def latest(connection: Connection, ids: Collection[int]) -> dict[int, tuple[Answer, ...]]:
    """For each of these entities the latest answer to each check; without any it is not there."""
    last = (
        select(entities.c.id.label("entity_id"), func.max(answers.c.id).label("last"))
        .join(entities, entities.c.ref == answers.c.ref)
        .where(among(connection, entities.c.id, ids))
        .group_by(entities.c.id, answers.c.scorecard, answers.c.check)
        .subquery()
    )
    found = (
        select(last.c.entity_id, answers)
        .join(answers, answers.c.id == last.c.last)
        .order_by(answers.c.id)
    )
    given: dict[int, tuple[Answer, ...]] = {}
    for row in connection.execute(found):
        given[row.entity_id] = (*given.get(row.entity_id, ()), _answer(row))
    return given


def has_due(connection: Connection, *, now: datetime) -> bool:
    """Whether there is one for `expire`."""
    due = select(answers.c.id).where(answers.c.lapsed.is_(False), answers.c.expires_at <= now)
    return connection.execute(due.limit(1)).first() is not None


def expire(connection: Connection, *, now: datetime) -> int:
    """Mark the entities of which an answer has come to its time; returns how many answers."""
    due = (answers.c.lapsed.is_(False), answers.c.expires_at <= now)
    rows = connection.execute(select(answers.c.ref, answers.c.scorecard).where(*due)).all()
    if rows:
        connection.execute(update(answers).where(*due).values(lapsed=True))
        _mark(connection, {row.ref for row in rows}, {row.scorecard for row in rows})
    return len(rows)


def _mark(connection: Connection, refs: Collection[str], cards: Collection[str]) -> None:
    wanted = select(entities.c.id).where(among(connection, entities.c.ref, sorted(set(refs))))
    ids = list(connection.execute(wanted).scalars())
    mark(connection, ids, cards)
    next_seq(connection)


def _answer(row: Row[*tuple[Any, ...]]) -> Answer:
    return Answer(
        scorecard=row.scorecard,
        check=row.check,
        passes=row.passes,
        actor=row.actor,
        comment=row.comment,
        evidence=row.evidence,
        at=time_of(row.at),
        expires_at=time_of(row.expires_at),
    )
