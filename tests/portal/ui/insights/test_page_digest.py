"""The digest of a week: of everyone or a team, any week that is kept, and the same as JSON."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from page_people import send
from page_shop import NOW, Shop, component, put
from page_structure import faults

from portal.app import create_app
from portal.db.changes.instants import KEPT_SINCE
from portal.db.evaluation.definitions import Published, record
from portal.db.people import campaigns
from portal.db.values import put as put_value
from portal.wiring import Portal
from scorecards.people.campaigns import State, Step, Tally
from tests.portal.api.result_world import assess, day, with_past, write_card
from tests.portal.conftest import MakePortal

LOST = "?week=2026-W21"
"""The week of day 80, a Wednesday."""


@pytest.fixture
def portal(make_portal: MakePortal, tmp_path: Path) -> Portal:
    """Three months of two teams' services; one lost its level, one is only no longer known."""
    opened = make_portal(scorecards=(write_card(tmp_path),), plugins_disabled=("library",))
    portal = with_past(opened)
    assess(portal, {"a": "fpp", "d": "uuu"}, 80)
    return portal


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def get(client: FlaskClient, query: str = "") -> str:
    response = client.get("/digest" + query, headers={"Accept": "text/html"})
    assert response.status_code == 200, response.text
    assert faults(response.text) == []
    return response.text


def tell(client: FlaskClient, query: str = "") -> dict:
    answer = client.get("/api/v1/digest" + query)
    assert answer.status_code == 200, answer.text
    return answer.json


def cells(page: str, name: str) -> list[str]:
    """The texts of the row that is about something."""
    row = next(row for row in page.split("<tr>")[1:] if f"/{name}" in row)
    return re.findall(r">([^<>]+)</(?:td|a)>", row)


def test_a_lost_level_is_told_with_its_reason_and_what_is_not_known_is_not(client) -> None:
    page = get(client, LOST)
    assert "0 gained a level, 1 lost one" in page
    assert cells(page, "a") == ["a", "Optimizing", "Initial", "something else was observed"]
    [card] = tell(client, LOST)["scorecards"]
    assert (card["gainedTotal"], card["lostTotal"], card["byRules"]) == (0, 1, 0)
    assert card["lost"] == [
        {
            "ref": "component:default/a",
            "before": {"rank": 3, "name": "Optimizing"},
            "after": {"rank": 0, "name": "Initial"},
            "reason": "facts",
        }
    ]


def test_who_needs_help_is_a_team_with_what_came_to_fail(client) -> None:
    assert "Who needs help" in get(client, LOST)
    need = {"team": "group:default/pay", "checks": 1, "entities": 1}
    assert tell(client, LOST)["needs"] == [need]
    assert tell(client, LOST + "&team=shop")["needs"] == [need]
    assert tell(client, LOST + "&team=web")["needs"] == []


def test_a_team_is_told_of_what_it_owned_then(client) -> None:
    gained = "?week=2026-W17"
    assert [one["gainedTotal"] for one in tell(client, gained)["scorecards"]] == [1]
    assert [one["gainedTotal"] for one in tell(client, gained + "&team=web")["scorecards"]] == [1]
    assert tell(client, gained + "&team=pay")["scorecards"] == []
    page = get(client, LOST + "&team=group:default/web")
    assert "Nothing happened" in page
    assert '<option value="group:default/web" selected>' in page


def test_a_change_of_the_rules_is_neither_gained_nor_lost(client) -> None:
    assert "because the rules changed" in get(client, "?week=2026-W15")
    [card] = tell(client, "?week=2026-W15")["scorecards"]
    assert card["gainedTotal"] + card["lostTotal"] == 0 < card["byRules"]


def test_weeks_lead_to_one_another_and_the_present_one_is_the_last(client) -> None:
    page = get(client, LOST)
    assert 'rel="prev" href="/digest?week=2026-W20"' in page
    assert 'rel="next" href="/digest?week=2026-W22"' in page
    now = get(client)
    assert "Week 2026-W22" in now
    assert "so far" in now
    assert 'rel="next"' not in now


def test_a_week_of_which_nothing_can_be_told_says_why(client, portal) -> None:
    assert "This week has not begun." in get(client, "?week=2026-W30")
    assert "is not a week as 2026-W30" in get(client, "?week=yesterday")
    assert "0001-W01 is not a week" in get(client, "?week=0001-W01")
    with portal.database.write() as connection:
        put_value(connection, KEPT_SINCE, day(60).isoformat())
    assert "The past is kept since 2026-04-30 12:00 UTC." in get(client, "?week=2026-W17")
    assert client.get("/api/v1/digest?week=2026-W17").status_code == 410
    for wrong in ("week=2026-W30", "week=2026-W99", "team=component:default/a"):
        assert client.get(f"/api/v1/digest?{wrong}").status_code == 422


def test_rules_that_changed_are_told(client, portal) -> None:
    (card,) = [card for card in portal.scorecards if card.name == "care"]
    one = Published(scorecard=card, text="", source="config", author="Ann")
    with portal.database.write() as connection:
        record(connection, [one], now=day(61))
    page = get(client, "?week=2026-W18")
    assert "Rules that changed" in page
    assert "is new" in page
    assert "has another definition" not in page
    with portal.database.write() as connection:
        changed = replace(card, version="another")
        record(connection, [replace(one, scorecard=changed)], now=day(62))
    assert "has another definition" in get(client, "?week=2026-W18")
    rule, _ = tell(client, "?week=2026-W18")["rules"]
    assert (rule["scorecard"], rule["version"], rule["author"]) == ("care", card.version, "Ann")
    assert tell(client, "?week=2026-W19")["rules"] == []


def test_what_ends_or_is_due_is_told_to_whom_it_concerns(shop_on_both) -> None:
    shop = shop_on_both
    asked = {
        "ref": "component:default/orders",
        "scorecard": "readiness",
        "check": "readme",
        "ground": "risk_accepted",
        "text": "It is fine.",
        "expires_on": "2026-03-12",
    }
    plan = {
        "name": "spring",
        "title": "Spring",
        "owner": "alices",
        "scorecard": "readiness",
        "level": "Run",
        "starts_on": "2026-02-01",
        "target_on": "2026-03-05",
    }
    assert send(shop.client, "/exemptions/new", **asked).status_code == 303
    assert send(shop.client, "/campaigns/new", **plan).status_code == 303
    assert tell(shop.client)["exemptions"] == []
    seen = shop.client.get("/exemptions/1").text.split('name="seen" value="')[1].split('"')[0]
    assert send(shop.client, "/exemptions/1/approve", seen=seen).status_code == 303
    page = get(shop.client)
    assert cells(page, "exemptions/1")[0] == "There is a README"
    assert "Spring" in page
    for team, ids, counted in (("alices", [1], 2), ("charlies", [], 1)):
        found = tell(shop.client, f"?team={team}")
        assert [one["id"] for one in found["exemptions"]] == ids
        assert [one["counted"] for one in found["campaigns"]] == [counted]
    assert tell(shop.client, "?week=2026-W06")["exemptions"] == []
    assert 'href="/digest?team=group:default/alices"' in shop.get("/catalog/group/default/alices")
    assert 'href="/digest"' in shop.get("/insights")


def test_campaigns_of_a_week_that_is_over_are_told_as_they_stood_then(shop_on_both) -> None:
    shop = shop_on_both
    plan = {
        "name": "spring",
        "title": "Spring",
        "owner": "alices",
        "scorecard": "readiness",
        "level": "Run",
        "starts_on": "2026-02-20",
        "target_on": "2026-03-05",
    }
    assert send(shop.client, "/campaigns/new", **plan).status_code == 303
    with shop.portal.database.write() as connection:
        campaigns.begin(connection, now=NOW)
        for on, said in (
            (1, Tally(done=1, open=4)),
            (3, Tally(done=2, open=3)),
            (9, Tally(done=5)),
        ):
            campaigns.keep_day(connection, "spring", date(2026, 3, on), said)
    portal = replace(shop.portal, now=lambda: NOW + timedelta(days=30))
    with portal.database.write() as connection:
        ended = campaigns.find(connection, "spring", now=portal.now())
        assert ended is not None
        step = Step(state=State.ENDED, actor="", at=NOW + timedelta(days=8), reason="")
        campaigns.put(connection, replace(ended, steps=(*ended.steps, step)))
    client = create_app(portal).test_client()
    week = "?week=2026-W10"
    assert tell(client, week)["campaigns"] == [
        {
            "campaign": "spring",
            "title": "Spring",
            "targetOn": "2026-03-05",
            "open": 3,
            "counted": 5,
            "seenOn": "2026-03-03",
        }
    ]
    page = get(client, week)
    assert "As they stood when the week was over" in page
    assert "3 of 5" in page
    assert "3 Mar</time>" in page
    assert [one["open"] for one in tell(client, "?week=2026-W09")["campaigns"]] == [4]
    for before_it_began_or_after_it_ended in ("2026-W08", "2026-W11"):
        assert tell(client, f"?week={before_it_began_or_after_it_ended}")["campaigns"] == []


SPRING = {
    "name": "spring",
    "title": "Spring",
    "owner": "alices",
    "scorecard": "readiness",
    "level": "Run",
    "starts_on": "2026-02-20",
    "target_on": "2026-03-05",
}


ABOVE = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: all}
spec: {type: department, children: [alices]}
"""


def later(shop: Shop, days: int) -> Portal:
    return replace(shop.portal, now=lambda: NOW + timedelta(days=days))


def stood(client: FlaskClient, team: str, week: str = "2026-W10") -> list[tuple[int, int, str]]:
    found = tell(client, f"?week={week}&team={team}")["campaigns"]
    return [(one["open"], one["counted"], one["seenOn"]) for one in found]


@pytest.mark.parametrize(
    ("chosen", "alices", "charlies"),
    [
        ("", [(2, 2, "2026-03-08")], [(0, 1, "2026-03-08")]),
        (
            "kind=component,spec.lifecycle=production",
            [(2, 2, "2026-03-08")],
            [(0, 1, "2026-03-08")],
        ),
        ("relations.ownedBy=group:default/alices", [(2, 2, "2026-03-08")], []),
        ("metadata.name=orders", [(1, 1, "2026-03-08")], []),
        ("kind=api", [], []),
    ],
)
def test_a_team_is_told_of_campaigns_as_they_stood_for_what_it_owned_then(
    shop_on_both: Shop, chosen: str, alices: list[object], charlies: list[object]
) -> None:
    shop = shop_on_both
    assert send(shop.client, "/campaigns/new", **SPRING, filter=chosen).status_code == 303
    with shop.portal.database.write() as connection:
        campaigns.begin(connection, now=NOW)
    # Later one changes hands and all others go: neither was so when the week was over.
    moved = component("payments", owner="charlies").replace("production", "deprecated")
    put(shop.portal, shop.location, "catalog-info.yaml", moved, now=NOW + timedelta(days=20))
    client = create_app(later(shop, 30)).test_client()
    assert stood(client, "alices") == alices
    assert stood(client, "charlies") == charlies
    assert stood(client, "alices", "2026-W08") == [], "it had not begun"
    page = get(client, "?week=2026-W10&team=group:default/alices")
    assert ("As they stood when the week was over" in page) is bool(alices)


def test_a_team_has_what_the_groups_below_it_owned(shop_on_both: Shop) -> None:
    shop = shop_on_both
    put(shop.portal, shop.location, "all.yaml", ABOVE)
    assert send(shop.client, "/campaigns/new", **SPRING).status_code == 303
    with shop.portal.database.write() as connection:
        campaigns.begin(connection, now=NOW)
    client = create_app(later(shop, 30)).test_client()
    assert stood(client, "all") == stood(client, "alices") == [(2, 2, "2026-03-08")]
    assert stood(client, "nobody") == []
