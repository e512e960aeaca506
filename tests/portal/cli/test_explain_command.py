"""`portal explain`, with and without a running portal."""

import json
from pathlib import Path

from tests.portal.cli.commands import run
from tests.portal.cli.test_commands import source
from tests.portal.processes import eventually, portal_up

__all__ = ["source"]


def test_an_entity_and_a_file_are_explained_without_a_running_portal(
    tmp_path: Path, source: Path
) -> None:
    place = ("--data-dir", tmp_path / "data", "--source", source)
    run("ingest", "--json", *place)
    there = run("explain", "component:default/basket", *place)
    assert there.splitlines()[-1].startswith("component:default/basket is in the catalog: file:")
    assert "✓ document: It declares component:default/basket." in there
    file = source / "basket" / "catalog-info.yaml"
    assert json.loads(run("explain", "--json", file, *place))["present"]
    absent = json.loads(run("explain", "--json", "component:nothing", *place, status=1))
    assert absent["answer"] == (
        "component:default/nothing is not in the catalog: no file that was read declares it."
    )
    run("explain", ":", *place, status=1)


def test_the_running_portal_is_asked(tmp_path: Path, source: Path) -> None:
    data = tmp_path / "data"
    with portal_up(data, "--source", str(source)) as server:
        eventually(lambda: server.get("/entities")["total"] == 1)
        there = json.loads(run("explain", "--json", "basket", "--data-dir", data))
        never = run("explain", "https://git.example/x", "--data-dir", data, status=1)
    assert there["present"]
    assert "https://git.example/x was never seen" in never
