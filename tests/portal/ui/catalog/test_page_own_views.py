"""Views of the catalog that somebody names for themselves, and that their browser keeps."""

from __future__ import annotations

import base64
import re

import orjson
import pytest
from page_people import read, send
from page_shop import OpenShop, Shop
from page_structure import faults
from werkzeug.test import TestResponse

from portal.config.views import View
from portal.ui.models.catalog.own_views import LONGEST, MOST, read_views, renamed, saved, written

MINE = "kind=component&owner=group%3Adefault%2Falices"


@pytest.fixture
def shop(shop_to_see: Shop) -> Shop:
    """Only the browser keeps anything; each test has one of its own."""
    client = shop_to_see.client.application.test_client()
    return Shop(portal=shop_to_see.portal, client=client, location=shop_to_see.location)


def save(shop: Shop, title: str, query: str = MINE) -> TestResponse:
    return send(shop.client, "/catalog/views/save", title=title, query=query)


def tabs(page: str) -> list[str]:
    nav = page.split('<nav aria-label="Views">')
    return re.findall(r">([^<]+)</a>", nav[1].split("</nav>")[0]) if len(nav) > 1 else []


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


def test_what_is_shown_gets_a_name_and_stands_among_the_views(shop: Shop) -> None:
    page = read(shop.client, f"/catalog?{MINE}&page=2")
    hidden = page.split('name="query" value="')[1].split('"')[0].replace("&amp;", "&")
    assert hidden == MINE
    done = save(shop, "Alices' <own>", hidden)
    assert (done.status_code, done.headers["Location"]) == (303, f"/catalog?{MINE}")
    page = read(shop.client, done.headers["Location"])
    assert tabs(page) == ["Alices&#39; &lt;own&gt;", "Your views …"]
    assert 'aria-current="page">Alices&#39; &lt;own&gt;</a>' in page
    assert "Save as a view" not in page, "it has a name already"
    assert "Save as a view" in read(shop.client, "/catalog?kind=all")


def test_only_what_chooses_something_can_be_named(shop: Shop) -> None:
    for path in ("/catalog", "/catalog?sort=-name", "/catalog?owner=alices", "/catalog?x=1"):
        assert "Save as a view" not in read(shop.client, path)
    refused = save(shop, "x", "page=2")
    assert refused.status_code == 422
    assert "There is nothing to be named" in refused.text
    assert "Set-Cookie" not in refused.headers


def test_views_are_the_browsers_own_and_sent_to_the_catalog_alone(shop: Shop) -> None:
    cookie = save(shop, "mine").headers["Set-Cookie"]
    for part in ("Path=/catalog", "HttpOnly", "SameSite=Lax", "Max-Age=31"):
        assert part in cookie
    assert "Secure" not in cookie
    assert tabs(read(shop.client, "/catalog")) == ["mine", "Your views …"]
    other = shop.client.application.test_client()
    assert tabs(read(other, "/catalog")) == []


def test_below_a_base_path_and_tls_the_cookie_is_bound_to_both(shops: OpenShop) -> None:
    shop = shops(base_url="https://localhost/base", base_path="/base", filled=False)
    done = shop.client.post("/base/catalog/views/save", data={"title": "mine", "query": MINE})
    assert done.headers["Location"] == f"/base/catalog?{MINE}"
    assert "Path=/base/catalog;" in done.headers["Set-Cookie"]
    assert "Secure" in done.headers["Set-Cookie"]


def test_those_of_the_configuration_come_first_and_stay(shops: OpenShop) -> None:
    live = View(name="live", title="Live", parameters=(("lifecycle", "production"),))
    shop = shops(views=(live,))
    save(shop, "mine")
    assert tabs(read(shop.client, "/catalog")) == ["Live", "mine", "Your views …"]
    page = read(shop.client, "/catalog?lifecycle=production")
    assert "Save as a view" not in page
    assert ">Live<" not in read(shop.client, "/catalog/views")


def test_a_view_is_renamed_and_removed(shop: Shop) -> None:
    save(shop, "one")
    save(shop, "two", "kind=all")
    page = read(shop.client, "/catalog/views")
    assert "owner: <b>group:default/alices</b>" in page
    done = send(shop.client, "/catalog/views/rename", old="one", title=" first ")
    assert done.headers["Location"] == "/catalog/views"
    assert tabs(read(shop.client, "/catalog"))[:2] == ["first", "two"]
    send(shop.client, "/catalog/views/remove", old="two")
    send(shop.client, "/catalog/views/remove", old="two")
    assert tabs(read(shop.client, "/catalog"))[:1] == ["first"]
    send(shop.client, "/catalog/views/remove", old="first")
    assert "You have no views yet" in read(shop.client, "/catalog/views")
    assert tabs(read(shop.client, "/catalog")) == []


@pytest.mark.parametrize(
    ("path", "fields", "fault"),
    [
        ("save", {"title": "", "query": "kind=all"}, "1 to 60 characters"),
        ("save", {"title": "x" * 61, "query": "kind=all"}, "1 to 60 characters"),
        ("save", {"title": "a\0b", "query": "kind=all"}, "1 to 60 characters"),
        ("save", {"title": "ONE", "query": "kind=all"}, "There is a view ONE already"),
        ("save", {"title": "<b>", "query": "kind=all&x=<b>"}, "There is nothing to be named"),
        ("rename", {"old": "one", "title": ""}, "1 to 60 characters"),
        ("rename", {"old": "gone<", "title": "x"}, "There is no view gone&lt; any more"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    shop: Shop, path: str, fields: dict[str, str], fault: str
) -> None:
    save(shop, "one")
    refused = send(shop.client, f"/catalog/views/{path}", **fields)
    assert refused.status_code == 422
    assert "Nothing was changed." in refused.text
    assert fault in refused.text
    assert "Set-Cookie" not in refused.headers
    assert tabs(read(shop.client, "/catalog"))[:1] == ["one"]


def test_a_refused_view_can_be_saved_under_another_name_right_there(shop: Shop) -> None:
    save(shop, "one")
    page = save(shop, "one", "kind=all").text
    assert 'name="query" value="kind=all"' in page
    assert 'name="title" value="one"' in page


def test_a_page_of_another_site_changes_no_views(shop: Shop) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    typed = {"title": "x", "query": "kind=all"}
    refused = shop.client.post("/catalog/views/save", data=typed, headers=foreign)
    assert (refused.status_code, "Set-Cookie" in refused.headers) == (403, False)


# --- what a browser sends is what somebody may have written


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x",
        "%%%",
        "ü",
        encoded({"a": "kind=all"}),
        encoded("kind=all"),
        encoded([["a"], ["a", 1], [1, "kind=all"], "kind=all", None]),
        encoded([["a", "x=1"], ["", "kind=all"], ["a\nb", "kind=all"], ["x" * 61, "kind=all"]]),
        encoded([[[[]]]] * 100),
    ],
)
def test_a_cookie_that_makes_no_sense_is_no_view(shop: Shop, cookie: str) -> None:
    assert read_views(cookie) == ()
    shop.client.set_cookie("views", cookie, path="/catalog")
    for path in ("/catalog", "/catalog/views"):
        page = shop.client.get(path)
        assert page.status_code == 200
        assert faults(page.text) == []


def test_what_is_written_is_read_again_and_no_name_twice() -> None:
    views = saved((), "Größe", "q=a%26b&tag=x")
    assert not isinstance(views, str)
    assert views[0].parameters == (("q", "a&b"), ("tag", "x"))
    assert read_views(written(views)) == views
    twice = encoded([["a", "kind=all"], ["A", "kind=api"]])
    assert [view.title for view in read_views(twice)] == ["a"]


def test_there_is_room_for_a_dozen_that_a_browser_can_keep() -> None:
    views: tuple[View, ...] = ()
    for number in range(MOST):
        more = saved(views, f"view {number}", "kind=all")
        assert not isinstance(more, str)
        views = more
    assert "room for 12" in str(saved(views, "one more", "kind=all"))
    assert len(read_views(encoded([[f"v{n}", "kind=all"] for n in range(MOST + 5)]))) == MOST
    long: tuple[View, ...] | str = ()
    count = 0
    while not isinstance(long, str):
        assert len(written(long)) <= LONGEST
        long = saved(long, f"{count:060}", f"q={'x' * 190}&tag={'y' * 200}")
        count += 1
    assert "too long together" in long
    assert count > 4
    assert renamed(views, "view 0", "VIEW 0") != views, "another spelling of its own name"
