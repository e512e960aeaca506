"""What a compiled expression mentions: variables, and the regular expressions written in it.

Reads the serialized form of a checked expression (`cel.expr.CheckedExpr` of the CEL specification,
inside a `google.protobuf.Any`). Field numbers are those of `checked.proto` and `syntax.proto`. It
knows nothing of the engine that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator

from scorecards.expressions.protobuf import fields as _fields
from scorecards.expressions.protobuf import parts as _parts

_ANY_VALUE = 2
_REFERENCE_MAP, _EXPR = 2, 4
_ENTRY_VALUE = 2
_REFERENCE_NAME, _REFERENCE_OVERLOAD = 1, 3
_CONSTANT, _CALL = 3, 6
_CALL_FUNCTION, _CALL_ARGUMENT = 2, 3
_CONSTANT_STRING = 6
# Where an expression holds further expressions, by the path of fields that leads to them:
# select.operand, call.target, call.args, list.elements, struct.entries.{map_key,value},
# comprehension.{iter_range,accu_init,loop_condition,loop_step,result}.
_CHILDREN = {5: (1,), 6: (1, 3), 7: (1,), 9: (2, 4, 5, 6, 7)}
_STRUCT, _STRUCT_ENTRY, _ENTRY_EXPRESSIONS = 8, 2, (3, 4)


def variables(serialized: bytes) -> frozenset[str]:
    """Every identifier that the checker resolved: variables, locals of macros, names of types."""
    names: set[str] = set()
    for entry in _parts(_checked(serialized), _REFERENCE_MAP):
        for reference in _parts(entry, _ENTRY_VALUE):
            if not any(True for _ in _parts(reference, _REFERENCE_OVERLOAD)):
                names.update(name.decode() for name in _parts(reference, _REFERENCE_NAME))
    return frozenset(names)


def patterns(serialized: bytes) -> tuple[str, ...]:
    """Every regular expression that is written out as the argument of `matches`."""
    return tuple(p for e in _parts(_checked(serialized), _EXPR) for p in _patterns_of(e))


def _patterns_of(expression: bytes) -> Iterator[str]:
    for call in _parts(expression, _CALL):
        if b"matches" in _parts(call, _CALL_FUNCTION):
            for argument in list(_parts(call, _CALL_ARGUMENT))[-1:]:
                for constant in _parts(argument, _CONSTANT):
                    yield from (text.decode() for text in _parts(constant, _CONSTANT_STRING))
    for child in children(expression):
        yield from _patterns_of(child)


def children(expression: bytes) -> Iterator[bytes]:
    """The expressions right inside an expression (`cel.expr.Expr`)."""
    for number, value in _fields(expression):
        if not isinstance(value, bytes):
            continue
        if number == _STRUCT:
            for entry in _parts(value, _STRUCT_ENTRY):
                yield from (v for n in _ENTRY_EXPRESSIONS for v in _parts(entry, n))
        else:
            yield from (v for n in _CHILDREN.get(number, ()) for v in _parts(value, n))


def expression(serialized: bytes) -> bytes:
    """The expression itself (`cel.expr.Expr`), which `scorecards.expressions.syntax` reads."""
    return next(_parts(_checked(serialized), _EXPR), b"")


def _checked(serialized: bytes) -> bytes:
    return next(_parts(serialized, _ANY_VALUE), b"")
