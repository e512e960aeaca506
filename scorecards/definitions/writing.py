"""Writings: documents on their way to scorecards, each with the problems that it has so far.

A broken check is quarantined: it is left out, and its problems are told; the rest of its scorecard
can be used. What is wrong outside the checks keeps the whole scorecard out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.kinds.registry import Kinds
from catalog.parsing.documents import ParsedDocument
from catalog.pointers import Step
from catalog.problems import Problem, Severity, quote
from scorecards.definitions.extending import taken_over
from scorecards.definitions.reading import read_check, read_levels
from scorecards.definitions.remarks import tell_findings, tell_near_fields
from scorecards.definitions.rule_reading import RuleReader
from scorecards.definitions.shape import shape_problems
from scorecards.definitions.telling import Telling
from scorecards.expressions.cel import Language
from scorecards.lifecycle import Draft
from scorecards.rules import Leaf
from scorecards.scorecard import Check, Level, Scorecard

_FRAME = frozenset({"/metadata", "/spec", "/spec/checks"})
_NEEDED = ("/spec/levels", "/spec/applies_to", "/spec/filters", "/spec/extends", "/spec/remove")
"""Where the shape must be right before anything else of the document can be read."""


HOW_TO_BEGIN = "Begin it with `apiVersion: plumbline.dev/v1` and `kind: Scorecard`"
"""What to do with a document or a file that is no scorecard."""


@dataclass(kw_only=True, eq=False)
class Writing:
    """One document on its way to a scorecard."""

    file: str
    document: ParsedDocument
    data: Any
    reader: RuleReader
    shape: Sequence[Problem]
    scorecard: Scorecard | None = None

    @property
    def told(self) -> Telling:
        """What is wrong with it."""
        return self.reader.told

    @property
    def name(self) -> str:
        """Of the scorecard; only where the frame is sound."""
        name: str = self.data["metadata"]["name"]
        return name

    @property
    def extends(self) -> str:
        """Name of the scorecard it begins as; '': of none."""
        name: str = self.data["spec"].get("extends", "")
        return name


def begin(data: Any, document: ParsedDocument, *, file: str, language: Language) -> Writing:
    """The document with the problems of its shape."""
    told = Telling(document, file=file)
    shape: list[Problem] = []
    if isinstance(data, dict) and data.get("kind") == "Scorecard":
        shape = shape_problems(data)
        for problem in shape:
            told.add(problem, key=problem.code == "FIELD_UNKNOWN")
    else:
        told.add(
            Problem(
                code="NOT_A_SCORECARD",
                message="the document is no scorecard",
                pointer="/kind" if isinstance(data, dict) else "",
                found=quote(data.get("kind")) if isinstance(data, dict) else "",
                expected="kind: Scorecard",
                hint=HOW_TO_BEGIN,
            )
        )
        data = None
    reader = RuleReader(language, told)
    return Writing(file=file, document=document, data=data, reader=reader, shape=shape)


def is_frame_sound(writing: Writing) -> bool:
    """Whether there is enough of the document to read its parts."""
    if writing.data is None:
        return False
    if any(p.pointer in _FRAME or p.pointer.startswith(_NEEDED) for p in writing.shape):
        return False
    metadata = writing.data.get("metadata")
    return isinstance(metadata, dict) and isinstance(metadata.get("name"), str)


def complete(writing: Writing, base: Scorecard | None, *, kinds: Kinds) -> Scorecard | None:
    """The scorecard without its broken checks; None where nothing of it can be used."""
    reader, told = writing.reader, writing.told
    metadata, spec = writing.data["metadata"], writing.data["spec"]
    reader.filters(spec.get("filters"), base.filters if base else ())
    levels = base.levels if base and "levels" not in spec else read_levels(spec.get("levels"), told)
    applies_to, because = reader.applies_to(spec.get("applies_to"), ["spec", "applies_to"])
    if base and "applies_to" not in spec:
        applies_to, because = base.applies_to, base.applies_because
    inherited = taken_over(base, levels, spec.get("remove", ()), told) if base else {}
    usable = all(
        _check_index(problem) is not None or problem.severity is not Severity.ERROR
        for problem in told.problems
    )
    broken = {_check_index(problem) for problem in writing.shape}
    checks = _checks(spec.get("checks", ()), broken, reader, levels, inherited)
    _tell_near_fields(checks, spec, applies_to, reader, kinds)
    if usable:
        _analyze(checks, spec, inherited, applies_to, reader)
    in_order = sorted(checks.values(), key=lambda check: check.level)
    in_force = tuple(check for check in in_order if not isinstance(check.lifecycle, Draft))
    if not usable or not in_force:
        return None
    return Scorecard(
        name=writing.name,
        title=metadata["title"],
        description=metadata.get("description", base.description if base else ""),
        owner=metadata.get("owner", base.owner if base else ""),
        levels=levels,
        applies_to=applies_to,
        applies_because=because,
        checks=in_force,
        file=writing.file,
        version=_version(writing.document.text, base),
        drafts=tuple(check for check in in_order if isinstance(check.lifecycle, Draft)),
        filters=tuple(reader.known_filters.values()),
        extends=writing.extends,
    )


def _version(text: str, base: Scorecard | None) -> str:
    """A digest of the document, wherever it stands in a file, and of what it extends."""
    own = text.removeprefix("---").strip()
    return hashlib.sha256(f"{base.version if base else ''}\n{own}".encode()).hexdigest()[:12]


def _checks(
    data: Sequence[Any],
    broken: Container[int | None],
    reader: RuleReader,
    levels: tuple[Level, ...],
    inherited: Mapping[str, Check],
) -> dict[str, Check]:
    """The checks without an error, by id; those at the indexes `broken` are not looked at."""
    checks, own, told = dict(inherited), set[str](), reader.told
    for index, item in enumerate(data):
        if index in broken:
            # Not even the inherited one is left: nobody wants what they meant to change.
            checks.pop(id_of(item), None)
            continue
        before = told.errors()
        check = read_check(
            item, ["spec", "checks", index], levels, reader, inherited.get(item["id"])
        )
        if check.id in own:
            tell_duplicate("DUPLICATE_CHECK", f"/spec/checks/{index}/id", check.id, told)
            continue
        own.add(check.id)
        checks.pop(check.id, None) if told.errors() > before else checks.update({check.id: check})
    return checks


def _analyze(
    checks: dict[str, Check],
    spec: Mapping[str, Any],
    inherited: Mapping[str, Check],
    applies_to: Leaf | None,
    reader: RuleReader,
) -> None:
    """Leave out the checks that say the same of everything, and warn of what says nothing."""
    told = reader.told
    written = {id_of(item): index for index, item in reversed([*enumerate(spec.get("checks", ()))])}
    for check in list(checks.values()):
        conditions = [leaf for leaf in (applies_to, check.applies_to) if leaf is not None]
        before = told.errors()
        if check.id in written:
            path: list[Step] = ["spec", "checks", written[check.id]]
            has_rule = "rule" in spec["checks"][written[check.id]]
            tell_findings(check, path, conditions, reader, rule=has_rule)
        elif check.id in inherited and "applies_to" in spec:
            tell_findings(check, ["spec"], conditions, reader, rule=False)
        if told.errors() > before:
            del checks[check.id]


def _tell_near_fields(
    checks: Mapping[str, Check],
    spec: Mapping[str, Any],
    applies_to: Leaf | None,
    reader: RuleReader,
    kinds: Kinds,
) -> None:
    """Warn of slips in fields of the entity, among those of the kinds that each expression is for."""
    ids = [id_of(item) for item in spec.get("checks", ())]

    def conditions_at(path: Sequence[Step]) -> list[Leaf]:
        if path[1] == "filters":
            return []
        check = checks.get(ids[int(path[2])]) if path[1] == "checks" else None
        asked = (applies_to, check.applies_to if check else None)
        return [leaf for leaf in asked if leaf is not None]

    tell_near_fields(reader, kinds, conditions_at)


def id_of(item: Any) -> str:
    """The id of what is written as a check; '' where it has none."""
    name = item.get("id") if isinstance(item, dict) else None
    return name if isinstance(name, str) else ""


def _check_index(problem: Problem) -> int | None:
    """The check that a problem is about; None: it is about the scorecard."""
    steps = problem.pointer.split("/")
    inside = len(steps) > 3 and steps[1:3] == ["spec", "checks"]
    return int(steps[3]) if inside else None


def tell_duplicate(
    code: str, pointer: str, name: str, told: Telling, *, where: str = "", hint: str = ""
) -> None:
    """Tell that an earlier one has the name."""
    told.add(
        Problem(
            code=code,
            message=f"an earlier one{where} has this name",
            pointer=pointer,
            found=quote(name),
            hint=hint or "Give it another name; this one is left out",
        )
    )
