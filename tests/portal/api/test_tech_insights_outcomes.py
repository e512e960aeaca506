"""Six outcomes, told to clients that know two: nothing unknown looks certain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from portal.api.tech_insights.definitions import rank_of
from portal.app import create_app
from portal.db import tables
from portal.db.catalog.entities import by_ref
from portal.db.engine import Database
from portal.db.evaluation import unanswerable
from portal.wiring import Portal
from scorecards.definitions.loading import load_scorecards
from scorecards.facts import FactRecord, FailedFact, Known, Missing, Unknown
from scorecards.knowledge import rfc3339
from scorecards.results import CheckResult, Outcome, ScorecardResult
from tests.catalog_rows import NOW, entity, save
from tests.result_rows import FactRows, ResultRows

CARD = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: care, title: Care}
spec:
  checks:
    - id: passes
      title: Has a README
      category: Documentation
      level: Managed
      rule: {any: ["repo.readme.bytes >= 500", {not: 'repo.tests.files < 3'}]}
      why: Newcomers read it.
      fix: 'Write `{repo.readme.path}` for {name}.'
      links: [{title: Guide, url: https://docs.example.com/readme}]
    - id: fails
      title: Depends on tools
      level: Defined
      rule: {at_least: {count: 1, of: ["'renovate' in repo.updates.tools", "!catalog.owner_exists"]}}
      why: Tools keep up.
      fix: Switch it on.
    - id: unknown
      title: Is fresh
      level: Optimizing
      rule: repo.commit.at > now - duration('720h')
      why: What rests rusts.
      fix: Look after it.
    - {id: error, title: Divides, level: Managed, rule: 1 / repo.tests.files > 0, why: Why., fix: Fix.}
    - {id: elsewhere, title: Elsewhere, level: Managed, rule: catalog.title != '', why: W., fix: F.}
    - {id: excused, title: Excused, level: Managed, rule: catalog.title == '', why: W., fix: F.}
    - {id: entity, title: Kind, level: Managed, rule: entity.kind == 'Component', why: W., fix: F.}
"""

FRESH = "repo.commit.at > now - duration('720h')"


def said(check: str, outcome: Outcome, **more: Any) -> CheckResult:
    given = {"reason": "", "observed": {}, "unknown": {}, "leaves": (), **more}
    return CheckResult(check=check, outcome=outcome, **given)


RESULTS = (
    said(
        "passes",
        Outcome.PASS,
        observed={"repo.readme.bytes": 900, "repo.tests.files": None, "shown besides": 1},
        leaves=(
            ("repo.readme.bytes >= 500", Outcome.PASS),
            ("repo.tests.files < 3", Outcome.PASS),
        ),
    ),
    said(
        "fails",
        Outcome.FAIL,
        reason="`'renovate' in repo.updates.tools` is false",
        observed={"repo.updates.tools": ["dependabot"], "catalog.owner_exists": True},
        leaves=(
            ("'renovate' in repo.updates.tools", Outcome.FAIL),
            ("!catalog.owner_exists", Outcome.FAIL),
        ),
    ),
    said(
        "unknown",
        Outcome.UNKNOWN,
        reason="`repo.commit.at` is not known",
        unknown={"repo.commit.at": "not_configured"},
        leaves=((FRESH, Outcome.UNKNOWN),),
    ),
    said(
        "error",
        Outcome.ERROR,
        reason="divide by zero",
        leaves=(("1 / repo.tests.files > 0", Outcome.ERROR),),
    ),
    said("elsewhere", Outcome.NOT_APPLICABLE, reason="Only where it applies"),
    said("excused", Outcome.EXEMPT, reason="until May"),
    said("entity", Outcome.PASS, leaves=(("entity.kind == 'Component'", Outcome.PASS),)),
)

RECORD = FactRecord(
    ref="component:default/a",
    collector="repo",
    version="1",
    url="",
    revision="",
    observed_at=NOW,
    valid_until=None,
    facts={
        "repo.readme.path": Known(value="README.md"),
        "repo.tests.files": Missing(),
        "repo.commit.at": FailedFact(reason=Unknown.NOT_CONFIGURED, detail=""),
    },
)


@pytest.fixture
def portal(make_portal: Callable[..., Portal], database: Database) -> Portal:
    made = make_portal()
    scorecards, problems = load_scorecards(CARD, file="care.yaml", schemas=made.schemas)
    assert problems == ()
    save(database, entity("a"))
    FactRows(database=database).save_facts([RECORD])
    result = ScorecardResult(
        ref="component:default/a",
        scorecard="care",
        version=scorecards[0].version,
        proven=0,
        possible=0,
        results=RESULTS,
        evaluated_at=NOW,
    )
    with database.read() as connection:
        row = by_ref(connection, "component:default/a")
    assert row
    ResultRows(database=database).save_results([row.id], [result])
    return replace(made, database=database, scorecards=scorecards)


def run(portal: Portal) -> dict[str, Any]:
    client = create_app(portal).test_client()
    answer = client.post("/api/tech-insights/checks/run/default/component/a", json={})
    return {result["check"]["id"]: result for result in answer.json}


def test_a_pass_is_told_in_full(portal: Portal) -> None:
    assert run(portal)["care.passes"] == {
        "facts": {
            "readme.bytes": {
                "value": 900,
                "type": "integer",
                "description": "Size of the README, in bytes.",
            },
            "tests.files": {
                "value": None,
                "type": "integer",
                "description": "Number of files that are named or placed as tests are.",
            },
        },
        "result": True,
        "check": {
            "id": "care.passes",
            "type": "json-rules-engine",
            "name": "Has a README",
            "description": "Newcomers read it.",
            "factIds": ["repo"],
            "metadata": {
                "category": "Documentation",
                "rank": 1,
                "solution": "Write `README.md` for a.",
                "scorecard": "care",
                "level": "Managed",
                "effort": "hours",
                "status": "pass",
            },
            "rule": {
                "conditions": {
                    "priority": 1,
                    "any": [
                        {
                            "operator": "greaterThanInclusive",
                            "value": 500,
                            "fact": "readme.bytes",
                            "factResult": 900,
                            "valueResult": 500,
                            "result": True,
                        },
                        {
                            "priority": 1,
                            "not": {
                                "operator": "lessThan",
                                "value": 3,
                                "fact": "tests.files",
                                "factResult": None,
                                "valueResult": 3,
                                "result": True,
                            },
                        },
                    ],
                }
            },
            "links": [{"title": "Guide", "url": "https://docs.example.com/readme"}],
        },
    }


def test_a_fail_says_how_many_parts_were_needed(portal: Portal) -> None:
    check = run(portal)["care.fails"]["check"]
    assert check["factIds"] == ["repo", "catalog"]
    assert check["metadata"]["reason"] == "`'renovate' in repo.updates.tools` is false"
    assert "links" not in check
    assert check["rule"]["conditions"] == {
        "priority": 1,
        "name": "at least 1 of 2",
        "any": [
            {
                "operator": "contains",
                "value": "renovate",
                "fact": "updates.tools",
                "factResult": ["dependabot"],
                "valueResult": "renovate",
                "result": False,
            },
            {
                "operator": "equal",
                "value": False,
                "fact": "owner_exists",
                "factResult": True,
                "valueResult": False,
                "result": False,
            },
        ],
    }


def test_what_is_unknown_is_false_says_why_and_shows_no_result_of_a_leaf(portal: Portal) -> None:
    result = run(portal)["care.unknown"]
    assert result["result"] is False
    assert result["facts"] == {}
    check = result["check"]
    assert check["description"] == "UNKNOWN - `repo.commit.at` is not known. What rests rusts."
    assert check["metadata"]["status"] == "unknown"
    assert check["metadata"]["rank"] == 3
    assert check["rule"]["conditions"] == {
        "priority": 1,
        "all": [{"operator": "equal", "value": True, "fact": FRESH}],
    }


def test_the_error_of_a_rule_is_false_and_named(portal: Portal) -> None:
    result = run(portal)["care.error"]
    assert result["result"] is False
    assert result["check"]["description"] == "ERROR OF THE RULE - divide by zero. Why."
    assert result["check"]["metadata"]["status"] == "error"


def test_an_expression_of_its_own_is_a_fact_that_holds(portal: Portal) -> None:
    check = run(portal)["care.entity"]["check"]
    assert check["factIds"] == ["catalog"]
    [leaf] = check["rule"]["conditions"]["all"]
    assert leaf == {
        "operator": "equal",
        "value": True,
        "fact": "entity.kind == 'Component'",
        "factResult": True,
        "valueResult": True,
        "result": True,
    }


def test_what_does_not_apply_and_what_is_exempt_is_left_out(portal: Portal) -> None:
    assert run(portal).keys() == {
        "care.passes",
        "care.entity",
        "care.fails",
        "care.unknown",
        "care.error",
    }


def test_what_is_not_known_is_left_out_where_the_config_says_so(portal: Portal) -> None:
    settings = replace(portal.settings, tech_insights_unknown="omit")
    shown = run(replace(portal, settings=settings))
    assert shown.keys() == {"care.passes", "care.entity", "care.fails"}


def give_up(portal: Portal) -> None:
    with portal.database.write() as connection:
        row = by_ref(connection, "component:default/a")
        assert row
        unanswerable.give_up(connection, {row.id: "a child was lost"}, now=NOW)


def test_results_of_an_entity_that_could_not_be_assessed_say_that_they_are_from_before(
    portal: Portal,
) -> None:
    before = run(portal)
    give_up(portal)
    after = run(portal)
    assert [one["result"] for one in after.values()] == [one["result"] for one in before.values()]
    why = (
        f"COULD NOT BE ASSESSED - a child was lost (first at {rfc3339(NOW)}), this is from before. "
    )
    for name, one in after.items():
        assert one["check"]["description"] == why + before[name]["check"]["description"]
        told = one["check"]["metadata"]["notAssessed"]
        assert told == {"reason": "a child was lost", "since": rfc3339(NOW)}
    assert "notAssessed" not in before["care.passes"]["check"]["metadata"]


def test_an_entity_that_never_could_be_assessed_does_not_look_as_if_it_passed(
    portal: Portal, database: Database
) -> None:
    with database.write() as connection:
        connection.execute(tables.results.delete())
    assert run(portal) == {}, "it is yet to be assessed"
    give_up(portal)
    shown = run(portal)
    [card] = portal.scorecards
    assert shown.keys() == {f"care.{check.id}" for check in card.checks}
    for one in shown.values():
        assert one["result"] is False
        assert one["check"]["metadata"]["status"] == "unknown"
        assert one["check"]["description"].startswith(
            f"COULD NOT BE ASSESSED - a child was lost (first at {rfc3339(NOW)}). "
            "UNKNOWN - whether it applies is not known. "
        )
    settings = replace(portal.settings, tech_insights_unknown="omit")
    assert run(replace(portal, settings=settings)) == {}


def test_the_rank_that_a_browser_computes_is_the_proven_one(portal: Portal) -> None:
    """From the highest rank among the results, each failing one lowers to the rank below its own."""
    results = run(portal).values()
    rank = max(result["check"]["metadata"]["rank"] for result in results)
    for result in results:
        own = result["check"]["metadata"]["rank"]
        if not result["result"] and own <= rank:
            rank = own - 1
    assert rank == 0


def test_results_of_a_check_that_is_no_more_are_not_shown(portal: Portal) -> None:
    [card] = portal.scorecards
    fewer = replace(card, checks=card.checks[:1])
    assert run(replace(portal, scorecards=(fewer,))).keys() == {"care.passes"}


@pytest.mark.parametrize(
    ("levels", "ranks"),
    [(2, [1]), (3, [1, 2]), (4, [1, 2, 3]), (5, [1, 1, 2, 3]), (7, [1, 1, 2, 2, 3, 3])],
)
def test_ranks_are_one_to_three_and_never_fall(levels: int, ranks: list[int]) -> None:
    assert [rank_of(level, levels) for level in range(1, levels)] == ranks
