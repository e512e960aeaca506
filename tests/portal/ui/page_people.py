"""People and machines at the pages: who asks, who decides, and who may not."""

from __future__ import annotations

from flask.testing import FlaskClient
from page_structure import faults
from werkzeug.test import TestResponse

from portal.config import StaticToken
from portal.config.access import Restriction

ASKER = StaticToken(token="asker-token", subject="may")
DECIDER = StaticToken(token="decider-token", subject="bob")
NO_DECIDER = StaticToken(
    token="restricted-token",
    subject="ci",
    restrictions=(
        Restriction(plugin="plumbline", permissions=("plumbline.read", "plumbline.update")),
    ),
)
TOKENS = (ASKER, DECIDER, NO_DECIDER)


def headers(token: StaticToken | None) -> dict[str, str]:
    """What a browser of this person sends."""
    shown = {"Authorization": f"Bearer {token.token}"} if token else {}
    return {"Accept": "text/html", **shown}


def read(client: FlaskClient, path: str, by: StaticToken | None = None) -> str:
    """The page as somebody sees it, which is sound."""
    response = client.get(path, headers=headers(by))
    assert response.status_code == 200, response.text[:2000]
    assert faults(response.text) == []
    return response.text


def send(
    client: FlaskClient, path: str, by: StaticToken | None = None, **fields: str
) -> TestResponse:
    """The answer to a form; a page among the answers is sound."""
    response = client.post(path, data=fields, headers=headers(by))
    if response.status_code != 303:
        assert faults(response.text) == [], response.text[:2000]
    return response
