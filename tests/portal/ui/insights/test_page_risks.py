"""Ownership and risk: what nobody answers for, and what others rely on although it is to go."""

from __future__ import annotations

import csv
import re
from html import unescape
from io import StringIO

import pytest
from page_shop import Shop, api, component, put
from page_structure import faults

from catalog.ingest.orphans import ORPHAN

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
    return {title: number for title, (number, _) in numbers(page).items()}


def numbers(page: str) -> dict[str, tuple[str, str]]:
    """By risk how many it concerns, and how many of what it could."""
    rows = page.partition('id="entities"')[0].partition("<tbody>")[2].split("<tr>")[1:]
    cell = r'data-label="Concerns"><[^>]+>([\d,]+)</[^>]+> of ([\d,]+)<[^>]+>([^<]+)<'
    found = {re.findall(r">([^<>]+)(?:</a>)?</th>", row)[0]: re.findall(cell, row) for row in rows}
    return {title: (n, f"{of} {what}") for title, cells in found.items() for n, of, what in cells}


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
    answer = risky.client.get(f"/api/v1/risks/{show}/entities").json
    assert [one["ref"].rpartition("/")[2] for one in answer["items"]] == found
    assert answer["total"] == len(found)


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


def test_every_number_says_of_how_many(risky: Shop) -> None:
    assert numbers(risky.get("/risks")) == {
        "Nobody owns it": ("0", "10 that need an owner"),
        "Its owner is not in the catalog": ("3", "10 that name an owner"),
        "One person owns it": ("1", "10 that need an owner and name one"),
        "A team without members owns something": ("2", "2 teams that own something"),
        "It is deprecated, and others need it": ("1", "2 that are deprecated"),
        "No file declares it any more": ("1", "12 in the catalog"),
    }
    items = risky.client.get("/api/v1/risks").json["items"]
    assert [(one["risk"], one["count"], one["among"]) for one in items] == [
        ("unowned", 0, 10),
        ("gone", 3, 10),
        ("person", 1, 10),
        ("empty", 2, 2),
        ("deprecated", 1, 2),
        ("orphan", 1, 12),
    ]


TREE = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: all}
spec: {type: department, children: [alices, vanished]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ann}
spec: {memberOf: [alices]}
"""


@pytest.fixture
def tree(risky: Shop) -> Shop:
    """`alices`, of which Ann is a member, and a group that is only named are below `all`."""
    more = "---\n".join((TREE, component("theirs", owner="vanished")))
    put(risky.portal, risky.location, "tree.yaml", more)
    return risky


@pytest.mark.parametrize("team", ["group:default/alices", "group:default/all"])
def test_a_team_has_what_it_what_is_below_it_and_its_members_own(tree: Shop, team: str) -> None:
    page = tree.get(f"/risks?team={team}&show=person")
    assert faults(page) == []
    assert names(page) == ["user"]
    assert names(tree.get(f"/risks?team={team}&show=deprecated")) == ["old"]
    assert names(tree.get("/risks?team=group:default/charlies&show=person")) == []
    below = ["theirs"] if team.endswith("all") else []
    assert names(tree.get(f"/risks?team={team}&show=gone")) == below
    assert f"show=deprecated&amp;team={team}#entities" in page
    found = numbers(page)
    assert found["It is deprecated, and others need it"] == (
        "1",
        "2 that this team owns, and that are deprecated",
    )
    assert "Nobody owns it" not in found
    assert "what nobody owns is of no team" in page


def test_teams_without_members_are_those_from_the_team_down(tree: Shop) -> None:
    title = "A team without members owns something"
    for team, found in (("charlies", ["charlies"]), ("all", [])):
        page = tree.get(f"/risks?team=group:default/{team}&show=empty")
        assert names(page) == found
        assert numbers(page)[title] == (
            str(len(found)),
            "1 teams from here down that own something",
        )


def test_a_risk_of_no_team_says_so_and_leads_to_everyones(tree: Shop) -> None:
    page = tree.get("/risks?team=group:default/all&show=unowned")
    assert faults(page) == []
    assert "This cannot be said of a team" in page
    assert 'href="/risks?show=unowned#entities"' in page
    [first, *_] = tree.client.get("/api/v1/risks?team=all").json["items"]
    assert (first["risk"], first["count"], first["among"]) == ("unowned", None, None)
    assert tree.client.get("/api/v1/risks/unowned/entities?team=all").json["items"] == []


def test_the_csv_is_the_list_that_is_shown(tree: Shop) -> None:
    for query in ("show=gone", "show=deprecated&team=group:default/all"):
        page = tree.get(f"/risks?{query}")
        link = unescape(page.split('>JSON</a><a class="btn" href="')[1].split('"')[0])
        answer = tree.client.get(link)
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert "-entities.csv" in answer.headers["Content-Disposition"]
        assert [row["name"] for row in csv.DictReader(StringIO(answer.text))] == names(page)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/none/entities", 404),
        ("?team=component:default/a", 422),
        ("?team=a:b:/", 422),
        ("/gone/entities?limit=0", 422),
        ("/gone/entities?x=1", 400),
        ("/gone/entities?team=%00", 422),
    ],
)
def test_what_cannot_be_meant_is_refused(shop_to_see: Shop, path: str, status: int) -> None:
    assert shop_to_see.client.get(f"/api/v1/risks{path}").status_code == status


def test_both_databases_count_the_same(shop_on_both: Shop) -> None:
    put(shop_on_both.portal, shop_on_both.location, "risks.yaml", "---\n".join((TEXTS, TREE)))
    items = shop_on_both.client.get("/api/v1/risks?team=all").json["items"]
    assert [(one["count"], one["among"]) for one in items] == [
        (None, None),
        (0, 7),
        (1, 7),
        (0, 1),
        (1, 2),
        (1, 7),
    ]
