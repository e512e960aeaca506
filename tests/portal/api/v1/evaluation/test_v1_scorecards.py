import pytest
from flask.testing import FlaskClient

from portal.db.evaluation import quarantine
from portal.version import EDITION
from portal.wiring import Portal
from scorecards.rules import leaves


def first_card(client: FlaskClient) -> str:
    """A scorecard with results."""
    for card in client.get("/api/v1/scorecards").json["items"]:
        if client.get(f"/api/v1/scorecards/{card['name']}").json["total"]:
            return str(card["name"])
    pytest.fail("no scorecard applies to anything")


def test_scorecards_are_listed_with_the_problems_of_broken_ones(client: FlaskClient) -> None:
    answer = client.get("/api/v1/scorecards").json
    assert answer["items"]
    assert answer["problems"] == []
    for card in answer["items"]:
        assert [level["rank"] for level in card["levels"]] == list(range(len(card["levels"])))


def test_a_rule_that_is_not_run_is_told_where_it_stands_until_it_is_pardoned(
    client: FlaskClient, filled: Portal
) -> None:
    card = next(card for card in filled.scorecards if card.name == "service-maturity")
    rule = next(leaf for check in card.checks for leaf in leaves(check.rule))
    with filled.database.write() as connection:
        quarantine.put(connection, rule.expression, "was slow", edition=EDITION, now=filled.now())
    try:
        problem = next(
            problem
            for problem in client.get("/api/v1/scorecards").json["problems"]
            if problem["file"] == card.file
        )
        assert problem["code"] == "RULE_STOPPED"
        assert (problem["line"], problem["column"]) == (rule.line, rule.column)
        assert problem["message"] == "the expression was slow"
        assert "portal scorecard pardon service-maturity" in problem["hint"]
    finally:
        pardoned = client.post("/api/v1/scorecards/service-maturity/pardon").json
    assert pardoned == {"pardoned": [rule.expression]}
    assert client.get("/api/v1/scorecards").json["problems"] == []
    assert client.post("/api/v1/scorecards/service-maturity/pardon").json == {"pardoned": []}
    assert client.post("/api/v1/scorecards/none/pardon").status_code == 404


def test_a_scorecard_counts_every_entity_once(client: FlaskClient) -> None:
    card = client.get(f"/api/v1/scorecards/{first_card(client)}").json
    assert sum(step["proven"] for step in card["distribution"]) == card["total"]
    assert sum(step["possible"] for step in card["distribution"]) == card["total"]
    for check in card["checks"]:
        counts = check["counts"]
        assert sum(counts.values()) == card["total"]
        judged = counts["passed"] + counts["failed"]
        if judged:
            assert check["passRate"] == pytest.approx(counts["passed"] / judged, abs=1e-4)
        else:
            assert check["passRate"] is None
        assert check["rule"]


def test_results_agree_with_the_counts(client: FlaskClient) -> None:
    name = first_card(client)
    card = client.get(f"/api/v1/scorecards/{name}").json
    names = {"pass": "passed", "fail": "failed", "unknown": "unknown"}
    for check in card["checks"][:5]:
        for outcome, count in names.items():
            found = client.get(
                f"/api/v1/scorecards/{name}/results?check={check['id']}&outcome={outcome}"
            ).json
            assert len(found["items"]) == check["counts"][count]
            assert all(item["outcomes"][check["id"]] == outcome for item in found["items"])


def test_results_can_be_narrowed_to_a_level(client: FlaskClient) -> None:
    name = first_card(client)
    for step in client.get(f"/api/v1/scorecards/{name}").json["distribution"]:
        rank = step["level"]["rank"]
        found = client.get(f"/api/v1/scorecards/{name}/results?level={rank}").json["items"]
        assert len(found) == step["proven"]
        assert all(item["standing"]["proven"]["rank"] == rank for item in found)


def test_pages_of_results_follow_one_another(client: FlaskClient) -> None:
    path = f"/api/v1/scorecards/{first_card(client)}/results"
    everything = [item["ref"] for item in client.get(path).json["items"]]
    found: list[str] = []
    query = "?limit=1"
    while query:
        answer = client.get(path + query).json
        found += [item["ref"] for item in answer["items"]]
        cursor = answer["nextCursor"]
        query = f"?limit=1&cursor={cursor}" if cursor else ""
    assert found == everything


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?check=readme", 422),
        ("?outcome=pass", 422),
        ("?check=no-such-check&outcome=pass", 422),
        ("?level=-1", 422),
        ("?level=x", 422),
        ("?owner=team-a", 400),
        ("?cursor=x", 400),
        ("?cursor=eA==", 400),
        ("?cursor=MQAtYQ==", 400),
    ],
)
def test_results_refuse_what_cannot_be_meant(client: FlaskClient, query: str, status: int) -> None:
    refused = client.get(f"/api/v1/scorecards/{first_card(client)}/results{query}")
    assert refused.status_code == status


@pytest.mark.parametrize("name", ["nowhere", "%00", "..%2f", "x" * 3000])
def test_an_unknown_scorecard_is_not_found(client: FlaskClient, name: str) -> None:
    assert client.get(f"/api/v1/scorecards/{name}").status_code == 404
    for part in ("results", "versions", "versions/x", "versions/x/diff"):
        assert client.get(f"/api/v1/scorecards/{name}/{part}").status_code == 404
