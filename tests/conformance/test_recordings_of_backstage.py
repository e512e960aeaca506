"""The catalog API against answers recorded from Backstage 4.0.0, and against its own client."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import new_postgres_database
from tests.portal.processes import free_port, portal_up

MORE_IS_SHOWN = {"048", "086"}
"""Recordings of pages that are as long as the rest of a list. Where a file or a document of it
cannot be read, this catalog shows what stands beside, and the entity of its location, which
Backstage hides; so these pages are longer, by as many entities as are shown besides."""

PROFILES = ["default", "orphan-keep", "readonly", "auth"]


def replayed(shared: Path, folder: Path, profile: str, database: str) -> list[dict[str, Any]]:
    """What became of each recording, from a portal that the replayer starts."""
    out = folder / "results.json"
    script = str(shared / "conformance" / "replay.py")
    server = (
        f"{sys.executable} -m portal up --config {{CONFIG}} --host 127.0.0.1 --port {{PORT}} "
        "--database {DATABASE} --data-dir {TMP}/data"
    )
    subprocess.run(
        [
            *(sys.executable, script, "--profile", profile, "--json", str(out)),
            *("--server", server, "--database", database),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=900,
        check=False,
    )
    found: list[dict[str, Any]] = json.loads(out.read_text())
    return found


def check(results: list[dict[str, Any]]) -> None:
    failed = {one["id"]: one for one in results if one["result"] == "failed"}
    others = {key: one for key, one in failed.items() if key not in MORE_IS_SHOWN}
    assert not others, "\n".join(f"{key}: {one['differences']}" for key, one in others.items())
    for one in failed.values():
        assert len(one["differences"]) == 1
        assert "length: expected" in one["differences"][0]
    assert sum(one["result"] == "passed" for one in results) > 0


@pytest.mark.timeout(900)
def test_the_recordings_of_the_main_profile_hold(shared: Path, tmp_path: Path) -> None:
    check(replayed(shared, tmp_path, "default", f"sqlite:///{tmp_path / 'portal.db'}"))


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_recordings_of_every_profile_hold_on_both_databases(
    shared: Path, tmp_path: Path, postgres: str, profile: str, kind: str
) -> None:
    database = f"sqlite:///{tmp_path / 'portal.db'}"
    if kind == "postgresql":
        database = new_postgres_database(postgres)
    check(replayed(shared, tmp_path, profile, database))


NEW_UID = "removeEntityByUid comes back with a new uid"
"""What is otherwise on purpose: an entity that returns is the one it was, and has its uid."""


@pytest.mark.slow
def test_the_official_client_cannot_tell_the_difference(shared: Path, tmp_path: Path) -> None:
    client = installed_client(shared, tmp_path / "client")
    kit = [sys.executable, str(shared / "conformance" / "replay.py")]
    rendered = tmp_path / "run"
    web_port = free_port()
    places = ["--port", str(free_port()), "--web-port", str(web_port)]
    subprocess.run([*kit, "--render", str(rendered), *places], check=True, timeout=60)
    config = str(rendered / "app-config.yaml")
    with portal_up(tmp_path / "data", "--config", config) as portal:
        wait_until_quiet(f"{portal.url}/api/catalog")
        done = subprocess.run(
            ["node", client, f"{portal.url}/api/catalog", "--serve", str(web_port)],
            capture_output=True,
            text=True,
            timeout=300,
        )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert "PASS" in done.stdout, done.stderr
    assert [line for line in failed if NEW_UID not in line] == []


def installed_client(shared: Path, folder: Path) -> str:
    """The script that exercises the official client, beside the client's own package."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder.mkdir()
    for name in ("package.json", "client_check.mjs"):
        shutil.copy(shared / "conformance" / name, folder / name)
    command = ["npm", "install", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"the official client cannot be installed: {done.stderr[-300:]}")
    return str(folder / "client_check.mjs")


def wait_until_quiet(base: str) -> None:
    """Wait until the number of entities has stood still for some seconds."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < 4:
        answer = requests.get(f"{base}/entities/by-query", params={"limit": 0}, timeout=30)
        if answer.json()["totalItems"] != seen:
            seen, since = answer.json()["totalItems"], time.monotonic()
        time.sleep(0.2)
