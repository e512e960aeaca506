"""A small shop for the tests of pages: descriptors through the parser, results through the assessor."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent
from typing import Any

import orjson
from flask.testing import FlaskClient

from catalog.descriptor.descriptors import read_descriptor
from catalog.ingest.store import Batch, FileReading
from catalog.sources import Repository
from portal.app import create_app
from portal.config import Settings
from portal.db.catalog import entities
from portal.db.engine import Database
from portal.db.ingest import registrations
from portal.db.ingest.catalog_store import Store
from portal.db.migrations import migrate
from portal.db.people import exemptions
from portal.wiring import Portal, open_portal
from scorecards.evaluation.assessment import Assessor
from scorecards.evaluation.decisions import Decisions, decided
from scorecards.facts import FactRecord, FactState, FailedFact, Known, Missing, Unknown
from tests.catalog_batches import note_listing
from tests.result_rows import FactRows, ResultRows

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REPOSITORY = Repository(url="https://git.example.com/shop.git", name="shop")

SCORECARD = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata:
  name: readiness
  title: Readiness
  description: Whether a service can be left alone at night.
spec:
  applies_to:
    rule: entity.kind == 'Component'
    because: Applies to components
  levels:
    - name: Start
    - name: Walk
    - name: Run
  checks:
    - id: readme
      title: There is a README
      category: Documentation
      level: Walk
      rule: repo.readme.bytes > 100
      expected: More than 100 bytes
      why: Readers look there **first**.
      fix: "Write `README.md` for {name}. <script>alert(1)</script>"
      effort: minutes
    - id: described
      title: The description says something
      category: Documentation
      level: Walk
      rule: catalog.description_length > 10
      expected: More than 10 characters
      why: Search shows it.
      fix: "Write one:\\n\\n```yaml\\nmetadata:\\n  description: What it does\\n```"
      effort: hours
    - id: tested
      title: There are tests
      category: Testing
      level: Run
      rule: repo.tests.files > 0
      expected: At least one file
      why: Tests keep it working.
      fix: Write one.
      effort: days
"""

TEAMS = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: alices, title: Alice's team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: charlies}
spec: {type: team, children: []}
"""


def component(name: str, *, owner: str = "alices", more: str = "", spec: str = "") -> str:
    """The descriptor of a component; `more` goes into its metadata, `spec` into its spec."""
    lines = [
        "apiVersion: backstage.io/v1alpha1",
        "kind: Component",
        "metadata:",
        f"  name: {name}",
        *(f"  {line}" for line in more.splitlines()),
        "spec:",
        "  type: service",
        "  lifecycle: production",
        f"  owner: {owner}",
        *(f"  {line}" for line in spec.splitlines()),
    ]
    return "\n".join(lines) + "\n"


OPENAPI = """\
openapi: 3.1.0
info: {title: Orders <api>, version: '2', description: Takes *orders*.}
tags: [{name: orders, description: What is bought.}]
paths:
  /orders/{id}:
    parameters:
      - $ref: '#/components/parameters/Id'
    get:
      tags: [orders]
      operationId: getOrder
      summary: Get an order <script>
      responses:
        '200':
          description: The order.
          content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}
    put:
      tags: [orders]
      deprecated: true
      requestBody:
        content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Order'}}}}
      responses: {'204': {description: Stored.}}
components:
  parameters:
    Id: {name: id, in: path, required: true, schema: {type: integer, minimum: 1, maximum: 9}}
  schemas:
    Order: {type: object, properties: {items: {type: array, items: {type: string}}}}
"""


def api(name: str, kind: str, definition: str) -> str:
    """The descriptor of an API of a kind."""
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {{name: {name}}}\nspec:\n"
        f"  type: {kind}\n  lifecycle: production\n  owner: alices\n  definition: |\n"
    ) + indent(definition, "    ")


HOSTILE = component(
    "hostile",
    owner="nobody-there",
    more=(
        "title: <script>alert('title')</script>\n"
        'description: "[click](javascript:alert(1)) <img src=x onerror=alert(2)> ![i](http://x/y)"\n'
        "tags: [java]\n"
        "annotations:\n"
        "  example.com/x: \"<script>alert('annotation')</script>\"\n"
        "links:\n"
        "  - {url: 'javascript:alert(3)', title: '<b>bad</b>'}\n"
        "  - {url: 'https://example.com/good', title: Good}"
    ),
    spec="dependsOn: ['component:nowhere']",
)

BROKEN = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: broken
spec:
  type: service
  lifecycle: production
"""


def fill(portal: Portal) -> str:
    """Store the shop; returns the id of its location."""
    database = portal.database
    with database.write() as connection:
        location = registrations.register(
            connection, type="url", target="https://git.example.com", origin="command", now=NOW
        )
    note_listing(Store(database), location, [REPOSITORY], complete=True, now=NOW)
    text = "---\n".join(
        (
            TEAMS,
            component("payments", more="description: Takes payments of every kind."),
            component("orders", more="title: Orders <3\ndescription: short"),
            component("unclear", owner="charlies", more="description: Nobody could look at it."),
            HOSTILE,
            BROKEN,
        )
    )
    put(portal, location, "catalog-info.yaml", text)
    appraise(
        portal,
        {
            "component:default/payments": {
                "repo.readme.bytes": Known(value=500, path="README.md", line=1),
                "repo.tests.files": Missing(looked_for="*_test.py"),
            },
            "component:default/orders": {
                "repo.readme.bytes": Known(value=5, path="README.md"),
                "repo.tests.files": Known(value=3, path="tests"),
            },
            "component:default/unclear": {
                "repo.readme.bytes": FailedFact(
                    reason=Unknown.SOURCE_FAILED, detail="The clone timed out."
                ),
                "repo.tests.files": Known(value=3, path="tests"),
            },
        },
    )
    return location


def put(
    portal: Portal,
    location: str,
    path: str,
    text: str,
    *,
    repository: Repository = REPOSITORY,
    now: datetime | None = None,
) -> None:
    """Store one descriptor file, as an ingestion would."""
    url = f"url:https://git.example.com/shop/blob/main/{path}"
    outcomes, problems = read_descriptor(
        text.encode(), file=path, location=url, origin="url:https://git.example.com"
    )
    reading = FileReading(path=path, token="1", url=url, outcomes=outcomes, problems=problems)
    read = Batch(
        location=location,
        repository=repository,
        origin="url:https://git.example.com",
        readings=(reading,),
        revision="1/0123456789abcdef",
        commit="0123456789abcdef",
        now=now or NOW,
    )
    Store(portal.database).apply([read])


def appraise(portal: Portal, known: dict[str, dict[str, FactState]]) -> None:
    """Store these facts, those of the description besides, and what follows from them.

    What follows is what the scorecards say of them, and what people decided about that.
    """
    descriptions = _descriptions(portal.database, known)
    records = [
        FactRecord(
            ref=ref,
            collector=collector,
            version="1",
            url=REPOSITORY.url,
            revision="0123456789abcdef",
            observed_at=NOW,
            valid_until=None,
            facts=facts,
        )
        for ref, of_repository in known.items()
        for collector, facts in (
            ("repo", of_repository),
            ("catalog", {"catalog.description_length": Known(value=descriptions[ref])}),
        )
    ]
    FactRows(database=portal.database).save_facts(records)
    with portal.database.read() as connection:
        ids = [row.id for row in entities.by_refs(connection, known).values()]
        granted = exemptions.grants(connection, ids, now=NOW)
    rows = ResultRows(database=portal.database)
    assessor = Assessor(portal.scorecards, portal.schemas)
    cards = {card.name: card for card in portal.scorecards}
    found = [
        decided(cards[result.scorecard], result, Decisions(grants=granted.get(subject.id, ())))
        for subject in rows.assessable(ids)
        for result in assessor.assess(subject, now=NOW)
    ]
    rows.save_results(ids, found)


def _descriptions(database: Database, refs: Iterable[str]) -> dict[str, int]:
    with database.read() as connection:
        rows = entities.by_refs(connection, refs)
    return {
        ref: len(orjson.loads(row.body)["metadata"].get("description", ""))
        for ref, row in rows.items()
    }


def scorecard_file(folder: Path) -> Path:
    """The file of the shop's own scorecard."""
    path = folder / "readiness.yaml"
    path.write_text(SCORECARD)
    return path


@dataclass(frozen=True)
class Shop:
    """A filled portal."""

    portal: Portal
    client: FlaskClient
    location: str

    def get(self, path: str, status: int = 200) -> str:
        """The page at `path`, which answers with `status`."""
        response = self.client.get(path, headers={"Accept": "text/html"})
        assert response.status_code == status, response.text[:2000]
        return response.text


OpenShop = Callable[..., Shop]


def open_shop(url: str, folder: Path, *, filled: bool = True, **settings: Any) -> Shop:
    """A shop on the database at `url`; `settings` are those of the portal."""
    location = ""
    if filled and url.startswith("sqlite:///"):
        content, location = _filled_file()
        Path(url.removeprefix("sqlite:///")).write_bytes(content)
    portal = _opened(url, folder, **settings)
    if filled and not location:
        location = fill(portal)
    return Shop(portal=portal, client=create_app(portal).test_client(), location=location)


def _opened(url: str, folder: Path, **settings: Any) -> Portal:
    chosen = Settings(
        database=url,
        data_dir=folder / "data",
        scorecards=(scorecard_file(folder),),
        plugins_disabled=("library",),
        **settings,
    )
    portal = replace(open_portal(chosen), now=lambda: NOW)
    assert not portal.scorecard_problems
    migrate(portal.database)
    return portal


@cache
def _filled_file() -> tuple[bytes, str]:
    """The SQLite database of a filled shop, to be copied, and the id of its location."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "shop.db"
        portal = _opened(f"sqlite:///{file}", Path(folder))
        location = fill(portal)
        portal.database.close()
        return file.read_bytes(), location
