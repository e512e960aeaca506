from page_shop import component, put

from catalog.sources import Repository
from portal.db.work import pending


def test_problem_has_place_message_and_the_entity_it_would_be(shop) -> None:
    page = shop.get("/problems")
    assert "catalog-info.yaml:" in page
    assert "/catalog/component/default/broken" in page
    assert 'href="https://git.example.com/shop/blob/HEAD/catalog-info.yaml#L' in page


def test_filters_stay_in_the_form(shop) -> None:
    page = shop.get("/problems?text=broken&severity=error")
    assert 'name="text" value="broken"' in page
    assert '<option value="error" selected>' in page
    assert "Clear all" in page


def test_nothing_found_and_nothing_wrong_are_told_apart(shop, shops) -> None:
    assert "No problem matches these filters" in shop.get("/problems?text=zzz")
    assert "Every descriptor that was read is fine." in shops(filled=False).get("/problems")


def test_nonsense_in_the_url_is_left_out(shop) -> None:
    for query in ("severity=dreadful", "after=x", "from=x", "location=none", "code=%00"):
        shop.get(f"/problems?{query}")


def test_problems_are_paged_with_their_filters(shop) -> None:
    bad = "---\n".join(component(f"bad-{n}").replace("  owner: alices\n", "") for n in range(70))
    put(shop.portal, shop.location, "bad.yaml", bad)
    page = shop.get("/problems?text=bad-")
    assert "1–50" in page
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "text=bad-" in following
    last = shop.get(following)
    assert "51–70" in last
    assert ">First page</a>" in last


def test_location_shows_state_and_counts(shop) -> None:
    page = shop.get("/locations")
    assert "https://git.example.com" in page
    assert "Read</span>" in page
    assert "1 error, 0 warnings" in page
    detail = shop.get(f"/locations/{shop.location}")
    assert "Descriptors in shop" in detail
    assert "Has errors" in detail


def test_each_repository_is_counted_by_itself(shop) -> None:
    other = Repository(url="https://git.example.com/other", name="other")
    put(shop.portal, shop.location, "catalog-info.yaml", component("lone"), repository=other)
    page = shop.get(f"/locations/{shop.location}")
    row = page.split(">other</a>")[1].split("</tr>")[0]
    assert '<td class="num" data-label="Entities">1</td>' in row
    assert ">none</span>" in row


def test_reading_again_is_asked_for_and_said(shop) -> None:
    response = shop.client.post(f"/locations/{shop.location}/read")
    assert response.status_code == 303
    assert "It will be read again in a moment" in shop.get(response.headers["Location"])
    with shop.portal.database.read() as connection:
        keys = [one.key for one in pending.waiting(connection)]
    assert keys == [f"ingest:{shop.location}"]


def test_reading_again_is_refused_to_other_sites(shop) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    response = shop.client.post(f"/locations/{shop.location}/read", headers=foreign)
    assert response.status_code == 403


def test_unknown_location_is_not_found(shop) -> None:
    shop.get("/locations/none", 404)
    assert shop.client.post("/locations/none/read").status_code == 404
