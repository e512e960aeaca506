"""The picture of an entity's direct relations: positions for an SVG, at most `MOST` neighbors.

Neighbors that the entity leads to stand right, those that lead to it left, each group under the
name of its relation. What is left out is counted; the table beside the picture has everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.ui.models.links import EntityLink

MOST = 30
INCOMING = frozenset(
    {
        "dependencyOf",
        "apiConsumedBy",
        "apiProvidedBy",
        "hasPart",
        "parentOf",
        "hasMember",
        "ownerOf",
    }
)
"""Relations of which the neighbor is the one that needs, holds or follows this entity."""
WIDTH, HEIGHT, STEP = 200, 26, 34
LEFT, CENTER, RIGHT = 0, 310, 620
LONGEST = 26
"""Characters of a title that fit into a node."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A neighbor's box."""

    link: EntityLink
    label: str
    x: int
    y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The name of a relation over its group."""

    text: str
    x: int
    y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """A line between the entity and a neighbor, as an SVG path."""

    path: str
    exists: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """Everything that the picture needs."""

    width: int
    height: int
    center: Node
    nodes: tuple[Node, ...]
    labels: tuple[Label, ...]
    edges: tuple[Edge, ...]
    hidden: int
    total: int


def shorten(title: str) -> str:
    """`title`, cut with an ellipsis where it does not fit."""
    return title if len(title) <= LONGEST else title[: LONGEST - 1] + "…"


def graph(self_link: EntityLink, related: Sequence[tuple[str, EntityLink]]) -> Graph:
    """The picture for (relation type, neighbor); neighbors beyond `MOST` are counted, not drawn."""
    shown = related[:MOST]
    left = [pair for pair in shown if pair[0] in INCOMING]
    right = [pair for pair in shown if pair[0] not in INCOMING]
    columns = [_column(left, LEFT), _column(right, RIGHT)]
    height = max(HEIGHT, *(bottom for _, _, bottom in columns))
    middle = height // 2
    nodes: list[Node] = []
    labels: list[Label] = []
    edges: list[Edge] = []
    for column_nodes, column_labels, bottom in columns:
        shift = (height - bottom) // 2
        for node in column_nodes:
            placed = Node(link=node.link, label=node.label, x=node.x, y=node.y + shift)
            nodes.append(placed)
            edges.append(Edge(path=_curve(placed, middle), exists=placed.link.exists))
        labels += [Label(text=one.text, x=one.x, y=one.y + shift) for one in column_labels]
    return Graph(
        width=RIGHT + WIDTH,
        height=height,
        center=Node(
            link=self_link, label=shorten(self_link.title), x=CENTER, y=middle - HEIGHT // 2
        ),
        nodes=tuple(nodes),
        labels=tuple(labels),
        edges=tuple(edges),
        hidden=len(related) - len(shown),
        total=len(related),
    )


def _column(pairs: Sequence[tuple[str, EntityLink]], x: int) -> tuple[list[Node], list[Label], int]:
    """Nodes and labels from y = 0 down, and where the column ends."""
    nodes: list[Node] = []
    labels: list[Label] = []
    y, last = 0, ""
    for kind, link in pairs:
        if kind != last:
            labels.append(Label(text=words(kind), x=x, y=y + 10))
            y, last = y + 22, kind
        nodes.append(Node(link=link, label=shorten(link.title), x=x, y=y))
        y += STEP
    return nodes, labels, y


def _curve(node: Node, middle: int) -> str:
    """From the entity's box to the neighbor's."""
    y = node.y + HEIGHT // 2
    start, end = (CENTER, LEFT + WIDTH) if node.x < CENTER else (CENTER + WIDTH, RIGHT)
    half = (start + end) // 2
    return f"M{start} {middle}C{half} {middle} {half} {y} {end} {y}"


def words(relation: str) -> str:
    """A relation's type as words: `dependsOn` becomes 'depends on', `consumesApi` 'consumes API'."""
    found = "".join(f" {c.lower()}" if c.isupper() else c for c in relation).strip()
    return " ".join("API" if word == "api" else word for word in found.split(" "))
