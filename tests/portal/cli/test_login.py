"""Signing in for the first time: who is told the link."""

from __future__ import annotations

from collections.abc import Callable

from portal.app import create_app
from portal.cli.login import sign_in_words
from portal.config import Auth
from portal.wiring import Portal


def test_a_terminal_is_told_a_link_and_a_log_is_not(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal(auth=Auth.REQUIRED)
    assert "login?once" not in sign_in_words(portal, on_terminal=False)
    link = sign_in_words(portal, on_terminal=True).split()[0]
    path = link.removeprefix(portal.settings.url)
    assert create_app(portal).test_client().get(path).status_code == 303
