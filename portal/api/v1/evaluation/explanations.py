"""Explanations: why a check says about an entity what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import fields, validate

from catalog.refs import EntityRef
from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Nothing, Resource, answer
from portal.api.v1.evaluation import result_forms
from portal.api.v1.result_schemas import ExcuseAnswer, HeldAnswer
from portal.api.v1.schemas import OUTCOMES, FactAnswer, LevelAnswer, time_field
from portal.api.v1.times import rfc3339
from portal.db.catalog.entities import EntityRow, by_ref
from portal.db.collection import facts
from portal.db.evaluation import results
from portal.db.state import Connection
from portal.wiring import Portal
from scorecards.evaluation.explaining import (
    BranchNode,
    Explanation,
    FactUsed,
    LeafNode,
    Node,
    explain,
    fact_in_words,
    in_words,
)
from scorecards.expressions.cel import Language, Program
from scorecards.facts import FactSchema, Missing
from scorecards.scorecard import Check, Scorecard, expressions


class RuleNodeAnswer(Answer):
    """A node of a rule, and what it said."""

    word = fields.String(validate=validate.OneOf(["all", "any", "not", "at_least", "leaf"]))
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    expression = fields.String(metadata={"description": "Of a leaf; else empty."})
    decides = fields.Boolean(metadata={"description": "A leaf that makes the whole what it is."})
    needed = fields.Integer(
        allow_none=True, metadata={"description": "Parts that have to pass; null for a leaf."}
    )
    passed = fields.Integer(allow_none=True)
    facts = fields.List(fields.String())
    parts = fields.List(fields.Nested(lambda: RuleNodeAnswer()))


class UsedFactAnswer(FactAnswer):
    """A fact that a check looked at, and where it comes from."""

    observed = fields.Raw(allow_none=True, metadata={"description": "What the check saw."})
    changed = fields.Boolean(
        metadata={"description": "It is another one by now; an assessment is due."}
    )
    collector = fields.String()
    collector_version = fields.String()
    url = fields.String()
    revision = fields.String()
    observed_at = time_field("Since when it is so.", nullable=True)
    valid_until = time_field("When it becomes stale.", nullable=True)
    age_seconds = fields.Integer(allow_none=True)
    words = fields.String()


class EntityVersionAnswer(Answer):
    """Which version of an entity."""

    version = fields.Integer(metadata={"description": "Sequence number at which it came."})
    etag = fields.String()
    revision = fields.String(metadata={"description": "Commit that it was read from."})
    since = time_field("When it came.")


class CheckExplanationAnswer(Answer):
    """Why a check says what it says."""

    ref = fields.String()
    scorecard = fields.String()
    check = fields.String()
    title = fields.String()
    level = fields.Nested(LevelAnswer)
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    reason = fields.String()
    exemption = fields.Nested(ExcuseAnswer, allow_none=True)
    held = fields.Nested(HeldAnswer, allow_none=True)
    since = time_field("When the outcome began.", nullable=True)
    evaluated_at = time_field("When it was first found so.")
    rule_version = fields.String(metadata={"description": "Digest of the definition of then."})
    current = fields.Boolean(metadata={"description": "Whether that definition is in force."})
    entity = fields.Nested(EntityVersionAnswer, metadata={"description": "As it is now."})
    condition = fields.Nested(
        RuleNodeAnswer,
        allow_none=True,
        metadata={"description": "What decided whether the check applies, if that decided."},
    )
    tree = fields.Nested(
        RuleNodeAnswer,
        allow_none=True,
        metadata={"description": "Null: the rule was not asked, or is another one by now."},
    )
    expected = fields.String()
    observed = fields.Dict(keys=fields.String())
    facts = fields.List(fields.Nested(UsedFactAnswer))
    words = fields.List(fields.String(), metadata={"description": "All of it, line by line."})


def resource(portal: Portal) -> Resource:
    """`/api/v1/entities/{kind}/{namespace}/{name}/scorecards/{scorecard}/checks/{check}/explain`."""
    views = Resource(
        "explanations", __name__, url_prefix="/api/v1/entities", description="Why, check by check."
    )
    path = "/<kind>/<namespace>/<name>/scorecards/<scorecard>/checks/<check>/explain"

    @views.operation("GET", path, query=Nothing, answer=CheckExplanationAnswer)
    def explain_check(
        _: dict[str, Any], kind: str, namespace: str, name: str, scorecard: str, check: str
    ) -> Response:
        """Explain a check's result: the rule with what each leaf said, and the facts behind it.

        From what was stored with the result; nothing is evaluated again.
        """
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        with portal.database.read() as connection:
            return answer(explained(portal, connection, ref, scorecard, [check])[0])

    return views


def explained(
    portal: Portal,
    connection: Connection,
    ref: str,
    scorecard: str,
    checks: list[str] | None = None,
) -> list[forms.Json]:
    """The explanations of these checks, or of all that the scorecard has. Raises `Refusal`."""
    row = by_ref(connection, ref)
    card = portal.cards.get(scorecard)
    if row is None or card is None:
        what = "entity" if row is None else "scorecard"
        raise Refusal("NOT_FOUND", f"There is no {what} of this name")
    stored = next(
        (r for r in results.for_entity(connection, row.id) if r.result.scorecard == scorecard), None
    )
    if stored is None:
        raise Refusal("NOT_FOUND", "The scorecard does not apply to the entity, or not yet")
    records = facts.for_entity(connection, row.id)
    said = {one.check: one for one in stored.result.results}
    by_id = {check.id: check for check in card.checks if check.id in said}
    if missing := [name for name in checks or () if name not in by_id]:
        raise Refusal("NOT_FOUND", f"The scorecard has no result of a check {missing[0]}")
    facts_of = _facts_of(card, portal.schemas)
    found = [
        explain(
            card,
            by_id[name],
            said[name],
            version=stored.result.version,
            records=records,
            facts_of=facts_of,
            now=portal.now(),
        )
        for name in (by_id if checks is None else checks)
    ]
    return [form(card, row, stored, one) for one in found]


def _facts_of(card: Scorecard, schemas: Mapping[str, FactSchema]) -> dict[str, tuple[str, ...]]:
    """By expression, the facts that it mentions."""
    language = Language(schemas)
    programs = {text: language.compile(text) for text in dict.fromkeys(expressions(card))}
    return {text: p.facts for text, p in programs.items() if isinstance(p, Program)}


def form(
    card: Scorecard, row: EntityRow, stored: results.StoredResult, found: Explanation
) -> forms.Json:
    """An explanation as it is answered."""
    said, result = found.said, stored.result
    return {
        "ref": row.ref,
        "scorecard": card.name,
        "check": found.check.id,
        "title": found.check.title,
        "level": forms.level(card, found.check.level),
        "outcome": said.outcome.value,
        "reason": said.reason,
        "exemption": result_forms.exemption(said.excuse),
        "held": result_forms.held(said.held),
        "since": rfc3339(stored.since.get(found.check.id)),
        "evaluatedAt": rfc3339(result.evaluated_at),
        "ruleVersion": result.version,
        "current": found.current,
        "entity": {
            "version": row.seq,
            "etag": row.etag,
            "revision": row.revision,
            "since": rfc3339(row.updated_at),
        },
        "condition": found.condition and _node(found.condition),
        "tree": found.tree and _node(found.tree),
        "expected": found.check.expected,
        "observed": dict(said.observed),
        "facts": [_fact(fact) for fact in found.facts],
        "words": list(_words(found.check, found)),
    }


def _words(check: Check, found: Explanation) -> list[str]:
    said = found.said
    lines = [f"{check.title}: {said.outcome.value}" + (f", {said.reason}" if said.reason else "")]
    if said.excuse is not None:
        why = f", {said.excuse.reason}" if said.excuse.reason else ""
        lines.append(f"Without the exemption: {said.excuse.outcome.value}{why}")
    if not found.current:
        lines.append("The definition has changed since; the next assessment uses the new one.")
    for name, node in (("It applies where:", found.condition), ("Its rule:", found.tree)):
        if node is not None:
            lines += [name, *in_words(node, depth=1)]
    if check.expected:
        lines.append(f"Expected: {check.expected}")
    if found.facts:
        lines += ["Facts:", *(f"  {fact_in_words(fact)}" for fact in found.facts)]
    return lines


def _node(node: Node) -> forms.Json:
    match node:
        case LeafNode():
            return {
                "word": "leaf",
                "outcome": node.outcome.value,
                "expression": node.expression,
                "decides": node.decides,
                "needed": None,
                "passed": None,
                "facts": list(node.facts),
                "parts": [],
            }
        case BranchNode():
            return {
                "word": node.word,
                "outcome": node.outcome.value,
                "expression": "",
                "decides": False,
                "needed": node.needed,
                "passed": node.passed,
                "facts": [],
                "parts": [_node(part) for part in node.parts],
            }


def _fact(fact: FactUsed) -> forms.Json:
    return {
        "name": fact.name,
        **forms.fact_state(Missing() if fact.state is None else fact.state),
        **({"state": "failed", "reason": "not_collected"} if fact.state is None else {}),
        "observed": fact.observed,
        "changed": fact.changed,
        "collector": fact.collector,
        "collectorVersion": fact.version,
        "url": fact.url,
        "revision": fact.revision,
        "observedAt": rfc3339(fact.observed_at),
        "validUntil": rfc3339(fact.valid_until),
        "ageSeconds": None if fact.age is None else int(fact.age.total_seconds()),
        "words": fact_in_words(fact),
    }
