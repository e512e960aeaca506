"""The coverage page: what is unknown, why, and what would help most."""

from page_people import read
from page_shop import NOW, appraise, component, put

from portal.db.catalog.entities import by_ref
from portal.db.evaluation import unanswerable
from scorecards.facts import FailedFact, Known, Unknown


def section(page: str, name: str) -> str:
    return page.split(f'id="{name}"')[1].split("</section>")[0]


def test_unknown_is_counted_beside_all_that_is_asked(shop) -> None:
    page = read(shop.client, "/coverage")
    assert "89 % of 9 answers known" in page
    assert 'aria-label="Answers: Known 8, No data 1"' in page
    assert "pill pass" not in page
    assert "f-pass" not in page


def test_single_change_that_resolves_most_is_named_first(shop) -> None:
    page = read(shop.client, "/coverage")
    assert "One change would make most known:" in page
    assert "see why the collector <code>repo</code> fails" in page
    assert "It resolves 1 answer of 1 entity, 100 % of all that is unknown." in page
    causes = section(page, "causes")
    assert "The clone timed out." in causes
    assert "<code>repo.readme.bytes</code>" in causes


def test_causes_are_sorted_by_what_they_resolve(shop) -> None:
    for name in ("dim", "dusk"):
        put(shop.portal, shop.location, f"{name}.yaml", component(name))
    denied = FailedFact(reason=Unknown.NOT_PERMITTED, detail="403")
    tests = Known(value=1, path="tests")
    appraise(
        shop.portal,
        {
            f"component:default/{name}": {"repo.readme.bytes": denied, "repo.tests.files": tests}
            for name in ("dim", "dusk")
        },
    )
    causes = section(read(shop.client, "/coverage"), "causes")
    assert causes.index("Grant the collector") < causes.index("See why the collector")


def test_least_known_checks_lead_to_the_entities_without_data(shop) -> None:
    checks = section(read(shop.client, "/coverage"), "checks")
    assert 'href="/scorecards/readiness?check=readme&amp;outcome=unknown#entities"' in checks
    assert 'data-label="No data">1<' in checks
    assert 'data-label="Asked of">3<' in checks


def test_owner_without_gaps_is_told_so(shop) -> None:
    page = read(shop.client, "/coverage?owner=group:default/alices")
    assert "Everything that is asked is known" in page
    assert "100 % of 6 answers known" in page


def test_nothing_asked_here_is_told_apart_from_nothing_assessed(shop, shops) -> None:
    assert "Nothing is asked here" in read(shop.client, "/coverage?owner=group:default/nobody")
    assert "Nothing has been assessed yet" in read(shops(filled=False).client, "/coverage")


def test_what_became_known_is_no_longer_listed(shop) -> None:
    assert "See why the collector" in read(shop.client, "/coverage")
    fine = {"repo.readme.bytes": Known(value=500), "repo.tests.files": Known(value=3)}
    appraise(shop.portal, {"component:default/unclear": fine})
    assert "Everything that is asked is known" in read(shop.client, "/coverage")


def test_who_could_not_be_assessed_is_told_where_people_look(shop) -> None:
    path = "/catalog/component/default/orders"
    assert "could not be assessed" not in read(shop.client, "/coverage") + read(shop.client, path)
    with shop.portal.database.write() as connection:
        row = by_ref(connection, "component:default/orders")
        unanswerable.give_up(connection, {row.id: "<b>A child</b> was lost"}, now=NOW)
    named = section(read(shop.client, "/coverage"), "not-assessed")
    assert "orders" in named
    assert "&lt;b&gt;A child&lt;/b&gt; was lost" in named
    for tab in ("", "?tab=scorecards"):
        page = read(shop.client, path + tab)
        assert (
            "It could not be assessed</strong> when that was last tried: &lt;b&gt;A child" in page
        )
        assert "was lost. That first happened <time" in page
    assert "and not since: it could not be assessed" in read(shop.client, f"{path}?tab=scorecards")
