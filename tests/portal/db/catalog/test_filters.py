import pytest
from sqlalchemy import select

from catalog.queries.predicates import parse_predicate
from catalog.queries.query import MOST_CONDITIONS, AnyOf, Equals, Filter, HasPrefix, parse_filters
from portal.db.catalog.filters import FEW, Way
from portal.db.catalog.questions import ask
from portal.db.engine import Database
from portal.db.tables import entities
from tests.catalog_rows import entity, owned, save

OWNED = ["component:pay_api", "component:shop", "resource:payments"]


@pytest.fixture
def catalog(database: Database) -> Database:
    save(
        database,
        owned(
            "Pay_Api",
            "payments",
            metadata={"tags": ["java", "Go"], "title": "Pay%"},
            spec={"type": "Service", "count": 42, "nothing": None, "long": "x" * 10},
        ),
        owned("shop", "web", metadata={"tags": ["go"]}, spec={"type": "service"}),
        owned("payments", "payments", kind="Resource", spec={"type": "database"}),
        entity("payments", "Group", metadata={"title": "payers"}, spec={"type": "team"}),
        entity("payments", "Group", "staging", spec={"type": "team"}),
    )
    return database


def matches(database: Database, tree: Filter | None) -> list[str]:
    """What matches, which is the same whichever way it is found."""
    with database.read() as connection:
        asked = ask(connection, tree)
        found = select(entities.c.ref).order_by(entities.c.ref)
        answers = [
            list(connection.execute(found.where(asked.condition(way))).scalars()) for way in Way
        ]
        assert answers[0] == answers[1] == answers[2]
        assert asked.most is None or asked.most > FEW or asked.most >= len(answers[0])
        assert asked.exact in (None, len(answers[0]))
    return [ref.replace(":default/", ":") for ref in answers[0]]


MEANINGS: list[tuple[list[str], list[str]]] = [
    (["kind=Component"], ["component:pay_api", "component:shop"]),
    (["kind=api,kind=resource"], ["resource:payments"]),
    (["kind=component", "kind=resource"], OWNED),
    (["kind=group,metadata.namespace=default"], ["group:payments"]),
    (["metadata.name=PAY_API"], ["component:pay_api"]),
    (["metadata.name,kind=group"], ["group:payments", "group:staging/payments"]),
    (["spec.type=SERVICE"], ["component:pay_api", "component:shop"]),
    (["spec.type=service,spec.type=database"], OWNED),
    (["metadata.tags=go"], ["component:pay_api", "component:shop"]),
    (["metadata.tags.go"], ["component:pay_api", "component:shop"]),
    (["metadata.tags.java=true"], ["component:pay_api"]),
    (["metadata.tags=java,metadata.tags=nope,kind=component"], ["component:pay_api"]),
    (["spec.count=42"], ["component:pay_api"]),
    (["spec.nothing"], ["component:pay_api"]),
    (["spec.nothing=null"], []),
    (["spec.nothing="], []),
    (["metadata.title"], ["component:pay_api", "group:payments"]),
    (["relations.ownedBy=Group:Default/Payments"], ["component:pay_api", "resource:payments"]),
    (["relations.ownedby"], OWNED),
    (["relations.ownerOf"], ["group:payments"]),
    (["relations.ownedBy=group:default/web"], ["component:shop"]),
    (["relations.nope"], []),
    (["nope=1"], []),
    (["kind=\0"], []),
    (["a\0b"], []),
    (["relations.ownedBy=\0"], []),
]


def test_filters_mean_what_they_mean_in_backstage(catalog: Database) -> None:
    found = [(texts, matches(catalog, parse_filters(texts))) for texts, _ in MEANINGS]
    assert found == MEANINGS


def test_without_a_filter_everything_matches(catalog: Database) -> None:
    assert len(matches(catalog, None)) == 5


def test_predicates_can_say_no(catalog: Database) -> None:
    no_title = parse_predicate({"kind": "component", "metadata.title": {"$exists": False}})
    assert matches(catalog, no_title) == ["component:shop"]
    assert matches(catalog, parse_predicate({"$any": []})) == []
    assert len(matches(catalog, parse_predicate({"$all": []}))) == 5


def test_a_prefix_has_no_wildcards(catalog: Database) -> None:
    def found(key: str, prefix: str) -> list[str]:
        return matches(catalog, HasPrefix(key=key, prefix=prefix))

    assert found("metadata.title", "pay") == ["component:pay_api", "group:payments"]
    assert found("metadata.title", "pay%") == ["component:pay_api"]
    assert found("metadata.name", "pay_") == ["component:pay_api"]
    assert found("spec.type", "ser") == ["component:pay_api", "component:shop"]
    assert found("relations.ownedby", "group:default/p") == [
        "component:pay_api",
        "resource:payments",
    ]
    assert found("metadata.title", "\0") == []


def test_the_largest_filter_can_be_asked(catalog: Database) -> None:
    parts = tuple(Equals(key=f"spec.k{n}", values=("x",)) for n in range(MOST_CONDITIONS - 1))
    assert matches(catalog, AnyOf(parts=(*parts, Equals(key="spec.count", values=("42",))))) == [
        "component:pay_api"
    ]
    nested = parse_predicate({"$any": [{f"spec.k{n}": "x"} for n in range(MOST_CONDITIONS // 3)]})
    assert matches(catalog, nested) == []


def test_few_matches_are_sorted_and_many_are_walked(catalog: Database) -> None:
    with catalog.read() as connection:
        assert ask(connection, parse_filters(["spec.type=service,kind=component"])).way is Way.FEW
        assert (
            ask(connection, parse_filters(["relations.ownedBy=group:default/web"])).way is Way.FEW
        )
        assert ask(connection, parse_filters(["kind=component"])).way is Way.PROBE
        assert ask(connection, None).way is Way.PROBE
