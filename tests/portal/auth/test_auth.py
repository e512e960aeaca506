"""Who is asking, what they may do, and where requests come from."""

from pathlib import Path

import pytest

from portal.auth import (
    Machine,
    Nobody,
    Person,
    Refused,
    Tokens,
    User,
    actor_of,
    allows,
    is_known_host,
    is_same_site,
    needed_for,
    refusal,
)
from portal.config import Restriction, Settings, StaticToken

READER = (Restriction(plugin="catalog", actions=("read",)),)
TOKENS = (
    StaticToken(token="first-token", subject="ci"),
    StaticToken(token="second-token-ü", subject="frontend", restrictions=READER),
)


def make_settings(**fields: object) -> Settings:
    return Settings(database="sqlite://", data_dir=Path("/nowhere"), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "caller"),
    [
        (None, Nobody()),
        ("", Nobody()),
        ("Basic Zmlyc3QtdG9rZW4=", Nobody()),
        ("Bearer first-token", Machine(subject="ci")),
        ("bearer  first-token ", Machine(subject="ci")),
        ("Bearer second-token-ü", Machine(subject="frontend", restrictions=READER)),
        ("Bearer first-toke", Refused()),
        ("Bearer first-token2", Refused()),
        ("Bearer ", Nobody()),
        ("Bearer", Nobody()),
        ("Bearer first-token and-more", Nobody()),
        ("first-token", Nobody()),
        ("Bearer " + "x" * 10_000, Refused()),
        ("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.", Refused()),
    ],
)
def test_a_token_names_its_machine_and_all_others_are_refused_alike(
    header: str | None, caller: object
) -> None:
    assert Tokens(TOKENS, ()).identify(header) == caller


def restricted(*restrictions: Restriction) -> Machine:
    return Machine(subject="ci", restrictions=restrictions)


CATALOG = Restriction(plugin="catalog")
ONE_NAME = Restriction(plugin="catalog", permissions=("catalog.location.create",))
BOTH = Restriction(
    plugin="catalog",
    permissions=("catalog.entity.read", "catalog.entity.delete"),
    actions=("read",),
)
REFRESHER = Restriction(plugin="catalog", actions=("update", "create"))


@pytest.mark.parametrize(
    ("caller", "permission", "plugin", "may"),
    [
        (Machine(subject="ci"), "catalog.entity.delete", "catalog", True),
        (User(ref="user:default/ann"), "catalog.entity.delete", "catalog", True),
        (Person(principal="operator"), "plumbline.update", "plumbline", True),
        (Nobody(), "catalog.entity.read", "catalog", True),
        (Refused(), "catalog.entity.read", "catalog", False),
        (restricted(CATALOG), "catalog.entity.delete", "catalog", True),
        (restricted(CATALOG), "", "catalog", True),
        (restricted(CATALOG), "unlisted", "catalog", True),
        (restricted(CATALOG), "plumbline.read", "plumbline", False),
        (restricted(CATALOG), "", "tech-insights", False),
        (restricted(ONE_NAME), "catalog.location.create", "catalog", True),
        (restricted(ONE_NAME), "catalog.location.delete", "catalog", False),
        (restricted(ONE_NAME), "unlisted", "catalog", False),
        (restricted(BOTH), "catalog.entity.read", "catalog", True),
        (restricted(BOTH), "catalog.entity.delete", "catalog", False),
        (restricted(BOTH), "catalog.location.read", "catalog", False),
        (restricted(REFRESHER), "catalog.entity.refresh", "catalog", True),
        (restricted(REFRESHER), "catalog.location.create", "catalog", True),
        (restricted(REFRESHER), "catalog.entity.read", "catalog", False),
        (restricted(REFRESHER), "catalog.entity.validate", "catalog", False),
        (restricted(REFRESHER), "catalog.location.analyze", "catalog", False),
        (
            restricted(ONE_NAME, Restriction(plugin="plumbline")),
            "plumbline.read",
            "plumbline",
            True,
        ),
    ],
)
def test_a_restricted_token_may_do_what_fits_one_restriction(
    caller: Machine, permission: str, plugin: str, may: bool
) -> None:
    assert allows(caller, permission, plugin=plugin) is may


def test_a_refusal_says_what_the_token_is_restricted_to() -> None:
    caller = restricted(ONE_NAME, Restriction(plugin="scaffolder"))
    assert refusal(caller, "x", plugin="plumbline") == (
        "This token's access is restricted to plugin(s) 'catalog', 'scaffolder'"
    )
    assert refusal(caller, "catalog.entity.read").endswith("does not include catalog.entity.read")


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        (Machine(subject="ci"), "ci"),
        (User(ref="user:default/ann"), "user:default/ann"),
        (Person(principal="operator"), "operator"),
        (Nobody(), ""),
        (Refused(), ""),
    ],
)
def test_a_change_is_put_down_to_whoever_said_who_they_are(caller: object, name: str) -> None:
    assert actor_of(caller) == name  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path", "plugin", "permission"),
    [
        ("GET", "/api/catalog/entities", "catalog", "catalog.entity.read"),
        ("POST", "/api/catalog/entities/by-query", "catalog", "catalog.entity.read"),
        ("POST", "/api/catalog/entities/by-refs", "catalog", "catalog.entity.read"),
        ("DELETE", "/api/catalog/entities/by-uid/1", "catalog", "catalog.entity.delete"),
        ("HEAD", "/api/catalog/entity-facets", "catalog", "catalog.entity.read"),
        ("POST", "/api/catalog/refresh", "catalog", "catalog.entity.refresh"),
        ("POST", "/api/catalog/validate-entity", "catalog", "catalog.entity.validate"),
        ("POST", "/api/catalog/analyze-location", "catalog", "catalog.location.analyze"),
        ("GET", "/api/catalog/locations/1", "catalog", "catalog.location.read"),
        ("POST", "/api/catalog/locations/by-query", "catalog", "catalog.location.read"),
        ("POST", "/api/catalog/locations", "catalog", "catalog.location.create"),
        ("PUT", "/api/catalog/locations/1", "catalog", "catalog.location.create"),
        ("DELETE", "/api/catalog/locations/1", "catalog", "catalog.location.delete"),
        ("GET", "/api/catalog/openapi.json", "catalog", ""),
        ("POST", "/api/catalog/something-new", "catalog", "unlisted"),
        ("PATCH", "/api/catalog/locations/1", "catalog", "unlisted"),
        ("GET", "/api/catalog//entities", "catalog", "unlisted"),
        ("GET", "/api/catalog", "catalog", "unlisted"),
        ("GET", "/api/tech-insights/checks", "tech-insights", "tech-insights.check.read"),
        ("POST", "/api/tech-insights/checks/run", "tech-insights", "tech-insights.check.run"),
        (
            "GET",
            "/api/tech-insights/facts/latest",
            "tech-insights",
            "tech-insights.fact-retriever.read",
        ),
        (
            "GET",
            "/api/tech-insights/fact-schemas",
            "tech-insights",
            "tech-insights.fact-retriever.read",
        ),
        ("PUT", "/api/tech-insights/facts", "tech-insights", "unlisted"),
        ("GET", "/api/scaffolder/tasks", "scaffolder", "scaffolder.read"),
        ("POST", "/api/v1/locations", "plumbline", "plumbline.update"),
        ("POST", "/api/v1/facts", "plumbline", "plumbline.facts.push"),
        ("GET", "/api/v1/facts", "plumbline", "plumbline.read"),
        ("GET", "/api/v1/entities", "plumbline", "plumbline.read"),
        ("GET", "/api/docs", "plumbline", "plumbline.read"),
        ("GET", "/metrics", "plumbline", "plumbline.read"),
        ("GET", "/", "plumbline", "plumbline.read"),
    ],
)
def test_every_request_needs_a_permission(
    method: str, path: str, plugin: str, permission: str
) -> None:
    assert needed_for(method, path) == (plugin, permission)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:7007", True),
        ("localhost", True),
        ("localhost:9000", True),
        ("[::1]:7007", True),
        ("portal.example:443", True),
        ("attacker.example", False),
        ("localhost.attacker.example", False),
        ("127.0.0.1.attacker.example:7007", False),
        ("[::1", False),
        ("", False),
        (":7007", False),
        ("192.168.0.1", False),
    ],
)
def test_only_loopback_names_and_allowed_hosts_are_known(host: str, known: bool) -> None:
    assert is_known_host(host, make_settings(allowed_hosts=("portal.example",))) is known


@pytest.mark.parametrize(
    ("fetch_site", "origin", "base_url", "same"),
    [
        ("same-origin", None, "", True),
        ("none", None, "", True),
        ("same-site", None, "", False),
        ("cross-site", "http://localhost:7007", "", False),
        (None, None, "", True),
        (None, "http://localhost:7007", "", True),
        (None, "http://localhost:7008", "", False),
        (None, "null", "", False),
        (None, "http://attacker.example", "", False),
        (None, "https://portal.example", "https://portal.example/base", True),
        (None, "http://portal.example", "https://portal.example/base", False),
        (None, "https://portal.example.attacker.example", "https://portal.example", False),
    ],
)
def test_unsafe_requests_come_from_our_own_pages_or_from_no_page(
    fetch_site: str | None, origin: str | None, base_url: str, same: bool
) -> None:
    found = is_same_site(
        fetch_site=fetch_site,
        origin=origin,
        host="localhost:7007",
        settings=make_settings(base_url=base_url),
    )
    assert found is same
