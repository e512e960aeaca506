"""Direct answers: whatever is answered without Flask is what Flask answers, and much is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, cast

import orjson
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from werkzeug.datastructures import ETags

from portal.api import direct
from portal.api.answers import Answers
from portal.api.backstage.replies import Asked, AtOnce, current_answer
from portal.app import DIRECT, create_app
from portal.config import Auth, Restriction, Sharing, StaticToken
from portal.connections.plain import PlainAnswer, PlainRequest, read_plain
from portal.db.access import sessions
from portal.db.engine import Database
from portal.db.patience import ANSWERING, HASTY, patience
from portal.db.postgres import ALONE
from portal.db.prepared import Prepared
from portal.db.state import Connection, catalog_state_of
from portal.wiring import Portal
from tests.catalog_rows import entity, save

API = "/api/catalog"
OF_THE_WAY = {"Content-Length", "X-Request-Id"}
"""Headers of one answer, not of what is answered."""

TOKENS = (
    StaticToken(token="a-long-token", subject="ci"),
    StaticToken(
        token="a-narrow-token",
        subject="narrow",
        restrictions=(Restriction(plugin="catalog", permissions=("catalog.location.read",)),),
    ),
)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine that tests: nothing is left to Flask because it took long."""
    monkeypatch.setattr(direct, "HASTY", ANSWERING)


def request(
    path: str, headers: Mapping[str, str] | None = None, *, body: object = None
) -> PlainRequest:
    """As a client sends it, below the API."""
    every = {"Host": "localhost", **(headers or {})}
    sent = b"" if body is None else orjson.dumps(body)
    if body is not None:
        every = {"Content-Type": "application/json", **every, "Content-Length": str(len(sent))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in every.items())
    method = "GET" if body is None else "POST"
    plain = read_plain(f"{method} {API}{path} HTTP/1.1\r\n{lines}\r\n".encode() + sent)
    assert plain is not None
    return plain


def answered(app: Flask, asked: PlainRequest) -> PlainAnswer | None:
    """What is answered directly; where anything is, it is what Flask answers."""
    answer: Callable[[PlainRequest], PlainAnswer | None] = app.extensions[DIRECT]
    found = answer(asked)
    if found is not None:
        by_flask = app.test_client(use_cookies=False).open(
            f"{asked.path}?{asked.query}" if asked.query else asked.path,
            method=asked.method,
            headers=dict(asked.headers),
            data=asked.body,
        )
        assert found.status == by_flask.status
        assert found.body == by_flask.data
        headers = {k: v for k, v in by_flask.headers.items() if k not in OF_THE_WAY}
        assert {k: v for k, v in found.headers if k not in OF_THE_WAY} == headers
    return found


def guarded(catalog: Portal, **changes: Any) -> Flask:
    changed = replace(catalog.settings, auth=Auth.REQUIRED, tokens=TOKENS, **changes)
    return create_app(replace(catalog, settings=changed))


ANSWERED = (
    "/entities/by-name/component/default/a",
    "/entities/by-name/Component/STAGING/gateway",
    "/entities/by-name/component/default/a/ancestry",
    "/entities/by-query",
    "/entities/by-query?filter=kind=component&limit=2&orderField=metadata.name,asc",
    "/entities/by-query?filter=kind%3Dcomponent&limit=0",
    "/entities/by-query?fullTextFilterTerm=th&fullTextFilterFields=metadata.title&fields=kind",
    "/entities/by-query?filter[]=kind=api&totalItems=exclude",
    "/entity-facets?facet=kind&facet=spec.type",
    "/entity-facets?facet=metadata.tags&filter=kind%3dcomponent,spec.type=Service",
)
LEFT = (
    "/entities",
    "/entities/by-name/component/default/nobody",
    "/entities/by-name/component/default/nobody/ancestry",
    "/entities/by-name/component/default",
    "/entities/by-name/component/default/a/",
    "/entities//by-name/component/default/a",
    "/entities/by-name/component/default/a?fields=kind",
    "/entities/by-uid/no-uid",
    "/entities/by-query?limit=x",
    "/entities/by-query?limit=1000",
    "/entities/by-query?unknown=1",
    "/entities/by-query?filter=",
    "/entities/by-query?cursor=broken",
    "/entity-facets",
    "/entity-facets?facet=",
    "/entity",
    "/locations",
)


@pytest.mark.parametrize("path", ANSWERED)
def test_what_is_asked_most_is_answered_as_flask_answers_it(application: Flask, path: str) -> None:
    found = answered(application, request(path))
    assert found is not None
    assert orjson.loads(found.body)
    tag = dict(found.headers)["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = answered(application, request(path, {"If-None-Match": known}))
        assert again is not None
        assert again.status == "304 Not Modified"
    other = answered(application, request(path, {"If-None-Match": '"other"'}))
    assert other is not None
    assert other.body == found.body


@pytest.mark.parametrize("path", LEFT)
def test_all_that_does_not_go_well_is_left_to_flask(application: Flask, path: str) -> None:
    assert answered(application, request(path)) is None


def test_entities_are_found_by_uid_and_by_refs(application: Flask) -> None:
    found = answered(application, request("/entities/by-name/component/default/a"))
    assert found is not None
    uid = orjson.loads(found.body)["metadata"]["uid"]
    by_uid = answered(application, request(f"/entities/by-uid/{uid}"))
    assert by_uid is not None
    assert by_uid.body == found.body
    refs = ["component:a", "component:nobody", "Component:staging/gateway", "nonsense", ""]
    some = answered(application, request("/entities/by-refs", body={"entityRefs": refs}))
    assert some is not None
    names = [one and one["metadata"]["name"] for one in orjson.loads(some.body)["items"]]
    assert names == ["a", None, "gateway", None, None]
    for path, body in (
        ("/entities/by-refs", {}),
        ("/entities/by-refs", []),
        ("/entities/by-refs", {"entityRefs": [1]}),
        ("/entities/by-refs?unknown=1", {"entityRefs": refs}),
        ("/entities/by-query", {}),
    ):
        assert answered(application, request(path, body=body)) is None
    plain = {"Content-Type": "text/plain"}
    assert (
        answered(application, request("/entities/by-refs", plain, body={"entityRefs": []})) is None
    )


PARTS = st.sampled_from(
    [
        "/",
        "/entities",
        "/by-name",
        "/by-query",
        "/component",
        "/default",
        "/a",
        "/ancestry",
        "/entity-facets",
        "/by-uid",
        "//",
        ".",
        "~",
    ]
)
PARAMETERS = st.sampled_from(
    [
        "filter=kind=component",
        "filter=kind%3DGroup",
        "filter=",
        "filter",
        "limit=1",
        "limit=-1",
        "facet=kind",
        "offset=1",
        "facet=metadata.tags",
        "fields=kind,metadata.name",
        "fields=a[",
        "orderField=metadata.name,desc",
        "orderField=x",
        "fullTextFilterTerm=A",
        "totalItems=exclude",
        "filter[]=kind=api",
        "+",
        "a=b;c",
        "filter%5B0%5D=kind=api",
        "%FF=%FE",
        "filter=kind=%C3%A9",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.one_of(
        st.sampled_from(["/entities/by-query", "/entity-facets", *ANSWERED[:3]]),
        st.lists(PARTS, max_size=6).map("".join),
    ),
    parameters=st.lists(PARAMETERS, max_size=4),
)
def test_no_answer_differs_from_the_one_of_flask(
    application: Flask, path: str, parameters: list[str]
) -> None:
    answered(application, request(f"{path}?{'&'.join(parameters)}" if parameters else path))


def test_below_a_base_path_it_is_found_with_and_without_it(catalog: Portal) -> None:
    there = {"base_url": "https://localhost/portal", "base_path": "/portal"}
    app = create_app(replace(catalog, settings=replace(catalog.settings, **there)))
    path = "/entities/by-name/component/default/a"
    found = answered(app, request(path))
    assert found is not None
    assert "Strict-Transport-Security" in dict(found.headers)
    below = replace(request(path), path=f"/portal{API}{path}")
    again = answered(app, below)
    assert again is not None
    assert again.body == found.body


def test_who_may_not_ask_is_told_so_by_flask(catalog: Portal) -> None:
    app = guarded(catalog)
    path = "/entities/by-name/component/default/a"
    for token, is_answered in (
        ("Bearer a-long-token", True),
        ("bearer  a-long-token", True),
        ("Bearer a-wrong-token", False),
        ("Bearer a-narrow-token", False),
        ("Bearer eyJhbGciOiJFUzI1NiJ9.e30.AA", False),
        ("Basic YTpi", False),
    ):
        found = answered(app, request(path, {"Authorization": token}))
        assert (found is not None) is is_answered, token
    assert answered(app, request(path)) is None
    assert answered(app, request(path, {"Cookie": "plumbline=made-up"})) is None
    with catalog.database.write() as connection:
        code = sessions.create_link(connection, now=catalog.now())
        session = sessions.sign_in(connection, code, now=catalog.now())
    signed_in = {"Cookie": f"other=1; plumbline={session}"}
    assert answered(app, request(path, signed_in)) is not None
    refs = {"entityRefs": ["component:a"]}
    elsewhere = {**signed_in, "Origin": "https://evil.example"}
    assert answered(app, request("/entities/by-refs", signed_in, body=refs)) is not None
    assert answered(app, request("/entities/by-refs", elsewhere, body=refs)) is None


def test_a_page_of_another_site_that_is_named_is_answered_directly_too(catalog: Portal) -> None:
    sharing = Sharing(origins=("https://app.example.com",), exposed=("ETag",))
    app = guarded(catalog, sharing=sharing)
    named = {"Authorization": "Bearer a-long-token", "Origin": "https://app.example.com"}
    for path, body in (("/entities/by-query", None), ("/entities/by-refs", {"entityRefs": []})):
        found = answered(app, request(path, named, body=body))
        assert found is not None
        assert dict(found.headers)["Access-Control-Allow-Origin"] == "https://app.example.com"
        other = answered(app, request(path, {**named, "Origin": "https://else.example"}, body=body))
        assert other is not None
        assert "Access-Control-Allow-Origin" not in dict(other.headers)
        assert dict(other.headers)["Vary"] == "Origin"


def test_who_names_another_host_is_refused_by_flask(application: Flask) -> None:
    path = "/entities/by-name/component/default/a"
    assert answered(application, request(path, {"Host": "evil.example"})) is None
    assert answered(application, request(path, {"Host": "127.0.0.1:7007"})) is not None


def test_the_id_that_a_client_gives_is_in_the_answer(application: Flask) -> None:
    path = "/entities/by-query"
    found = answered(application, request(path, {"X-Request-Id": "mine.1"}))
    assert found is not None
    assert dict(found.headers)["X-Request-Id"] == "mine.1"
    made = answered(application, request(path, {"X-Request-Id": "not mine"}))
    assert made is not None
    assert len(dict(made.headers)["X-Request-Id"]) == 16


def test_it_is_counted_by_its_rule(application: Flask) -> None:
    def counted() -> float:
        said = application.test_client().get("/metrics").text
        rule = f'route="{API}/entities/by-uid/<uid>",status="200"'
        lines = (line for line in said.splitlines() if "requests_total" in line and rule in line)
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    found = answered(application, request("/entities/by-query?limit=1"))
    assert found is not None
    uid = orjson.loads(found.body)["items"][0]["metadata"]["uid"]
    before = counted()
    assert cast(Any, application.extensions[DIRECT])(request(f"/entities/by-uid/{uid}"))
    assert counted() == before + 1


def test_a_database_that_is_late_is_waited_for_by_others(catalog: Portal) -> None:
    if catalog.database.is_sqlite:
        pytest.skip("what is embedded answers at once")
    database = catalog.database
    with database.look_in_turn() as connection:
        connection.execute(text("SELECT 1"))
    hasty = patience.set(HASTY)
    try:
        with pytest.raises(DBAPIError), database.look_in_turn() as connection:
            connection.execute(text("SELECT pg_sleep(2)"))
    finally:
        patience.reset(hasty)
    assert not database.watch.is_silent  # nobody else is refused for it
    with database.look_in_turn() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_it_neither_opens_a_connection_to_the_database_nor_waits_for_one(catalog: Portal) -> None:
    if catalog.database.is_sqlite:
        pytest.skip("what is embedded is open")
    database = catalog.database
    database.close()
    for others in (0, ALONE):
        with ExitStack() as held:
            for _ in range(others):
                held.enter_context(database.look_in_turn())
            hasty = patience.set(HASTY)
            began = time.monotonic()
            with pytest.raises(DBAPIError), database.look_in_turn():
                pass
            patience.reset(hasty)
            assert time.monotonic() - began < 1


def test_what_changes_while_it_is_read_is_read_once_more_of_one_snapshot(
    database: Database,
) -> None:
    states: list[str] = []

    def read(connection: Connection) -> bytes:
        states.append(catalog_state_of(connection))
        if len(states) == 1:
            save(database, entity("late"))
        return catalog_state_of(connection).encode()

    asked = Asked(path="/", query="", tags=ETags())
    answers = Answers(most=100_000)
    found = current_answer(database, answers, asked, read)
    assert found.answer is not None
    assert len(states) == 2
    assert (found.answer.body, found.tag) == (states[1].encode(), asked.tag(states[1]))
    assert states[1] != states[0]
    again = current_answer(database, answers, asked, read)
    assert again == found  # what is kept, and it was not kept for the state before
    assert len(states) == 2


@pytest.mark.parametrize("kept", [0, 1_000_000])
def test_a_page_of_a_filter_that_was_asked_before_is_one_look(
    catalog: Portal, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    changed = replace(catalog.settings, answer_cache_bytes=kept)
    app = create_app(replace(catalog, settings=changed))
    looks: list[Prepared] = []
    each = Prepared.each

    def count(self: Prepared, *given: Any) -> Any:
        looks.append(self)
        return each(self, *given)

    monkeypatch.setattr(Prepared, "each", count)
    answer: Callable[[PlainRequest], PlainAnswer | None] = app.extensions[DIRECT]
    path = "/entities/by-query?filter=kind=component&orderField=metadata.name,asc"
    assert answer(request(f"{path}&limit=1"))
    looks.clear()
    assert answer(request(f"{path}&limit=2"))
    assert len(looks) == 1


@pytest.mark.parametrize("kept", [0, 1_000_000])
@pytest.mark.parametrize("limit", [0, 20])
def test_what_is_remembered_of_a_filter_is_no_answer_after_a_change(
    catalog: Portal, kept: int, limit: int
) -> None:
    changed = replace(catalog.settings, answer_cache_bytes=kept)
    app = create_app(replace(catalog, settings=changed))
    path = f"/entities/by-query?filter=kind=api&limit={limit}"

    def totals() -> list[int]:
        paths = (path, path + "&fullTextFilterTerm=lat")
        found = [answered(app, request(one)) for one in paths]
        return [orjson.loads(one.body)["totalItems"] for one in found if one]

    every, few = totals()
    assert [every, few] == totals()
    new = [entity(f"late-{limit}-{kept}-{name}", "API") for name in "ab"]
    save(catalog.database, *new, path=f"{limit}/{kept}.yaml")
    assert totals() == [every + 2, few + 2]
    assert totals() == [every + 2, few + 2]


def test_what_is_read_at_once_is_not_read_where_it_is_known(database: Database) -> None:
    looks: list[str] = []

    def look(connection: Connection) -> tuple[str, bytes]:
        looks.append(catalog_state_of(connection))
        return looks[-1], b"{}"

    asked = Asked(path="/", query="", tags=ETags())
    answers = Answers(most=100_000)
    found = current_answer(database, answers, asked, AtOnce(look))
    assert found.answer is not None
    assert (found.answer.body, found.tag) == (b"{}", asked.tag(looks[0]))
    assert current_answer(database, answers, asked, AtOnce(look)) == found
    assert len(looks) == 1
    known = replace(asked, tags=ETags([str(found.tag)]))
    assert current_answer(database, Answers(most=0), known, AtOnce(look)).answer is None
    assert len(looks) == 1
    save(database, entity("new"))
    assert current_answer(database, answers, known, AtOnce(look)).answer is not None
    assert len(looks) == 2
