"""Remarks: what a check can be seen to say before anybody asks it, told where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from catalog.pointers import Step
from scorecards.definitions import analysis
from scorecards.definitions.level_facts import NAMESPACE
from scorecards.definitions.rule_reading import RuleReader
from scorecards.definitions.telling import Telling
from scorecards.expressions import compiled
from scorecards.expressions.cel import Language, Program
from scorecards.expressions.syntax import Expression, read
from scorecards.rules import Leaf, leaves
from scorecards.scorecard import Check

_UNTIMED = ("api.", "catalog.", "dependencies.", "owner.", "repo.", "system.", f"{NAMESPACE}.")
"""Facts that are observed anew whenever what they are of changes, and whose time is that change."""


def tell_findings(
    check: Check, path: list[Step], conditions: Sequence[Leaf], reader: RuleReader, *, rule: bool
) -> None:
    """Tell what the check can be seen to say whatever the facts are (`scorecards.definitions.analysis`).

    `conditions` say whom it applies to; `rule`: its rule stands in this document too.
    """
    trees = _trees([*conditions, *leaves(check.rule)], reader.language)
    integers, told = reader.language.integers, reader.told
    if analysis.applies_nowhere(conditions, trees, integers=integers):
        message = f"the check `{check.id}` can be seen to apply to nothing"
        hint = "Compare what its scorecard applies to"
        told.warn("APPLIES_TO_NOTHING", [*path, "applies_to"], message, hint=hint)
    if rule:
        for finding in analysis.analyze(check.rule, conditions, trees, integers=integers):
            _tell(finding, [*path, "rule"], told)


def tell_untimed(check: Check, path: list[Step], reader: RuleReader) -> None:
    """Tell where `max_age` is of facts that follow each change: what lasts for long is not old."""
    conditions = [] if check.applies_to is None else [check.applies_to]
    asked = (*conditions, *leaves(check.rule))
    programs = [reader.language.compile(leaf.expression) for leaf in asked]
    mentioned = {n for one in programs if isinstance(one, Program) for n in one.facts}
    fresh = sorted(name for name in mentioned if name.startswith(_UNTIMED))
    if not fresh:
        return
    message = f"`{fresh[0]}` follows every change: it would become stale by not changing"
    hint = "Take `max_age` out"
    if len(fresh) < len(mentioned):
        hint = "Ask for the facts that can be too old in a check of their own"
    reader.told.warn("MAX_AGE_UNTIMED", path, message, hint=hint)


def _tell(finding: analysis.Finding, at: list[Step], told: Telling) -> None:
    match finding:
        case analysis.NeverPasses():
            message = "no entity that it applies to can ever pass the rule"
            told.say("RULE_NEVER_PASSES", at, message)
        case analysis.AlwaysPasses():
            message = "every entity that it applies to passes the rule, whatever it is"
            told.say("RULE_ALWAYS_PASSES", at, message)
        case analysis.Duplicate(path=inside, counted=counted):
            message = "this stands there already" + (", and counts twice" * counted)
            hint = "Take one of them out"
            told.warn("RULE_DUPLICATE", [*at, *inside], message, hint=hint)
        case analysis.Redundant(path=inside):
            message = "this says nothing that the rules beside it do not say"
            told.warn("RULE_REDUNDANT", [*at, *inside], message, hint="Take it out")
        case _:
            assert_never(finding)


def _trees(conditions: Sequence[Leaf], language: Language) -> dict[str, Expression]:
    """The syntax of leaves that are known to compile."""
    found = {}
    for leaf in conditions:
        program = language.compile(leaf.expression)
        if isinstance(program, Program):
            found[leaf.expression] = read(compiled.expression(program.run.serialize()))
    return found
