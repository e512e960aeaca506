"""The configuration of a Backstage app works as it is, and says what of it is not heeded."""

from datetime import timedelta
from pathlib import Path

import pytest

from catalog.descriptor.rules import is_allowed
from plugins.contract import ReadingRule
from portal.config import Auth, KeySetAccess, Restriction, Settings, SharedSecret
from tests.portal.configs import faults, load

APP_CONFIG = (Path(__file__).parent / "backstage-app-config.yaml").read_text()

ENVIRON = {
    "CI_TOKEN": "a-token-of-ci",
    "LEGACY_SECRET": "c2VjcmV0LW9mLXRoZS1vbGQtb25l",
    "GITHUB_APP_CLIENT_SECRET": "hidden-1",
    "GITHUB_APP_PRIVATE_KEY": "hidden-2",
    "GITHUB_WEBHOOK_SECRET": "hidden-3",
    "GHE_TOKEN": "hidden-4",
    "GITLAB_TOKEN": "hidden-7",
    "GCS_KEY": "hidden-5",
    "AZURE_TENANT_ID": "tenant",
    "LDAP_SECRET": "hidden-6",
}

NOT_HEEDED = (
    "app.title",
    "app.googleAnalytics",
    "app.support",
    "app.branding",
    "app.extensions",
    "app.packages",
    "organization",
    "backend.trustProxy",
    "backend.lifecycle",
    "backend.auth.pluginKeyStore",
    "backend.csp",
    "backend.cors.credentials",
    "backend.database",
    "backend.cache",
    "backend.rateLimit",
    "backend.actions",
    "discovery",
    "integrations.bitbucketCloud",
    "integrations.azure",
    "integrations.awsS3",
    "integrations.googleGcs",
    "proxy",
    "techdocs",
    "auth",
    "scaffolder",
    "catalog.import",
    "catalog.orphanProviderStrategy",
    "catalog.stitchingStrategy",
    "catalog.useUrlReadersSearch",
    "catalog.experimentalExtraAllowedLocationTypes",
    "catalog.processors",
    "catalog.providers.microsoftGraphOrg",
    "catalog.providers.ldapOrg",
    "catalog.providers.keycloakOrg",
    "kubernetes",
    "permission",
    "search",
    "events.http",
    "pagerDuty",
    "sonarqube",
)
"""Every key of the file that has no effect, in the order of its lines."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(tmp_path, APP_CONFIG, environ=ENVIRON)


def test_every_key_that_is_not_heeded_is_one_warning_in_its_line(settings: Settings) -> None:
    pointers = ["/" + key.replace(".", "/") for key in NOT_HEEDED]
    assert [warning.pointer for warning in settings.warnings] == pointers
    lines = APP_CONFIG.splitlines()
    for warning, key in zip(settings.warnings, NOT_HEEDED, strict=True):
        assert warning.code == "CONFIG_KEY_NOT_SERVED"
        assert warning.message == f"{key} is not heeded"
        assert warning.hint, "what to do, or where it belongs"
        assert warning.line is not None
        written = lines[warning.line - 2 : warning.line]  # the key stands on it or just above
        assert any(line.strip().startswith(f"{key.rpartition('.')[2]}:") for line in written), key


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("app.branding", "It is a setting of Backstage's pages."),
        ("backend.lifecycle", "It is a setting of Backstage's own backend."),
        ("backend.database", "The database is plumbline.database."),
        (
            "kubernetes",
            "Nothing here reads it; what belongs to a plugin of Backstage's stays there.",
        ),
        ("catalog.providers.keycloakOrg", "There are: github, githubOrg, gitlab, gitea. "),
        ("catalog.providers.ldapOrg", "It is read and checked, and not served yet. Users and "),
    ],
)
def test_a_key_that_is_not_heeded_says_what_to_do(settings: Settings, key: str, hint: str) -> None:
    pointer = "/" + key.replace(".", "/")
    [warning] = [one for one in settings.warnings if one.pointer == pointer]
    assert warning.hint.startswith(hint)


def test_files_that_nothing_here_looks_at_may_be_missing(tmp_path: Path) -> None:
    lost = "{ssl: {ca: {$file: /nowhere/ca.pem}, key: {$include: 'key.yaml#a'}, x: {$nope: y}}}"
    settings = load(tmp_path, f"backend: {{database: {{client: pg, connection: {lost}}}}}")
    assert [warning.pointer for warning in settings.warnings] == ["/backend/database"]
    heeded = "backend: {auth: {externalAccess: {$include: access.yaml}}}"
    [fault] = faults(tmp_path, heeded)
    assert fault.code == "CONFIG_UNREADABLE"
    [fault, _] = faults(tmp_path, "{kubernetes: {$file: /nowhere}, organization: {name: x}}")
    assert fault.pointer == "/kubernetes", "what has nothing left is not known to be idle"


@pytest.mark.parametrize(
    ("type_", "hint"),
    [
        ("github-discovery", "What it finds, catalog.providers.github finds."),
        ("github-multi-org", "What it finds, catalog.providers.githubOrg finds."),
        ("bitbucket-discovery", "There are: file, url."),
    ],
)
def test_a_location_of_a_former_processor_names_its_successor(
    tmp_path: Path, type_: str, hint: str
) -> None:
    text = f"catalog: {{locations: [{{type: {type_}, target: 'https://github.com/acme'}}]}}"
    [warning] = load(tmp_path, text).warnings
    assert (warning.message, warning.hint) == (f"Locations of type {type_} are not served", hint)


def test_what_is_served_is_read(settings: Settings, tmp_path: Path) -> None:
    assert settings.auth is Auth.REQUIRED
    assert settings.port == 7007
    assert settings.url == "https://backstage.example.com"
    assert settings.processing_interval == timedelta(minutes=45)
    assert settings.orphan_strategy == "delete"
    assert not settings.readonly
    assert settings.reading == (
        ReadingRule(host="api.example.com", paths=("/openapi/",)),
        ReadingRule(host="*.docs.example.com"),
        ReadingRule(host="artifacts.example.com:8080-8090"),
    )
    assert [
        source.target.removeprefix(str(tmp_path.parent.parent)) for source in settings.sources
    ] == [
        "/examples/entities.yaml",
        "/examples/org.yaml",
        "https://github.com/example/catalog/blob/main/all.yaml",
        "https://github.com/example/*/blob/main/**/catalog-info.yaml",
        "https://github.com/example#production",
        "https://gitlab.example.com/platform#main",
        "https://github.com/orgs#production",
        "https://gitlab.example.com/groups/platform#main",
    ]


def test_the_rules_hold_where_they_are_to(settings: Settings) -> None:
    rules = settings.rules
    assert rules is not None

    def allowed(kind: str, origin: str) -> bool:
        return is_allowed(rules, kind=kind, spec_type=None, origin=origin)

    templates = "url:https://github.com/example/templates/blob/main/a/b/template.yaml"
    assert allowed("Component", "url:https://anywhere.example/x")
    assert allowed("template", templates)
    assert not allowed("Template", "url:https://github.com/example/other/blob/main/t.yaml")
    assert allowed("Group", f"file:{settings.sources[1].target}")
    assert not allowed("Group", f"file:{settings.sources[0].target}")


def test_its_tokens_are_taken_with_their_restrictions(settings: Settings) -> None:
    [token] = settings.tokens
    assert (token.token, token.subject) == ("a-token-of-ci", "ci-pipeline")
    names = ("catalog.entity.read", "catalog.location.create")
    assert token.restrictions == (
        Restriction(plugin="catalog", permissions=names),
        Restriction(plugin="scaffolder"),
    )
    assert settings.access == (
        KeySetAccess(
            url="https://token.actions.githubusercontent.com/.well-known/jwks",
            issuers=("https://token.actions.githubusercontent.com",),
            audiences=("backstage", "portal"),
            algorithms=("RS256",),
            prefix="github",
        ),
        SharedSecret(key=b"secret-of-the-old-one", subject="legacy-backend"),
    )


def test_no_secret_is_shown(settings: Settings) -> None:
    shown = repr(settings)
    assert not [value for value in ENVIRON.values() if value != "tenant" and value in shown]


def test_an_overlay_for_this_host_changes_what_it_names(tmp_path: Path) -> None:
    overlay = """\
backend: {baseUrl: 'https://catalog.example.com', database: null, cors: null}
catalog: {readonly: true, processingInterval: false}
"""
    settings = load(tmp_path, APP_CONFIG, overlay, environ=ENVIRON)
    assert settings.base_url == "https://catalog.example.com"
    assert settings.readonly
    assert settings.processing_interval is None
    assert settings.port == 7007
    said = {warning.pointer for warning in settings.warnings}
    assert not said & {"/backend/database", "/backend/cors"}


def test_what_is_wrong_in_what_is_served_stops_the_start_and_is_all_told(tmp_path: Path) -> None:
    broken = (
        APP_CONFIG.replace("minutes: 45", "minute: 45")
        .replace("orphanStrategy: delete", "orphanStrategy: burn")
        .replace("'*.docs.example.com'", "'*docs.example.com'")
        .replace("permission: catalog.entity.read,", "permissions: catalog.entity.read,")
        .replace("apiBaseUrl: https://ghe", "apiBaseUrl: ghe")
    )
    found = faults(tmp_path, broken, environ=ENVIRON)
    errors = [problem for problem in found if problem.severity == "error"]
    assert [problem.pointer for problem in errors] == [
        "/backend/auth/externalAccess/0/accessRestrictions/0/permissions",
        "/backend/reading/allow/1/host",
        "/integrations/github/1/apiBaseUrl",
        "/catalog/orphanStrategy",
        "/catalog/processingInterval",
    ]
    assert all(problem.line and problem.column for problem in errors)
    assert len(found) == len(errors) + len(NOT_HEEDED)
