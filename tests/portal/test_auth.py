from pathlib import Path

import pytest

from portal.auth import Machine, Nobody, Refused, identify, is_known_host, is_same_site
from portal.config import Settings, StaticToken

TOKENS = (
    StaticToken(token="first-token", subject="ci"),
    StaticToken(token="second-token-ü", subject="frontend"),
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
        ("Bearer second-token-ü", Machine(subject="frontend")),
        ("Bearer first-toke", Refused()),
        ("Bearer first-token2", Refused()),
        ("Bearer ", Refused()),
        ("Bearer", Refused()),
        ("Bearer " + "x" * 10_000, Refused()),
        ("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.", Refused()),
    ],
)
def test_a_token_names_its_machine_and_all_others_are_refused_alike(
    header: str | None, caller: object
) -> None:
    assert identify(header, TOKENS) == caller


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
