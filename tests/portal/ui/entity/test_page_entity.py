import re
from dataclasses import replace
from datetime import timedelta

from page_shop import NOW, component, put
from page_structure import faults

from portal.db.catalog import entities
from portal.db.evaluation import results
from portal.ui.models.entity import overview
from portal.ui.models.entity.facts import unknown_words
from scorecards.facts import Unknown
from scorecards.results import Held, Outcome
from tests.result_rows import ResultRows

UNCLEAR = "/catalog/component/default/unclear"
PAYMENTS = "/catalog/component/default/payments"
ORDERS = "/catalog/component/default/orders"


def test_overview_says_what_leads_to_the_next_level(shop) -> None:
    page = shop.get(ORDERS)
    assert "2 things to reach Walk" in page
    assert "expected: more than 100 bytes" in page
    assert "Write <code>README.md</code> for orders." in page


def test_all_that_leads_to_the_next_level_is_counted_where_only_the_first_is_shown(
    shop, monkeypatch
) -> None:
    monkeypatch.setattr(overview, "MOST_STEPS", 1)
    page = shop.get(ORDERS)
    assert "2 things to reach Walk" in page
    assert re.search(r'tab=scorecards[^"]*#scorecard-readiness">And 1 more check</a>', page)


def test_header_shows_owner_and_level(shop) -> None:
    page = shop.get(PAYMENTS)
    assert '<span class="ref" data-copy="reference">component:default/payments</span>' in page
    assert "Alice&#39;s team" in page
    assert "Walk</span></a>" in page


def test_address_disregards_case(shop) -> None:
    assert "payments" in shop.get("/catalog/Component/Default/Payments")


def test_each_ladder_has_a_badge_to_copy_which_answers_and_leads_back(shop) -> None:
    page = shop.get(ORDERS + "?tab=scorecards")
    (told,) = re.findall(r'data-copy="Markdown">(.*?)</pre>', page)
    label, picture, target = re.fullmatch(r"\[!\[(.*)\]\((.*)\)\]\((.*)\)", told).groups()
    assert label == "Readiness"
    drawn = shop.client.get(picture.removeprefix("http://localhost"))
    assert drawn.content_type == "image/svg+xml"
    assert "Readiness: Start" in drawn.text
    assert f'href="{picture.removeprefix("http://localhost")}"' in page
    there, _, anchor = target.removeprefix("http://localhost").partition("#")
    assert f'id="{anchor}"' in shop.get(there)


def test_ladder_says_why_the_level_is_what_it_is(shop) -> None:
    page = shop.get(ORDERS + "?tab=scorecards")
    assert "The level is Start, because 2 checks of Walk fail." in page
    assert "Every check of Run is met already" in page
    assert 'aria-current="step"><b>Start</b>' in page


def test_check_shows_observed_beside_expected(shop) -> None:
    page = shop.get(ORDERS + "?tab=scorecards")
    check = page.split("There is a README")[1].split("</details>")[0]
    assert "repo.readme.bytes: <b>5</b>" in check
    assert "expected: more than 100 bytes" in check
    assert "Readers look there <strong>first</strong>." in check
    assert "failing since" in check


def test_what_nobody_looked_at_is_told_from_what_could_not_be_told() -> None:
    assert unknown_words(Unknown.NOT_COLLECTED) == "not collected yet"
    assert unknown_words(Unknown.NOT_COLLECTED, "3 runs say too little") == (
        "not collected: 3 runs say too little"
    )


def test_what_is_not_known_is_named_where_it_decides(shop) -> None:
    page = shop.get("/catalog/component/default/unclear?tab=scorecards")
    assert "It may be Run already." in page
    assert "1 check has no data" in page
    assert page.count("the source failed: The clone timed out.") == 2, "above, and at the check"
    assert "to Run</i>" in page
    check = page.split('id="check-readiness-readme"')[1].split('class="check"')[0]
    assert "How it is done" in check, "there may be nothing to fix"
    step = shop.get(UNCLEAR).split('<ol class="steps">')[1].split("</ol>")[0]
    assert "the source failed: The clone timed out." in step
    assert "How to fix it" not in step
    assert f'href="{UNCLEAR}?tab=facts">Who was asked' in check
    assert "/coverage?scorecard=readiness&amp;owner=group:default/charlies" in check


def test_facts_that_are_not_there_are_folded_behind_the_others(shop) -> None:
    shown, _, folded = shop.get(PAYMENTS + "?tab=facts").partition('<summary class="fold">')
    assert "<code>repo.readme.bytes</code>" in shown
    assert "<code>repo.tests.files</code>" not in shown
    assert folded.startswith("1 that")
    assert "<code>repo.tests.files</code>" in folded


def test_descriptor_begins_as_people_begin_one(shop) -> None:
    page = shop.get(PAYMENTS + "?tab=descriptor")
    keys = ["apiVersion:", "kind:", "metadata:", "spec:"]
    assert sorted(keys, key=page.index) == keys


def test_facts_say_where_they_come_from(shop) -> None:
    page = shop.get(PAYMENTS + "?tab=facts")
    assert "README.md:1" in page
    assert "0123456789ab" in page
    assert "looked for *_test.py" in page
    assert "by repo 1" in page
    failed = shop.get("/catalog/component/default/unclear?tab=facts")
    assert "the source failed: The clone timed out." in failed


def test_relations_mark_what_does_not_exist(shop) -> None:
    page = shop.get("/catalog/component/default/hostile?tab=relations")
    assert "2 relations, 2 to something that is not in the catalog" in page
    assert 'class="node gone"' in page


def test_annotations_are_those_that_somebody_wrote(shop) -> None:
    noted = "annotations: {example.com/a: b}"
    put(shop.portal, shop.location, "noted.yaml", component("noted", more=noted))
    page = shop.get("/catalog/component/default/noted")
    assert "example.com/a" in page
    assert "managed-by" not in page
    assert "managed-by-origin-location" in shop.get(
        "/catalog/component/default/noted?tab=descriptor"
    )
    assert "<h2>Annotations</h2>" not in shop.get(PAYMENTS)


def test_problems_stand_in_the_descriptor_where_they_belong(shop) -> None:
    put(shop.portal, shop.location, "one.yaml", component("one"))
    bad = component("one").replace("owner: alices", "owner: 3").replace("  type: service\n", "")
    put(shop.portal, shop.location, "one.yaml", bad)
    page = shop.get("/catalog/component/default/one?tab=descriptor")
    assert faults(page) == []
    shown = page.partition('aria-label="The descriptor with its problems"')[2].partition(
        "</table>"
    )[0]
    hits = re.findall(
        r'<tr class="hit error"><td>\d+</td><td>([^<]+)</td></tr><tr class="note error">', shown
    )
    assert hits == ["  type: service", "  owner: alices"]
    assert "This is the last good version" in page
    assert '<pre hidden data-copy="YAML">' in page
    assert "The descriptor with its problems" not in shop.get(f"{PAYMENTS}?tab=descriptor")


def test_descriptor_is_shown_as_yaml_with_its_source(shop) -> None:
    page = shop.get(PAYMENTS + "?tab=descriptor")
    assert "kind: Component" in page
    assert 'href="https://git.example.com/shop/blob/main/catalog-info.yaml"' in page
    assert "document 3" in page


def test_links_lead_to_the_web_only(shop) -> None:
    page = shop.get("/catalog/component/default/hostile")
    assert 'href="https://example.com/good"' in page
    assert "javascript:" not in page.replace("](javascript:alert(1))", "")
    assert "(not a web link)" in page


def test_rejected_entity_has_a_page_that_says_why(shop) -> None:
    page = shop.get("/catalog/component/default/broken", 404)
    assert "A descriptor declares it, but it was rejected." in page
    assert "catalog-info.yaml:" in page
    assert "owner" in page


def test_unknown_entity_has_a_search(shop) -> None:
    page = shop.get("/catalog/component/default/never-heard-of", 404)
    assert "No descriptor declares this" in page
    assert 'value="never-heard-of"' in page


def test_last_good_version_is_shown_with_its_problem(shop) -> None:
    bad = component("payments").replace("  owner: alices\n", "")
    put(shop.portal, shop.location, "catalog-info.yaml", bad)
    page = shop.get(PAYMENTS)
    assert "The last good version is shown here" in page
    assert "Takes payments of every kind." in page


def test_relations_of_a_hub_are_cut_and_counted(shop) -> None:
    text = "---\n".join(component(f"svc-{n:03}") for n in range(520))
    put(shop.portal, shop.location, "hub.yaml", text)
    page = shop.get("/catalog/group/default/alices?tab=relations")
    assert "492 of 522 are not drawn" in page
    assert "22 more relations are not listed here" in page


def test_a_failure_that_does_not_count_yet_is_told(shop) -> None:
    held = Held(since=NOW, until=NOW + timedelta(days=3))
    with shop.portal.database.read() as connection:
        row = entities.by_ref(connection, "component:default/orders")
        stored = [one.result for one in results.for_entity(connection, row.id)]
    found = [
        replace(
            result,
            results=tuple(
                replace(said, outcome=Outcome.PASS, reason="counts later: it is short", held=held)
                if said.outcome is Outcome.FAIL
                else said
                for said in result.results
            ),
        )
        for result in stored
    ]
    ResultRows(database=shop.portal.database).save_results([row.id], found)
    page = shop.get(ORDERS + "?tab=scorecards")
    check = page.split("There is a README")[1].split("</details>")[0]
    assert "fails · counts from" in check
    assert "counts later: it is short" in check
    assert "How to fix it" in check
    answer = shop.client.get("/api/v1/entities/component/default/orders/scorecards").json
    [said] = [one for one in answer[0]["checks"] if one["title"] == "There is a README"]
    assert said["outcome"] == "pass"
    assert said["held"] == {
        "since": "2026-03-01T12:00:00.000Z",
        "until": "2026-03-04T12:00:00.000Z",
    }
