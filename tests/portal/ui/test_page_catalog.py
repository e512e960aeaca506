import re

from page_shop import component, put

from portal.config.views import View


def names(page: str) -> list[str]:
    return [re.findall(r"/catalog/\w+/default/([\w-]+)", row)[0] for row in body_rows(page)]


def body_rows(page: str) -> list[str]:
    return page.split("<tbody>")[1].split("</tbody>")[0].split("<tr>")[1:]


def test_components_are_shown_first(shop) -> None:
    page = shop.get("/catalog")
    assert names(page) == ["hostile", "orders", "payments", "unclear"]
    assert "4 Components" in page
    assert "1–4 of 4" in page


def test_every_kind_can_be_asked_for(shop) -> None:
    page = shop.get("/catalog?kind=all")
    assert "6 entities" in page


def test_facet_narrows_the_list_and_can_be_taken_off(shop) -> None:
    page = shop.get("/catalog?kind=component&owner=group:default/alices")
    assert names(page) == ["orders", "payments"]
    assert "Owner: <b>Alice&#39;s team</b>" in page
    assert 'href="/catalog?kind=component"' in page
    assert "Clear all" in page


def test_facet_counts_its_own_values_as_if_it_were_not_chosen(shop) -> None:
    page = shop.get("/catalog?kind=component&owner=group:default/alices")
    facet = page.split("Owner</summary>" if "Owner</summary>" in page else "Owner <span>")[1]
    assert "charlies</span><span>1</span>" in facet.split("</details>")[0]


def test_filters_disregard_case(shop) -> None:
    assert "4 Components" in shop.get("/catalog?kind=COMPONENT&type=SERVICE")


def test_sort_turns_round_and_says_so(shop) -> None:
    page = shop.get("/catalog")
    assert 'aria-sort="ascending"><a href="/catalog?kind=component&amp;sort=-name"' in page
    turned = shop.get("/catalog?kind=component&sort=-name")
    assert names(turned) == ["unclear", "payments", "orders", "hostile"]
    assert 'aria-sort="descending"' in turned


def test_search_keeps_the_filters(shop) -> None:
    page = shop.get("/catalog?kind=component&q=payments")
    assert names(page) == ["payments"]
    assert '<input type="hidden" name="kind" value="component">' in page
    assert "Search: <b>payments</b>" in page


def test_filters_that_hide_everything_are_not_an_empty_catalog(shop, shops) -> None:
    page = shop.get("/catalog?kind=component&q=zzz")
    assert "Nothing matches these filters" in page
    assert "6 entities; the filters hide all of them" in page
    assert "Nothing has been read yet" in shops(filled=False).get("/catalog")


def test_pages_are_in_the_url(shop) -> None:
    text = "---\n".join(component(f"svc-{n:03}") for n in range(120))
    put(shop.portal, shop.location, "many.yaml", text)
    first = shop.get("/catalog")
    assert "1–50 of 124" in first
    assert 'rel="next" href="/catalog?kind=component&amp;page=2"' in first
    last = shop.get("/catalog?kind=component&page=3")
    assert "101–124 of 124" in last
    assert 'rel="prev"' in last
    assert 'rel="next"' not in last


def test_nonsense_in_the_url_is_taken_for_the_default(shop) -> None:
    for query in ("page=-1", "page=x", "page=999999999999", "sort=owner", "kind=", "page=٣"):
        assert "<h1>Catalog</h1>" in shop.get(f"/catalog?{query}")


def test_owner_that_does_not_exist_is_marked(shop) -> None:
    row = next(row for row in body_rows(shop.get("/catalog")) if "/hostile" in row)
    assert "(not in the catalog)" in row
    assert "who gone" in row


def test_new_entities_show_in_the_facets_at_once(shop) -> None:
    assert "website" not in shop.get("/catalog")
    changed = component("site").replace("type: service", "type: website")
    put(shop.portal, shop.location, "site.yaml", changed)
    assert "<span>website</span><span>1</span>" in shop.get("/catalog")


def test_views_of_the_configuration_are_offered_and_say_which_is_shown(shops) -> None:
    live = View(name="live", title="Live <3", parameters=(("lifecycle", "production"),))
    mine = View(
        name="mine",
        title="Mine",
        parameters=(("kind", "all"), ("owner", "group:default/alices"), ("sort", "-name")),
    )
    shop = shops(views=(live, mine))
    assert 'aria-label="Views"' in shop.get("/catalog")
    assert 'aria-current="page">Live' not in shop.get("/catalog")
    assert 'aria-current="page">Live &lt;3</a>' in shop.get("/catalog?lifecycle=Production&page=2")
    shown = shop.get("/catalog?kind=all&owner=group:default/alices")
    assert 'aria-current="page">Mine</a>' in shown
    assert "/catalog?owner=group:default/alices&amp;kind=all&amp;sort=-name" in shown
    assert 'aria-current="page">Mine</a>' not in shop.get("/catalog?owner=group:default/alices")


def test_without_views_there_is_no_place_for_them(shop) -> None:
    assert 'aria-label="Views"' not in shop.get("/catalog")
