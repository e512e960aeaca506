"""The Docs tab: the pages of an entity, the one that is read, and why there are none."""

from __future__ import annotations

import pytest
from page_shop import NOW, Shop, component, put
from page_structure import faults
from sqlalchemy import update

from catalog.documentation import MOST_PAGES, Pages, PageState
from catalog.problems import Problem
from catalog.sources import Repository
from portal.db.ingest.catalog_store import Store
from portal.db.tables import entities
from portal.db.work import rounds
from tests.doc_rows import found, pages, save

REF = "component:default/payments"
TAB = "/catalog/component/default/payments?tab=docs"
REPOSITORY = Repository(url="https://git.example.com/shop.git", name="shop")
README = """\
# Payments

See [how to deploy](docs/guides/deploy.md#undo), [the code](src/main.py) and ![a picture](x.png).
<script>alert(1)</script>

## Install
"""
DEPLOY = "# Deploy\n\nBack to [the start](../../README.md).\n\n## Undo\n\nPress the button.\n"
TEXTS = {"README.md": README, "docs/guides/deploy.md": DEPLOY}


def store(shop: Shop, read: Pages) -> None:
    save(shop.portal.database, found(REF, read))


def get(shop: Shop, path: str = TAB, status: int = 200) -> str:
    page = shop.get(path, status)
    assert faults(page) == []
    return page


def test_the_first_page_is_shown_with_its_place_its_commit_and_its_headings(shop: Shop) -> None:
    store(shop, pages(TEXTS))
    page = get(shop)
    assert "Docs <small>2</small>" in page
    assert f'<a href="{TAB.replace("&", "&amp;")}&amp;page=README.md" aria-current="page">' in page
    assert "<h2>Payments</h2>" in page
    assert "<h3>Guides</h3>" in page
    assert '<a class="h1" href="#doc-install">Install</a>' in page
    assert 'unchanged since <span class="mono">0123456789ab</span>' in page
    assert "<script>alert" not in page
    assert 'rel="next"' in page


def test_pages_of_the_same_title_are_told_apart_by_their_paths(shop: Shop) -> None:
    store(shop, pages(TEXTS))
    assert '<span class="muted small mono">' not in get(shop)
    store(shop, pages({"README.md": "# Payments\n", "docs/index.md": "# Payments\n"}))
    page = get(shop)
    for path in ("README.md", "docs/index.md"):
        assert f'Payments <span class="muted small mono">{path}</span>' in page


def test_pages_lead_to_each_other(shop: Shop) -> None:
    store(shop, pages(TEXTS))
    there = f"{TAB}&page=docs/guides/deploy.md".replace("&", "&amp;")
    assert f'href="{there}#doc-undo"' in get(shop)
    page = get(shop, f"{TAB}&page=docs/guides/deploy.md")
    assert 'id="doc-undo"' in page
    assert f'href="{TAB}&page=README.md"'.replace("&", "&amp;") in page
    assert 'rel="prev"' in page


def test_what_is_at_the_forge_is_linked_where_that_is_known(shop: Shop) -> None:
    store(shop, pages(TEXTS))
    assert "src/main.py" not in get(shop), "the descriptor's URL has the form of no forge"
    more = (
        "annotations: {backstage.io/source-location: 'url:https://github.com/acme/pay/tree/main/'}"
    )
    put(shop.portal, shop.location, "pay.yaml", component("located", more=more))
    save(shop.portal.database, found("component:default/located", pages(TEXTS)))
    page = get(shop, "/catalog/component/default/located?tab=docs")
    assert 'href="https://github.com/acme/pay/blob/main/src/main.py"' in page
    assert 'href="https://github.com/acme/pay/blob/main/README.md"' in page
    assert 'href="https://github.com/acme/pay/blob/main/x.png"' in page


def test_a_page_that_is_not_there_is_said_with_the_ones_that_are(shop: Shop) -> None:
    store(shop, pages(TEXTS))
    page = get(shop, f"{TAB}&page=docs/%3Cscript%3E.md", 404)
    assert "There is no such page" in page
    assert "docs/&lt;script&gt;.md" in page
    assert "page=README.md" in page


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (PageState.TOO_LARGE, "It has 293 KiB; pages of up to 256 KiB are kept."),
        (PageState.OVER_LIMIT, "use up the 4 MiB"),
        (PageState.NOT_TEXT, "not text in UTF-8"),
        (PageState.UNREADABLE, "could not be read"),
    ],
)
def test_a_page_without_a_text_says_why(shop: Shop, state: PageState, why: str) -> None:
    store(shop, pages({**TEXTS, "docs/odd.md": state}))
    page = get(shop, f"{TAB}&page=docs/odd.md")
    assert "It cannot be shown here." in page
    assert why in page
    assert "(no text)" in page
    assert ("1 page listed without text" in page) == (state is PageState.OVER_LIMIT)


def test_what_would_take_long_is_shown_as_it_is_written(shop: Shop) -> None:
    store(shop, pages({"README.md": "# a\n" * 40_000}))
    page = get(shop)
    assert "Shown as it is written." in page
    assert "<h2>a</h2>" in page


def test_what_was_left_out_and_what_was_not_followed_is_said(shop: Shop) -> None:
    store(shop, pages(TEXTS, left_out=7, note="`dir:../x` leads out."))
    page = get(shop)
    assert f"7 more pages not listed: {MOST_PAGES} of an entity are." in page
    assert "<code>dir:../x</code> leads out." in page


def test_an_empty_page_says_so(shop: Shop) -> None:
    store(shop, pages({"README.md": "# README\n"}))
    assert "The page is empty." in get(shop)


def test_none_were_found(shop: Shop) -> None:
    store(shop, pages({}))
    page = get(shop)
    assert "Docs <small>0</small>" in page
    assert "No documentation" in page
    assert "backstage.io/techdocs-ref" in page


def test_nobody_has_looked_yet(shop: Shop) -> None:
    assert "waits to be looked at" in get(shop)
    with shop.portal.database.write() as connection:
        for marked in rounds.next_marked(connection, limit=1000):
            rounds.clear_marks(connection, marked.seqs)
    assert "is read when the repository" in get(shop)


def test_what_no_file_declares_any_more_is_of_no_repository(shop: Shop) -> None:
    with shop.portal.database.write() as connection:
        connection.execute(update(entities).where(entities.c.ref == REF).values(file_id=None))
    assert "It belongs to no repository" in get(shop)


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("NOT_PERMITTED", "The portal may not read shop"),
        ("GIT_TIMEOUT", "shop could not be read"),
    ],
)
def test_a_repository_that_cannot_be_read_is_said_beside_what_is_known(
    shop: Shop, code: str, title: str
) -> None:
    problem = Problem(code=code, message="It did `not` work.", hint="Do something.")
    Store(shop.portal.database).note_failure(shop.location, REPOSITORY, problem)
    page = get(shop)
    assert f"<h2>{title}</h2>" in page
    assert "It did <code>not</code> work. Do something." in page
    store(shop, pages(TEXTS))
    page = get(shop)
    assert "could not be read the last time" in page
    assert ("the portal may not" in page) == (code == "NOT_PERMITTED")
    assert 'href="#doc-install"' in page, "what was read before is still shown"


def test_people_have_the_tab_with_pages_only_and_the_past_has_none(shop: Shop) -> None:
    group = "/catalog/group/default/alices"
    assert "tab=docs" not in get(shop, group)
    save(shop.portal.database, found("group:default/alices", pages(TEXTS)))
    assert "tab=docs" in get(shop, group)
    then = f"{TAB}&as_of={NOW:%Y-%m-%dT%H:%M}"
    assert "tab=docs" not in get(shop, then.replace("&as_of", "&page=README.md&as_of"))
