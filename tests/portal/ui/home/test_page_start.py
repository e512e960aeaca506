"""The first run: an empty catalog leads to the first scorecard."""

from __future__ import annotations

import pytest
from page_people import DECIDER, NO_DECIDER, TOKENS, read, send
from page_shop import NOW, OpenShop, Shop, component, put

from catalog.problems import Problem
from portal.db.ingest import registrations
from portal.db.ingest.catalog_store import Store
from portal.db.sources import locations, registered
from portal.db.work import pending

TARGET = "https://github.com/team/service/blob/main/catalog-info.yaml"


@pytest.fixture
def empty(shops: OpenShop) -> Shop:
    return shops(filled=False, tokens=TOKENS)


def named(shop: Shop) -> str:
    with shop.portal.database.read() as connection:
        (found,) = registered.list_registered(connection)
    return found.id


def test_an_empty_catalog_says_what_to_do_first(empty: Shop) -> None:
    page = read(empty.client, "/")
    assert "1. Name what to read" in page
    assert "portal up --source ~/code" in page
    assert "a folder, or a git repository" in page
    assert "Waits for step 1" in page
    assert "http-equiv" not in page


def test_a_repository_is_named_read_and_leads_to_its_card(empty: Shop) -> None:
    done = send(empty.client, "/start", DECIDER, target=f" {TARGET} ")
    assert done.headers["Location"] == "/start#progress"
    with empty.portal.database.read() as connection:
        assert [one.key for one in pending.waiting(connection)] == [f"ingest:{named(empty)}"]
    for path in ("/", "/start"):
        page = read(empty.client, path)
        assert TARGET in page
        assert "Being read" in page
        assert '<noscript><meta http-equiv="refresh"' in page
    put(empty.portal, named(empty), "catalog-info.yaml", component("basket"))
    assert "1 entity so far" in read(empty.client, "/start")
    assert "What to fix first" in read(empty.client, "/")


def test_the_first_card_is_linked_when_there_is_one(shops: OpenShop) -> None:
    page = read(shops().client, "/start")
    assert "Open the card of" in page
    assert "?tab=scorecards" in page
    assert "1 error" in page


def test_what_could_not_be_read_is_said_with_what_to_do(empty: Shop) -> None:
    send(empty.client, "/start", DECIDER, target=TARGET)
    problem = Problem(code="SOURCE", message="It asks for <b>.", hint="Give it a token.")
    Store(empty.portal.database).note_failure(named(empty), None, problem)
    page = read(empty.client, "/")
    assert "It asks for &lt;b&gt;." in page
    assert "Give it a token." in page
    assert "Failed" in page
    assert "nothing was found" not in page


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("", "Name the URL"),
        ("~/code", "can only be named on the host"),
        ("/srv/code", "can only be named on the host"),
        ("C:\\code", "can only be named on the host"),
        ("git@git.example.com:team/service", "can only be cloned"),
        ("https://git.example.com/team/service.git", "can only be cloned"),
        ("https://github.com/acme/orders", "acme/orders/blob/main/catalog-info.yaml"),
        ("https://gitlab.com/acme/orders/", "acme/orders/blob/main/catalog-info.yaml"),
        ("two words", "one word without spaces"),
        ("https://x/\0", "one word without spaces"),
        ("service", "it begins with https://"),
        ('"><script>', "it begins with https://"),
        ("https://elsewhere.example.com/catalog-info.yaml", "not allowed"),
        ("https://elsewhere.example.com/catalog-info.yaml", "backend.reading.allow"),
        ("https://", "no URL"),
    ],
)
def test_what_is_no_url_is_refused_beside_the_field(empty: Shop, target: str, why: str) -> None:
    answer = send(empty.client, "/start", target=target)
    assert answer.status_code == 422
    assert why in answer.text
    assert "<script>" not in answer.text


def test_the_rules_of_the_api_hold(shops: OpenShop, empty: Shop) -> None:
    assert send(empty.client, "/start", NO_DECIDER, target=TARGET).status_code == 403
    with empty.portal.database.write() as connection:
        registrations.register(connection, type="url", target=TARGET, origin="config", now=NOW)
    taken = send(empty.client, "/start", target=TARGET)
    assert taken.status_code == 409
    assert "names this already" in taken.text
    closed = shops(filled=False, readonly=True)
    assert 'name="target"' not in read(closed.client, "/")
    assert "takes no locations from pages" in send(closed.client, "/start", target=TARGET).text
    with closed.portal.database.read() as connection:
        assert locations.list_locations(connection) == ()
