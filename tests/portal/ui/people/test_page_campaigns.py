"""Campaigns on the pages: planned by a form, moved by those who saw the present state, measured."""

from datetime import date

import pytest
from page_people import read, send
from page_shop import NOW, Shop, appraise, component, put
from werkzeug.datastructures import MultiDict

from portal.db.people import campaigns as store
from portal.ui.models.charts.plots import count_grid
from portal.ui.models.people.burn_down import burn_down
from portal.use_cases.campaigning import course_of
from scorecards.facts import Known
from scorecards.people.campaigns import Campaign, Checks, Reach, State, Tally

PATH = "/campaigns/readme-push"
FORM = {
    "name": "readme-push",
    "title": "A README for all",
    "description": "Because readers look there **first**.",
    "owner": "alices",
    "scorecard": "readiness",
    "goal": "level",
    "level": "Walk",
    "filter": "kind=component",
    "starts_on": "2026-03-11",
    "target_on": "2026-05-01",
    "remind_every": "14",
    "m0_title": "Half",
    "m0_on": "2026-04-01",
    "m0_share": "50",
}


def stored(shop: Shop, name: str = "readme-push") -> Campaign | None:
    with shop.portal.database.read() as connection:
        return store.find(connection, name, now=shop.portal.now())


def plan(shop: Shop, **other: str) -> str:
    """Plan one through the form; returns its path."""
    answer = send(shop.client, "/campaigns/new", **{**FORM, **other})
    assert answer.status_code == 303, answer.text
    return answer.location


def tag(page: str) -> str:
    return page.split('name="seen" value="')[1].split('"')[0]


def move(shop: Shop, word: str, note: str = "") -> None:
    answer = send(shop.client, f"{PATH}/{word}", seen=tag(read(shop.client, PATH)), note=note)
    assert answer.status_code == 303, answer.text


def test_campaign_is_planned_as_it_was_typed(shop) -> None:
    assert plan(shop) == PATH
    found = stored(shop)
    assert found is not None
    assert (found.plan.owner, found.plan.goal) == ("group:default/alices", Reach(level="Walk"))
    assert found.plan.milestones[0].share == 0.5
    page = read(shop.client, PATH)
    assert "begins in 10 days" in page
    assert "<strong>first</strong>" in page
    assert "It has not begun: there is no day to show yet." in page
    assert "Half: 50 % by" in page


def test_goal_can_be_some_checks(shop) -> None:
    fields = MultiDict(
        [*({**FORM, "goal": "checks"}).items(), ("checks", "readme"), ("checks", "tested")]
    )
    assert shop.client.post("/campaigns/new", data=fields).status_code == 303
    found = stored(shop)
    assert found is not None
    assert found.plan.goal == Checks(ids=("readme", "tested"))
    assert "2 checks of" in read(shop.client, PATH)


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"name": "No Spaces"}, "name", "lower case letters"),
        ({"title": ""}, "title", "Give it a title"),
        ({"owner": ""}, "owner", "Say who runs it."),
        ({"level": ""}, "level", "Choose the level"),
        ({"level": "Start"}, "level", "no such level above its floor: Start."),
        ({"goal": "checks"}, "checks", "at least one check"),
        ({"filter": "=x"}, "filter", "."),
        ({"starts_on": "soon"}, "starts_on", "This is not a day as 2026-03-01."),
        ({"target_on": "2026-03-11"}, "target_on", "not after the start"),
        ({"remind_every": "0"}, "remind_every", "1 to 365"),
        ({"m0_share": "150"}, "milestones", "a percentage, 0 to 100"),
        ({"m0_on": "2027-01-01"}, "milestones", "not between start and target"),
    ],
)
def test_fault_stands_at_its_field_and_what_was_typed_is_kept(
    shop, typed: dict[str, str], field: str, said: str
) -> None:
    answer = send(shop.client, "/campaigns/new", **{**FORM, **typed})
    assert answer.status_code == 422
    assert said in answer.text.split(f'id="e-{field}"')[1].split("</p>")[0]
    assert "Because readers look there **first**.</textarea>" in answer.text
    assert stored(shop, typed.get("name", "readme-push")) is None


def test_name_that_is_taken_is_said_at_the_name(shop) -> None:
    plan(shop)
    answer = send(shop.client, "/campaigns/new", **{**FORM, "title": "Another"})
    assert answer.status_code == 422
    assert (
        "There is a campaign of this name" in answer.text.split('id="e-name"')[1].split("</p>")[0]
    )


def test_life_is_gone_step_by_step_with_notes(shop) -> None:
    plan(shop)
    move(shop, "start", "Why wait.")
    page = read(shop.client, PATH)
    assert "due in 61 days" in page
    assert "Why wait." in page
    assert ">Start</button>" not in page
    move(shop, "end")
    move(shop, "archive")
    page = read(shop.client, PATH)
    assert "It is over." in page
    found = stored(shop)
    assert found is not None
    assert [step.state for step in found.steps] == [
        State.PLANNED,
        State.ACTIVE,
        State.ENDED,
        State.ARCHIVED,
    ]
    assert "A README for all" in read(shop.client, "/campaigns?state=past")
    assert "No campaign is planned or active" in read(shop.client, "/campaigns")


def test_lost_update_is_said_and_the_note_is_kept(shop) -> None:
    plan(shop)
    seen = tag(read(shop.client, PATH))
    move(shop, "start")
    answer = send(shop.client, f"{PATH}/cancel", seen=seen, note="Not this year.")
    assert answer.status_code == 409
    assert "somebody changed the campaign meanwhile" in answer.text
    assert "Not this year.</textarea>" in answer.text
    found = stored(shop)
    assert found is not None
    assert found.state is State.ACTIVE


def test_step_that_does_not_follow_is_refused_with_what_does(shop) -> None:
    plan(shop)
    answer = send(shop.client, f"{PATH}/archive", seen=tag(read(shop.client, PATH)))
    assert answer.status_code == 422
    assert "A campaign that is planned cannot be archived" in answer.text


def test_what_is_left_is_told_by_team_and_unknown_is_not_open(shop) -> None:
    plan(shop)
    move(shop, "start")
    page = read(shop.client, PATH)
    assert "1 of 3 entities done, 1 without data" in page
    teams = page.split('id="teams"')[1].split("</section>")[0]
    first, second = teams.split("<tr>")[2:4]
    assert "Alice&#39;s team" in first
    assert '<b>1</b><span class="sr"> open' in first
    assert "1 of 2" in first
    assert "charlies" in second
    assert 'data-label="Open">0<' in second
    assert 'data-label="No data">1<' in second


def test_burn_down_has_a_table_that_says_the_same(shop) -> None:
    plan(shop)
    move(shop, "start")
    with shop.portal.database.write() as connection:
        store.keep_day(connection, "readme-push", date(2026, 2, 20), Tally(done=0, open=3))
    page = read(shop.client, PATH)
    assert "Entities that are left: 3 on the first day, 2 on the last" in page
    table = page.split("The burn-down as a table")[1].split("</table>")[0]
    assert table.count('<th scope="row"') == 2
    assert page.split('class="plot"')[1].split("</svg>")[0].count('class="dot"') == 2


def test_plot_holds_all_days_and_the_target(shop) -> None:
    plan(shop)
    found = stored(shop)
    assert found is not None
    with shop.portal.database.read() as connection:
        plot = burn_down(found, course_of(connection, shop.portal, found), NOW.date())
    assert [text for _, text in plot.labels] == ["11 Mar 2026", "1 May 2026"]
    assert plot.lines == ()
    assert len(plot.marks) == 1


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 4), (1, 4), (5, 5), (11, 20), (81, 100), (10_000, 10_000), (20_000, 20_000)],
)
def test_axis_of_counts_has_whole_numbers(most: int, top: int) -> None:
    found, lines = count_grid(most)
    assert found == top
    assert next(text for _, text in lines) == "0"


def test_teams_beyond_the_first_can_be_unfolded(shop) -> None:
    plan(shop, starts_on="2026-02-01")
    assert "more owner" not in read(shop.client, PATH)
    owners = [f"team-{n:02}" for n in range(25)]
    put(
        shop.portal, shop.location, "more.yaml", "---\n".join(component(o, owner=o) for o in owners)
    )
    facts = {"repo.readme.bytes": Known(value=5), "repo.tests.files": Known(value=1)}
    appraise(shop.portal, {f"component:default/{name}": facts for name in owners})
    page = read(shop.client, PATH)
    assert "7 more owners with less that is left" in page
    assert all(f"group:default/{name}" in page for name in owners)


def test_campaign_that_runs_is_not_ended_by_the_first_button_that_one_sees(shop) -> None:
    plan(shop)
    assert 'class="btn main" formaction="/campaigns/readme-push/start"' in read(shop.client, PATH)
    move(shop, "start")
    assert 'class="btn" formaction="/campaigns/readme-push/end"' in read(shop.client, PATH)


def test_campaign_past_its_day_is_overdue_in_words_and_not_failed(shop) -> None:
    plan(shop, starts_on="2026-01-01", target_on="2026-02-01", m0_on="2026-01-15")
    page = read(shop.client, PATH)
    assert "28 days overdue" in page
    assert 'class="pill warn"' in page
    assert "Missed" in page
    listed = read(shop.client, "/campaigns")
    assert "Overdue" in listed


def test_list_shows_the_last_look_with_its_day(shop) -> None:
    plan(shop)
    assert "not begun" in read(shop.client, "/campaigns")
    move(shop, "start")
    page = read(shop.client, "/campaigns")
    assert "1 of 3 done" in page
    assert 'datetime="2026-03-01T00:00:00Z"' in page


def test_campaign_about_nothing_says_so(shop) -> None:
    plan(shop, filter="kind=resource")
    page = read(shop.client, PATH)
    assert "No entity counts" in page
    assert "Nobody is concerned" in page


def test_checks_can_be_promoted_into_another_scorecard(shop) -> None:
    plan(shop)
    page = read(shop.client, f"{PATH}/promotion")
    assert "Choose a scorecard" in page
    refused = read(shop.client, f"{PATH}/promotion?scorecard=readiness&level=Run")
    assert "It would not load" in refused


def test_hostile_text_stays_text(shop) -> None:
    plan(shop, title="<script>alert(1)</script>", description="<script>alert(2)</script>")
    for path in (PATH, "/campaigns", f"{PATH}/promotion"):
        assert "<script>" not in read(shop.client, path)


def test_form_of_another_site_is_refused(shop) -> None:
    answer = shop.client.post(
        "/campaigns/new", data=FORM, headers={"Sec-Fetch-Site": "cross-site", "Accept": "text/html"}
    )
    assert answer.status_code == 403
    assert stored(shop) is None
