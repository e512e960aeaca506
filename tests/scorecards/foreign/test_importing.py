"""Checks of Tech Insights mean here what they mean there, or are told with their place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from catalog.problems import Problem, Severity
from scorecards.collection.pushed import ABSENT
from scorecards.collection.store import Assessable
from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.assessment import Assessor
from scorecards.facts import FactRecord, FactSchema, FactType, Known
from scorecards.foreign.foreign_facts import BUILT_IN, snake
from scorecards.foreign.importing import Imported, import_checks
from scorecards.results import Outcome
from tests.scorecards.json_rules_cases import FACTS, RULES, VALUED, Thrown, app_config, holds

NOW = datetime(2026, 8, 1, tzinfo=UTC)


def schema(name: str, kind: FactType) -> FactSchema:
    return FactSchema(name=name, type=kind, description="", when_absent=ABSENT[kind])


COV = {f"cov.{name}": schema(f"cov.{name}", kind) for name, kind in FACTS.items()}
MAP = {f"cov.{name}": f"cov.{name}" for name in FACTS}
CATALOG = {
    name: schema(name, kind)
    for name, kind in {
        "catalog.title": FactType.STRING,
        "catalog.description": FactType.STRING,
        "catalog.tags": FactType.STRINGS,
        "catalog.owner_ref": FactType.STRING,
        "catalog.annotations": FactType.STRINGS,
    }.items()
}


def imported(
    text: str, facts: dict[str, str] | None = None, schemas: dict[str, FactSchema] | None = None
) -> Imported:
    return import_checks(
        text, file="app-config.yaml", name="imported", facts=facts or {}, schemas=schemas or CATALOG
    )


def outcome(text: str, schemas: dict[str, FactSchema], facts: dict[str, Any]) -> Outcome:
    """What the imported check says of an entity with these facts, by full name."""
    cards, problems = load_scorecards(text, file="imported.yaml", schemas=schemas)
    assert [p for p in problems if p.severity is Severity.ERROR] == []
    record = FactRecord(
        ref="component:default/a",
        collector="cov",
        version="1",
        url="",
        revision="",
        observed_at=NOW,
        valid_until=None,
        facts={
            name: Known(value=tuple(value) if isinstance(value, list) else value)
            for name, value in facts.items()
        },
    )
    body = (
        b'{"kind": "Component", "metadata": {"tags": ["Go"]}, "spec": {"lifecycle": "Production"}}'
    )
    entity = Assessable(id=1, ref=record.ref, body=body, records=(record,))
    [result] = Assessor(cards, schemas).assess(entity, now=NOW)
    [check] = result.results
    assert check.outcome is not Outcome.ERROR, check.reason
    return check.outcome


@given(rule=RULES, facts=VALUED)
def test_what_is_translated_says_what_the_engine_says(rule: Any, facts: dict[str, Any]) -> None:
    found = imported(app_config(rule), MAP, COV)
    if not found.text:
        assert [p.code for p in found.problems] == ["IMPORT_UNTRANSLATABLE"]
        return
    try:
        expected = holds(rule, facts)
    except Thrown:
        pytest.fail("what makes the engine fail was translated")
    named = {f"cov.{name}": value for name, value in facts.items()}
    said = outcome(found.text, COV, named)
    assert said is (Outcome.PASS if expected else Outcome.FAIL)


ALWAYS_TRANSLATED = [
    ("flag", "equal", True, "cov.flag"),
    ("flag", "equal", False, "!cov.flag"),
    ("flag", "notEqual", True, "!(cov.flag)"),
    ("count", "equal", 3, "cov.count == 3"),
    ("count", "equal", 3.0, "cov.count == 3"),
    ("count", "greaterThan", 2.5, "double(cov.count) > 2.5"),
    ("count", "lessThanInclusive", "7", "cov.count <= 7"),
    ("share", "greaterThanInclusive", 80, "cov.share >= 80.0"),
    ("share", "in", [1, "x", 2.5], "cov.share in [1.0, 2.5]"),
    ("word", "notEqual", "go", '!(cov.word == "go")'),
    ("word", "in", ["go", "ts"], 'cov.word in ["go", "ts"]'),
    ("word", "notIn", ["go"], '!(cov.word in ["go"])'),
    ("word", "in", "a text", '"a text".contains(cov.word)'),
    ("langs", "contains", "go", '"go" in cov.langs'),
    ("langs", "doesNotContain", "go", '!("go" in cov.langs)'),
    ("langs", "someFact:in", ["go"], 'cov.langs.exists(item, item in ["go"])'),
    ("langs", "everyFact:equal", "go", 'cov.langs.all(item, item == "go")'),
    ("count", "lessThan", {"fact": "limit"}, "cov.count < cov.limit"),
    ("share", "lessThan", {"fact": "limit"}, "double(cov.share) < double(cov.limit)"),
    ("word", "in", {"fact": "langs"}, "cov.word in cov.langs"),
    ("langs", "contains", {"fact": "word"}, "cov.word in cov.langs"),
]


@pytest.mark.parametrize(("fact", "operator", "value", "expression"), ALWAYS_TRANSLATED)
def test_operators_become_expressions(
    fact: str, operator: str, value: Any, expression: str
) -> None:
    rule = {"all": [{"fact": fact, "operator": operator, "value": value}]}
    found = imported(app_config(rule), MAP, COV)
    assert found.problems == ()
    [card], _ = load_scorecards(found.text, file="", schemas=COV)
    [check] = card.checks
    assert [leaf.expression for leaf in check.rule.parts] == [expression]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fact", "operator", "value", "why"),
    [
        ("flag", "equal", "true", '"true" never equals a fact of type bool'),
        ("flag", "greaterThan", 1, "it is never true of a fact of type bool"),
        ("count", "equal", 1.5, "1.5 never equals a fact of type int"),
        ("word", "lessThan", 1, "texts are compared as JavaScript does"),
        ("word", "contains", "go", "it is never true of a fact of type string"),
        ("langs", "equal", ["go"], "never equals a fact of type list<string>"),
        ("count", "in", 5, "`in` needs a list"),
        ("count", "in", ["a"], "nothing in the list can be a fact of type int"),
        ("count", "lessThan", "many", "many is no number"),
        ("count", "lessThan", "1_000", "1_000 is no number"),
        ("count", "withinRange", [1, 2], "operator `withinRange` is registered in code"),
        ("word", "swap:in", ["a"], "decorator `swap` has no translation here"),
    ],
)
def test_what_cannot_be_translated_says_why(fact: str, operator: str, value: Any, why: str) -> None:
    rule = {"all": [{"fact": fact, "operator": operator, "value": value}]}
    found = imported(app_config(rule), MAP, COV)
    assert (found.text, found.checks) == ("", {})
    [problem] = found.problems
    assert problem.code == "IMPORT_UNTRANSLATABLE"
    assert why in problem.message


CONFIG = """\
techInsights:
  factChecker:
    checks:
      teamOwned:
        type: json-rules-engine
        name: Has an owning team
        description: The owner is a group
        factIds: [entityOwnershipFactRetriever, migration.a]
        filter: {kind: [api, component], spec.lifecycle: production, metadata.tags: go}
        metadata: {category: Ownership, rank: 2, solution: Set spec.owner to a group}
        links: [{title: Guide, url: https://docs.example.com/owner}]
        rule:
          conditions:
            all:
              - {fact: hasGroupOwner, operator: equal, value: true}
              - {fact: done, params: {factRetrieverId: migration.a}, operator: equal, value: true}
      team-owned:
        type: json-rules-engine
        description: Or somebody else.
        factIds: [entityOwnershipFactRetriever]
        failureMetadata: {hint: Name somebody}
        rule:
          conditions: {not: {fact: hasOwner, operator: equal, value: false}}
      custom:
        type: json-rules-engine
        name: Custom
        description: No.
        factIds: [cov]
        rule:
          conditions:
            any:
              - {fact: langs, operator: contains, value: go}
              - fact: langs
                operator: matches
                value: go
"""


def told(found: Imported, severity: Severity) -> list[Problem]:
    return [problem for problem in found.problems if problem.severity is severity]


def test_a_configuration_becomes_a_scorecard() -> None:
    found = imported(CONFIG)
    assert found.checks == {"teamOwned": "team_owned", "team-owned": "team_owned_2"}
    [done] = found.to_declare
    assert (done.name, done.type) == ("migration_a.done", FactType.BOOL)
    schemas = {**CATALOG, done.name: done}
    [card], problems = load_scorecards(found.text, file="", schemas=schemas)
    assert [p for p in problems if p.severity is Severity.ERROR] == []
    other, owned = sorted(card.checks, key=lambda check: check.level)
    assert (owned.title, owned.category, owned.level) == ("Has an owning team", "Ownership", 2)
    assert (owned.why, owned.fix) == ("The owner is a group", "Set spec.owner to a group")
    assert [link.url for link in owned.links] == ["https://docs.example.com/owner"]
    assert (other.title, other.fix, other.level) == ("team-owned", "Name somebody", 1)


@pytest.mark.parametrize(
    ("owner", "done", "expected"),
    [
        ("group:default/a", True, Outcome.PASS),
        ("group:default/a", False, Outcome.FAIL),
        ("user:default/a", True, Outcome.FAIL),
        ("", True, Outcome.FAIL),
    ],
)
def test_a_built_in_fact_and_a_filter_mean_what_they_mean_there(
    owner: str, done: bool, expected: Outcome
) -> None:
    only = CONFIG[: CONFIG.index("      team-owned:")]
    found = imported(only)
    schemas = {**CATALOG, **{s.name: s for s in found.to_declare}}
    facts = {"catalog.owner_ref": owner, "migration_a.done": done}
    assert outcome(found.text, schemas, facts) is expected
    elsewhere = imported(only.replace("production", "experimental"))
    assert outcome(elsewhere.text, schemas, facts) is Outcome.NOT_APPLICABLE


def test_what_was_not_translated_is_told_at_its_place() -> None:
    found = imported(CONFIG)
    [problem] = told(found, Severity.ERROR)
    assert (problem.file, problem.line, problem.column) == ("app-config.yaml", 34, 27)
    assert CONFIG.splitlines()[33][26:] == "matches"
    assert problem.pointer.endswith("/custom/rule/conditions/any/1/operator")
    assert problem.message == (
        "check `custom` is not translated: operator `matches` is registered in code"
    )


def test_a_fact_that_is_not_ours_is_told_with_what_to_push() -> None:
    notes = [p.message for p in told(imported(CONFIG), Severity.INFO)]
    assert "`done` is no fact of ours: push `migration_a.done`" in notes
    assert "the check has no rank: it is on the first level" in notes


def test_a_map_says_what_facts_are_here() -> None:
    found = imported(CONFIG, {"done": "'migrated' in catalog.tags", "cov.langs": "build.langs"})
    assert found.to_declare == ()
    assert "'migrated' in catalog.tags" in found.text


def test_a_map_that_leads_nowhere_is_an_error() -> None:
    found = imported(CONFIG, {"done": "catalog.tag", "x": "1 +"})
    first, second, *_ = told(found, Severity.ERROR)
    assert (first.code, first.hint) == ("IMPORT_MAP", "Did you mean `catalog.tags`?")
    assert second.code == "IMPORT_MAP"


@pytest.mark.parametrize(
    ("replaced", "by", "why"),
    [
        ("type: json-rules-engine\n        name: Has", "type: other\n        name: Has", "type is"),
        ("conditions: {not", "conditions: {all: [], not", "side by side"),
        ("conditions: {not: {fact: hasOwner, operator: equal, value: false}}",
         "conditions: {all: []}", "always true"),
        ("conditions: {not: {fact: hasOwner, operator: equal, value: false}}",
         "conditions: {all: [{condition: shared}]}", "kept elsewhere"),
        ("conditions: {not: {fact: hasOwner, operator: equal, value: false}}",
         "conditions: 7", "must be an object"),
        ("{fact: hasOwner, operator: equal,", "{fact: hasOwner, path: $.a, operator: equal,", "`path`"),
        ("factRetrieverId: migration.a", "factRetrieverId: migration.b", "none of factIds"),
        ("factRetrieverId: migration.a", "level: 3", "parameters"),
        ("filter: {kind: [api, component],", "filter: {kind: 7,", "a filter compares texts"),
        ("filter: {kind: [api, component],", "filter: {relations.ownedBy: x,", "relations"),
    ],
)  # fmt: skip
def test_each_check_stands_by_itself(replaced: str, by: str, why: str) -> None:
    assert replaced in CONFIG
    found = imported(CONFIG.replace(replaced, by, 1))
    assert len(found.checks) == 1
    messages = [problem.message for problem in told(found, Severity.ERROR)]
    assert any(why in message for message in messages), messages


@pytest.mark.parametrize(
    "text", ["", "a: 1", "techInsights: {factChecker: {checks: []}}", "- [", "x: \ud800", "7"]
)
def test_a_configuration_without_checks_says_so(text: str) -> None:
    found = imported(text)
    assert found.text == ""
    assert found.problems


def test_more_checks_than_a_scorecard_has_are_told() -> None:
    one = CONFIG[CONFIG.index("      team-owned:") : CONFIG.index("      custom:")]
    head = CONFIG[: CONFIG.index("      teamOwned:")]
    text = head + "".join(one.replace("team-owned", f"check-{n}") for n in range(203))
    found = imported(text)
    assert len(found.checks) == 200
    assert len(told(found, Severity.ERROR)) == 3


def test_a_fact_that_is_taken_for_two_types_is_not_guessed() -> None:
    rule = {
        "all": [
            {"fact": "size", "operator": "equal", "value": "big"},
            {"fact": "size", "operator": "greaterThan", "value": 3},
        ]
    }
    [problem] = imported(app_config(rule)).problems
    assert "what type fact `size` has cannot be told" in problem.message


def test_every_built_in_fact_is_an_expression_of_ours() -> None:
    for key in BUILT_IN:
        retriever, _, fact = key.partition(".")
        rule = {"all": [{"fact": fact, "operator": "equal", "value": True}]}
        found = imported(app_config(rule).replace('"cov"', f'"{retriever}"'))
        assert found.problems == (), key
        assert found.to_declare == ()


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("hasGroupOwner", "has_group_owner"),
        ("team-owned", "team_owned"),
        ("migration.a", "migration_a"),
        ("HTTPStatus", "http_status"),
        ("80%", "f_80"),
        ("é", "f"),
    ],
)
def test_names_become_ours(name: str, ours: str) -> None:
    assert snake(name) == ours
