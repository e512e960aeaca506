"""A portal over a forge, whose sweeps a test starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select

from plugins.contract import Forge, ForgeProvider, GiteaProvider, GitHubProvider, GitLabProvider
from portal.config.integrations import Gitea, GitHub, GitLab, Integration
from portal.db import values
from portal.db.catalog.entities import by_ref
from portal.db.sources import locations
from portal.db.tables import entities
from portal.pool import Pool
from portal.wiring import Portal, tools_of
from portal.worker import jobs
from portal.worker.assessment import assessing

START = datetime.fromisoformat("2026-05-01T12:00:00+00:00")


def component(name: str, more: str = "") -> str:
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata: {{name: {name}{more}}}\n"
        "spec: {type: service, lifecycle: production, owner: team}\n"
    )


@dataclass
class Sweeps:
    """A portal whose sweeps the test starts."""

    portal: Portal
    pool: Pool
    now: datetime = START

    def run(self, *, hours: int = 1) -> dict[str, str]:
        """Read everything and assess what is marked, that many hours after the last time.

        Returns the problems of repositories by name.
        """
        self.now += timedelta(hours=hours)
        tools = replace(tools_of(self.portal, self.pool), now=lambda: self.now)
        with self.portal.database.read() as connection:
            rows = locations.list_locations(connection)
        problems = {}
        ahead = [row.id for row in rows]
        for location in ahead:
            for repository in jobs.list_repositories(tools, location):
                done = jobs.ingest(tools, location, repository)
                ahead += done.linked
                if done.problem is not None:
                    problems[repository.name] = done.problem.code
            jobs.settle(tools, location)
        while assessing.assess_round(tools):
            pass
        return problems

    def due(self) -> list[str]:
        """The repositories that a sweep would look at, by name, once everything is listed."""
        tools = replace(tools_of(self.portal, self.pool), now=lambda: self.now)
        return [one.name for one in jobs.list_repositories(tools, self.location().id)]

    def refresh(self, name: str) -> None:
        """Read one repository, as an event asks for it."""
        jobs.refresh(
            replace(tools_of(self.portal, self.pool), now=lambda: self.now),
            self.repositories()[name].id,
        )

    def refs(self) -> set[str]:
        with self.portal.database.read() as connection:
            found = set(connection.execute(select(entities.c.ref)).scalars())
        return {ref.rpartition("/")[2] for ref in found if ref.startswith("component:")}

    def body(self, name: str) -> dict[str, Any]:
        with self.portal.database.read() as connection:
            row = by_ref(connection, f"component:default/{name}")
        assert row is not None
        found: dict[str, Any] = orjson.loads(row.answer())
        return found

    def location(self) -> locations.LocationRow:
        with self.portal.database.read() as connection:
            return locations.list_locations(connection)[0]

    def seq(self) -> str | None:
        """Counts up with every write to the catalog."""
        with self.portal.database.read() as connection:
            return values.get(connection, "catalog_seq")

    def repositories(self) -> dict[str, locations.RepositoryRow]:
        with self.portal.database.read() as connection:
            found = locations.repositories(connection, self.location().id)
        return {row.name: row for row in found}


def integration(forge: Forge) -> Integration:
    match forge.type:
        case "github":
            return GitHub(host=forge.host, token=forge.token, api_base_url=forge.api_url)
        case "gitlab":
            return GitLab(host=forge.host, token=forge.token, base_url=forge.web_url)
    return Gitea(host=forge.host, password=forge.password, base_url=forge.web_url)


def provider(kind: str, host: str) -> ForgeProvider:
    match kind:
        case "github":
            return GitHubProvider(id="default", host=host, organization="acme")
        case "gitlab":
            return GitLabProvider(id="default", host=host, group="acme")
    return GiteaProvider(id="default", host=host, organization="acme")
