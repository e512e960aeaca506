"""The reference page for scorecards: its example loads, and it leaves nothing out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from test_library import SCHEMAS

from scorecards.collection.packs import declarations
from scorecards.definitions.level_facts import level_schemas
from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.cases import trials
from scorecards.expressions.cel import Language, Program

ALL_FACTS = {**{name: one.schema for name, one in declarations().items()}, **SCHEMAS}
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/reference/scorecards.md").read_text()
SCHEMA = orjson.loads((ROOT / "scorecards/scorecard.schema.json").read_bytes())


def blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


def keys(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {key for item in schema for key in keys(item)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own | {key for value in schema.values() for key in keys(value)}


def test_the_complete_example_loads() -> None:
    (example,) = [block for block in blocks("yaml") if "kind: Scorecard" in block]
    (card, heir), problems = load_scorecards(example, file="example.yaml", schemas=ALL_FACTS)
    assert problems == ()
    assert [level.name for level in card.levels] == ["Start", "Bronze", "Silver"]
    assert len(card.checks) == 5
    assert {check.id for check in heir.checks} == {
        "doc.readme",
        "site.links",
        "tests.reported",
        "restore.tested",
    }


def test_the_tests_of_the_example_hold() -> None:
    (example,) = [block for block in blocks("yaml") if "kind: Scorecard" in block]
    cards, _ = load_scorecards(example, file="example.yaml", schemas=ALL_FACTS)
    tried = [trial for card in cards for trial in trials(card, ALL_FACTS)]
    assert len(tried) == 8
    assert [trial.got for trial in tried if not trial.holds] == []


def test_the_example_uses_every_key() -> None:
    (example,) = [block for block in blocks("yaml") if "kind: Scorecard" in block]
    assert {key for key in keys(SCHEMA) if f"{key}:" not in example} == set()


def test_every_key_is_in_a_table() -> None:
    rows = "\n".join(line for line in PAGE.splitlines() if line.startswith("|"))
    assert {key for key in keys(SCHEMA) - {"metadata", "spec"} if f"{key}`" not in rows} == set()


@pytest.mark.parametrize("expression", blocks("cel")[0].splitlines())
def test_every_expression_of_the_page_compiles(expression: str) -> None:
    facts = {**ALL_FACTS, **level_schemas(["service-maturity"])}
    assert isinstance(Language(facts).compile(expression), Program)


def test_every_code_is_told() -> None:
    modules = [ROOT / "scorecards/expressions/cel.py", *ROOT.glob("scorecards/definitions/*.py")]
    sources = "".join(module.read_text() for module in modules)
    codes = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', sources))
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
