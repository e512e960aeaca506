"""What is told at once of a location that cannot be read: nobody is asked, and nothing is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from plugins.contract import ReadingRule
from portal.app import create_app
from portal.wiring import Portal

LOCATIONS = "/api/catalog/locations"
READABLE = "https://files.example.com/catalog/a.yaml"


@pytest.fixture
def asker(make_portal: Callable[..., Portal]) -> FlaskClient:
    portal = make_portal(reading=(ReadingRule(host="files.example.com", paths=("/catalog/",)),))
    return create_app(portal).test_client()


def register(asker: FlaskClient, target: str) -> dict[str, Any]:
    answer = asker.post(LOCATIONS, json={"type": "url", "target": target})
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json
    return found


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("https://other.example.com/a.yaml", "HOST_NOT_ALLOWED"),
        ("https://files.example.com/private/a.yaml", "HOST_NOT_ALLOWED"),
        ("https://files.example.com/catalog/*.yaml", "URL_PATTERN"),
        ("not a url", "NO_SOURCE"),
    ],
)
def test_a_location_that_nobody_can_read_is_registered_and_told(
    asker: FlaskClient, target: str, code: str
) -> None:
    answer = register(asker, target)
    (problem,) = answer["problems"]
    assert (problem["code"], problem["severity"]) == (code, "error")
    assert problem["hint"]
    assert answer["location"]["target"] == target
    assert answer["entities"] == []


@pytest.mark.parametrize(
    "target", [READABLE, "https://github.com/acme/shop/blob/main/catalog-info.yaml"]
)
def test_of_a_location_that_may_be_read_the_answer_is_as_backstages(
    asker: FlaskClient, target: str
) -> None:
    assert register(asker, target).keys() == {"location", "entities"}


def test_another_target_is_told_of_as_well(asker: FlaskClient) -> None:
    location = register(asker, READABLE)["location"]

    def moved(target: str) -> dict[str, Any]:
        body = {"type": "url", "target": target}
        found: dict[str, Any] = asker.put(f"{LOCATIONS}/{location['id']}", json=body).json
        return found

    assert moved(f"{READABLE}.yaml") == {**location, "target": f"{READABLE}.yaml"}
    assert moved("https://other.example.com/")["problems"][0]["code"] == "HOST_NOT_ALLOWED"
