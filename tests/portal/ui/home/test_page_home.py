from page_people import send
from page_shop import NOW, REPOSITORY, TEAMS, Shop, appraise, component, put
from page_structure import faults
from sqlalchemy import delete

from portal.db.ingest import registrations
from portal.db.tables import unassessed
from scorecards.facts import Known


def test_everyone_is_the_default_and_teams_can_be_chosen(shop) -> None:
    page = shop.get("/")
    assert '<option value="">Everyone</option>' in page
    assert "Alice&#39;s team (2)" in page
    assert "charlies (1)" in page


def test_team_in_the_url_is_kept_in_a_cookie(shop) -> None:
    response = shop.client.get("/?team=group:default/alices")
    kept = response.headers.getlist("Set-Cookie")
    assert "team=group:default/alices" in kept[0]
    assert all("HttpOnly" in cookie for cookie in kept)
    assert "Alice&#39;s team: what to fix first" in shop.get("/")
    shop.client.get("/?team=")
    assert "<h1>What to fix first</h1>" in shop.get("/")


def test_every_page_calls_the_team_by_its_title(shop) -> None:
    said = "<span>Alice&#39;s team</span>"
    assert said in shop.get("/?team=group:default/alices")
    assert said in shop.get("/catalog")
    assert said in shop.get("/")
    assert "<span>charlies</span>" in shop.get("/digest?team=group:default/charlies")
    shop.client.get("/?team=")
    assert "<span>Everyone</span>" in shop.get("/catalog")


def test_title_of_a_team_is_that_of_the_catalog_again_when_home_is_looked_at(shop) -> None:
    shop.get("/?team=group:default/alices")
    shop.client.set_cookie("team-title", "%3Cb%3EOld")
    assert "<span>&lt;b&gt;Old</span>" in shop.get("/catalog")
    shop.get("/")
    assert "<span>Alice&#39;s team</span>" in shop.get("/catalog")


def test_nonsense_for_a_team_means_everyone(shop) -> None:
    for team in ("%3Cscript%3E", "group:", "a" * 5000):
        assert "<script>" not in shop.get(f"/?team={team}")


def test_attention_list_has_what_blocks_the_next_level_cheapest_first(shop) -> None:
    page = shop.get("/?team=group:default/alices")
    rows = page.split('id="attention"')[1].split("</section>")[0].split("<tr>")[2:]
    shown = [(row.split("</a>")[0].split(">")[-1], "orders" in row) for row in rows]
    assert shown == [
        ("There are tests", False),
        ("There is a README", True),
        ("The description says something", True),
    ]
    assert "?tab=scorecards#check-readiness-readme" in page
    assert "Readers look there first." in page


def test_what_is_read_and_not_assessed_is_waited_for_and_nothing_is_said_to_be_missing(
    shops,
) -> None:
    shop = shops(filled=False)
    with shop.portal.database.write() as connection:
        named = {"type": "url", "target": REPOSITORY.url, "origin": "command", "now": NOW}
        location = registrations.register(connection, **named)
    put(shop.portal, location, "catalog-info.yaml", TEAMS + "---\n" + component("basket"))
    for path in ("/?team=", "/?team=group:default/alices"):
        page = shop.get(path)
        assert 'id="assessing" data-refresh="2000"' in page
        assert '<noscript><meta http-equiv="refresh"' in page
        assert "owns nothing" not in page
        assert faults(page) == []
    assert "charlies owns nothing in the catalog" in shop.get("/?team=group:default/charlies")
    with shop.portal.database.write() as connection:
        connection.execute(delete(unassessed))
    page = shop.get("/?team=group:default/alices")
    assert "No scorecard applies to what Alice&#39;s team owns." in page
    assert "refresh" not in page


def campaign(shop: Shop, name: str, **other: str) -> None:
    plan = {
        "name": name,
        "title": f"The {name} campaign",
        "owner": "alices",
        "scorecard": "readiness",
        "goal": "checks",
        "starts_on": "2026-02-01",
        **other,
    }
    assert send(shop.client, "/campaigns/new", **plan).status_code == 303


def listed(shop: Shop) -> list[str]:
    page = shop.get("/?team=group:default/alices")
    rows = page.split('id="attention"')[1].split("</section>")[0].split("<tr>")[2:]
    return [" ".join(row.split()) for row in rows]


def test_what_a_campaign_wants_by_a_day_comes_first_with_that_day(shop) -> None:
    campaign(shop, "late", checks="described", target_on="2026-02-26")
    campaign(shop, "later", checks="readme", target_on="2026-03-06")
    campaign(shop, "nearer", checks="readme", target_on="2026-03-01")
    described, readme, tests = listed(shop)
    assert "3 days overdue" in described
    assert 'href="/campaigns/late">The late campaign</a>' in described
    assert "due today" in readme
    assert "The nearer campaign" in readme
    assert "There are tests" in tests
    assert "campaign" not in tests
    assert "3 checks, what is due first" in shop.get("/?team=group:default/alices")


def test_campaign_about_other_services_makes_nothing_due(shop) -> None:
    campaign(
        shop, "others", checks="readme", target_on="2026-03-06", filter="metadata.name=payments"
    )
    assert not any("campaign" in row for row in listed(shop))


def test_campaign_that_has_not_begun_makes_nothing_due(shop) -> None:
    campaign(shop, "planned", checks="readme", starts_on="2026-03-05", target_on="2026-03-06")
    assert not any("campaign" in row for row in listed(shop))


def test_campaign_for_a_level_further_up_lists_its_checks_early(shop) -> None:
    put(shop.portal, shop.location, "early.yaml", component("early"))
    appraise(
        shop.portal,
        {
            "component:default/early": {
                "repo.readme.bytes": Known(value=5),
                "repo.tests.files": Known(value=0),
            }
        },
    )
    before = [row for row in listed(shop) if "early" in row]
    assert len(before) == 2
    campaign(shop, "run", checks="tested", target_on="2026-03-06")
    first = next(row for row in listed(shop) if "early" in row)
    assert "There are tests" in first
    assert "1 of 3 it lacks" in first
    assert "Run</span>" in first


def test_check_that_many_services_lack_stands_there_once_with_the_first_of_them(shop) -> None:
    names = [f"same-{n}" for n in range(5)]
    put(shop.portal, shop.location, "same.yaml", "---\n".join(map(component, names)))
    facts = {"repo.readme.bytes": Known(value=500), "repo.tests.files": Known(value=1)}
    appraise(shop.portal, {f"component:default/{name}": facts for name in names})
    rows = [row for row in listed(shop) if "The description says something" in row]
    assert len(rows) == 1
    assert [name in rows[0] for name in names] == [True, True, True, False, False]
    assert "and 3 more" in rows[0]
    assert rows[0].count("all it lacks") == 3
    assert "/catalog/component/default/same-1?tab=scorecards#check-readiness-described" in rows[0]


def test_levels_beside_the_list_are_those_of_the_team(shop) -> None:
    page = shop.get("/?team=group:default/charlies").split("<aside")[1]
    assert "1 assessed, of what charlies owns." in page
    assert "3 assessed, of everyone." in shop.get("/?team=").split("<aside")[1]


def test_what_has_no_data_is_listed_apart(shop) -> None:
    page = shop.get("/?team=group:default/charlies")
    assert "Nothing fails that blocks a level" in page
    unclear = page.split('id="unclear"')[1].split("</section>")[0]
    assert "There is a README" in unclear
    assert "No data" in unclear


def test_everyone_sees_each_check_once_what_lifts_most_first(shop) -> None:
    put(shop.portal, shop.location, "more.yaml", component("more", more="description: x"))
    appraise(
        shop.portal,
        {
            "component:default/more": {
                "repo.readme.bytes": Known(value=500),
                "repo.tests.files": Known(value=1),
            }
        },
    )
    rows = shop.get("/").split('id="attention"')[1].split("</section>")[0].split("<tr>")[2:]
    titles = [row.split("</a>")[0].split(">")[-1] for row in rows]
    assert titles == ["The description says something", "There is a README", "There are tests"]
    described, readme, tests = (" ".join(row.split()) for row in rows)
    assert "<b>2 entities</b>" in described
    assert "all that 1 lacks<" in described
    assert "check=described&amp;outcome=fail#entities" in described
    assert "<b>1 entity</b>" in readme
    assert "no data for 1<" in readme
    assert "no data" not in tests


def test_everyone_sees_of_how_many_nothing_is_known(shop) -> None:
    unclear = shop.get("/").split('id="unclear"')[1].split("</section>")[0]
    assert "check=readme&amp;outcome=unknown#entities" in unclear
    assert "1 entity" in unclear


def test_team_that_owns_nothing_is_told_so(shop) -> None:
    page = shop.get("/?team=group:default/strangers")
    assert "owns nothing in the catalog" in page


def test_problems_are_counted(shop) -> None:
    assert "1 error</a>" in shop.get("/")


def test_levels_are_named_and_never_color_alone(shop) -> None:
    page = shop.get("/?team=group:default/alices")
    services = page.split('id="services"')[1]
    assert services.count('class="dot-on"') == 1
    assert "Walk</span>" in services
    assert "Start</span>" in services


def test_entities_without_results_leave_the_page_whole(shop) -> None:
    put(shop.portal, shop.location, "more.yaml", component("fresh"))
    assert "<h1>" in shop.get("/?team=group:default/alices")
