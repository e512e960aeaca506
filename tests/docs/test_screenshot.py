"""The picture in the README, taken of the sample organization as a newcomer sees it."""

from pathlib import Path

import pytest

from tests.portal.processes import eventually, portal_up

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "scorecard.png"


@pytest.mark.browser
def test_the_sample_organization_can_be_shown(
    tmp_path: Path, request: pytest.FixtureRequest, chromium: str
) -> None:
    from playwright.sync_api import sync_playwright

    target = PICTURE if request.config.getoption("--update-docs") else tmp_path / "picture.png"
    with portal_up(tmp_path / "data") as server, sync_playwright() as playwright:
        eventually(lambda: server.get("/scorecards/service-maturity")["total"] >= 11)
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 880})
        page.goto(f"{server.url}/catalog/component/default/payment-service")
        assert page.title().startswith("Payment service")
        page.screenshot(path=target)
        browser.close()
    assert target.stat().st_size > 20_000
    assert PICTURE.stat().st_size > 20_000
