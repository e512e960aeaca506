import re
from html import unescape

from page_shop import appraise, component, put

from portal.config.views import View
from scorecards.facts import Known


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


def facet_of(page: str, title: str) -> list[tuple[str, int]]:
    """The choices of a facet with their counts."""
    box = page.split(f"<summary>{title}")[1].split("</details>")[0]
    return [(label, int(n)) for label, n in re.findall(r"<span>([^<]+)</span><span>(\d+)", box)]


def headings(page: str) -> list[str]:
    head = page.split("<thead><tr>")[1].split("</tr>")[0]
    return [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<th[^>]*>(.*?)</th>", head)]


def test_levels_are_a_facet_and_what_is_not_assessed_is_a_value_of_it(shop) -> None:
    assert facet_of(shop.get("/catalog"), "Readiness") == [
        ("Start", 2),
        ("Walk", 1),
        ("Not assessed", 1),
    ]
    assert facet_of(shop.get("/catalog?kind=all"), "Readiness")[-1] == ("Not assessed", 3)
    assert "Readiness</summary>" not in shop.get("/catalog?kind=group")


def test_a_level_narrows_the_list_and_other_facets_and_not_itself(shop) -> None:
    page = shop.get("/catalog?level=readiness:walk")
    assert names(page) == ["payments"]
    assert "Readiness: <b>walk</b>" in page
    assert facet_of(page, "Owner") == [("Alice&#39;s team", 1)]
    assert facet_of(page, "Readiness") == facet_of(shop.get("/catalog"), "Readiness")
    assert names(shop.get("/catalog?level=readiness:not-assessed")) == ["hostile"]
    both = "/catalog?level=readiness:Walk&level=readiness:not-assessed"
    assert names(shop.get(both)) == ["hostile", "payments"]
    assert names(shop.get(f"{both}&owner=group:default/alices")) == ["payments"]
    assert 'href="/catalog?kind=component&amp;level=readiness:Walk"' in shop.get(both)


def test_a_level_that_is_unheard_of_has_nothing_and_can_be_taken_off(shop) -> None:
    for unheard_of in ("readiness:Fly", "none:Walk"):
        page = shop.get(f"/catalog?level={unheard_of}")
        assert "Nothing matches these filters" in page
        assert f": <b>{unheard_of.partition(':')[2]}</b>" in page
        assert 'class="chip" href="/catalog?kind=component"' in page


def test_counts_of_levels_follow_results(shop) -> None:
    before = facet_of(shop.get("/catalog?owner=group:default/alices"), "Readiness")
    assert before == [("Start", 1), ("Walk", 1)]
    assert names(shop.get("/catalog?level=readiness:Walk")) == ["payments"]
    better = {"repo.readme.bytes": Known(value=500), "repo.tests.files": Known(value=0)}
    appraise(shop.portal, {"component:default/unclear": better})
    assert names(shop.get("/catalog?level=readiness:Walk")) == ["payments", "unclear"]
    after = facet_of(shop.get("/catalog?level=readiness:Walk"), "Owner")
    assert after == [("Alice&#39;s team", 1), ("charlies", 1)]


def test_counts_of_what_is_on_a_level_follow_what_entities_say(shop) -> None:
    path = "/catalog?level=readiness:Walk&level=readiness:Start"
    teams = [("Alice&#39;s team", 2), ("charlies", 1)]
    assert facet_of(shop.get(path), "Owner") == teams
    put(shop.portal, shop.location, "moved.yaml", component("more", owner="bobs"))
    appraise(shop.portal, {"component:default/more": {}})
    assert sorted(facet_of(shop.get(path), "Owner")) == [*teams[:1], ("bobs", 1), *teams[1:]]


def test_columns_can_be_chosen_by_a_form_without_a_script(shop) -> None:
    usual = ["Name", "Type, lifecycle", "Owner, system", "Readiness", "Failing"]
    assert headings(shop.get("/catalog")) == usual
    page = shop.get("/catalog?kind=component&column=name&column=failing&column=system&column=tags")
    assert headings(page) == ["Name", "System", "Tags", "Failing"]
    assert names(page) == ["hostile", "orders", "payments", "unclear"]
    assert ">java</a>" in page
    form = page.split('<details class="choose"><summary class="small">Columns')[1].split("</form>")[
        0
    ]
    chosen = re.findall(r'value="([^"]+)" checked', form)
    assert chosen == ["system", "tags", "failing"]
    assert 'name="kind" value="component"' in form
    assert 'name="column" value="name"' in form, "without a box it asks for the name alone"
    assert headings(shop.get("/catalog?column=name")) == ["Name"]
    assert headings(shop.get("/catalog?column=lifecycle")) == ["Name", "Lifecycle"]
    assert headings(shop.get("/catalog?column=nonsense")) == usual


def test_a_column_that_is_asked_for_is_there_even_if_nothing_is_in_it(shop) -> None:
    assert "Readiness" not in headings(shop.get("/catalog?kind=group"))
    page = shop.get("/catalog?kind=group&column=level:readiness&column=level:none")
    assert headings(page) == ["Name", "Readiness"]


def test_every_link_keeps_the_columns(shop) -> None:
    page = shop.get("/catalog?kind=component&column=tags")
    listed = page.split('id="filters"')[1].split("</aside>")[0]
    links = re.findall(r'href="(/catalog\?[^"]*)"', listed)
    assert links
    assert all("column=tags" in link for link in links)


def test_a_view_keeps_columns_and_is_another_one_with_others(shops) -> None:
    tags = (("kind", "component"), ("column", "tags"), ("level", "readiness:Walk"))
    shop = shops(views=(View(name="t", title="Tags", parameters=tags),))
    page = shop.get("/catalog?kind=component&level=readiness:WALK&column=tags")
    assert 'aria-current="page">Tags</a>' in page
    assert "Save as a view" not in page
    other = shop.get("/catalog?kind=component&level=readiness:Walk&column=owner")
    assert 'aria-current="page">Tags</a>' not in other
    assert "Save as a view" in other


def test_the_csv_has_the_columns_of_the_page(shop) -> None:
    first = ["ref", "kind", "name", "title"]
    for query, columns in (
        ("column=tags&column=level:readiness", ["tags", "readiness", "readiness:possible"]),
        ("column=name", []),
        ("column=failing&column=owner", ["owner", "failed", "unknown"]),
    ):
        page = shop.get(f"/catalog?{query}")
        link = unescape(page.split('>JSON</a><a class="btn" href="')[1].split('"')[0])
        table = shop.client.get(link).text.splitlines()
        assert table[0].split(",") == [*first, *columns]
        assert len(table) == 5
