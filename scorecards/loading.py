"""Loading: YAML documents into scorecards, and every problem with its line and column.

A broken check is quarantined: it is left out, and its problems are told; the rest of its scorecard
can be used. What is wrong outside the checks keeps the whole scorecard out, and what extends it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.parsing.documents import Empty, Malformed, Parsed, ParsedDocument, parse
from catalog.pointers import Step
from catalog.problems import Problem, Severity, quote
from scorecards.cel import Language
from scorecards.circles import closed, without
from scorecards.extending import Bases, ordered, taken_over
from scorecards.facts import FactSchema
from scorecards.level_facts import level_schemas
from scorecards.lifecycle import Draft
from scorecards.reading import Reader
from scorecards.rules import Leaf
from scorecards.scorecard import Check, Level, Scorecard
from scorecards.shape import is_scorecard_name, shape_problems

_FRAME = frozenset({"/metadata", "/spec", "/spec/checks"})
_NEEDED = ("/spec/levels", "/spec/applies_to", "/spec/filters", "/spec/extends", "/spec/remove")
"""Where the shape must be right before anything else of the document can be read."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What files define."""

    scorecards: tuple[Scorecard, ...]
    """Those that can be used, in the order of the files."""
    problems: tuple[Problem, ...]
    """All problems of all files, in their order."""
    texts: Mapping[str, str]
    """By name of a usable scorecard, the document that defines it."""
    schemas: Mapping[str, FactSchema]
    """All facts that rules may mention: those that were given, and the levels on these scorecards."""


@dataclass(kw_only=True, eq=False)
class _Writing:
    """One document on its way to a scorecard."""

    file: str
    document: ParsedDocument
    data: Any
    reader: Reader
    shape: Sequence[Problem]
    scorecard: Scorecard | None = None

    @property
    def name(self) -> str:
        name: str = self.data["metadata"]["name"]
        return name

    @property
    def extends(self) -> str:
        """Name of the scorecard it begins as; '': of none."""
        name: str = self.data["spec"].get("extends", "")
        return name


def load_scorecards(
    text: str, *, file: str, schemas: Mapping[str, FactSchema], known: Iterable[Scorecard] = ()
) -> tuple[tuple[Scorecard, ...], tuple[Problem, ...]]:
    """The scorecards of a YAML file that can be used, and all problems of the file.

    Never raises, whatever the text. `schemas` are all facts that rules may mention; `known` are
    scorecards of elsewhere that these may extend.
    """
    loaded = load_files([(file, text)], schemas=schemas, known=known)
    return loaded.scorecards, loaded.problems


def load_files(
    files: Iterable[tuple[str, str]],
    *,
    schemas: Mapping[str, FactSchema],
    known: Iterable[Scorecard] = (),
) -> Loaded:
    """The scorecards of files (name and text), which may extend each other in any order.

    The first scorecard of a name has it. Never raises, whatever the texts.
    """
    known = tuple(known)
    # A text with half a surrogate pair becomes bytes that the parser refuses, with a reason.
    parsed = [(f, parse(text.encode("utf-8", "surrogatepass"), file=f)) for f, text in files]
    named = {name for _, found in parsed for name in _names(found.documents)}
    levels = level_schemas(sorted(named | {card.name for card in known}))
    schemas = {**schemas, **levels}
    language = Language(schemas)
    problems: list[Problem | _Writing] = []
    first: dict[str, _Writing] = {}
    for file, found in parsed:
        problems.extend(found.problems)
        for document in found.documents:
            match document.state:
                case Empty():
                    continue
                case Malformed(problems=faults):
                    problems.extend(faults)
                case Parsed(data=data, problems=warnings):
                    problems.extend(warnings)
                    reader = Reader(document, file=file, language=language)
                    writing = _begin(data, reader, document, file)
                    problems.append(writing)
                    if _is_frame_sound(writing) and writing.name in first:
                        _taken(writing, first[writing.name])
                    elif _is_frame_sound(writing):
                        first[writing.name] = writing
    bases = Bases({card.name: card for card in known})
    for name in ordered({name: writing.extends for name, writing in first.items()}):
        writing = first[name]
        base = bases.of(writing.extends, first, writing.reader)
        if base is not None or not writing.extends:
            writing.scorecard = _scorecard(writing, base)
        bases.add(name, writing.scorecard)
    _break_circles(first, {card.name: card for card in known}, language)
    usable = {w.name: w for w in first.values() if w.scorecard is not None}
    return Loaded(
        scorecards=tuple(w.scorecard for w in usable.values() if w.scorecard is not None),
        problems=tuple(_in_order(problems)),
        texts={name: w.document.text for name, w in usable.items()},
        schemas=schemas,
    )


def _names(documents: Iterable[ParsedDocument]) -> Iterator[str]:
    """What the documents call their scorecards, usable or not."""
    for document in documents:
        data = document.state.data if isinstance(document.state, Parsed) else None
        metadata = data.get("metadata") if isinstance(data, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if isinstance(name, str) and is_scorecard_name(name):
            yield name


def _break_circles(
    written: Mapping[str, _Writing], known: Mapping[str, Scorecard], language: Language
) -> None:
    """Take out of scorecards what would make their levels depend on each other in a circle."""
    cards = {name: w.scorecard for name, w in written.items() if w.scorecard is not None}
    for name, found in closed({**known, **cards}, language).items():
        if name not in cards:
            continue
        writing = written[name]
        writing.scorecard = without(cards[name], found)
        spec = writing.data["spec"]
        ids = [_id_of(item) for item in spec.get("checks", ())]
        condition = "/spec/applies_to" if "applies_to" in spec else "/spec"
        for one in found:
            place = f"/spec/checks/{ids.index(one.check)}/rule" if one.check in ids else condition
            writing.reader.add(
                Problem(
                    code="LEVELS_CIRCLE",
                    message=one.message,
                    pointer=place,
                    hint="Let only one of them look at the level of the other",
                )
            )


def _in_order(found: Iterable[Problem | _Writing]) -> Iterable[Problem]:
    for one in found:
        if isinstance(one, Problem):
            yield one
        else:
            yield from sorted(one.reader.problems, key=lambda p: (p.line or 0, p.column or 0))


def _begin(data: Any, reader: Reader, document: ParsedDocument, file: str) -> _Writing:
    """The document with the problems of its shape."""
    shape: list[Problem] = []
    if isinstance(data, dict) and data.get("kind") == "Scorecard":
        shape = shape_problems(data)
        for problem in shape:
            reader.add(problem, key=problem.code == "FIELD_UNKNOWN")
    else:
        reader.add(
            Problem(
                code="NOT_A_SCORECARD",
                message="the document is no scorecard",
                pointer="/kind" if isinstance(data, dict) else "",
                found=quote(data.get("kind")) if isinstance(data, dict) else "",
                expected="kind: Scorecard",
                hint="Begin it with `apiVersion: plumbline.dev/v1` and `kind: Scorecard`",
            )
        )
        data = None
    return _Writing(file=file, document=document, data=data, reader=reader, shape=shape)


def _is_frame_sound(writing: _Writing) -> bool:
    """Whether there is enough of the document to read its parts."""
    if writing.data is None:
        return False
    if any(p.pointer in _FRAME or p.pointer.startswith(_NEEDED) for p in writing.shape):
        return False
    metadata = writing.data.get("metadata")
    return isinstance(metadata, dict) and isinstance(metadata.get("name"), str)


def _scorecard(writing: _Writing, base: Scorecard | None) -> Scorecard | None:
    """The scorecard without its broken checks; None where nothing of it can be used."""
    reader, metadata, spec = writing.reader, writing.data["metadata"], writing.data["spec"]
    reader.filters(spec.get("filters"), base.filters if base else ())
    levels = base.levels if base and "levels" not in spec else reader.levels(spec.get("levels"))
    applies_to, because = reader.applies_to(spec.get("applies_to"), ["spec", "applies_to"])
    if base and "applies_to" not in spec:
        applies_to, because = base.applies_to, base.applies_because
    inherited = taken_over(base, levels, spec.get("remove", ()), reader) if base else {}
    usable = all(
        _check_index(problem) is not None or problem.severity is not Severity.ERROR
        for problem in reader.problems
    )
    broken = {_check_index(problem) for problem in writing.shape}
    checks = _checks(spec.get("checks", ()), broken, reader, levels, inherited)
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
    reader: Reader,
    levels: tuple[Level, ...],
    inherited: Mapping[str, Check],
) -> dict[str, Check]:
    """The checks without an error, by id; those at the indexes `broken` are not looked at."""
    checks, own = dict(inherited), set[str]()
    for index, item in enumerate(data):
        if index in broken:
            # Not even the inherited one is left: nobody wants what they meant to change.
            checks.pop(_id_of(item), None)
            continue
        before = reader.errors()
        check = reader.check(item, ["spec", "checks", index], levels, inherited.get(item["id"]))
        if check.id in own:
            _duplicate("DUPLICATE_CHECK", f"/spec/checks/{index}/id", check.id, reader)
            continue
        own.add(check.id)
        checks.pop(check.id, None) if reader.errors() > before else checks.update({check.id: check})
    return checks


def _analyze(
    checks: dict[str, Check],
    spec: Mapping[str, Any],
    inherited: Mapping[str, Check],
    applies_to: Leaf | None,
    reader: Reader,
) -> None:
    """Leave out the checks that say the same of everything, and warn of what says nothing."""
    written = {
        _id_of(item): index for index, item in reversed([*enumerate(spec.get("checks", ()))])
    }
    for check in list(checks.values()):
        conditions = [leaf for leaf in (applies_to, check.applies_to) if leaf is not None]
        before = reader.errors()
        if check.id in written:
            path: list[Step] = ["spec", "checks", written[check.id]]
            has_rule = "rule" in spec["checks"][written[check.id]]
            reader.analyze(check, path, conditions, rule=has_rule)
        elif check.id in inherited and "applies_to" in spec:
            reader.analyze(check, ["spec"], conditions, rule=False)
        if reader.errors() > before:
            del checks[check.id]


def _id_of(item: Any) -> str:
    name = item.get("id") if isinstance(item, dict) else None
    return name if isinstance(name, str) else ""


def _check_index(problem: Problem) -> int | None:
    """The check that a problem is about; None: it is about the scorecard."""
    steps = problem.pointer.split("/")
    inside = len(steps) > 3 and steps[1:3] == ["spec", "checks"]
    return int(steps[3]) if inside else None


def _taken(writing: _Writing, first: _Writing) -> None:
    where = "" if first.file == writing.file else f" in {first.file}"
    _duplicate("SCORECARD_NAME_TAKEN", "/metadata/name", writing.name, writing.reader, where=where)


def _duplicate(code: str, pointer: str, name: str, reader: Reader, *, where: str = "") -> None:
    reader.add(
        Problem(
            code=code,
            message=f"an earlier one{where} has this name",
            pointer=pointer,
            found=quote(name),
            hint="Give it another name; this one is left out",
        )
    )
