"""The insights page: numbers with what they are numbers of, and cells that lead to what they count."""

from collections.abc import Iterator
from contextlib import contextmanager

from page_shop import Shop, appraise, component, put
from sqlalchemy import Engine, event

from portal.db.evaluation.results import Distribution
from portal.db.insights.rollups import By, side_by_side
from portal.ui.insights.page import insights_page
from portal.ui.models.insights.heat import FEW, heat_row, heat_table, rest_row
from portal.ui.models.insights.page import maturity_ladder
from portal.ui.models.links import link_to
from scorecards.facts import Known

NESTED = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: both}
spec: {type: department, children: [alices, charlies]}
"""


def section(page: str, name: str) -> str:
    return page.split(f'id="{name}"')[1].split("</section>")[0]


def row(page: str, title: str) -> str:
    """The line of the heat map that begins with a title."""
    lines = section(page, "groups").split("<tr")
    return next(line for line in lines if title in line)


def table_of(shop: Shop, by: By):
    with shop.portal.database.read() as connection:
        return heat_table(side_by_side(connection, shop.portal.scorecards, by))


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The statements that any database is sent meanwhile."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_ladder_says_how_many_reached_each_level_and_how_many_might(shop) -> None:
    page = section(shop.get("/insights"), "maturity")
    assert "1 of 3 entities reached Walk" in page
    assert 'aria-label="Readiness: Start 2, Walk 1"' in page
    assert "at least 1 could be higher, but data is missing" in page


def test_reached_counts_the_levels_above_too(shop) -> None:
    (card,) = shop.portal.scorecards
    with shop.portal.database.read() as connection:
        page = insights_page(connection, (card,), By.OWNER, table_of(shop, By.OWNER), page=1)
    assert [step.reached for step in page.ladders[0].steps] == [3, 1, 0]
    assert [step.possible for step in page.ladders[0].steps] == [1, 1, 1]
    assert maturity_ladder(card, empty_distribution()).finding == "Nothing has been assessed yet"


def empty_distribution() -> Distribution:
    return Distribution(proven=(0, 0, 0), possible=(0, 0, 0), total=0)


def test_cell_has_its_rate_its_counts_and_leads_to_what_it_counts(shop) -> None:
    line = row(shop.get("/insights"), "Alice&#39;s team")
    assert "<b>50 %</b>" in line
    assert "of 6 checks, 2 entities" in line
    assert 'href="/catalog?kind=all&amp;within=group:default/alices"' in line
    assert "3 passed, 3 failed, 0 without data, 0 exempt" in line


def test_what_is_not_known_is_neither_in_the_rate_nor_hidden(shop) -> None:
    line = row(shop.get("/insights"), "charlies")
    assert "<b>100 %</b>" in line
    assert "of 2 checks, 1 entity" in line
    assert "1 without data" in line


def test_cell_without_any_decision_is_hatched_and_not_zero(shop) -> None:
    put(shop.portal, shop.location, "dark.yaml", component("dark", owner="darks"))
    table = table_of(shop, By.OWNER)
    unassessed = heat_row(table, By.OWNER, "group:default/darks", {}).cells[0]
    assert (unassessed.entities, unassessed.shade) == (0, None)
    assert "dark" not in section(shop.get("/insights"), "groups")


def test_a_rate_of_few_entities_is_marked(shop) -> None:
    cells = heat_row(table_of(shop, By.OWNER), By.OWNER, "group:default/alices", {}).cells
    assert cells[0].entities < FEW
    assert cells[0].few
    assert ' few"' in row(shop.get("/insights"), "charlies")


def test_group_counts_what_the_groups_below_it_own(shop) -> None:
    put(shop.portal, shop.location, "nested.yaml", NESTED)
    line = row(shop.get("/insights"), "within=group:default/both")
    assert "3 entities" in line
    listed = shop.get("/catalog?kind=all&within=group:default/both")
    assert "payments" in listed
    assert "unclear" in listed
    assert "Within: <b>both</b>" in listed


def test_within_leaves_out_what_belongs_elsewhere_and_can_be_taken_off(shop) -> None:
    page = shop.get("/catalog?within=group:default/charlies")
    assert "1 Component<" in page
    assert "payments" not in page
    assert 'href="/catalog?kind=component"' in page


def test_searching_a_list_of_all_kinds_stays_in_all_kinds_and_within(shop) -> None:
    page = shop.get("/catalog?kind=all&within=group:default/alices")
    assert '<input type="hidden" name="kind" value="all">' in page
    assert '<input type="hidden" name="within" value="group:default/alices">' in page


def test_what_is_in_no_group_has_a_row_of_its_own(shop) -> None:
    table = table_of(shop, By.SYSTEM)
    rest = rest_row(table)
    assert table.keys == ()
    assert rest is not None
    assert rest.cells[0].entities == 3
    assert "Nothing assessed has a system" in shop.get("/insights?by=system")


def test_rows_can_be_types(shop) -> None:
    line = row(shop.get("/insights?by=type"), "service")
    assert 'href="/catalog?kind=all&amp;type=service"' in line
    assert "3 entities" in line


def test_unknown_grouping_is_the_default(shop) -> None:
    assert "Pass rate by group" in shop.get("/insights?by=%3Cscript%3E")


def test_owner_that_is_not_in_the_catalog_is_told_apart(shop) -> None:
    table = table_of(shop, By.OWNER)
    gone = heat_row(table, By.OWNER, "group:default/alices", {})
    there = heat_row(
        table,
        By.OWNER,
        "group:default/alices",
        {"group:default/alices": link_to("group:default/alices")},
    )
    assert (gone.link.exists, there.link.exists) == (False, True)


def test_most_failed_checks_come_first_with_their_rate(shop) -> None:
    page = section(shop.get("/insights"), "failed")
    assert page.count("<tr>") == 4
    assert 'href="/scorecards/readiness?check=readme&amp;outcome=fail#entities"' in page
    assert "3 checks, by the number of entities that fail" in page


def test_nothing_assessed_is_not_zero_percent(shops) -> None:
    page = shops(filled=False).get("/insights")
    assert "Nothing has been assessed yet" in page
    assert "%" not in page.split("<main")[1].split("</main>")[0]


def test_no_more_statements_are_sent_for_more_entities(shop) -> None:
    (card,) = shop.portal.scorecards

    def sent() -> int:
        with counted_statements() as statements, shop.portal.database.read() as connection:
            table = heat_table(side_by_side(connection, (card,), By.OWNER))
            insights_page(connection, (card,), By.OWNER, table, page=1)
        return len(statements)

    few = sent()
    names = [f"more-{n}" for n in range(30)]
    put(shop.portal, shop.location, "more.yaml", "---\n".join(map(component, names)))
    appraise(
        shop.portal,
        {f"component:default/{name}": {"repo.readme.bytes": Known(value=500)} for name in names},
    )
    assert sent() == few
