"""The OpenAPI document that this repository's own catalog-info.yaml takes in is the portal's."""

import json
from pathlib import Path

import pytest

from portal.app import create_app
from portal.config import Settings
from portal.db.migrations import migrate
from portal.wiring import open_portal

COPY = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.json"


def test_the_copy_in_the_repository_is_current(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    portal = open_portal(Settings(database="sqlite://", data_dir=tmp_path))
    migrate(portal.database)
    document = create_app(portal).test_client().get("/api/v1/openapi.json").get_json()
    portal.database.close()
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    if request.config.getoption("--update-docs"):
        COPY.write_text(text)
    assert COPY.read_text() == text, "make docs writes it anew"
