from dataclasses import replace

from flask import Flask
from page_shop import appraise, component, put

from catalog.problems import Problem
from portal.app import create_app
from portal.db import tables
from portal.db.catalog.entities import by_ref
from portal.db.evaluation import quarantine, unanswerable
from portal.ui.models.scorecards.page import MOST_WORST
from portal.ui.scorecards.pages import FIRST, NEARLY_ALL, read_filter
from portal.version import EDITION
from scorecards.collection.feeding import SwitchedOn
from scorecards.rules import leaves
from tests.catalog_rows import NOW


def entities(page: str) -> str:
    return page.split('id="entities"')[1].split("</section>")[0]


def test_list_shows_the_distribution_with_its_counts(shop) -> None:
    page = shop.get("/scorecards")
    assert "3 checks in 2 levels above Start" in page
    assert 'aria-label="Readiness: Start 2, Walk 1"' in page
    assert "3 entities assessed; at least 1 could be higher, but data is missing." in page


def test_broken_definition_is_shown_and_set_aside(shop) -> None:
    problem = Problem(code="EXPRESSION", message="It does not compile.", file="bad.yaml", line=3)
    portal = replace(shop.portal, scorecard_problems=(problem,))
    page = create_app(portal).test_client().get("/scorecards").text
    assert "bad.yaml:3" in page
    assert "Readiness" in page


def test_a_rule_that_is_not_run_is_shown_with_its_place(shop) -> None:
    (rule,) = leaves(shop.portal.scorecards[0].checks[0].rule)
    with shop.portal.database.write() as connection:
        quarantine.put(connection, rule.expression, "was slow", edition=EDITION, now=NOW)
    try:
        page = shop.get("/scorecards")
    finally:
        with shop.portal.database.write() as connection:
            quarantine.pardon(connection, [rule.expression], EDITION)
    assert "Rules that are not run any more" in page
    assert f"{shop.portal.scorecards[0].file}:{rule.line}" in page
    assert "the expression was slow" in page


def test_packs_say_in_one_place_what_nothing_feeds(shop) -> None:
    def packs(*on: SwitchedOn) -> str:
        portal = replace(shop.portal, settings=replace(shop.portal.settings, packs=on))
        page = create_app(portal).test_client().get("/scorecards").text
        return page.split('id="packs"')[1]

    assert "nothing feeds" not in packs()
    starved = packs(SwitchedOn(name="security"))
    assert "nothing feeds <code>secrets.*</code>, " in starved
    assert 'href="/scorecards/security-findings"' in starved
    assert 'href="/scorecards/ci-health"' not in starved
    assert "portal packs NAME" in starved


def test_checks_are_sorted_by_pass_rate_over_what_is_decided(shop) -> None:
    page = shop.get("/scorecards/readiness").split('id="rules"')[1].split("</section>")[0]
    titles = ["There is a README", "The description says something", "There are tests"]
    assert sorted(titles, key=page.index) == titles
    assert "50 %" in page
    assert "of 2" in page


def test_the_checks_that_most_pass_are_folded_and_a_click_away(shop) -> None:
    first = shop.portal.scorecards[0]
    many = tuple(replace(first.checks[0], id=f"c{n}", title=f"Check {n}") for n in range(12))
    portal = replace(shop.portal, scorecards=(replace(first, checks=many),))

    def rules(query: str) -> tuple[str, str]:
        page = create_app(portal).test_client().get(f"/scorecards/readiness{query}").text
        shown, _, folded = page.split('id="rules"')[1].split("</section>")[0].partition("<details")
        return shown, folded

    shown, folded = rules("")
    assert shown.count('scope="row"') == MOST_WORST
    assert folded.count('scope="row"') == 12 - MOST_WORST
    assert folded.startswith("><summary")
    assert rules("?show=checks")[1].startswith(" open")


def test_entities_that_nobody_asked_for_leave_room_for_the_rest(shop) -> None:
    names = [f"c{n:02}" for n in range(NEARLY_ALL)]
    put(shop.portal, shop.location, "many.yaml", "---\n".join(map(component, names)))
    appraise(shop.portal, {f"component:default/{name}": {} for name in names})
    total = NEARLY_ALL + 3
    path = "/scorecards/readiness"
    page = entities(shop.get(path))
    assert page.count('<th scope="row">') == FIRST
    assert f"1–{FIRST} of {total}" in page
    after = page.split('rel="next" href="')[1].split("#")[0].replace("&amp;", "&")
    assert entities(shop.get(after)).count('<th scope="row">') == total - FIRST
    assert entities(shop.get(f"{path}?level=0")).count('<th scope="row">') == total - 1


def test_link_to_a_check_unfolds_what_it_asks_for(shop) -> None:
    page = shop.get("/scorecards/readiness")
    assert 'href="/scorecards/readiness?check=readme#definition-readme"' in page
    assert 'id="definition"><details><summary' in page
    for query in ("?check=readme", "?show=definition"):
        assert 'id="definition"><details open>' in shop.get(f"/scorecards/readiness{query}")


def test_entities_can_be_filtered_by_the_outcome_of_a_check(shop) -> None:
    page = entities(shop.get("/scorecards/readiness?check=readme&outcome=fail"))
    assert "Orders &lt;3" in page
    assert "payments" not in page
    assert "Clear all" in page


def test_form_says_of_which_outcome_the_list_is(shop) -> None:
    def chosen(path: str) -> tuple[str, int]:
        page = shop.get(path)
        field = page.split('id="f-outcome"')[1].split("</select>")[0]
        word = field.split(" selected>")[1].split("<")[0] if " selected>" in field else "Any"
        return word, entities(page).count('<th scope="row">')

    every = ("Any", 3)
    assert chosen("/scorecards/readiness") == every
    assert chosen("/scorecards/readiness?check=readme") == ("Fail", 1)
    assert chosen("/scorecards/readiness?check=readme&outcome=") == every
    same = shop.get("/scorecards/readiness?check=readme&outcome=")
    assert "/scorecards/readiness/results'</pre>" in same, "the API takes both or none"
    assert chosen("/scorecards/readiness?level=&check=&outcome=pass") == every


def test_entities_can_be_filtered_by_level(shop) -> None:
    page = entities(shop.get("/scorecards/readiness?level=1"))
    assert "payments" in page
    assert "unclear" not in page


def test_each_of_ten_levels_can_be_asked_for(shop) -> None:
    card = shop.portal.cards["readiness"]
    ten = replace(card, levels=card.levels[:1] * 10)
    with Flask(__name__).test_request_context("/?level=7"):
        assert read_filter(ten).level == 7
        assert read_filter(card).level is None


def test_filter_that_matches_nothing_is_not_an_empty_scorecard(shop, shops) -> None:
    assert "No entity matches" in shop.get("/scorecards/readiness?level=2")
    assert "Nothing has been assessed yet" in shops(filled=False).get("/scorecards/readiness")


def test_nonsense_in_the_url_is_left_out(shop) -> None:
    for query in ("level=9", "level=x", "check=none", "outcome=perhaps", "after=..", "from=x"):
        shop.get(f"/scorecards/readiness?{query}")


def test_who_could_not_be_assessed_is_counted_and_marked(shop) -> None:
    path = "/scorecards/readiness"
    assert "could not be assessed" not in shop.get(path)
    with shop.portal.database.write() as connection:
        orders = by_ref(connection, "component:default/orders")
        unanswerable.give_up(connection, {orders.id: "a child was lost"}, now=NOW)
    page = shop.get(path)
    assert "1 entity could not be assessed</strong> when that was last tried." in page
    assert "What is counted here of it is from before." in page
    assert 'href="/coverage?scorecard=readiness#not-assessed"' in page
    assert entities(page).count("from before") == 1
    with shop.portal.database.write() as connection:
        connection.execute(tables.results.delete())
    page = shop.get(path)
    assert "There is no result of it, so whether this scorecard applies is not known." in page


def test_definition_has_rule_and_fix(shop) -> None:
    page = shop.get("/scorecards/readiness").split('id="definition"')[1]
    assert "<code>repo.readme.bytes &gt; 100</code>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_unknown_scorecard_is_not_found(shop) -> None:
    assert "There is no scorecard named nix." in shop.get("/scorecards/nix", 404)
