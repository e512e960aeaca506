"""The coverage report, against the evidence of every result."""

from typing import Any

from flask.testing import FlaskClient

PATH = "/api/v1/coverage"


def unknown_of(client: FlaskClient, owner: str = "") -> dict[tuple[str, str], int]:
    """By scorecard and check, the entities for which it is not known, counted one by one."""
    query = f"?owner={owner}" if owner else ""
    counted: dict[tuple[str, str], int] = {}
    for item in client.get(f"/api/v1/entities{query}").json["items"]:
        path = f"/api/v1/entities/{item['ref'].replace(':', '/', 1)}/scorecards"
        for card in client.get(path).json:
            for check in card["checks"]:
                if check["outcome"] in ("unknown", "error"):
                    key = (card["scorecard"], check["check"])
                    counted[key] = counted.get(key, 0) + 1
    return counted


def told(answer: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {(c["scorecard"], c["check"]): c["unknown"] for c in answer["checks"]}


def test_what_is_unknown_is_counted_as_the_results_say(client: FlaskClient) -> None:
    answer = client.get(PATH).json
    assert told(answer) == unknown_of(client)
    assert answer["unknown"] == sum(told(answer).values())
    assert answer["asked"] >= answer["unknown"]
    assert sum(cause["resolves"] for cause in answer["causes"]) <= answer["unknown"]
    for cause in answer["causes"]:
        assert cause["change"] != "assess", "everybody has been assessed"
        assert cause["resolves"] <= cause["touches"]


def test_coverage_can_be_of_an_owner_and_of_scorecards(client: FlaskClient) -> None:
    team = client.get(f"{PATH}?owner=team-a").json
    assert told(team) == unknown_of(client, "team-a")
    documentation = client.get(f"{PATH}?scorecard=documentation").json
    assert documentation["asked"] < client.get(PATH).json["asked"]
    assert {check["scorecard"] for check in documentation["checks"]} <= {"documentation"}
    nobody = client.get(f"{PATH}?owner=nobody").json
    assert (nobody["asked"], nobody["knownRate"]) == (0, None)


def test_a_bad_question_is_refused(client: FlaskClient) -> None:
    assert client.get(f"{PATH}?scorecard=nothing").status_code == 422
    assert client.get(f"{PATH}?owner=:").status_code == 422
    assert client.get(f"{PATH}?system=x").status_code == 400
