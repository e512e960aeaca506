"""Gaps: what unknown answers lack, on both databases, against the evidence of the same results."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select

from catalog.problems import Severity
from portal.db import tables
from portal.db.engine import Database
from portal.db.evaluation import results
from portal.db.insights.gaps import Mentioned, gaps
from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.assessment import Assessor
from scorecards.facts import (
    FactRecord,
    FactSchema,
    FactState,
    FactType,
    FailedFact,
    Known,
    Unknown,
)
from scorecards.insights.coverage import Cause, Change, Gap
from scorecards.scorecard import Scorecard
from tests.catalog_rows import NOW, owned, save
from tests.result_rows import FactRows, ResultRows

SCHEMAS = {
    name: FactSchema(name=name, type=FactType.BOOL, description="d", when_absent=False)
    for name in ("repo.tests", "sonar.gate", "pager.rota")
}
COLLECTORS = {"repo.tests": "repo", "sonar.gate": "sonar", "pager.rota": "pager"}


def scorecard() -> Scorecard:
    def check(name: str, rule: object, **more: object) -> dict[str, object]:
        said = {"id": name, "title": name, "level": "Managed", "why": "w", "fix": "f"}
        return {**said, "rule": rule, **more}

    document = {
        "apiVersion": "plumbline.dev/v1",
        "kind": "Scorecard",
        "metadata": {"name": "card", "title": "Card"},
        "spec": {
            "checks": [
                check("tests", "repo.tests"),
                check("both", {"all": ["repo.tests", "sonar.gate"]}),
                check("rota", "pager.rota", applies_to="sonar.gate"),
                check("asked", {"manual": {"question": "Is it so?"}}),
                check("recent", "repo.tests", max_age="2d"),
                check("broken", "repo.tests && 1 / 0 > 0"),
            ]
        },
    }
    (card,), problems = load_scorecards(
        orjson.dumps(document).decode(), file="c.yaml", schemas=SCHEMAS
    )
    assert not [one for one in problems if one.severity is Severity.ERROR]
    return card


CARD = scorecard()
MENTIONED = [
    Mentioned(everywhere=(), conditions=(), rule=("repo.tests",)),
    Mentioned(everywhere=(), conditions=(), rule=("repo.tests", "sonar.gate")),
    Mentioned(everywhere=(), conditions=("sonar.gate",), rule=("pager.rota",)),
    Mentioned(everywhere=(), conditions=(), rule=()),
    Mentioned(everywhere=(), conditions=(), rule=("repo.tests",)),
    Mentioned(everywhere=(), conditions=(), rule=("repo.tests",)),
]


def record(name: str, fact: str, state: FactState, **more: object) -> FactRecord:
    return FactRecord(
        ref=f"component:default/{name}",
        collector=COLLECTORS[fact],
        version="1",
        url="u",
        revision="r",
        observed_at=NOW,
        valid_until=more.get("valid_until"),  # type: ignore[arg-type]
        facts={fact: state},
    )


@pytest.fixture
def assessed(database: Database) -> Database:
    """Five components: everything known, a few causes, and one of which next to nothing is."""
    save(database, *(owned(name, "web" if name < "d" else "pay") for name in "abcde"))
    fine = Known(value=True)
    not_configured = FailedFact(reason=Unknown.NOT_CONFIGURED, detail="no token for {x}")
    not_permitted = FailedFact(reason=Unknown.NOT_PERMITTED, detail="403")
    unread = FailedFact(reason=Unknown.NOT_COLLECTED, detail="no file of it can be read")
    FactRows(database=database).save_facts(
        [
            *(record(name, "repo.tests", fine) for name in "ab"),
            replace(record("d", "repo.tests", fine), observed_at=NOW - timedelta(days=3)),
            record("a", "sonar.gate", fine),
            record("a", "pager.rota", fine),
            record("b", "sonar.gate", not_configured),
            record("b", "pager.rota", not_permitted),
            record("c", "repo.tests", fine, valid_until=NOW - timedelta(hours=1)),
            record("c", "sonar.gate", fine),
            record("c", "pager.rota", not_permitted),
            record("d", "sonar.gate", Known(value=False)),
            record("e", "repo.tests", unread),
        ]
    )
    rows = ResultRows(database=database)
    with database.read() as connection:
        ids = connection.execute(select(tables.entities.c.id)).scalars().all()
    assessor = Assessor([CARD], SCHEMAS)
    said = [r for subject in rows.assessable(ids) for r in assessor.assess(subject, now=NOW)]
    rows.save_results(ids, said)
    with database.write() as connection:
        connection.execute(tables.unassessed.delete())
    return database


def found(database: Database, *owners: str) -> dict[tuple[str, str], Gap]:
    with database.read() as connection:
        refs = {r.id: r.ref for r in connection.execute(select(tables.entities))}
        asked = gaps(
            connection,
            CARD,
            mentioned=MENTIONED,
            collectors=COLLECTORS,
            unfed={},
            owners=owners,
            now=NOW,
        )
        return {
            (refs[entity].rpartition("/")[2], gap.check): gap
            for gap, entities in asked.items()
            for entity in entities
        }


def test_gaps_lack_what_the_evidence_says_is_not_known(assessed: Database) -> None:
    told = found(assessed)
    expected = {}
    with assessed.read() as connection:
        for row in connection.execute(select(tables.entities)):
            for stored in results.for_entity(connection, row.id):
                for said in stored.result.results:
                    if said.outcome.value in ("unknown", "error"):
                        lacking = {n: why for n, why in said.unknown.items() if n in SCHEMAS}
                        expected[row.name, said.check] = lacking
    assert told.keys() == expected.keys()
    for key, gap in told.items():
        lacks = {lack.fact: lack.reason for lack in gap.lacks if lack.fact}
        assert lacks == expected[key]


def test_causes_name_what_has_to_be_done(assessed: Database) -> None:
    causes = {key: {lack.cause for lack in gap.lacks} for key, gap in found(assessed).items()}
    sonar, repo = Cause(Change.CONFIGURE, "sonar"), Cause(Change.COLLECT, "repo")
    assert causes["b", "both"] == {sonar}
    assert causes["b", "rota"] == {sonar}, "whether it applies comes first"
    assert causes["c", "tests"] == {repo}
    assert causes["c", "rota"] == {Cause(Change.GRANT, "pager")}
    assert causes["e", "both"] == {Cause(Change.INSPECT, "repo"), Cause(Change.COLLECT, "sonar")}
    assert causes["a", "broken"] == {Cause(Change.MEND, "card/broken")}
    assert ("d", "both") not in causes
    assert causes["a", "asked"] == {Cause(Change.ANSWER, "card/asked")}
    assert causes["d", "recent"] == {repo}, "what was observed three days ago is too old"
    assert ("d", "tests") not in causes
    (lack,) = found(assessed)["b", "both"].lacks
    assert (lack.detail, lack.reason) == ("no token for {x}", "not_configured")


def test_who_waits_to_be_assessed_is_told_of_as_results_show_them(assessed: Database) -> None:
    before = found(assessed)
    with assessed.write() as connection:
        for id_ in connection.execute(select(tables.entities.c.id)).scalars().all():
            connection.execute(tables.unassessed.insert().values(entity_id=id_, seq=1))
    assert found(assessed) == before


def test_gaps_can_be_of_some_owners(assessed: Database) -> None:
    names = {name for name, _ in found(assessed, "group:default/web")}
    assert names == {"a", "b", "c"}
    assert found(assessed, "group:default/nobody") == {}


def test_what_has_been_collected_meanwhile_asks_for_an_assessment(assessed: Database) -> None:
    now_known = record("b", "sonar.gate", Known(value=True))
    FactRows(database=assessed).save_facts([now_known])
    (lack,) = found(assessed)["b", "both"].lacks
    assert lack.cause == Cause(Change.ASSESS, "")


def test_what_lacks_the_same_for_other_reasons_is_one_gap(assessed: Database) -> None:
    nothing = [replace(record(name, "repo.tests", Known(value=True)), facts={}) for name in "de"]
    nothing[0] = replace(nothing[0], valid_until=NOW - timedelta(hours=1))
    FactRows(database=assessed).save_facts(nothing)
    told = found(assessed)
    assert told["d", "recent"] == told["e", "recent"]
