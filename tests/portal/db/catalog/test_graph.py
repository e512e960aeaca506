"""Walking relations, on both databases."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from catalog.entity import Entity
from portal.db.catalog.entities import ref_id
from portal.db.catalog.graph import Direction, Graph, walk
from portal.db.catalog.reach import Dependents, Reached, dependents, members, owned
from portal.db.engine import Database
from tests.catalog_rows import entity, save

WAYS = {
    "dependsOn": "dependencyOf",
    "consumesApi": "apiConsumedBy",
    "providesApi": "apiProvidedBy",
    "ownedBy": "ownerOf",
    "partOf": "hasPart",
    "childOf": "parentOf",
    "memberOf": "hasMember",
}


def one(ref: str, **ends: str | list[str]) -> Entity:
    """An entity with relations: `one("component:a", dependsOn=["component:b"])`."""
    kind, _, name = ref.partition(":")
    relations = [
        (type_, end.replace(":", ":default/"), WAYS[type_])
        for type_, named in ends.items()
        for end in ([named] if isinstance(named, str) else named)
    ]
    return entity(name, kind=kind.capitalize(), metadata={"title": name}, relations=relations)


def walked(database: Database, root: str, **how: object) -> Graph:
    with database.read() as connection:
        number = ref_id(connection, root.replace(":", ":default/"))
        assert number is not None
        return walk(connection, number, **how)  # type: ignore[arg-type]


def names(found: Graph) -> list[tuple[str, int]]:
    return [(node.ref.partition("/")[2], node.distance) for node in found.nodes]


def ways(found: Sequence[Reached]) -> dict[str, str]:
    """The path to each, as `type name type name`."""
    return {
        item.node.ref.partition("/")[2]: " ".join(
            f"{hop.type} {hop.ref.partition('/')[2]}" for hop in item.path
        )
        for item in found
    }


@pytest.fixture
def chain(database: Database) -> Database:
    """a needs b needs c needs a; c needs d, which nobody declares."""
    save(
        database,
        one("component:a", dependsOn="component:b"),
        one("component:b", dependsOn="component:c"),
        one("component:c", dependsOn=["component:a", "component:d"]),
    )
    return database


def test_a_walk_goes_as_far_as_it_is_told(chain: Database) -> None:
    wanted = {"direction": Direction.OUT, "types": ["dependson"]}
    near = walked(chain, "component:a", **wanted, depth=1)
    assert names(near) == [("a", 0), ("b", 1)]
    assert [tuple(edge) for edge in near.edges] == [
        ("component:default/a", "dependsOn", "component:default/b")
    ]
    assert not near.truncated
    assert names(walked(chain, "component:a", **wanted, depth=9)) == [
        ("a", 0),
        ("b", 1),
        ("c", 2),
        ("d", 3),
    ]


def test_a_walk_can_go_against_the_relations_and_both_ways(chain: Database) -> None:
    found = walked(chain, "component:d", direction=Direction.IN, types=["dependsOn"], depth=2)
    assert names(found) == [("d", 0), ("c", 1), ("b", 2)]
    around = walked(chain, "component:b", direction=Direction.BOTH, types=["dependsOn"])
    assert names(around) == [("b", 0), ("a", 1), ("c", 1)]


def test_relations_between_nodes_at_the_rim_are_told(chain: Database) -> None:
    found = walked(chain, "component:a", direction=Direction.OUT, types=["dependsOn"], depth=2)
    assert ("component:default/c", "dependsOn", "component:default/a") in found.edges


def test_what_is_only_named_is_in_the_graph_and_told_apart(chain: Database) -> None:
    found = walked(chain, "component:a", direction=Direction.OUT, types=["dependsOn"], depth=3)
    assert {node.ref: node.exists for node in found.nodes}["component:default/d"] is False
    assert {node.title for node in found.nodes} == {"a", "b", "c", ""}


def test_a_cycle_is_told_once_and_a_relation_with_its_way_back_is_none(chain: Database) -> None:
    found = walked(chain, "component:a", direction=Direction.BOTH, depth=3)
    [cycle] = found.cycles
    assert cycle.types == ("dependencyOf", "dependsOn")
    assert cycle.refs == tuple(f"component:default/{name}" for name in "abc")
    assert walked(chain, "component:d", direction=Direction.BOTH, depth=1).cycles == ()


def test_a_walk_that_was_cut_says_so(database: Database) -> None:
    save(database, *(one(f"component:c{n:02}", dependsOn="component:hub") for n in range(30)))
    cut = walked(database, "component:hub", direction=Direction.IN, limit=10)
    assert (len(cut.nodes), cut.truncated) == (10, True)
    assert {edge.source for edge in cut.edges} | {edge.target for edge in cut.edges} == {
        node.ref for node in cut.nodes
    }
    whole = walked(database, "component:hub", direction=Direction.IN, limit=31)
    assert (len(whole.nodes), whole.truncated) == (31, False)


def test_a_relation_that_there_is_not_leads_nowhere(chain: Database) -> None:
    assert names(walked(chain, "component:a", types=["likes"], depth=5)) == [("a", 0)]


@pytest.fixture
def company(database: Database) -> Database:
    """A department with a team and a person in each; some things are theirs."""
    save(
        database,
        one("group:department"),
        one("group:team", childOf="group:department"),
        one("user:boss", memberOf="group:department"),
        one("user:dev", memberOf="group:team"),
        one("component:portal", ownedBy="group:department"),
        one("component:shop", ownedBy=["group:team", "user:dev"]),
        one("component:toy", ownedBy="user:dev"),
    )
    return database


def look(database: Database, what: object, ref: str, *, transitive: bool) -> dict[str, str]:
    with database.read() as connection:
        number = ref_id(connection, ref.replace(":", ":default/"))
        page, total = what(  # type: ignore[operator]
            connection, number, transitive=transitive, after=None, limit=50
        )
    assert total == len(page.items)
    return ways(page.items)


def test_what_a_group_owns_through_its_groups_and_members_is_told_with_the_way(
    company: Database,
) -> None:
    assert look(company, owned, "group:department", transitive=False) == {
        "portal": "ownerOf portal"
    }
    assert look(company, owned, "group:department", transitive=True) == {
        "portal": "ownerOf portal",
        "shop": "parentOf team ownerOf shop",
        "toy": "parentOf team hasMember dev ownerOf toy",
    }


def test_a_person_owns_what_is_theirs_and_their_groups(company: Database) -> None:
    assert look(company, owned, "user:dev", transitive=True) == {
        "shop": "ownerOf shop",
        "toy": "ownerOf toy",
    }
    assert look(company, owned, "user:boss", transitive=True) == {
        "portal": "memberOf department ownerOf portal"
    }


def test_members_of_groups_below_are_members_through_them(company: Database) -> None:
    assert look(company, members, "group:department", transitive=False) == {
        "boss": "hasMember boss"
    }
    assert look(company, members, "group:department", transitive=True) == {
        "boss": "hasMember boss",
        "dev": "parentOf team hasMember dev",
    }


def test_what_is_owned_is_told_in_pages(company: Database) -> None:
    seen, after = [], None
    with company.read() as connection:
        number = ref_id(connection, "group:default/department")
        assert number is not None
        while True:
            page, total = owned(connection, number, transitive=True, after=after, limit=1)
            assert total == 3
            seen += [item.node.ref.partition("/")[2] for item in page.items]
            after = page.after
            if after is None:
                break
    assert seen == ["portal", "shop", "toy"]


def needing(database: Database, ref: str, *, transitive: bool, limit: int = 100) -> Dependents:
    with database.read() as connection:
        number = ref_id(connection, ref.replace(":", ":default/"))
        assert number is not None
        return dependents(connection, number, transitive=transitive, limit=limit)


def test_what_depends_on_an_entity_is_told_with_the_reason(database: Database) -> None:
    save(
        database,
        one("component:orders", providesApi="api:orders", partOf="system:shop"),
        one("component:basket", consumesApi="api:orders", partOf="system:shop"),
        one("component:report", dependsOn="component:basket"),
        one("component:mail", dependsOn="component:orders"),
        one("system:shop"),
    )
    assert ways(needing(database, "component:orders", transitive=False).items) == {
        "mail": "dependencyOf mail",
        "basket": "providesApi orders apiConsumedBy basket",
    }
    assert ways(needing(database, "component:orders", transitive=True).items) == {
        "mail": "dependencyOf mail",
        "basket": "providesApi orders apiConsumedBy basket",
        "report": "providesApi orders apiConsumedBy basket dependencyOf report",
    }
    assert ways(needing(database, "system:shop", transitive=True).items) == {
        "mail": "hasPart orders dependencyOf mail",
        "report": "hasPart basket dependencyOf report",
    }


def test_a_cycle_of_dependencies_ends(chain: Database) -> None:
    assert ways(needing(chain, "component:a", transitive=True).items) == {
        "c": "dependencyOf c",
        "b": "dependencyOf c dependencyOf b",
    }
    assert needing(chain, "component:a", transitive=True, limit=1).truncated
