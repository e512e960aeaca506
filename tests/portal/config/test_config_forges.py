"""`integrations.*` and `catalog.providers.*`: every type that comes with Backstage."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from catalog.descriptor.rules import is_allowed
from catalog.problems import Severity
from plugins.contract import (
    ForgeApp,
    ForgeProvider,
    GiteaPeople,
    GiteaProvider,
    GitHubPeople,
    GitHubProvider,
    GitLabPeople,
    GitLabProvider,
    PeopleProvider,
)
from portal.config.forges import forges_of, without_secrets
from portal.config.integrations import (
    AadCredential,
    Aws,
    Azure,
    AzureBlobStorage,
    AzureCredential,
    Bitbucket,
    BitbucketCloud,
    BitbucketServer,
    Gerrit,
    Gitea,
    GitHub,
    GitHubApp,
    GitLab,
    GitLabRetry,
    GoogleGcs,
    Harness,
)
from portal.config.schedules import Cron, Schedule
from portal.config.settings import ConfiguredSource
from tests.portal.configs import faults, load

RAW = "https://raw.githubusercontent.com"

INTEGRATIONS = [
    ("github: [{host: github.com, token: hidden}]", GitHub(token="hidden")),
    ("github: [{token: hidden}]", GitHub(token="hidden")),
    (
        "github: [{host: 'ghe.example:8443', apiBaseUrl: 'https://ghe.example/api/v3/',"
        " apps: [{appId: 5, clientId: c, privateKey: hidden, clientSecret: hidden,"
        " allowedInstallationOwners: [a, b]}]}]",
        GitHub(
            host="ghe.example:8443",
            api_base_url="https://ghe.example/api/v3",
            apps=(
                GitHubApp(
                    app_id="5",
                    client_id="c",
                    private_key="hidden",
                    client_secret="hidden",
                    allowed_installation_owners=("a", "b"),
                ),
            ),
        ),
    ),
    (
        "gitlab: [{host: gitlab.com, token: hidden, retry: {maxRetries: 3, retryStatusCodes: [429]}}]",
        GitLab(token="hidden", retry=GitLabRetry(max_retries=3, retry_status_codes=(429,))),
    ),
    (
        "bitbucketCloud: [{username: u, token: hidden}]",
        BitbucketCloud(username="u", token="hidden"),
    ),
    (
        "bitbucketServer: [{host: b.example, username: u, password: hidden}]",
        BitbucketServer(host="b.example", username="u", password="hidden"),
    ),
    (
        "bitbucket: [{host: b.example, appPassword: hidden}]",
        Bitbucket(host="b.example", app_password="hidden"),
    ),
    (
        "azure: [{credentials: [{organizations: [o], personalAccessToken: hidden}]}]",
        Azure(credentials=(AzureCredential(organizations=("o",), personal_access_token="hidden"),)),
    ),
    ("azure: [{host: dev.azure.com, token: hidden}]", Azure(token="hidden")),
    ("gitea: [{host: g.example, password: hidden}]", Gitea(host="g.example", password="hidden")),
    (
        "gerrit: [{host: g.example, gitilesBaseUrl: 'https://g.example/gitiles', disableEditUrl: 'true'}]",
        Gerrit(
            host="g.example", gitiles_base_url="https://g.example/gitiles", disable_edit_url=True
        ),
    ),
    ("harness: [{host: h.example, apiKey: hidden}]", Harness(host="h.example", api_key="hidden")),
    (
        "awsS3: [{accessKeyId: a, secretAccessKey: hidden, s3ForcePathStyle: true}]",
        Aws(access_key_id="a", secret_access_key="hidden", s3_force_path_style=True),
    ),
    ("awsCodeCommit: [{region: eu-west-1}]", Aws(region="eu-west-1")),
    (
        "azureBlobStorage: [{accountName: a, aadCredential:"
        " {clientId: c, tenantId: t, clientSecret: hidden}}]",
        AzureBlobStorage(
            account_name="a",
            aad_credential=AadCredential(client_id="c", tenant_id="t", client_secret="hidden"),
        ),
    ),
    (
        "googleGcs: {clientEmail: a@b, privateKey: hidden}",
        GoogleGcs(client_email="a@b", private_key="hidden"),
    ),
]


@pytest.mark.parametrize(("written", "record"), INTEGRATIONS, ids=lambda value: str(value)[:20])
def test_an_integration_becomes_a_record_that_hides_its_secrets(
    tmp_path: Path, written: str, record: object
) -> None:
    settings = load(tmp_path, f"integrations: {{{written}}}")
    assert settings.integrations == (record,)
    assert "hidden" not in repr(settings)
    said = {
        "github": [],
        "gitlab": [f"/integrations/gitlab/0/{key}" for key in ("retry",) if key in written],
        "gitea": [],
    }
    name = written.partition(":")[0]
    assert [one.pointer for one in settings.warnings] == said.get(name, [f"/integrations/{name}"])


def test_the_order_within_a_type_is_kept_because_the_first_of_a_host_counts(tmp_path: Path) -> None:
    text = "integrations: {github: [{host: b.example}, {host: a.example}, {host: b.example, token: t}]}"
    found = load(tmp_path, text).integrations
    assert [one.host for one in found if isinstance(one, GitHub)] == [
        "b.example",
        "a.example",
        "b.example",
    ]


@pytest.mark.parametrize(
    ("written", "pointer", "code"),
    [
        ("gitea: [{username: u}]", "gitea/0", "CONFIG_KEY_MISSING"),
        ("gitlab: [{host: 'https://gitlab.com'}]", "gitlab/0/host", "CONFIG_VALUE"),
        ("gitlab: [{host: gitlab.com/group}]", "gitlab/0/host", "CONFIG_VALUE"),
        ("github: [{apiBaseUrl: ghe.example}]", "github/0/apiBaseUrl", "CONFIG_VALUE"),
        ("github: {host: github.com}", "github", "CONFIG_VALUE"),
        ("github: [{apps: [{appId: 1}]}]", "github/0/apps/0", "CONFIG_KEY_MISSING"),
        ("gitlab: [{retry: {maxRetries: many}}]", "gitlab/0/retry/maxRetries", "CONFIG_VALUE"),
        ("github: [{token: [hidden]}]", "github/0/token", "CONFIG_VALUE"),
    ],
)
def test_an_integration_that_is_wrong_stops_the_start_as_in_backstage(
    tmp_path: Path, written: str, pointer: str, code: str
) -> None:
    found = faults(tmp_path, f"integrations: {{{written}}}")
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    assert {(problem.pointer, problem.code) for problem in errors} == {
        (f"/integrations/{pointer}", code)
    }
    assert not any("hidden" in problem.found for problem in found)


SCHEDULE = "schedule: {frequency: {minutes: 30}, timeout: 3m}"

PROVIDERS = [
    f"bitbucketCloud: {{workspace: w, filters: {{projectKey: '^a$'}}, {SCHEDULE}}}",
    "bitbucketServer: {a: {host: b.example, filters: {skipArchivedRepos: true}}}",
    "azureDevOps: {a: {organization: o, project: '*', path: /src/*/catalog-info.yaml}}",
    "azureBlob: {containerName: c, accountName: a}",
    "awsS3: {a: {bucketName: b, prefix: x/, region: eu-west-1}}",
    "gerrit: {a: {host: g.example, query: 'state=ACTIVE', branch: main}}",
    "microsoftGraphOrg: {a: {tenantId: t, queryMode: advanced, user: {loadPhotos: false}}}",
    "ldapOrg: {a: {target: 'ldaps://d.example', users: [{dn: ou=x}], groups: {dn: ou=y}}}",
    "puppetdb: {baseUrl: 'https://p.example', query: '[]'}",
    "gcp: {gke: {parents: [projects/x/locations/-], schedule: {frequency: {trigger: manual}, timeout: 1m}}}",
]


@pytest.mark.parametrize("written", PROVIDERS, ids=lambda value: value[:20])
def test_a_provider_that_is_not_served_is_read_in_each_of_its_forms_and_is_one_warning(
    tmp_path: Path, written: str
) -> None:
    settings = load(tmp_path, f"catalog: {{providers: {{{written}}}}}")
    assert [warning.pointer for warning in settings.warnings] == [
        f"/catalog/providers/{written.partition(':')[0]}"
    ]


SERVED = [
    (
        "github: {organization: o}",
        GitHubProvider(id="default", host="github.com", organization="o"),
        "https://github.com/o",
    ),
    (
        "github: {a: {organization: o, host: ghe.example, catalogPath: /x/**/*.yaml, filters:"
        " {branch: b, repository: '(?<n>x)y', allowForks: 'false', allowArchived: true,"
        " topic: {include: [t], exclude: [u]}, visibility: [private]},"
        " pageSizes: {repositories: 10}}}",
        GitHubProvider(
            id="a",
            host="ghe.example",
            organization="o",
            catalog_path="/x/**/*.yaml",
            branch="b",
            repository="(?P<n>x)y",
            topics=("t",),
            no_topics=("u",),
            visibility=("private",),
            forks=False,
            archived=True,
            page_size=10,
        ),
        "https://ghe.example/o#a",
    ),
    (
        "gitlab: {a: {host: gitlab.com}}",
        GitLabProvider(id="a", host="gitlab.com"),
        "https://gitlab.com/#a",
    ),
    (
        "gitlab: {a: {host: g.example, group: o/p, branch: b, fallbackBranch: f, entityFilename: e,"
        " projectPattern: x, topics: 'x,y', excludeRepos: [o/p/q], membership: true,"
        " skipForkedRepos: true, includeArchivedRepos: true}}",
        GitLabProvider(
            id="a",
            host="g.example",
            group="o/p",
            catalog_path="e",
            branch="b",
            fallback_branch="f",
            project="x",
            topics=("x", "y"),
            excluded=("o/p/q",),
            membership=True,
            forks=False,
            archived=True,
        ),
        "https://g.example/o/p#a",
    ),
    (
        "github: {app: 5, host: ghe.example}",
        GitHubProvider(id="default", host="ghe.example", app="5"),
        "https://ghe.example/",
    ),
    (
        "github: {a: {app: '5', filters: {repository: x}}}",
        GitHubProvider(id="a", host="github.com", app="5", repository="x"),
        "https://github.com/#a",
    ),
    (
        "gitea: {a: {host: g.example, organization: o}}",
        GiteaProvider(id="a", host="g.example", organization="o"),
        "https://g.example/o#a",
    ),
    (
        "gitea: {a: {host: g.example, organization: o, branch: b, catalogPath: c}}",
        GiteaProvider(id="a", host="g.example", organization="o", branch="b", catalog_path="c"),
        "https://g.example/o#a",
    ),
]


@pytest.mark.parametrize(("written", "provider", "target"), SERVED, ids=lambda v: str(v)[:20])
def test_a_provider_that_is_served_becomes_a_record_and_a_location(
    tmp_path: Path, written: str, provider: ForgeProvider, target: str
) -> None:
    settings = load(tmp_path, f"catalog: {{providers: {{{written}}}}}")
    assert settings.providers == (provider,)
    assert settings.sources == (ConfiguredSource("url", target, "config"),)
    assert [one for one in settings.warnings if not one.pointer.endswith("/app")] == []


PEOPLE = [
    (
        "githubOrg: {id: a, githubUrl: 'https://github.com', orgs: [o]}",
        [GitHubPeople(id="a", host="github.com", organizations=("o",))],
        ["https://github.com/orgs#a"],
    ),
    (
        "githubOrg: [{id: a, githubUrl: 'https://GHE.example/', orgs: [o, p],"
        " excludeSuspendedUsers: true, defaultUserTransformer: {useVerifiedEmails: 'true'},"
        " pageSizes: {teams: 1, teamMembers: 2, organizationMembers: 3}},"
        " {id: b, githubUrl: 'https://github.com', alwaysUseDefaultNamespace: true}]",
        [
            GitHubPeople(
                id="a",
                host="ghe.example",
                organizations=("o", "p"),
                namespaced=True,
                suspended=False,
                verified_emails=True,
                team_page=1,
                team_member_page=2,
                member_page=3,
            ),
            GitHubPeople(id="b", host="github.com"),
        ],
        ["https://ghe.example/orgs#a", "https://github.com/orgs#b"],
    ),
    (
        "gitlab: {a: {host: gitlab.com, group: o/p, orgEnabled: true},"
        " b: {host: g.example, orgEnabled: 'true', userPattern: '(?<n>x)', groupPattern: ['^x y'],"
        " relations: [DESCENDANTS], allowInherited: true, restrictUsersToGroup: true,"
        " includeUsersWithoutSeat: true}, c: {host: g.example, userPattern: x}}",
        [
            GitLabPeople(id="a", host="gitlab.com", group="o/p"),
            GitLabPeople(
                id="b",
                host="g.example",
                user="(?P<n>x)",
                groups=("^x y",),
                relations=("DIRECT", "DESCENDANTS", "INHERITED"),
                only_group=True,
                without_seat=True,
            ),
        ],
        ["https://gitlab.com/groups/o/p#a", "https://g.example/groups#b"],
    ),
    (
        "gitea: {a: {host: g.example, organization: o, orgEnabled: true}}",
        [GiteaPeople(id="a", host="g.example", organization="o")],
        ["https://g.example/org/o#a"],
    ),
    (
        "gitea: {a: {host: g.example, organization: o, orgEnabled: true},"
        " b: {host: g.example, organization: p, orgEnabled: true}}",
        [
            GiteaPeople(id="a", host="g.example", organization="o", namespaced=True),
            GiteaPeople(id="b", host="g.example", organization="p", namespaced=True),
        ],
        ["https://g.example/org/o#a", "https://g.example/org/p#b"],
    ),
]


@pytest.mark.parametrize(("written", "people", "targets"), PEOPLE, ids=lambda v: str(v)[:20])
def test_a_provider_of_people_becomes_a_record_and_a_location_that_may_hold_them(
    tmp_path: Path, written: str, people: list[PeopleProvider], targets: list[str]
) -> None:
    settings = load(tmp_path, f"catalog: {{providers: {{{written}}}}}")
    assert list(settings.people) == people
    assert [one.target for one in settings.people] == targets
    assert set(targets) <= {source.target for source in settings.sources}
    assert settings.warnings == ()
    assert settings.rules is not None
    for kind, origin, expected in (
        ("User", f"url:{targets[-1]}", True),
        ("Group", f"url:{targets[-1]}", True),
        ("Template", f"url:{targets[-1]}", False),
        ("User", "url:https://github.com/o", False),
    ):
        assert is_allowed(settings.rules, kind=kind, spec_type=None, origin=origin) is expected


HALF = Schedule(frequency=timedelta(minutes=30), timeout=timedelta(minutes=3))


@pytest.mark.parametrize(
    ("written", "targets"),
    [
        ("github: {organization: o, SCHEDULE}", ["https://github.com/o"]),
        ("github: {a: {app: 5, SCHEDULE}}", ["https://github.com/#a"]),
        (
            "github: {a: {organization: o, SCHEDULE}, b: {organization: o}}",
            ["https://github.com/o#a"],
        ),
        (
            "githubOrg: [{id: a, githubUrl: 'https://g.example', SCHEDULE},"
            " {id: b, githubUrl: 'https://g.example'}]",
            ["https://g.example/orgs#a"],
        ),
        (
            "gitlab: {a: {host: g.example, group: o, orgEnabled: true, SCHEDULE}}",
            ["https://g.example/o#a", "https://g.example/groups/o#a"],
        ),
        (
            "gitea: {a: {host: g.example, organization: o, orgEnabled: true, SCHEDULE}}",
            ["https://g.example/o#a", "https://g.example/org/o#a"],
        ),
    ],
)
def test_the_schedule_of_a_provider_is_that_of_its_locations(
    tmp_path: Path, written: str, targets: list[str]
) -> None:
    text = written.replace("SCHEDULE", SCHEDULE)
    settings = load(tmp_path, f"catalog: {{providers: {{{text}}}}}")
    assert settings.schedules == dict.fromkeys(targets, HALF)
    assert [one for one in settings.warnings if not one.pointer.endswith("/app")] == []
    for one in (*settings.providers, *settings.people):
        assert one.timeout == (HALF.timeout if one.target in targets else None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("frequency: PT30M, timeout: 3m", HALF),
        ("frequency: 30 minutes, timeout: PT3M, scope: local", HALF),
        (
            "frequency: {minutes: 30}, timeout: {minutes: 3}, initialDelay: {seconds: 15}",
            replace(HALF, initial_delay=timedelta(seconds=15)),
        ),
        (
            "frequency: {cron: '0 */6  * * mon-fri'}, timeout: 3m",
            replace(HALF, frequency=Cron(fields="0 */6 * * mon-fri")),
        ),
        ("frequency: {trigger: manual}, timeout: 3m", replace(HALF, frequency=None)),
    ],
)
def test_a_schedule_is_written_as_in_backstage(
    tmp_path: Path, written: str, expected: Schedule
) -> None:
    provider = f"github: {{organization: o, schedule: {{{written}}}}}"
    settings = load(tmp_path, f"catalog: {{providers: {{{provider}}}}}")
    assert settings.schedules == {"https://github.com/o": expected}
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("frequency: often, timeout: 3m", "/frequency"),
        ("frequency: 0m, timeout: 3m", "/frequency"),
        ("frequency: {cron: '0 0 30 2 *'}, timeout: 3m", "/frequency"),
        ("frequency: {cron: '@daily'}, timeout: 3m", "/frequency"),
        ("frequency: {cron: 'R * * * *'}, timeout: 3m", "/frequency"),
        ("frequency: {cron: '61 * * * *'}, timeout: 3m", "/frequency"),
        ("frequency: {trigger: never}, timeout: 3m", "/frequency"),
        ("frequency: 1h, timeout: 0s", "/timeout"),
        ("frequency: 1h", ""),
    ],
)
def test_what_is_no_schedule_stops_the_start(tmp_path: Path, written: str, key: str) -> None:
    provider = f"github: {{organization: o, schedule: {{{written}}}}}"
    found = faults(tmp_path, f"catalog: {{providers: {{{provider}}}}}")
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    assert [one.pointer for one in errors] == [f"/catalog/providers/github/schedule{key}"]


@pytest.mark.parametrize(
    ("owners", "warned"),
    [
        (("[acme, labs]", "[shop, Acme]"), {1: ("Acme", "0.apps.0.allowedInstallationOwners.0")}),
        (("", "[acme]"), {1: ("acme", "0.apps.0,")}),
        (("", ""), {1: ("both installed", "0.apps.0,")}),
        (("[acme]", "[labs]", "[acme]"), {2: ("acme", "0.apps.0.allowedInstallationOwners.0")}),
        (("[acme]", "[labs]", ""), {}),
        (("[acme]",), {}),
        (("[]", "[acme]", "[]"), {}),
    ],
)
def test_an_owner_for_whom_two_apps_may_sign_in_is_a_warning_with_both_places(
    tmp_path: Path, owners: tuple[str, ...], warned: dict[int, tuple[str, str]]
) -> None:
    written = ["integrations:", "  github:", "    - host: ghe.example", "      apps:"]
    for number, names in enumerate(owners):
        keys = f"appId: {number}, clientId: c, clientSecret: hidden, privateKey: hidden"
        only = f", allowedInstallationOwners: {names}" if names else ""
        written.append(f"        - {{{keys}{only}}}")
    found = load(tmp_path, "\n".join(written)).warnings
    assert len(found) == len(warned)
    for warning, (number, (who, earlier)) in zip(found, warned.items(), strict=True):
        assert warning.pointer.startswith(f"/integrations/github/0/apps/{number}")
        assert (warning.code, warning.line) == ("CONFIG_VALUE", 5 + number)
        assert who in warning.message
        assert f"integrations.github.{earlier}" in warning.message
        assert "line 5" in warning.message
        assert "hidden" not in str(warning)


@pytest.mark.parametrize(
    ("providers", "pointers"),
    [
        ("{a: {app: 7, host: ghe.example}, b: {app: 5, host: GHE.example}}", ["/a/app"]),
        ("{app: 7, host: ghe.example}", ["/app"]),
        ("{a: {app: 6, host: ghe.example}}", ["/a/app"]),
        ("{app: 5}", ["/app"]),
        ("{app: 5, host: ghe.example}", []),
    ],
)
def test_a_provider_of_an_app_that_does_not_sign_in_is_a_warning_with_its_place(
    tmp_path: Path, providers: str, pointers: list[str]
) -> None:
    keys = "clientId: c, clientSecret: hidden, privateKey: hidden"
    apps = f"[{{appId: 5, {keys}}}, {{appId: 6, allowedInstallationOwners: [], {keys}}}]"
    written = f"integrations:\n  github: [{{host: ghe.example, apps: {apps}}}]\ncatalog:\n"
    found = load(tmp_path, f"{written}  providers:\n    github: {providers}").warnings
    assert [one.pointer for one in found] == [f"/catalog/providers/github{one}" for one in pointers]
    for one in found:
        assert (one.code, one.line) == ("CONFIG_VALUE", 5)
        assert ("There are: 5. " in one.hint) == ("ghe.example" in one.message)
        assert "under integrations.github" in one.hint


def test_two_providers_of_people_with_one_id_stop_the_start(tmp_path: Path) -> None:
    one = "{id: a, githubUrl: 'https://github.com'}"
    found = faults(tmp_path, f"catalog: {{providers: {{githubOrg: [{one}, {one}]}}}}")
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    assert [problem.pointer for problem in errors] == ["/catalog/providers/githubOrg/1/id"]


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("github: {a: {app: 5, organization: o}}", ["a/app"]),
        ("github: {app: 5, organization: o}", ["app"]),
        (
            "gitlab: {a: {host: h.example, excludeGroups: [o], useSearch: true}}",
            ["a/excludeGroups", "a/useSearch"],
        ),
    ],
)
def test_what_is_not_served_of_a_provider_is_one_warning_each(
    tmp_path: Path, written: str, keys: list[str]
) -> None:
    settings = load(tmp_path, f"catalog: {{providers: {{{written}}}}}")
    name = written.partition(":")[0]
    pointers = {warning.pointer for warning in settings.warnings}
    assert pointers == {f"/catalog/providers/{name}/{key}" for key in keys}
    assert all(warning.hint for warning in settings.warnings)
    assert len(settings.providers) + len(settings.people) == 1


def test_an_app_that_may_sign_in_for_no_owner_does_not_sign_in(tmp_path: Path) -> None:
    keys = "appId: 5, clientId: c, clientSecret: hidden, privateKey: hidden"
    text = f"integrations: {{github: [{{host: ghe.example, apps: [{{{keys}%s}}]}}]}}"
    for owners, ids in (("", ["5"]), (", allowedInstallationOwners: []", [])):
        forge, *_ = forges_of(load(tmp_path, text % owners).integrations)
        assert [app.id for app in forge.apps] == ids
        assert forge.signs_in == bool(ids)


def test_forges_are_what_the_integrations_say_and_the_public_ones() -> None:
    found = forges_of(
        [
            GitHub(token="hidden"),
            GitHub(
                host="ghe.example",
                api_base_url="https://ghe.example/api/v3",
                apps=(
                    GitHubApp(
                        app_id="5",
                        client_id="c",
                        private_key="hidden\\nkey",
                        client_secret="hidden",
                        allowed_installation_owners=("acme",),
                    ),
                ),
            ),
            GitHub(host="127.0.0.1:8080", api_base_url="http://127.0.0.1:8080/api/v3"),
            GitLab(host="g.example", base_url="https://g.example/git"),
            Gitea(host="t.example", username="u", password="hidden"),
            GitHub(host="ghe.example", token="another"),
            Azure(),
        ]
    )
    assert [(one.type, one.api_url, one.web_url, one.raw_url, one.signs_in) for one in found] == [
        ("github", "https://api.github.com", "https://github.com", RAW, True),
        ("github", "https://ghe.example/api/v3", "https://ghe.example", "", True),
        ("github", "http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080", "", False),
        ("gitlab", "https://g.example/git/api/v4", "https://g.example/git", "", False),
        ("gitea", "https://t.example/api/v1", "https://t.example", "", True),
        ("gitlab", "https://gitlab.com/api/v4", "https://gitlab.com", "", False),
    ]
    assert "hidden" not in repr(found)
    assert found[1].apps == (ForgeApp(id="5", private_key="hidden\nkey", owners=("acme",)),)
    bare = without_secrets(found)
    assert [one.signs_in for one in bare] == [one.signs_in for one in found]
    assert not any(one.token or one.username or one.password or one.apps for one in bare)


@pytest.mark.parametrize(
    ("written", "pointer", "hint"),
    [
        ("github: {organization: o, catalogpath: /x}", "github/catalogpath", "catalogPath"),
        ("github: {a: {organisation: o, app: 1}}", "github/a/organisation", "organization"),
        ("gitlab: {a: {host: h.example, orgEnable: true}}", "gitlab/a/orgEnable", "orgEnabled"),
        (
            "ldapOrg: {a: {target: x, bind: {dn: d, secrets: s, secret: s}}}",
            "ldapOrg/a/bind/secrets",
            "secret",
        ),
        ("githubb: {}", "githubb", "github"),
    ],
)
def test_a_typo_in_a_provider_is_a_warning_that_guesses(
    tmp_path: Path, written: str, pointer: str, hint: str
) -> None:
    settings = load(tmp_path, f"catalog:\n  providers:\n    {written}\n")
    [warning] = [w for w in settings.warnings if w.pointer == f"/catalog/providers/{pointer}"]
    assert warning.hint == f"Did you mean {hint}?"
    assert warning.line == 3


@pytest.mark.parametrize(
    ("written", "pointer"),
    [
        ("azureDevOps: {a: {organization: o}}", "azureDevOps/a"),
        ("bitbucketServer: {a: {host: 'https://x'}}", "bitbucketServer/a/host"),
        ("awsS3: {bucketName: b, schedule: {frequency: often, timeout: 1m}}", "awsS3/schedule/frequency"),
        ("puppetdb: {baseUrl: 'https://p.example', schedule: {frequency: 1h}}", "puppetdb/schedule"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_provider_is_said_and_stops_nothing_yet(
    tmp_path: Path, written: str, pointer: str
) -> None:
    text = f"catalog: {{readonly: true, providers: {{{written}}}}}"
    settings = load(tmp_path, text)
    assert settings.readonly
    assert f"/catalog/providers/{pointer}" in {warning.pointer for warning in settings.warnings}
    assert all(warning.severity is Severity.WARNING for warning in settings.warnings)


@pytest.mark.parametrize(
    ("written", "pointer"),
    [
        ("github: {a: {organization: o, filters: {branch: feature/x}}}", "github/a/filters/branch"),
        ("github: {a: {organization: o, filters: {repository: '('}}}", "github/a/filters/repository"),
        ("github: {organization: o, filters: {repository: '('}}", "github/filters/repository"),
        ("github: {a: {organization: o, filters: {visibility: [secret]}}}", "github/a/filters/visibility/0"),
        ("github: {a: {host: ghe.example}}", "github/a"),
        ("githubOrg: [{id: a}]", "githubOrg/0"),
        ("gitlab: {host: gitlab.com, group: g}", "gitlab/host"),
        ("gitlab: {a: {group: g}}", "gitlab/a"),
        ("gitlab: {a: {host: gitlab.com, groupPattern: [x, '(']}}", "gitlab/a/groupPattern"),
        ("gitea: {a: {host: 'https://x', organization: o}}", "gitea/a/host"),
        ("github: {organization: o, schedule: {frequency: often, timeout: 1m}}", "github/schedule/frequency"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_provider_that_is_served_stops_the_start(
    tmp_path: Path, written: str, pointer: str
) -> None:
    found = faults(tmp_path, f"catalog: {{providers: {{{written}}}}}")
    errors = {problem.pointer for problem in found if problem.severity is Severity.ERROR}
    assert f"/catalog/providers/{pointer}" in errors


def test_the_older_ldap_section_is_read_too(tmp_path: Path) -> None:
    text = "ldap: {providers: [{target: 'ldaps://d.example', userz: []}]}"
    settings = load(tmp_path, text)
    assert [warning.pointer for warning in settings.warnings] == [
        "/ldap",
        "/ldap/providers/0/userz",
    ]


def test_switches_that_are_off_are_no_warning(tmp_path: Path) -> None:
    text = "catalog: {scmEvents: false, disableDefaultProcessors: false, processors: {}, providers: {}}"
    assert load(tmp_path, text).warnings == ()
    text = "catalog: {scmEvents: {refresh: true}, disableDefaultProcessors: true}"
    assert [warning.pointer for warning in load(tmp_path, text).warnings] == [
        "/catalog/scmEvents",
        "/catalog/disableDefaultProcessors",
    ]


def test_a_second_entry_of_a_host_is_said_to_have_no_effect(tmp_path: Path) -> None:
    text = """\
integrations:
  github:
    - token: one
    - host: ghe.example.com
      token: two
    - host: github.com
      apps: []
"""
    [warning] = load(tmp_path, text).warnings
    assert warning.line == 6
    assert "integrations.github.0, line 3, is about github.com as well" in warning.message
