"""Filling in texts: only what is known, and nothing that Markdown would take for markup."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scorecards.evaluation.texts import fact_values, render
from scorecards.facts import FactState, FactValue, FailedFact, Known, Missing, Unknown
from tests.scorecards.scorecard_samples import record

ENTITY: dict[str, Any] = {
    "kind": "Component",
    "metadata": {"name": "payments"},
    "spec": {"owner": "group:default/pay_team"},
}


def test_fields_and_facts_are_filled_in() -> None:
    text = render("{name} of {kind}: {repo.readme.bytes} bytes", ENTITY, {"repo.readme.bytes": 12})
    assert text == "payments of Component: 12 bytes"


def test_what_is_no_placeholder_stays() -> None:
    template = "{unknown} {0.__class__} {} ${{ x }} {name!r} { name } %s {NAME} ${name} ${a.b}"
    assert render(template, ENTITY, {}) == template


def test_a_fact_that_is_not_known_says_so() -> None:
    text = render("{repo.readme.bytes} bytes, `{repo.readme.path}`", ENTITY, {})
    assert text == "(not known) bytes, `(not known)`"


def test_values_are_those_that_are_known_and_nothing_of_what_is_missing() -> None:
    states: dict[str, FactState | FactValue] = {
        "a.time": Known(value=datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        "a.list": Known(value=("x", "y")),
        "a.number": Known(value=3),
        "a.missing": Missing(),
        "a.failed": FailedFact(reason=Unknown.SOURCE_FAILED, detail="It is away."),
    }
    found = fact_values([record(states)])
    assert found == {
        "a.time": "2026-03-01 09:30 UTC",
        "a.list": ["x", "y"],
        "a.number": 3,
        "a.missing": None,
    }


def test_missing_values_and_lists_are_words() -> None:
    facts = {
        "a.b": None,
        "a.c": ["x", "y"],
        "a.d": [],
        "a.e": True,
        "a.f": [str(i) for i in range(12)],
    }
    text = render("{a.b}|{a.c}|{a.d}|{a.e}|{a.f}", ENTITY, facts)
    assert text == "nothing|x, y|nothing|yes|0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


def test_markup_in_values_is_shown_not_done() -> None:
    facts = {"a.b": "[click](javascript:x) <img> `x` **b**"}
    assert render("{a.b}", ENTITY, facts) == (r"\[click\](javascript:x) \<img\> \`x\` \*\*b\*\*")


def test_in_code_values_are_plain_and_cannot_end_it() -> None:
    fenced = "```yaml\nowner: {owner}\nx: {a.b}\n```\n{owner} `{owner}`"
    text = render(fenced, ENTITY, {"a.b": "`\n```\n# out"})
    assert "owner: group:default/pay_team\n" in text
    assert text.count("```") == 2
    assert text.endswith("group:default/pay\\_team `group:default/pay_team`")


def test_values_are_not_templates() -> None:
    assert render("{a.b}", ENTITY, {"a.b": "{name}{{ 7*7 }}"}) == "{name}{{ 7\\*7 }}"


def test_an_entity_without_fields_gives_empty_texts() -> None:
    assert render("<{name}{owner}{system}>", {"metadata": None}, {}) == "<>"


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_template_and_value_give_one_text(template: str, value: str) -> None:
    assert "\n" not in render("{a.b}", {}, {"a.b": value})
    render(template, {}, {"a.b": value})
