"""Tokens that are made here, without a database: their form, who shows one, who may make one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from portal.app import create_app
from portal.auth import Machine, Nobody, Person, Refused, Tokens, User, needed_for, tokens_refused
from portal.auth.made import digest_of, is_made, new_secret
from portal.auth.permissions import NAMES, UNLISTED
from portal.config import Restriction, StaticToken
from portal.wiring import Portal

LIMITS = (Restriction(plugin="plumbline", permissions=("plumbline.admin.update",)),)


def test_a_secret_is_found_by_scanners_and_told_from_a_lookalike() -> None:
    secret = new_secret()
    assert re.fullmatch(r"plb_[0-9A-Za-z]{49}", secret)
    assert is_made(secret)
    other = "a" if secret[10] != "a" else "b"
    for wrong in (
        secret[:10] + other + secret[11:],
        secret[:-1],
        secret + "0",
        secret.replace("plb_", "plc_"),
        "plb_" + "0" * 48 + "1",
        "plb_" + "ü" * 49,
        "",
    ):
        assert not is_made(wrong)


def test_secrets_are_random_and_a_digest_is_not_one() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {53}
    secret = secrets.pop()
    assert re.fullmatch(r"[0-9a-f]{64}", digest_of(secret))
    assert not is_made(digest_of(secret))


def test_only_what_has_the_form_is_looked_for() -> None:
    asked: list[str] = []
    secret = new_secret()
    known = {secret: Machine(subject="made", made=True)}

    def find(shown: str) -> Machine | None:
        asked.append(shown)
        return known.get(shown)

    configured = StaticToken(token="static-token", subject="ci")
    look_alike = StaticToken(token=new_secret(), subject="old")
    tokens = Tokens((configured, look_alike), (), find=find)
    for header, caller in (
        (None, Nobody()),
        ("Basic eDp5", Nobody()),
        ("Bearer static-token", Machine(subject="ci")),
        (f"Bearer {look_alike.token}", Machine(subject="old")),
        ("Bearer wrong-token", Refused()),
        (f"Bearer {secret[:-1]}", Refused()),
    ):
        assert tokens.identify(header) == caller
    assert asked == []
    assert tokens.identify(f"Bearer {secret}") == Machine(subject="made", made=True)
    stranger = new_secret()
    assert tokens.identify(f"Bearer {stranger}") == Refused()
    assert asked == [secret, stranger]


@pytest.mark.parametrize(
    ("caller", "may"),
    [
        (Person(principal="operator"), True),
        (User(ref="user:default/ann"), True),
        (Nobody(), True),
        (Machine(subject="ops"), True),
        (Machine(subject="ops", restrictions=LIMITS), False),
        (Machine(subject="made", made=True), False),
        (Machine(subject="made", made=True, restrictions=LIMITS), False),
    ],
)
def test_no_token_can_make_one_that_may_do_more_than_it_may_itself(
    caller: object, may: bool
) -> None:
    assert (tokens_refused(caller) == "") is may  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", "/api/v1/tokens", "plumbline.admin.read"),
        ("POST", "/api/v1/tokens", "plumbline.admin.update"),
        ("DELETE", "/api/v1/tokens/1", "plumbline.admin.update"),
        ("GET", "/admin/tokens/new", "plumbline.admin.read"),
        ("POST", "/admin/tokens/new", "plumbline.admin.update"),
        ("POST", "/admin/tokens/1/revoke", "plumbline.admin.update"),
    ],
)
def test_tokens_are_for_those_who_administer(method: str, path: str, permission: str) -> None:
    assert needed_for(method, path) == ("plumbline", permission)


def test_whatever_a_request_needs_can_be_allowed_to_a_made_token(
    make_portal: Callable[..., Portal],
) -> None:
    served = {"catalog", "tech-insights", "plumbline"}
    needed = {
        needed_for(method, re.sub(r"<[^>]+>", "x", rule.rule))
        for rule in create_app(make_portal()).url_map.iter_rules()
        for method in rule.methods or ()
    }
    names = {one.permission for one in needed if one.plugin in served} - {"", UNLISTED}
    assert names - NAMES.keys() == set()
