"""`plumbline.exemptions` and `plumbline.notices` in a config."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest

from plugins.contract import MailChannel, WebhookChannel
from scorecards.people.exemptions import Budget, Policy
from scorecards.people.notices import Timing
from tests.portal.configs import faults, load

SECRET = f"whsec_{base64.b64encode(bytes(32)).decode()}"


def test_without_a_section_the_defaults_hold(tmp_path: Path) -> None:
    settings = load(tmp_path, "plumbline: {}")
    assert settings.exemptions == Policy()
    assert (settings.notices, settings.channels) == (None, ())


def test_who_may_reach_an_open_portal_may_approve(tmp_path: Path) -> None:
    opened = "backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}\n"
    assert load(tmp_path, opened).exemptions.self_approval
    strict = opened + "plumbline: {exemptions: {selfApproval: false}}"
    assert not load(tmp_path, strict).exemptions.self_approval


def test_every_limit_of_exemptions_is_read(tmp_path: Path) -> None:
    text = """\
plumbline:
  exemptions:
    longest: 90d
    selfApproval: true
    approvers: [group:default/platform, ci]
    budget: {owner: 5, scorecard: 12.5%}
"""
    assert load(tmp_path, text).exemptions == Policy(
        longest=timedelta(days=90),
        self_approval=True,
        approvers=("group:default/platform", "ci"),
        per_owner=Budget(most=5),
        per_scorecard=Budget(share=0.125),
    )


def test_every_key_of_notices_is_read(tmp_path: Path) -> None:
    text = f"""\
plumbline:
  notices:
    levelDrop: {{after: 6h}}
    exemptionExpiring: {{before: 3d}}
    campaignDue: {{before: 2d}}
    digest: 0h
    webhooks:
      - name: chat
        url: https://hooks.example.com/plumbline
        secrets: [{SECRET}]
        internal: true
    mail:
      host: smtp.example.com
      security: tls
      user: me
      password: secret
      from: plumbline@example.com
      to: [all@example.com]
      teams: false
"""
    settings = load(tmp_path, text)
    assert settings.notices == Timing(
        level_drop_after=timedelta(hours=6),
        exemptions_before=timedelta(days=3),
        campaigns_before=timedelta(days=2),
        digest=timedelta(0),
    )
    assert settings.channels == (
        WebhookChannel(
            name="chat",
            url="https://hooks.example.com/plumbline",
            secrets=(SECRET,),
            internal=True,
        ),
        MailChannel(
            name="mail",
            host="smtp.example.com",
            port=465,
            security="tls",
            user="me",
            password="secret",
            sender="plumbline@example.com",
            to=("all@example.com",),
            teams=False,
        ),
    )


@pytest.mark.parametrize(
    "section",
    [
        "exemptions: {longest: 0d}",
        "exemptions: {budget: {owner: -1}}",
        "exemptions: {longest: 9d, approvers: [a], budget: {owner: 3, scorecard: x}}",
        "exemptions: {budget: {owner: 101%}}",
        "exemptions: {budget: {team: 1}}",
        "exemptions: {budget: {owner: true}}",
        "notices: {digest: soon}",
        "notices: {webhooks: [{name: chat, url: 'ftp://x'}]}",
        "notices: {webhooks: [{name: chat, url: 'https://x', secrets: []}]}",
        "notices: {mail: {host: x, from: nobody}}",
        "notices: {mail: {host: x, from: a@example.com, security: maybe}}",
        "notices: {mail: {host: x}}",
        f"notices: {{webhooks: [{{name: mail, url: 'https://x', secrets: [{SECRET}]}}], "
        "mail: {host: x, from: a@example.com}}",
    ],
)
def test_what_cannot_be_meant_stops_the_start(tmp_path: Path, section: str) -> None:
    problems = faults(tmp_path, f"plumbline:\n  {section}\n")
    assert problems
    assert all(problem.pointer.startswith("/plumbline/") for problem in problems)


def test_a_secret_is_never_quoted(tmp_path: Path) -> None:
    text = (
        "plumbline: {notices: {webhooks: [{name: chat, url: 'https://x', secrets: [hush-hush]}]}}"
    )
    problems = faults(tmp_path, text)
    assert "hush-hush" not in repr(problems)
    assert "whsec_" in problems[0].message
