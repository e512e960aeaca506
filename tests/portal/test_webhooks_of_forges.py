"""From a push to the page: a portal that runs, a repository behind a git server, and its webhooks."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.plugins.deliveries import SECRET, hub, push
from tests.plugins.gitserver import GitServer, serve_git
from tests.portal.cli.changed_checkout import commit, git
from tests.portal.processes import Server, eventually, portal_up

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME}
spec: {type: service, lifecycle: production, owner: team-a}
"""

CONFIG = """\
backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}
catalog:
  processingInterval: false
  rules: [{allow: [Component]}]
  locations:
    - {type: url, target: "URL/acme/shop.git"}
    - {type: url, target: "URL/acme/other.git"}
plumbline:
  webhooks:
    - {type: github, url: URL, secrets: ["SECRET"]}
"""


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[GitServer]:
    for name in ("shop", "other"):
        bare = tmp_path / "forge" / "acme" / f"{name}.git"
        bare.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", bare], check=True)
        subprocess.run(
            ["git", "clone", "--quiet", bare, tmp_path / name], check=True, capture_output=True
        )
        change(tmp_path / name, name)
    with serve_git(tmp_path / "forge") as server:
        yield server


@pytest.fixture
def portal(forge: GitServer, tmp_path: Path) -> Iterator[Server]:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("URL", forge.url).replace("SECRET", SECRET))
    with portal_up(tmp_path / "data", "--config", str(config)) as server:
        eventually(lambda: names(server) == {"shop", "other"} and is_idle(server))
        yield server


def change(clone: Path, name: str) -> str:
    """Push a descriptor of a component with this name; the commit."""
    (clone / "catalog-info.yaml").write_text(DESCRIPTOR.replace("NAME", name))
    git(clone, "add", "catalog-info.yaml")
    commit(clone, f"Call it {name}")
    git(clone, "push", "--quiet", "origin", "HEAD:main")
    return git(clone, "rev-parse", "HEAD").strip()


def names(portal: Server) -> set[str]:
    found = portal.get("/entities", kind="component")["items"]
    return {entity["ref"].rpartition("/")[2] for entity in found}


def is_idle(portal: Server) -> bool:
    """Whether nothing waits to be read, and facts have been collected."""
    lines = requests.get(f"{portal.url}/metrics", timeout=30).text.splitlines()
    waiting = ("plumbline_pending_keys 0.0", "plumbline_unassessed_entities 0.0")
    return all(line in lines for line in waiting)


def deliver(portal: Server, url: str, at: str, *, status: int = 202) -> None:
    delivery = hub("push", push(url, at))
    answer = requests.post(
        f"{portal.url}/api/v1/webhooks/github",
        data=delivery.body,
        headers=dict(delivery.headers),
        timeout=30,
    )
    assert answer.status_code == status, answer.text


def outcome(portal: Server, name: str, check: str) -> str:
    """What a check of any scorecard says about a component."""
    cards = portal.get(f"/entities/component/default/{name}/scorecards")
    return next(r["outcome"] for card in cards for r in card["checks"] if r["check"] == check)


def fetches(forge: GitServer, name: str) -> int:
    return sum(path.startswith(f"/acme/{name}.git/git-upload-pack") for path in forge.requests)


def test_a_push_is_read_without_a_sweep_and_a_flood_is_two_fetches(
    forge: GitServer, portal: Server, tmp_path: Path
) -> None:
    shop = f"{forge.url}/acme/shop"
    at = change(tmp_path / "shop", "store")
    forge.requests.clear()
    deliver(portal, shop, at)
    eventually(lambda: names(portal) == {"store", "other"} and is_idle(portal))
    one = fetches(forge, "shop")
    assert one > 0
    # Nobody told of the other repository, and nobody looked.
    assert not any(path.startswith("/acme/other.git") for path in forge.requests)

    at = change(tmp_path / "shop", "market")
    forge.requests.clear()
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda _: deliver(portal, shop, at), range(200)))
    eventually(lambda: names(portal) == {"market", "other"} and is_idle(portal))
    assert fetches(forge, "shop") <= 2 * one
    asked = sum("info/refs" in path for path in forge.requests)
    deliver(portal, shop, at)
    assert is_idle(portal)
    assert sum("info/refs" in path for path in forge.requests) == asked

    # In any order they end with what the forge has.
    commits = [change(tmp_path / "shop", f"store-{number}") for number in range(4)]
    for at in (commits[3], commits[1], commits[2], commits[0], commits[1]):
        deliver(portal, shop, at)
    eventually(lambda: names(portal) == {"store-3", "other"} and is_idle(portal))


def test_a_push_that_leaves_the_descriptor_alone_moves_the_card(
    forge: GitServer, portal: Server, tmp_path: Path
) -> None:
    assert outcome(portal, "shop", "doc.readme") == "fail"
    (tmp_path / "shop" / "README.md").write_text(
        "# Shop\n\n## Run it\n\n## Ask\n\n" + "It sells. " * 50
    )
    git(tmp_path / "shop", "add", "README.md")
    commit(tmp_path / "shop", "Say what it is")
    git(tmp_path / "shop", "push", "--quiet", "origin", "HEAD:main")
    deliver(portal, f"{forge.url}/acme/shop", git(tmp_path / "shop", "rev-parse", "HEAD").strip())
    eventually(lambda: outcome(portal, "shop", "doc.readme") == "pass")


def test_a_forge_that_hangs_holds_up_no_push_to_another(forge: GitServer, tmp_path: Path) -> None:
    (tmp_path / "dead").mkdir()
    with serve_git(tmp_path / "dead") as dead:
        dead.delay = threading.Event()
        lines = [f'    - {{type: url, target: "{dead.url}/r/{n}.git"}}\n' for n in range(12)]
        first, mark, rest = CONFIG.partition("plumbline:")
        text = (first + "".join(lines) + mark + rest).replace("URL", forge.url)
        config = tmp_path / "config.yaml"
        config.write_text(text.replace("SECRET", SECRET))
        with portal_up(tmp_path / "data", "--config", str(config)) as portal:
            eventually(lambda: names(portal) == {"shop", "other"})
            at = change(tmp_path / "shop", "store")
            deliver(portal, f"{forge.url}/acme/shop", at)
            eventually(lambda: names(portal) == {"store", "other"})
            assert dead.requests
            assert not is_idle(portal), "the others were answered, and held up nobody"


def test_what_was_promised_is_read_after_the_portal_was_killed(
    forge: GitServer, portal: Server, tmp_path: Path
) -> None:
    at = change(tmp_path / "shop", "store")
    deliver(portal, f"{forge.url}/acme/shop", at)
    portal.kill()
    with portal_up(tmp_path / "data", "--config", str(tmp_path / "config.yaml")) as again:
        eventually(lambda: names(again) == {"store", "other"})
