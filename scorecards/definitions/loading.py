"""Loading: YAML documents into scorecards, and every problem with its line and column.

What keeps a scorecard out keeps out what extends it. What one document comes to by itself is in
`scorecards.definitions.writing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from catalog.kinds.registry import Kinds, builtin_kinds
from catalog.parsing.documents import Empty, Malformed, Parsed, ParsedDocument, ParsedFile, parse
from catalog.problems import Problem
from scorecards.definitions.circles import closed, without
from scorecards.definitions.extending import Bases, ordered
from scorecards.definitions.level_facts import level_schemas
from scorecards.definitions.shape import is_scorecard_name
from scorecards.definitions.writing import (
    Writing,
    begin,
    complete,
    id_of,
    is_frame_sound,
    tell_duplicate,
)
from scorecards.expressions.cel import Language
from scorecards.facts import FactSchema
from scorecards.scorecard import Scorecard


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


def load_scorecards(
    text: str,
    *,
    file: str,
    schemas: Mapping[str, FactSchema],
    known: Iterable[Scorecard] = (),
    kinds: Kinds | None = None,
) -> tuple[tuple[Scorecard, ...], tuple[Problem, ...]]:
    """The scorecards of a YAML file that can be used, and all problems of the file.

    Never raises, whatever the text. `schemas` are all facts that rules may mention; `known` are
    scorecards of elsewhere that these may extend; `kinds` those of the catalog (None: built in).
    """
    loaded = load_files([(file, text)], schemas=schemas, known=known, kinds=kinds)
    return loaded.scorecards, loaded.problems


def load_files(
    files: Iterable[tuple[str, str]],
    *,
    schemas: Mapping[str, FactSchema],
    known: Iterable[Scorecard] = (),
    kinds: Kinds | None = None,
) -> Loaded:
    """The scorecards of files (name and text), which may extend each other in any order.

    The first scorecard of a name has it. Never raises, whatever the texts.
    """
    known = tuple(known)
    # A text with half a surrogate pair becomes bytes that the parser refuses, with a reason.
    parsed = [(f, parse(text.encode("utf-8", "surrogatepass"), file=f)) for f, text in files]
    named = {name for _, found in parsed for name in _names(found.documents)}
    levels = level_schemas(sorted(named | {card.name for card in known}))
    language = Language({**schemas, **levels})
    problems = list(_begun(parsed, language))
    first = _first([one for one in problems if isinstance(one, Writing)])
    _complete(first, known, kinds or builtin_kinds())
    _break_circles(first, {card.name: card for card in known}, language)
    usable = {w.name: w for w in first.values() if w.scorecard is not None}
    return Loaded(
        scorecards=tuple(w.scorecard for w in usable.values() if w.scorecard is not None),
        problems=tuple(_in_order(problems)),
        texts={name: w.document.text for name, w in usable.items()},
        schemas={**schemas, **levels},
    )


def holds_nothing(text: str) -> bool:
    """Whether there is no document in a text, whatever its comments say."""
    found = parse(text.encode("utf-8", "surrogatepass"), file="")
    return not found.problems and all(isinstance(one.state, Empty) for one in found.documents)


def _begun(
    parsed: Iterable[tuple[str, ParsedFile]], language: Language
) -> Iterator[Problem | Writing]:
    """What the files hold, in their order: documents, and problems of what is none."""
    for file, found in parsed:
        yield from found.problems
        for document in found.documents:
            match document.state:
                case Malformed(problems=faults):
                    yield from faults
                case Parsed(data=data, problems=warnings):
                    yield from warnings
                    yield begin(data, document, file=file, language=language)
                case Empty():
                    continue


def _first(writings: Iterable[Writing]) -> dict[str, Writing]:
    """By name the first of each; a later one is told that its name is taken."""
    first: dict[str, Writing] = {}
    for writing in filter(is_frame_sound, writings):
        one = first.setdefault(writing.name, writing)
        if one is not writing:
            where = "" if one.file == writing.file else f" in {one.file}"
            change = f"say `extends: {writing.name}` in it to change the other one"
            tell_duplicate(
                "SCORECARD_NAME_TAKEN",
                "/metadata/name",
                writing.name,
                writing.told,
                where=where,
                hint=f"Give it another name, and {change}; this one is left out" if where else "",
            )
    return first


def _complete(written: Mapping[str, Writing], known: Iterable[Scorecard], kinds: Kinds) -> None:
    """Make the scorecards, each after the one that it extends."""
    bases = Bases({card.name: card for card in known})
    for name in ordered({name: writing.extends for name, writing in written.items()}):
        writing = written[name]
        base = bases.of(writing.extends, written, writing.told)
        if base is not None or not writing.extends:
            writing.scorecard = complete(writing, base, kinds=kinds)
        bases.add(name, writing.scorecard)


def _names(documents: Iterable[ParsedDocument]) -> Iterator[str]:
    """What the documents call their scorecards, usable or not."""
    for document in documents:
        data = document.state.data if isinstance(document.state, Parsed) else None
        metadata = data.get("metadata") if isinstance(data, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if isinstance(name, str) and is_scorecard_name(name):
            yield name


def _break_circles(
    written: Mapping[str, Writing], known: Mapping[str, Scorecard], language: Language
) -> None:
    """Take out of scorecards what would make their levels depend on each other in a circle."""
    cards = {name: w.scorecard for name, w in written.items() if w.scorecard is not None}
    for name, found in closed({**known, **cards}, language).items():
        if name not in cards:
            continue
        writing = written[name]
        writing.scorecard = without(cards[name], found)
        spec = writing.data["spec"]
        ids = [id_of(item) for item in spec.get("checks", ())]
        condition = "/spec/applies_to" if "applies_to" in spec else "/spec"
        for one in found:
            place = f"/spec/checks/{ids.index(one.check)}/rule" if one.check in ids else condition
            writing.told.add(
                Problem(
                    code="LEVELS_CIRCLE",
                    message=one.message,
                    pointer=place,
                    hint="Let only one of them look at the level of the other",
                )
            )


def _in_order(found: Iterable[Problem | Writing]) -> Iterable[Problem]:
    for one in found:
        if isinstance(one, Problem):
            yield one
        else:
            yield from sorted(one.told.problems, key=lambda p: (p.line or 0, p.column or 0))
