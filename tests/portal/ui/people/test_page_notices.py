"""Notices on a page, and in the frame of every page how many of them are new to a browser."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from page_people import ASKER, headers, read, send
from page_shop import NOW, OpenShop, Shop, component, put

from portal.app import create_app
from portal.config import Auth
from portal.db.engine import open_database
from portal.db.people import notices
from portal.ui.models.people.notices import MOST_TEAMS, read_marks, written
from scorecards.people.notices import Kind, Mute, Notice, Timing

ALICES, CHARLIES, ALL = (f"group:default/{name}" for name in ("alices", "charlies", "all"))

ABOVE = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: all, title: All of <us>}
spec: {type: department, children: [alices]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ann}
spec: {memberOf: [alices]}
"""


def tell(shop: Shop, *found: tuple[str, Kind, str, str], days: int = 0) -> None:
    """Keep notices: a key, a kind, a team and an entity."""
    with shop.portal.database.write() as connection:
        notices.put(
            connection,
            [
                Notice(
                    key=key,
                    kind=kind,
                    team=team,
                    ref=ref,
                    text=f"{key} <told>",
                    at=NOW + timedelta(days),
                )
                for key, kind, team, ref in found
            ],
            now=NOW,
        )


@pytest.fixture
def told(shops: OpenShop) -> Shop:
    """A shop in which four teams were told something."""
    shop = shops(notices=Timing())
    put(shop.portal, shop.location, "all.yaml", ABOVE)
    tell(
        shop,
        ("level:readiness:x", Kind.LEVEL_DROP, ALICES, "component:default/orders"),
        ("exemption:7:x", Kind.EXEMPTION_EXPIRING, CHARLIES, "component:default/gone"),
        ("due:spring:2026-03-05:x", Kind.CAMPAIGN_DUE, ALL, ""),
        ("reminder:spring:1:x", Kind.CAMPAIGN_REMINDER, "user:default/ann", ""),
        ("level:readiness:y", Kind.LEVEL_DROP, "", "component:default/hostile"),
    )
    return shop


def texts(page: str) -> list[str]:
    return re.findall(r"([\w:.-]+) &lt;told&gt;", page)


def bell(page: str) -> str | None:
    """What the header says of notices, as it is heard; None: nothing."""
    found = re.search(r'<a class="bell"[^>]*>(.*?)</a>', page, re.DOTALL)
    return None if found is None else re.sub(r"<svg.*?</svg>|<[^>]+>", "", found[1])


def choose(shop: Shop, team: str) -> None:
    shop.client.get(f"/?team={team}")


def test_everyone_sees_what_all_teams_are_told_and_where_it_leads(told: Shop) -> None:
    page = read(told.client, "/notices")
    assert len(texts(page)) == 5
    assert texts(page)[0] == "level:readiness:y"
    assert 'href="/exemptions/7"' in page
    assert 'href="/campaigns/spring"' in page
    assert "/catalog/component/default/orders?tab=scorecards" in page
    assert "nobody owns it" in page
    assert "(not in the catalog)" in page
    assert "Choose your team" in page
    assert "Mark" not in page
    assert bell(page) == "Notices"


@pytest.mark.parametrize("query", ["", f"?team={ALL}", f"?team={ALICES}&kind=level_drop"])
def test_the_same_from_the_api_is_the_same_list(told: Shop, query: str) -> None:
    page = read(told.client, f"/notices{query}")
    offered = page.split('class="same"')[1].split('href="')[1].split('"')[0]
    items = told.client.get(html.unescape(offered)).json["items"]
    assert texts(page)
    assert [one["key"] for one in items] == texts(page)


@pytest.mark.parametrize(
    ("team", "found"),
    [
        (ALICES, ["reminder:spring:1:x", "level:readiness:x"]),
        (CHARLIES, ["exemption:7:x"]),
        (ALL, ["reminder:spring:1:x", "due:spring:2026-03-05:x", "level:readiness:x"]),
        ("group:default/unheard-of", []),
    ],
)
def test_a_team_sees_its_own_and_that_of_groups_below_it_and_of_members(
    told: Shop, team: str, found: list[str]
) -> None:
    choose(told, team)
    page = read(told.client, "/notices")
    assert texts(page) == found
    heard = f"Notices: {len(found)} new" if found else "Notices"
    assert [bell(one) for one in (page, read(told.client, "/catalog"))] == [heard, heard]
    assert page.count('<span class="new">New</span>') == len(found)


def test_a_kind_can_be_asked_for_and_nonsense_is_everything(told: Shop) -> None:
    assert texts(read(told.client, "/notices?kind=campaign_due")) == ["due:spring:2026-03-05:x"]
    assert len(texts(read(told.client, "/notices?kind=%3Cb%3E&after=%3Cb%3E&from=x"))) == 5
    choose(told, CHARLIES)
    assert "No notice of this kind" in read(told.client, "/notices?kind=campaign_due")


def test_what_was_read_is_not_new_and_what_comes_later_is(told: Shop) -> None:
    choose(told, ALICES)
    page = read(told.client, "/notices")
    upto = page.split('name="upto" value="')[1].split('"')[0]
    tell(told, ("level:readiness:late", Kind.LEVEL_DROP, ALICES, ""))  # while it was looked at
    done = send(told.client, "/notices/read", team=ALICES, upto=upto)
    assert (done.status_code, done.headers["Location"]) == (303, "/notices")
    for part in ("Path=/;", "HttpOnly", "SameSite=Lax", "Max-Age=31"):
        assert part in done.headers["Set-Cookie"]
    page = read(told.client, "/notices")
    assert bell(page) == "Notices: 1 new"
    assert texts(page)[0] == "level:readiness:late"
    assert page.count('<span class="new">New</span>') == 1
    choose(told, CHARLIES)
    assert bell(read(told.client, "/")) == "Notices: 1 new", "of another team nothing was read"
    choose(told, ALICES)
    assert bell(read(told.client, "/")) == "Notices: 1 new"
    other = create_app(told.portal).test_client()
    assert bell(read(other, f"/?team={ALICES}")) == "Notices: 3 new", "nor by another browser"


def test_what_is_muted_is_listed_and_not_counted(told: Shop) -> None:
    mute = Mute(team=CHARLIES, ref=None, kind=None, until=NOW + timedelta(days=9))
    with told.portal.database.write() as connection:
        notices.put_mute(connection, mute, actor="", now=NOW, reason="")
    tell(told, ("level:readiness:z", Kind.LEVEL_DROP, CHARLIES, ""))
    choose(told, CHARLIES)
    page = read(told.client, "/notices")
    assert texts(page) == ["level:readiness:z", "exemption:7:x"]
    assert page.count("muted: nobody was sent it") == 1
    assert bell(page) == "Notices: 1 new"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"team": ALICES},
        {"team": ALICES, "upto": "x"},
        {"team": ALICES, "upto": "9" * 19},
        {"team": ALICES, "upto": "٣"},
        {"team": f"{CHARLIES}=1|{ALICES}", "upto": "9"},
        {"team": "", "upto": "9"},
    ],
)
def test_nothing_counts_as_read_by_nonsense(told: Shop, fields: dict[str, str]) -> None:
    done = send(told.client, "/notices/read", **fields)
    assert done.status_code == 303
    assert "notices-read" not in str(done.headers)


def test_without_notices_there_is_no_bell_and_the_page_says_why(shop_to_see: Shop) -> None:
    page = read(shop_to_see.client, "/notices")
    assert bell(page) is None
    assert "The configuration has no <code>plumbline.notices</code>" in page


def test_there_may_be_nothing_to_tell(shops: OpenShop) -> None:
    shop = shops(notices=Timing())
    assert "There is nothing to tell" in read(shop.client, "/notices")


def test_many_notices_have_pages_and_the_bell_counts_to_99(told: Shop) -> None:
    tell(told, *((f"level:readiness:{n}", Kind.LEVEL_DROP, CHARLIES, "") for n in range(120)))
    choose(told, CHARLIES)
    page = read(told.client, "/notices")
    assert bell(page) == "Notices: 99+ new"
    assert "121 new" in page
    assert len(texts(page)) == 50
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert texts(read(told.client, following))[0] == "level:readiness:69"


def test_a_member_who_comes_is_counted_at_once(told: Shop) -> None:
    choose(told, CHARLIES)
    assert bell(read(told.client, "/")) == "Notices: 1 new"
    moved = ABOVE.replace("memberOf: [alices]", "memberOf: [charlies]")
    put(told.portal, told.location, "all.yaml", moved)
    assert bell(read(told.client, "/")) == "Notices: 2 new"


def test_a_page_that_needs_no_database_is_shown_while_it_is_away(told: Shop) -> None:
    gone = replace(told.portal, database=open_database("sqlite:////nowhere/portal.db"))
    client = create_app(gone).test_client()
    client.set_cookie("team", ALICES)
    answer = client.get("/nowhere", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert bell(answer.text) == "Notices"


def test_who_has_not_signed_in_is_told_no_number(told: Shop) -> None:
    settings = replace(told.portal.settings, auth=Auth.REQUIRED, tokens=(ASKER,))
    client = create_app(replace(told.portal, settings=settings)).test_client()
    client.set_cookie("team", ALICES)
    assert bell(client.get("/login", headers=headers(None)).text) == "Notices"
    assert bell(client.get("/catalog", headers=headers(ASKER)).text) == "Notices: 2 new"


def test_both_databases_tell_the_same(shop_on_both: Shop) -> None:
    tell(
        shop_on_both,
        ("a:1", Kind.LEVEL_DROP, ALICES, ""),
        ("b:1", Kind.LEVEL_DROP, CHARLIES, ""),
    )
    with shop_on_both.portal.database.read() as connection:
        newest = notices.newest(connection)
        assert notices.newer(connection, [ALICES], 0) == 1
        assert notices.newer(connection, [ALICES, CHARLIES], newest - 1) == 1
        assert notices.newer(connection, [ALICES, "\0"], newest) == 0
    assert texts(read(shop_on_both.client, f"/notices?team={ALICES}")) == ["a:1"]


def test_a_browser_keeps_what_was_read_of_the_last_teams() -> None:
    cookie = ""
    for n in range(MOST_TEAMS + 2):
        cookie = written(read_marks(cookie), f"group:default/t{n}", n)
    marks = read_marks(cookie)
    assert len(marks) == MOST_TEAMS
    assert "group:default/t1" not in marks
    assert read_marks(written(marks, "group:default/t5", 1))["group:default/t5"] == 5
    assert read_marks(f"x|a=|=7|b=-1|c=1.5|e={'0' * 99}9|d=4") == {"d": 4}


def test_an_entity_that_is_noticed_is_linked_by_its_title(told: Shop) -> None:
    put(told.portal, told.location, "o.yaml", component("other", more="title: Another <one>"))
    tell(told, ("level:readiness:o", Kind.LEVEL_DROP, ALICES, "component:default/other"))
    assert "Another &lt;one&gt;</a>" in read(told.client, "/notices")
