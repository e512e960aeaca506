"""What is the same for all routes: paths and methods, tags, failures, and what the API says of itself."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.api.backstage.description import document
from portal.api.backstage.operations import OPERATIONS
from portal.app import create_app
from portal.config import Auth
from portal.db.engine import open_database
from portal.db.state import raise_assessment
from portal.wiring import Portal
from tests.catalog_rows import entity, save

API = "/api/catalog"
LEDGER = "/entities/by-name/component/default/ledger"
READABLE = (
    "/entities",
    "/entities?limit=2",
    "/entities/by-query?limit=1",
    LEDGER,
    f"{LEDGER}/ancestry",
    "/entity-facets?facet=kind",
    "/locations",
    "/openapi.json",
    "/.well-known/backstage/permissions/metadata",
)

MakePortal = Callable[..., Portal]


@pytest.mark.parametrize("path", READABLE)
def test_every_get_has_a_strong_tag_and_is_not_made_again_for_who_has_it(
    client: FlaskClient, path: str
) -> None:
    first = client.get(f"{API}{path}")
    assert first.status_code == 200
    assert first.content_type == "application/json; charset=utf-8"
    tag = first.headers["ETag"]
    assert re.fullmatch('"[0-9a-f]{32}"', tag)
    for known in (tag, f'W/{tag}, "other"'):
        again = client.get(f"{API}{path}", headers={"If-None-Match": known})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    head = client.head(f"{API}{path}")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", tag)
    other = client.get(f"{API}/entities?limit=1", headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_what_a_client_has_is_old_when_the_catalog_changes_and_not_when_it_is_assessed(
    make_portal: MakePortal,
) -> None:
    portal = make_portal()
    save(portal.database, entity("ledger"))
    client = create_app(portal).test_client()
    known = {"If-None-Match": client.get(f"{API}{LEDGER}").headers["ETag"]}
    with portal.database.write() as connection:
        raise_assessment(connection)
    assert client.get(f"{API}{LEDGER}", headers=known).status_code == 304
    save(portal.database, entity("new"), path="other.yaml")
    assert client.get(f"{API}{LEDGER}", headers=known).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/entities/",
        "//entities",
        f"{LEDGER}/",
        f"/{LEDGER}//ancestry/",
        "/entity-facets/?facet=kind",
    ],
)
def test_slashes_may_be_doubled_and_at_the_end(client: FlaskClient, path: str) -> None:
    neat = re.sub(r"/+(?=\?|$)", "", re.sub("/{2,}", "/", path))
    answer = client.get(f"{API}{path}")
    assert answer.status_code == 200
    assert answer.data == client.get(f"{API}{neat}").data


def test_a_doubled_slash_means_something_elsewhere(client: FlaskClient) -> None:
    assert client.get("/api//v1/entities").status_code == 404


def test_another_method_is_refused_with_those_that_are_served(client: FlaskClient) -> None:
    for method, path, allowed in (
        ("POST", "/entities", {"GET", "HEAD", "OPTIONS"}),
        ("DELETE", "/entities", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/entities/by-refs", {"POST", "OPTIONS"}),
    ):
        answer = client.open(f"{API}{path}", method=method)
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == allowed
        assert answer.json["response"] == {"statusCode": 405}
    options = client.options(f"{API}/entities")
    assert options.status_code == 200
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("path", ["/nope", "", "/entities/by-name/component/ledger"])
def test_an_unknown_path_is_not_found(refused: Any, path: str) -> None:
    assert refused("GET", path, status=404)[0] == "NotFoundError"


@pytest.mark.parametrize(
    "path",
    [
        "/entities/by-name/component/default/no%2Dthing",
        "/entities/by-name/component/de%C3%A9/x//",
        "/entities/by-uid/a%20b/?",
        "/nope/?a=%62&b=",
    ],
)
def test_an_error_names_the_address_as_it_was_sent(client: FlaskClient, path: str) -> None:
    for base, sent in (("", ""), ("/our/api/base", "/our/api/base"), ("/our/api/base", "")):
        environ = {"RAW_URI": f"{sent}{API}{path}", "SCRIPT_NAME": base}
        answer = client.get(f"{API}{path}", environ_overrides=environ)
        assert answer.status_code in (400, 404)
        assert answer.json["request"] == {"method": "GET", "url": path}


def test_a_body_that_is_too_large_is_said_to_be(refused: Any) -> None:
    body = {"entityRefs": ["component:default/" + "x" * 60] * 20_000}
    name, message = refused("POST", "/entities/by-refs", status=413, json=body)
    assert (name, message) == ("InputError", "The body is larger than 1 MiB")


def test_credentials_that_are_not_ours_are_refused_with_their_cause(
    make_portal: MakePortal,
) -> None:
    shown = {"Authorization": "Bearer x"}
    path = f"{API}/entities/by-query?limit=0"
    answer = create_app(make_portal()).test_client().get(path, headers=shown)
    assert answer.status_code == 401
    assert answer.json == {
        "error": {
            "name": "AuthenticationError",
            "message": "Could not resolve credentials; caused by AuthenticationError: Illegal token",
            "cause": {"name": "AuthenticationError", "message": "Illegal token"},
        },
        "request": {"method": "GET", "url": "/entities/by-query?limit=0"},
        "response": {"statusCode": 401},
    }
    closed = create_app(make_portal(auth=Auth.REQUIRED)).test_client()
    illegal = {"name": "AuthenticationError", "message": "Illegal token"}
    assert closed.get(path, headers=shown).json["error"] == illegal
    missing = {"name": "AuthenticationError", "message": "Missing credentials"}
    for unknown in (path, f"{API}/nope", f"{API}/openapi.json"):
        assert closed.get(unknown).json["error"] == missing


@pytest.fixture
def broken(make_portal: MakePortal) -> Iterator[FlaskClient]:
    """Of a portal whose database is away, and which has a fault."""
    portal = make_portal()
    away = open_database("sqlite:////nowhere/portal.db")
    app = create_app(replace(portal, database=away))

    @app.get(f"{API}/fault")
    def fault() -> str:
        raise RuntimeError("a secret")

    yield app.test_client()
    away.close()


@pytest.mark.parametrize("path", READABLE)
def test_a_database_that_is_away_makes_the_service_unavailable(
    broken: FlaskClient, path: str
) -> None:
    answer = broken.get(f"{API}{path}")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json["error"]["name"] == "ServiceUnavailableError"
    assert answer.json["request"] == {"method": "GET", "url": path}


def test_a_fault_is_named_by_the_id_of_the_request(broken: FlaskClient) -> None:
    answer = broken.get(f"{API}/fault", headers={"X-Request-Id": "r-1"})
    assert answer.status_code == 500
    message = "An internal error occurred logId=r-1"
    assert answer.json["error"] == {"name": "Error", "message": message}


def test_backstages_health_is_open_and_follows_the_database(
    broken: FlaskClient, make_portal: MakePortal
) -> None:
    client = create_app(make_portal(auth=Auth.REQUIRED)).test_client()
    for name in ("liveness", "readiness"):
        answer = client.get(f"/.backstage/health/v1/{name}")
        assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert broken.get("/.backstage/health/v1/liveness").status_code == 200
    unready = broken.get("/.backstage/health/v1/readiness")
    assert (unready.status_code, unready.json) == (503, {"status": "error"})


def test_the_description_is_that_of_the_routes(client: FlaskClient, catalog: Portal) -> None:
    answer = client.get(f"{API}/openapi.json").json
    assert answer == document()
    assert answer["openapi"] == "3.0.3"
    described = {
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, item in answer["paths"].items()
        for method in item
    }
    served = {
        (method, re.sub(r"<\w+>", "{}", rule.rule))
        for rule in create_app(catalog).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(API)
    }
    of_itself = {
        ("GET", f"{API}/openapi.json"),
        ("GET", f"{API}/.well-known/backstage/permissions/metadata"),
    }
    assert served - of_itself == described
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS) == 20


def test_references_in_the_description_lead_somewhere(client: FlaskClient) -> None:
    answer = client.get(f"{API}/openapi.json")
    schemas = answer.json["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/(\w+)"', answer.text))
    assert named == schemas.keys()
    for item in answer.json["paths"].values():
        for operation in item.values():
            assert operation["summary"]
            for parameter in operation["parameters"]:
                assert parameter["schema"]["type"] in ("string", "integer", "array")


def test_parameters_that_are_described_are_the_ones_that_are_known(client: FlaskClient) -> None:
    paths = client.get(f"{API}/openapi.json").json["paths"]
    for path in ("/entities", "/entities/by-query", "/entity-facets"):
        for parameter in paths[f"{API}{path}"]["get"]["parameters"]:
            name = parameter["name"]
            answer = client.get(f"{API}{path}?{name}=")
            assert (
                answer.json["error"]["message"] == f"Empty value found for query parameter '{name}'"
            )


def test_permissions_are_told_without_rules(client: FlaskClient) -> None:
    answer = client.get(f"{API}/.well-known/backstage/permissions/metadata")
    assert answer.json["rules"] == []
    found = {one["name"]: one for one in answer.json["permissions"]}
    assert found["catalog.entity.refresh"] == {
        "type": "resource",
        "name": "catalog.entity.refresh",
        "attributes": {"action": "update"},
        "resourceType": "catalog-entity",
    }
    assert found["catalog.entity.validate"] == {
        "type": "basic",
        "name": "catalog.entity.validate",
        "attributes": {},
    }
    assert len(found) == 9
