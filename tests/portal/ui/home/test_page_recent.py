"""What changed lately of what a team owns, on its home page: which level, when, and why."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from page_structure import faults

from portal.app import create_app
from portal.wiring import Portal
from tests.portal.api.result_world import assess, with_past, write_card
from tests.portal.conftest import MakePortal


@pytest.fixture
def portal(make_portal: MakePortal, tmp_path: Path) -> Portal:
    """Three months of two teams' services; it is the last of their days."""
    return with_past(make_portal(scorecards=(write_card(tmp_path),), plugins_disabled=("library",)))


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def rows(client: FlaskClient, team: str = "pay") -> list[str]:
    """The rows of the list, on one line each; none where there is no list."""
    page = client.get(f"/?team=group:default/{team}", headers={"Accept": "text/html"}).text
    assert faults(page) == []
    part = page.partition('id="recent"')[2].partition("</section>")[0]
    return [" ".join(row.split()) for row in part.split("<tr>")[2:]]


def test_lost_level_is_told_with_the_check_that_came_to_fail_and_the_reason(portal, client) -> None:
    assess(portal, {"a": "ppf"}, 80)
    [row] = rows(client)
    assert row.index("Optimizing</span>") < row.index("Managed</span>")
    assert "Fail</span>" in row
    assert "/catalog/component/default/a?tab=scorecards#check-care-runbook" in row
    assert "something else was observed" in row
    assert "Has tests" not in row
    assert "10 days ago" in row


def test_newest_change_comes_first_and_what_is_won_back_is_one_of_its_own(portal, client) -> None:
    assess(portal, {"a": "fpp"}, 80)
    assess(portal, {"a": "ppp"}, 85)
    assert ["Pass</span>" in row for row in rows(client)] == [True, False]


def test_level_that_is_no_longer_known_says_how_high_it_may_be(portal, client) -> None:
    assess(portal, {"a": "upp"}, 80)
    [row] = rows(client)
    assert "Initial <i>to Optimizing</i>" in row
    assert "No data</span>" in row


def test_what_others_own_and_what_is_long_ago_is_not_told(portal, client) -> None:
    assess(portal, {"a": "fpp"}, 75)
    assert rows(client) == []
    assess(portal, {"a": "ppp"}, 80)
    assert len(rows(client)) == 1
    assert rows(client, "web") == []


def test_change_of_rules_is_named_as_such(portal, client) -> None:
    assess(portal, {"a": "fpp"}, 80, version="other")
    [row] = rows(client)
    assert "the rules changed" in row


def test_change_that_leaves_the_level_as_it_is_is_not_told(portal, client) -> None:
    assess(portal, {"a": "pfp"}, 80)
    assess(portal, {"a": "pff"}, 81)
    [row] = rows(client)
    assert row.count("#check-care-") == 1
