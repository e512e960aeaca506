"""A YAML document as nodes with places, built from libyaml's events under limits.

Events come one at a time and nothing here recurses, so a document is refused at the node that
breaks a limit, whatever its depth. What nodes mean as JSON is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

import yaml

from catalog.parsing import tabs
from catalog.parsing.characters import free_character, stand_in
from catalog.parsing.limits import Limits
from catalog.problems import quote

_LIBYAML_TOO_DEEP = "exceeded maximum nesting depth"
"""libyaml looks ahead for the end of a key and can meet its own limit (1,000) before ours."""


@dataclass(slots=True)
class Size:
    """What a node amounts to when every alias in it is followed."""

    nodes: int = 1
    characters: int = 0
    height: int = 0
    """Collections inside each other, this one included."""
    aliases: int = 0
    weight: int = 0
    """The reference parser's 'alias count' of this node."""

    def add(self, part: Size) -> None:
        """Put `part` inside."""
        self.nodes += part.nodes
        self.characters += part.characters
        self.height = max(self.height, part.height + 1)
        self.aliases += part.aliases
        self.weight = max(self.weight, part.weight)


@dataclass(slots=True)
class Scalar:
    """A single value, as text."""

    line: int
    column: int
    text: str
    style: str
    """One of `'`, `"`, `|`, `>`; empty: plain."""
    tag: str | None


@dataclass(slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: list[Node] = field(default_factory=list)
    size: Size = field(default_factory=lambda: Size(height=1))


@dataclass(slots=True)
class Mapping:
    """Keys and values, repeated keys included."""

    line: int
    column: int
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    size: Size = field(default_factory=lambda: Size(height=1))


@dataclass(slots=True)
class Alias:
    """A second mention of a node that stands elsewhere."""

    line: int
    column: int
    name: str
    target: Anchored
    size: Size


Anchored: TypeAlias = Scalar | Sequence | Mapping
Node: TypeAlias = Anchored | Alias


def size_of(node: Node) -> Size:
    """What `node` amounts to. A scalar weighs 1, as in the reference: each use of it counts."""
    return Size(characters=len(node.text), weight=1) if isinstance(node, Scalar) else node.size


class RefusalError(Exception):
    """A document that breaks a limit; never leaves this package. Line and column from 0."""

    def __init__(self, code: str, message: str, hint: str, *, line: int, column: int) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint
        self.line, self.column = line, column


def compose(text: str, limits: Limits) -> Node | None:
    """The nodes of the document `text`; None where it holds none. Lines and columns from 0.

    Raises `RefusalError` for what breaks a limit, `yaml.YAMLError` for what is no YAML.
    """
    readable, restored = stand_in(text)
    try:
        return _Composer(limits, restored).compose(readable)
    except yaml.MarkedYAMLError as error:
        if error.problem == _LIBYAML_TOO_DEEP:
            raise _too_deep(limits, *_place_of(error.problem_mark)) from error
        if "\t" not in readable:
            raise
        return _compose_without_tabs(readable, restored, error, limits)


def _compose_without_tabs(
    text: str, restored: Callable[[str], str], first: yaml.MarkedYAMLError, limits: Limits
) -> Node | None:
    """As `compose`, for what libyaml stumbled over; raises `first` where it is not over tabs."""
    tab = free_character(text)

    def with_tabs(value: str) -> str:
        return restored(value.replace(tab, "\t"))

    changed: str | None = tabs.without_blank(text)
    if changed == text:
        changed = tabs.without_one(text, first, tab)
    for _ in range(tabs.MOST):
        if changed is None:
            break
        try:
            return _Composer(limits, with_tabs).compose(changed)
        except yaml.MarkedYAMLError as error:
            changed = tabs.without_one(changed, error, tab)
    raise first


class _Composer:
    def __init__(self, limits: Limits, restored: Callable[[str], str]) -> None:
        self._limits = limits
        self._restored = restored
        self._root: Node | None = None
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Node | None] = []
        """For each open collection the key that has no value yet."""
        self._anchors: dict[str, Anchored] = {}
        self._uses: dict[int, int] = {}
        self._nodes = 0

    def compose(self, text: str) -> Node | None:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._begin(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._keys.pop()
                self._place(self._open.pop())
            elif isinstance(event, yaml.AliasEvent):
                self._place(self._alias(event))
        return self._root

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        line, column = _place_of(event.start_mark)
        text = self._restored(event.value)
        scalar = Scalar(line, column, text, event.style or "", event.tag)
        if event.anchor is not None:
            self._anchors[event.anchor] = scalar
        self._place(scalar)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        line, column = _place_of(event.start_mark)
        kind = Sequence if isinstance(event, yaml.SequenceStartEvent) else Mapping
        if len(self._open) >= self._limits.depth:
            raise _too_deep(self._limits, line, column)
        node = kind(line, column)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._open.append(node)
        self._keys.append(None)

    def _alias(self, event: yaml.AliasEvent) -> Alias:
        line, column = _place_of(event.start_mark)
        name = str(event.anchor)
        target = self._anchors.get(name)
        if target is None:
            raise RefusalError(
                "YAML_SYNTAX",
                f"`*{quote(name)}` repeats a value, but no `&{quote(name)}` stands above it",
                "Put the text in quotes if the `*` belongs to it",
                line=line,
                column=column,
            )
        if any(node is target for node in self._open):
            raise RefusalError(
                "YAML_RECURSIVE",
                f"`*{quote(name)}` stands inside the value that it repeats",
                f"Remove `*{quote(name)}`, or give `&{quote(name)}` to another value",
                line=line,
                column=column,
            )
        uses = self._uses[id(target)] = self._uses.get(id(target), 1) + 1
        inner = size_of(target)
        size = replace(inner, aliases=inner.aliases + 1, weight=uses * inner.weight)
        return Alias(line, column, name, target, size)

    def _place(self, node: Node) -> None:
        """Put a finished node where it belongs; a collection counts when it ends."""
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise too_many_nodes(self._limits, node.line, node.column)
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if isinstance(node, Scalar):
            parent.size.nodes += 1
            parent.size.characters += len(node.text)
            parent.size.weight = parent.size.weight or 1
        else:
            if len(self._open) + node.size.height > self._limits.depth:
                raise _too_deep(self._limits, node.line, node.column)
            parent.size.add(node.size)
        key = self._keys[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif key is None:
            self._keys[-1] = node
        else:
            parent.pairs.append((key, node))
            self._keys[-1] = None


class _Mark(Protocol):
    line: int
    column: int


def _place_of(mark: _Mark | None) -> tuple[int, int]:
    return (mark.line, mark.column) if mark else (0, 0)


def too_many_nodes(limits: Limits, line: int, column: int) -> RefusalError:
    """The refusal of a document with more values than `limits` allow."""
    return RefusalError(
        "YAML_EXPANDS_TOO_LARGE",
        f"The document holds more than {limits.nodes:,} values",
        "Split it into several documents or files",
        line=line,
        column=column,
    )


def _too_deep(limits: Limits, line: int, column: int) -> RefusalError:
    return RefusalError(
        "YAML_TOO_DEEP",
        f"Values are nested more than {limits.depth} levels deep here",
        f"At most {limits.depth} lists and mappings may stand inside each other",
        line=line,
        column=column,
    )


def check_aliases(root: Node, limits: Limits) -> None:
    """Raise `RefusalError` where following the aliases below `root` would take too much."""
    size = size_of(root)
    if not size.aliases:
        return
    budgets = (
        ("YAML_TOO_MANY_ALIASES", "aliases to follow", size.aliases, limits.followed_aliases),
        ("YAML_EXPANDS_TOO_LARGE", "values", size.nodes, limits.nodes),
        ("YAML_EXPANDS_TOO_LARGE", "characters", size.characters, limits.expanded_characters),
        ("YAML_TOO_MANY_ALIASES", "uses of one anchor", size.weight, limits.alias_weight),
    )
    for code, unit, count, limit in budgets:
        if count > limit:
            raise RefusalError(
                code,
                f"Aliases followed, the document has {count:,} {unit}; the limit is {limit:,}",
                "Write the repeated values out, or use fewer aliases",
                line=root.line,
                column=root.column,
            )
