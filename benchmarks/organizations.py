"""A large organization for the benchmark of pages: descriptors to read, a past, decisions of people.

Made from a seed, so that every run has the same. Descriptors go through the portal like any others;
the past, and outcomes of which nearly all differ, are written into the database of a portal that does
not run, since no organization can be made that has them by itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from servers import Portal
from sqlalchemy import Connection, func, select, update

from portal.db import tables
from portal.db.bulk import add, change
from portal.db.engine import utc
from scorecards.evaluation.transitions import Reason

IN_A_REPOSITORY = 100
"""Components of a repository, all in one file."""

YEAR = timedelta(days=365)

CONFIG = """\
backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}
plumbline:
  facts:
    pushed:
      - {name: coverage.line_pct, type: double, description: 'Share of the lines that tests run, in %.'}
  scorecards: [tested.yaml]
"""

TESTED = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: tested, title: Tested}
spec:
  checks:
    - id: covered
      title: Tests run most lines
      level: Managed
      rule: coverage.line_pct >= 80.0
      why: What no test runs breaks unseen.
      fix: Write tests for what `{name}` does most.
"""
"""A scorecard about a pushed fact: to push one is the change that pages have to bear."""


def write(folder: Path, *, components: int, groups: int) -> None:
    """Descriptors in `folder/src`, and a configuration."""
    chosen = random.Random(1)
    org = folder / "src" / "organization"
    org.mkdir(parents=True)
    (org / "catalog-info.yaml").write_text("---\n".join(_around(groups)))
    for first in range(0, components, IN_A_REPOSITORY):
        repository = folder / "src" / f"repository-{first // IN_A_REPOSITORY}"
        repository.mkdir()
        last = min(first + IN_A_REPOSITORY, components)
        documents = (_component(chosen, number, groups) for number in range(first, last))
        (repository / "catalog-info.yaml").write_text("---\n".join(documents))
        if chosen.random() < 0.7:
            (repository / "README.md").write_text("# What this is\n\n" + "It sells. " * 80)
        if chosen.random() < 0.4:
            (repository / "CODEOWNERS").write_text("* @everyone\n")
    (folder / "app-config.yaml").write_text(CONFIG)
    (folder / "tested.yaml").write_text(TESTED)


def _around(groups: int) -> Iterator[str]:
    """Groups in a tree, with systems and domains."""
    for number in range(groups):
        parent = f", parent: group-{(number - 1) // 8}" if number else ""
        yield _descriptor("Group", f"group-{number}", f"{{type: team, children: []{parent}}}")
    for number in range(groups // 2):
        domain = f"domain: domain-{number % 12}"
        yield _descriptor("System", f"system-{number}", f"{{owner: group-{number}, {domain}}}")
    for number in range(12):
        yield _descriptor("Domain", f"domain-{number}", "{owner: group-0}")


def _component(chosen: random.Random, number: int, groups: int) -> str:
    about = ["", "description: Sells what people want to have, every day of the year"]
    links = [
        "",
        "links: [{url: 'https://wiki.example.com/runbook', title: Runbook, type: runbook}]",
    ]
    tags = ["", "tags: [go]", "tags: [java, web, payments]"]
    kind = chosen.choice(["service", "website", "library"])
    life = chosen.choice(["production", "production", "experimental", "deprecated"])
    owner = chosen.randrange(groups // 8, groups)
    system = f", system: system-{chosen.randrange(groups // 2)}" if chosen.random() < 0.8 else ""
    more = [chosen.choice(about), chosen.choice(links), chosen.choice(tags)]
    spec = f"{{type: {kind}, lifecycle: {life}, owner: group-{owner}{system}}}"
    return _descriptor("Component", f"component-{number}", spec, *filter(None, more))


def _descriptor(kind: str, name: str, spec: str, *metadata: str) -> str:
    lines = [f"  {line}\n" for line in (f"name: {name}", *metadata)]
    head = f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n"
    return f"{head}{''.join(lines)}spec: {spec}\n"


def decide(portal: Portal, *, exemptions: int) -> None:
    """Exemptions of which half are granted, and a campaign that is under way."""
    now = datetime.now(UTC)
    v1 = f"{portal.base}/api/v1"
    for number in range(exemptions):
        wanted = {
            "scorecard": "service-maturity",
            "check": "doc.description",
            "ref": f"component:default/component-{number}",
            "reason": {"ground": "not_feasible_yet", "text": "It moves in spring."},
            "expiresAt": (now + timedelta(days=30 + number)).isoformat(),
        }
        made = _posted(portal, f"{v1}/exemptions", wanted)
        if number % 2:
            one = f"{v1}/exemptions/{made['id']}"
            _posted(portal, f"{one}/approve", {"reason": "So be it."}, seen=one)
    campaign = {
        "name": "managed",
        "title": "Everything is Managed",
        "owner": "group-0",
        "scorecard": "service-maturity",
        "level": "Managed",
        "startsOn": f"{now + timedelta(days=1):%Y-%m-%d}",
        "targetOn": f"{now + timedelta(days=90):%Y-%m-%d}",
    }
    _posted(portal, f"{v1}/campaigns", campaign)
    one = f"{v1}/campaigns/managed"
    _posted(portal, f"{one}/start", {"reason": "Why wait?"}, seen=one)


def push(portal: Portal, component: int, percent: float) -> None:
    """One fact of one component: the state of the catalog is another one afterwards."""
    item = {"entity": f"component-{component}", "facts": {"coverage.line_pct": percent}}
    _posted(portal, f"{portal.base}/api/v1/facts", {"items": [item]})


def _posted(portal: Portal, url: str, body: dict[str, Any], *, seen: str = "") -> dict[str, Any]:
    headers = {"If-Match": portal.session.head(seen).headers["ETag"]} if seen else {}
    answer = portal.session.post(url, json=body, headers=headers, timeout=60)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def make_past(connection: Connection) -> None:
    """Let everything have been there for a year, in which each result changed twice."""
    chosen = random.Random(2)
    for column in (tables.changes.c.at, tables.check_lists.c.first_at):
        for (at,) in connection.execute(select(column).distinct()).all():
            begun = {column.name: at - YEAR - timedelta(days=5)}
            connection.execute(update(column.table).where(column == at).values(begun))
    present = connection.execute(select(tables.transitions)).all()
    number = connection.execute(select(func.max(tables.transitions.c.id))).scalar_one()
    moved, rows = [], []
    for row in present:
        now = utc(row.at)
        assert now is not None
        *times, at = sorted(now - YEAR * chosen.random() for _ in range(3))
        moved.append((row.id, at))
        for since, until in pairwise([*times, at]):
            number += 1
            changed = chosen.randrange(len(row.outcomes))
            letters = f"{row.outcomes[:changed]}{chosen.choice('pfu')}{row.outcomes[changed + 1 :]}"
            level = chosen.randint(0, row.proven)
            stand = (level, max(level, row.possible), letters, Reason.FACTS.value, None, None)
            rows.append((number, row.entity_id, row.checks_id, since, until, row.seq, *stand))
    change(connection, tables.transitions, "id", ["at"], moved)
    add(connection, tables.transitions, [one.name for one in tables.transitions.columns], rows)


def scatter(connection: Connection) -> int:
    """Let nearly all outcomes differ; the number of different ones."""
    chosen = random.Random(3)
    results = tables.results
    columns = (results.c.scorecard, results.c.entity_id, results.c.outcomes)
    different = set()
    for scorecard, entity, outcomes in connection.execute(select(*columns)).all():
        letters = "".join(chosen.choices("pfunx", [60, 30, 6, 3, 1], k=len(outcomes)))
        different.add((scorecard, letters))
        numbers = {"passes": letters.count("p"), "fails": letters.count("f")}
        connection.execute(
            update(results)
            .where(results.c.scorecard == scorecard, results.c.entity_id == entity)
            .values(outcomes=letters, unknowns=letters.count("u"), **numbers)
        )
    return len(different)
