"""The page of a team: what it owns, how that stands, and where to go from there."""

from __future__ import annotations

from page_shop import Shop, appraise, component, put

from scorecards.facts import Known

USER = """\
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ann}
spec: {memberOf: [alices]}
"""


def owns(shop: Shop, path: str = "/catalog/group/default/alices") -> str:
    return shop.get(path).partition('id="owns"')[2].partition("</section>")[0]


def test_team_shows_what_it_owns_the_most_failing_first(shop_to_see: Shop) -> None:
    part = owns(shop_to_see)
    assert part.index("Orders &lt;3") < part.index("payments")
    assert "2 of 3" in part
    assert "Walk</span>" in part
    assert "unclear" not in part


def test_team_leads_to_its_attention_list_its_trends_and_its_entities(shop_to_see: Shop) -> None:
    part = owns(shop_to_see)
    for there in (
        "/?team=group:default/alices",
        "/scorecards/readiness/trends?within=group:default/alices",
        "/catalog?kind=all&amp;owner=group:default/alices",
        "/catalog?kind=all&amp;within=group:default/alices",
    ):
        assert f'href="{there}"' in part
        assert shop_to_see.get(there.replace("&amp;", "&"))


def test_levels_beside_it_are_those_of_what_it_owns(shop_to_see: Shop) -> None:
    beside = shop_to_see.get("/catalog/group/default/charlies").partition('aria-label="Details"')[2]
    assert "1 assessed, of what it owns." in beside


def test_team_without_services_says_how_it_gets_some(shop: Shop) -> None:
    put(shop.portal, shop.location, "ann.yaml", USER)
    text = owns(shop, "/catalog/user/default/ann")
    assert "Nothing in the catalog names it as the owner." in text
    put(shop.portal, shop.location, "more.yaml", component("more", owner="user:ann"))
    text = owns(shop, "/catalog/user/default/ann")
    assert "Nothing of it is assessed" in text
    assert ">in the catalog</a>" in text
    facts = {"repo.readme.bytes": Known(value=500), "repo.tests.files": Known(value=1)}
    appraise(shop.portal, {"component:default/more": facts})
    text = owns(shop, "/catalog/user/default/ann")
    assert "more</a>" in text
    assert "What to fix first" not in text


def test_what_is_left_out_of_a_long_list_is_counted(shop: Shop) -> None:
    names = [f"many-{n}" for n in range(23)]
    put(shop.portal, shop.location, "many.yaml", "---\n".join(map(component, names)))
    facts = {"repo.readme.bytes": Known(value=500), "repo.tests.files": Known(value=1)}
    appraise(shop.portal, {f"component:default/{name}": facts for name in names})
    assert "And 5 more with fewer failing checks." in owns(shop)


def test_only_who_can_own_something_says_so_and_not_for_the_past(shop_to_see: Shop) -> None:
    assert owns(shop_to_see, "/catalog/component/default/orders") == ""
    then = "/catalog/group/default/alices?as_of=2026-03-01T12:00:00Z"
    assert owns(shop_to_see, then) == ""
