"""The rule editor: what a change would do, before it is published; and nothing is stored by it."""

import html

import pytest
from page_people import read, send
from page_shop import SCORECARD, Shop
from page_structure import faults

from portal.db import tables
from portal.db.evaluation import results
from portal.ui.models.scorecards.starter import STARTER
from portal.use_cases.trying import read_definition
from scorecards.evaluation.cases import trials

PATH = "/scorecards/readiness/edit"


@pytest.fixture(autouse=True)
def nobody_waits(shop: Shop) -> None:
    """What is stored of everybody is of the definition in force."""
    with shop.portal.database.write() as connection:
        connection.execute(tables.unassessed.delete())


def tried(shop: Shop, text: str, status: int = 200) -> str:
    answer = send(shop.client, PATH, definition=text)
    assert answer.status_code == status, answer.text
    assert faults(answer.text) == []
    return answer.text


def test_editor_begins_with_the_definition_in_force_and_says_where_it_belongs(shop) -> None:
    page = read(shop.client, PATH)
    assert "rule: repo.readme.bytes &gt; 100" in page
    assert shop.portal.scorecards[0].file in page
    assert 'aria-current="page">Try a change' in page


def test_stricter_rule_says_who_falls_by_team_and_stores_nothing(shop) -> None:
    with shop.portal.database.read() as connection:
        before = results.distribution(connection, "readiness", 3)
    page = tried(shop, SCORECARD.replace("> 100", "> 1000"))
    assert "Of 3 entities, 1 fall" in page
    result = page.split('id="result"')[1]
    assert ">Walk<" in result
    assert ">Start<" in result
    check = result.split(">There is a README</th>")[1].split("</tr>")[0]
    assert 'data-label="Newly failing">1<' in check
    assert "group:default/alices" in page
    assert "component:default/payments" in page
    with shop.portal.database.read() as connection:
        assert results.distribution(connection, "readiness", 3) == before


def test_failure_in_a_grace_is_shown_and_moves_nobody(shop) -> None:
    slow = SCORECARD.replace("> 100", "> 1000", 1).replace("> 1000", "> 1000\n      grace: 2d", 1)
    page = tried(shop, slow)
    assert "None of 3 entities changes its level" in page
    check = page.split(">There is a README</th>")[1].split("</tr>")[0]
    assert 'data-label="Newly failing">0<' in check
    assert 'data-label="In a grace">1<' in check


def test_failure_that_no_level_shows_is_said_all_the_same(shop) -> None:
    page = tried(shop, SCORECARD.replace("repo.tests.files > 0", "repo.tests.files > 5"))
    assert "None of 3 entities changes its level, but 2 newly fail a check</h2>" in page
    assert "<title>None of 3 entities" in page
    both = SCORECARD.replace("repo.tests.files > 0", "repo.tests.files > 5")
    page = tried(shop, both.replace("length > 10", "length > 28"))
    assert "but 2 checks are newly failed, one of them by 2</h2>" in page, page.split("<title>")[1][
        :200
    ]


def test_change_of_texts_changes_nobody(shop) -> None:
    page = tried(shop, SCORECARD.replace("Readers look there", "People look there"))
    assert "None of 3 entities changes its level" in page
    assert "No check says anything else of anybody." in page


def test_problem_stands_with_line_and_column_and_the_text_is_kept(shop) -> None:
    broken = SCORECARD.replace("repo.readme.bytes > 100", "repo.readme.bites > 100")
    page = tried(shop, broken, 422)
    line = broken.split("repo.readme.bites")[0].count("\n") + 1
    assert f"readiness.yaml:{line}:" in page
    assert "repo.readme.bites &gt; 100" in page.split("<textarea")[1]
    assert 'id="result"' not in page


def test_text_without_a_scorecard_is_refused(shop) -> None:
    assert "exactly one scorecard" in tried(shop, "# nothing\n", 422)


def test_text_that_is_too_large_is_refused(shop) -> None:
    assert "larger than 256 KiB" in tried(shop, "#" * (256 * 1024 + 1), 422)


def test_text_can_be_downloaded_as_it_was_typed(shop) -> None:
    answer = shop.client.post(PATH, data={"definition": "a: 1\r\n", "download": "1"})
    assert answer.content_type.startswith("application/yaml")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="readiness.yaml"'
    assert answer.text == "a: 1\n"


def test_hostile_text_stays_text(shop) -> None:
    page = tried(shop, "</textarea><script>alert(1)</script>", 422)
    assert "<script>" not in page


def test_scorecard_that_is_not_there_has_no_editor(shop) -> None:
    assert "There is no scorecard named none." in shop.get("/scorecards/none/edit", 404)


def test_chosen_entities_show_what_each_check_would_say_of_them(shop) -> None:
    stricter = SCORECARD.replace("> 100", "> 1000")
    answer = send(shop.client, PATH, definition=stricter, on="payments, component:default/nobody")
    assert faults(answer.text) == []
    shown = answer.text.split('id="chosen"')[1].split("</section>")
    lines = shown[0].split("<tbody>")[1].split("</tr>")
    assert "There is a README" in lines[0]  # what changes comes first
    assert "changes" in lines[0]
    assert ">Pass<" in lines[0].split('data-label="Now"')[1].split("</td>")[0]
    assert ">Fail<" in lines[0].split('data-label="With this"')[1].split("</td>")[0]
    assert "repo.readme.bytes: " in lines[0]
    assert all("changes" not in line for line in lines[1:])
    assert ">Walk<" in shown[0].split("</header>")[0]
    assert ">Start<" in shown[0].split("</header>")[0]
    assert "There is no such entity." in shown[1]
    assert 'value="payments, component:default/nobody"' in answer.text


def test_starred_entities_are_chosen_at_first(shop) -> None:
    shop.client.post("/catalog/component/default/payments/star", data={"on": "1"})
    assert 'name="on" type="text" value="component:default/payments"' in read(shop.client, PATH)


def test_entity_to_which_the_definition_would_not_apply_says_so(shop) -> None:
    other = SCORECARD.replace("entity.kind == 'Component'", "entity.kind == 'API'")
    page = send(shop.client, PATH, definition=other, on="payments").text
    head = page.split('id="chosen"')[1].split("</header>")[0]
    assert "does not apply" in head
    assert ">Walk<" in head


def test_a_scorecard_can_be_written_from_nothing_and_says_where_everybody_would_stand(shop) -> None:
    begun = read(shop.client, "/new-scorecard")
    text = html.unescape(begun.split("required>\n")[1].split("</textarea>")[0])
    assert text == STARTER
    answer = send(shop.client, "/new-scorecard", definition=text, on="payments")
    assert faults(answer.text) == []
    assert 'data-label="To"' in answer.text.split('id="result"')[1]
    assert "A team answers for it" in answer.text.split('id="chosen"')[1]
    assert "my-scorecard" not in [card.name for card in shop.portal.scorecards]


def test_the_scorecard_to_begin_with_has_no_fault_and_passes_its_own_tests(shop) -> None:
    cards, problems = read_definition(shop.portal, STARTER)
    assert problems == ()
    tried_cases = [one for card in cards for one in trials(card, shop.portal.schemas)]
    assert tried_cases
    assert all(one.holds for one in tried_cases)


def test_a_new_scorecard_is_downloaded_under_a_name_of_its_own(shop) -> None:
    form = {"definition": "a: 1\r\n", "download": "1"}
    answer = shop.client.post("/new-scorecard", data=form)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="scorecard.yaml"'
