"""Nodes as the JSON values the reference parser makes of them, with every problem on the way.

Keys become text as JavaScript prints them, tags that mean nothing here are dropped, and numbers
that JSON cannot hold become null. Limits are checked before: `composing.check_aliases`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from catalog.parsing.characters import UNSTORABLE_VALUE
from catalog.parsing.composing import Alias, Anchored, Mapping, Node, Scalar, Sequence
from catalog.parsing.scalars import Value, printed, resolve, resolve_1_1, tagged
from catalog.pointers import escaped
from catalog.problems import JsonValue, Problem, Severity, quote

MOST_PROBLEMS = 20
"""Problems of one document that are listed one by one; the rest are counted."""

_ENVELOPE = ("apiVersion", "kind")


def target_of(node: Node) -> Anchored:
    """The node itself, or what it is an alias of."""
    return node.target if isinstance(node, Alias) else node


def key_text(node: Node, version: str) -> str:
    """The text that `node` becomes as the key of a JSON object."""
    target = target_of(node)
    if isinstance(target, Scalar):
        return printed(scalar_value(target, version))
    return flow(target)


def flow(node: Node) -> str:
    """A collection as the reference parser writes one that is a key: `{ a: [ b ] }`."""
    match node:
        case Alias():
            return f"*{node.name}"
        case Scalar():
            return _quoted(node)
        case Sequence():
            items = ", ".join(flow(item) for item in node.items)
            return f"[ {items} ]" if items else "[]"
        case Mapping():
            pairs = ", ".join(_flow_pair(key, value) for key, value in node.pairs)
            return f"{{ {pairs} }}" if pairs else "{}"


def _quoted(node: Scalar) -> str:
    if node.style == "'":
        return "'" + node.text.replace("'", "''") + "'"
    if node.style:
        escapes = node.text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escapes}"'
    return node.text


def _flow_pair(key: Node, value: Node) -> str:
    left = flow(key) if isinstance(target_of(key), Scalar) else f"? {flow(key)}"
    target = target_of(value)
    if isinstance(target, Scalar) and not target.style and not target.text:
        return left
    return f"{left}: {flow(value)}"


def scalar_value(node: Scalar, version: str) -> Value:
    """What a scalar stands for, its tag and the version of YAML respected."""
    understood = resolve_1_1 if version == "1.1" else resolve
    if node.tag is None:
        return node.text if node.style else understood(node.text)
    return tagged(node.text, node.tag, understood(node.text))


@dataclass(slots=True)
class Reading:
    """The value of a document, and everything wrong with it."""

    data: JsonValue
    problems: list[Problem]


def read(root: Node, version: str, *, offset: int) -> Reading:
    """The JSON value of the document below `root`, under the rules of YAML `version`.

    The document begins `offset` lines into its file. Of many problems the last one listed says how
    many more there are.
    """
    reader = _Reader(version, offset)
    data = reader.value(root, "")
    problems = reader.problems
    if reader.unlisted:
        more = f"{problems[-1].message}; {reader.unlisted:,} more problems follow"
        problems[-1] = replace(problems[-1], message=more)
    return Reading(data=data, problems=problems)


class _Reader:
    def __init__(self, version: str, offset: int) -> None:
        self.problems: list[Problem] = []
        self.unlisted = 0
        self._version = version
        self._offset = offset

    def value(self, node: Node, pointer: str) -> JsonValue:
        target = target_of(node)
        match target:
            case Scalar():
                return self._scalar(target, node, pointer)
            case Sequence():
                return [
                    self.value(item, f"{pointer}/{index}")
                    for index, item in enumerate(target.items)
                ]
            case Mapping():
                return self._mapping(target, pointer)

    def _scalar(self, target: Scalar, node: Node, pointer: str) -> JsonValue:
        value = scalar_value(target, self._version)
        if isinstance(value, str):
            self._check_storable(value, node, pointer)
        elif isinstance(value, float) and not math.isfinite(value):
            self._add(
                node,
                pointer,
                code="NUMBER_NOT_FINITE",
                message=f"`{quote(target.text)}` is no number that JSON holds: it becomes null",
                hint="Write a smaller number, or put the text in quotes",
                found=quote(target.text),
                severity=Severity.WARNING,
            )
            return None
        return value

    def _check_storable(self, text: str, node: Node, pointer: str) -> None:
        found = UNSTORABLE_VALUE.search(text)
        if not found:
            return
        what = "a NUL character" if found[0] == "\0" else "half of a surrogate pair"
        self._add(
            node,
            pointer,
            code="TEXT_NOT_STORABLE",
            message=f"The text holds {what} (U+{ord(found[0]):04X}), which cannot be stored",
            hint="Remove the escape sequence that writes it",
            found=quote(text),
        )

    def _mapping(self, node: Mapping, pointer: str) -> JsonValue:
        values: dict[str, JsonValue] = {}
        seen: dict[tuple[bool, Value], Node] = {}
        merged: dict[str, JsonValue] = {}
        for key, value in node.pairs:
            scalar = target_of(key)
            name = key_text(key, self._version)
            place = f"{pointer}/{escaped(name)}"
            if self._version == "1.1" and name == "<<":
                merged = self._merged(self.value(value, place)) | merged
                continue
            if isinstance(scalar, Scalar):
                identity = _identity(scalar_value(scalar, self._version))
                first = seen.setdefault(identity, key)
                if first is not key:
                    self._duplicate(name, first, key, place)
            self._check_storable(name, key, place)
            values[name] = self.value(value, place)
        return (
            {**{k: v for k, v in merged.items() if k not in values}, **values} if merged else values
        )

    def _merged(self, value: JsonValue) -> dict[str, JsonValue]:
        sources = value if isinstance(value, list) else [value]
        merged: dict[str, JsonValue] = {}
        for source in sources:
            if isinstance(source, dict):
                merged = source | merged
        return merged

    def _duplicate(self, name: str, first: Node, second: Node, pointer: str) -> None:
        again = name in _ENVELOPE and "/" not in pointer[1:]
        self._add(
            second,
            pointer,
            code="YAML_DUPLICATE_KEY",
            message=f"`{quote(name)}` was already given in line {first.line + self._offset + 1}",
            hint="A second document? Put `---` on a line of its own before this one"
            if again
            else "Remove one of the two",
            found=quote(name),
        )

    def _add(
        self,
        node: Node,
        pointer: str,
        *,
        code: str,
        message: str,
        hint: str,
        found: str,
        severity: Severity = Severity.ERROR,
    ) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            self.unlisted += 1
            return
        self.problems.append(
            Problem(
                code=code,
                message=message,
                hint=hint,
                line=node.line + self._offset + 1,
                column=node.column + 1,
                pointer=pointer,
                found=found,
                severity=severity,
            )
        )


def _identity(value: Value) -> tuple[bool, Value]:
    """Equal for keys that the reference parser calls the same: `1` and `0x1`, not `1` and `"1"`."""
    return isinstance(value, bool), value
