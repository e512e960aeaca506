"""Locations registered through Backstage's API, with a real portal that reads from a real server."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.portal.processes import Server, eventually, portal_up

CONFIG = """\
backend:
  auth: {{dangerouslyDisableDefaultAuthPolicy: true}}
  reading: {{allow: [{{host: '127.0.0.1:{port}'}}]}}
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass
class World:
    """A running portal, and the folder that it may read over HTTP."""

    portal: Server
    folder: Path
    base: str

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        url = f"{self.portal.url}/api/catalog{path}"
        return requests.request(method, url, timeout=60, **more)

    def entity(self, name: str, kind: str = "component") -> dict[str, Any] | None:
        answer = self.call("GET", f"/entities/by-name/{kind}/default/{name}")
        found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
        return found

    def write(self, path: str, *documents: str) -> str:
        (self.folder / path).write_text("---\n".join(documents))
        return f"{self.base}/{path}"

    def register(self, target: str, wait: str = "20s") -> dict[str, Any]:
        body = {"type": "url", "target": target}
        answer = self.call("POST", f"/locations?wait={wait}", json=body)
        assert answer.status_code == 201, answer.text
        location: dict[str, Any] = answer.json()["location"]
        return location


def component(name: str, **spec: str) -> str:
    more = "".join(f", {key}: {value}" for key, value in spec.items())
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\n"
        f"spec: {{type: service, lifecycle: production, owner: team{more}}}\n"
    )


def leading_to(name: str, *targets: str) -> str:
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {{name: {name}}}\n"
        f"spec: {{targets: [{', '.join(targets)}]}}\n"
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    served = folder / "served"
    served.mkdir()
    handler = functools.partial(Quiet, directory=str(served))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    config = folder / "app-config.yaml"
    config.write_text(CONFIG.format(port=port))
    try:
        with portal_up(folder / "data", "--config", str(config)) as portal:
            yield World(portal=portal, folder=served, base=f"http://127.0.0.1:{port}")
    finally:
        server.shutdown()
        server.server_close()


def test_what_is_registered_with_wait_is_there_when_the_answer_comes(world: World) -> None:
    target = world.write("waited.yaml", component("waited"))
    location = world.register(target)
    assert world.entity("waited") is not None
    shown = world.entity(location["entityRef"].partition("/")[2], "location")
    assert shown is not None
    assert shown["spec"] == {"type": "url", "target": target}
    again = world.call("POST", "/locations", json={"type": "url", "target": target})
    assert again.status_code == 409
    refreshed = world.call(
        "POST", "/locations?onConflict=refresh", json={"type": "url", "target": target}
    )
    assert (refreshed.status_code, refreshed.json()["location"]) == (201, location)


def test_who_waits_for_a_location_learns_what_is_wrong_with_it(world: World) -> None:
    def register(path: str, wait: str) -> Any:
        body = {"type": "url", "target": f"{world.base}/{path}"}
        return world.call("POST", f"/locations?wait={wait}", json=body).json()

    (problem,) = register("missing.yaml", "20s")["problems"]
    assert problem["code"] == "NOT_FOUND"
    assert "no matching files found" in problem["message"]
    body = {"type": "url", "target": "http://127.0.0.1:9/x.yaml"}
    answer = world.call("POST", "/locations?wait=20s", json=body).json()
    assert [one["code"] for one in answer["problems"]] == ["HOST_NOT_ALLOWED"]


def test_a_refresh_with_wait_shows_what_changed(world: World) -> None:
    target = world.write("changing.yaml", component("changing"))
    world.register(target)
    world.write("changing.yaml", component("changing", subcomponentOf="other"))
    answer = world.call(
        "POST", "/refresh?wait=20s", json={"entityRef": "Component:default/Changing"}
    )
    assert (answer.status_code, answer.content) == (200, b"")
    shown = world.entity("changing")
    assert shown is not None
    assert shown["spec"]["subcomponentOf"] == "other"


def test_locations_lead_to_other_urls_and_these_go_with_them(world: World) -> None:
    world.write("leaf.yaml", component("leaf"))
    target = world.write("root.yaml", leading_to("web-root", "./leaf.yaml"))
    location = world.register(target)
    leaf = world.entity("leaf")
    assert leaf is not None
    assert leaf["metadata"]["annotations"] == {
        "backstage.io/managed-by-location": f"url:{world.base}/leaf.yaml",
        "backstage.io/managed-by-origin-location": f"url:{target}",
        "backstage.io/view-url": f"{world.base}/leaf.yaml",
    }
    ancestry = world.call("GET", "/entities/by-name/component/default/leaf/ancestry").json()
    assert [item["parentEntityRefs"] for item in ancestry["items"]] == [
        ["location:default/web-root"],
        [location["entityRef"]],
        [],
    ]
    found = world.call("GET", "/locations").json()
    assert location in [one["data"] for one in found]
    assert f"{world.base}/leaf.yaml" not in [one["data"]["target"] for one in found]
    assert world.call("DELETE", f"/locations/{location['id']}").status_code == 204
    assert world.entity("leaf") is None
    assert world.entity("web-root", "location") is None
    assert world.call("DELETE", f"/locations/{location['id']}").status_code == 404


def test_a_target_that_is_no_longer_named_goes_with_the_next_reading(world: World) -> None:
    world.write("first.yaml", component("first"))
    world.write("second.yaml", component("second"))
    target = world.write("list.yaml", leading_to("list", "./first.yaml", "./second.yaml"))
    world.register(target)
    assert world.entity("second") is not None
    world.write("list.yaml", leading_to("list", "./first.yaml"))
    location = "location:default/list"
    world.call("POST", "/refresh?wait=20s", json={"entityRef": location})
    eventually(lambda: world.entity("second") is None)
    assert world.entity("first") is not None
    world.write("list.yaml", component("listed"))
    world.call("POST", "/refresh?wait=20s", json={"entityRef": location})
    assert world.entity("listed") is not None
    eventually(lambda: world.entity("first") is None)


def test_a_file_that_is_not_there_yet_shows_why_and_appears_once_it_is(world: World) -> None:
    location = world.register(f"{world.base}/later.yaml")
    shown = world.entity(location["entityRef"].partition("/")[2], "location")
    assert shown is not None
    assert shown["status"]["items"][0]["level"] == "error"
    world.write("later.yaml", component("later"))
    world.call("POST", "/refresh?wait=20s", json={"entityRef": location["entityRef"]})
    assert world.entity("later") is not None
    shown = world.entity(location["entityRef"].partition("/")[2], "location")
    assert shown is not None
    assert "status" not in shown


def test_a_deleted_entity_returns_with_its_uid_while_its_file_declares_it(world: World) -> None:
    world.register(world.write("returning.yaml", component("returning")))
    before = world.entity("returning")
    assert before is not None
    uid = before["metadata"]["uid"]
    assert world.call("DELETE", f"/entities/by-uid/{uid}").status_code == 204
    back = eventually(lambda: world.entity("returning"))
    assert back["metadata"]["uid"] == uid


def test_a_suppressed_entity_does_not_return_until_that_is_undone(world: World) -> None:
    world.register(world.write("unwanted.yaml", component("unwanted")))
    asked = {"ref": "component:default/unwanted", "reason": "a copy"}
    own = f"{world.portal.url}/api/v1"
    assert requests.post(f"{own}/suppressions", params=asked, timeout=30).status_code == 200
    world.call("POST", "/refresh?wait=20s", json={"entityRef": "location:default/none"})
    assert world.entity("unwanted") is None
    (listed,) = world.portal.get("/suppressions")["items"]
    assert (listed["ref"], listed["reason"]) == (asked["ref"], "a copy")
    lifted = requests.delete(f"{own}/suppressions", params={"ref": asked["ref"]}, timeout=30)
    assert lifted.status_code == 200
    assert world.entity("unwanted") is not None


def test_another_target_keeps_the_id_and_the_uids(world: World) -> None:
    location = world.register(world.write("old.yaml", component("kept"), component("dropped")))
    before = world.entity("kept")
    assert before is not None
    target = world.write("new.yaml", component("kept"))
    answer = world.call(
        "PUT", f"/locations/{location['id']}?wait=20s", json={"type": "url", "target": target}
    )
    assert answer.json() == {**location, "target": target}
    after = world.entity("kept")
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert world.entity("dropped") is None


def test_a_location_may_take_a_target_that_others_lead_to_or_led_to(world: World) -> None:
    leaf = world.write("taken.yaml", component("taken"))
    gone = world.write("gone.yaml", component("gone"))
    root = world.register(world.write("leads.yaml", leading_to("leads", leaf)))
    world.call("DELETE", f"/locations/{world.register(gone)['id']}")
    moving = world.register(world.write("moving.yaml", component("moving")))

    def move(target: str) -> requests.Response:
        path = f"/locations/{moving['id'].upper()}?wait=20s"
        return world.call("PUT", path, json={"type": "url", "target": target})

    before = world.entity("taken")
    assert before is not None
    assert move(leaf).json() == {**moving, "target": leaf}
    after = world.entity("taken")
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert world.entity("moving") is None
    world.call("DELETE", f"/locations/{root['id']}")
    assert world.entity("taken") is not None
    assert move(gone).status_code == 200
    assert world.entity("gone") is not None
    assert world.entity("taken") is None
    assert move(" ").status_code == 400
    unknown = world.call("PUT", "/locations/x", json={"type": "url", "target": leaf, "more": 1})
    assert unknown.json()["error"]["message"] == "request/body must NOT have additional properties"


def test_a_dry_run_shows_what_would_be_there_and_stores_nothing(world: World) -> None:
    world.write("inner.yaml", component("dry-inner"))
    target = world.write("dry.yaml", leading_to("dry", "./inner.yaml"), component("dry-one"))
    body = {"type": "url", "target": target, "presence": "optional"}
    answer = world.call("POST", "/locations?dryRun=true", json=body)
    assert answer.status_code == 201
    assert answer.json()["location"]["presence"] == "optional"
    names = [entity["metadata"]["name"] for entity in answer.json()["entities"]]
    assert names[1:] == ["dry", "dry-one", "dry-inner"]
    assert answer.json()["exists"] is False
    assert world.entity("dry-one") is None
    assert world.call("GET", "/locations").status_code == 200


def test_a_dry_run_tells_all_that_is_wrong_at_once(world: World) -> None:
    bad = component("dry-bad").replace(", owner: team", "")
    target = world.write("bad.yaml", bad, component("Also Bad"), component("fine"))
    answer = world.call("POST", "/locations?dryRun=true", json={"type": "url", "target": target})
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert "required property 'owner'" in message
    assert "Also Bad" in message


def test_a_validation_reads_what_placeholders_name(world: World) -> None:
    (world.folder / "tags.json").write_text('["java"]')
    (world.folder / "notes.txt").write_text("some notes")

    def answer(tags: dict[str, str]) -> requests.Response:
        spec = {"type": "service", "lifecycle": "production", "owner": "team"}
        entity = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "spec": spec}
        body = {
            "entity": {**entity, "metadata": {"name": "validated", "tags": tags}},
            "location": f"url:{world.base}/validated.yaml",
        }
        return world.call("POST", "/validate-entity", json=body)

    assert (answer({"$json": "./tags.json"}).status_code, answer({"$json": "tags.json"}).text) == (
        200,
        "",
    )
    [error] = answer({"$text": "./notes.txt"}).json()["errors"]
    assert "/metadata/tags must be array" in error["message"]
    [error] = answer({"$text": "./no.txt"}).json()["errors"]
    assert "Placeholder $text could not read location ./no.txt, " in error["message"]


@pytest.mark.parametrize(
    ("target", "said"),
    [("http://127.0.0.1:9/x.yaml", "backend.reading.allow"), ("http://[", "no URL")],
)
def test_what_may_not_be_read_is_refused_in_words(world: World, target: str, said: str) -> None:
    answer = world.call("POST", "/locations?dryRun=true", json={"type": "url", "target": target})
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize("wait", ["soon", "-1s", "61s", "1h"])
def test_a_wait_that_is_no_time_is_refused(world: World, wait: str) -> None:
    answer = world.call("POST", f"/refresh?wait={wait}", json={"entityRef": "component:default/x"})
    assert answer.status_code == 400
