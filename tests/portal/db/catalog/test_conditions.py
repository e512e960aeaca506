from typing import Any

import pytest
from sqlalchemy import Select, select

from catalog.queries.query import parse_filters
from portal.db.catalog.conditions import (
    ALWAYS,
    NEVER,
    Condition,
    Shape,
    any_of,
    every,
    opposite,
    part,
)
from portal.db.catalog.filters import Way
from portal.db.catalog.questions import ask
from portal.db.engine import Database
from portal.db.prepared import Forms
from portal.db.tables import entities
from tests.catalog_rows import entity, owned, save


@pytest.fixture
def catalog(database: Database) -> Database:
    save(
        database,
        owned("pay", "payments", metadata={"tags": ["go"]}, spec={"type": "service"}),
        owned("shop", "web", metadata={"tags": ["java"]}, spec={"type": "website"}),
        entity("payments", "Group"),
        entity("web", "Group"),
    )
    return database


def condition(database: Database, text: str, way: Way = Way.SETS) -> Condition:
    with database.read() as connection:
        return ask(connection, parse_filters([text])).asked(way)


ALIKE = [
    ("metadata.name=pay", "metadata.name=shop"),
    ("spec.type=service", "spec.type=website"),
    ("metadata.tags=go,kind=component", "metadata.tags=java,kind=component"),
    ("relations.ownedBy=group:default/payments", "relations.ownedBy=group:default/web"),
]


@pytest.mark.parametrize("way", Way)
def test_what_is_asked_with_other_values_has_the_same_shape(catalog: Database, way: Way) -> None:
    for one, other in ALIKE:
        first, second = condition(catalog, one, way), condition(catalog, other, way)
        assert first.shape == second.shape
        assert first.values != second.values


def test_what_is_found_in_another_way_has_another_shape(catalog: Database) -> None:
    shapes = [condition(catalog, one).shape for pair in ALIKE for one in pair[:1]]
    shapes += [condition(catalog, ALIKE[1][0], Way.PROBE).shape]
    shapes += [condition(catalog, "spec.type=service,spec.type=website").shape]
    shapes += [condition(catalog, "spec.type=nothing").shape]
    assert len(set(shapes)) == len(shapes)


def test_what_says_nothing_is_left_out(catalog: Database) -> None:
    one = condition(catalog, "kind=component")
    assert any_of([NEVER, one]) == every([one, ALWAYS]) == one
    assert any_of([one, ALWAYS]) == opposite(NEVER) == every([]) == ALWAYS
    assert every([one, NEVER]) == opposite(ALWAYS) == any_of([]) == NEVER
    with catalog.read() as connection:
        for wanted, names in ((ALWAYS, 4), (NEVER, 0), (opposite(one), 2)):
            holds = wanted.element(connection.dialect.name)
            assert len(connection.execute(select(entities.c.name).where(holds)).all()) == names


def test_many_values_have_one_shape_whatever_their_number(catalog: Database) -> None:
    def asked(count: int) -> Condition:
        names = ["pay", *(f"n{n}" for n in range(count))]
        return condition(catalog, ",".join(f"metadata.name={name}" for name in names))

    assert asked(20).shape == asked(30).shape
    with catalog.read() as connection:
        wanted = asked(20).element(connection.dialect.name)
        assert list(connection.execute(select(entities.c.name).where(wanted)).scalars()) == ["pay"]


def test_a_statement_of_a_shape_finds_what_one_made_for_the_values_finds(
    catalog: Database,
) -> None:
    def make(dialect: str, shape: Shape) -> Select[Any]:
        return select(entities.c.name).where(part(shape, dialect, "value"))

    kept = Forms(make)
    found = []
    for asked in [one for pair in ALIKE for one in pair]:
        one = condition(catalog, asked)
        with catalog.read() as connection:
            whole = select(entities.c.name).where(one.element(connection.dialect.name))
            rows = kept.rows(connection, one.shape, one.named("value"))
            assert rows == [tuple(row) for row in connection.execute(whole)]
        found.append(rows)
    assert found == [[("pay",)], [("shop",)]] * len(ALIKE)
