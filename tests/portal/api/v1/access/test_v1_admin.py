"""Administration over HTTP: the queue, who is let in, and what people decided."""

from __future__ import annotations

from collections.abc import Callable

from portal.app import create_app
from portal.config import StaticToken
from portal.config.access import Restriction, SharedSecret
from portal.wiring import Portal
from tests.catalog_batches import new_store, put, reading
from tests.catalog_rows import entity

TOKEN = StaticToken(
    token="a-secret-token",
    subject="ci",
    restrictions=(Restriction(plugin="plumbline", facts=("ci",), entities=("component:*",)),),
)

WHOLE = StaticToken(token="a-whole-token", subject="ops")


def test_the_queue_is_told_by_lane_with_what_fails(make_portal: Callable[..., Portal]) -> None:
    client = create_app(make_portal()).test_client()
    client.post("/api/v1/assessments")
    found = client.get("/api/v1/jobs").json
    assert found["lanes"][0]["lane"] == "person"
    assert (found["lanes"][0]["waiting"], found["lanes"][0]["working"]) == (1, 0)
    assert found["lanes"][0]["oldest"].endswith("Z")
    assert (found["items"][0]["key"], found["items"][0]["lane"]) == ("assess", "person")
    assert found["items"][0]["worker"] is None
    assert found["failures"] == []


def test_access_names_subjects_and_limits_and_no_secret(make_portal: Callable[..., Portal]) -> None:
    shared = SharedSecret(key=b"another-secret", subject="old")
    client = create_app(make_portal(tokens=(TOKEN,), access=(shared,))).test_client()
    answer = client.get("/api/v1/access")
    assert answer.json["open"] is True
    static, legacy = answer.json["items"]
    assert (static["subject"], static["type"]) == ("ci", "static")
    assert static["restrictions"][0]["facts"] == ["ci"]
    assert (legacy["subject"], legacy["restrictions"]) == ("old", [])
    assert "secret" not in answer.text


def test_only_those_who_may_administrate_see_it(make_portal: Callable[..., Portal]) -> None:
    limited = Restriction(plugin="plumbline", permissions=("plumbline.read",))
    token = StaticToken(token="a-secret-token", subject="ci", restrictions=(limited,))
    client = create_app(make_portal(tokens=(token,))).test_client()
    shown = {"Authorization": f"Bearer {token.token}"}
    assert client.get("/api/v1/plugins", headers=shown).status_code == 200
    for name in ("jobs", "access", "decisions"):
        assert client.get(f"/api/v1/{name}", headers=shown).status_code == 403


def test_decisions_have_who_and_what_newest_first(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal(tokens=(WHOLE,))
    put(new_store(portal.database), reading("1", entity("a"), entity("b")))
    client = create_app(portal).test_client()
    assert client.get("/api/v1/decisions").json == {"items": [], "nextCursor": None}
    shown = {"Authorization": f"Bearer {WHOLE.token}"}
    refs = ["component:default/a", "component:default/b"]
    for ref in refs:
        client.post(f"/api/v1/suppressions?ref={ref}&reason=y", headers=shown)
    found = client.get("/api/v1/decisions?limit=1").json
    [last] = found["items"]
    assert (last["actor"], last["removed"], last["more"]) == ("ops", [refs[1]], 0)
    [first] = client.get(f"/api/v1/decisions?cursor={found['nextCursor']}").json["items"]
    assert first["removed"] == [refs[0]]
    assert client.get("/api/v1/decisions?cursor=eA==").status_code == 400
