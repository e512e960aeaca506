from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from portal.db.access import sessions
from portal.db.engine import Database
from portal.db.tables import login_links
from portal.db.tables import sessions as session_table

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def signed_in(database: Database, code: str, *, now: datetime = NOW) -> str | None:
    with database.write() as connection:
        return sessions.sign_in(connection, code, now=now)


def new_link(database: Database) -> str:
    with database.write() as connection:
        return sessions.create_link(connection, now=NOW)


def who(database: Database, cookie: str, *, now: datetime = NOW) -> str | None:
    with database.read() as connection:
        return sessions.principal_of(connection, cookie, now=now)


def test_a_link_signs_in_once(database: Database) -> None:
    code = new_link(database)
    cookie = signed_in(database, code)
    assert cookie is not None
    assert who(database, cookie) == sessions.OPERATOR
    assert signed_in(database, code) is None
    assert who(database, cookie) == sessions.OPERATOR


def test_a_link_is_valid_for_ten_minutes(database: Database) -> None:
    code = new_link(database)
    assert signed_in(database, code, now=NOW + timedelta(minutes=10)) is None
    assert signed_in(database, code, now=NOW + timedelta(minutes=9, seconds=59)) is not None


def test_an_unknown_code_signs_in_nobody(database: Database) -> None:
    new_link(database)
    assert signed_in(database, "guess") is None
    assert signed_in(database, "nul\x00") is None


def test_each_sign_in_has_a_cookie_of_its_own(database: Database) -> None:
    first, second = (signed_in(database, new_link(database)) for _ in range(2))
    assert first
    assert second
    assert first != second


def test_a_cookie_is_worth_nothing_after_signing_out_or_a_week(database: Database) -> None:
    cookie = signed_in(database, new_link(database))
    assert cookie is not None
    assert who(database, cookie, now=NOW + timedelta(days=7)) is None
    with database.write() as connection:
        sessions.sign_out(connection, cookie)
    assert who(database, cookie) is None


def test_only_digests_are_stored(database: Database) -> None:
    code = new_link(database)
    cookie = signed_in(database, code)
    with database.read() as connection:
        stored = [
            *connection.execute(select(login_links)),
            *connection.execute(select(session_table)),
        ]
    assert code not in repr(stored)
    assert str(cookie) not in repr(stored)


def test_what_has_expired_is_swept_out(database: Database) -> None:
    cookie = signed_in(database, new_link(database))
    assert cookie is not None
    later = NOW + timedelta(days=8)
    with database.write() as connection:
        code = sessions.create_link(connection, now=later)
        sessions.sign_in(connection, code, now=later)
    with database.read() as connection:
        assert len(connection.execute(select(login_links)).all()) == 1
        assert len(connection.execute(select(session_table)).all()) == 1
