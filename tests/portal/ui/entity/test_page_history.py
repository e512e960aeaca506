"""The past of an entity: what happened to it, and its page as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import page_shop
import pytest
from page_shop import NOW, Shop, appraise, component, put
from page_structure import faults

from portal.app import create_app
from portal.db.changes.instants import prune
from portal.wiring import Portal
from scorecards.facts import Known

BASKET = "/catalog/component/default/basket"
OTHERS = "# nothing is declared here any more\n"


def at(hours: float) -> str:
    return f"{NOW + timedelta(hours=hours):%Y-%m-%dT%H:%M}"


@pytest.fixture
def lived(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop in which a basket came, was assessed, got another owner and a README, and is there."""

    def when(hours: float, text: str, readme: int) -> Portal:
        monkeypatch.setattr(page_shop, "NOW", NOW + timedelta(hours=hours))
        put(shop.portal, shop.location, "basket.yaml", text)
        found = {"repo.readme.bytes": Known(value=readme, path="README.md")}
        appraise(shop.portal, {"component:default/basket": found})
        return shop.portal

    when(-4, component("basket", more="description: Holds what is bought."), 5)
    when(-2, component("basket", owner="charlies", more="title: <b>"), 500)
    return shop


def entries(page: str) -> list[str]:
    return page.split('class="timeline"')[1].split("</ol>")[0].split("<li><div class=")[1:]


def test_what_happened_is_told_newest_first_in_words(lived: Shop) -> None:
    result, version, began, added = entries(lived.get(f"{BASKET}?tab=history"))
    check = f"{BASKET}?tab=scorecards#check-readiness-readme"
    assert f'<a href="{check}">There is a README</a>: fail to <b>pass</b>' in result
    assert "because something else was observed" in result
    assert "Changed</span>" in version
    assert "<code>spec.owner</code> from <del>alices</del> to <ins>charlies</ins>" in version
    assert "Removed</span> <code>metadata.description</code>" in version
    assert "<ins>&lt;b&gt;</ins>" in version
    assert 'href="https://git.example.com/shop/blob/main/basket.yaml"' in version
    assert "0123456789ab</span>" in version
    assert "3 checks: 1 pass, 1 fail, 1 no data" in began
    assert "Added</span>" in added


def test_a_history_goes_on_where_its_page_ended(
    lived: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = entries(lived.get(f"{BASKET}?tab=history"))
    monkeypatch.setattr("portal.ui.entity.history.PER_PAGE", 1)
    path, found = f"{BASKET}?tab=history", []
    while path:
        page = lived.get(path)
        found += entries(page)
        following = page.partition('rel="next" href="')[2].partition('"')[0]
        path = following.replace("&amp;", "&")
    assert found == whole


def test_the_page_of_then_shows_what_held_then_and_leads_back(lived: Shop) -> None:
    page = lived.get(f"{BASKET}?as_of={at(-3)}")
    assert "You look at the past" in page
    assert "1 Mar 2026, 09:00 UTC" in page
    assert "Holds what is bought." in page
    assert "Alice&#39;s team" in page
    assert f'href="{BASKET}">Back to the present</a>' in page
    assert f"{BASKET}?tab=relations&amp;as_of=" in page
    assert "charlies" in lived.get(BASKET)
    was = lived.get(f"{BASKET}?tab=scorecards&as_of={at(-3)}")
    assert "repo.readme.bytes: <b>5</b>" in was
    assert "Request an exemption" not in was
    assert "How to fix it" not in was
    assert "repo.readme.bytes: <b>500</b>" in lived.get(f"{BASKET}?tab=scorecards")


@pytest.mark.parametrize(
    ("asked", "status", "why"),
    [
        ("never", 422, "It is not a time"),
        ("%22%3E%3Cscript%3E", 422, "It is not a time"),
        ("0001-01-01T00:00:00%2B14:00", 422, "It is not a time"),
        (at(1), 422, "That time has not come yet."),
        (at(-5), 404, "It was not in the catalog then."),
    ],
)
def test_a_time_that_cannot_be_shown_is_said_beside_the_present(
    lived: Shop, asked: str, status: int, why: str
) -> None:
    page = lived.get(f"{BASKET}?as_of={asked}", status)
    assert why in page
    assert "You see it as it is now." in page
    assert "<script>" not in page
    assert faults(page) == []


def test_what_is_no_longer_kept_is_said(lived: Shop) -> None:
    with lived.portal.database.write() as connection:
        prune(connection, NOW - timedelta(hours=1))
    assert "is no longer kept." in lived.get(f"{BASKET}?as_of={at(-3)}", 410)
    assert "kept since" in lived.get(f"{BASKET}?tab=history")


def test_an_entity_that_went_tells_what_became_of_it(
    lived: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_shop, "NOW", NOW - timedelta(hours=1))
    put(
        lived.portal,
        lived.location,
        "basket.yaml",
        page_shop.TEAMS.replace("alices", "others").split("---")[0],
    )
    page = lived.get(BASKET, 404)
    assert "It was in the catalog once." in page
    assert "no longer declares it" in page
    assert faults(page) == []
    before = page.split('href="')
    link = next(part for part in before if "as_of=" in part).split('"')[0]
    assert "You look at the past" in lived.get(link)
    assert "It was not in the catalog then." in lived.get(f"{BASKET}?as_of={at(-1)}", 404)


def test_results_of_a_scorecard_that_is_gone_are_still_told(lived: Shop) -> None:

    portal = replace(lived.portal, scorecards=())
    page = create_app(portal).test_client().get(f"{BASKET}?tab=history").text
    assert '<span class="strong">readiness</span>' in page
    assert "not told" in page
    assert faults(page) == []
