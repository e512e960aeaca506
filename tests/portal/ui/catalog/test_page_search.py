import pytest
from page_shop import component
from page_structure import faults

from tests.doc_rows import found, pages, save


def test_hits_say_their_kind_and_why_they_matched(shop) -> None:
    page = shop.get("/search?q=paym")
    assert '<td data-label="Kind">Component</td>' in page
    assert '<span class="muted">name:</span> <mark>paym</mark>ents' in page


def test_checks_and_problems_are_found_too(shop) -> None:
    page = shop.get("/search?q=readme")
    assert "There is a README" in page
    assert "1 problem mentions it" in shop.get("/search?q=broken")


def test_pages_of_documentation_are_found_by_title(shop) -> None:
    read = pages({"README.md": "# Ünder 100% load <b>", "docs/guides/run.md": "# Run it"})
    shared = [found(f"component:default/{name}", read) for name in ("payments", "orders")]
    save(shop.portal.database, *shared)
    page = shop.get("/search?q=docs:+LOAD+%C3%BCnder")
    assert faults(page) == []
    assert "Ünder 100% load</a>" in page
    assert "tab=docs&amp;page=README.md" in page
    assert "and 1 more" in page
    assert "Run it" not in page
    assert "100% load" in shop.get("/search?q=docs:%25")
    for nothing in ("docs:zzz", "docs:", "docs:_und", "docs:%00"):
        assert "Nothing was found" in shop.get(f"/search?q={nothing}")


def test_nothing_found_says_where_to_look(shop) -> None:
    assert "Nothing was found" in shop.get("/search?q=zzzz")


def test_empty_search_is_a_form(shop) -> None:
    assert "<h1>Search</h1>" in shop.get("/search?q=++")


def check(shop, content: str) -> str:
    response = shop.client.post("/check-descriptor", data={"content": content})
    assert response.status_code == 200
    assert faults(response.text) == []
    return response.text


def test_good_descriptor_is_accepted(shop) -> None:
    page = check(shop, component("fine"))
    assert "1 entity would be accepted." in page
    assert "component:default/fine" in page


def test_bad_descriptor_shows_its_problems_in_the_text(shop) -> None:
    page = check(shop, component("bad name").replace("\n", "\r\n"))
    assert "1 error." in page
    assert 'class="hit error"' in page
    assert "catalog-info.yaml:4:" in page


def test_what_was_pasted_stays_in_the_field(shop) -> None:
    page = check(shop, "</textarea><script>alert(1)</script>: [")
    assert "&lt;/textarea&gt;&lt;script&gt;" in page


def test_text_without_entities_is_neither_good_nor_bad(shop) -> None:
    assert "Nothing for the catalog." in check(shop, "# only a comment\n")


def test_too_much_text_is_refused_in_words(shop) -> None:
    assert "Too large for this page." in check(shop, "a" * (256 * 1024 + 1))


@pytest.mark.parametrize(
    ("typed", "there"),
    [
        ("owner:alices", "/catalog?kind=all&owner=group:default/alices"),
        ("OWNER:user:ann", "/catalog?kind=all&owner=user:default/ann"),
        ("kind:component tag:java tag:go", "/catalog?kind=component&tag=java&tag=go"),
        ("short owner:alices desc", "/catalog?kind=all&owner=group:default/alices&q=short+desc"),
        ("system:shop", "/catalog?kind=all&system=system:default/shop"),
        ("level:walk", "/scorecards/readiness?level=1#entities"),
    ],
)
def test_word_before_a_colon_leads_to_the_page_that_answers_it(
    shop_to_see, typed: str, there: str
) -> None:
    answer = shop_to_see.client.get("/search", query_string={"q": typed})
    assert answer.status_code == 302
    assert answer.location == there
    assert shop_to_see.client.get(there).status_code == 200


@pytest.mark.parametrize(
    "typed",
    ["owner:", "level:nowhere", "http://example.com", "a:b", "owner:group:", "system:default/shop"],
)
def test_what_only_looks_like_that_is_searched_for(shop_to_see, typed: str) -> None:
    assert "Nothing was found" in shop_to_see.get(f"/search?q={typed}")
