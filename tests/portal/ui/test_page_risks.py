"""Ownership and risk: what nobody answers for, and what others rely on although it is to go."""

from __future__ import annotations

import re

import pytest
from page_shop import Shop, api, component, put
from page_structure import faults

from catalog.orphans import ORPHAN

TEXTS = "---\n".join(
    (
        component("old").replace("lifecycle: production", "lifecycle: deprecated"),
        component("alone").replace("lifecycle: production", "lifecycle: deprecated"),
        component("user", owner="user:ann", spec="dependsOn: [component:old]"),
        component("lost", more=f"annotations: {{{ORPHAN}: 'true'}}"),
        component("left", owner="dissolved"),
        api("shop", "openapi", "openapi: 3.1.0\n"),
    )
)
TEMPLATE = """\
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: nobodys}
spec: {type: service, steps: []}
"""


def names(page: str) -> list[str]:
    part = page.partition('id="entities"')[2]
    return re.findall(r'<tr><th scope="row"><a class="who[^"]*" href="[^"]*/([\w-]+)"', part)


def counts(page: str) -> dict[str, str]:
    part = page.partition('id="entities"')[0]
    found = re.findall(
        r'(?:>)([^<>]+)(?:</a>)?</th>.*?data-label="Entities"><[^>]+>([\d,]+)<', part
    )
    return dict(found)


@pytest.fixture
def risky(shop: Shop) -> Shop:
    put(shop.portal, shop.location, "risks.yaml", TEXTS)
    return shop


@pytest.mark.parametrize(
    ("show", "found"),
    [
        ("gone", ["hostile", "left", "user"]),
        ("person", ["user"]),
        ("empty", ["alices", "charlies"]),
        ("deprecated", ["old"]),
        ("orphan", ["lost"]),
        ("unowned", []),
    ],
)
def test_each_risk_lists_what_it_is_about(risky: Shop, show: str, found: list[str]) -> None:
    page = risky.get(f"/risks?show={show}")
    assert faults(page) == []
    assert names(page) == found
    said = counts(page)
    assert len(said) == 6
    heading = page.partition('id="entities"')[2].partition("<h2>")[2].partition("</h2>")[0]
    assert said[heading] == str(len(found))


def test_what_hangs_on_it_is_told(risky: Shop) -> None:
    assert "1 entity needs it" in risky.get("/risks?show=deprecated")
    assert re.search(r"owns \d+ entities", risky.get("/risks?show=empty"))


def test_without_a_word_the_first_risk_that_concerns_anything_is_shown(risky: Shop) -> None:
    assert names(risky.get("/risks")) == ["hostile", "left", "user"]
    assert names(risky.get("/risks?show=nonsense")) == ["hostile", "left", "user"]


def test_a_member_makes_a_team_whole_and_numbers_follow_the_catalog(risky: Shop) -> None:
    assert counts(risky.get("/risks"))["A team without members owns something"] == "2"
    ann = "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: ann}\nspec: {memberOf: [alices]}\n"
    put(risky.portal, risky.location, "ann.yaml", ann)
    page = risky.get("/risks?show=empty")
    assert names(page) == ["charlies"]
    assert counts(page)["A team without members owns something"] == "1"


def test_long_list_has_pages(shop: Shop) -> None:
    many = [component(f"n{number:02}", owner="gone") for number in range(60)]
    put(shop.portal, shop.location, "many.yaml", "---\n".join(many))
    page = shop.get("/risks?show=gone")
    assert len(names(page)) == 50
    assert "1–50 of 61" in page
    assert len(names(shop.get("/risks?show=gone&page=2"))) == 11
    assert "This page does not exist." in shop.get("/risks?show=gone&page=9")


def test_what_names_no_owner_is_found_and_who_needs_none_is_not(shop: Shop) -> None:
    put(shop.portal, shop.location, "template.yaml", TEMPLATE)
    assert names(shop.get("/risks?show=unowned")) == ["nobodys"]
