"""The pages of the platform team: removals, plugins, jobs, access and decisions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from page_people import DECIDER, NO_DECIDER, TOKENS, headers, read, send
from page_shop import NOW, TEAMS, OpenShop, Shop, put
from page_structure import faults

from catalog.problems import Problem
from portal.app import create_app
from portal.config import StaticToken
from portal.config.access import BackstageUsers, KeySetAccess, Restriction
from portal.db import tables
from portal.db.catalog import entities
from portal.db.evaluation import quarantine, unanswerable
from portal.db.ingest import held, registrations
from portal.version import EDITION
from portal.worker.requests import ingest_key

ORDERS = "component:default/orders"
ADMIN = StaticToken(
    token="admin-token",
    subject="ops",
    restrictions=(Restriction(plugin="plumbline", permissions=("plumbline.admin.read",)),),
)


@pytest.fixture
def shop(shops: OpenShop) -> Shop:
    return shops(tokens=(*TOKENS, ADMIN))


def hold(shop: Shop) -> None:
    with shop.portal.database.write() as connection:
        ids = registrations.served(connection, shop.location)
        held.hold(connection, shop.location, "", ids, reason="Its <files> are gone.", now=NOW)


def test_nothing_waits_and_nothing_went_at_first(shop: Shop) -> None:
    page = read(shop.client, "/admin/removals")
    assert "Nothing waits" in page
    assert "Nothing went" in page
    assert shop.client.get("/admin").headers["Location"].endswith("/locations")


def test_a_removal_that_waits_is_shown_with_what_would_go_and_can_be_approved(shop: Shop) -> None:
    hold(shop)
    page = read(shop.client, "/admin/removals")
    assert "Its &lt;files&gt; are gone." in page
    assert "Let 6 entities go" in page
    assert "/catalog/component/default/orders" in page
    action = page.split('action="/admin/removals/')[1].split('"')[0]
    done = send(shop.client, f"/admin/removals/{action}", DECIDER)
    assert done.status_code == 303
    after = read(shop.client, done.headers["Location"])
    assert "Approved." in after
    assert "Nothing waits" in after
    assert send(shop.client, f"/admin/removals/{action}", DECIDER).status_code == 404


def test_what_went_comes_back_and_both_are_on_record(shop: Shop) -> None:
    put(shop.portal, shop.location, "catalog-info.yaml", TEAMS)
    page = read(shop.client, "/admin/removals")
    assert f'name="ref" value="{ORDERS}"' in page
    assert "no longer declares it" in page
    done = send(shop.client, "/admin/tombstones/restore", DECIDER, ref=ORDERS)
    assert "Restored." in read(shop.client, done.headers["Location"])
    assert "Orders" in shop.get("/catalog/component/default/orders")
    decisions = read(shop.client, "/admin/decisions")
    assert "bob</th>" in decisions
    assert "/catalog/component/default/orders" in decisions
    for ref in (ORDERS, "nonsense<"):
        assert send(shop.client, "/admin/tombstones/restore", DECIDER, ref=ref).status_code == 404


def test_who_may_not_is_told_whom_to_ask_and_nothing_happens(shop: Shop) -> None:
    hold(shop)
    for path in ("removals", "plugins", "jobs", "access", "decisions"):
        refused = shop.client.get(f"/admin/{path}", headers=headers(NO_DECIDER))
        assert refused.status_code == 403
        assert "Whom to ask." in refused.text
        assert faults(refused.text) == []
        assert shop.client.get(f"/admin/{path}", headers=headers(ADMIN)).status_code == 200
    assert send(shop.client, "/admin/removals/1/approve", ADMIN).status_code == 403
    assert send(shop.client, "/admin/tombstones/restore", NO_DECIDER, ref=ORDERS).status_code == 403
    assert "Let 6 entities go" in read(shop.client, "/admin/removals")


def test_plugins_are_told_with_what_each_adds_and_why_one_is_not_there(shop: Shop) -> None:
    problem = Problem(code="PLUGIN_FAILED", message="The plugin <x> raised KeyError.")
    broken = replace(shop.portal, plugin_problems=(problem,))
    page = read(create_app(broken).test_client(), "/admin/plugins")
    assert "1 plugin could not be loaded" in page
    assert "The plugin &lt;x&gt; raised KeyError." in page
    assert "<code>repo.readme.bytes</code>" in page
    assert "Switched off: library" in page
    assert "could not be loaded" not in read(shop.client, "/admin/plugins")


def test_jobs_are_counted_by_lane_and_failures_have_their_reason(shop: Shop) -> None:
    page = read(shop.client, "/admin/jobs")
    assert "Nothing fails" in page
    shop.client.post(f"/locations/{shop.location}/read")
    shop.portal.work.request_seldom([ingest_key(shop.location)])
    with shop.portal.database.write() as connection:
        quarantine.put(connection, "1 < 2", "It took too long.", edition=EDITION, now=NOW)
        row = entities.by_ref(connection, ORDERS)
        unanswerable.give_up(connection, {row.id: "A child was lost."}, now=NOW)
    page = read(shop.client, "/admin/jobs")
    assert "2 pieces of work" in page
    assert page.count("Read https://git.example.com") == 2
    assert page.count(", in a while") == 1
    assert "1 &lt; 2" in page
    assert "It took too long." in page
    assert "A child was lost." in page


def test_access_is_shown_without_secrets(shops: OpenShop) -> None:
    keys = KeySetAccess(url="https://id.example.com/keys", prefix="ci", restrictions=())
    users = BackstageUsers(url="https://backstage.example.com/jwks")
    page = read(shops(tokens=TOKENS, access=(keys, users)).client, "/admin/access")
    assert "This portal is open." in page
    assert "external:ci:*" in page
    assert "https://id.example.com/keys" in page
    assert "People of a Backstage" in page
    assert "plumbline: plumbline.read, plumbline.update" in page
    for token in TOKENS:
        assert token.subject in page
        assert token.token not in page
    assert "No token is configured" in read(shops().client, "/admin/access")


def test_a_location_that_is_gone_does_not_break_what_waits(shop: Shop, tmp_path: Path) -> None:
    with shop.portal.database.write() as connection:
        other = registrations.register(
            connection, type="file", target=str(tmp_path), origin="command", now=NOW
        )
        held.hold(connection, other, "", [1], reason="x", now=NOW)
        gone = tables.locations.update().where(tables.locations.c.id == other)
        connection.execute(gone.values(removed_at=NOW))
    assert "a location</span>" in read(shop.client, "/admin/removals")
