"""Rubbish beside good files: every piece gets its problem in its place, and nothing else changes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.config import ConfiguredSource, Settings
from portal.db.catalog import entities
from portal.db.sources import locations, problems
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs
from tests.portal.at_once import shared_pool

GOOD = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: good
spec:
  type: service
  lifecycle: production
  owner: team
"""
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

RUBBISH: dict[str, tuple[bytes, str, int | None]] = {
    "not-yaml": (b"metadata: [unclosed\n", "YAML_SYNTAX", 1),
    "html": (b"<!DOCTYPE html><html><body>Sign in</body></html>\n", "NOT_A_MAPPING", 1),
    "list": (b"- a\n- b\n", "NOT_A_MAPPING", 1),
    "brackets": (b"a: " + b"[" * 100_000, "YAML_TOO_DEEP", 1),
    "dashes": (b"- " * 14_000, "YAML_TOO_DEEP", 1),
    "alias-bomb": (BOMB.encode(), "YAML_TOO_MANY_ALIASES", None),
    "duplicate-key": (
        GOOD.replace("kind:", "apiVersion: x\nkind:").encode(),
        "YAML_DUPLICATE_KEY",
        2,
    ),
    "unknown-kind": (GOOD.replace("Component", "Zebra").encode(), "KIND_UNKNOWN", 2),
    "latin-1": (b"metadata: \xff\xfe\n", "NOT_UTF8", 1),
    "nul": (GOOD.replace("good", "go\0od").encode(), "TEXT_NOT_STORABLE", 4),
    "huge": (b"a: " + b"x" * (11 * 1024 * 1024), "FILE_TOO_LARGE", None),
    "bad-name": (GOOD.replace("good", "../../admin").encode(), "NAME_FORMAT", 4),
    "number-name": (GOOD.replace("name: good", "name: 12").encode(), "FIELD_TYPE", 4),
}


@pytest.fixture
def portal(database_url: str, tmp_path: Path) -> Iterator[Portal]:
    source = tmp_path / "source"
    for name, (content, _, _) in {"good": (GOOD.encode(), "", None), **RUBBISH}.items():
        (source / name).mkdir(parents=True)
        (source / name / "catalog-info.yaml").write_bytes(content)
    secret = tmp_path / "secret.yaml"
    secret.write_text(GOOD.replace("good", "secret"))
    (source / "link").mkdir()
    os.symlink(secret, source / "link" / "catalog-info.yaml")
    settings = Settings(
        database=database_url,
        data_dir=tmp_path / "data",
        sources=(ConfiguredSource("file", str(source), "command"),),
    )
    portal = open_portal(settings)
    prepare(portal)
    yield portal
    portal.database.close()


def test_rubbish_gets_its_problem_in_its_place_and_harms_nothing(portal: Portal) -> None:
    tools = tools_of(portal, shared_pool())
    with portal.database.read() as connection:
        (location,) = locations.list_locations(connection)
    for repository in jobs.list_repositories(tools, location.id):
        jobs.ingest(tools, location.id, repository)
    with portal.database.read() as connection:
        found = problems.list_problems(connection, limit=100)
        assert entities.kind_counts(connection) == {"component": 1}
        assert entities.by_ref(connection, "component:default/secret") is None
    told = {row.repository: row.problem for row in found.items if row.problem.severity == "error"}
    for name, (_, code, line) in RUBBISH.items():
        assert told[name].code == code, name
        assert told[name].file == "catalog-info.yaml"
        assert told[name].message
        if line is not None:
            assert told[name].line == line, name
