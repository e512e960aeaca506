"""Tech Insights' routes answer from what is stored, in the shapes that its clients read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from plugins.repofiles.collector import VERSION as REPO_VERSION
from portal.api.tech_insights import routes
from portal.app import create_app
from portal.wiring import Portal

BASE = "/api/tech-insights"
BASKET = "component:default/basket"


def run(client: FlaskClient, body: Any = None, name: str = "basket") -> Any:
    answer = client.post(f"{BASE}/checks/run/default/component/{name}", json=body or {})
    assert answer.status_code == 200, answer.json
    return answer.json


def bulk(client: FlaskClient, entities: Any, **more: Any) -> Any:
    answer = client.post(f"{BASE}/checks/run", json={"entities": entities, **more})
    assert answer.status_code == 200, answer.json
    return answer.json


def test_every_check_of_every_scorecard_is_listed(client: FlaskClient, filled: Portal) -> None:
    checks = client.get(f"{BASE}/checks").json
    ids = [f"{card.name}.{check.id}" for card in filled.scorecards for check in card.checks]
    assert [check["id"] for check in checks] == ids
    for check in checks:
        assert check["type"] == "json-rules-engine"
        assert check["name"]
        assert check["factIds"]
        assert check["metadata"]["rank"] in (1, 2, 3)
        assert check["metadata"]["category"]
        assert check["metadata"]["solution"]
        [node] = check["rule"]["conditions"].keys() & {"all", "any", "not"}
        assert check["rule"]["conditions"][node]


def test_a_run_tells_what_is_stored_and_what_passes_first(client: FlaskClient) -> None:
    results = run(client)
    verdicts = [result["result"] for result in results]
    assert verdicts == sorted(verdicts, reverse=True)
    assert set(verdicts) == {True, False}
    stored = client.get("/api/v1/entities/component/default/basket/scorecards").json
    outcomes = {
        f"{card['scorecard']}.{check['check']}": check["outcome"]
        for card in stored
        for check in card["checks"]
    }
    shown = {result["check"]["id"]: result for result in results}
    assert shown.keys() == {
        name for name, outcome in outcomes.items() if outcome not in ("not_applicable", "exempt")
    }
    for name, result in shown.items():
        assert result["check"]["metadata"]["status"] == outcomes[name]
        assert result["result"] is (outcomes[name] == "pass")


def test_a_result_shows_the_facts_and_the_conditions_with_what_was_seen(
    client: FlaskClient,
) -> None:
    name = "service-maturity.doc.readme"
    [result] = [r for r in run(client) if r["check"]["id"] == name]
    assert result["facts"]["readme.bytes"] == {
        "value": 44,
        "type": "integer",
        "description": "Size of the README, in bytes.",
    }
    conditions = result["check"]["rule"]["conditions"]
    assert conditions["priority"] == 1
    leaves = conditions.get("all") or conditions["any"]
    assert leaves[0] == {
        "operator": "greaterThanInclusive",
        "value": 500,
        "fact": "readme.bytes",
        "factResult": 44,
        "valueResult": 500,
        "result": False,
    }


def test_checks_can_be_chosen(client: FlaskClient) -> None:
    [first, second, *_] = [result["check"]["id"] for result in run(client)]
    chosen = run(client, {"checks": [second, first]})
    assert [result["check"]["id"] for result in chosen] == [first, second]
    assert run(client, {"checks": []}) == []


@pytest.mark.parametrize("path", ["DEFAULT/Component/BASKET", "default/component/basket"])
def test_names_are_matched_in_any_case(client: FlaskClient, path: str) -> None:
    assert client.post(f"{BASE}/checks/run/{path}", json={}).json == run(client)


def test_an_unknown_entity_has_no_results(client: FlaskClient) -> None:
    assert run(client, name="nothing") == []
    assert run(client, name="%00") == []


def test_an_unknown_check_is_not_found(client: FlaskClient) -> None:
    answer = client.post(
        f"{BASE}/checks/run/default/component/basket", json={"checks": ["service-maturity.nope"]}
    )
    assert answer.status_code == 404
    assert answer.json == {
        "error": {
            "name": "NotFoundError",
            "message": "Tech insight check with id 'service-maturity.nope' is not registered.",
        },
        "request": {"method": "POST", "url": "/checks/run/default/component/basket"},
        "response": {"statusCode": 404},
    }


def test_a_bulk_run_answers_in_the_order_asked_for(client: FlaskClient) -> None:
    asked = [
        "Component:Default/Basket",
        {"kind": "Component", "namespace": "default", "name": "Nothing"},
        {"kind": "Component", "namespace": "default", "name": "Orders"},
        {"kind": "Component", "name": "orders"},
    ]
    found = bulk(client, asked)
    assert [one["entity"] for one in found] == [
        "Component:Default/Basket",
        "component:default/nothing",
        "component:default/orders",
        "component:default/orders",
    ]
    assert found[0]["results"] == run(client)
    assert found[1]["results"] == []
    assert found[2]["results"] == found[3]["results"] == run(client, name="orders")


def test_a_whole_entity_may_be_asked_about_in_a_bulk_run(client: FlaskClient) -> None:
    entity = client.get("/api/catalog/entities/by-name/component/default/basket").json
    assert bulk(client, [entity]) == [{"entity": BASKET, "results": run(client)}]


@pytest.mark.parametrize("text", ["", "basket", "component:", "/x"])
def test_what_is_no_reference_costs_the_others_of_a_bulk_run_nothing(
    client: FlaskClient, text: str
) -> None:
    bad, good = bulk(client, [text, BASKET])
    assert bad["entity"] == text
    assert bad["results"] == []
    assert bad["error"]["name"] == "InputError"
    assert bad["error"]["message"].startswith("Entity reference ")
    assert good == {"entity": BASKET, "results": run(client)}


@pytest.mark.parametrize("path", ["/checks/", "//checks", "/fact-schemas/?ids=repo"])
def test_slashes_may_be_doubled_and_at_the_end_here_too(client: FlaskClient, path: str) -> None:
    neat = path.replace("//", "/").replace("/?", "?").rstrip("/")
    answer = client.get(f"{BASE}{path}")
    assert answer.status_code == 200
    assert answer.json == client.get(f"{BASE}{neat}").json


def test_an_unknown_check_is_told_for_each_entity_of_a_bulk_run(client: FlaskClient) -> None:
    error = {
        "name": "NotFoundError",
        "message": "Tech insight check with id 'nope' is not registered.",
    }
    assert bulk(client, [BASKET], checks=["nope"]) == [
        {"entity": BASKET, "error": error, "results": []}
    ]


def test_no_entities_mean_every_one_that_has_facts(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "CHUNK", 2)
    found = bulk(client, [])
    assert [one["entity"] for one in found] == [
        BASKET,
        "component:default/orders",
        "group:default/team-a",
        "system:default/shop",
    ]
    assert found[0]["results"] == run(client)


def test_the_answer_about_everything_is_bounded_and_says_so(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MOST_RESULTS", 2)
    [check, *_] = [result["check"]["id"] for result in run(client)]
    answer = client.post(f"{BASE}/checks/run", json={"entities": [], "checks": [check]})
    assert len(answer.json) == 2
    assert answer.headers["X-Entities-Left-Out"] == "2"
    assert (
        "X-Entities-Left-Out"
        not in client.post(
            f"{BASE}/checks/run", json={"entities": [BASKET], "checks": [check]}
        ).headers
    )


@pytest.mark.parametrize("count", [750, 1500])
def test_as_many_entities_as_a_client_sends_at_once_are_answered(
    client: FlaskClient, count: int
) -> None:
    names = [f"component:default/none-{n}" for n in range(count - 1)]
    found = bulk(client, [*names, BASKET])
    assert len(found) == count
    assert found[-1]["results"]
    assert not any(one["results"] for one in found[:-1])


def test_schemas_are_flat(client: FlaskClient, filled: Portal) -> None:
    schemas = {schema["id"]: schema for schema in client.get(f"{BASE}/fact-schemas").json}
    assert schemas.keys() == filled.collectors.keys()
    assert schemas["repo"]["version"] == REPO_VERSION
    assert schemas["repo"]["entityFilter"] is None
    assert schemas["repo"]["readme.bytes"] == {
        "type": "integer",
        "description": "Size of the README, in bytes.",
    }
    assert schemas["repo"]["commit.at"]["type"] == "datetime"
    assert schemas["catalog"]["api.version"]["type"] == "string"
    [only] = client.get(f"{BASE}/fact-schemas?ids=repo").json
    assert only == schemas["repo"]
    assert len(client.get(f"{BASE}/fact-schemas?ids=").json) == len(schemas)


SPELLINGS = [
    "ids=repo&ids=catalog",
    "ids[]=repo&ids[]=catalog",
    "ids[0]=repo&ids[1]=catalog",
    "ids%5B0%5D=repo&ids%5B21%5D=catalog",
    "&".join(f"ids[{n}]=x" for n in range(25)) + "&ids[25]=repo&ids[26]=catalog",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_ids_are_taken_in_every_spelling(client: FlaskClient, spelling: str) -> None:
    found = client.get(f"{BASE}/facts/latest?entity={BASKET}&{spelling}").json
    assert found.keys() == {"repo", "catalog"}


def test_the_latest_facts_are_a_row_for_each_retriever(client: FlaskClient) -> None:
    row = client.get(f"{BASE}/facts/latest?entity=Component:default/Basket&ids=repo").json["repo"]
    assert row["id"] == "repo"
    assert row["entity"] == {"namespace": "default", "kind": "component", "name": "basket"}
    assert row["version"] == REPO_VERSION
    assert row["timestamp"].endswith("+00:00")
    assert len(row["timestamp"]) == len("2026-08-01T10:00:00.000+00:00")
    assert row["facts"]["readme.bytes"] == 44
    assert row["facts"]["license.path"] is None, "looked for, and not there"
    assert "commit.at" not in row["facts"], "could not be looked for"


def test_a_range_has_the_rows_in_lists(client: FlaskClient) -> None:
    latest = client.get(f"{BASE}/facts/latest?entity={BASKET}&ids=repo").json
    span = "startDatetime=2020-01-01&endDatetime=2999-01-01T00:00:00Z"
    found = client.get(f"{BASE}/facts/range?entity={BASKET}&ids=repo&{span}").json
    assert found == {"repo": [latest["repo"]]}
    early = "startDatetime=2020&endDatetime=2020-02"
    assert client.get(f"{BASE}/facts/range?entity={BASKET}&ids=repo&{early}").json == {}


@pytest.mark.parametrize("query", [f"entity={BASKET}&ids=x", "entity=component:x&ids=repo"])
def test_what_is_not_there_has_no_rows(client: FlaskClient, query: str) -> None:
    span = "startDatetime=2020-01-01&endDatetime=2030-01-01"
    assert client.get(f"{BASE}/facts/latest?{query}").json == {}
    assert client.get(f"{BASE}/facts/range?{query}&{span}").json == {}


def bad(field: str) -> dict[str, Any]:
    return {"message": "Failed to parse datetime from request", "field": field, "value": None}


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        (f"facts/latest?entity={BASKET}", 422, {"error": "Failed to parse ids from request"}),
        (f"facts/latest?entity={BASKET}&ids=", 422, {"error": "Failed to parse ids from request"}),
        (f"facts/range?entity={BASKET}", 422, {"error": "Failed to parse ids from request"}),
        (f"facts/range?entity={BASKET}&ids=x", 422, bad("startDateTime")),
        (f"facts/range?entity={BASKET}&ids=x&startDatetime=x", 422, bad("startDateTime")),
        (f"facts/range?entity={BASKET}&ids=x&startDatetime=2020", 422, bad("endDateTime")),
        (
            f"facts/range?entity={BASKET}&ids=x&startDatetime=2020&endDatetime=0001-01-01T00:00%2B05:00",
            422,
            bad("endDateTime"),
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_original_words(
    client: FlaskClient, path: str, status: int, answer: dict[str, Any]
) -> None:
    found = client.get(f"{BASE}/{path}")
    assert (found.status_code, found.json) == (status, answer)


@pytest.mark.parametrize("query", ["ids=x", "ids=x&entity=", "ids=x&entity=name", "entity=:"])
def test_an_entity_has_to_be_named(client: FlaskClient, query: str) -> None:
    answer = client.get(f"{BASE}/facts/latest?{query}")
    assert answer.status_code == 400
    assert answer.json["error"]["name"] == "InputError"
    assert answer.json["error"]["message"].startswith("Entity reference ")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"entities": None},
        {"entities": "component:default/basket"},
        {"entities": [1]},
        {"entities": [{"kind": "Component"}]},
        {"entities": [{"kind": "Component", "metadata": {}}]},
        {"entities": [{"kind": "Component", "metadata": "x"}]},
        {"entities": [], "checks": "x"},
        {"entities": [], "checks": [1]},
        [],
    ],
)
def test_a_bulk_run_of_nothing_that_is_meant_is_refused(client: FlaskClient, body: Any) -> None:
    answer = client.post(f"{BASE}/checks/run", json=body)
    assert answer.status_code == 400
    assert answer.json["error"]["name"] == "InputError"
    assert answer.json["request"] == {"method": "POST", "url": "/checks/run"}


def test_broken_and_large_bodies_are_refused_as_express_does(client: FlaskClient) -> None:
    broken = client.post(f"{BASE}/checks/run", data="{", content_type="application/json")
    assert broken.status_code == 400
    assert broken.json["error"]["name"] == "SyntaxError"
    assert broken.json["error"]["type"] == "entity.parse.failed"
    large = client.post(f"{BASE}/checks/run", json={"entities": ["x" * 102_400]})
    assert large.status_code == 413
    assert large.json["error"]["name"] == "PayloadTooLargeError"


def test_what_is_not_there_is_an_envelope(client: FlaskClient) -> None:
    answer = client.get(f"{BASE}/levels?x=1")
    assert answer.status_code == 404
    assert answer.json["error"]["name"] == "NotFoundError"
    assert answer.json["request"]["url"] == "/levels?x=1"


def test_an_installation_without_checks_has_no_facts_to_ask_for(filled: Portal) -> None:
    client = create_app(replace(filled, scorecards=())).test_client()
    answer = client.get(f"{BASE}/facts/latest?entity={BASKET}")
    assert (answer.status_code, answer.json) == (200, {})
    assert client.get(f"{BASE}/checks").json == []


def test_permissions_are_told(client: FlaskClient) -> None:
    known = client.get(f"{BASE}/.well-known/backstage/permissions/metadata").json
    assert known["rules"] == []
    assert {one["name"]: one["attributes"]["action"] for one in known["permissions"]} == {
        "tech-insights.check.read": "read",
        "tech-insights.check.run": "update",
        "tech-insights.fact-retriever.read": "read",
    }


@pytest.fixture(autouse=True)
def _nothing_is_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked, no rule runs."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a rule was evaluated")

    monkeypatch.setattr("scorecards.evaluation.answers.Answers.ask", refuse)
