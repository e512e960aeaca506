"""Packs: checks that need more than the catalog and the repository, with the facts that they need.

A pack is one YAML file: a document that declares its facts and says in words what can feed each
namespace of them, then its scorecards. A platform team switches it on with what feeds it
(`scorecards.collection.feeding`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from catalog.parsing.documents import Malformed, Parsed, ParsedDocument, ParsedFile, parse
from catalog.parsing.positions import Positions
from catalog.pointers import Step, pointer
from catalog.problems import Problem, Severity, quote
from scorecards.collection.pushed import ABSENT, Declared, read_value
from scorecards.definitions.shape import shape_problems
from scorecards.durations import duration
from scorecards.facts import FactSchema, FactType

KIND = "ScorecardPack"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """Checks that are switched on together, and what they need to know."""

    name: str
    """Identifier: lower case letters, digits and `-`."""
    title: str
    description: str
    facts: tuple[Declared, ...]
    """Those that neither the catalog nor the repository shows."""
    sources: Mapping[str, str]
    """By namespace of the facts, in words what can feed it."""
    contains: tuple[str, ...]
    """Names of its scorecards."""
    file: str
    scorecards: str
    """The YAML of its scorecards, on the lines where they stand in the file."""


def folder() -> Traversable:
    """Where the packs are that Plumbline brings: one file each, called as the pack is."""
    return files("scorecards") / "packs"


def names() -> tuple[str, ...]:
    """What the packs that Plumbline brings are called."""
    found = (PurePath(file.name) for file in folder().iterdir())
    return tuple(sorted(file.stem for file in found if file.suffix == ".yaml"))


@cache
def built_in() -> Mapping[str, Pack]:
    """The packs that Plumbline brings, by name."""
    packs = {}
    for name in names():
        text = (folder() / f"{name}.yaml").read_text(encoding="utf-8")
        pack, _ = read_pack(text, file=f"packs/{name}.yaml")
        if pack is not None:
            packs[name] = pack
    return MappingProxyType(packs)


@cache
def declarations() -> Mapping[str, Declared]:
    """The facts of all packs that Plumbline brings, by name."""
    facts = (fact for pack in built_in().values() for fact in pack.facts)
    return MappingProxyType({fact.schema.name: fact for fact in facts})


def is_pack(text: str) -> bool:
    """Whether the file begins with the document of a pack, sound or not."""
    data = next((_data(one) for one in _parsed(text, file="").documents), None)
    return isinstance(data, dict) and data.get("kind") == KIND


def read_pack(text: str, *, file: str) -> tuple[Pack | None, tuple[Problem, ...]]:
    """The pack of a YAML file, and all problems of its first document; never raises.

    With an error there is no pack. Its scorecards are not looked at here.
    """
    parsed = _parsed(text, file=file)
    if not parsed.documents:
        nothing = Problem(code="NOT_A_PACK", message="the file holds nothing", file=file)
        return None, parsed.problems or (nothing,)
    document = parsed.documents[0]
    if isinstance(document.state, Malformed):
        return None, document.state.problems
    data: Any = _data(document)
    problems = [*_shape(data)]
    if not problems:
        problems = [*_faults(data["spec"])]
    warnings = document.state.problems if isinstance(document.state, Parsed) else ()
    told = (*warnings, *_placed(problems, document, file))
    if any(problem.severity is Severity.ERROR for problem in told):
        return None, told
    metadata, spec = data["metadata"], data["spec"]
    pack = Pack(
        name=metadata["name"],
        title=metadata["title"],
        description=metadata["description"],
        facts=tuple(_declared(item) for item in spec["facts"]),
        sources=MappingProxyType(dict(spec["sources"])),
        contains=tuple(_names(parsed.documents[1:])),
        file=file,
        scorecards=_without(document, text),
    )
    return pack, told


def _parsed(text: str, *, file: str) -> ParsedFile:
    # A text with half a surrogate pair becomes bytes that the parser refuses, with a reason.
    return parse(text.encode("utf-8", "surrogatepass"), file=file)


def _data(document: ParsedDocument) -> Any:
    """What the document holds; None where it cannot be read."""
    return document.state.data if isinstance(document.state, Parsed) else None


def _names(documents: Sequence[ParsedDocument]) -> Iterator[str]:
    """What the scorecards in the documents are called, as far as that can be seen."""
    for document in documents:
        match _data(document):
            case {"metadata": {"name": str(name)}}:
                yield name


def _without(document: ParsedDocument, text: str) -> str:
    """The text with an empty document in place of this one, the first: nothing else moves."""
    end = document.offset + document.text.removesuffix("\n").count("\n") + 1
    return "---" + "\n" * end + "\n".join(text.split("\n")[end:])


def _shape(data: Any) -> Iterator[Problem]:
    if isinstance(data, dict) and data.get("kind") == KIND:
        yield from shape_problems(data, "pack")
    else:
        yield Problem(
            code="NOT_A_PACK",
            message="the document is no pack",
            found=quote(data.get("kind")) if isinstance(data, dict) else "",
            expected=f"kind: {KIND}",
            hint=f"Begin it with `apiVersion: plumbline.dev/v1` and `kind: {KIND}`",
        )


def _faults(spec: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with facts and sources of the right shape."""
    seen = set[str]()
    for index, item in enumerate(spec["facts"]):
        at: list[Step] = ["spec", "facts", index]
        if item["name"] in seen:
            message = f"the fact `{item['name']}` is declared twice"
            yield Problem(code="DUPLICATE_FACT", message=message, pointer=pointer([*at, "name"]))
        seen.add(item["name"])
        try:
            _declared(item)
        except ValueError as error:
            yield Problem(
                code="FIELD_VALUE",
                message=f"`whenAbsent` of `{item['name']}` is not {error}",
                pointer=pointer([*at, "whenAbsent"]),
                found=quote(item["whenAbsent"]),
                expected=str(error),
            )
    yield from _unsaid({name.partition(".")[0] for name in seen}, spec["sources"])


def _unsaid(namespaces: set[str], sources: Mapping[str, str]) -> Iterator[Problem]:
    """Each namespace of facts needs a source, and each source one."""
    for namespace in sorted(namespaces - sources.keys()):
        message = f"it is not said what can feed `{namespace}.*`"
        at = pointer(["spec", "sources", namespace])
        yield Problem(code="FIELD_REQUIRED", message=message, pointer=at)
    for namespace in sources:
        if namespace not in namespaces:
            message = f"no fact of the pack begins with `{quote(namespace)}.`"
            at = pointer(["spec", "sources", namespace])
            yield Problem(code="FIELD_UNKNOWN", message=message, pointer=at)


def _declared(item: Mapping[str, Any]) -> Declared:
    """The fact; raises `ValueError` with what `whenAbsent` should be."""
    kind = FactType(item["type"])
    absent = read_value(kind, item["whenAbsent"]) if "whenAbsent" in item else ABSENT[kind]
    return Declared(
        schema=FactSchema(
            name=item["name"], type=kind, description=item["description"], when_absent=absent
        ),
        ttl=duration(item["ttl"]) if "ttl" in item else None,
    )


def _placed(problems: Sequence[Problem], document: ParsedDocument, file: str) -> Iterable[Problem]:
    """The problems with their places in the file."""
    positions = Positions(document) if problems else None
    for problem in problems:
        place = positions and positions.of(problem.pointer, key=problem.code == "FIELD_UNKNOWN")
        yield replace(
            problem,
            file=file,
            document=document.index,
            line=place.line if place else None,
            column=place.column if place else None,
        )
