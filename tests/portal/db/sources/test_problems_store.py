import pytest

from catalog.errors import QueryError
from catalog.problems import Problem, Severity
from catalog.sources import Repository
from portal.db.engine import Database
from portal.db.sources.problems import code_counts, list_problems, problem_counts
from tests.catalog_rows import LOCATION, entity, save

BROKEN = Problem(
    code="MISSING_FIELD",
    message="spec.owner is missing, 100% sure",
    hint="Name a team.",
    file="catalog-info.yaml",
    document=1,
    line=7,
    column=3,
    pointer="/spec",
    found="",
    expected="an owner",
)
ODD = Problem(
    code="ODD_NAME",
    message="The name is odd",
    severity=Severity.WARNING,
    file="sub/catalog-info.yaml",
    document=0,
)
OTHER = Repository(url="file:///srv/other", name="other")


@pytest.fixture
def faulty(database: Database) -> Database:
    save(database, entity("good"), problems=[ODD, BROKEN])
    save(database, path="sub/catalog-info.yaml", problems=[ODD], repository=OTHER)
    return database


def codes(database: Database, **asked: str | None) -> list[str]:
    with database.read() as connection:
        return [row.problem.code for row in list_problems(connection, **asked).items]  # type: ignore[arg-type]


def test_a_problem_comes_back_as_it_was_with_its_place(faulty: Database) -> None:
    with faulty.read() as connection:
        (row,) = list_problems(connection, code="MISSING_FIELD").items
    assert row.problem == BROKEN
    assert row.ref == "component:default/broken"
    assert (row.repository, row.repository_url) == ("shop", "file:///srv/shop")
    assert row.location_id == LOCATION


def test_errors_come_first(faulty: Database) -> None:
    assert codes(faulty) == ["MISSING_FIELD", "ODD_NAME", "ODD_NAME"]


def test_all_that_is_asked_has_to_hold(faulty: Database) -> None:
    assert codes(faulty, repository="shop") == ["MISSING_FIELD", "ODD_NAME"]
    assert codes(faulty, repository="file:///srv/other") == ["ODD_NAME"]
    assert codes(faulty, severity="warning", repository="shop") == ["ODD_NAME"]
    assert codes(faulty, location="nope") == []
    assert len(codes(faulty, location=LOCATION, ref="component:default/broken")) == 3
    assert codes(faulty, text="100% SURE") == ["MISSING_FIELD"]
    assert codes(faulty, text="sub/") == ["ODD_NAME"]
    assert codes(faulty, text="1_0") == []
    assert codes(faulty, code="\0") == []


def test_pages_follow_each_other(faulty: Database) -> None:
    found, after = [], None
    with faulty.read() as connection:
        while True:
            page = list_problems(connection, after=after, limit=1)
            found += [row.id for row in page.items]
            if (after := page.after) is None:
                break
        assert found == [row.id for row in list_problems(connection).items]
        assert len(set(found)) == 3


@pytest.mark.parametrize("after", ["x", "0", "0-x", "-", "0-" + "9" * 30])
def test_a_page_that_never_was_is_refused(faulty: Database, after: str) -> None:
    with faulty.read() as connection, pytest.raises(QueryError):
        list_problems(connection, after=after)


def test_problems_are_counted(faulty: Database) -> None:
    with faulty.read() as connection:
        assert problem_counts(connection) == {"error": 1, "warning": 2, "info": 0}
        assert list(code_counts(connection).items()) == [("ODD_NAME", 2), ("MISSING_FIELD", 1)]
