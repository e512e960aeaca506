"""The coverage report, against the evidence of every result."""

from typing import Any

from flask.testing import FlaskClient

from portal.api.v1.times import rfc3339
from portal.db.catalog.entities import by_ref
from portal.db.evaluation import unanswerable
from portal.wiring import Portal

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


def test_who_could_not_be_assessed_is_named_with_why_and_since_when(
    filled: Portal, client: FlaskClient
) -> None:
    ref = client.get("/api/v1/entities?kind=component").json["items"][0]["ref"]
    path = f"/api/v1/entities/{ref.replace(':', '/', 1)}"
    cards, before = client.get(f"{path}/scorecards"), client.get(PATH).json
    assert (before["notAssessed"], before["notAssessedEntities"]) == (0, [])
    assert {one["notAssessed"] for one in cards.json} == {None}
    now = filled.now().replace(microsecond=0)
    with filled.database.write() as connection:
        row = by_ref(connection, ref)
        assert row is not None
        unanswerable.give_up(connection, {row.id: "A child was lost."}, now=now)
    why = {"reason": "A child was lost.", "since": rfc3339(now)}
    after = client.get(PATH).json
    assert (after["notAssessed"], after["notAssessedEntities"]) == (1, [{"ref": ref, **why}])
    assert client.get(f"{PATH}?owner=nobody").json["notAssessed"] == 0
    assert client.get(path).json["notAssessed"] == why
    again = client.get(f"{path}/scorecards", headers={"If-None-Match": cards.headers["ETag"]})
    assert again.status_code == 200, "what was fresh is not any more"
    assert [one["notAssessed"] for one in again.json] == [why] * len(cards.json)
    (name,) = {one["scorecard"] for one in again.json[:1]}
    card, rollup = (
        client.get(f"/api/v1/scorecards/{name}{rest}").json for rest in ("", "/rollup?limit=1")
    )
    assert [(one["notAssessed"], one["neverAssessed"]) for one in (card, rollup)] == [(1, 0)] * 2
    items = client.get(f"/api/v1/scorecards/{name}/results?limit=500").json["items"]
    assert {one["ref"]: one["notAssessed"] for one in items if one["notAssessed"]} == {ref: why}
    others = {one.name for one in filled.scorecards} - {one["scorecard"] for one in again.json}
    numbers = {
        one: client.get(f"{PATH}?scorecard={one}").json["notAssessed"] for one in (name, *others)
    }
    assert numbers == {name: 1, **dict.fromkeys(others, 0)}
