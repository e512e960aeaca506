"""Locations that are read together: what becomes of each is its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Connection, select

from catalog.problems import Problem
from catalog.sources import Blob, Complete, Failed, Listing, Repository, Snapshot, TreeFile
from plugins.contract import Plugin
from portal.config.settings import ConfiguredSource, Settings
from portal.db.engine import on_condition
from portal.db.ingest import status
from portal.db.sources import locations, targets
from portal.db.tables import entities
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker.together import read_together
from portal.worker.tools import Tools
from tests.portal.worker.test_location_jobs import ALL, COMPONENT, LOCATION, refs, write

AWAY = Problem(code="WEB_UNREACHABLE", message="Nobody answers.")


@dataclass(kw_only=True)
class Web:
    """Files behind URLs; of what it does not know nobody answers, and a list is many files."""

    name: str = "web"
    checked: bool = True
    files: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    def accepts(self, target: str) -> bool:
        return target.startswith("https://web.example/")

    def list(self, target: str) -> Listing:
        urls = self.lists.get(target, [target])
        return Complete(
            repositories=tuple(Repository(url=url, name=url) for url in urls), evidence="named"
        )

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        content = self.files.get(repository.url)
        if content is None:
            return Failed(problem=AWAY)
        return Snapshot(
            repository=repository,
            revision=content,
            is_git=False,
            committed_at=None,
            files=(TreeFile(path="f.yaml", token=content, size=len(content)),),
            named=("f.yaml",),
            only_named=True,
            direct=repository.url,
        )

    def read(self, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int) -> Iterator[Blob]:
        for path in paths:
            yield Blob(path=path, content=self.files[snapshot.direct].encode())


@dataclass(kw_only=True)
class Place:
    portal: Portal
    tools: Tools
    web: Web
    told: list[str] = field(default_factory=list)
    begun: list[Connection] = field(default_factory=list)
    """A connection for each write transaction of a reading."""

    def read(self, *given: Path | str) -> dict[str, list[str]]:
        """Configure these locations, and read them together; returns what is left, by target."""
        sources = tuple(
            ConfiguredSource("url" if isinstance(one, str) else "file", str(one), "config")
            for one in given
        )
        settings = replace(self.portal.settings, sources=sources, rules=ALL)
        ids = prepare(replace(self.portal, settings=settings))
        with on_condition(self.begun.append):
            left = read_together(self.tools, ids, told=lambda done, *_: self.told.append(str(done)))
        with self.portal.database.read() as connection:
            named = {one.id: one.target for one in locations.list_locations(connection)}
        return {named[id_]: [named[one] for one in found] for id_, found in left.items()}

    def states(self) -> dict[str, str]:
        """How each location stands, by target."""
        with self.portal.database.read() as connection:
            return {one.target: one.state for one in locations.list_locations(connection)}


@pytest.fixture
def place(database_url: str, tmp_path: Path, pool: Pool) -> Iterator[Place]:
    settings = Settings(
        database=database_url, data_dir=tmp_path / "data", removal_grace=timedelta(hours=24)
    )
    portal = open_portal(settings)
    prepare(portal)
    web = Web()
    plugin = Plugin(name="web", version="1", summary="", sources=(web,))
    tools = tools_of(portal, pool)
    yield Place(
        portal=portal, tools=replace(tools, plugins=(plugin, *tools.plugins), rules=ALL), web=web
    )
    portal.database.close()


def component(name: str) -> str:
    return COMPONENT.format(name=name)


def components(place: Place) -> set[str]:
    return {ref.rpartition("/")[2] for ref in refs(place.portal) if ref.startswith("component:")}


def test_what_is_wrong_with_one_location_is_no_harm_to_the_others(
    place: Place, tmp_path: Path
) -> None:
    good = [write(tmp_path / f"{name}.yaml", component(name)) for name in "ab"]
    broken = write(tmp_path / "broken.yaml", component("c"), "kind: [")
    place.web.files["https://web.example/d.yaml"] = component("d")
    strange, away = "gopher://nobody/e.yaml", "https://web.example/away.yaml"
    place.read(good[0], strange, broken, tmp_path / "gone.yaml", away, *place.web.files, good[1])
    assert components(place) == set("abcd")
    assert place.states() == {
        **{str(one): "ok" for one in (*good, broken)},
        "https://web.example/d.yaml": "ok",
        away: "failed",
        strange: "failed",
        str(tmp_path / "gone.yaml"): "failed",
    }
    assert sum("Nobody answers" in one for one in place.told) == 1


def test_a_location_of_many_faults_leaves_another_its_own(place: Place, tmp_path: Path) -> None:
    much = write(tmp_path / "much.yaml", *["kind: [\n"] * (status.MOST + 20))
    little = write(tmp_path / "little.yaml", "kind: [")
    place.read(much, little)
    with place.portal.database.read() as connection:
        rows = connection.execute(select(entities.c.status)).scalars()
        told = sorted(len(orjson.loads(one)["items"]) for one in rows if one is not None)
    assert told == [1, status.MOST]


def test_files_that_are_due_together_are_written_in_few_transactions(
    place: Place, tmp_path: Path
) -> None:
    files = [write(tmp_path / "files" / f"{n}.yaml", component(f"c{n}")) for n in range(12)]
    place.read(*files)
    assert 2 <= len(place.begun) <= 6, "one for what was listed, and a few as they become ready"
    assert len(components(place)) == 12
    place.begun.clear()
    place.read(*files)
    assert len(place.begun) == 1, "nothing has changed"


def test_a_location_that_leads_to_much_is_left_to_be_read_by_itself(
    place: Place, tmp_path: Path
) -> None:
    many = [f"https://web.example/{n}.yaml" for n in range(targets.LITTLE + 1)]
    place.web.files = {url: component(f"c{n}") for n, url in enumerate(many)}
    place.web.lists = {"https://web.example/few": many[:2], "https://web.example/much": many}
    alone = write(tmp_path / "a.yaml", component("a"))
    left = place.read("https://web.example/much", alone, "https://web.example/few")
    assert left == {"https://web.example/much": ["https://web.example/much"]}
    assert components(place) == {"a", "c0", "c1"}
    assert place.states()["https://web.example/much"] == "new"


def test_what_locations_lead_to_is_read_with_them(place: Place, tmp_path: Path) -> None:
    one, other, much = (f"https://web.example/{name}" for name in ("x.yaml", "y.yaml", "much"))
    place.web.lists = {much: [f"{much}/{n}" for n in range(targets.LITTLE + 1)]}
    place.web.files = {
        one: LOCATION.format(name="x", targets=f'["{other}"]'),
        other: component("y"),
    }
    first = write(tmp_path / "l.yaml", LOCATION.format(name="l", targets=f'["{one}", "{much}"]'))
    plain = write(tmp_path / "p.yaml", component("p"))
    assert place.read(plain, first) == {str(first): [much]}
    assert components(place) == {"p", "y"}
    write(first, component("l"))
    place.read(plain, first)
    assert components(place) == {"p", "l"}, "nothing leads there any more"


def test_files_and_locations_that_lead_to_few_are_known_to_lead_to_little(
    place: Place, tmp_path: Path
) -> None:
    many = [f"https://web.example/{n}" for n in range(targets.LITTLE + 1)]
    place.web.files = {url: component(f"c{n}") for n, url in enumerate(many)}
    few = ["https://web.example/few/0"]
    place.web.lists = {"https://web.example/much.yaml": many, "https://web.example/few": few}
    named = [*place.web.lists, "https://web.example/org", "https://web.example/*/a.yaml"]

    def little() -> set[str]:
        with place.portal.database.read() as connection:
            ids = {one.id: one.target for one in locations.list_locations(connection)}
            return {ids[one] for one in targets.leading_to_little(connection, ids)}

    place.read()
    sources = tuple(ConfiguredSource("url", one, "config") for one in named)
    prepare(replace(place.portal, settings=replace(place.portal.settings, sources=sources)))
    assert little() == {"https://web.example/much.yaml"}, "as far as one can see"
    place.web.lists["https://web.example/much.yaml"] = many[: targets.LITTLE]
    place.read(*named)
    place.web.lists["https://web.example/much.yaml"] = many
    assert "https://web.example/few" in little()
