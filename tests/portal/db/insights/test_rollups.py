"""Groups and results in numbers, as both databases tell them."""

from __future__ import annotations

from sqlalchemy import insert

from portal.db.engine import Database
from portal.db.insights.rollups import INSIDE, OWNED, By, columns, groups, members_of, wholes_below
from portal.db.tables import results
from tests.catalog_rows import NOW, entity, owned, save


def ref(name: str, kind: str = "group") -> str:
    return f"{kind}:default/{name}"


def in_group(name: str, *above: str, kind: str = "group", relation: str = "childOf") -> object:
    ways = [(relation, ref(one, kind), "contains") for one in above]
    return entity(name, kind, relations=ways)


def fill(database: Database) -> dict[str, int]:
    """A few entities in groups that contain each other, with the id of each component."""
    save(
        database,
        in_group("a", "top"),
        in_group("b", "top", "a"),
        in_group("top", "b"),
        in_group("alone"),
        owned("one", "a", metadata={"tags": ["Go", "web"], "labels": {"Tier": "Gold"}}),
        owned("two", "alone", spec={"type": "Service"}),
        entity(
            "both",
            metadata={"tags": ["web"]},
            relations=[
                ("ownedBy", ref("alone"), "ownerOf"),
                ("ownedBy", ref("a"), "ownerOf"),
                ("partOf", ref("shop", "system"), "hasPart"),
                ("partOf", ref("other", "component"), "hasPart"),
            ],
        ),
        in_group("shop", "trade", kind="domain", relation="partOf"),
        entity("shop", "System", relations=[("partOf", ref("trade", "domain"), "hasPart")]),
        entity("none"),
    )
    with database.read() as connection:
        return {name: number for number, name in connection.exec_driver_sql(
            "SELECT id, name FROM entities WHERE kind = 'component'"
        )}  # fmt: skip


def found(database: Database, by: By, key: str = "") -> dict[str, set[str]]:
    names = {number: name for name, number in fill(database).items()}
    with database.read() as connection:
        of = groups(connection, by, key)
    return {names[number]: {*keys} for number, keys in of.items() if number in names}


def test_an_owner_counts_for_all_groups_that_it_is_in(database: Database) -> None:
    ring = {ref("a"), ref("b"), ref("top")}
    assert found(database, By.OWNER) == {
        "one": ring, "two": {ref("alone")}, "both": ring | {ref("alone")},
    }  # fmt: skip


def test_what_is_part_of_a_component_is_in_no_system(database: Database) -> None:
    assert found(database, By.SYSTEM) == {"both": {"system:default/shop"}}


def test_a_domain_is_that_of_the_system(database: Database) -> None:
    assert found(database, By.DOMAIN) == {"both": {"domain:default/trade"}}


def test_values_are_told_as_they_are_written(database: Database) -> None:
    assert found(database, By.TAG) == {"one": {"Go", "web"}, "both": {"web"}}


def test_a_label_is_found_in_any_case(database: Database) -> None:
    assert found(database, By.LABEL, "tier") == {"one": {"Gold"}}


def test_types_and_kinds(database: Database) -> None:
    fill(database)
    with database.read() as connection:
        assert [*groups(connection, By.TYPE).values()] == [("Service",)]
        kinds = {kind for (kind,) in groups(connection, By.KIND).values()}
        assert kinds == {"component", "group", "system", "domain"}
        assert groups(connection, By.LIFECYCLE) == {}


def test_equal_groups_are_one_collection(database: Database) -> None:
    save(database, *(owned(name, "a") for name in "xyz"))
    with database.read() as connection:
        x, *others = groups(connection, By.OWNER).values()
    assert [one is x for one in others] == [True, True]


def test_members_are_what_is_below_and_wholes_what_anything_belongs_to(database: Database) -> None:
    fill(database)
    with database.read() as connection:
        assert len(members_of(connection, ref("b"), INSIDE)) == 3
        assert members_of(connection, "group:default/no-such", INSIDE) == frozenset()
        wholes = wholes_below(connection, ref("b"), below=INSIDE, related=OWNED)
        assert wholes == (ref("a"), ref("b"))
        nobody = wholes_below(connection, "group:x/\0", below=INSIDE, related=OWNED)
        assert nobody == ("group:x/\0",)


def test_columns_have_each_result_at_one_place(database: Database) -> None:
    ids = fill(database)
    same = {"version": "1", "passes": 0, "fails": 0, "unknowns": 0, "evidence": b"", "since": "[]"}
    rows = {"one": (0, 1, ""), "two": (1, 1, "pf"), "both": (2, 11, "")}
    with database.write() as connection:
        assert columns(connection, "card").entities == []
        for name, (proven, possible, letters) in rows.items():
            connection.execute(insert(results).values(
                entity_id=ids[name], scorecard="card", proven=proven, possible=possible,
                outcomes=letters, evaluated_at=NOW, **same,
            ))  # fmt: skip
    with database.read() as connection:
        told = columns(connection, "card")
    places = zip(told.entities, told.proven, told.possible, told.outcomes, strict=True)
    assert {one: tuple(rest) for one, *rest in places} == {ids[n]: row for n, row in rows.items()}
