"""Tokens on the pages: the list, the form, the secret that is shown once, and revoking."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from page_people import DECIDER, NO_DECIDER, TOKENS, headers, read, send
from page_shop import NOW, OpenShop, Shop
from page_structure import faults
from werkzeug.test import TestResponse

from portal.app import create_app
from portal.config import Auth, StaticToken
from portal.config.access import Restriction
from portal.db.access import sessions, tokens
from portal.db.access.tokens import Act, MadeToken

LIMITED = StaticToken(
    token="limited-token",
    subject="limited",
    restrictions=(
        Restriction(
            plugin="plumbline", permissions=("plumbline.admin.read", "plumbline.admin.update")
        ),
    ),
)
SECRET = re.compile(r"plb_[0-9A-Za-z]{49}")


@pytest.fixture
def shop(shops: OpenShop) -> Shop:
    return shops(filled=False, tokens=(*TOKENS, LIMITED))


def make(shop: Shop, subject: str = "ci", **fields: str) -> TestResponse:
    """The answer to the form as somebody fills it in, by default to push facts for 90 days."""
    page = read(shop.client, "/admin/tokens/new", DECIDER)
    seen = page.split('name="seen" value="')[1].split('"')[0]
    typed = {"permission": "plumbline.facts.push", "reach": "some", "expires": "90", "seen": seen}
    return send(
        shop.client, "/admin/tokens/new", DECIDER, **{**typed, "subject": subject, **fields}
    )


def kept(shop: Shop) -> list[MadeToken]:
    with shop.portal.database.read() as connection:
        return list(tokens.list_tokens(connection).items)


def test_without_any_token_the_page_leads_to_the_form(shop: Shop) -> None:
    page = read(shop.client, "/admin/access", DECIDER)
    assert "No token was made here yet" in page
    assert 'href="/admin/tokens/new"' in page
    form = read(shop.client, "/admin/tokens/new", DECIDER)
    assert '<option value="90" selected>' in form
    assert 'value="plumbline.facts.push" checked' in form
    assert form.count(" checked") == 2, "pushing facts, and no more than what is ticked"


def test_a_token_is_made_its_secret_shown_once_and_then_never(shop: Shop) -> None:
    answer = make(shop, facts="coverage, deploy", entities="component:payments/*")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    [secret] = set(SECRET.findall(answer.text))
    assert 'data-copy="the secret"' in answer.text
    assert answer.text.count(secret) == 1, "in its own place, and in no address"
    [found] = kept(shop)
    assert found.made.actor == "bob"
    assert found.expires_at == NOW + timedelta(days=90)
    assert found.restrictions == (
        Restriction(
            plugin="plumbline",
            permissions=("plumbline.facts.push",),
            facts=("coverage", "deploy"),
            entities=("component:payments/*",),
        ),
    )
    shown = {"Authorization": f"Bearer {secret}"}
    assert shop.client.post("/api/v1/facts", json={"items": [{}]}, headers=shown).status_code == 200
    assert shop.client.get("/catalog", headers=shown).status_code == 403
    for path in ("/admin/access", "/admin/decisions", f"/admin/tokens/{found.id}/revoke"):
        page = read(shop.client, path, DECIDER)
        assert secret not in page
        assert "ci" in page
    assert "Token ci was made" in read(shop.client, "/admin/decisions", DECIDER)


def test_a_form_that_is_sent_twice_makes_one_token(shop: Shop) -> None:
    first = make(shop)
    assert SECRET.search(first.text)
    again = make(shop, seen="0")
    assert again.status_code == 409
    assert "Its secret was shown then, once" in again.text
    assert not SECRET.search(again.text)
    assert len(kept(shop)) == 1
    assert make(shop).status_code == 200, "a second one of the same subject, opened anew"
    assert len(kept(shop)) == 2


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"subject": ""}, "one word"),
        ({"subject": "two words"}, "one word"),
        ({"expires": "7000"}, "Choose one of the periods"),
        ({"permission": "elsewhere.read"}, "There is no plugin of this name"),
        ({"reach": "all", "facts": "coverage"}, "no limits"),
        ({"permission": "catalog.entity.read", "facts": "coverage"}, "is not ticked"),
        ({"description": "x" * 501}, "at most 500"),
        ({"permission": "plumbline.<b>"}, "There is no permission of this name"),
    ],
)
def test_what_is_wrong_stands_at_its_field_with_what_was_typed(
    shop: Shop, fields: dict[str, str], fault: str
) -> None:
    answer = make(shop, **{"subject": "ci", "entities": "", "description": "<i>", **fields})
    assert answer.status_code == 422
    assert "It was not made." in answer.text
    assert fault in answer.text
    assert "<i>" not in answer.text
    assert kept(shop) == []


def test_nothing_ticked_is_no_token(shop: Shop) -> None:
    typed = {"subject": "ci", "reach": "some", "expires": "90"}
    answer = send(shop.client, "/admin/tokens/new", DECIDER, **typed)
    assert answer.status_code == 422
    assert "Tick at least one permission" in answer.text


def test_a_token_may_do_everything_and_last_where_somebody_says_so(shop: Shop) -> None:
    answer = make(shop, reach="all", expires="never", description="For <ops>.")
    assert "but for making and revoking tokens" in answer.text
    [found] = kept(shop)
    assert (found.restrictions, found.expires_at) == ((), None)
    page = read(shop.client, "/admin/access", DECIDER)
    assert "For &lt;ops&gt;." in page
    assert "<strong>Everything</strong>" in page


def test_a_token_is_revoked_after_asking_and_stays_on_the_list(shop: Shop) -> None:
    secret = SECRET.search(make(shop, reach="all").text)
    assert secret is not None
    shown = {"Authorization": f"Bearer {secret[0]}"}
    assert shop.client.get("/catalog", headers=shown).status_code == 200
    [found] = kept(shop)
    asked = read(shop.client, f"/admin/tokens/{found.id}/revoke", DECIDER)
    assert "Whoever shows it will not be let in any more" in asked
    assert shop.client.get("/catalog", headers=shown).status_code == 200, "asking does nothing"
    done = send(shop.client, f"/admin/tokens/{found.id}/revoke", DECIDER)
    assert done.status_code == 303
    page = read(shop.client, done.headers["Location"], DECIDER)
    assert "Nobody is let in with that token any more" in page
    assert "Revoked</span>" in page
    assert "by bob" in page
    assert f"/admin/tokens/{found.id}/revoke" not in page
    assert shop.client.get("/catalog", headers=shown).status_code == 401
    assert "It was revoked" in read(shop.client, f"/admin/tokens/{found.id}/revoke", DECIDER)
    for method in (shop.client.get, shop.client.post):
        assert method("/admin/tokens/77/revoke", headers=headers(DECIDER)).status_code == 404


def test_states_are_told_by_words(shop: Shop) -> None:
    make(shop, "soon", expires="30")
    make(shop, "later", expires="365")
    for days, words in ((20, {"Active", "Expires soon"}), (30, {"Active", "Expired"})):
        now = NOW + timedelta(days=days)
        client = create_app(replace(shop.portal, now=lambda now=now: now)).test_client()
        page = read(client, "/admin/access", DECIDER)
        assert all(f"{word}</span>" in page for word in words)
    [_, soon] = kept(shop)
    assert "It has expired, and lets nobody in" in read(
        client, f"/admin/tokens/{soon.id}/revoke", DECIDER
    )


def test_a_long_list_has_pages(shop: Shop) -> None:
    with shop.portal.database.write() as connection:
        for number in range(51):
            tokens.add(
                connection,
                digest=str(number),
                subject=f"ci-{number}",
                description="",
                restrictions=(),
                expires_at=None,
                act=Act(actor="ann", at=NOW),
            )
    first = read(shop.client, "/admin/access", DECIDER)
    assert "ci-50<" in first
    assert "ci-0<" not in first
    more = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "ci-0<" in read(shop.client, more, DECIDER)
    assert "This page does not exist" in read(shop.client, "/admin/access?after=x&from=7", DECIDER)


def test_who_may_not_make_tokens_is_told_so_and_shown_no_way(shop: Shop) -> None:
    made = SECRET.search(make(shop, reach="all").text)
    assert made is not None
    itself = StaticToken(token=made[0], subject="ci")
    for who in (LIMITED, itself):
        page = read(shop.client, "/admin/access", who)
        assert "can neither make nor revoke tokens" in page
        assert "/admin/tokens/" not in page
        for path in ("/admin/tokens/new", "/admin/tokens/1/revoke"):
            for method in (shop.client.get, shop.client.post):
                refused = method(path, headers=headers(who))
                assert refused.status_code == 403
                assert "Whom to ask." in refused.text
                assert faults(refused.text) == []
    assert shop.client.get("/admin/tokens/new", headers=headers(NO_DECIDER)).status_code == 403
    assert [one.revoked for one in kept(shop)] == [None]


def test_a_page_of_another_site_makes_no_token(shops: OpenShop) -> None:
    shop = shops(filled=False, auth=Auth.REQUIRED)
    with shop.portal.database.write() as connection:
        code = sessions.create_link(connection, now=shop.portal.now())
    shop.client.get(f"/login?once={code}")
    typed = {"subject": "ci", "reach": "all", "expires": "90"}
    foreign = {"Sec-Fetch-Site": "cross-site"}
    refused = shop.client.post("/admin/tokens/new", data=typed, headers=foreign)
    assert refused.status_code == 403
    assert kept(shop) == []
    own = {"Sec-Fetch-Site": "same-origin"}
    assert shop.client.post("/admin/tokens/new", data=typed, headers=own).status_code == 200
    assert [one.made.actor for one in kept(shop)] == ["operator"]
