"""What the benchmarks' checks have to say, found out one by one from the Python beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from checks import CARDS, SCHEMAS, Asked
from leaves import Absent, Facts, L, Tree

from scorecards.facts import FactRecord, Known, Missing


def expected(body: bytes, records: Sequence[FactRecord], now: datetime) -> dict[str, str]:
    """Letters of each scorecard, by its name, in the order of levels; found out one by one."""
    facts, entity = _values(records, now), orjson.loads(body)
    if entity["kind"] not in ("Component", "API"):
        return {}
    return {
        name: "".join(
            _letter(asked, facts, entity, now)
            for asked in sorted(checks.values(), key=lambda asked: asked.level)
        )
        for name, checks in CARDS.items()
    }


def _values(records: Sequence[FactRecord], now: datetime) -> Facts:
    values: dict[str, Any] = {}
    for record in records:
        if record.valid_until is not None and record.valid_until < now:
            continue
        for name, state in record.facts.items():
            if isinstance(state, Known):
                values[name] = state.value
            elif isinstance(state, Missing):
                values[name] = SCHEMAS[name].when_absent
    return values


def _letter(asked: Asked, facts: Facts, entity: Any, now: datetime) -> str:
    if asked.condition is not None:
        applies = _said(asked.condition, facts, entity, now)
        if applies != "p":
            return "n" if applies == "f" else applies
    return _said(asked.rule, facts, entity, now)


def _said(tree: Tree, facts: Facts, entity: Any, now: datetime) -> str:
    if isinstance(tree, L):
        try:
            return "p" if tree.says(facts, entity, now) else "f"
        except Absent:
            return "f"
        except KeyError:
            return "u"
    word, *parts = tree
    if word == "not":
        return {"p": "f", "f": "p"}.get(part := _said(parts[0], facts, entity, now), part)
    needed = {"all": len(parts), "any": 1}.get(word) or parts.pop(0)
    said = [_said(part, facts, entity, now) for part in parts]
    if said.count("p") >= needed:
        return "p"
    return "f" if len(said) - said.count("f") < needed else "u"
