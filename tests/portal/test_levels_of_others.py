"""A scorecard that looks at the level on another one, from a checkout to the answer."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from click.testing import CliRunner

from portal.cli.checkout import assessed
from portal.cli.main import main
from portal.db.catalog.entities import by_ref
from portal.db.collection import facts
from portal.db.evaluation import results
from portal.db.insights.simulated import Reads, Wanted, rows
from portal.wiring import Portal
from portal.worker.assessment.asking import Means, Rows, ask
from scorecards.facts import Known
from scorecards.results import CheckResult, Outcome

DESCRIPTOR = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: basket}
spec: {type: service, lifecycle: production, owner: guests}
"""
CARDS = """
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: base-line, title: Base line}
spec:
  checks:
    - {id: type, title: t, level: Managed, why: w, fix: f, rule: "catalog.type == 'service'"}
    - {id: readme, title: t, level: Defined, why: w, fix: f, rule: repo.readme.bytes > 0}
---
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: next, title: Next}
spec:
  checks:
    - {id: based, title: t, level: Managed, why: w, fix: f, rule: levels.base_line >= 1}
    - {id: high, title: t, level: Managed, why: w, fix: f, rule: levels.base_line >= 2}
"""


def said(portal: Portal) -> dict[str, CheckResult]:
    with portal.database.read() as connection:
        entity = by_ref(connection, "component:default/basket")
        assert entity is not None
        found = {
            one.result.scorecard: one.result for one in results.for_entity(connection, entity.id)
        }
    return {one.check: one for one in found["next"].results}


def test_the_level_on_one_scorecard_decides_on_another(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "catalog-info.yaml").write_text(DESCRIPTOR)
    cards = tmp_path / "cards.yaml"
    cards.write_text(CARDS)
    with assessed(tmp_path / "repo", scorecards=(cards,)) as (portal, pool):
        outcomes = {check: one.outcome for check, one in said(portal).items()}
        assert outcomes == {"based": Outcome.PASS, "high": Outcome.FAIL}
        assert said(portal)["based"].observed == {"levels.base_line": 1}
        with portal.database.read() as connection:
            entity = by_ref(connection, "component:default/basket")
            assert entity is not None
            stored = {
                record.collector: record for record in facts.for_entity(connection, entity.id)
            }
            assert stored["levels.base-line"].facts == {"levels.base_line": Known(value=1)}
            # Nobody looks at the levels on the other scorecards.
            assert [name for name in stored if name.startswith("levels.")] == ["levels.base-line"]
            (card,) = [card for card in portal.scorecards if card.name == "next"]
            means = Means(
                connection=connection,
                pool=pool,
                collectors=portal.sources_of_facts,
                schemas=portal.schemas,
                unfed=portal.unfed,
                now=datetime.now().astimezone(),
            )
            now = means.now

            def of_next(reads: Reads) -> Rows:
                wanted = Wanted(scorecard="next", reads=reads, settled=True, ids=None, now=now)
                return rows(connection, wanted)

            asked = ask(means, card, of_next)
            assert asked.stored == ["pf"]
            assert [said and said.letters for said in asked.said] == ["pf"]


def test_a_simulation_names_who_looks_at_the_level_that_changes(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "catalog-info.yaml").write_text(DESCRIPTOR)
    cards, changed = tmp_path / "cards.yaml", tmp_path / "changed.yaml"
    cards.write_text(CARDS)
    changed.write_text(
        CARDS.partition("---")[0].replace("repo.readme.bytes > 0", "catalog.type != ''")
    )
    places = ["--source", str(tmp_path / "repo"), "--scorecards", str(cards)]
    ran = CliRunner().invoke(main, ["scorecard", "simulate", str(changed), *places])
    assert ran.exit_code == 0, ran.output
    said = " ".join(ran.output.split())
    assert "the scorecard next looks at it: 1 rise, 0 fall" in said
    ran = CliRunner().invoke(main, ["scorecard", "simulate", str(changed), *places, "--json"])
    assert json.loads(ran.stdout)["ripples"] == [
        {"scorecard": "next", "title": "Next", "entities": 1, "up": 1, "down": 0}
    ]
