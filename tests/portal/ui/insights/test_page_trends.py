"""The trend of a scorecard: what is drawn was measured, and what is said adds up."""

import csv
import io
from fractions import Fraction
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from page_structure import faults

from portal.app import create_app
from portal.db.changes.instants import KEPT_SINCE
from portal.db.values import put as put_value
from portal.ui.models.charts.plots import Plot
from portal.ui.models.insights.parts import rounded_to
from portal.ui.models.insights.trends import trend_page
from portal.use_cases.trend import points_between, read_trend
from portal.wiring import Portal
from scorecards.periods import Period
from tests.portal.api.result_world import day, with_past, write_card
from tests.portal.conftest import MakePortal

TRENDS = "/scorecards/care/trends"


@pytest.fixture
def portal(make_portal: MakePortal, tmp_path: Path) -> Portal:
    """Three months of two teams' services; it is the last of their days."""
    return with_past(make_portal(scorecards=(write_card(tmp_path),), plugins_disabled=("library",)))


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def get(client: FlaskClient, query: str = "") -> str:
    response = client.get(TRENDS + query, headers={"Accept": "text/html"})
    assert response.status_code == 200, response.text
    assert faults(response.text) == []
    return response.text


def page_of(portal: Portal, first: int, last: int):
    (card,) = [card for card in portal.scorecards if card.name == "care"]
    with portal.database.read() as connection:
        points = points_between(day(first), day(last), Period.WEEK)
        return trend_page(card, read_trend(connection, "care", points))


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("+", ""))


def test_parts_that_are_shown_add_up_to_the_change_that_is_shown(portal) -> None:
    page = page_of(portal, 5, 90)
    for row in (*page.level_changes, page.rate_change, *page.checks):
        if row.parts:
            assert sum(map(number, row.parts)) == pytest.approx(number(row.change)), row
    assert [number(row.after) - number(row.before) for row in page.level_changes] == [
        number(row.change) for row in page.level_changes
    ]


@pytest.mark.parametrize(
    ("whole", "parts", "rounded"),
    [
        (10, ["10/3", "10/3", "10/3"], [4, 3, 3]),
        (0, ["1/2", "-1/2"], [1, -1]),
        (-1, ["-2/3", "-2/3"], [0, -1]),
        (3, ["3"], [3]),
    ],
)
def test_rounding_keeps_the_sum(whole: int, parts: list[str], rounded: list[int]) -> None:
    found = rounded_to(whole, [Fraction(part) for part in parts])
    assert sum(found) == whole
    assert sorted(found) == sorted(rounded)


def test_change_is_told_in_words_with_its_causes(client) -> None:
    page = get(client, "?from=2026-03-03")
    assert "entity more above Initial:" in page or "entities more above Initial:" in page
    assert "The pass rate went from 44.4 % to 50.0 %" in page
    assert "rules changed" in page


def test_change_of_rules_is_marked_in_both_charts_and_listed(client) -> None:
    page = get(client, "?from=2026-03-03")
    assert page.count('class="mark"') == 2
    assert "came into use" in page.split('id="rules"')[1]


def test_nothing_is_drawn_where_nothing_was_measured(portal) -> None:
    page = page_of(portal, -20, 90)
    assert page.rows[0].total == 0
    places = sorted({bar.x for bar in page.levels.bars})
    assert len(places) == sum(row.total > 0 for row in page.rows)
    assert len(page.rates.dots) == sum(row.tally.rate is not None for row in page.rows)
    assert page.rate_change.parts == ()


def test_columns_are_shares_from_nothing_to_all(portal) -> None:
    plot: Plot = page_of(portal, 5, 90).levels
    for x in {bar.x for bar in plot.bars}:
        heights = [bar.height for bar in plot.bars if bar.x == x]
        assert sum(heights) == pytest.approx(plot.grid[0][0] - plot.grid[-1][0], abs=0.2)


def test_range_is_in_the_url_and_marked(client) -> None:
    page = get(client, "?range=30")
    assert "<b>30 days</b>" in page
    assert "from 30 Apr" not in page  # times are elements, not texts
    assert 'datetime="2026-04-30T12:00:00Z"' in page


def test_wrong_day_is_said_at_its_field_and_kept(client) -> None:
    page = get(client, "?from=yesterday&to=2026-05-01")
    assert 'value="yesterday" aria-invalid="true" aria-describedby="e-from"' in page
    assert "This is not a day as 2026-03-01." in page


@pytest.mark.parametrize("asked", ["?to=0001-01-01", "?to=0001-W01&range=365", "?from=1969-12-31"])
def test_day_before_all_that_may_be_kept_is_said(client, asked: str) -> None:
    assert "Nothing is kept from before 1970." in get(client, asked)


def test_beginning_after_the_end_is_said(client) -> None:
    assert "This is not before the end." in get(client, "?from=2026-05-20&to=2026-05-01")


def test_too_many_points_are_refused_with_a_way_out(client) -> None:
    page = get(client, "?from=2020-01-01&by=day")
    assert "more than 400 points" in page
    assert 'href="/scorecards/care/trends"' in page


def test_past_that_is_not_kept_is_told_apart(portal, client) -> None:
    with portal.database.write() as connection:
        put_value(connection, KEPT_SINCE, day(60).isoformat())
    assert "The past is kept since 2026-04-30 12:00 UTC." in get(client)


def test_time_without_any_result_is_not_zero(client) -> None:
    page = get(client, "?from=2026-01-01&to=2026-01-20")
    assert "Nothing was assessed in this time" in page
    assert 'class="plot"' not in page


def test_within_a_group_counts_what_the_group_owned_then(client, portal) -> None:
    page = get(client, "?within=group:default/web")
    assert '<option value="group:default/web" selected>' in page
    assert "owner=group%3Adefault%2Fweb" in page


def test_csv_has_the_points_of_the_page(client) -> None:
    page = get(client, "?from=2026-03-05&to=2026-05-01")
    link = page.split("/api/v1/scorecards/care/trend?")[1].split('"')[0].replace("&amp;", "&")
    answer = client.get(f"/api/v1/scorecards/care/trend?{link}")
    assert answer.content_type.startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == page.split('id="rate"')[1].count('<th scope="row"')
    assert rows[0]["proven: Managed"] == "1"
    assert rows[0]["passRate"] == "0.4444"
    assert sum(
        int(rows[0][f"proven: {one}"]) for one in ("Initial", "Managed", "Defined", "Optimizing")
    ) == int(rows[0]["total"])
