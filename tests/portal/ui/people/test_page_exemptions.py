"""Exemptions on the pages: asked for at a check, decided by those who may, shown as exempt."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from page_people import ASKER, DECIDER, NO_DECIDER, TOKENS, headers, read, send
from page_shop import NOW, Shop, appraise
from page_structure import faults

from portal.app import create_app
from portal.config import Auth, StaticToken
from portal.db.people import exemptions as store
from portal.db.people.exemption_lists import count_phases
from scorecards.facts import Known, Missing
from scorecards.people.exemptions import Budget, Exemption, OneEntity, Policy, State

OpenShop = Callable[..., Shop]
ORDERS = "component:default/orders"
FORM = {
    "ref": ORDERS,
    "scorecard": "readiness",
    "check": "readme",
    "ground": "not_feasible_yet",
    "text": "The repository moves in May.",
    "compensated_by": "",
    "expires_on": "2026-04-01",
}


@pytest.fixture
def guarded(shops: OpenShop) -> Shop:
    """A shop in which people say who they are, and nobody approves their own."""
    return shops(auth=Auth.REQUIRED, tokens=TOKENS, exemptions=Policy())


def stored(shop: Shop, number: int = 1) -> Exemption:
    with shop.portal.database.read() as connection:
        found = store.find(connection, number, now=shop.portal.now())
    assert found is not None
    return found


def ask(shop: Shop, by: StaticToken | None = None, **other: str) -> str:
    """Ask through the form; returns the path of what was asked for."""
    answer = send(shop.client, "/exemptions/new", by, **{**FORM, **other})
    assert answer.status_code == 303, answer.text
    return answer.location.split("?")[0]


def tag(page: str) -> str:
    return page.split('name="seen" value="')[1].split('"')[0]


def at(shop: Shop, days: int) -> Shop:
    """The same shop some days later."""
    portal = replace(shop.portal, now=lambda: NOW + timedelta(days=days))
    return replace(shop, portal=portal, client=create_app(portal).test_client())


def test_form_is_reached_from_a_failing_check_and_knows_it(shop) -> None:
    tab = shop.get("/catalog/component/default/orders?tab=scorecards")
    link = tab.split("Request an exemption")[0].rsplit('href="', 1)[1].split('"')[0]
    page = read(shop.client, link.replace("&amp;", "&"))
    assert f'value="{ORDERS}"' in page
    assert '<option value="readme" selected>' in page
    assert 'value="2026-03-31"' in page
    assert 'min="2026-03-02" max="2026-08-28"' in page


def test_passing_check_offers_no_exemption(shop) -> None:
    tab = shop.get("/catalog/component/default/payments?tab=scorecards")
    readme = tab.split('id="check-readiness-readme"')[1].split('class="check"')[0]
    assert "Link to this check" in readme
    assert "Request an exemption" not in readme


def test_check_of_which_an_exemption_is_requested_says_so_and_asks_for_no_other(shop) -> None:
    path = ask(shop)
    tab = read(shop.client, "/catalog/component/default/orders?tab=scorecards")
    readme = tab.split('id="check-readiness-readme"')[1].split('class="check"')[0]
    assert f'<a href="{path}">Exemption requested</a>' in readme
    assert "Request an exemption" not in readme
    assert "Request an exemption" in tab, "of another check"
    decided = read(shop.client, path)
    assert (
        'href="/catalog/component/default/orders?tab=scorecards#check-readiness-readme"' in decided
    )


def test_request_is_stored_as_it_was_typed_and_shown(shop) -> None:
    path = ask(shop)
    page = read(shop.client, path)
    one = stored(shop)
    assert (one.state, one.scope.check, one.reason.text) == (
        State.REQUESTED,
        "readme",
        "The repository moves in May.",
    )
    assert one.expires_at.isoformat() == "2026-04-01T00:00:00+00:00"
    assert "There is a README" in page
    assert "Not feasible yet" in page
    assert "It is requested." in read(shop.client, f"{path}?asked=1")


def test_component_may_be_named_by_its_name_alone(shop) -> None:
    ask(shop, ref="Orders")
    assert stored(shop).scope.whom == OneEntity(ref=ORDERS)


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"text": " "}, "text", "Say why, in a sentence."),
        ({"ground": "because"}, "ground", "Choose what kind of reason it is."),
        ({"ref": ""}, "ref", "Which entity is not said."),
        ({"ref": "Order service"}, "ref", "not by its title"),
        ({"ref": "component:"}, "ref", "component:default/basket"),
        ({"expires_on": "soon"}, "expires_on", "This is not a day as 2026-03-01."),
        ({"expires_on": "2026-03-01"}, "expires_on", "within 180 days."),
        ({"expires_on": "2027-03-01"}, "expires_on", "within 180 days."),
        ({"check": "none"}, "check", "The scorecard has no check with this id."),
        ({"scorecard": "none"}, "scorecard", "There is no scorecard of this name."),
        ({"ground": "compensated"}, "compensated_by", "Say what compensates"),
        ({"text": "x" * 2001}, "text", "longer than 2,000 characters"),
    ],
)
def test_fault_stands_at_its_field_and_what_was_typed_is_kept(
    shop, typed: dict[str, str], field: str, said: str
) -> None:
    answer = send(shop.client, "/exemptions/new", **{**FORM, **typed})
    assert answer.status_code == 422
    at_field = answer.text.split(f'id="e-{field}"')[1].split("</p>")[0]
    assert said in at_field
    assert f'aria-describedby="e-{field}"' in answer.text, "it is heard at the field as well"
    assert faults(answer.text) == []
    if "text" not in typed:
        assert "The repository moves in May.</textarea>" in answer.text
    with shop.portal.database.read() as connection:
        assert sum(count_phases(connection, now=NOW).values()) == 0


def test_hostile_text_stays_text(shop) -> None:
    path = ask(shop, text="<script>alert(1)</script>", ref="component:default/hostile")
    for page in (read(shop.client, path), read(shop.client, "/exemptions")):
        assert "<script>" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_somebody_else_approves_with_a_note(guarded) -> None:
    path = ask(guarded, ASKER)
    page = read(guarded.client, path, DECIDER)
    answer = send(guarded.client, f"{path}/approve", DECIDER, seen=tag(page), note="Until then.")
    assert (answer.status_code, answer.location) == (303, path)
    page = read(guarded.client, path, DECIDER)
    assert "In force" in page
    assert "Until then." in page
    step = stored(guarded).steps[-1]
    assert (step.state, step.actor, step.reason) == (State.APPROVED, "bob", "Until then.")


def test_who_asked_may_not_approve_and_is_told_before(guarded) -> None:
    path = ask(guarded, ASKER)
    page = read(guarded.client, path, ASKER)
    assert ">Approve</button>" not in page
    assert "Who requests an exemption may not approve it." in page
    assert ">Withdraw</button>" in page
    assert ">Withdraw</button>" not in read(guarded.client, path, DECIDER)


def test_not_permitted_is_a_page_of_its_own_that_says_whom_to_ask(guarded) -> None:
    path = ask(guarded, ASKER)
    seen = tag(read(guarded.client, path, ASKER))
    answer = send(guarded.client, f"{path}/approve", ASKER, seen=seen)
    assert answer.status_code == 403
    assert "You may not do this" in answer.text
    assert "Whom to ask." in answer.text
    assert "Nothing was changed." in answer.text
    assert stored(guarded).state is State.REQUESTED


def test_approvers_are_named_to_who_is_none(shops) -> None:
    policy = Policy(approvers=("bob", "group:default/platform"))
    shop = shops(auth=Auth.REQUIRED, tokens=TOKENS, exemptions=policy)
    path = ask(shop, DECIDER)
    answer = send(
        shop.client, f"{path}/deny", ASKER, seen=tag(read(shop.client, path, DECIDER)), note="No."
    )
    assert answer.status_code == 403
    assert "bob, group:default/platform" in answer.text


def test_token_that_may_not_decide_cannot_by_the_page(guarded) -> None:
    path = ask(guarded, NO_DECIDER)
    answer = guarded.client.post(
        f"{path}/withdraw",
        data={"seen": tag(read(guarded.client, path, NO_DECIDER))},
        headers=headers(NO_DECIDER),
    )
    assert answer.status_code == 303
    other = ask(guarded, ASKER)
    seen = tag(read(guarded.client, other, DECIDER))
    for decision in ("approve", "deny"):
        answer = guarded.client.post(
            f"{other}/{decision}", data={"seen": seen, "note": "x"}, headers=headers(NO_DECIDER)
        )
        assert answer.status_code == 403
    assert stored(guarded, 2).state is State.REQUESTED


def test_form_of_another_site_is_refused(shop) -> None:
    answer = shop.client.post(
        "/exemptions/new",
        data=FORM,
        headers={"Sec-Fetch-Site": "cross-site", "Accept": "text/html"},
    )
    assert answer.status_code == 403
    with shop.portal.database.read() as connection:
        assert sum(count_phases(connection, now=NOW).values()) == 0


def test_lost_update_is_said_and_the_note_is_kept(guarded) -> None:
    path = ask(guarded, ASKER)
    seen = tag(read(guarded.client, path, DECIDER))
    send(guarded.client, f"{path}/approve", DECIDER, seen=seen)
    answer = send(guarded.client, f"{path}/deny", DECIDER, seen=seen, note="It is not needed.")
    assert answer.status_code == 409
    assert "somebody decided on it meanwhile" in answer.text
    assert "It is not needed.</textarea>" in answer.text
    assert stored(guarded).state is State.APPROVED


def test_deny_without_a_note_is_said_at_the_note(guarded) -> None:
    path = ask(guarded, ASKER)
    seen = tag(read(guarded.client, path, DECIDER))
    answer = send(guarded.client, f"{path}/deny", DECIDER, seen=seen, note=" ")
    assert answer.status_code == 422
    assert 'aria-describedby="e-note"' in answer.text
    assert stored(guarded).state is State.REQUESTED


def test_budget_that_is_used_up_is_said_with_its_numbers(shops) -> None:
    policy = Policy(self_approval=True, per_scorecard=Budget(most=0))
    shop = shops(exemptions=policy)
    path = ask(shop)
    answer = send(
        shop.client, f"{path}/approve", seen=tag(read(shop.client, path)), note="Let it be."
    )
    assert answer.status_code == 422
    assert "would have 1 exempted entities" in answer.text
    assert "at most 0" in answer.text
    assert "Let it be.</textarea>" in answer.text


def test_exempt_check_is_shown_as_exempt_and_never_as_a_pass(shop) -> None:
    path = ask(shop)
    send(shop.client, f"{path}/approve", seen=tag(read(shop.client, path)))
    appraise(
        shop.portal,
        {
            ORDERS: {
                "repo.readme.bytes": Known(value=5, path="README.md"),
                "repo.tests.files": Missing(looked_for="*_test.py"),
            }
        },
    )
    tab = read(shop.client, "/catalog/component/default/orders?tab=scorecards")
    before, after = tab.split('id="check-readiness-readme"')
    assert before.rsplit("<summary>", 1)[1].count('class="pill exempt"') == 1
    after = after.split('class="check"')[0]
    assert f'<a href="{path}">exemption 1</a>' in after
    assert 'class="pill fail"' in after  # what it would say without
    insights = read(shop.client, "/insights")
    assert "1 exempt" in insights


def test_queue_has_phases_with_counts_and_opens_where_there_is_something(shop) -> None:
    path = ask(shop, expires_on="2026-03-10")
    send(shop.client, f"{path}/approve", seen=tag(read(shop.client, path)))
    page = read(shop.client, "/exemptions")
    assert 'aria-current="page">In force <small>1</small>' in page
    assert "Expiring soon <small>1</small>" in page
    assert "in 9 days" in page
    waiting = read(shop.client, "/exemptions?state=requested")
    assert "No request is waiting" in waiting
    assert "1 in force" in waiting


def test_exemption_whose_time_has_come_has_ended_by_itself(shop) -> None:
    path = ask(shop, expires_on="2026-03-10")
    send(shop.client, f"{path}/approve", seen=tag(read(shop.client, path)))
    later = at(shop, 20)
    assert "Ended <small>1</small>" in read(later.client, "/exemptions")
    page = read(later.client, path)
    assert "by itself" in page
    assert "Request another one" in page
    assert "<button" not in page.split('aria-label="Decide"')[1].split("</aside>")[0]


def test_queue_can_be_that_of_an_owner(shop) -> None:
    ask(shop)
    ask(shop, ref="component:default/unclear")
    page = read(shop.client, "/exemptions?owner=group:default/charlies")
    assert "Requested <small>1</small>" in page
    assert "unclear" in page
    assert "Orders" not in page.split('aria-label="Exemptions"')[1]
    none = read(shop.client, "/exemptions?owner=group:default/nobody")
    assert "Nothing that this owner owns is exempt" in none


def test_long_queue_comes_in_pages(shop) -> None:
    for _ in range(52):
        ask(shop)
    page = read(shop.client, "/exemptions")
    assert "1–50 of 52" in page
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "51–52 of 52" in read(shop.client, following)


def test_never_any_is_told_apart_from_none_left(shop) -> None:
    assert "Nothing was ever exempt" in read(shop.client, "/exemptions")


def test_whole_scorecard_can_be_exempt_for_an_entity_that_is_not_there_yet(shop) -> None:
    page = read(shop.client, ask(shop, check="", ref="component:default/future"))
    assert "Every check" in page
    assert "is not in the catalog" in page
