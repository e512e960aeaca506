"""The pages in a real browser: nothing overflows, nothing is refused, the keyboard gets around."""

import gzip
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from axe_playwright_python.base import AXE_SCRIPT
from page_people import send
from page_shop import NOW, OPENAPI, Shop, api, component, open_shop, put
from playwright.sync_api import ConsoleMessage, Error, Page, sync_playwright
from werkzeug.serving import make_server

from catalog.documentation import PageState
from portal.app import create_app
from portal.db.people import notices
from portal.ui.frame import AREAS, PARTS
from scorecards.people.notices import Kind, Notice, Timing
from tests.doc_rows import found, pages, save
from tests.screenshots import file_name, page_name

pytestmark = [
    pytest.mark.browser,
    # A browser that goes elsewhere leaves what the test's server was sending half sent.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
    ),
]

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LONG = "a" * 63

PAGES = {
    "README.md": f"""\
# Payments

See [how to deploy](docs/guides/deploy.md#undo) and ![a picture](https://example.com/{LONG}.png).

```sh
run {LONG} {LONG} {LONG}
```

| {LONG} | {LONG} | {LONG} |
|---|:-:|---|
| `{LONG}` | {LONG * 3} | <kbd>x</kbd> |

!!! note "{LONG}"
    It *moves* `money`. [A link](https://example.com/{LONG})

- a
  1. [b](docs/guides/deploy.md)

## {LONG}
#### Deep

<details><summary>More</summary>

Text.

</details>
""",
    "docs/guides/deploy.md": "# Deploy\n\nBack to [the start](../../README.md).\n\n## Undo\n",
    "docs/big.md": PageState.TOO_LARGE,
    "docs/many.md": "# many\n" * 20_000,
    f"docs/{LONG * 3}.md": "",
}

PATHS = [
    "/",
    "/?team=group:default/alices",
    "/catalog?kind=all",
    "/catalog?kind=all&q=zzz",
    "/catalog?kind=all&level=readiness:not-assessed&column=tags&column=level:readiness",
    "/catalog/views",
    "/scorecards",
    "/scorecards/readiness",
    "/scorecards/readiness?check=readme&outcome=fail",
    "/scorecards/readiness/trends",
    "/scorecards/readiness/versions",
    "/scorecards/readiness/edit",
    "/new-scorecard",
    "/coverage",
    "/risks",
    "/risks?show=person",
    "/campaigns",
    "/campaigns/long",
    "/campaigns/long/promotion",
    "/campaigns/new?scorecard=readiness",
    "/exemptions",
    "/exemptions/1",
    "/exemptions/new?ref=component:default/orders&scorecard=readiness&check=readme",
    "/insights",
    "/insights?by=type",
    "/digest",
    "/notices",
    "/notices?team=group:default/alices",
    "/digest?week=2026-W30",
    "/problems",
    "/locations",
    "/locations/{location}",
    "/start",
    "/admin",
    "/admin/removals",
    "/admin/plugins",
    "/admin/jobs",
    "/admin/access",
    "/admin/tokens/new",
    "/admin/tokens/1/revoke",
    "/admin/decisions",
    "/search?q=pay",
    "/search?q=docs:a",
    "/check-descriptor",
    "/login",
    "/catalog/group/default/alices",
    "/catalog/component/default/orders",
    "/catalog/component/default/orders?tab=scorecards",
    "/catalog/component/default/unclear?tab=scorecards",
    "/catalog/component/default/hostile?tab=relations",
    "/catalog/component/default/hostile?tab=relations&follow=dependencies&steps=3",
    "/catalog/group/default/alices?tab=relations&follow=ownership",
    "/catalog/component/default/payments?tab=facts",
    "/catalog/component/default/hostile?tab=descriptor",
    "/catalog/api/default/shop?tab=api",
    "/catalog/api/default/slip?tab=api",
    "/catalog/component/default/payments?tab=docs",
    "/catalog/component/default/payments?tab=docs&page=docs/guides/deploy.md",
    "/catalog/component/default/payments?tab=docs&page=docs/big.md",
    "/catalog/component/default/payments?tab=docs&page=docs/many.md",
    "/catalog/component/default/payments?tab=docs&page=docs/gone.md",
    "/catalog/component/default/orders?tab=docs",
    "/catalog/component/default/unclear?tab=docs",
    "/catalog/component/default/payments?tab=history",
    "/catalog/component/default/payments?tab=scorecards&as_of=2026-03-01T12:00",
    "/catalog/component/default/payments?as_of=never",
    f"/catalog/component/default/{LONG}",
    "/catalog/component/default/broken",
    "/no-such-page",
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A running portal: its URL, and the id of its location."""
    folder: Path = tmp_path_factory.mktemp("browser")
    shop = open_shop(f"sqlite:///{folder / 'shop.db'}", folder, sample=True)
    request = {
        "ref": f"component:default/{LONG}",
        "scorecard": "readiness",
        "ground": "risk_accepted",
        "text": LONG * 5,
        "expires_on": "2026-03-09",
    }
    campaign = {
        "name": "long",
        "title": LONG.upper(),
        "owner": LONG,
        "scorecard": "readiness",
        "level": "Walk",
        "starts_on": "2026-02-01",
        "target_on": "2026-04-01",
        "m0_title": LONG,
        "m0_on": "2026-03-01",
        "m0_share": "50",
    }
    more = f"title: {LONG.upper()}\ndescription: {'long' * 100}\ntags: [{LONG}]"
    send(shop.client, "/exemptions/new", **request)
    send(shop.client, "/campaigns/new", **campaign)
    for subject, typed in (
        (LONG, {"facts": f"{LONG} {LONG}", "entities": f"component:{LONG}/*", "description": LONG}),
        ("ci", {"expires": "30"}),
        ("ops", {"reach": "all", "expires": "never"}),
    ):
        token = {"permission": "plumbline.facts.push", "expires": "90", **typed}
        send(shop.client, "/admin/tokens/new", subject=subject, **token)
    send(shop.client, "/admin/tokens/2/revoke")
    put(shop.portal, shop.location, "long.yaml", component(LONG, owner=LONG, more=more))
    told = pages(PAGES, left_out=7, note=f"`dir:{LONG * 3}` names nothing.")
    save(
        shop.portal.database,
        found("component:default/payments", told),
        found("component:default/orders", pages({})),
    )
    apis = api("shop", "openapi", OPENAPI) + "---\n" + api("slip", "openapi", "a: [b\nc: d\n")
    put(shop.portal, shop.location, "apis.yaml", apis)
    server = make_server("127.0.0.1", 0, shop.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", shop.location
    server.shutdown()
    thread.join()
    server.server_close()
    shop.portal.database.close()


@pytest.fixture(scope="module")
def tab() -> Iterator[tuple[Page, list[str]]]:
    """The one page that all tests have in turn, and what it complains of."""
    if not Path(CHROMIUM).exists():
        pytest.fail("Chromium is not installed: `make system` installs it or says how")
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if (
            message.type in ("error", "warning")
            and "the server responded with a status of 4" not in message.text
        ):
            said.append(message.text)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(reduced_motion="reduce")
        page.add_init_script(AXE_SCRIPT)  # sent once, and not for each page
        page.on("console", hear)
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page, said
        browser.close()


@pytest.fixture
def page(tab: tuple[Page, list[str]]) -> Iterator[Page]:
    """A page of nobody in particular; nothing may be refused or fail in it."""
    page, said = tab
    said.clear()
    page.context.clear_cookies()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    yield page
    assert said == []


SMALL_TARGETS = """
[...document.querySelectorAll('a.btn, button, select, input:not([type=hidden])')]
  .concat([...document.querySelectorAll('nav a, .facets a, summary, .chip')])
  .filter(e => e.offsetParent !== null && !e.closest('.sr'))
  .filter(e => e.getBoundingClientRect().height < 23.5 || e.getBoundingClientRect().width < 23.5)
  .map(e => e.outerHTML.slice(0, 120))
"""
"""Stricter than axe, which lets small targets pass that stand apart."""

SPILLING = """
[...document.querySelectorAll('td, th')]
  .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1)
  .map(e => `${e.scrollWidth} in ${e.clientWidth}: ${e.outerHTML.slice(0, 120)}`)
"""
"""Cells whose text is wider than they are, and so lies on that of their neighbor."""

VIOLATIONS = """
rules => axe.run({runOnly: rules, resultTypes: ['violations'], selectors: false, preload: false}).then(
  found => found.violations.flatMap(one => one.nodes.map(
    node => `${one.id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 300)}`)))
"""
"""Without the stylesheets fetched anew, which only an experimental rule looks at."""

WCAG = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLORS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The only ones of these rules that look at colors, and so at the scheme."""


SHIFTS = """
() => new Promise(done => {
  const seen = [];
  new PerformanceObserver(list => seen.push(...list.getEntries().map(one => one.value)))
    .observe({type: 'layout-shift', buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(seen))));
})
"""
"""How far things moved that nobody had touched, since the page was opened."""

MOVE = """
() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
  document.querySelector('p').style.marginTop = '300px';
  done();
})))
"""

LOADED = "performance.getEntriesByType('resource').map(one => one.name)"

MOST_SHIFTED = 0.005
"""Share of the window times share of its height, in all. A page is good below 0.1 (Web Vitals); buttons that
the script adds after a first paint, which happens on a busy machine, come to 0.0003."""

HEAVIEST = 150_000
"""Bytes of a page with its assets, compressed."""


@cache
def compressed(url: str) -> int:
    """Bytes of an asset; pages have few, and the same."""
    return len(gzip.compress(requests.get(url, timeout=10).content))


@pytest.fixture
def keep(request: pytest.FixtureRequest, page: Page) -> Callable[[str, str, int], None]:
    """Keeps a picture of the whole page where `--screenshots` says; does nothing without it."""
    folder: Path | None = request.config.getoption("--screenshots")

    def take(path: str, theme: str, width: int) -> None:
        if folder is not None:
            name = file_name(page_name(path), theme, width)
            page.screenshot(path=folder / name, full_page=True)

    return take


@pytest.mark.parametrize("path", PATHS)
def test_page_is_light_accessible_and_fits(base, page: Page, path: str, keep) -> None:
    """On every screen, loaded once: the stylesheet alone tells screens apart."""
    url, location = base
    answer = page.goto(url + path.format(location=location))
    assert answer is not None
    assert sum(page.evaluate(SHIFTS)) < MOST_SHIFTED
    assets = page.evaluate(LOADED)
    assert assets, "the stylesheet at least"
    assert len(gzip.compress(answer.body())) + sum(map(compressed, assets)) <= HEAVIEST
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{over} px too wide at {width}"
        assert page.evaluate(SPILLING) == [], width
        assert page.evaluate(SMALL_TARGETS) == [], width
        page.emulate_media(color_scheme="light")
        keep(path, "light", width)
        assert page.evaluate(VIOLATIONS, WCAG) == [], width
        page.emulate_media(color_scheme="dark")
        keep(path, "dark", width)
        assert page.evaluate(VIOLATIONS, COLORS) == [], width


def test_what_moves_by_itself_is_seen(page: Page) -> None:
    page.goto("about:blank")
    page.set_content("<p>First</p><p>Second</p>")
    page.evaluate(MOVE)
    assert sum(page.evaluate(SHIFTS)) >= MOST_SHIFTED


def test_every_page_is_among_these(shop_to_see: Shop) -> None:
    rules = shop_to_see.client.application.url_map
    own = {
        rule.endpoint
        for rule in rules.iter_rules()
        if rule.endpoint.startswith("pages.") and "GET" in (rule.methods or ())
    }
    paths = (path.partition("?")[0].format(location="x") for path in PATHS)
    seen = {rules.bind("").match(path)[0] for path in paths if path != "/no-such-page"}
    assert own - seen == {"pages.static"}


def test_skip_link_leads_to_the_content(base, page: Page) -> None:
    page.goto(base[0] + "/catalog")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('main')")


def test_focus_can_be_seen(base, page: Page) -> None:
    page.goto(base[0] + "/catalog")
    for _ in range(12):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(s => [s.outlineStyle, s.outlineWidth])(getComputedStyle(document.activeElement))"
        )
        assert style == ["solid", "2px"]


def test_team_is_chosen_by_keyboard_and_kept(base, page: Page) -> None:
    page.goto(base[0] + "/")
    page.get_by_label("My team").select_option("group:default/alices")
    page.get_by_role("button", name="Show").press("Enter")
    page.wait_for_url("**/?team=*")
    page.goto(base[0] + "/")
    assert page.get_by_role("heading", level=1).inner_text() == "Alice's team: what to fix first"


def test_link_to_a_check_opens_it(base, page: Page) -> None:
    path = "/catalog/component/default/payments?tab=scorecards#check-readiness-readme"
    page.goto(base[0] + path)
    assert page.locator("#check-readiness-readme").is_visible()


def test_descriptor_is_checked_through_the_form(base, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(base[0] + "/check-descriptor")
    page.get_by_label("Descriptor").fill(component("a b"))
    page.get_by_role("button", name="Check").click()
    assert "1 error." in page.get_by_role("main").get_by_role("status").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_what_is_only_heard_makes_no_page_wider_than_the_screen(base, page: Page) -> None:
    """Words for screen readers stand in a wide table; it scrolls, and the page beside it does not."""
    page.set_viewport_size({"width": 720, "height": 800})
    page.goto(f"{base[0]}/scorecards/readiness")
    table = "document.querySelector('.rates').offsetWidth - innerWidth"
    assert page.evaluate(table) > 0, "or the table fits, and shows nothing"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_reading_again_goes_through_the_guard(base, page: Page) -> None:
    url, location = base
    page.goto(f"{url}/locations/{location}")
    page.get_by_role("button", name="Read again").click()
    assert "It will be read again" in page.get_by_role("main").get_by_role("status").inner_text()


def test_a_secret_is_copied_fits_and_is_not_there_on_the_way_back(
    base, page: Page, keep: Callable[[str, str, int], None]
) -> None:
    page.goto(base[0] + "/admin/tokens/new")
    page.get_by_label("Subject").fill("browser")
    page.get_by_role("button", name="Make the token").click()
    secret = page.locator("#secret").inner_text()
    assert secret not in page.url
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.evaluate(SMALL_TARGETS) == [], width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            keep("/admin/tokens/made", scheme, width)
            assert page.evaluate(VIOLATIONS, WCAG) == [], (width, scheme)
    page.get_by_role("button", name="Copy the secret").click()
    page.get_by_role("status").filter(has_text="Copied").wait_for(state="attached")
    page.keyboard.press("Control+k")
    page.keyboard.press("Control+v")
    assert page.input_value("#find") == secret
    page.get_by_role("link", name="I have kept it").click()
    with pytest.raises(Error, match="ERR_CACHE_MISS"):  # it would have to be sent again
        page.go_back()


def test_a_view_is_saved_and_named_anew(
    base, page: Page, keep: Callable[[str, str, int], None]
) -> None:
    page.goto(base[0] + f"/catalog?kind=component&tag={LONG}&owner=group:default/{LONG}")
    page.get_by_text("Save as a view").click()
    page.get_by_label("Name of the view").fill(LONG[:60])
    for at in ("/catalog?kind=to-save", "/catalog/views?full"):
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            assert page.evaluate(SPILLING) == [], (at, width)
            assert page.evaluate(SMALL_TARGETS) == [], (at, width)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                keep(at, scheme, width)
                assert page.evaluate(VIOLATIONS, WCAG) == [], (at, width, scheme)
        if at == "/catalog?kind=to-save":
            page.get_by_role("button", name="Save").click()
            page.get_by_role("link", name="Your views").click()
    page.get_by_label(f"Another name for {LONG[:60]}").fill("mine")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("link", name="mine", exact=True).click()
    assert page.locator('nav[aria-label="Views"] [aria-current]').inner_text() == "mine"


def test_search_is_reached_and_walked_by_keyboard(base, page: Page) -> None:
    page.goto(base[0] + "/scorecards")
    page.keyboard.press("/")
    page.keyboard.type("pay")
    options = page.get_by_role("option")
    options.first.wait_for()
    page.keyboard.press("ArrowUp")
    assert options.last.get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowDown")
    assert options.first.get_attribute("aria-selected") == "true"
    assert page.evaluate(VIOLATIONS, WCAG) == []
    page.keyboard.press("Escape")
    assert options.count() == 0
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") != "find"
    page.keyboard.press("Control+k")
    page.keyboard.type("payments")
    options.first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog/component/default/payments")


def test_slash_can_be_switched_off(base, page: Page) -> None:
    page.goto(base[0] + "/scorecards")
    page.get_by_role("button", name="Switch off the / key").click()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") != "find"
    page.get_by_role("button", name="Switch on the / key").click()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"


def test_what_is_copied_is_said(base, page: Page) -> None:
    page.goto(base[0] + "/catalog/component/default/payments")
    page.get_by_role("button", name="Copy reference").click()
    page.get_by_role("status").filter(has_text="Copied").wait_for(state="attached")
    page.keyboard.press("Control+k")
    page.keyboard.press("Control+v")
    assert page.input_value("#find") == "component:default/payments"


def test_a_snippet_of_a_fix_is_copied_as_it_stands(base, page: Page) -> None:
    page.goto(
        base[0] + "/catalog/component/default/orders?tab=scorecards#check-readiness-described"
    )
    page.get_by_role("button", name="Copy this").click()
    page.get_by_role("status").filter(has_text="Copied").wait_for(state="attached")
    page.keyboard.press("Control+k")
    page.keyboard.press("Control+v")
    assert page.input_value("#find") == "metadata:   description: What it does"


def test_a_page_that_waits_renews_itself(base, page: Page) -> None:
    url = base[0] + "/start"
    waiting = '<div id="progress" data-refresh="50">Being read</div>'
    answers = iter([waiting, waiting, '<div id="progress">Done</div>'])
    page.route(
        url,
        lambda route: route.fulfill(
            body=route.fetch().text().replace('id="progress"', "") + next(answers),
            content_type="text/html",
        ),
    )
    page.goto(url)
    page.get_by_text("Done", exact=True).wait_for()
    page.unroute(url)


def test_pages_of_documentation_are_read_without_javascript(base, page: Page) -> None:
    browser = page.context.browser
    assert browser is not None
    with browser.new_context(java_script_enabled=False) as context:
        bare = context.new_page()
        bare.goto(base[0] + "/catalog/component/default/payments?tab=docs")
        bare.get_by_role("link", name="how to deploy").click()
        assert bare.url.endswith("page=docs/guides/deploy.md#doc-undo")
        assert bare.get_by_role("heading", name="Undo").is_visible()
        bare.get_by_role("link", name="the start").click()
        assert bare.get_by_role("heading", name="Payments", level=2).is_visible()
        bare.go_back()
        assert bare.get_by_role("heading", name="Deploy", level=2).is_visible()


def test_on_a_phone_the_navigation_is_one_line_that_the_keyboard_opens(base, page: Page) -> None:
    browser = page.context.browser
    assert browser is not None
    small = {"width": 320, "height": 800}
    with browser.new_context(java_script_enabled=False, viewport=small) as context:  # type: ignore[arg-type]
        bare = context.new_page()
        bare.goto(base[0] + "/catalog")
        menu = bare.get_by_role("navigation", name="Main")
        box = menu.bounding_box()
        assert box is not None
        assert box["height"] < 40
        assert "Catalog" in menu.inner_text(), "where one is, is said while it is closed"
        assert menu.get_by_role("link").count() == 0
        menu.locator("summary").press("Enter")
        assert menu.get_by_role("link").count() == len(AREAS) + len(PARTS["admin"])
        assert menu.locator("[aria-current=page]:visible").inner_text() == "Catalog"
        for _ in range(3):
            bare.keyboard.press("Tab")
        bare.keyboard.press("Enter")
        bare.wait_for_url("**/scorecards")
        bare.goto(base[0] + "/problems")
        assert "Problems" in menu.inner_text(), "also of what is a part of another area"
        menu.locator("summary").press("Enter")
        assert menu.locator("[aria-current=page]:visible").inner_text() == "Problems"
        assert menu.locator("[aria-current=true]:visible").inner_text() == "Admin"
    page.goto(base[0] + "/catalog")
    assert page.get_by_role("navigation", name="Main").get_by_role("link").count() == len(AREAS)
    assert not page.locator(".menu").is_visible()


def test_the_header_is_of_one_height_on_every_page(base, page: Page) -> None:
    for width, team in ((320, "group:default/alices"), (360, ""), (480, ""), (760, "")):
        page.set_viewport_size({"width": width, "height": 800})
        heights = set()
        # Names in the menu that are short and long; with a team the header is fuller.
        for path in ("/", "/risks", "/digest", "/admin/jobs", "/problems"):
            page.goto(f"{base[0]}{path}?team={team}")
            header = page.locator(".top-in").bounding_box()
            assert header is not None
            heights.add(header["height"])
        assert len(heights) == 1, (width, heights)


def test_the_navigation_is_one_line_beside_the_search(base, page: Page) -> None:
    for width in (1040, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(base[0] + "/notices?team=group:default/alices")
        header = page.locator(".top-in").bounding_box()
        assert header is not None
        assert header["height"] < 60, width


def test_what_is_folded_on_a_scorecard_is_printed(base, page: Page) -> None:
    page.goto(base[0] + "/scorecards/readiness")
    rule = page.locator("#definition code", has_text="repo.readme.bytes > 100")
    assert not rule.is_visible()
    page.set_viewport_size({"width": 720, "height": 1000})
    page.emulate_media(media="print")
    assert rule.is_visible()
    rates = page.locator(".rates").first
    assert rates.evaluate("e => e.scrollWidth <= e.parentElement.clientWidth"), "nothing is cut"
    page.emulate_media(media="screen")


EVIL = "<script>alert(1)</script>\u202elive\u2067 😀 " + "W" * 10_000
"""A script, text that turns its direction and stays so, a picture, and no place to break."""


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a portal whose scorecard and notices are as hostile as their forms let them be."""
    folder: Path = tmp_path_factory.mktemp("evil")
    shop = open_shop(f"sqlite:///{folder / 'shop.db'}", folder, notices=Timing())
    card, line, name = shop.portal.scorecards[0], EVIL[:200], EVIL[:60]
    checks = [replace(one, title=line, expected=line, why=EVIL, fix=EVIL) for one in card.checks]
    levels = [
        replace(one, name=f"{name}{n}", description=line) for n, one in enumerate(card.levels)
    ]
    hostile = replace(card, title=line, checks=tuple(checks), levels=tuple(levels))
    told = [
        Notice(key=kind, kind=kind, team="group:default/alices", ref="", text=EVIL, at=NOW)
        for kind in Kind
    ]
    with shop.portal.database.write() as connection:
        notices.put(connection, told, now=NOW)
    application = create_app(replace(shop.portal, scorecards=(hostile,)))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    shop.portal.database.close()


@pytest.mark.parametrize(
    "path",
    [
        "/?team=group:default/alices",
        "/catalog?kind=all&column=level:readiness&column=tags",
        f"/catalog?level=readiness:{quote(EVIL[:500])}&level={quote(EVIL[:500])}:x",
        "/scorecards/readiness?check=readme&show=checks",
        "/catalog/component/default/orders?tab=scorecards",
        "/insights",
        "/notices?team=group:default/alices",
        "/new-scorecard",
    ],
)
def test_hostile_text_breaks_no_layout(evil: str, page: Page, path: str) -> None:
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(evil + path)
        if path == "/new-scorecard":
            page.get_by_label("Definition").fill(f"{EVIL}: &{EVIL}")
            page.get_by_label("Show what it says").fill(EVIL[:2000])
            page.get_by_role("button", name="Try it").click()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        assert page.evaluate(SPILLING) == [], width
        assert page.locator("script:not([src])").count() == 0


def test_text_that_turns_its_direction_turns_nothing_beside_it(evil: str, page: Page) -> None:
    page.goto(evil + "/scorecards/readiness")
    heading = page.get_by_role("heading", level=1)
    assert heading.evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"
    places = """e => {
      const end = e.lastChild, range = document.createRange();
      const at = n => (range.setStart(end, n), range.setEnd(end, n + 1), range.getBoundingClientRect().x);
      return [at(1), at(2), at(3)];
    }"""
    legend = page.locator("#results .legend li").first.locator("> span").evaluate(places)
    assert legend == sorted(legend)


def test_columns_are_chosen_without_javascript(base, page: Page) -> None:
    browser = page.context.browser
    assert browser is not None
    with browser.new_context(java_script_enabled=False) as context:
        bare = context.new_page()
        bare.goto(base[0] + "/catalog?kind=all&q=pay")
        bare.locator("summary", has_text="Columns").press("Enter")
        bare.get_by_label("Tags").check()
        bare.get_by_label("Lifecycle").uncheck()
        bare.get_by_role("button", name="Show these").press("Enter")
        bare.wait_for_url("**column=tags**")
        assert "kind=all" in bare.url
        assert "q=pay" in bare.url
        assert bare.get_by_role("columnheader", name="Tags").is_visible()
        assert bare.get_by_role("columnheader", name="Lifecycle").count() == 0
