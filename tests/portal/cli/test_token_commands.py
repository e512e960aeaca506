"""`portal token`: on the database of a portal that is not running, and on one that is."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import invoke, run
from werkzeug.serving import make_server

from portal.app import create_app
from portal.cli import work
from portal.config import Auth, StaticToken
from portal.db.access import tokens
from portal.db.engine import open_database
from portal.db.sources import locations
from portal.instance import Instance, acquire, publish
from portal.wiring import Portal

SECRET = re.compile(r"plb_[0-9A-Za-z]{49}\n")
PUSHING = ("--permission", "plumbline.facts.push")


@pytest.fixture
def place(tmp_path: Path) -> tuple[str | Path, ...]:
    """Where a portal that reads nothing keeps its files."""
    (tmp_path / "source").mkdir()
    return ("--data-dir", tmp_path / "data", "--source", tmp_path / "source")


@pytest.fixture
def running(tmp_path: Path, make_portal: Callable[..., Portal]) -> Iterator[Portal]:
    """A portal that serves from the same data directory."""
    token = StaticToken(token="instance-token", subject="instance")
    portal = make_portal(auth=Auth.REQUIRED, tokens=(token,))
    server = make_server("127.0.0.1", 0, create_app(portal), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with acquire(portal.settings.data_dir):
        url = f"http://127.0.0.1:{server.server_port}"
        publish(portal.settings.data_dir, Instance(url=url, token=token.token))
        yield portal
    server.shutdown()
    thread.join()
    server.server_close()


def listed(place: tuple[str | Path, ...]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("token", "list", "--json", *place))
    return found


def test_only_the_secret_is_printed_and_nothing_but_a_token_is_kept(
    place: tuple[str | Path, ...], tmp_path: Path
) -> None:
    limits = ("--facts", "coverage", "--entities", "Component:payments/*")
    done = invoke("token", "create", "ci", *PUSHING, *limits, "--description", "CI", *place)
    assert SECRET.fullmatch(done.stdout)
    assert "token 1 of ci" in done.stderr
    [one] = listed(place)
    assert (one["madeBy"], one["description"], one["state"]) == ("command line", "CI", "active")
    assert one["restrictions"] == [
        {
            "plugin": "plumbline",
            "permissions": ["plumbline.facts.push"],
            "actions": [],
            "facts": ["coverage"],
            "entities": ["component:payments/*"],
        }
    ]
    assert "secret" not in one
    database = open_database(f"sqlite:///{tmp_path / 'data' / 'portal.db'}")
    with database.read() as connection:
        assert tokens.last_id(connection) == 1
        assert locations.list_locations(connection) == ()
    database.close()


def test_a_token_is_listed_in_words_and_revoked(place: tuple[str | Path, ...]) -> None:
    assert run("token", "list", *place) == "No token was made yet.\n"
    told = json.loads(
        run("token", "create", "ops", "--everything", "--expires", "never", "--json", *place)
    )
    assert told["expiresAt"] is None
    assert SECRET.fullmatch(told["secret"] + "\n")
    table = run("token", "list", *place)
    assert "everything" in table
    assert "never" in table
    assert run("token", "revoke", "1", *place) == "token 1 lets nobody in any more\n"
    assert "revoked" in run("token", "list", *place)
    assert "there is no token 9" in invoke("token", "revoke", "9", *place, status=1).stderr


def test_a_command_that_has_the_database_is_waited_for_and_then_said(
    place: tuple[str | Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "PATIENCE", 0.1)
    with acquire(tmp_path / "data"):
        refused = invoke("token", "create", "ci", "--everything", *place, status=1)
    assert "a portal is already running" in refused.stderr
    assert SECRET.fullmatch(run("token", "create", "ci", "--everything", *place))


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        (("ci",), 2, "--everything"),
        (("ci", "--everything", *PUSHING), 2, "--everything"),
        (("ci", "--permission", "catalog.entity.read", "--facts", "coverage"), 2, "limit"),
        (("ci", "--everything", "--expires", "soon"), 2, "duration"),
        (("ci", "--everything", "--expires", "0s"), 1, "in the future"),
        (("two words", "--everything"), 1, "one word"),
        (("ci", "--permission", "plumbline.fact.push"), 1, "`plumbline.facts.push`"),
        (("ci", *PUSHING, "--permission", "plumbline.read", "--facts", "x"), 1, "limit"),
    ],
)
def test_what_cannot_be_a_token_is_said(
    place: tuple[str | Path, ...], asked: tuple[str, ...], status: int, said: str
) -> None:
    done = invoke("token", "create", *asked, *place, status=status)
    assert said in done.stderr
    assert done.stdout == ""


def test_the_portal_that_runs_is_asked(place: tuple[str | Path, ...], running: Portal) -> None:
    secret = run("token", "create", "ci", "--permission", "plumbline.read", *place).strip()
    client = create_app(running).test_client()
    shown = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/plugins", headers=shown).status_code == 200
    [one] = listed(place)
    assert (one["subject"], one["madeBy"]) == ("ci", "instance")
    run("token", "revoke", "1", *place)
    assert client.get("/api/v1/plugins", headers=shown).status_code == 401
    refused = invoke("token", "create", "two words", "--everything", *place, status=1)
    assert "one word" in refused.stderr
    assert "no token" in invoke("token", "revoke", "9", *place, status=1).stderr
