"""What pages offer of the API: an address that answers, with what the page shows."""

import csv
import html
import io
import re

import pytest
from page_shop import Shop, component, put

from catalog.queries.query import Equals
from portal.ui.models.catalog.query import read_query
from portal.ui.models.catalog.same import MOST_WHOLES, address, catalog_address


def offered(page: str) -> list[str]:
    """The links and the command of the page, as they are typed."""
    part = page.partition('<details class="same">')[2].partition("</details>")[0]
    found = re.findall(r'href="([^"#]+)"|curl [^\']*\'([^\']+)\'', part)
    return [html.unescape(link or command) for link, command in found]


@pytest.mark.parametrize(
    "path",
    [
        "/catalog",
        "/catalog?kind=all&q=short&sort=-type",
        "/scorecards",
        "/scorecards/readiness?level=1&check=readme&outcome=pass",
        "/scorecards/readiness/trends",
        "/coverage?owner=group:default/alices",
        "/campaigns",
        "/exemptions",
        "/digest?team=group:default/alices",
        "/",
        "/?team=group:default/alices",
        "/insights",
        "/insights?by=system",
        "/notices",
        "/notices?team=group:default/alices&kind=level_drop",
        "/problems?severity=error",
        "/risks",
        "/risks?show=person&team=group:default/alices",
        "/locations",
        "/search?q=pay",
        "/admin/removals",
        "/admin/plugins",
        "/admin/jobs",
        "/admin/access",
        "/admin/decisions",
        "/catalog/component/default/orders",
        "/catalog/component/default/orders?tab=scorecards",
        "/catalog/component/default/orders?tab=relations",
        "/catalog/component/default/orders?tab=facts",
        "/catalog/component/default/orders?tab=descriptor",
        "/catalog/component/default/orders?tab=history",
        "/catalog/component/default/orders?tab=scorecards&as_of=2026-03-01T12:00:00Z",
    ],
)
def test_every_address_that_a_page_offers_answers(shop_to_see: Shop, path: str) -> None:
    addresses = offered(shop_to_see.get(path))
    assert addresses
    for one in addresses:
        answer = shop_to_see.client.get(one.removeprefix("http://localhost"))
        assert answer.status_code == 200, (one, answer.text)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?kind=all",
        "?kind=all&sort=-name",
        "?owner=group:default/alices&owner=group:default/charlies",
        "?tag=java",
        "?q=short",
        "?q=java",
        "?within=group:default/alices",
        "?level=readiness:Walk&level=readiness:not-assessed",
        "?level=readiness:start&column=name",
    ],
)
def test_the_same_of_a_list_is_the_same_list(shop_to_see: Shop, query: str) -> None:
    page = shop_to_see.get(f"/catalog{query}")
    shown = re.findall(
        r'<tr><th scope="row"><a class="who[^"]*" href="[^"]*" title="([^"]+)"', page
    )
    assert shown
    as_json, as_table, command = offered(page)
    listed = [one["ref"] for one in shop_to_see.client.get(as_json).json["items"]]
    table = csv.DictReader(io.StringIO(shop_to_see.client.get(as_table).text))
    assert listed == shown
    assert [row["ref"] for row in table] == shown
    assert command == f"http://localhost{as_json}"


def test_page_of_what_is_not_there_offers_nothing(shop) -> None:
    put(shop.portal, shop.location, "more.yaml", component("more"))
    assert offered(shop.get("/catalog/component/default/gone", 404)) == []
    assert offered(shop.get("/search")) == []
    assert offered(shop.get("/scorecards/readiness/versions")) == []


def test_address_has_no_more_groups_than_a_server_takes() -> None:
    query = read_query({"kind": ["component"], "within": ["group:default/all"]})

    def scope(count: int) -> Equals:
        return Equals(
            key="relations.ownedby", values=tuple(f"group:default/g{n}" for n in range(count))
        )

    assert "g39" in catalog_address(query, scope(MOST_WHOLES))
    assert catalog_address(query, scope(MOST_WHOLES + 1)) == ""


def test_address_is_quoted_and_leaves_out_what_nobody_asked_for() -> None:
    said = address("entities", "a/b", q="it's", level=0, none=None, empty="", many=["x", "y"])
    assert said == "/entities/a%2Fb?q=it%27s&level=0&many=x&many=y"
