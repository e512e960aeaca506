"""Webhooks are received where the configuration has a secret for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.config.hooking import Hook
from tests.portal.configs import faults, load

SECRET = "0123456789abcdef"


def test_a_webhook_has_a_type_a_secret_and_a_forge(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        f"""\
plumbline:
  webhooks:
    - {{type: github, secrets: [{SECRET}, {SECRET}-old]}}
    - {{name: ours, type: gitea, url: "https://git.example.com/acme/", secrets: [{SECRET}]}}
""",
    )
    assert settings.hooks == (
        Hook(
            name="github",
            type="github",
            url="https://github.com",
            secrets=(SECRET, f"{SECRET}-old"),
        ),
        Hook(name="ours", type="gitea", url="https://git.example.com/acme", secrets=(SECRET,)),
    )
    assert SECRET not in repr(settings)


def test_what_backstage_was_told_is_heeded_where_we_say_nothing(tmp_path: Path) -> None:
    backstage = f"""\
events:
  http: {{topics: [github]}}
  modules:
    github: {{webhookSecret: {SECRET}}}
    gitlab: {{webhookSecret: {SECRET}}}
"""
    settings = load(tmp_path, backstage)
    assert [(hook.name, hook.url) for hook in settings.hooks] == [
        ("github", "https://github.com"),
        ("gitlab", "https://gitlab.com"),
    ]
    assert [warning.pointer for warning in settings.warnings] == ["/events/http"]
    ours = "plumbline: {webhooks: [{type: github, secrets: [another-secret-of-ours]}]}\n"
    github, gitlab = load(tmp_path, backstage + ours).hooks
    assert github.secrets == ("another-secret-of-ours",)
    assert gitlab.secrets == (SECRET,)


def test_what_the_apps_of_a_github_sign_with_is_heeded_too(tmp_path: Path) -> None:
    app = "appId: 1, clientId: c, clientSecret: s, privateKey: k"
    backstage = f"""\
events: {{modules: {{github: {{webhookSecret: {SECRET}}}}}}}
integrations:
  github:
    - host: github.com
      apps:
        - {{{app}, webhookSecret: of-the-first-app}}
        - {{{app}, webhookSecret: of-the-second-app}}
        - {{{app}}}
    - {{host: GHE.example.com, apps: [{{{app}, webhookSecret: of-the-server}}]}}
    - {{host: other.example.com, token: t}}
"""
    public, server = load(tmp_path, backstage).hooks
    assert (public.name, public.url) == ("github", "https://github.com")
    assert public.secrets == (SECRET, "of-the-first-app", "of-the-second-app")
    assert (server.name, server.url) == ("github-ghe-example-com", "https://ghe.example.com")
    assert server.secrets == ("of-the-server",)
    ours = "plumbline: {webhooks: [{type: github, secrets: [another-secret-of-ours]}]}\n"
    assert load(tmp_path, backstage + ours).hooks[0].secrets == ("another-secret-of-ours",)


@pytest.mark.parametrize(
    ("entry", "pointer"),
    [
        ("[{type: github}]", "/0"),
        ("[{type: github, secrets: []}]", "/0/secrets"),
        ('[{type: github, secrets: [""]}]', "/0/secrets/0"),
        ("[{type: github, secrets: [short]}]", "/0/secrets/0"),
        (f'[{{type: github, secrets: ["{SECRET}\\n"]}}]', "/0/secrets/0"),
        (f"[{{type: svn, secrets: [{SECRET}]}}]", "/0/type"),
        (f"[{{type: gitea, secrets: [{SECRET}]}}]", "/0/url"),
        (f"[{{type: github, url: acme, secrets: [{SECRET}]}}]", "/0/url"),
        (f"[{{type: github, name: 'A b', secrets: [{SECRET}]}}]", "/0/name"),
        (f"[{{type: github, secrets: [{SECRET}]}}, {{type: github, secrets: [{SECRET}]}}]", ""),
    ],
)
def test_a_webhook_that_would_not_be_safe_stops_the_start(
    tmp_path: Path, entry: str, pointer: str
) -> None:
    (fault,) = faults(tmp_path, f"plumbline:\n  webhooks: {entry}\n")
    assert fault.pointer == f"/plumbline/webhooks{pointer}"
    assert SECRET not in fault.found
