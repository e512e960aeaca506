"""Locations that are read together: what becomes of each is its own."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
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
from portal.worker.jobs import AT_ONCE
from portal.worker.together import PATIENCE, read_together
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
    seconds: float = 0
    """That it takes to say what is in a file."""

    def accepts(self, target: str) -> bool:
        return target.startswith("https://web.example/")

    def list(self, target: str) -> Listing:
        urls = self.lists.get(target, [target])
        return Complete(
            repositories=tuple(Repository(url=url, name=url) for url in urls), evidence="named"
        )

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        time.sleep(self.seconds)
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

    def read(self, *given: Path | str, patience: float = PATIENCE) -> dict[str, list[str]]:
        """Configure these locations, and read them together; returns what is left, by target."""
        sources = tuple(
            ConfiguredSource("url" if isinstance(one, str) else "file", str(one), "config")
            for one in given
        )
        settings = replace(self.portal.settings, sources=sources, rules=ALL)
        prepare(replace(self.portal, settings=settings))
        return self.read_again([str(one) for one in given], patience=patience)

    def read_again(self, given: Collection[str], *, patience: float) -> dict[str, list[str]]:
        """Read locations together that are known; returns what is left, by target."""
        ids = [id_ for id_, target in self.targets().items() if target in given]
        with on_condition(self.begun.append):
            left = read_together(
                self.tools,
                ids,
                patience=patience,
                told=lambda done, *_: self.told.append(str(done)),
            )
        named = self.targets()
        return {named[id_]: [named[one] for one in found] for id_, found in left.items()}

    def targets(self) -> dict[str, str]:
        """The target of each location, by id."""
        with self.portal.database.read() as connection:
            return {one.id: one.target for one in locations.list_locations(connection)}

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


def test_of_a_slow_source_what_was_not_begun_in_time_is_read_another_time(place: Place) -> None:
    urls = [f"https://web.example/{n}.yaml" for n in range(3 * AT_ONCE)]
    place.web.files = {url: component(f"c{n}") for n, url in enumerate(urls)}
    place.web.seconds = 0.05
    left = place.read(*urls, patience=0.01)
    read = {url for url in urls if url not in left}
    assert 1 <= len(read) <= AT_ONCE
    assert not any(left.values())
    assert components(place) == {f"c{urls.index(one)}" for one in read}
    assert len(place.told) == len(read)
    while left:
        former, left = left, place.read_again(left, patience=0.01)
        assert len(left) < len(former)
    assert len(components(place)) == len(urls)


def test_what_a_location_newly_leads_to_is_not_put_off(place: Place, tmp_path: Path) -> None:
    urls = [f"https://web.example/{n}.yaml" for n in range(2 * AT_ONCE)]
    place.web.files = {url: component(f"c{n}") for n, url in enumerate(urls)}
    place.web.seconds = 0.02
    named = "[" + ", ".join(urls) + "]"
    all_ = write(tmp_path / "all.yaml", LOCATION.format(name="all", targets=named))
    assert place.read(all_, patience=0.001) == {}
    assert len(components(place)) == len(urls)


def test_of_a_location_that_is_read_in_part_the_rest_is_read_another_time(place: Place) -> None:
    """With what the read part leads to, of which nothing is said again."""
    few, much, first = (f"https://web.example/{name}" for name in ("few", "much", "first.yaml"))
    rest = [f"https://web.example/{n}.yaml" for n in range(targets.LITTLE - 1)]
    place.web.lists = {few: [first, *rest], much: [f"{much}/{n}" for n in range(50)]}
    place.web.files = {url: component(f"c{n}") for n, url in enumerate(rest)}
    place.web.files[first] = LOCATION.format(name="first", targets=f"[{much}]")
    place.web.seconds = 0.05
    assert place.read(few, patience=0.01) == {few: [few, much]}
    assert 0 < len(components(place)) < len(rest)


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
