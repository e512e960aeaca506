"""`backend.auth` and `plumbline.auth`: who may ask with a token."""

from pathlib import Path

import pytest

from portal.config import (
    BackstagePlugins,
    BackstageUsers,
    KeySetAccess,
    Restriction,
    SharedSecret,
    StaticToken,
)
from portal.config.access import ALGORITHMS
from tests.portal.configs import faults, load


def entry(text: str) -> str:
    return f"backend:\n  auth:\n    externalAccess:\n      - {text}\n"


def static(more: str = "") -> str:
    return entry(f"{{type: static, options: {{token: long-enough, subject: ci}}{more}}}")


def test_static_tokens_are_read_and_hidden(tmp_path: Path) -> None:
    text = entry("{type: static, options: {token: '${TOKEN}', subject: ci}}")
    settings = load(tmp_path, text, environ={"TOKEN": "s3cr3t-token"})
    assert settings.tokens == (StaticToken(token="s3cr3t-token", subject="ci"),)
    assert "s3cr3t" not in repr(settings)
    [problem] = faults(tmp_path, text)
    assert "TOKEN is not set" in problem.hint


@pytest.mark.parametrize("token", ["short", "has a space in it", "", "tab\\there it is"])
def test_a_bad_token_stops_the_start_and_is_not_quoted(tmp_path: Path, token: str) -> None:
    [problem] = faults(
        tmp_path, entry(f'{{type: static, options: {{token: "{token}", subject: ci}}}}')
    )
    assert problem.pointer == "/backend/auth/externalAccess/0/options/token"
    assert (problem.line, problem.column) == (4, 41)
    assert problem.found == ""


@pytest.mark.parametrize("subject", ["''", "two words", "5"])
def test_a_subject_is_one_word(tmp_path: Path, subject: str) -> None:
    [problem] = faults(
        tmp_path, entry(f"{{type: static, options: {{token: long-enough, subject: {subject}}}}}")
    )
    assert problem.pointer.endswith("/options/subject")


@pytest.mark.parametrize(
    ("written", "restrictions"),
    [
        ("", ()),
        (", accessRestrictions: []", ()),
        (", accessRestrictions: [{plugin: catalog}]", (Restriction(plugin="catalog"),)),
        (
            ", accessRestrictions: [{plugin: catalog, permission: 'a.read, b.read c'}]",
            (Restriction(plugin="catalog", permissions=("a.read", "b.read", "c")),),
        ),
        (
            ", accessRestrictions: [{plugin: a, permission: [x, y, x]}, {plugin: b}]",
            (Restriction(plugin="a", permissions=("x", "y")), Restriction(plugin="b")),
        ),
        (
            ", accessRestrictions: [{plugin: a, permissionAttribute: {action: [read, update]}}]",
            (Restriction(plugin="a", actions=("read", "update")),),
        ),
        (
            ", accessRestrictions: [{plugin: plumbline, facts: coverage, "
            "entities: ['Component:default/a*']}]",
            (
                Restriction(
                    plugin="plumbline",
                    permissions=("plumbline.facts.push",),
                    facts=("coverage",),
                    entities=("component:default/a*",),
                ),
            ),
        ),
    ],
)
def test_a_token_has_the_restrictions_that_are_written(
    tmp_path: Path, written: str, restrictions: tuple[Restriction, ...]
) -> None:
    [token] = load(tmp_path, static(written)).tokens
    assert token.restrictions == restrictions


@pytest.mark.parametrize(
    ("written", "pointer"),
    [
        ("[{plugin: catalog, permissions: a}]", "/0/permissions"),
        (
            "[{plugin: catalog, permissionAttribute: {actions: read}}]",
            "/0/permissionAttribute/actions",
        ),
        (
            "[{plugin: catalog, permissionAttribute: {action: look}}]",
            "/0/permissionAttribute/action",
        ),
        ("[{permission: a}]", "/0"),
        ("[{plugin: catalog}, {plugin: catalog}]", ""),
        ("[{plugin: catalog, permission: []}]", "/0/permission"),
        ("[{plugin: catalog, permission: ' , '}]", "/0/permission"),
        ("[{plugin: catalog, permission: '${NOT_SET}'}]", "/0/permission"),
        ("[{plugin: catalog, permissionAttribute: {action: []}}]", "/0/permissionAttribute/action"),
        ("[{plugin: catalog, facts: coverage}]", "/0"),
        ("[{plugin: plumbline, permission: plumbline.read, entities: 'a:b/c'}]", "/0"),
        ("[{plugin: plumbline, facts: []}]", "/0/facts"),
        ("{plugin: catalog}", ""),
        ("[catalog]", "/0"),
    ],
)
def test_a_restriction_that_is_misspelled_opens_nothing(
    tmp_path: Path, written: str, pointer: str
) -> None:
    [problem] = faults(tmp_path, static(f", accessRestrictions: {written}"))
    assert problem.pointer == f"/backend/auth/externalAccess/0/accessRestrictions{pointer}"
    assert problem.line == 4


def test_a_misspelled_restriction_is_guessed(tmp_path: Path) -> None:
    [problem] = faults(tmp_path, static(", accesRestrictions: [{plugin: catalog}]"))
    assert problem.hint == "Did you mean accessRestrictions?"


def test_key_sets_are_read_in_both_spellings(tmp_path: Path) -> None:
    options = "url: https://idp.example/jwks.json"
    [access] = load(tmp_path, entry(f"{{type: jwks, options: {{{options}}}}}")).access
    assert access == KeySetAccess(url="https://idp.example/jwks.json", algorithms=ALGORITHMS)
    more = "issuer: https://idp, algorithm: [RS256, ES256], audience: 'a, b', subjectPrefix: idp"
    text = entry(
        f"{{type: jwks, options: {{{options}, {more}}}, accessRestrictions: [{{plugin: catalog}}]}}"
    )
    assert load(tmp_path, text).access == (
        KeySetAccess(
            url="https://idp.example/jwks.json",
            issuers=("https://idp",),
            algorithms=("RS256", "ES256"),
            audiences=("a", "b"),
            prefix="idp",
            restrictions=(Restriction(plugin="catalog"),),
        ),
    )


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ("issuer: x", "options"),
        ("url: ftp://idp.example/keys", "options/url"),
        ("url: https://idp.example/keys, algorithm: HS256", "options/algorithm"),
        ("url: https://idp.example/keys, algorithm: none", "options/algorithm"),
        ("url: https://idp.example/keys, audiences: a", "options/audiences"),
        ("url: https://idp.example/keys, audience: ''", "options/audience"),
        ("url: https://idp.example/keys, issuer: '${NOT_SET}'", "options/issuer"),
    ],
)
def test_a_key_set_that_would_take_too_much_is_refused(
    tmp_path: Path, options: str, pointer: str
) -> None:
    [problem] = faults(tmp_path, entry(f"{{type: jwks, options: {{{options}}}}}"))
    assert problem.pointer == f"/backend/auth/externalAccess/0/{pointer}"


def test_a_variable_that_is_not_set_matters_only_in_the_list_that_holds(tmp_path: Path) -> None:
    first = entry("{type: jwks, options: {url: 'https://idp.example/keys', issuer: '${NOT_SET}'}}")
    assert load(tmp_path, first, static()).tokens
    [problem] = faults(tmp_path, static(), first)
    assert (problem.line, problem.column) == (4, 73)
    assert problem.hint == "The environment variable NOT_SET is not set."


def test_shared_secrets_are_read_in_both_places(tmp_path: Path) -> None:
    text = """\
backend:
  auth:
    keys: [{secret: c2VjcmV0LXR3bw}]
    externalAccess:
      - {type: legacy, options: {secret: c2VjcmV0LW9uZQ==, subject: old}}
"""
    settings = load(tmp_path, text)
    assert settings.access == (
        SharedSecret(key=b"secret-one", subject="old"),
        SharedSecret(key=b"secret-two", subject="external:backstage-plugin"),
    )
    assert "secret-one" not in repr(settings)
    [problem] = faults(tmp_path, text.replace("c2VjcmV0LW9uZQ==", "'*'"))
    assert (problem.pointer, problem.found) == (
        "/backend/auth/externalAccess/0/options/secret",
        "",
    )


def test_access_of_a_type_that_a_module_brings_is_one_warning(tmp_path: Path) -> None:
    settings = load(tmp_path, entry("{type: company-sso, options: {a: 1}}"))
    assert settings.tokens == settings.access == ()
    [warning] = settings.warnings
    assert warning.pointer == "/backend/auth/externalAccess/0/type"
    assert (warning.line, warning.column) == (4, 16)


def test_a_backstage_is_trusted_by_its_address(tmp_path: Path) -> None:
    text = "plumbline: {auth: {backstage: {baseUrl: 'https://backstage.example/'}}}"
    assert load(tmp_path, text).access == (
        BackstageUsers(url="https://backstage.example/api/auth/.well-known/jwks.json"),
        BackstagePlugins(
            url="https://backstage.example/api/{{pluginId}}/.backstage/auth/v1/jwks.json"
        ),
    )


def test_or_by_the_addresses_of_its_keys(tmp_path: Path) -> None:
    text = "plumbline: {auth: {backstage: {jwks: 'https://keys.example/users'}}}"
    assert load(tmp_path, text).access == (BackstageUsers(url="https://keys.example/users"),)
    text = "plumbline: {auth: {backstage: {pluginJwks: 'https://x.example/{{pluginId}}/keys'}}}"
    assert load(tmp_path, text).access == (
        BackstagePlugins(url="https://x.example/{{pluginId}}/keys"),
    )
    [problem] = faults(tmp_path, "plumbline: {auth: {backstage: {jwks: nowhere}}}")
    assert problem.pointer == "/plumbline/auth/backstage/jwks"
