"""Where the value of a JSON pointer stands in its file. Composes the document only when asked."""

from __future__ import annotations

from typing import NamedTuple

import yaml

from catalog.parsing.composing import Mapping, Node, RefusalError, Sequence, check_aliases, compose
from catalog.parsing.documents import Parsed, ParsedDocument
from catalog.parsing.limits import DEFAULT_LIMITS
from catalog.parsing.values import key_text, target_of
from catalog.pointers import steps_of


class Position(NamedTuple):
    """A place in a file, both from 1; columns count characters."""

    line: int
    column: int


class Positions:
    """The places of a parsed document's values: composed once, asked often."""

    def __init__(self, document: ParsedDocument) -> None:
        self._document = document
        parsed = isinstance(document.state, Parsed)
        self._root = _composed(document.text) if parsed else None

    def of(self, pointer: str, *, key: bool = False) -> Position | None:
        """Where the value at `pointer` begins, or with `key` the key that leads to it.

        Where nothing stands there: the key of the nearest value above it, or the beginning of the
        document. None where the document is malformed or empty.
        """
        node, key_node = self._root, None
        if node is None:
            return None
        for step in steps_of(pointer):
            found = _child(node, step, self._document.version)
            if found is None:
                return (
                    self._at(key_node)
                    if key_node
                    else Position(self._document.line, self._root_column())
                )
            key_node, node = found
        return self._at(key_node if key and key_node else node)

    def _root_column(self) -> int:
        return self._root.column + 1 if self._root else 1

    def _at(self, node: Node) -> Position:
        return Position(node.line + self._document.offset + 1, node.column + 1)


def locate(document: ParsedDocument, pointer: str) -> Position | None:
    """Where the value at the JSON pointer `pointer` begins in the file; see `Positions.of`."""
    return Positions(document).of(pointer)


def _composed(text: str) -> Node | None:
    try:
        root = compose(text, DEFAULT_LIMITS)
        if root is not None:
            check_aliases(root, DEFAULT_LIMITS)
    except (RefusalError, yaml.YAMLError):
        return None
    return root


def _child(node: Node, step: str, version: str) -> tuple[Node, Node] | None:
    """What leads to the child named `step` (its key, or the item itself), and the child."""
    target = target_of(node)
    if isinstance(target, Mapping):
        # Of equal keys the last holds, as in the value.
        for key, value in reversed(target.pairs):
            if key_text(key, version) == step:
                return key, value
    if isinstance(target, Sequence) and step.isdecimal() and int(step) < len(target.items):
        item = target.items[int(step)]
        return item, item
    return None
