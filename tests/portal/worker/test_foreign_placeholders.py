"""What a repository takes in: its own files, and of another nothing that the portal may read."""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path

import orjson

from plugins.contract import ReadingRule
from portal.config import ConfiguredSource, Settings
from portal.db.catalog.entities import by_ref
from portal.db.sources import locations
from portal.wiring import open_portal, prepare, tools_of
from portal.worker import jobs
from tests.plugins.gitserver import serve_git
from tests.plugins.webserver import answer, serve_web
from tests.portal.at_once import shared_pool
from tests.portal.cli.changed_checkout import commit, git

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME, description: {$text: TARGET}}
spec: {type: service, lifecycle: production, owner: team-a}
"""


def test_a_git_repository_takes_in_its_own_files_and_none_of_another(
    database_url: str, tmp_path: Path
) -> None:
    bare, clone = tmp_path / "forge" / "acme" / "shop.git", tmp_path / "shop"
    bare.parent.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", bare], check=True)
    subprocess.run(["git", "clone", "--quiet", bare, clone], check=True, capture_output=True)
    with serve_git(bare.parents[1]) as forge, serve_web() as other:
        vault = "/acme/vault/blob/main/key.txt"
        other.replies[vault] = answer(b"s3cret")
        near = DESCRIPTOR.replace("NAME", "near").replace("TARGET", "./notes.txt")
        far = DESCRIPTOR.replace("NAME", "far").replace("TARGET", f"{other.url}{vault}")
        (clone / "catalog-info.yaml").write_text(f"{near}---\n{far}")
        (clone / "notes.txt").write_text("hello")
        commit(clone, "Begin")
        git(clone, "push", "--quiet", "origin", "HEAD:main")
        settings = Settings(
            database=database_url,
            data_dir=tmp_path / "data",
            sources=(ConfiguredSource("url", f"{forge.url}/acme/shop.git", "command"),),
            reading=(ReadingRule(host=other.authority),),
        )
        portal = open_portal(settings)
        with closing(portal.database):
            prepare(portal)
            tools = tools_of(portal, shared_pool())
            with portal.database.read() as connection:
                (location,) = locations.list_locations(connection)
            for repository in jobs.list_repositories(tools, location.id):
                jobs.ingest(tools, location.id, repository)
            with portal.database.read() as connection:
                rows = {
                    name: by_ref(connection, f"component:default/{name}")
                    for name in ("near", "far")
                }
        found = {name: orjson.loads(row.answer()) for name, row in rows.items() if row}
    assert other.asked == []
    assert found["near"]["metadata"]["description"] == "hello"
    assert "s3cret" not in str(found)
