"""A portal whose scorecard has a past: three months of two teams' services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from portal.db.tables import entities
from portal.wiring import Portal
from scorecards.collection.store import Asked
from scorecards.evaluation.transitions import OUTCOMES
from scorecards.levels import reached
from scorecards.results import CheckResult, ScorecardResult
from tests.catalog_rows import NOW, entity, save
from tests.result_rows import ResultRows

CARD = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: care, title: Care}
spec:
  checks:
    - {id: readme, title: Has a README, level: Managed, rule: "repo.readme.bytes > 0", why: w, fix: f}
    - {id: tests, title: Has tests, level: Defined, rule: "repo.tests.files > 0", why: w, fix: f}
    - {id: runbook, title: Has a runbook, level: Defined, rule: "repo.docs.adrs > 0", why: w, fix: f}
"""
CHECKS = ("readme", "tests", "runbook")


def day(n: int) -> datetime:
    return NOW + timedelta(days=n)


def text(n: int) -> str:
    """A day as the API takes it."""
    return day(n).isoformat().replace("+00:00", "Z")


def write_card(folder: Path) -> Path:
    path = folder / "care.yaml"
    path.write_text(CARD)
    return path


def serve(portal: Portal, owners: Mapping[str, str], n: int) -> None:
    """Let these components be all that there are, each with its owner; and the groups."""
    groups = [
        entity("shop", "Group"),
        entity("web", "Group", relations=[("childOf", "group:default/shop", "parentOf")]),
        entity("pay", "Group", relations=[("childOf", "group:default/shop", "parentOf")]),
        entity("store", "System", relations=[("partOf", "domain:default/sales", "hasPart")]),
    ]
    components = [
        entity(
            name,
            metadata={"labels": {"tier": "One" if name < "c" else "Two"}, "tags": ["x"]},
            spec={"type": "service"},
            relations=[
                ("ownedBy", f"group:default/{owner}", "ownerOf"),
                *([("partOf", "system:default/store", "hasPart")] if name < "c" else []),
            ],
        )
        for name, owner in owners.items()
    ]
    save(portal.database, *groups, *components, now=day(n))


def assess(portal: Portal, said: Mapping[str, str], n: int, *, version: str = "") -> None:
    """Let the scorecard say these letters of these entities; an empty text: it does not apply."""
    (card,) = [card for card in portal.scorecards if card.name == "care"]
    levels = [check.level for check in card.checks]
    with portal.database.read() as connection:
        found = connection.execute(select(entities.c.name, entities.c.id, entities.c.ref)).all()
    rows = {row.name: row for row in found}
    results = []
    for name, letters in said.items():
        if not letters:
            continue
        outcomes = [OUTCOMES[letter] for letter in letters]
        at = reached(len(card.levels), levels, outcomes)
        results.append(
            ScorecardResult(
                ref=rows[name].ref,
                scorecard="care",
                version=version or card.version,
                proven=at.proven,
                possible=at.possible,
                results=tuple(
                    CheckResult(
                        check=check,
                        outcome=outcome,
                        reason=f"it is {outcome.value}",
                        observed={"repo.seen": letters},
                        unknown={},
                        leaves=(),
                    )
                    for check, outcome in zip(CHECKS, outcomes, strict=True)
                ),
                evaluated_at=day(n),
            )
        )
    asked = Asked(rules={"care": version or card.version}, seq=1 << 40, at=day(n))
    ids = [rows[name].id for name in said]
    ResultRows(database=portal.database).save_results(ids, results, asked=asked)


def with_past(portal: Portal) -> Portal:
    """The portal on day 90, after all of this."""
    serve(portal, {"a": "web", "b": "web", "c": "pay", "d": "pay"}, 0)
    assess(portal, {"a": "pff", "b": "fff", "c": "ppp", "d": "uuu"}, 1, version="old")
    assess(portal, {"a": "ppf", "b": "fff", "c": "ppp", "d": "pfu"}, 40)
    assess(portal, {"a": "ppp"}, 50)
    assess(portal, {"b": "pfx"}, 60)
    # One after the other: what comes when something goes may be the same under another name.
    serve(portal, {"a": "pay", "b": "web", "d": "pay"}, 69)
    serve(portal, {"a": "pay", "b": "web", "d": "pay", "e": "web"}, 70)
    assess(portal, {"a": "ppp", "e": "fff"}, 71)
    return replace(portal, now=lambda: day(90))
