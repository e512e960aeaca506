import csv
import io
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from portal.api.v1.catalog import entity_tables
from portal.db.catalog.entities import by_ref
from portal.db.evaluation.results import for_entity as results_of
from portal.db.tables import unassessed
from portal.db.work import marks, pending
from portal.wiring import Portal
from tests.result_rows import ResultRows

BASKET = "/api/v1/entities/component/default/basket"


def refs(client: FlaskClient, query: str = "") -> list[str]:
    answer = client.get(f"/api/v1/entities{query}")
    assert answer.status_code == 200, answer.text
    return [item["ref"] for item in answer.json["items"]]


def test_entities_are_listed_by_name_with_where_they_stand(client: FlaskClient) -> None:
    answer = client.get("/api/v1/entities").json
    assert [item["ref"] for item in answer["items"]] == [
        "component:default/basket",
        "component:default/orders",
        "system:default/shop",
        "group:default/team-a",
    ]
    assert (answer["total"], answer["nextCursor"]) == (4, None)
    basket = answer["items"][0]
    assert basket["entity"]["metadata"]["title"] == "Basket Service"
    assert basket["entity"]["metadata"]["uid"]
    for standing in basket["scorecards"]:
        assert standing["proven"]["rank"] <= standing["possible"]["rank"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?kind=component", ["basket", "orders"]),
        ("?kind=Component&kind=system", ["basket", "orders", "shop"]),
        ("?owner=team-a&kind=component", ["basket"]),
        ("?owner=group:default/Team-A", ["basket", "shop"]),
        ("?type=website", ["orders"]),
        ("?lifecycle=production", ["basket"]),
        ("?system=shop", ["basket"]),
        ("?tag=python", ["basket"]),
        ("?q=SERVICE", ["basket"]),
        ("?q=customers", ["basket"]),
        ("?q=%25", []),
        ("?filter=kind=component,spec.type=service", ["basket"]),
        ("?filter=kind=system&filter=spec.type=website", ["orders", "shop"]),
        ("?filter=metadata.tags", ["basket"]),
        ("?kind=component&sort=-name", ["orders", "basket"]),
        ("?kind=component&sort=lifecycle", ["orders", "basket"]),
        ("?type=' OR 1=1--", []),
        ("?q=x%00y", []),
        ("?owner=a%00b", []),
    ],
)
def test_parameters_narrow_and_order(client: FlaskClient, query: str, names: list[str]) -> None:
    assert [ref.rpartition("/")[2] for ref in refs(client, query)] == names


def test_pages_follow_one_another_without_gap_or_repeat(client: FlaskClient) -> None:
    found: list[str] = []
    query = "?limit=1&sort=-name"
    while True:
        answer = client.get(f"/api/v1/entities{query}").json
        found += [item["ref"] for item in answer["items"]]
        assert answer["total"] == 4
        if answer["nextCursor"] is None:
            break
        query = f"?limit=1&cursor={answer['nextCursor'].replace('+', '%2B')}"
    assert found == refs(client, "?sort=-name")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?limit=0", 422, "INVALID_VALUE"),
        ("?limit=-1", 422, "INVALID_VALUE"),
        ("?limit=501", 422, "INVALID_VALUE"),
        ("?limit=1e9", 422, "INVALID_VALUE"),
        ("?limit=" + "9" * 4000, 422, "INVALID_VALUE"),
        ("?limit=" + "9" * 5000, 422, "INVALID_VALUE"),
        ("?limit=%00", 422, "INVALID_VALUE"),
        ("?limit=%ff", 422, "INVALID_VALUE"),
        ("?limit=9223372036854775808", 422, "INVALID_VALUE"),
        ("?sort=secret", 422, "INVALID_VALUE"),
        ("?sort=name;drop", 422, "INVALID_VALUE"),
        ("?owner=a:b:/", 422, "INVALID_VALUE"),
        ("?level=Managed", 422, "INVALID_VALUE"),
        ("?level=service-maturity:Flying", 422, "INVALID_VALUE"),
        ("?level=none:Managed", 422, "INVALID_VALUE"),
        ("?column=level:none", 422, "INVALID_VALUE"),
        ("?column=%00", 422, "INVALID_VALUE"),
        ("?kinds=component", 400, "UNKNOWN_PARAMETER"),
        ("?debug=1", 400, "UNKNOWN_PARAMETER"),
        ("?filter==x", 400, "BAD_FILTER"),
        ("?cursor=abc", 400, "BAD_CURSOR"),
        ("?cursor=%00", 400, "BAD_CURSOR"),
        ("?cursor=" + "A" * 60_000, 400, "BAD_CURSOR"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_reason(
    client: FlaskClient, query: str, status: int, code: str
) -> None:
    refused = client.get(f"/api/v1/entities{query}")
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert refused.content_type == "application/problem+json"


def test_an_entity_is_told_with_all_that_is_known(client: FlaskClient) -> None:
    found = client.get(BASKET).json
    assert found["ref"] == "component:default/basket"
    assert found["entity"]["spec"]["owner"] == "team-a"
    assert found["origin"]["path"] == "catalog-info.yaml"
    assert found["origin"]["repository"] == "basket"
    assert found["problems"] == []
    collectors = {record["collector"] for record in found["facts"]}
    assert {"catalog", "repo"} <= collectors
    assert found["scorecards"]


@pytest.mark.parametrize(
    "path",
    [
        "component/default/nowhere",
        "component/default/BASKET2",
        "x/y/z",
        "component/default/%00",
        "component/default/%ff",
        "component/default/" + "x" * 5000,
        "' OR 1=1--/default/x",
    ],
)
def test_what_does_not_exist_is_not_found(client: FlaskClient, path: str) -> None:
    for part in ("", "/scorecards", "/facts", "/problems"):
        missing = client.get(f"/api/v1/entities/{path}{part}")
        assert (missing.status_code, missing.json["code"]) == (404, "NOT_FOUND")


def test_case_does_not_matter_in_a_reference(client: FlaskClient) -> None:
    assert client.get("/api/v1/entities/Component/Default/Basket").status_code == 200


def test_a_result_says_what_was_seen_and_what_to_do(client: FlaskClient) -> None:
    found = client.get(f"{BASKET}/scorecards").json
    assert found
    for result in found:
        outcomes = [check["outcome"] for check in result["checks"]]
        assert result["passed"] == outcomes.count("pass")
        assert result["failed"] == outcomes.count("fail")
        assert result["unknown"] == outcomes.count("unknown") + outcomes.count("error")
        for check in result["checks"]:
            assert check["since"]
            assert check["expected"]
            assert check["why"]
            assert check["fix"]
            assert check["level"]["rank"] >= 1
        by_id = {check["check"]: check for check in result["checks"]}
        for step in result["nextSteps"]:
            assert by_id[step["check"]]["outcome"] in ("fail", "unknown", "error")


def test_facts_say_where_they_come_from(client: FlaskClient) -> None:
    records = {record["collector"]: record for record in client.get(f"{BASKET}/facts").json}
    readme = {fact["name"]: fact for fact in records["repo"]["facts"]}["repo.readme.path"]
    assert readme["state"] == "known"
    assert readme["value"] == "README.md"
    assert records["repo"]["revision"]
    license_file = {f["name"]: f for f in records["repo"]["facts"]}["repo.license.path"]
    assert (license_file["state"], license_file["value"]) == ("missing", None)


def test_a_rejected_entity_still_has_its_problems(client: FlaskClient) -> None:
    assert client.get("/api/v1/entities/component/default/rejected").status_code == 404
    [*found] = client.get("/api/v1/entities/component/default/rejected/problems").json
    assert found
    assert found[0]["severity"] == "error"
    assert found[0]["line"]


def test_a_refresh_is_promised_ahead_of_other_work(client: FlaskClient, filled: Portal) -> None:
    promised = client.post(f"{BASKET}/refresh")
    assert promised.status_code == 202
    assert promised.json["key"].startswith("refresh:")
    with filled.database.read() as connection:
        waiting = [found.key for found in pending.waiting(connection)]
    assert promised.json["key"] in waiting
    assert client.post("/api/v1/entities/component/default/nowhere/refresh").status_code == 404
    odd = {"entityRef": "component:default/a\0b"}  # which PostgreSQL cannot hold
    assert client.post("/api/catalog/refresh", json=odd).status_code == 404


@pytest.mark.parametrize(
    "path", ["", "/component/default/basket", "/component/default/basket/facts"]
)
def test_what_the_client_has_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(f"/api/v1/entities{path}")
    tag = first.headers["ETag"]
    again = client.get(f"/api/v1/entities{path}", headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    weak = client.get(f"/api/v1/entities{path}", headers={"If-None-Match": '"other"'})
    assert weak.status_code == 200


def test_a_new_result_makes_a_new_answer(client: FlaskClient, filled: Portal) -> None:
    with filled.database.read() as connection:
        row = by_ref(connection, "component:default/basket")
        assert row is not None
        stored = [found.result for found in results_of(connection, row.id)]
    rows = ResultRows(database=filled.database)
    rows.save_results([row.id], stored)  # their evidence is now written out, and no longer packed
    for path in ("/api/v1/entities", f"{BASKET}/scorecards"):
        tag = {"If-None-Match": client.get(path).headers["ETag"]}
        rows.save_results([row.id], stored)
        assert client.get(path, headers=tag).status_code == 304  # nothing new was found
        rows.save_results([row.id], stored[:-1])
        assert client.get(path, headers=tag).status_code == 200
        rows.save_results([row.id], stored)


def table(client: FlaskClient, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/api/v1/entities?format=csv{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_whole_list_is_a_table_with_owner_and_levels(client: FlaskClient) -> None:
    rows = table(client)
    assert [row["ref"] for row in rows] == refs(client)
    basket = rows[0]
    assert (basket["kind"], basket["title"]) == ("Component", "Basket Service")
    assert (basket["owner"], basket["system"]) == ("group:default/team-a", "system:default/shop")
    standings = client.get("/api/v1/entities").json["items"][0]["scorecards"]
    assert standings
    for one in standings:
        assert basket[one["scorecard"]] == one["proven"]["name"]
        assert basket[f"{one['scorecard']}:possible"] == one["possible"]["name"]
    assert int(basket["failed"]) == sum(one["failed"] for one in standings)


def test_table_has_the_filters_and_the_order_of_the_list_and_no_pages(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_tables, "LARGEST_PAGE", 1)
    found = table(client, "&kind=component&sort=-name&limit=1")
    assert [row["name"] for row in found] == ["orders", "basket"]
    assert [row["name"] for row in table(client, "&tag=python")] == ["basket"]
    assert table(client, "&kind=nothing") == []


def test_a_table_has_the_columns_that_are_asked_for(client: FlaskClient) -> None:
    first = ["ref", "kind", "name", "title"]
    card = client.get("/api/v1/entities").json["items"][0]["scorecards"][0]["scorecard"]
    asked = f"&column=failing&column=level:{card}&column=owner"
    every = table(client)
    for row, whole in zip(table(client, asked), every, strict=True):
        assert list(row) == [*first, "owner", card, f"{card}:possible", "failed", "unknown"]
        assert row.items() <= whole.items()
    assert [list(row) for row in table(client, "&column=name")] == [first] * len(every)


def test_levels_are_alternatives_on_one_scorecard_and_all_hold_on_several(
    client: FlaskClient,
) -> None:
    stands = {
        item["ref"]: {one["scorecard"]: one["proven"]["name"] for one in item["scorecards"]}
        for item in client.get("/api/v1/entities").json["items"]
    }
    card, level = next(iter(stands["component:default/basket"].items()))
    on = [ref for ref, levels in stands.items() if levels.get(card) == level]
    without = [ref for ref, levels in stands.items() if card not in levels]
    assert on
    assert without
    assert refs(client, f"?level={card}:{level.upper()}") == on
    assert refs(client, f"?level={card}:not-assessed") == without
    assert refs(client, f"?level={card}:{level}&level={card}:not-assessed") == [
        ref for ref in stands if ref in (*on, *without)
    ]
    assert [row["ref"] for row in table(client, f"&level={card}:{level}")] == on


@pytest.fixture
def assessed(filled: Portal) -> Iterator[Portal]:
    """The filled portal, in which nobody waits: neither by other tests, nor for them afterwards."""

    def forget() -> None:
        with filled.database.write() as connection:
            connection.execute(delete(unassessed))

    forget()
    yield filled
    forget()


def test_who_waits_to_be_assessed_is_told_from_whom_no_scorecard_applies_to(
    client: FlaskClient, assessed: Portal
) -> None:
    def said(ref: str) -> tuple[bool, int]:
        one = client.get(f"/api/v1/entities/{ref}").json
        return one["waiting"], len(one["scorecards"])

    assert said("group/default/team-a") == (False, 0)
    with assessed.database.write() as connection:
        marks.mark_one(connection, "group:default/team-a")
        marks.mark_one(connection, "component:default/basket")
    assert said("group/default/team-a") == (True, 0)
    waits, levels = said("component/default/basket")
    assert waits
    assert levels > 0
