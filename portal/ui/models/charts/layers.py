"""What is several steps away from an entity, as a picture in layers, and the same as a table.

What it leads to stands right, what leads to it left, each step in a column of its own. At most `MOST`
entities on each side are drawn, the nearest first; where there are more, that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.db.catalog.graph import Edge, Graph, Node
from portal.ui.models.charts.graph import shorten, words
from portal.ui.models.links import EntityLink, link_to

MOST = 30
DEEPEST = 5
WIDTH, HEIGHT, STEP, GAP = 200, 26, 34, 60
ROOM = 12
"""Above and below the boxes: a line between two of one column bends out of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """Relations that are followed together, in either direction."""

    title: str
    onward: tuple[str, ...]
    """Types that lead to the right."""
    backward: tuple[str, ...]
    onward_words: str
    """What the right side is."""
    backward_words: str


WAYS: Mapping[str, Way] = {
    "dependencies": Way(
        title="Dependencies",
        onward=("dependsOn", "consumesApi", "apiProvidedBy"),
        backward=("dependencyOf", "providesApi", "apiConsumedBy"),
        onward_words="what it needs",
        backward_words="what needs it",
    ),
    "parts": Way(
        title="Parts",
        onward=("hasPart",),
        backward=("partOf",),
        onward_words="its parts",
        backward_words="what it is part of",
    ),
    "ownership": Way(
        title="Ownership",
        onward=("ownerOf", "parentOf", "hasMember"),
        backward=("ownedBy", "childOf", "memberOf"),
        onward_words="what and whom it has",
        backward_words="whose it is",
    ),
}
"""By the word in the URL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """An entity of the picture."""

    link: EntityLink
    label: str
    x: int
    y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A relation of the picture."""

    path: str
    title: str
    is_first_type: bool
    """The others are dashed."""
    exists: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ReachedRow:
    """An entity of the table."""

    link: EntityLink
    onward: bool
    steps: int
    through: tuple[tuple[EntityLink, str], ...]
    """What is one step nearer, and its relation to this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layers:
    """Everything that the picture and the table need."""

    root: Box
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    rows: tuple[ReachedRow, ...]
    types: tuple[tuple[str, bool], ...]
    """Relations that occur, in words, and whether they are drawn solid."""
    width: int
    height: int
    truncated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Side:
    """What was found in one direction."""

    graph: Graph
    sign: int
    """1: to the right; -1: to the left."""


def layers(root: EntityLink, way: Way, onward: Graph, backward: Graph) -> Layers:
    """The layers around an entity, from what was found in each direction."""
    sides = (_Side(graph=onward, sign=1), _Side(graph=backward, sign=-1))
    columns = {
        side.sign * step: _column(side, step)
        for side in sides
        for step in range(1, _furthest(side.graph) + 1)
    }
    tallest = max([1, *map(len, columns.values())])
    height = tallest * STEP + 2 * ROOM
    first = min([0, *columns])
    places = {
        (column > 0, node.ref): Box(
            link=_link(node),
            label=shorten(_link(node).title),
            x=(column - first) * (WIDTH + GAP),
            y=ROOM + (tallest - len(nodes)) * STEP // 2 + place * STEP,
        )
        for column, nodes in columns.items()
        for place, node in enumerate(nodes)
    }
    middle = ROOM + (tallest - 1) * STEP // 2
    center = Box(link=root, label=shorten(root.title), x=-first * (WIDTH + GAP), y=middle)
    solid = {way.onward[0], way.backward[0]}
    return Layers(
        root=center,
        boxes=tuple(places.values()),
        lines=tuple(line for side in sides for line in _lines(side, center, places, solid)),
        rows=tuple(row for side in sides for row in _rows(side, root)),
        types=tuple(
            (words(kind), kind in solid)
            for kind in (*way.onward, *way.backward)
            if any(edge.type == kind for side in sides for edge in side.graph.edges)
        ),
        width=(max([0, *columns]) - first) * (WIDTH + GAP) + WIDTH,
        height=height,
        truncated=onward.truncated or backward.truncated,
    )


def _furthest(graph: Graph) -> int:
    return max((node.distance for node in graph.nodes), default=0)


def _link(node: Node) -> EntityLink:
    return link_to(node.ref, title=node.title, exists=node.exists)


def _column(side: _Side, step: int) -> list[Node]:
    """The nodes of a step; beside each other what hangs on the same one."""
    before = {node.ref: n for n, node in enumerate(_column(side, step - 1))} if step > 1 else {}

    def nearest(node: Node) -> float:
        places = [before[edge.source] for edge in _leading(side.graph, node, before)]
        return sum(places) / len(places) if places else 0.0

    found = [node for node in side.graph.nodes if node.distance == step]
    return sorted(found, key=lambda node: (nearest(node), _link(node).title.lower(), node.ref))


def _leading(graph: Graph, node: Node, sources: Mapping[str, object]) -> list[Edge]:
    return [edge for edge in graph.edges if edge.target == node.ref and edge.source in sources]


def _lines(
    side: _Side, center: Box, places: Mapping[tuple[bool, str], Box], solid: set[str]
) -> list[Line]:
    def box(ref: str) -> Box | None:
        return center if ref == center.link.ref else places.get((side.sign > 0, ref))

    found = []
    for edge in side.graph.edges:
        start, end = box(edge.source), box(edge.target)
        if start is not None and end is not None:
            found.append(
                Line(
                    path=_curve(start, end, side.sign),
                    title=f"{start.link.title} {words(edge.type)} {end.link.title}",
                    is_first_type=edge.type in solid,
                    exists=end.link.exists and start.link.exists,
                )
            )
    return found


def _curve(start: Box, end: Box, sign: int) -> str:
    """From the side of one box that looks outward to the other's that looks inward.

    What does not lead outward bends around the outer sides of both.
    """
    y1, y2 = start.y + HEIGHT // 2, end.y + HEIGHT // 2
    outer = WIDTH if sign > 0 else 0
    x1 = start.x + outer
    if (end.x - start.x) * sign > 0:
        x2 = end.x + WIDTH - outer
        half = (x1 + x2) // 2
        return f"M{x1} {y1}C{half} {y1} {half} {y2} {x2} {y2}"
    x2 = end.x + outer
    bend = (max(x1, x2) if sign > 0 else min(x1, x2)) + sign * GAP // 2
    return f"M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}"


def _rows(side: _Side, root: EntityLink) -> list[ReachedRow]:
    links = {node.ref: _link(node) for node in side.graph.nodes} | {root.ref: root}
    distance = {node.ref: node.distance for node in side.graph.nodes}
    return [
        ReachedRow(
            link=links[node.ref],
            onward=side.sign > 0,
            steps=node.distance,
            through=_through(side.graph.edges, node, distance, links),
        )
        for node in side.graph.nodes
        if node.distance
    ]


def _through(
    edges: Sequence[Edge], node: Node, distance: Mapping[str, int], links: Mapping[str, EntityLink]
) -> tuple[tuple[EntityLink, str], ...]:
    return tuple(
        (links[edge.source], words(edge.type))
        for edge in edges
        if edge.target == node.ref and distance.get(edge.source) == node.distance - 1
    )
