"""Advice over the API: for one entity, and across them."""

from flask.testing import FlaskClient


def test_the_fixes_of_a_scorecard_are_ranked_by_whom_they_lift(client: FlaskClient) -> None:
    found = client.get("/api/v1/scorecards/service-maturity/advice").json
    results = client.get("/api/v1/scorecards/service-maturity/results").json["items"]
    assert found["entities"] == len(results)
    assert found["fixes"]
    ranks = [(-fix["lifts"], -fix["levels"], -fix["blocks"]) for fix in found["fixes"]]
    assert ranks == sorted(ranks)
    for fix in found["fixes"]:
        blocked = [
            item
            for item in results
            if item["standing"]["proven"]["rank"] + 1 == fix["level"]["rank"]
            and item["outcomes"][fix["check"]] in ("fail", "unknown", "error")
        ]
        assert fix["blocks"] == len(blocked)


def test_advice_can_be_asked_for_one_owner(client: FlaskClient) -> None:
    path = "/api/v1/scorecards/service-maturity/advice"
    everybody = client.get(path).json["entities"]
    team = client.get(f"{path}?owner=team-a").json["entities"]
    other = client.get(f"{path}?owner=group:default/team-a&owner=team-b").json["entities"]
    assert 0 < team < other == everybody
    assert client.get(f"{path}?owner=nobody").json["fixes"] == []
    assert client.get(f"{path}?owner=:").status_code == 422
    assert client.get("/api/v1/scorecards/nothing/advice").status_code == 404


def test_an_entity_has_a_plan_of_leaves_to_its_next_level(client: FlaskClient) -> None:
    cards = client.get("/api/v1/entities/component/default/basket/scorecards").json
    planned = [card for card in cards if card["plan"]]
    assert planned
    for card in planned:
        plan = card["plan"]
        assert plan["level"]["rank"] == card["proven"]["rank"] + 1
        assert plan["reachable"]
        assert plan["exact"]
        assert plan["minutes"] == sum(change["minutes"] for change in plan["changes"])
        steps = {step["check"] for step in card["nextSteps"]}
        assert {check for change in plan["changes"] for check in change["checks"]} == steps
