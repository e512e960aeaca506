"""An entity about which no scorecard says anything: it waits for that, or none applies."""

from __future__ import annotations

import re

from page_shop import Shop, appraise, component, put
from page_structure import faults
from sqlalchemy import delete

from portal.db.tables import unassessed
from scorecards.facts import Known

FRESH = "/catalog/component/default/fresh"
ALICES = "/catalog/group/default/alices"


def tab(page: str, name: str) -> str:
    """The text of a tab, with its count."""
    (found,) = re.findall(rf'<li><a href="[^"]*tab={name}"[^>]*>(.*?)</a></li>', page)
    return re.sub(r"<[^>]*>", "", found)


def settle(shop: Shop) -> None:
    """Let everything have been looked at."""
    with shop.portal.database.write() as connection:
        connection.execute(delete(unassessed))


def test_what_was_just_read_says_that_it_waits_to_be_assessed(shop: Shop) -> None:
    put(shop.portal, shop.location, "fresh.yaml", component("fresh"))
    page = shop.get(FRESH)
    assert faults(page) == []
    assert "Not assessed yet</span> It was read and waits" in page
    assert 'id="unassessed" role="status" data-refresh' in page
    assert (tab(page, "scorecards"), tab(page, "facts")) == ("Scorecards", "Facts")
    page = shop.get(f"{FRESH}?tab=scorecards")
    assert "No scorecard has assessed it yet" in page
    assert "Which of them apply is seen when its facts are there." in page


def test_what_is_assessed_says_nothing_of_waiting_also_while_it_is_assessed_anew(
    shop: Shop,
) -> None:
    put(shop.portal, shop.location, "fresh.yaml", component("fresh"))
    appraise(shop.portal, {"component:default/fresh": {"repo.readme.bytes": Known(value=5)}})
    page = shop.get(FRESH)
    assert "Not assessed yet" not in page
    assert tab(page, "scorecards") == "Scorecards 1"
    settle(shop)
    assert "data-refresh" not in shop.get(FRESH)


def test_where_no_scorecard_applies_nothing_is_waited_for(shop: Shop) -> None:
    settle(shop)
    page = shop.get(f"{ALICES}?tab=scorecards")
    assert tab(page, "scorecards") == "Scorecards 0"
    assert "No scorecard applies to it" in page
    assert "Not assessed yet" not in page
    assert "data-refresh" not in page
