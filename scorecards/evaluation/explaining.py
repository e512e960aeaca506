"""Explaining: why a check says what it says, from what was stored when it said so.

The stored evidence has the outcome of each leaf; the tree is that of the rule. Facts are added with
where they come from and how old they are. Nothing is evaluated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never

from catalog.problems import JsonValue
from scorecards.evaluation.decisions import is_answer
from scorecards.facts import FactRecord, FactState, FailedFact, Known, Missing
from scorecards.knowledge import as_json, ends
from scorecards.results import CheckResult, Outcome
from scorecards.rules import All, Any, AtLeast, Leaf, Manual, Not, Rule, decide, deciding, leaves
from scorecards.scorecard import Check, Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class LeafNode:
    """A leaf, and what it said."""

    expression: str
    outcome: Outcome
    decides: bool
    """Whether it is one of those that make the whole what it is."""
    facts: tuple[str, ...]
    """Names of the facts that it mentions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BranchNode:
    """Parts that are counted against a number."""

    word: str
    """all, any, not or at_least."""
    needed: int
    """How many of the parts have to pass; of `not` 0 of 1."""
    passed: int
    outcome: Outcome
    parts: tuple[Node, ...]


Node: TypeAlias = LeafNode | BranchNode


@dataclass(frozen=True, kw_only=True, slots=True)
class FactUsed:
    """A fact that the check looked at, as it is stored now, and where it comes from."""

    name: str
    state: FactState | None
    """None: no collector has told of it."""
    observed: JsonValue
    """What the check saw; null: nothing, or it was not known."""
    changed: bool
    """Whether it is another one now than the check saw: assessing again may say something else."""
    collector: str
    version: str
    url: str
    revision: str
    observed_at: datetime | None
    valid_until: datetime | None
    age: timedelta | None
    """Since it was observed to be so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why a check says what it says."""

    check: Check
    said: CheckResult
    condition: LeafNode | None
    """What decided whether it applies, where its rule was therefore not asked."""
    tree: Node | None
    """The rule with what each leaf said; None: it was not asked, or is another one by now."""
    current: bool
    """Whether the result was made with the definition that is in force."""
    facts: tuple[FactUsed, ...]


def explain(
    scorecard: Scorecard,
    check: Check,
    said: CheckResult,
    *,
    version: str,
    records: Iterable[FactRecord],
    facts_of: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> Explanation:
    """Explain what the check said with the definition of `version`.

    `records` are the entity's stored facts, `facts_of` the facts that each expression mentions.
    """
    stored = {name: record for record in records for name in record.facts}
    outcomes = dict(said.leaves)
    asked = {leaf.expression for leaf in leaves(check.rule)}
    tree = condition = None
    if outcomes and outcomes.keys() == asked:
        decisive = frozenset(deciding(check.rule, outcomes))
        tree = _node(check.rule, outcomes, decisive, facts_of)
    elif not (outcomes or is_answer(check, said)) and (
        leaf := check.applies_to or scorecard.applies_to
    ):
        untold = said.excuse.outcome if said.excuse else said.outcome
        condition = LeafNode(
            expression=leaf.expression,
            outcome=Outcome.FAIL if untold is Outcome.NOT_APPLICABLE else untold,
            decides=True,
            facts=facts_of.get(leaf.expression, ()),
        )
    names = dict.fromkeys([*_facts_in(tree or condition), *said.unknown])
    return Explanation(
        check=check,
        said=said,
        condition=condition,
        tree=tree,
        current=version == scorecard.version,
        facts=tuple(_used(name, stored.get(name), said, now, check.max_age) for name in names),
    )


def _node(
    rule: Rule,
    outcomes: Mapping[str, Outcome],
    decisive: frozenset[str],
    facts_of: Mapping[str, tuple[str, ...]],
) -> Node:
    match rule:
        case Leaf(expression=expression):
            return LeafNode(
                expression=expression,
                outcome=outcomes[expression],
                decides=expression in decisive,
                facts=facts_of.get(expression, ()),
            )
        case Not(part=part):
            word, needed, parts = "not", 0, (part,)
        case All(parts=parts):
            word, needed = "all", len(parts)
        case Any(parts=parts):
            word, needed = "any", 1
        case AtLeast(parts=parts, count=needed):
            word = "at_least"
        case Manual():
            raise TypeError("an answer has no tree")
        case _:
            assert_never(rule)
    inside = tuple(_node(part, outcomes, decisive, facts_of) for part in parts)
    return BranchNode(
        word=word,
        needed=needed,
        passed=sum(part.outcome is Outcome.PASS for part in inside),
        outcome=decide(rule, outcomes),
        parts=inside,
    )


def _facts_in(node: Node | None) -> Iterator[str]:
    match node:
        case None:
            return
        case LeafNode(facts=facts):
            yield from facts
        case BranchNode(parts=parts):
            for part in parts:
                yield from _facts_in(part)


def _used(
    name: str,
    record: FactRecord | None,
    said: CheckResult,
    now: datetime,
    max_age: timedelta | None,
) -> FactUsed:
    state = None if record is None else record.facts[name]
    seen = said.observed.get(name)
    value = as_json(state.value) if isinstance(state, Known) else None
    unseen = name in said.unknown
    silent = state is None or isinstance(state, FailedFact)
    until = None if record is None else ends(record.observed_at, record.valid_until, max_age)
    stale = until is not None and until < now
    return FactUsed(
        name=name,
        state=state,
        observed=seen,
        changed=unseen != (silent or stale) or (not unseen and seen != value),
        collector=record.collector if record else "",
        version=record.version if record else "",
        url=record.url if record else "",
        revision=record.revision if record else "",
        observed_at=record.observed_at if record else None,
        valid_until=record.valid_until if record else None,
        age=now - record.observed_at if record else None,
    )


def in_words(node: Node, *, depth: int = 0) -> Iterator[str]:
    """The tree as lines of text, each with its depth as indentation by two spaces."""
    match node:
        case LeafNode(expression=expression, outcome=outcome, decides=decides):
            mark = "  <- decides" if decides else ""
            yield f"{'  ' * depth}{_said(outcome)}: {expression}{mark}"
        case BranchNode(outcome=outcome, parts=parts):
            yield f"{'  ' * depth}{_said(outcome)}: {_asks(node)}"
            for part in parts:
                yield from in_words(part, depth=depth + 1)


def _asks(node: BranchNode) -> str:
    of = len(node.parts)
    match node.word:
        case "not":
            return "this must not hold"
        case "any":
            return f"one of {of} must hold; {node.passed} do"
        case "all":
            return f"all {of} must hold; {node.passed} do"
        case _:
            return f"at least {node.needed} of {of} must hold; {node.passed} do"


def _said(outcome: Outcome) -> str:
    words = {Outcome.PASS: "true", Outcome.FAIL: "false", Outcome.ERROR: "error"}
    return words.get(outcome, "not known")


def fact_in_words(fact: FactUsed) -> str:
    """One sentence on a fact: what is known, from whom, and since when."""
    match fact.state:
        case None:
            return f"{fact.name} was not collected"
        case Known(value=value, path=path, line=line):
            at = f" in {path}" + (f":{line}" if line else "") if path else ""
            what = f"{fact.name} is {as_json(value)!r}{at}"
        case Missing(looked_for=looked_for):
            what = f"{fact.name} is not there" + (
                f" (looked for {looked_for})" if looked_for else ""
            )
        case FailedFact(detail=detail, reason=reason):
            what = f"{fact.name} could not be looked for ({detail or reason.value})"
        case _:
            assert_never(fact.state)
    since = "" if fact.age is None else f", found so {_age(fact.age)} ago"
    whence = f" at {fact.revision[:12]}" if fact.revision else ""
    return f"{what}; {fact.collector} {fact.version}{whence}{since}"


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} hours" if hours >= 2 else f"{max(int(age.total_seconds() // 60), 0)} minutes"
