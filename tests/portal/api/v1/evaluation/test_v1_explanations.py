"""Why a check says what it says, over the API."""

from typing import Any

import pytest
from flask.testing import FlaskClient

BASKET = "/api/v1/entities/component/default/basket/scorecards"


def outcome_of(node: dict[str, Any]) -> str:
    """What the node has to say, counted from its parts: written again, by another way."""
    if node["word"] == "leaf":
        return str(node["outcome"])
    parts = [outcome_of(part) for part in node["parts"]]
    if node["word"] == "not":
        return {"pass": "fail", "fail": "pass"}.get(parts[0], parts[0])
    could = sum(part != "fail" for part in parts)
    if parts.count("pass") >= node["needed"]:
        return "pass"
    if could < node["needed"]:
        return "fail"
    return "error" if "error" in parts else "unknown"


def test_every_result_can_be_explained_from_what_is_stored(client: FlaskClient) -> None:
    explained = 0
    for card in client.get(BASKET).json:
        for check in card["checks"]:
            path = f"{BASKET}/{card['scorecard']}/checks/{check['check']}/explain"
            answer = client.get(path)
            assert answer.status_code == 200
            found = answer.json
            for key in ("outcome", "reason", "observed", "since", "expected"):
                assert found[key] == check[key]
            assert found["ruleVersion"] == card["version"]
            assert found["current"]
            if found["tree"] is not None:
                explained += 1
                assert outcome_of(found["tree"]) == check["outcome"]
            else:
                assert found["condition"] is not None
            for fact in found["facts"]:
                assert not fact["changed"]
                assert fact["name"] in " ".join(found["words"])
    assert explained > 10


def test_facts_have_their_provenance(client: FlaskClient) -> None:
    (card,) = [c for c in client.get(BASKET).json if c["scorecard"] == "documentation"]
    (check,) = [c for c in card["checks"] if "catalog.description_length" in c["observed"]]
    path = f"{BASKET}/documentation/checks/{check['check']}/explain"
    found = client.get(path).json
    fact = next(f for f in found["facts"] if f["name"] == "catalog.description_length")
    assert fact["collector"] == "catalog"
    assert fact["collectorVersion"]
    assert fact["ageSeconds"] >= 0
    assert fact["observedAt"]
    assert found["entity"]["version"] > 0


@pytest.mark.parametrize(
    "path",
    [
        f"{BASKET}/service-maturity/checks/nothing/explain",
        f"{BASKET}/nothing/checks/own.contact/explain",
        "/api/v1/entities/component/default/nobody/scorecards/service-maturity/checks/x/explain",
        "/api/v1/entities/group/default/team-a/scorecards/service-maturity/checks/x/explain",
    ],
)
def test_what_is_not_there_is_not_explained(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404
