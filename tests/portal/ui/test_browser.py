"""The pages in a real browser: nothing overflows, nothing is refused, the keyboard gets around."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_shop import component, open_shop, put
from people import send
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import make_server

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTHS = (1280, 320)
SCHEMES = ("light", "dark")
LONG = "a" * 63

PATHS = [
    "/",
    "/?team=group:default/alices",
    "/catalog?kind=all",
    "/catalog?kind=all&q=zzz",
    "/scorecards",
    "/scorecards/readiness?check=readme&outcome=fail",
    "/scorecards/readiness/trends",
    "/scorecards/readiness/versions",
    "/scorecards/readiness/edit",
    "/coverage",
    "/campaigns",
    "/campaigns/long",
    "/campaigns/new?scorecard=readiness",
    "/exemptions",
    "/exemptions/1",
    "/exemptions/new?ref=component:default/orders&scorecard=readiness&check=readme",
    "/insights",
    "/insights?by=type",
    "/problems",
    "/locations",
    "/locations/{location}",
    "/search?q=pay",
    "/check-descriptor",
    "/login",
    "/catalog/component/default/orders",
    "/catalog/component/default/orders?tab=scorecards",
    "/catalog/component/default/unclear?tab=scorecards",
    "/catalog/component/default/hostile?tab=relations",
    "/catalog/component/default/payments?tab=facts",
    "/catalog/component/default/hostile?tab=descriptor",
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
    put(shop.portal, shop.location, "long.yaml", component(LONG, owner=LONG, more=more))
    server = make_server("127.0.0.1", 0, shop.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", shop.location
    server.shutdown()
    thread.join()
    server.server_close()
    shop.portal.database.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail("Chromium is not installed: `make system` installs it or says how")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


def new_page(browser: Browser, width: int, scheme: str = "light") -> tuple[Page, list[str]]:
    """A page, and what its console complains of."""
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "404 (NOT FOUND)" not in message.text:
            said.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    return page, said


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_page_overflows_or_breaks_the_policy(base, browser, width: int, scheme: str) -> None:
    url, location = base
    page, said = new_page(browser, width, scheme)
    for path in PATHS:
        page.goto(url + path.format(location=location))
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{path} is {over} px too wide at {width}"
    assert said == []
    page.close()


SMALL_TARGETS = """
[...document.querySelectorAll('a.btn, button, select, input:not([type=hidden])')]
  .concat([...document.querySelectorAll('nav a, .facets a, summary, .chip')])
  .filter(e => e.offsetParent !== null && !e.closest('.sr'))
  .filter(e => e.getBoundingClientRect().height < 23.5 || e.getBoundingClientRect().width < 23.5)
  .map(e => e.outerHTML.slice(0, 120))
"""

LOW_CONTRAST = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll('body *:not(svg):not(svg *)')) {
    const text = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!text || e.offsetParent === null || e.closest('.sr')) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(ratio.toFixed(2) + ' ' + e.outerHTML.slice(0, 100));
  }
  return found;
})()
"""


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_has_contrast_and_targets_have_size(base, browser, scheme: str) -> None:
    url, location = base
    for width in WIDTHS:
        page, _ = new_page(browser, width, scheme)
        for path in PATHS:
            page.goto(url + path.format(location=location))
            assert page.evaluate(LOW_CONTRAST) == [], path
            assert page.evaluate(SMALL_TARGETS) == [], path
        page.close()


def test_skip_link_leads_to_the_content(base, browser) -> None:
    page, _ = new_page(browser, 1280)
    page.goto(base[0] + "/catalog")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('main')")
    page.close()


def test_focus_can_be_seen(base, browser) -> None:
    page, _ = new_page(browser, 1280)
    page.goto(base[0] + "/catalog")
    for _ in range(12):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(s => [s.outlineStyle, s.outlineWidth])(getComputedStyle(document.activeElement))"
        )
        assert style == ["solid", "2px"]
    page.close()


def test_team_is_chosen_by_keyboard_and_kept(base, browser) -> None:
    page, _ = new_page(browser, 1280)
    page.goto(base[0] + "/")
    page.get_by_label("My team").select_option("group:default/alices")
    page.get_by_role("button", name="Show").press("Enter")
    page.wait_for_url("**/?team=*")
    page.goto(base[0] + "/")
    assert page.get_by_role("heading", level=1).inner_text() == "Alice's team: what to fix first"
    page.close()


def test_link_to_a_check_opens_it(base, browser) -> None:
    page, _ = new_page(browser, 1280)
    path = "/catalog/component/default/payments?tab=scorecards#check-readiness-readme"
    page.goto(base[0] + path)
    assert page.locator("#check-readiness-readme").is_visible()
    page.close()


def test_descriptor_is_checked_through_the_form(base, browser) -> None:
    page, said = new_page(browser, 360)
    page.goto(base[0] + "/check-descriptor")
    page.get_by_label("Descriptor").fill(component("a b"))
    page.get_by_role("button", name="Check").click()
    assert "1 error." in page.get_by_role("status").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert said == []
    page.close()


def test_reading_again_goes_through_the_guard(base, browser) -> None:
    url, location = base
    page, _ = new_page(browser, 1280)
    page.goto(f"{url}/locations/{location}")
    page.get_by_role("button", name="Read again").click()
    assert "It will be read again" in page.get_by_role("status").inner_text()
    page.close()
