"""CI pushes facts; what is wrong with one item is told, and the others count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.app import create_app
from portal.config import Auth, ConfiguredSource, Restriction, StaticToken
from portal.db.work import marks
from portal.wiring import Portal, prepare
from scorecards.collection.pushed import Declared
from scorecards.definitions.loading import load_scorecards
from scorecards.facts import FactSchema, FactType
from tests.portal.at_once import work

CARD = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: tested, title: Tested}
spec:
  checks:
    - {id: covered, title: Covered, level: Managed, rule: coverage.line_pct >= 80.0, why: W., fix: F.}
"""

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME}
spec: {type: service, lifecycle: production, owner: team-a}
"""

RUN = "https://ci.example.com/runs/1"


def declare(name: str, kind: FactType, absent: Any, ttl: timedelta | None = None) -> Declared:
    schema = FactSchema(name=name, type=kind, description="A fact.", when_absent=absent)
    return Declared(schema=schema, ttl=ttl)


DECLARED = (
    declare("coverage.line_pct", FactType.DOUBLE, 0.0, timedelta(days=30)),
    declare("deploy.green", FactType.BOOL, False),
)


@pytest.fixture
def portal(make_portal: Callable[..., Portal], tmp_path: Any) -> Portal:
    for name in ("basket", "orders"):
        folder = tmp_path / "source" / name
        folder.mkdir(parents=True)
        (folder / "catalog-info.yaml").write_text(DESCRIPTOR.replace("NAME", name))
    source = ConfiguredSource("file", str(tmp_path / "source"), "command")
    made = make_portal(pushed_facts=DECLARED, sources=(source,))
    cards, problems = load_scorecards(CARD, file="tested.yaml", schemas=made.schemas)
    assert problems == ()
    made = replace(made, scorecards=cards, scorecard_texts={card.name: CARD for card in cards})
    prepare(made)
    work(made, read=True)
    return made


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def item(**more: Any) -> dict[str, Any]:
    given = {"entity": "basket", "run": RUN, "revision": "c0ffee"}
    return {**given, "facts": {"coverage.line_pct": 91.5}, **more}


def send(client: FlaskClient, *items: Any, **more: Any) -> Any:
    answer = client.post("/api/v1/facts", json={"items": items}, **more)
    assert answer.status_code == 200, answer.json
    return answer.json


def outcome(client: FlaskClient, name: str = "basket") -> tuple[str, str]:
    [card] = client.get(f"/api/v1/entities/component/default/{name}/scorecards").json
    [check] = card["checks"]
    return check["outcome"], check["reason"]


def test_what_was_never_pushed_is_unknown(client: FlaskClient) -> None:
    assert outcome(client) == ("unknown", "`coverage.line_pct` is not known: it was not collected")


def test_a_pushed_fact_decides_a_check_and_says_where_it_is_from(
    client: FlaskClient, portal: Portal
) -> None:
    done = send(client, item(entity="Component:Default/Basket"))
    assert (done["stored"], done["refused"]) == (1, 0)
    assert done["items"] == [
        {"entity": "Component:Default/Basket", "outcome": "stored", "problems": []}
    ]
    assert work(portal) == 1
    assert outcome(client)[0] == "pass"
    assert outcome(client, "orders")[0] == "unknown"
    records = client.get("/api/v1/entities/component/default/basket/facts").json
    [record] = [record for record in records if record["collector"] == "coverage"]
    assert (record["url"], record["revision"]) == (RUN, "c0ffee")
    [fact] = record["facts"]
    assert (fact["name"], fact["state"], fact["value"]) == ("coverage.line_pct", "known", 91.5)


def record(client: FlaskClient, collector: str = "coverage") -> Any:
    found = client.get("/api/v1/entities/component/default/basket/facts").json
    [one] = [record for record in found if record["collector"] == collector]
    return one


def test_what_nobody_has_said_yet_is_there_with_the_reason(client: FlaskClient) -> None:
    found = record(client)
    assert (found["observedAt"], found["age"], found["stale"]) == (None, None, False)
    [fact] = found["facts"]
    assert (fact["name"], fact["type"]) == ("coverage.line_pct", "double")
    assert (fact["state"], fact["value"], fact["reason"]) == ("failed", None, "not_collected")


def test_facts_say_how_old_they_are_and_whether_they_are_believed(
    client: FlaskClient, portal: Portal
) -> None:
    send(client, item(observedAt=(portal.now() - timedelta(days=29)).isoformat()))
    found = record(client)
    assert found["age"] == pytest.approx(29 * 86_400, abs=60)
    assert found["stale"] is False
    old = portal.now() + timedelta(days=2)
    later = create_app(replace(portal, now=lambda: old)).test_client()
    assert record(later)["stale"] is True
    assert record(later, "catalog")["stale"] is False


def test_collecting_again_leaves_what_was_pushed(client: FlaskClient, portal: Portal) -> None:
    send(client, item())
    with portal.database.write() as connection:
        marks.mark_all(connection)
    assert work(portal) == 2
    assert outcome(client)[0] == "pass"


def test_a_batch_may_be_sent_again(client: FlaskClient, portal: Portal) -> None:
    first = send(client, item(), item(entity="orders"))
    work(portal)
    again = send(client, item(), item(entity="orders"))
    assert (first["stored"], again["stored"], again["unchanged"]) == (2, 0, 2)
    assert work(portal) == 0, "nothing changed, and nothing is looked at again"


def test_what_is_stale_is_unknown(client: FlaskClient, portal: Portal) -> None:
    send(client, item(observedAt=(portal.now() - timedelta(days=31)).isoformat()))
    work(portal)
    found, reason = outcome(client)
    assert found == "unknown"
    assert reason.startswith("`coverage.line_pct` is not known: it is out of date (since ")


def test_one_bad_item_does_not_harm_the_others(client: FlaskClient, portal: Portal) -> None:
    done = send(
        client,
        item(facts={"coverage.line_pct": "all", "coverage.lines": 1}),
        item(entity="nobody"),
        item(),
        "nothing",
        item(run="ftp://x", observedAt="now", revisoin="x"),
        item(facts=None),
        item(entity=7, revision=8),
        item(observedAt="2999-01-01T00:00:00Z"),
        item(entity="orders", facts={}),
        item(entity="a\0b"),
    )
    codes = [[problem["code"] for problem in one["problems"]] for one in done["items"]]
    assert codes == [
        ["FACT_TYPE", "FACT_UNDECLARED"],
        ["ENTITY_UNKNOWN"],
        [],
        ["FIELD_VALUE"],
        ["FIELD_UNKNOWN", "FIELD_VALUE", "FIELD_VALUE"],
        ["FIELD_VALUE"],
        ["FIELD_VALUE", "FIELD_VALUE"],
        ["FIELD_VALUE"],
        ["FACTS_EMPTY"],
        ["FIELD_VALUE"],
    ]
    assert (done["stored"], done["refused"]) == (1, 9)
    assert done["items"][4]["problems"][0]["hint"] == "Did you mean `revision`?"
    assert work(portal) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"items": []}, 422),
        ({"items": "x"}, 422),
        ({"items": [{}] * 1001}, 422),
        ({"items": [{}], "x": 1}, 400),
    ],
)
def test_what_is_no_batch_is_refused(client: FlaskClient, body: Any, status: int) -> None:
    assert client.post("/api/v1/facts", json=body).status_code == status


@pytest.mark.parametrize(
    "fact",
    ['"\\ud800"', "NaN", "[" * 100_000, *("[" * n + "]" * n for n in (300, 2_000)), "1" * 9_999],
    ids=["half a pair", "no number", "open lists", "deep lists", "deeper lists", "digits"],
)
def test_what_no_json_can_hold_is_told_to_be_none(client: FlaskClient, fact: str) -> None:
    body = f'{{"items": [{{"entity": "basket", "facts": {{"coverage.line_pct": {fact}}}}}]}}'
    said = client.post("/api/v1/facts", data=body, content_type="application/json")
    assert (said.status_code, said.json["detail"]) == (400, "/: Invalid JSON body.")


@pytest.mark.parametrize("run", ["http://[", "https://]/x", "javascript:alert(1)"])
def test_the_run_has_to_have_an_address(client: FlaskClient, run: str) -> None:
    done = send(client, item(run=run), item())
    assert [problem["pointer"] for problem in done["items"][0]["problems"]] == ["/run"]
    assert (done["stored"], done["refused"]) == (1, 1)


def test_pushed_facts_are_facts_like_others(client: FlaskClient) -> None:
    names = {fact["name"] for fact in client.get("/api/v1/facts").json["items"]}
    assert {"coverage.line_pct", "deploy.green", "repo.readme.bytes"} <= names
    schemas = {s["id"]: s for s in client.get("/api/tech-insights/fact-schemas").json}
    assert schemas["coverage"]["line_pct"] == {"type": "float", "description": "A fact."}


def bearer(portal: Portal, *restrictions: Restriction) -> tuple[FlaskClient, dict[str, str]]:
    token = StaticToken(token="a-token-of-ci", subject="ci", restrictions=restrictions)
    settings = replace(portal.settings, auth=Auth.REQUIRED, tokens=(token,))
    client = create_app(replace(portal, settings=settings)).test_client()
    return client, {"Authorization": "Bearer a-token-of-ci"}


LIMITED = Restriction(
    plugin="plumbline",
    permissions=("plumbline.facts.push",),
    facts=("coverage",),
    entities=("component:default/bas*",),
)


def test_a_token_pushes_what_and_about_whom_it_may(portal: Portal) -> None:
    client, headers = bearer(portal, LIMITED)
    done = send(
        client,
        item(),
        item(entity="orders"),
        item(facts={"deploy.green": True}),
        item(facts={"deploy.green": True, "coverage.line_pct": 1}),
        headers=headers,
    )
    assert [one["outcome"] for one in done["items"]] == ["stored", "refused", "refused", "refused"]
    assert {p["code"] for one in done["items"][1:] for p in one["problems"]} == {
        "FACT_NOT_PERMITTED"
    }


def test_a_token_that_may_push_may_do_nothing_else(portal: Portal) -> None:
    client, headers = bearer(portal, LIMITED)
    for method, path in [("GET", "/facts"), ("POST", "/assessments"), ("GET", "/entities")]:
        answer = client.open(f"/api/v1{path}", method=method, headers=headers)
        assert answer.status_code == 403, path
    assert client.get("/api/catalog/entities", headers=headers).status_code == 403


def test_a_token_that_may_only_read_may_not_push(portal: Portal) -> None:
    client, headers = bearer(portal, Restriction(plugin="plumbline", actions=("read",)))
    assert client.get("/api/v1/facts", headers=headers).status_code == 200
    answer = client.post("/api/v1/facts", json={"items": [item()]}, headers=headers)
    assert answer.status_code == 403
    assert client.post("/api/v1/facts", json={"items": [item()]}).status_code == 401
