"""The versions of a scorecard, as people read what changed."""

from datetime import timedelta

from page_shop import NOW, SCORECARD, Shop
from page_structure import faults

from portal.db.evaluation import definitions
from portal.db.evaluation.definitions import Published
from scorecards.definitions.loading import load_scorecards
from scorecards.scorecard import Scorecard

VERSIONS = "/scorecards/readiness/versions"


def publish(shop: Shop, text: str | None, *, days: int, author: str = "") -> Scorecard | None:
    """Let this definition come into force; None: the scorecard goes."""
    cards, problems = load_scorecards(
        text or "", file="readiness.yaml", schemas=shop.portal.schemas
    )
    assert not problems or not text, problems
    with shop.portal.database.write() as connection:
        definitions.record(
            connection,
            [
                Published(scorecard=one, text=text or "", source="config", author=author)
                for one in cards
            ],
            now=NOW + timedelta(days=days),
        )
    return cards[0] if cards else None


def test_each_version_says_who_when_and_what(shop) -> None:
    first = publish(shop, SCORECARD, days=-20)
    text = (
        SCORECARD.replace("> 100", "> 300")
        .replace("- name: Run", "- name: Sprint")
        .replace("level: Run", "level: Sprint")
    )
    second = publish(shop, text, days=-3, author="Robin <robin@example.com>")
    page = shop.get(VERSIONS)
    assert faults(page) == []
    assert page.index(second.version) < page.index(first.version)
    assert "Robin &lt;robin@example.com&gt;" in page
    assert "author not known" in page
    assert "repo.readme.bytes &gt; 100" in page
    assert "repo.readme.bytes &gt; 300" in page
    assert "level <code>Sprint</code>" in page
    assert "The first definition that is known." in page
    assert '<tr class="add"><td>+</td><td>      rule: repo.readme.bytes &gt; 300</td></tr>' in page


def test_version_that_came_back_has_one_anchor(shop) -> None:
    first = publish(shop, SCORECARD, days=-20)
    publish(shop, SCORECARD.replace("> 100", "> 300"), days=-10)
    publish(shop, SCORECARD, days=-5)
    page = shop.get(VERSIONS)
    assert faults(page) == []
    assert page.count(f'id="v-{first.version}"') == 1
    assert page.count("in force") >= 1


def test_scorecard_that_went_keeps_its_past(shop) -> None:
    text = SCORECARD.replace("name: readiness", "name: former")
    publish(shop, text, days=-20)
    publish(shop, None, days=-1)
    page = shop.get("/scorecards/former/versions")
    assert "This scorecard is no longer defined." in page
    assert "Taken away" in page


def test_many_versions_come_in_pages(shop) -> None:
    for n in range(23):
        publish(shop, SCORECARD.replace("> 100", f"> {n}"), days=n)
    page = shop.get(VERSIONS)
    assert page.count("in force") == 2  # the tag, and the purpose of the page
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    last = shop.get(following)
    assert "The first definition that is known." in last
    assert "21–23" in last


def test_nothing_written_down_yet_is_said(shop) -> None:
    assert "No version is kept yet" in shop.get(VERSIONS)
