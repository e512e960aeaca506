"""Forges tell of changes: what is signed is promised, and nothing else is done."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catalog.sources import Repository
from plugins.contract import GitHubPeople, GitLabPeople, PeopleProvider
from plugins.hooks import Delivery
from portal.api.bodies import LARGEST_DELIVERY
from portal.app import create_app
from portal.config import Auth, StaticToken
from portal.config.hooking import Hook
from portal.config.integrations import GitLab
from portal.db.ingest import registrations
from portal.db.sources import locations
from portal.db.work import claims, pending
from portal.pool import Pool
from portal.use_cases.receiving import Accepted, receive
from portal.wiring import Portal, tools_of
from portal.worker.requests import ASSESS, FLURRY, Lane, later_key
from tests.catalog_batches import note_listing
from tests.plugins.deliveries import SECRET, hub, push

ACME = "https://github.com/acme"
SHOP = f"{ACME}/shop"
OLD, NEW = "1" * 40, "2" * 40
HOOKS = (
    Hook(name="github", type="github", url=ACME, secrets=(SECRET,)),
    Hook(name="gitlab", type="gitlab", url="https://gitlab.com", secrets=(SECRET,)),
)


@pytest.fixture
def portal(make_portal: Callable[..., Portal]) -> Portal:
    return make_portal(
        hooks=HOOKS,
        auth=Auth.REQUIRED,
        tokens=(StaticToken(token="a-token", subject="somebody"),),
    )


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def known(
    portal: Portal, target: str, *urls: str, revision: str = OLD, named: str = ""
) -> list[str]:
    """Register a location that lists these repositories; the keys to it and to them."""
    with portal.database.write() as connection:
        id_ = registrations.register(
            connection, type="url", target=target, origin="config", now=portal.now()
        )
    found = [Repository(url=url, name=url) for url in urls]
    store = tools_of(portal, Pool(0)).store
    note_listing(store, id_, found, complete=True, now=portal.now())
    with portal.database.write() as connection:
        rows = locations.repositories(connection, id_)
        connection.exec_driver_sql(
            f"UPDATE repositories SET revision = '{'e' * 12}{named}/{revision}', state = 'ok'"
        )
    by_url = {row.url: f"refresh:{row.id}" for row in rows}
    return [f"ingest:{id_}", *(by_url[url] for url in urls)]


def send(client: FlaskClient, delivery: Delivery, name: str = "github") -> TestResponse:
    return client.post(
        f"/api/v1/webhooks/{name}", data=delivery.body, headers=dict(delivery.headers)
    )


def keys_of(client: FlaskClient, delivery: Delivery) -> Sequence[str]:
    answer = send(client, delivery)
    assert answer.status_code == 202, answer.json
    assert answer.json is not None
    keys: list[str] = answer.json["keys"]
    assert answer.json["status"] == ("accepted" if keys else "ignored")
    assert bool(answer.json["why"]) == (not keys)
    return keys


def tickets(portal: Portal) -> dict[str, str]:
    with portal.database.read() as connection:
        return {one.key: one.ticket for one in pending.waiting(connection)}


def waiting(portal: Portal) -> dict[str, int]:
    with portal.database.read() as connection:
        return {one.key: one.lane for one in pending.waiting(connection) if one.key != ASSESS}


@pytest.mark.parametrize(
    "spelled",
    [
        SHOP,
        f"{SHOP}.git",
        "ssh://git@github.com/acme/shop.git",
        "git@github.com:acme/shop.git",
        f"{SHOP}/blob/main/catalog-info.yaml",
    ],
)
def test_a_push_asks_for_the_repository_however_it_was_registered(
    portal: Portal, client: FlaskClient, spelled: str
) -> None:
    _, shop, _, _ = known(portal, ACME, spelled, f"{ACME}/shop-window", f"{ACME}/other")
    assert keys_of(client, hub("push", push(SHOP, NEW))) == [shop]
    assert waiting(portal) == {shop: Lane.EVENT}


@pytest.mark.parametrize("named", ["", "+0123456789ab"])
def test_a_push_that_has_been_read_already_asks_for_nothing(
    portal: Portal, client: FlaskClient, named: str
) -> None:
    # What a provider says are descriptors is part of what was read.
    _, shop = known(portal, SHOP, SHOP, revision=NEW, named=named)
    assert keys_of(client, hub("push", push(SHOP, NEW))) == []
    assert waiting(portal) == {}
    # One that came late may be older or newer: the forge is asked.
    assert keys_of(client, hub("push", push(SHOP, OLD))) == [shop]


def test_a_repository_that_failed_is_read_again_at_the_same_commit(
    portal: Portal, client: FlaskClient
) -> None:
    _, shop = known(portal, SHOP, SHOP, revision=NEW)
    with portal.database.write() as connection:
        connection.exec_driver_sql("UPDATE repositories SET state = 'failed'")
    assert keys_of(client, hub("push", push(SHOP, NEW))) == [shop]


def test_what_a_hook_does_not_speak_for_is_ignored(portal: Portal, client: FlaskClient) -> None:
    for url in ("https://github.com/other/shop", "https://github.com/acme-2/shop"):
        known(portal, url, url)
        assert keys_of(client, hub("push", push(url, NEW))) == []
    assert waiting(portal) == {}


@pytest.mark.parametrize("url", ["https://[", f"{ACME}/\0", "https://github.com:x/acme/shop"])
def test_what_is_no_address_is_ignored(portal: Portal, client: FlaskClient, url: str) -> None:
    known(portal, ACME, SHOP)
    assert keys_of(client, hub("push", push(url, NEW))) == []
    assert keys_of(client, hub("repository", push(url, "a\0b"))) == []


def test_a_new_repository_has_the_listing_over_it_asked(
    portal: Portal, client: FlaskClient
) -> None:
    listing, *_ = known(portal, f"{ACME}/", f"{ACME}/old")
    elsewhere, *_ = known(portal, "https://github.com/other", "https://github.com/other/x")
    created = {"action": "created", "repository": {"html_url": SHOP}}
    assert keys_of(client, hub("repository", created)) == [listing]
    assert keys_of(client, hub("push", push(SHOP, NEW))) == []
    assert elsewhere not in waiting(portal)


@pytest.mark.parametrize("action", ["created", "deleted", "suspend"])
def test_who_installs_an_app_or_lets_it_go_has_what_the_app_finds_listed_anew(
    portal: Portal, client: FlaskClient, action: str
) -> None:
    listing, _ = known(portal, "https://github.com/#all", "https://github.com/other/x")
    elsewhere, _ = known(portal, "https://ghe.example/#all", "https://ghe.example/acme/x")
    said = {"action": action, "installation": {"account": {"html_url": ACME}}}
    assert keys_of(client, hub("installation", said)) == [listing]
    assert elsewhere not in waiting(portal)


def test_paths_of_system_hooks_are_of_the_hooks_own_forge(
    portal: Portal, client: FlaskClient
) -> None:
    listing, shop = known(portal, "https://gitlab.com/acme", "https://gitlab.com/acme/shop")
    moved = {"event_name": "project_update", "path_with_namespace": "acme/shop"}
    delivery = Delivery(headers={"x-gitlab-token": SECRET}, body=json.dumps(moved).encode())
    answer = send(client, delivery, "gitlab")
    assert answer.json is not None
    assert answer.json["keys"] == [shop, listing]


def of_people(portal: Portal, *providers: PeopleProvider) -> tuple[Portal, list[str]]:
    """The same portal with these providers of people, and the keys to each."""
    keys = [later_key(known(portal, one.target)[0]) for one in providers]
    return replace(portal, settings=replace(portal.settings, people=providers)), keys


def gitlab(payload: dict[str, str]) -> Delivery:
    return Delivery(headers={"x-gitlab-token": SECRET}, body=json.dumps(payload).encode())


def test_who_joins_a_team_has_the_people_of_that_organization_read_in_a_while(
    portal: Portal,
) -> None:
    host = "github.com"
    portal, (acme, _, all_, _, _) = of_people(
        portal,
        GitHubPeople(id="a", host=host, organizations=("labs", "Acme")),
        GitHubPeople(id="b", host=host, organizations=("labs",)),
        GitHubPeople(id="c", host=host),
        GitHubPeople(id="d", host="ghe.example", organizations=("acme",)),
        GitLabPeople(id="e", host="gitlab.com", group="acme"),
    )
    client = create_app(portal).test_client()
    added = {"action": "added", "organization": {"login": "acme"}}
    assert keys_of(client, hub("membership", added)) == [acme, all_]
    assert waiting(portal) == {acme: Lane.EVENT, all_: Lane.EVENT}
    # The hook speaks for one organization.
    assert keys_of(client, hub("membership", {**added, "organization": {"login": "labs"}})) == []


def test_a_group_of_gitlab_is_read_by_who_reads_it_or_what_is_around_it(portal: Portal) -> None:
    host = "gitlab.com"
    portal, (tools, acme, labs, _) = of_people(
        portal,
        GitLabPeople(id="a", host=host, group="acme/tools"),
        GitLabPeople(id="b", host=host, group="/acme/"),
        GitLabPeople(id="c", host=host, group="labs"),
        GitLabPeople(id="d", host="git.example", group="acme"),
    )
    client = create_app(portal).test_client()

    def keys(event: str, **more: str) -> list[str]:
        answer = send(client, gitlab({"event_name": event, **more}), "gitlab")
        assert answer.json is not None
        return list(answer.json["keys"])

    assert keys("subgroup_create", full_path="acme/tools/new") == [tools, acme]
    assert keys("subgroup_destroy", full_path="Acme/other") == [acme]
    assert keys("group_rename", full_path="labs", old_full_path="lab") == [labs]
    # GitLab says only the last part of the path of a group that somebody joins.
    assert keys("user_add_to_group", group_path="tools") == [tools, acme, labs]
    assert keys("user_failed_login") == []


def test_paths_of_a_forge_below_a_path_are_below_it(portal: Portal) -> None:
    base = "https://git.example/forge"
    hook = Hook(name="ours", type="gitlab", url=base, secrets=(SECRET,))
    listing, shop = known(portal, f"{base}/acme", f"{base}/acme/shop")
    portal, (acme, _) = of_people(
        portal,
        GitLabPeople(id="a", host="git.example", group="acme"),
        GitLabPeople(id="b", host="git.example", group="labs"),
    )
    forge = GitLab(host="git.example", base_url=base)
    portal = replace(portal, settings=replace(portal.settings, integrations=(forge,)))

    def keys(hook: Hook, event: str, **more: str) -> tuple[str, ...]:
        found = receive(portal, hook, gitlab({"event_name": event, **more}))
        return found.keys if isinstance(found, Accepted) else ()

    assert keys(hook, "project_update", path_with_namespace="acme/shop") == (shop, listing)
    assert keys(hook, "subgroup_create", full_path="acme/new") == (acme,)
    assert len(keys(hook, "user_create")) == 2
    assert keys(replace(hook, url=f"{base}/acme"), "user_add_to_group") == (acme,)


def test_a_flood_of_deliveries_about_people_is_two_readings(portal: Portal) -> None:
    started = portal.now()
    clock = started
    portal, (key,) = of_people(
        portal, GitHubPeople(id="a", host="github.com", organizations=("acme",))
    )
    portal = replace(portal, work=replace(portal.work, now=lambda: clock))  # type: ignore[type-var]
    delivery = hub("membership", {"action": "added", "organization": {"login": "acme"}})
    read: list[timedelta] = []
    for second in range(300):
        clock = started + timedelta(seconds=second)
        assert receive(portal, HOOKS[0], delivery) == Accepted(keys=(key,))
        read += [clock - started] * due(portal, key, clock)
    assert read == [FLURRY]
    clock = started + timedelta(hours=1)
    assert [due(portal, key, clock), due(portal, key, clock)] == [1, 0]


def due(portal: Portal, key: str, now: datetime) -> int:
    """Whether the key's time has come, which keeps its promise."""
    with portal.database.write() as connection:
        waits = [one for one in pending.waiting(connection) if one.key == key]
        found = [one for one in waits if one.requested_at <= now]
        for one in found:
            pending.done(connection, one.key, one.ticket)
    return len(found)


def test_a_thousand_deliveries_are_one_piece_of_work(portal: Portal, client: FlaskClient) -> None:
    _, shop, other = known(portal, ACME, SHOP, f"{ACME}/other")
    keys_of(client, hub("push", push(f"{ACME}/other", NEW)))
    keys_of(client, hub("push", push(SHOP, NEW)))
    for _ in range(20):
        keys_of(client, hub("push", push(f"{ACME}/other", NEW)))
    # And whoever sends many does not lose their place.
    assert list(waiting(portal)) == [other, shop]


def test_what_a_person_waits_for_stays_first(portal: Portal, client: FlaskClient) -> None:
    _, shop = known(portal, SHOP, SHOP)
    portal.work.request(shop, Lane.PERSON)
    keys_of(client, hub("push", push(SHOP, NEW)))
    assert waiting(portal) == {shop: Lane.PERSON}


def test_a_delivery_while_the_repository_is_read_asks_again(
    portal: Portal, client: FlaskClient
) -> None:
    _, shop = known(portal, SHOP, SHOP)
    keys_of(client, hub("push", push(SHOP, NEW)))
    with portal.database.write() as connection:
        (begun,) = claims.take(connection, [shop], "a-worker")
    keys_of(client, hub("push", push(SHOP, "3" * 40)))
    with portal.database.write() as connection:
        claims.settle(connection, [begun])
    assert shop in waiting(portal)


def test_a_delivery_about_what_is_promised_already_writes_nothing(
    portal: Portal, client: FlaskClient
) -> None:
    _, shop = known(portal, SHOP, SHOP)
    keys_of(client, hub("push", push(SHOP, NEW)))
    before = tickets(portal)
    assert keys_of(client, hub("push", push(SHOP, "3" * 40))) == [shop]
    assert tickets(portal) == before
    # Of a key that waits behind others it is asked sooner.
    with portal.database.write() as connection:
        pending.done(connection, shop, before[shop])
        pending.put(connection, shop, lane=Lane.SWEEP, now=portal.now())
    keys_of(client, hub("push", push(SHOP, NEW)))
    assert waiting(portal) == {shop: Lane.EVENT}


def test_what_is_not_signed_is_refused_and_leaves_nothing(
    portal: Portal, client: FlaskClient
) -> None:
    known(portal, SHOP, SHOP)
    wrong = hub("push", push(SHOP, NEW), secret="some other secret")
    answer = send(client, wrong)
    assert (answer.status_code, (answer.json or {})["code"]) == (401, "UNAUTHENTICATED")
    # A token of the API is no signature.
    answer = client.post(
        "/api/v1/webhooks/github",
        json=push(SHOP, NEW),
        headers={"Authorization": "Bearer a-token"},
    )
    assert answer.status_code == 401
    assert waiting(portal) == {}


def test_a_hook_without_a_secret_is_not_there(client: FlaskClient) -> None:
    for name in ("gitea", "nothing"):
        assert send(client, hub("push", push(SHOP, NEW)), name).status_code == 404


def test_what_is_signed_and_cannot_be_read_is_the_senders_fault(client: FlaskClient) -> None:
    answer = send(client, hub("push", None, body=b"{"))
    assert (answer.status_code, (answer.json or {})["code"]) == (400, "BAD_DELIVERY")


def test_deliveries_may_be_as_large_as_forges_send_them(
    portal: Portal, client: FlaskClient
) -> None:
    _, shop = known(portal, SHOP, SHOP)
    body = json.dumps({**push(SHOP, NEW), "filler": ""}).encode()
    largest = body.replace(b'""', b'"' + b"x" * (LARGEST_DELIVERY - len(body)) + b'"')
    assert len(largest) == LARGEST_DELIVERY
    assert keys_of(client, hub("push", None, body=largest)) == [shop]
    answer = send(client, hub("push", None, body=largest + b" "))
    assert (answer.status_code, (answer.json or {})["code"]) == (413, "BODY_TOO_LARGE")
    # What is no delivery has the usual limit.
    posted = client.post("/api/v1/facts", data=largest, headers={"Authorization": "Bearer a-token"})
    assert posted.status_code == 413


def test_the_address_of_backstage_does_the_same_in_its_words(
    portal: Portal, client: FlaskClient
) -> None:
    _, shop = known(portal, SHOP, SHOP)

    def post(topic: str, delivery: Delivery) -> tuple[int, Any]:
        answer = client.post(
            f"/api/events/http/{topic}", data=delivery.body, headers=dict(delivery.headers)
        )
        return answer.status_code, answer.json

    assert post("github", hub("push", push(SHOP, NEW))) == (202, {"status": "accepted"})
    assert waiting(portal) == {shop: Lane.EVENT}
    wrong = hub("push", push(SHOP, NEW), secret="some other secret")
    assert post("github", wrong) == (403, {"message": "invalid signature"})
    assert post("gitlab", wrong) == (403, {"message": "invalid token"})
    assert post("bitbucket", wrong)[0] == 404
    digest = hmac.new(SECRET.encode(), b"{", hashlib.sha256).hexdigest()
    assert (
        post("github", Delivery(headers={"x-hub-signature-256": f"sha256={digest}"}, body=b"{"))[0]
        == 400
    )
