import gzip
import html
from pathlib import Path

import pytest
from page_shop import Shop
from page_structure import faults

import portal.ui

SCRIPTS = 60_000
"""Bytes of all scripts together, those that are vendored included: what a page may cost in script when
it is minified. Ours are served as they are written, with their comments, and a script that is short
enough so is shorter when it is minified. The number is a budget, not the present size: one that hugs
the present size only makes every new line a reason to change it."""

STYLE = 14_000
"""Bytes of the stylesheet with gzip: nothing is drawn before it is there, and that much comes with a
server's first ten segments (RFC 6928), before it waits to hear that they have arrived."""


@pytest.fixture
def shop(shop_to_see: Shop) -> Shop:
    """No page changes anything when it is looked at."""
    return shop_to_see


PATHS = (
    "/",
    "/catalog/component/default/hostile?tab=relations&follow=dependencies&steps=3",
    "/catalog/group/default/alices?tab=relations&follow=ownership",
    "/?team=group:default/alices",
    "/?team=group:default/charlies",
    "/catalog",
    "/catalog?kind=all",
    "/catalog?kind=component&owner=group:default/alices&sort=-name&q=pay",
    "/catalog?kind=all&q=nothing-is-called-so",
    "/catalog?kind=all&level=readiness:Walk&level=readiness:not-assessed",
    "/catalog?level=%3Cb%3E:%22&level=readiness:%3Cscript%3E&column=level:%3Cb%3E&column=tags",
    "/catalog?kind=all&column=owner&column=tags&column=level:readiness&column=failing",
    "/catalog/views",
    "/scorecards",
    "/scorecards/readiness",
    "/scorecards/readiness?level=1",
    "/scorecards/readiness?check=readme&outcome=fail",
    "/scorecards/readiness/trends",
    "/scorecards/readiness/trends?range=365&by=month&within=group:default/alices",
    "/scorecards/readiness/trends?from=%3Cb%3E&to=never",
    "/scorecards/readiness/trends?from=2020-01-01&by=day",
    "/scorecards/readiness/versions",
    "/scorecards/readiness/versions?after=zzz",
    "/scorecards/readiness/edit",
    "/new-scorecard",
    "/coverage",
    "/risks",
    "/risks?show=person",
    "/risks?show=unowned&team=group:default/alices",
    "/risks?show=%3Cb%3E&team=%22%3E%3Cscript%3E&page=%3Cb%3E",
    "/coverage?owner=group:default/charlies&scorecard=readiness",
    "/coverage?owner=%22%3E%3Cscript%3E&scorecard=%3Cb%3E",
    "/campaigns",
    "/campaigns?state=past&after=%3Cb%3E",
    "/campaigns/new",
    "/campaigns/new?scorecard=none&goal=checks&checks=%22%3E%3Cscript%3E&m0_title=%3Cb%3E",
    "/exemptions",
    "/exemptions?state=ended&owner=group:default/alices",
    "/exemptions?state=%3Cb%3E&after=zzz",
    "/exemptions/new",
    "/exemptions/new?ref=component:default/orders&scorecard=readiness&check=readme",
    "/exemptions/new?ref=%22%3E%3Cscript%3E&scorecard=none&expires_on=%22",
    "/insights",
    "/insights?by=system",
    "/insights?by=domain&page=9",
    "/insights?by=type",
    "/catalog?kind=all&within=group:default/alices",
    "/catalog?within=%22%3E%3Cscript%3E",
    "/digest",
    "/digest?week=2026-W08&team=group:default/alices",
    "/digest?week=2026-W30",
    "/digest?week=%22%3E%3Cscript%3E&team=%3Cb%3E",
    "/notices",
    "/notices?kind=%3Cb%3E&after=%3Cb%3E&team=%22%3E%3Cscript%3E",
    "/problems",
    "/problems?severity=error",
    "/problems?text=no-such-text",
    "/locations",
    "/start",
    "/admin/removals",
    "/admin/removals?after=%3Cb%3E&done=%3Cb%3E",
    "/admin/plugins",
    "/admin/jobs",
    "/admin/access",
    "/admin/access?after=x&from=7&done=%3Cb%3E",
    "/admin/tokens/new",
    "/admin/decisions",
    "/admin/decisions?after=x&from=7",
    "/search",
    "/search?q=pay",
    "/search?q=%3Cscript%3E",
    "/check-descriptor",
    "/login",
    *(
        f"/catalog/component/default/{name}{tab}"
        for name in ("payments", "orders", "unclear", "hostile")
        for tab in (
            "",
            "?tab=scorecards",
            "?tab=relations",
            "?tab=facts",
            "?tab=descriptor",
            "?tab=docs",
            "?tab=history",
            "?tab=scorecards&as_of=2026-03-01T12:00",
            "?tab=<b>",
        )
    ),
    "/catalog/group/default/alices",
    "/catalog/group/default/alices?tab=relations",
    "/catalog/group/default/alices?tab=history&after=%3Cb%3E&from=x",
    "/catalog/component/default/payments?as_of=2026-03-01T12:00:00Z",
)


@pytest.mark.parametrize("path", PATHS)
def test_page_is_sound(shop, path: str) -> None:
    assert faults(shop.get(path)) == []


ENTITY = "/catalog/component/default/payments"
ALIKE = (
    *("/catalog", "/catalog?kind=all&owner=group:default/alices", "/catalog?kind=all&page=2"),
    *(f"{ENTITY}?tab={tab}" for tab in ("", "scorecards", "facts", "history")),
    *(f"{ENTITY}?as_of=2026-03-01T12:00", f"{ENTITY}?tab=relations&as_of=2026-03-01T12:00"),
    *("/catalog/group/default/alices", "/catalog/group/default/alices?tab=relations"),
    *("/scorecards/readiness", "/scorecards/readiness?level=1"),
    *("/scorecards/readiness?check=readme", "/scorecards/readiness?show=definition"),
    *("/scorecards/readiness/trends", "/scorecards/readiness/trends?range=30"),
    "/scorecards/readiness/trends?within=group:default/alices",
    *("/exemptions", "/exemptions?state=ended", "/exemptions/new"),
    "/exemptions/new?ref=component:default/orders&scorecard=readiness&check=readme",
    *("/campaigns", "/campaigns?state=past", "/insights", "/insights?by=type"),
    *("/risks", "/risks?show=person", "/risks?show=person&team=group:default/alices"),
    *("/problems", "/problems?severity=error", "/problems?text=broken"),
)
"""Pages of one template, which only what stands in their addresses tells apart."""


def title_of(page: str) -> str:
    return page.split("<title>")[1].split("</title>")[0]


def test_titles_tell_pages_apart(shop) -> None:
    """They are what a screen reader says first, and all that is seen of a tab, a bookmark, a history."""
    titles: dict[str, str] = {}
    for path in ALIKE:
        title = title_of(shop.get(path))
        assert title not in titles, f"{path} and {titles[title]} are both {title}"
        titles[title] = path


@pytest.mark.parametrize("path", ["/exemptions/new", "/campaigns/new", "/admin/tokens/new"])
def test_the_title_says_that_a_form_was_refused(shop, path: str) -> None:
    assert title_of(shop.client.post(path, data={"scorecard": "readiness"}).text)[:7] == "Error: "
    assert "Error" not in title_of(shop.get(path))


@pytest.mark.parametrize(
    "path",
    [
        "/no-such-page",
        "/campaigns/none",
        "/campaigns/none/promotion",
        "/exemptions/77",
        "/admin/tokens/77/revoke",
        "/scorecards/none/trends",
        "/scorecards/none/versions",
        "/catalog/component/default/none",
        "/catalog/component/default/broken",
    ],
)
def test_page_of_what_is_not_there_is_sound(shop, path: str) -> None:
    assert faults(shop.get(path, 404)) == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/catalog",
        "/scorecards",
        "/scorecards/readiness",
        "/insights",
        "/problems",
        "/locations",
    ],
)
def test_page_of_an_empty_portal_is_sound(shops, path: str) -> None:
    assert faults(shops(filled=False).get(path)) == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/catalog",
        "/catalog?level=readiness:not-assessed&column=level:readiness",
        "/scorecards/readiness?check=readme&outcome=unknown",
        "/problems?text=broken",
        "/insights",
        "/insights?by=type",
        "/exemptions?state=ended&owner=group:default/alices",
        "/campaigns",
        "/coverage",
        "/coverage?owner=charlies",
        "/scorecards/readiness/trends",
        "/scorecards/readiness/trends?within=group:default/alices",
        "/scorecards/readiness/versions",
        "/catalog?within=group:default/alices",
        "/locations",
        "/search?q=pay",
        "/catalog/component/default/payments",
        "/catalog/component/default/payments?tab=history",
        "/admin/removals",
        "/admin/jobs",
        "/admin/access",
        "/admin/decisions",
        "/catalog/component/default/payments?as_of=2026-03-01T12:00",
    ],
)
def test_both_databases_show_the_same(shop_on_both, path: str) -> None:
    assert faults(shop_on_both.get(path)) == []


def test_location_page_is_sound(shop) -> None:
    assert faults(shop.get(f"/locations/{shop.location}")) == []


def test_hostile_text_stays_text(shop) -> None:
    for tab in ("overview", "scorecards", "relations", "facts", "descriptor", "history"):
        page = shop.get(f"/catalog/component/default/hostile?tab={tab}")
        assert "<script>" not in page
        assert "&lt;script&gt;alert(&#39;title&#39;)" in page
    listed = shop.get("/catalog")
    assert "<script>" not in listed
    assert "<img" not in shop.get("/catalog/component/default/hostile")


def test_parameters_are_escaped_where_they_are_shown(shop) -> None:
    for path in ("/search?q=%22%3E%3Cscript%3E", "/catalog?q=%22%3E%3Cscript%3E"):
        assert "<script>" not in shop.get(path)


def test_policy_and_cache_of_pages_and_static_files(shop) -> None:
    page = shop.client.get("/")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "private, no-cache"
    style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    with shop.client.get(style) as sheet:
        assert sheet.status_code == 200
        assert "immutable" in sheet.headers["Cache-Control"]
        assert "url(" not in sheet.text
    script = page.text.split('<script type="module" src="')[1].split('"')[0]
    with shop.client.get(script) as module:
        assert "immutable" in module.headers["Cache-Control"]
        assert module.content_type.startswith("text/javascript")


def test_scripts_and_style_keep_to_what_a_page_may_cost() -> None:
    static = Path(portal.ui.__file__).parent / "static"
    assert sum(len(script.read_bytes()) for script in static.rglob("*.js")) < SCRIPTS
    assert len(gzip.compress((static / "plumbline.css").read_bytes(), 6)) < STYLE


def test_links_keep_the_base_path(shops) -> None:
    page = shops(base_url="http://localhost/portal", base_path="/portal").get("/portal/")
    paths = [part.split('"')[0] for part in page.split('href="')[1:]]
    assert all(path.startswith(("/portal/", "#")) for path in paths), paths


def test_sample_says_that_it_is_one(shops) -> None:
    assert "Sample organization" in shops(sample=True).get("/")
    assert "Sample organization" not in shops().get("/")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?team=group:default/alices",
        "/insights",
        "/scorecards",
        "/scorecards/readiness",
        "/catalog/group/default/alices",
    ],
)
def test_a_number_of_a_level_leads_to_what_it_counts(shop, path: str) -> None:
    legends = shop.get(path).split('<ul class="legend">')[1:]
    lines = [line for legend in legends for line in legend.split("</ul>")[0].split("<li>")]
    told = [line for line in lines if 'href="' in line]
    assert told
    for line in told:
        href = html.unescape(line.split('href="')[1].split('"')[0])
        count = line.split("<b>")[1].split("</b>")[0]
        heading = shop.get(href).split('<header class="led"><h2>')[1].split("</h2>")[0]
        assert heading.split()[0] == count, href
