"""Relations that an entity declares: both directions of each, from the fields its kind names.

Targets need not exist. References that cannot be read are problems, in Backstage's own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from catalog.entity import Relation
from catalog.errors import RefError
from catalog.kinds.registry import KindSpec, RelationField
from catalog.pointers import Step, dotted, pointer
from catalog.problems import JsonValue, Problem, Severity, quote
from catalog.refs import EntityRef, parse_ref

LONGEST_REF = 400
"""Characters of a reference: twice what any entity can be called, and little enough to index."""


def relate(
    ref: EntityRef, spec: dict[str, JsonValue], kind: KindSpec
) -> tuple[tuple[Relation, ...], list[Problem]]:
    """The relations that `spec` of entity `ref` states, sorted, and what cannot be read as one.

    A reference without a namespace is one into the entity's own (reference 2.5). One to a kind that
    the field does not allow states nothing, as in Backstage (reference 2.4), and is a warning.
    """
    found: set[Relation] = set()
    problems: list[Problem] = []
    source = str(ref)
    for field in kind.relations:
        if field.spec_types and spec.get("type") not in field.spec_types:
            continue
        for path, text in _references(field.field, spec.get(field.field)):
            try:
                if len(text) > LONGEST_REF:
                    raise RefError(f"Entity reference has more than {LONGEST_REF} characters")
                named, target = _named(text, field.default_kind, ref.namespace)
            except RefError as error:
                problems.append(_unreadable(path, text, field, error))
                continue
            if not field.allows(named.kind):
                problems.append(_not_allowed(path, text, named, field))
                continue
            found.add((source, field.type, target))
            found.add((target, field.reverse, source))
    return tuple(sorted(found)), problems


@lru_cache(maxsize=4096)
def _named(text: str, kind: str | None, namespace: str) -> tuple[EntityRef, str]:
    """The ref that a text names, and how it is written in full. Many entities name the same few."""
    named = parse_ref(text, default_kind=kind, default_namespace=namespace)
    return named, str(named)


def _references(field: str, value: JsonValue) -> Iterator[tuple[list[Step], str]]:
    if isinstance(value, str) and value:
        yield ["spec", field], value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                yield ["spec", field, index], item


def _unreadable(path: list[Step], text: str, field: RelationField, error: RefError) -> Problem:
    hint = "Write `[<kind>:][<namespace>/]<name>`."
    if field.default_kind is None and text and ":" not in text:
        hint = f"Write the kind too, as `component:{quote(text)}`."
    return Problem(
        code="REF_FORMAT",
        message=_short(str(error)),
        pointer=pointer(path),
        found=quote(text),
        expected="[<kind>:][<namespace>/]<name>"
        if field.default_kind
        else "<kind>:[<namespace>/]<name>",
        hint=hint,
    )


def _not_allowed(path: list[Step], text: str, named: EntityRef, field: RelationField) -> Problem:
    allowed = " or ".join(field.allowed_kinds)
    return Problem(
        code="REF_KIND",
        severity=Severity.WARNING,
        message=f"`{dotted(path)}` names a {quote(named.kind)}, which states no relation here.",
        pointer=pointer(path),
        found=quote(text),
        expected=f"a reference to {allowed}",
        hint=f"Name an entity of kind {allowed}.",
    )


def _short(message: str) -> str:
    """The message with a long reference in it cut in the middle."""
    text = "".join(c if c.isprintable() else "�" for c in message)
    return text if len(text) <= 300 else f"{text[:150]}…{text[-149:]}"
