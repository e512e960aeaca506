"""kill -9 at any moment loses nothing: the real processes, the real files."""

from pathlib import Path

import pytest

from tests.portal.processes import Server, eventually, portal_up

ENTITIES = 300


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for number in range(ENTITIES // 3):
        folder = tmp_path / "source" / f"repository-{number}"
        folder.mkdir(parents=True)
        documents = [
            f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: c-{number}-{n}\n"
            "spec:\n  type: service\n  lifecycle: production\n  owner: team\n"
            for n in range(3)
        ]
        (folder / "catalog-info.yaml").write_text("---\n".join(documents))
    return tmp_path / "source"


def assessed(server: Server) -> bool:
    """Whether every entity is there, and has been looked at."""
    card = server.get("/scorecards/service-maturity")
    return sum(level["proven"] for level in card["distribution"]) == ENTITIES


def own_megabytes(process: int) -> float:
    """What a process has for itself."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


@pytest.mark.timeout(300)
def test_a_portal_that_is_killed_while_it_works_goes_on_where_it_was(
    tmp_path: Path, source: Path
) -> None:
    data = tmp_path / "data"
    arguments = ("--source", str(source))
    for visible in (1, ENTITIES // 2):
        with portal_up(data, *arguments) as server:
            eventually(lambda: server.get("/entities")["total"] >= visible)  # noqa: B023
            before = {
                e["entity"]["metadata"]["uid"] for e in server.get("/entities", limit=500)["items"]
            }
            server.kill()
    with portal_up(data, *arguments) as server:
        eventually(lambda: assessed(server), within=120)
        after = {
            e["entity"]["metadata"]["uid"] for e in server.get("/entities", limit=500)["items"]
        }
        assert len(after) == ENTITIES
        assert before <= after
        assert own_megabytes(server.process.pid) < 40, "the overseer keeps what workers need"
        assert server.stop() == 0
