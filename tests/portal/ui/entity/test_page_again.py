"""Looking again: a button on an entity, and what comes of it, on the same page."""

from __future__ import annotations

import html

from page_shop import Shop, appraise
from page_structure import faults
from sqlalchemy import delete

from portal.db.catalog.entities import by_ref
from portal.db.tables import pending as work
from portal.db.tables import unassessed
from portal.db.work import marks, pending
from portal.rationing import ABOUT_ONE, FOR_ONE
from scorecards.facts import Known

ORDERS = "/catalog/component/default/orders"


def asked(shop: Shop, **typed: str) -> str:
    answer = shop.client.post(f"{ORDERS}/refresh", data=typed)
    assert answer.status_code == 303
    return str(answer.location)


def settle(shop: Shop) -> None:
    """Let a worker have done everything that was asked for."""
    with shop.portal.database.write() as connection:
        connection.execute(delete(work))
        connection.execute(delete(unassessed))


def test_button_asks_for_the_repository_and_for_the_entity(shop: Shop) -> None:
    settle(shop)
    assert f'action="{ORDERS}/refresh"' in shop.get(ORDERS)
    asked(shop)
    with shop.portal.database.read() as connection:
        row = by_ref(connection, "component:default/orders")
        other = by_ref(connection, "component:default/payments")
        assert row is not None
        assert other is not None
        assert marks.is_marked(connection, row.id)
        assert not marks.is_marked(connection, other.id)
        waiting = pending.waiting(connection, limit=10)
    assert sorted(one.key.partition(":")[0] for one in waiting) == ["assess", "refresh"]


def test_page_waits_until_it_is_looked_at_and_says_so_then(shop: Shop) -> None:
    settle(shop)
    there = asked(shop, tab="scorecards")
    assert there.startswith(f"{ORDERS}?tab=scorecards&asked=")
    page = shop.get(there)
    assert faults(page) == []
    assert "<title>Being looked at · Orders" in page, "who hears the page hears that first"
    assert 'id="again" role="status" data-refresh="1500"' in page
    assert f'href="{there}"' in html.unescape(page)
    with shop.portal.database.write() as connection:
        connection.execute(delete(work))
    assert "Being looked at" in shop.get(there), "its facts are not collected yet"
    settle(shop)
    page = shop.get(there)
    assert "<title>Looked at again · Orders" in page
    assert "Every check says what it said before" in page
    assert "data-refresh" not in page
    assert "Looked at again" not in shop.get(ORDERS)


def test_what_came_out_otherwise_is_told_with_a_way_to_it(shop: Shop) -> None:
    there = asked(shop)
    mended = {"repo.readme.bytes": Known(value=500, path="README.md")}
    appraise(shop.portal, {"component:default/orders": mended})
    settle(shop)
    told = shop.get(there).split('class="notice pass"')[1].split("</ul></div>")[0]
    check = "check-readiness-readme"
    assert f'href="{ORDERS}?tab=scorecards#{check}">There is a README</a>: fail to <b>pass' in told
    assert "stays at" in told
    assert "The description says something" not in told
    assert "otherwise" not in shop.get(f"{ORDERS}?asked=x&since=never")


def test_what_is_not_there_or_past_cannot_be_looked_at_again(shop: Shop) -> None:
    assert shop.client.post("/catalog/component/default/gone/refresh").status_code == 404
    page = shop.get(f"{ORDERS}?as_of=2026-03-01T12:00:00Z&asked=x")
    assert "Look again" not in page
    assert "Looked at again" not in page


def test_whoever_asks_for_very_much_is_told_when_to_come_back_and_others_are_not(
    shop: Shop,
) -> None:
    names = ("orders", "payments")
    for number in range(FOR_ONE.most):
        answer = shop.client.post(f"/catalog/component/default/{names[number % 2]}/refresh")
        assert answer.status_code == 303
    settle(shop)
    for path in (f"{ORDERS}/refresh", f"/locations/{shop.location}/read"):
        refused = shop.client.post(path, headers={"Accept": "text/html"})
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= FOR_ONE.every.total_seconds()
        assert f"You have asked for {FOR_ONE.most} things in a short time." in refused.text
        assert faults(refused.text) == []
    backstage = shop.client.post(
        "/api/catalog/refresh", json={"entityRef": "component:default/orders"}
    )
    assert (backstage.status_code, "Retry-After" in backstage.headers) == (429, True)
    assert backstage.json["error"]["message"].startswith("You have asked")
    with shop.portal.database.read() as connection:
        assert pending.waiting(connection) == []
        row = by_ref(connection, "component:default/orders")
        assert row is not None
        assert not marks.is_marked(connection, row.id)
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    answer = shop.client.post(f"{ORDERS}/refresh", environ_overrides=elsewhere)
    assert answer.status_code == 303


def test_a_host_is_asked_about_so_often_whoever_asks(shop: Shop) -> None:
    asked = {"type": "url", "target": "https://git.example.org/acme/shop"}
    location = shop.client.post("/api/catalog/locations", json=asked).json["location"]["id"]

    def read(number: int) -> int:
        there = {"REMOTE_ADDR": f"198.51.100.{number}"}
        return shop.client.post(
            f"/api/v1/locations/{location}/refresh", environ_overrides=there
        ).status_code

    codes = [read(number) for number in range(ABOUT_ONE.most + 1)]
    assert codes == [202] * ABOUT_ONE.most + [429]
    settle(shop)
    elsewhere = {"REMOTE_ADDR": "198.51.100.200"}
    assert shop.client.post(f"{ORDERS}/refresh", environ_overrides=elsewhere).status_code == 303
