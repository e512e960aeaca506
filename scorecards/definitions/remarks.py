"""Remarks: what a check can be seen to say before anybody asks it, told where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import assert_never

from catalog.kinds.registry import Kinds
from catalog.pointers import Step, pointer
from catalog.problems import Problem, Severity
from scorecards.definitions import analysis
from scorecards.definitions.level_facts import NAMESPACE
from scorecards.definitions.rule_reading import RuleReader
from scorecards.definitions.telling import Telling
from scorecards.expressions import compiled
from scorecards.expressions.cel import Language, Program
from scorecards.expressions.near_fields import kinds_asked, near_fields
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


def tell_near_fields(
    reader: RuleReader, kinds: Kinds, conditions_at: Callable[[Sequence[Step]], Sequence[Leaf]]
) -> None:
    """Warn of fields of the entity that are probably slips, in every expression that was read.

    `conditions_at` gives the conditions under which what stands at a place is asked.
    """
    for program, path in reader.programs:
        if "entity" not in program.references:
            continue
        tree, conditions = _tree(program), _trees(conditions_at(path), reader.language)
        for one in near_fields(tree, kinds, kinds_asked([*conditions.values(), tree])):
            problem = Problem(
                code="FIELD_NEAR_MISS",
                severity=Severity.WARNING,
                message=one.message,
                pointer=pointer(path),
                hint=one.hint,
                found=one.written,
            )
            line, column = _begin(one.written, program.expression)
            place = reader.told.inside(program.expression, path, line=line, column=column)
            reader.told.add(problem, place=place)


def _begin(written: str, expression: str) -> tuple[int, int]:
    """Line and column at which a path or a word begins; 1 and 1 where it is written in another way."""
    dotted = r"\s*\.\s*".join(map(re.escape, written.split(".")))
    found = re.search(rf"(?<![\w.]){dotted}(?!\w)", expression)
    before = expression[: found.start()] if found else ""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


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
            found[leaf.expression] = _tree(program)
    return found


def _tree(program: Program) -> Expression:
    return read(compiled.expression(program.run.serialize()))
