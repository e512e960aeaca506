from page_shop import appraise, component, put

from scorecards.facts import Known


def test_everyone_is_the_default_and_teams_can_be_chosen(shop) -> None:
    page = shop.get("/")
    assert '<option value="">Everyone</option>' in page
    assert "Alice&#39;s team (2)" in page
    assert "charlies (1)" in page


def test_team_in_the_url_is_kept_in_a_cookie(shop) -> None:
    response = shop.client.get("/?team=group:default/alices")
    assert "team=group:default/alices" in response.headers["Set-Cookie"]
    assert "HttpOnly" in response.headers["Set-Cookie"]
    assert "Alice&#39;s team: what to fix first" in shop.get("/")
    shop.client.get("/?team=")
    assert "<h1>What to fix first</h1>" in shop.get("/")


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
    assert "the last thing for 1<" in described
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
