"""The API against its own description: nothing may be answered that is not described there."""

from itertools import product

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from portal.app import create_app
from portal.wiring import Portal

EXAMPLES = settings.default.max_examples // 3
"""For each operation, of which there are many."""


@pytest.mark.law
@pytest.mark.timeout(600)
def test_whatever_is_asked_is_answered_as_described(filled: Portal) -> None:
    api = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", create_app(filled))
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) > 15
    for operation, mode in product(operations, GenerationMode):
        if mode is GenerationMode.NEGATIVE and not operation.query:
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            # What a cursor or a filter may hold is more than a schema can say.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        check()


def test_what_exists_is_answered_as_described(filled: Portal) -> None:
    client = create_app(filled).test_client()
    api = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", create_app(filled))
    entity = {"kind": "component", "namespace": "default", "name": "basket"}
    cards = [item["name"] for item in client.get("/api/v1/scorecards").json["items"]]
    [location] = client.get("/api/v1/locations").json["items"]
    one = "/api/v1/entities/{kind}/{namespace}/{name}"
    rejected = {**entity, "name": "rejected"}
    asked = [
        *((f"{one}{part}", entity) for part in ("", "/scorecards", "/facts", "/problems")),
        *((f"{one}{part}", entity) for part in ("/history", "/relations", "/dependents", "/docs")),
        *((f"{one}{part}", entity) for part in ("/owned", "/members")),
        *(
            (f"{one}/scorecards/{{scorecard}}/{part}", {**entity, "scorecard": card})
            for part in ("history", "badge.json", "badge.svg")
            for card in cards
        ),
        *(
            (f"/api/v1/scorecards/{{name}}/{part}", {"name": card})
            for part in ("trend", "rollup", "insights")
            for card in cards
        ),
        ("/api/v1/events", {}),
        (f"{one}/problems", rejected),
        *(("/api/v1/scorecards/{name}", {"name": name}) for name in cards),
        *(("/api/v1/scorecards/{name}/results", {"name": name}) for name in cards),
        ("/api/v1/locations/{location_id}", {"location_id": location["id"]}),
        *((f"/api/v1/{name}", {}) for name in ("entities", "problems", "plugins", "facts")),
    ]
    for path, parameters in asked:
        answer = api[path]["GET"].Case(path_parameters=parameters).call_and_validate()
        assert answer.status_code == 200, path


def test_the_description_is_complete(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    identifiers = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            identifiers.append(operation["operationId"])
            assert operation["summary"], (method, path)
            assert {"200", "201", "202"} & operation["responses"].keys()
            assert "default" in operation["responses"]
    assert len(identifiers) == len(set(identifiers))
    for name, schema in document["components"]["schemas"].items():
        assert "properties" in schema, name
