"""Rules that the loader takes and the engine suffers from, next to good ones, in a portal that runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from portal.config import ConfiguredSource, Settings
from portal.db import tables
from portal.db.catalog import entities
from portal.db.evaluation import results
from portal.db.sources import locations
from portal.db.work import marks
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs
from portal.worker.assessment import assessing
from scorecards.results import CheckResult

NAMES = ("a", "b", "c")


def doubled(times: int, what: str = "entity.metadata.name") -> str:
    """Compares 2 ** `times` values, hidden in a value that takes no room: nothing counts them."""
    return f"[[{what}]]" + ".map(x, [x, x])" * times + ".exists(x, x == x)"


SLOW = doubled(24)
"""Takes a second or some, also of a fast machine, and ends."""

ENDLESS = doubled(23).replace("[x, x]", "[x, x, x, x]")
"""Ends after the sun."""

GREEDY = (
    "[entity.metadata.name]" + ".map(x, x + x + x + x + x + x + x + x)" * 9 + "[0].split('') != []"
)
"""Asks for more memory than there is."""


def only_on(name: str, rule: str) -> str:
    """The rule, which is harmless on all other entities."""
    return f"entity.metadata.name != '{name}' || {rule}"


def scorecard(name: str, **rules: str) -> str:
    """A document whose checks have these rules, each on a line of its own from the sixth on."""
    checks = "\n".join(
        f'    - {{id: {check}, title: T, level: Managed, why: w, fix: f, rule: "{rule}"}}'
        for check, rule in rules.items()
    )
    return (
        "apiVersion: plumbline.dev/v1\nkind: Scorecard\n"
        f"metadata: {{name: {name}, title: T}}\nspec:\n  checks:\n{checks}\n"
    )


class Running:
    """A portal with three services, the rules of `scorecards` beside it, and its children."""

    def __init__(self, url: str, folder: Path, *documents: str) -> None:
        source = folder / "source"
        for name in NAMES:
            (source / name).mkdir(parents=True, exist_ok=True)
            (source / name / "catalog-info.yaml").write_text(
                "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
                f"metadata: {{name: {name}}}\n"
                "spec: {type: service, lifecycle: production, owner: team}\n"
            )
        self.file = folder / "rules.yaml"
        self.settings = Settings(
            database=url,
            data_dir=folder / "data",
            scorecards=(self.file,),
            sources=(ConfiguredSource("file", str(source), "command"),),
        )
        self.publish(*documents)

    def publish(self, *documents: str) -> None:
        """Start again, with these scorecards besides the built-in ones."""
        self.close()
        self.file.write_text("---\n".join(documents))
        self.portal: Portal = open_portal(self.settings)
        assert self.portal.scorecard_problems == (), self.portal.scorecard_problems
        prepare(self.portal)
        self._others = _children_of_pools()  # one that all tests share, perhaps
        self.pool = Pool(1)

    def close(self) -> None:
        """End the children, and let go of the database."""
        if hasattr(self, "pool"):
            self.pool.close()
            self.portal.database.close()

    def children(self) -> list[int]:
        """The children of its pool, and of no other one of this process."""
        return [child for child in _children_of_pools() if child not in self._others]

    def read(self) -> None:
        """Read the services."""
        tools = tools_of(self.portal, self.pool)
        with self.portal.database.read() as connection:
            (location,) = locations.list_locations(connection)
        for repository in jobs.list_repositories(tools, location.id):
            jobs.ingest(tools, location.id, repository)

    def work(self, *, at_most: int = 100, during: Callable[[], object] = lambda: None) -> int:
        """Assess until nothing is marked; returns how many rounds that took."""
        tools, rounds = tools_of(self.portal, self.pool), 0
        while assessing.assess_round(tools):
            rounds += 1
            assert rounds <= at_most
            during()
        return rounds

    def ask_again(self) -> None:
        """Mark everything, and keep the facts."""
        with self.portal.database.write() as connection:
            marks.mark_all(connection, [card.name for card in self.portal.scorecards])

    def said(self, name: str, card: str, check: str) -> CheckResult:
        """What a check says of a service."""
        with self.portal.database.read() as connection:
            row = entities.by_ref(connection, f"component:default/{name}")
            assert row is not None
            (found,) = [
                one.result
                for one in results.for_entity(connection, row.id)
                if one.result.scorecard == card
            ]
        return next(one for one in found.results if one.check == check)

    def outcomes(self, card: str, check: str) -> list[str]:
        """What a check says of each service."""
        return [self.said(name, card, check).outcome.value for name in NAMES]

    def quarantined(self) -> list[str]:
        """The expressions that are stored as not to be run."""
        with self.portal.database.read() as connection:
            return list(connection.execute(select(tables.quarantine.c.expression)).scalars())


def _children_of_pools() -> list[int]:
    """The children of this process that are of a pool."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"portal.child" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue  # it has just ended
    return found
