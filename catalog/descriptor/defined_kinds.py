"""Kinds that users define: files in the form of the built-in ones, read into what the catalog knows.

A definition that is wrong is quarantined: it is left out, and its problems are told with line and
column; those beside it can be used. Its form is `definition.schema.json`, which editors can use.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import jsonschema_rs
import orjson

from catalog.descriptor.placing import place
from catalog.descriptor.schema_faults import fault, wrong_type
from catalog.descriptor.suggestions import listing, nearest
from catalog.kinds.registry import Kinds, KindSpec, builtin_kinds, kind_spec
from catalog.parsing.documents import Empty, Malformed, Parsed, parse
from catalog.pointers import Step, at
from catalog.problems import JsonValue, Problem, quote


class KindFile(NamedTuple):
    """A file that defines kinds, in YAML or JSON; plain data, so that any process can be given it."""

    file: str
    """The name that problems show."""
    text: str


@lru_cache(maxsize=4)
def kinds_of(kind_files: tuple[KindFile, ...]) -> tuple[Kinds, tuple[Problem, ...]]:
    """The built-in kinds and those that the files define, and everything wrong with the files.

    Of two definitions of one name, whatever their case, the first holds. Cheap when asked again.
    """
    kinds = builtin_kinds()
    problems: list[Problem] = []
    for name, text in kind_files:
        specs, faults = load_kinds(text, file=name, known=kinds)
        kinds = kinds.with_kinds(specs)
        problems += faults
    return kinds, tuple(problems)


def load_kinds(
    text: str, *, file: str, known: Kinds | None = None
) -> tuple[tuple[KindSpec, ...], tuple[Problem, ...]]:
    """The kinds of a file that can be used, and all problems of the file.

    Never raises, whatever the text. A name that is `known` already (None: built in) is refused.
    """
    # A text with half a surrogate pair becomes bytes that the parser refuses, with a reason.
    parsed = parse(text.encode("utf-8", "surrogatepass"), file=file)
    problems = list(parsed.problems)
    taken = {name.lower() for name in (known or builtin_kinds()).by_name}
    specs: list[KindSpec] = []
    for document in parsed.documents:
        match document.state:
            case Empty():
                continue
            case Malformed(problems=faults):
                problems.extend(faults)
            case Parsed(data=data, problems=warnings):
                spec, found = _read(data, taken)
                problems.extend([*warnings, *place(found, document, file=file)])
                if spec is not None:
                    specs.append(spec)
                    taken.add(spec.kind.lower())
    return tuple(specs), tuple(problems)


def _read(data: Any, taken: set[str]) -> tuple[KindSpec | None, list[Problem]]:
    """The kind of one document, or what is wrong with it; never both."""
    problems = [
        problem for error in _form().iter_errors(data) for problem in _explained(error, data)
    ]
    if problems:
        return None, problems
    if data["kind"].lower() in taken:
        return None, [_taken(data["kind"])]
    try:
        return kind_spec(data), []
    except ValueError as error:
        return None, [_no_schema(error)]


@cache
def _definition_schema() -> dict[str, Any]:
    content = files("catalog.kinds").joinpath("definition.schema.json").read_bytes()
    schema: dict[str, Any] = orjson.loads(content)
    return schema


@cache
def _form() -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft7Validator(
        _definition_schema(), pattern_options=jsonschema_rs.RegexOptions()
    )


def _explained(error: jsonschema_rs.ValidationError, data: Any) -> Iterator[Problem]:
    path: list[Step] = list(error.instance_path)
    value: JsonValue = at(data, path)
    here: Any = _definition_schema()
    for step in error.schema_path[:-1]:
        here = here[step]
    kinds = jsonschema_rs.ValidationErrorKind
    match error.kind:
        case kinds.Required(property=name):
            hint = f"Add `{name}`."
            yield fault("FIELD_REQUIRED", [*path, name], "is missing.", None, hint=hint)
        case kinds.AdditionalProperties(unexpected=names):
            for name in names:
                yield _unknown([*path, name], list(here["properties"]))
        case kinds.Type(types=types) if path:
            yield wrong_type(path, value, types)
        case kinds.Type():
            yield Problem(
                code="NOT_A_KIND",
                message="The document defines no kind.",
                found=quote(data),
                expected="a mapping with `kind`, `apiVersions` and `spec`",
            )
        case _:
            wanted = here["description"]
            yield fault("FIELD_VALUE", path, f"must be {wanted}.", value, expected=wanted)


def _unknown(path: list[Step], known: list[str]) -> Problem:
    near = nearest(str(path[-1]), known)
    hint = f"Did you mean `{near}`?" if near else f"Known here: {listing(known)}."
    return fault("FIELD_UNKNOWN", path, "means nothing here.", path[-1], hint=hint)


def _taken(kind: str) -> Problem:
    is_builtin = kind.lower() in map(str.lower, builtin_kinds().by_name)
    return fault(
        "KIND_NAME_TAKEN",
        ["kind"],
        f"is `{quote(kind)}`, which is {'built in' if is_builtin else 'defined already'}.",
        kind,
        expected="a name of its own",
        hint="Give it another name; this one is left out.",
    )


def _no_schema(error: ValueError) -> Problem:
    """The fault that the validator found in the schema of `spec`, where it says at which place."""
    steps = getattr(error, "instance_path", ())
    path: list[Step] = list(steps[1:]) if steps[:1] == ["properties"] else ["spec"]
    why = str(error).partition("\n")[0].rstrip(".")
    return fault("KIND_SCHEMA", path, f"is no JSON Schema: {why[:200]}.", None)
