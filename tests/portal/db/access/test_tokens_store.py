"""Tokens in the store, what a process remembers of them, and their place among the decisions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from catalog.errors import QueryError
from portal.auth.made import digest_of, new_secret
from portal.config.access import Restriction
from portal.db import tables
from portal.db.access import token_memory, tokens
from portal.db.access.token_memory import BELIEVED, NOTED, TokenMemory
from portal.db.access.tokens import Act
from portal.db.changes import decided
from portal.db.engine import Database
from portal.db.ingest import decisions
from tests.catalog_batches import new_store, put, reading
from tests.catalog_rows import entity

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = (
    Restriction(plugin="plumbline", permissions=("plumbline.facts.push",), facts=("coverage",)),
    Restriction(plugin="catalog", actions=("read",)),
)


def made(
    database: Database,
    subject: str = "ci",
    *,
    expires_at: datetime | None = NOW + 90 * DAY,
    at: datetime = NOW,
) -> tuple[int, str]:
    """A new token: its id and its secret."""
    secret = new_secret()
    with database.write() as connection:
        identifier = tokens.add(
            connection,
            digest=digest_of(secret),
            subject=subject,
            description="What CI shows.",
            restrictions=LIMITS,
            expires_at=expires_at,
            act=Act(actor="ann", at=at),
        )
    return identifier, secret


def revoke(database: Database, identifier: int, *, at: datetime = NOW + DAY) -> None:
    with database.write() as connection:
        tokens.revoke(connection, identifier, Act(actor="bob", at=at))


def stored(database: Database, identifier: int) -> tokens.MadeToken:
    with database.read() as connection:
        found = tokens.find(connection, identifier)
    assert found is not None
    return found


def test_a_token_is_kept_with_all_but_its_secret(database: Database) -> None:
    identifier, secret = made(database)
    found = stored(database, identifier)
    assert (found.subject, found.description) == ("ci", "What CI shows.")
    assert found.restrictions == LIMITS
    assert (found.made, found.revoked) == (Act(actor="ann", at=NOW), None)
    assert (found.expires_at, found.used_at) == (NOW + 90 * DAY, None)
    with database.read() as connection:
        assert tokens.find_by_digest(connection, digest_of(secret)) == found
        assert tokens.find_by_digest(connection, digest_of(new_secret())) is None
        rows = [*connection.execute(select(tables.tokens))]
    assert secret not in repr(rows)
    assert secret[4:] not in repr(rows)


def test_a_token_is_worth_something_until_its_time_or_until_it_is_revoked(
    database: Database,
) -> None:
    identifier, _ = made(database)
    found = stored(database, identifier)
    assert found.is_worth(NOW + 90 * DAY - timedelta(seconds=1))
    assert not found.is_worth(NOW + 90 * DAY)
    lasting, _ = made(database, expires_at=None)
    assert stored(database, lasting).is_worth(NOW + 9_000 * DAY)
    revoke(database, lasting)
    ended = stored(database, lasting)
    assert not ended.is_worth(NOW)
    assert ended.revoked == Act(actor="bob", at=NOW + DAY)


def test_a_token_is_revoked_once_and_another_one_not_at_all(database: Database) -> None:
    identifier, _ = made(database)
    other, _ = made(database)
    revoke(database, identifier)
    revoke(database, identifier, at=NOW + 2 * DAY)
    revoke(database, 77)
    assert stored(database, identifier).revoked == Act(actor="bob", at=NOW + DAY)
    assert stored(database, other).revoked is None


def test_tokens_are_listed_newest_first_and_stay_when_they_end(database: Database) -> None:
    ids = [made(database, f"ci-{number}")[0] for number in range(5)]
    revoke(database, ids[1])
    with database.read() as connection:
        first = tokens.list_tokens(connection, limit=3)
        rest = tokens.list_tokens(connection, after=first.after, limit=3)
        with pytest.raises(QueryError):
            tokens.list_tokens(connection, after="x")
        newer = tokens.find_newer(connection, "ci-2", than=ids[1])
        assert newer is not None
        assert newer.id == ids[2]
        assert tokens.find_newer(connection, "ci-2", than=ids[2]) is None
        assert tokens.last_id(connection) == ids[4]
    assert [one.id for one in (*first.items, *rest.items)] == ids[::-1]
    assert rest.after is None


def test_an_empty_list_has_no_last_one(database: Database) -> None:
    with database.read() as connection:
        assert tokens.last_id(connection) == 0
        assert tokens.list_tokens(connection).items == ()


# --- what a process remembers


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


def at_once(what: Callable[[], None]) -> None:
    what()


def remembering(database: Database) -> tuple[TokenMemory, Clock]:
    clock = Clock()
    return TokenMemory(database=database, now=clock, beside=at_once), clock


def test_a_token_is_believed_for_a_moment_and_then_looked_up_again(database: Database) -> None:
    identifier, secret = made(database)
    memory, clock = remembering(database)
    elsewhere, _ = remembering(database)
    assert memory.find(secret) is not None
    revoke(database, identifier)  # by another process
    clock.now += BELIEVED - timedelta(milliseconds=1)
    assert memory.find(secret) is not None
    clock.now += timedelta(milliseconds=1)
    assert memory.find(secret) is None
    assert elsewhere.find(secret) is None


def test_the_process_that_revokes_refuses_at_once(database: Database) -> None:
    identifier, secret = made(database)
    memory, _ = remembering(database)
    assert memory.find(secret) is not None
    revoke(database, identifier)
    memory.forget()
    assert memory.find(secret) is None


def test_what_is_looked_up_while_something_is_revoked_is_not_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier, secret = made(database)
    memory, _ = remembering(database)
    look = tokens.find_by_digest

    def slow(connection: object, digest: str) -> tokens.MadeToken | None:
        found = look(connection, digest)  # type: ignore[arg-type]
        memory.forget()  # somebody else has just revoked one
        return found

    monkeypatch.setattr(token_memory.tokens, "find_by_digest", slow)
    assert memory.find(secret) is not None
    monkeypatch.undo()
    revoke(database, identifier)
    assert memory.find(secret) is None


def test_a_token_ends_on_time_also_where_it_is_remembered(database: Database) -> None:
    _, secret = made(database, expires_at=NOW + timedelta(seconds=1))
    memory, clock = remembering(database)
    assert memory.find(secret) is not None
    clock.now += timedelta(seconds=1)
    assert memory.find(secret) is None


def test_a_clock_that_is_set_back_lets_no_token_be_believed_longer(database: Database) -> None:
    identifier, secret = made(database)
    memory, clock = remembering(database)
    assert memory.find(secret) is not None
    revoke(database, identifier)
    clock.now -= DAY
    assert memory.find(secret) is None


def test_made_up_secrets_take_no_place(database: Database) -> None:
    memory, _ = remembering(database)
    for _ in range(5):
        assert memory.find(new_secret()) is None
    assert len(memory._kept) == 0


def test_a_use_is_noted_at_most_once_an_hour(database: Database) -> None:
    identifier, secret = made(database)
    memory, clock = remembering(database)
    noted = []
    for minutes in (0, 1, 59, 60, 61):
        clock.now = NOW + timedelta(minutes=minutes)
        assert memory.find(secret) is not None
        noted.append(stored(database, identifier).used_at)
    assert noted == [NOW, NOW, NOW, NOW + NOTED, NOW + NOTED]
    elsewhere, clock = remembering(database)
    clock.now = NOW + timedelta(minutes=90)
    assert elsewhere.find(secret) is not None
    assert stored(database, identifier).used_at == NOW + NOTED


def test_who_asks_does_not_wait_for_the_note_and_no_failure_of_it_is_theirs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = made(database)
    later: list[Callable[[], None]] = []
    memory = TokenMemory(database=database, now=lambda: NOW, beside=later.append)
    assert memory.find(secret) is not None
    assert memory.find(secret) is not None
    assert len(later) == 1

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(token_memory.tokens, "note_use", fail)
    later.pop()()


# --- among the decisions


def test_tokens_stand_among_the_decisions_about_entities_newest_first(database: Database) -> None:
    store = new_store(database)
    put(store, reading("f", entity("a"), entity("b")))
    first, _ = made(database, at=NOW)
    for number, ref in enumerate(("component:default/a", "component:default/b")):
        with database.write() as connection:
            decisions.suppress(
                store, connection, ref, reason="x", actor="bob", now=NOW + (number * 2 + 1) * DAY
            )
    revoke(database, first, at=NOW + 2 * DAY)
    second, _ = made(database, at=NOW + 4 * DAY)
    told, place = [], None
    for _ in range(5):
        with database.read() as connection:
            page = decided.by_people(connection, after=place, limit=1)
        told += [
            (one.token.id, one.token.subject, one.token.step, one.actor)
            if one.token
            else (*one.removed, one.actor)
            for one in page.items
        ]
        place = page.after
    assert place is None
    assert told == [
        (second, "ci", "made", "ann"),
        ("component:default/b", "bob"),
        (first, "ci", "revoked", "bob"),
        ("component:default/a", "bob"),
        (first, "ci", "made", "ann"),
    ]


@pytest.mark.parametrize("after", ["7", "x.", ".x", "1.2.3", ""])
def test_a_page_of_decisions_that_there_is_not_is_none(database: Database, after: str) -> None:
    with database.read() as connection, pytest.raises(QueryError):
        decided.by_people(connection, after=after)
