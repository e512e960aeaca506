"""Reading: the levels and the checks of a scorecard document, with every problem on the way.

The shape has been judged before (`scorecards.definitions.shape`). What is asked here needs more
than a look at one value: whether rules can be understood (`scorecards.definitions.rule_reading`),
and levels exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from catalog.descriptor.suggestions import listing, nearest
from catalog.pointers import Step, pointer
from catalog.problems import Problem, quote
from scorecards import rules
from scorecards.definitions.case_reading import CaseFault, read_case
from scorecards.definitions.remarks import tell_untimed
from scorecards.definitions.rule_reading import RuleReader
from scorecards.definitions.telling import Telling
from scorecards.durations import duration
from scorecards.expressions.cel import Language
from scorecards.lifecycle import ACTIVE, Draft, Lifecycle, Preview, Retiring
from scorecards.scorecard import Case, Check, Level, Link

DEFAULT_LEVELS = (
    Level(name="Initial", description="The floor: nothing is asked yet."),
    Level(name="Managed", description="Owned and findable, built and tested by machine."),
    Level(name="Defined", description="Safe to operate and to change, in the way all teams do it."),
    Level(name="Optimizing", description="Measured, controlled, and getting better."),
)
"""The phases of the maturity model, for scorecards that name no levels."""

NEEDED = ("title", "level", "rule", "why", "fix")
"""Keys without which there is no check, besides its id."""

_BLANK = Check(
    id="",
    title="",
    category="General",
    level=1,
    rule=rules.All(parts=()),
    applies_to=None,
    applies_because="",
    observe=(),
    expected="",
    why="",
    fix="",
    effort="hours",
    weight=1,
    links=(),
)
"""A check that says nothing but what is usual."""


def read_levels(data: Any, told: Telling) -> tuple[Level, ...]:
    """The levels, from the floor upwards; the usual ones where none are named."""
    if data is None:
        return DEFAULT_LEVELS
    levels = tuple(
        Level(name=item)
        if isinstance(item, str)
        else Level(name=item["name"], description=item.get("description", ""))
        for item in data
    )
    for index, level in enumerate(levels):
        if level.name in [earlier.name for earlier in levels[:index]]:
            told.say(
                "DUPLICATE_LEVEL",
                ["spec", "levels", index],
                "two levels have this name",
                hint="Give each level a name of its own",
            )
    return levels


def read_check(
    data: Mapping[str, Any],
    path: list[Step],
    levels: Sequence[Level],
    reader: RuleReader,
    inherited: Check | None = None,
) -> Check:
    """The check at `path`; not to be used where errors were added meanwhile.

    What it does not say is that of the `inherited` one.
    """
    told = reader.told
    for key in NEEDED if inherited is None else ():
        if key not in data:
            told.say("FIELD_REQUIRED", [*path, key], f"`{key}` is missing", hint=f"Add `{key}`")
    readers = _readers(levels, reader)
    given = {
        key: readers[key](data[key], [*path, key]) if key in readers else data[key]
        for key in data
        if key != "applies_to"
    }
    if "applies_to" in data:
        leaf, because = reader.applies_to(data["applies_to"], [*path, "applies_to"])
        given |= {"applies_to": leaf, "applies_because": because}
    check = replace(inherited or _BLANK, **given)
    if check.max_age is not None and data.keys() & {"applies_to", "max_age", "rule"}:
        tell_untimed(check, [*path, "max_age"] if "max_age" in data else path, reader)
    return check


def _readers(
    levels: Sequence[Level], reader: RuleReader
) -> dict[str, Callable[[Any, list[Step]], Any]]:
    """By key of a check, what understands its value; the values of the others stand for themselves."""
    told = reader.told
    return {
        "level": lambda item, at: _level(item, at, levels, told),
        "rule": reader.rule,
        "observe": reader.observations,
        "links": lambda item, _: tuple(Link(title=i["title"], url=i["url"]) for i in item),
        "lifecycle": lambda item, at: _lifecycle(item, at, told),
        "max_age": lambda item, _: duration(item),
        "grace": lambda item, _: duration(item),
        "tests": lambda item, at: _tests(item, at, reader.language, told),
    }


def _level(name: str, path: list[Step], levels: Sequence[Level], told: Telling) -> int:
    names = [level.name for level in levels]
    if name not in names:
        near = nearest(name, names)
        hint = f"Did you mean `{near}`?" if near else f"There are {listing(names[1:])}"
        told.say("UNKNOWN_LEVEL", path, f"there is no level `{quote(name)}`", hint=hint)
        return 1
    if name == names[0]:
        message = f"`{quote(name)}` is the floor, which asks for nothing"
        told.say("UNKNOWN_LEVEL", path, message, hint=f"Take one of {listing(names[1:])}")
    return names.index(name)


def _lifecycle(data: Any, path: list[Step], told: Telling) -> Lifecycle:
    if isinstance(data, str):
        return Draft() if data == "draft" else ACTIVE
    key, other = ("from", "until") if data["stage"] == "preview" else ("until", "from")
    if key not in data:
        told.say("FIELD_REQUIRED", [*path, key], f"`{key}` is missing", hint=f"Add `{key}`")
        return ACTIVE
    if other in data:
        message = f"`{other}` means nothing for a check in stage `{data['stage']}`"
        told.say("FIELD_UNKNOWN", [*path, other], message, hint=f"Known here: {key}")
    try:
        day = date.fromisoformat(data[key])
    except ValueError:
        message = f"there is no day `{quote(data[key])}`"
        told.say("FIELD_VALUE", [*path, key], message)
        return ACTIVE
    return Preview(starts=day) if key == "from" else Retiring(ends=day)


def _tests(
    data: Sequence[Mapping[str, Any]], path: list[Step], language: Language, told: Telling
) -> tuple[Case, ...]:
    cases = []
    for index, item in enumerate(data):
        at = [*path, index]
        place = told.place(at)
        case = read_case(item, language.schemas, file=told.file, place=place)
        if isinstance(case, Case):
            cases.append(case)
            continue
        for fault in case:
            told.add(_problem_of(fault, at), key=fault.code == "UNKNOWN_FACT")
    return tuple(cases)


def _problem_of(fault: CaseFault, path: list[Step]) -> Problem:
    return Problem(
        code=fault.code,
        message=fault.message,
        hint=fault.hint,
        pointer=pointer([*path, *fault.path]),
        found=fault.found,
        expected=fault.expected,
    )
