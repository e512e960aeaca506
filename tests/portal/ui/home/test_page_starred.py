"""Starred entities: on the home page of this browser, whoever owns them."""

from __future__ import annotations

import re

from page_shop import Shop, component, put
from page_structure import faults

from portal.ui.home.starred import COOKIE, MOST

ORDERS = "/catalog/component/default/orders"


def listed(shop: Shop) -> list[str]:
    page = shop.get("/")
    assert faults(page) == []
    part = page.partition('id="starred"')[2].partition("</section>")[0]
    return re.findall(r'<tr><th scope="row"><a class="who[^"]*" href="[^"]*/([\w.-]+)"', part)


def star(shop: Shop, name: str, on: str = "1", **typed: str) -> str:
    path = f"/catalog/component/default/{name}/star"
    answer = shop.client.post(path, data={"on": on, **typed})
    assert answer.status_code == 303
    return str(answer.location)


def test_what_is_starred_is_on_the_home_page_with_its_levels_until_it_is_no_longer(
    shop: Shop,
) -> None:
    assert listed(shop) == []
    assert "☆ Star<" in shop.get(ORDERS)
    assert star(shop, "orders", tab="facts") == f"{ORDERS}?tab=facts"
    star(shop, "payments")
    page = shop.get(ORDERS)
    assert "★ Starred" in page
    assert 'aria-pressed="true"' in page
    assert listed(shop) == ["orders", "payments"]
    assert "Walk</span>" in shop.get("/").partition('id="starred"')[2]
    star(shop, "orders", on="")
    assert listed(shop) == ["payments"]
    star(shop, "payments", on="")
    assert listed(shop) == []


def test_what_went_is_left_out_and_can_be_unstarred(shop: Shop) -> None:
    put(shop.portal, shop.location, "more.yaml", component("more"))
    star(shop, "more")
    assert listed(shop) == ["more"]
    put(shop.portal, shop.location, "more.yaml", "")
    shop.client.set_cookie(COOKIE, "component:default/gone|component:default/orders")
    assert listed(shop) == ["orders"]
    star(shop, "gone", on="")
    assert (
        shop.client.post("/catalog/component/default/gone/star", data={"on": "1"}).status_code
        == 404
    )


def test_nonsense_in_the_cookie_is_nothing(shop: Shop) -> None:
    shop.client.set_cookie(COOKIE, "%%%|<script>|:||component:default/orders|" + "x" * 3_000)
    assert listed(shop) == ["orders"]


def test_with_one_too_many_the_first_goes(shop: Shop) -> None:
    names = [f"s{number:02}" for number in range(MOST + 1)]
    put(shop.portal, shop.location, "many.yaml", "---\n".join(map(component, names)))
    for name in names:
        star(shop, name)
    assert listed(shop) == names[1:]


def test_cookie_stays_small_enough_for_a_browser(shop: Shop) -> None:
    names = [letter * 63 for letter in "abcdefghijklmnopqrst"]
    text = "---\n".join(component(name, more=f"namespace: {'n' * 63}") for name in names)
    put(shop.portal, shop.location, "long.yaml", text)
    for name in names:
        path = f"/catalog/component/{'n' * 63}/{name}/star"
        answer = shop.client.post(path, data={"on": "1"})
        assert len(answer.headers["Set-Cookie"]) < 4_000
    assert listed(shop)[-1] == names[-1]
