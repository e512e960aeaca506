"""What is several steps away: layers that read from left to right, and a table that says the same."""

from __future__ import annotations

import re

import pytest
from page_shop import Shop, component, put
from page_structure import faults

from portal.db.catalog.graph import Edge, Graph, Node
from portal.ui.models.charts.layers import HEIGHT, MOST, WAYS, WIDTH, Layers, layers
from portal.ui.models.links import link_to

NOTHING = Graph(nodes=(), edges=(), cycles=(), truncated=False)


def node(name: str, distance: int, *, exists: bool = True) -> Node:
    return Node(
        ref=f"component:default/{name}",
        kind="component",
        title="",
        exists=exists,
        distance=distance,
    )


def found(nodes: list[Node], *relations: str) -> Graph:
    """The graph of `a>b` dependencies."""
    edges = [
        Edge(f"component:default/{a}", "dependsOn", f"component:default/{b}")
        for a, b in (one.split(">") for one in relations)
    ]
    return Graph(nodes=tuple(nodes), edges=tuple(edges), cycles=(), truncated=False)


def drawn(onward: Graph, backward: Graph = NOTHING) -> Layers:
    return layers(link_to("component:default/a"), WAYS["dependencies"], onward, backward)


def at(shown: Layers) -> dict[str, tuple[int, int]]:
    return {one.link.title: (one.x, one.y) for one in shown.boxes}


def test_each_step_is_a_column_and_nothing_lies_on_anything() -> None:
    onward = found(
        [node("a", 0), node("b", 1), node("c", 1), node("d", 2)], "a>b", "a>c", "c>d", "b>d"
    )
    backward = found([node("a", 0), node("z", 1)], "a>z")
    shown = drawn(onward, backward)
    places = at(shown)
    assert places["z"][0] < shown.root.x < places["b"][0] == places["c"][0] < places["d"][0]
    spots = [*places.values(), (shown.root.x, shown.root.y)]
    for i, (x, y) in enumerate(spots):
        assert 0 <= x <= shown.width - WIDTH
        assert 0 <= y <= shown.height - HEIGHT
        assert not any(x == u and abs(y - v) < HEIGHT for u, v in spots[i + 1 :])


def test_what_hangs_on_the_same_stands_together() -> None:
    onward = found(
        [node("a", 0), node("b", 1), node("c", 1), node("x", 2), node("y", 2)],
        *("a>b", "a>c", "c>x", "b>y"),
    )
    places = at(drawn(onward))
    assert places["b"][1] < places["c"][1]
    assert places["y"][1] < places["x"][1]


def test_relations_within_a_column_and_back_are_drawn_too() -> None:
    onward = found([node("a", 0), node("b", 1), node("c", 1)], "a>b", "a>c", "b>c", "c>a")
    shown = drawn(onward)
    assert len(shown.lines) == 4
    assert [one.title for one in shown.lines][2:] == ["b depends on c", "c depends on a"]


def test_table_says_through_what_each_is_reached() -> None:
    onward = found([node("a", 0), node("b", 1), node("c", 2, exists=False)], "a>b", "b>c", "c>b")
    first, second = drawn(onward).rows
    assert [(link.title, words) for link, words in first.through] == [("a", "depends on")]
    assert [(link.title, words) for link, words in second.through] == [("b", "depends on")]
    assert (second.steps, second.onward, second.link.exists) == (2, True, False)


def test_an_entity_on_both_sides_is_drawn_on_both() -> None:
    onward = found([node("a", 0), node("b", 1)], "a>b")
    backward = found([node("a", 0), node("b", 1)], "a>b")
    shown = drawn(onward, backward)
    assert [one.link.title for one in shown.boxes] == ["b", "b"]
    assert len(shown.lines) == 2


def page(shop: Shop, query: str) -> str:
    text = shop.get(f"/catalog/component/default/one?tab=relations{query}")
    assert faults(text) == []
    return text


def chain(shop: Shop) -> None:
    names = ["one", "two", "three", "four"]
    texts = [
        component(name, spec=f"dependsOn: [component:{next_}]")
        for name, next_ in zip(names, [*names[1:], "nowhere"], strict=True)
    ]
    put(shop.portal, shop.location, "chain.yaml", "---\n".join(texts))


@pytest.mark.parametrize(
    ("query", "reached"),
    [
        ("&follow=dependencies", ["two", "three"]),
        ("&follow=dependencies&steps=1", ["two"]),
        ("&follow=dependencies&steps=9", ["two", "three", "four", "nowhere"]),
        ("&follow=dependencies&steps=x", ["two", "three"]),
        ("&follow=dependencies&steps=0", ["two"]),
        ("&follow=parts", []),
        ("&follow=ownership", ["alices"]),
    ],
)
def test_page_follows_the_relations_that_the_address_names(
    shop: Shop, query: str, reached: list[str]
) -> None:
    chain(shop)
    text = page(shop, query)
    rows = text.partition('id="picture"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    assert re.findall(r"title=\"\w+:default/([\w-]+)", rows) == reached
    assert "<option selected>" in text
    if not reached:
        assert "There is nothing in this direction" in text


def test_page_says_where_there_is_more(shop: Shop) -> None:
    many = ", ".join(f"component:n{number}" for number in range(MOST + 5))
    put(shop.portal, shop.location, "many.yaml", component("one", spec=f"dependsOn: [{many}]"))
    assert f"there is more than the {MOST - 1} nearest" in page(shop, "&follow=dependencies")


def test_without_a_word_that_is_known_direct_relations_are_drawn(shop: Shop) -> None:
    chain(shop)
    assert "Direct relations only<" in page(shop, "&follow=nonsense")
    assert 'aria-label="Picture of the relations"' in page(shop, "")
