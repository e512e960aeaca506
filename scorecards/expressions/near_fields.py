"""Near fields: fields of the entity that an expression names, and that are probably slips of others.

An entity is of any shape to the engine: `entity.spec.lifecycl` compiles, and is absent for everybody.
`metadata` and `spec` may hold what an organization likes, so only a name that is close to one with a
meaning is told, as `catalog.descriptor.validation` does for descriptors. What stands in brackets is
taken as meant: `entity.spec['tiers']`. Nothing else than `metadata` and `spec` is ever there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from catalog.descriptor.suggestions import nearest
from catalog.kinds.registry import Kinds
from catalog.problems import quote
from scorecards.expressions.syntax import Call, Constant, Expression, Items, Name, Other, Select

_ENTITY = Name("entity")
_METADATA, _SPEC = Select(_ENTITY, "metadata", False), Select(_ENTITY, "spec", False)
_KIND = Select(_ENTITY, "kind", False)
_ROOT = ("apiVersion", "kind", "metadata", "spec")
"""What a descriptor has, and nothing beside it (`catalog/kinds/schemas/envelope.json`)."""

_RELATIONS = "Relations are facts: `owner.type`, `system.tags`, `dependencies.kinds`."
_INSIDE = "The fields of an entity are in `entity.metadata` and `entity.spec`."


@dataclass(frozen=True, kw_only=True, slots=True)
class NearField:
    """A field, or a kind, that there is not."""

    written: str
    """As it stands in an expression: `entity.spec.lifecycl`, or `component` for a kind."""
    message: str
    hint: str


def near_fields(
    expression: Expression, kinds: Kinds, asked: frozenset[str] | None
) -> tuple[NearField, ...]:
    """Every slip in the expression, once, where it is `asked` of entities of these kinds (None: any)."""
    return tuple(dict.fromkeys(_found(expression, kinds, asked)))


def kinds_asked(conditions: Iterable[Expression]) -> frozenset[str] | None:
    """The kinds of entities for which all conditions can hold, as far as it can be seen; None: any."""
    found: frozenset[str] | None = None
    for condition in conditions:
        found = _both(found, _kinds(condition))
    return found


def _kinds(condition: Expression) -> frozenset[str] | None:
    match condition:
        case Call(function="_==_", operands=(left, right)) if _KIND in (left, right):
            return _texts((right if left == _KIND else left,))
        case Call(function="@in", operands=(left, Items(items=items))) if left == _KIND:
            return _texts(items)
        case Call(function="_&&_", operands=(left, right)):
            return _both(_kinds(left), _kinds(right))
        case Call(function="_||_", operands=(left, right)):
            one, other = _kinds(left), _kinds(right)
            return None if one is None or other is None else one | other
    return None


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _texts(values: Sequence[Expression]) -> frozenset[str] | None:
    """The texts that are written out; None where one of them is anything else."""
    found = [one.value for one in values if isinstance(one, Constant) and one.kind == "string"]
    texts = frozenset(value for value in found if isinstance(value, str))
    return texts if len(found) == len(values) else None


def _found(
    expression: Expression, kinds: Kinds, asked: frozenset[str] | None
) -> Iterator[NearField]:
    match expression:
        case Select(operand=operand, field=field):
            yield from _slip(operand, field, kinds, asked)
            yield from _found(operand, kinds, asked)
        case Call(function=function, operands=inner):
            if function in ("_==_", "_!=_", "@in") and _KIND in inner:
                yield from _slips_of_kinds(inner, kinds)
            for one in inner:
                yield from _found(one, kinds, asked)
        case Items(items=inner):
            for one in inner:
                yield from _found(one, kinds, asked)
        case Other(parts=parts):
            for part in parts:
                if not isinstance(part, int | bytes):
                    yield from _found(part, kinds, asked)
        case Constant() | Name():
            return


def _slip(
    operand: Expression, field: str, kinds: Kinds, asked: frozenset[str] | None
) -> Iterator[NearField]:
    if operand == _ENTITY and field not in _ROOT:
        written = f"entity.{field}"
        yield NearField(
            written=written,
            message=f"an entity has no field `{written}`: this is absent for everybody",
            hint=_RELATIONS if field == "relations" else _inside(field, kinds),
        )
    elif operand in (_METADATA, _SPEC):
        section = "metadata" if operand == _METADATA else "spec"
        known = kinds.metadata_fields if section == "metadata" else _fields(kinds)
        candidates = known if section == "metadata" else _fields(kinds, asked)
        meant = "" if field in known else _meant(field, candidates)
        if meant:
            written = f"entity.{section}.{field}"
            own = f"A field of your own is written `entity.{section}['{field}']`."
            yield NearField(
                written=written,
                message=f"`{written}` means nothing to the catalog",
                hint=f"Did you mean `entity.{section}.{meant}`? {own}",
            )


def _meant(field: str, known: Sequence[str]) -> str:
    """The field that was probably meant: a near one, or a short one without its last letter (`tag`)."""
    return nearest(field, known) or next((one for one in known if one[:-1] == field), "")


def _fields(kinds: Kinds, asked: frozenset[str] | None = None) -> tuple[str, ...]:
    """The fields of `spec` of these kinds; none where one of them is not known: it may have any."""
    names = kinds.by_name if asked is None else asked
    if not kinds.by_name.keys() >= set(names):
        return ()
    return tuple(dict.fromkeys(chain.from_iterable(kinds.by_name[n].fields for n in sorted(names))))


def _inside(field: str, kinds: Kinds) -> str:
    """What to write for a field that stands right in the entity."""
    if near := nearest(field, _ROOT):
        return f"Did you mean `entity.{near}`?"
    for section, known in (("spec", _fields(kinds)), ("metadata", kinds.metadata_fields)):
        if field in known:
            return f"Did you mean `entity.{section}.{field}`?"
    return _INSIDE


def _slips_of_kinds(operands: Iterable[Expression], kinds: Kinds) -> Iterator[NearField]:
    """Of texts that the kind is compared with, those that are close to a kind and are none."""
    for operand in operands:
        for one in operand.items if isinstance(operand, Items) else (operand,):
            value = one.value if isinstance(one, Constant) else None
            if not isinstance(value, str) or value in kinds.by_name:
                continue
            if meant := nearest(value, kinds.by_name):
                message = f"there is no kind `{quote(value)}`: no entity is of it"
                hint = f"Did you mean `{meant}`? Kinds are written exactly so."
                yield NearField(written=value, message=message, hint=hint)
