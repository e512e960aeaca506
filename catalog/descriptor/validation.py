"""Validation: every fault of one parsed document, with words for the person who wrote it.

What is accepted is exactly what Backstage accepts (catalog-model 1.10.1; reference sections 2.2 to
2.4); the explanations are our own. Structure is judged by the JSON Schema of the kind, formats by
`catalog.descriptor.formats`. Positions are filled in later, by whoever knows the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from catalog.descriptor.envelope import format_problems
from catalog.descriptor.schema_faults import explained, fault, wrong_type
from catalog.descriptor.suggestions import listing, nearest
from catalog.kinds.registry import Kinds, KindSpec
from catalog.pointers import pointer
from catalog.problems import JsonValue, Problem, Severity, quote

_MOST_KEYS = 200
"""Keys of a mapping that are looked at for slips: with more of them it is data, or an attack."""


def validate(data: dict[str, JsonValue], kinds: Kinds) -> list[Problem]:
    """All problems of a descriptor; it is valid if none of them is an error.

    A placeholder that is still in place stands for any value.
    """
    kind = data.get("kind")
    spec = kinds.by_name.get(kind) if isinstance(kind, str) else None
    validator = spec.validator if spec else kinds.envelope
    if "kind" not in data and "metadata" not in data:
        return [_no_descriptor(data)]
    problems: list[Problem] = []
    if not validator.is_valid(data):
        for error in validator.iter_errors(data):
            problems.extend(explained(error, data, spec, kinds))
    problems.extend(format_problems(data))
    problems.extend(_kind_problems(data, spec, kinds))
    problems.extend(_blank_annotations(data))
    problems.extend(_near_misses(data, spec, kinds))
    return _one_for_each_place(problems)


def _no_descriptor(data: dict[str, JsonValue]) -> Problem:
    """One problem in place of one for each key of another tool's file."""
    return Problem(
        code="NOT_A_DESCRIPTOR",
        message="This is no descriptor: it has neither `kind` nor `metadata`.",
        found=quote(", ".join(data)),
        expected="apiVersion, kind, metadata and spec",
        hint="Give the file another name if it belongs to another tool.",
    )


def _one_for_each_place(problems: list[Problem]) -> list[Problem]:
    """An empty kind is empty, and need not be called ill-formed as well."""
    first: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        first.setdefault((problem.pointer, problem.found), problem)
    return list(first.values())


def _kind_problems(
    data: dict[str, JsonValue], spec: KindSpec | None, kinds: Kinds
) -> Iterator[Problem]:
    kind, version = data.get("kind"), data.get("apiVersion")
    if spec is None and isinstance(kind, str) and kind:
        yield fault(
            "KIND_UNKNOWN",
            ["kind"],
            f"is `{quote(kind)}`, which is not a kind that this catalog knows.",
            kind,
            expected=listing(kinds.by_name),
            hint=_hint_for_kind(kind, version, kinds),
        )
    if spec and isinstance(version, str) and version and version not in spec.versions:
        yield fault(
            "API_VERSION",
            ["apiVersion"],
            f"is `{quote(version)}`, which is no version of {spec.kind}.",
            version,
            expected=" or ".join(spec.versions),
            hint=f"Write `apiVersion: {spec.versions[0]}`.",
        )


def _hint_for_kind(kind: str, version: JsonValue, kinds: Kinds) -> str:
    """What to write for a kind that there is not, beside those that there are."""
    if near := nearest(kind, kinds.by_name):
        return f"Did you mean `{near}`?"
    known = kinds.by_name.values()
    if isinstance(version, str) and not any(version in one.versions for one in known):
        return (
            f"`apiVersion: {quote(version)}` is not known either: if it is another tool's, take it "
            "out of this file."
        )
    # `kind: Service` and `kind: Team`, as people call what they have.
    word = kind.lower()
    if meant := next((one.kind for one in known if word in one.usual.get("type", ())), ""):
        return f"Did you mean `kind: {meant}` with `spec.type: {word}`?"
    return "A kind of your own is defined in a file under `plumbline.kinds`."


def _near_misses(
    data: dict[str, JsonValue], spec: KindSpec | None, kinds: Kinds
) -> Iterator[Problem]:
    """Keys that are kept, but were probably meant to be known ones (warnings)."""
    for section, known in (
        ("metadata", kinds.metadata_fields),
        ("spec", spec.fields if spec else ()),
    ):
        values = data.get(section)
        if not isinstance(values, dict) or len(values) > _MOST_KEYS:
            continue
        for key in values:
            meant = "" if key in known else nearest(key, known)
            if meant and meant not in values:
                yield Problem(
                    code="FIELD_NEAR_MISS",
                    severity=Severity.WARNING,
                    message=f"`{section}.{quote(key)}` means nothing to the catalog.",
                    pointer=pointer([section, key]),
                    found=quote(key),
                    expected=meant,
                    hint=f"Did you mean `{meant}`?",
                )


def _blank_annotations(data: dict[str, JsonValue]) -> Iterator[Problem]:
    """Backstage adds its own annotations before it looks, so that a null is none to it."""
    metadata = data.get("metadata")
    if isinstance(metadata, dict) and "annotations" in metadata and metadata["annotations"] is None:
        empty = wrong_type(["metadata", "annotations"], None, ["object"])
        yield replace(empty, severity=Severity.WARNING)
