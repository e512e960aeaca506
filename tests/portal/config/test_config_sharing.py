"""`backend.cors`: the sites whose pages may ask."""

from pathlib import Path

import pytest

from portal.config import Sharing
from portal.config.sharing import METHODS
from tests.portal.configs import faults, load

GENERATED = """\
backend:
  cors:
    origin: http://localhost:3000/
    methods: [GET, HEAD, PATCH, POST, PUT, DELETE]
    credentials: true
"""
"""As every new Backstage app has it."""


def test_without_the_key_no_other_sites_pages_may_ask(tmp_path: Path) -> None:
    assert load(tmp_path, "backend: {}").sharing is None


def test_the_section_of_a_new_backstage_app_is_read(tmp_path: Path) -> None:
    settings = load(tmp_path, GENERATED)
    assert settings.sharing == Sharing(
        origins=("http://localhost:3000",),
        methods=("GET", "HEAD", "PATCH", "POST", "PUT", "DELETE"),
    )
    [warning] = settings.warnings
    assert warning.pointer == "/backend/cors/credentials"
    assert "token" in warning.hint


def test_every_spelling_of_backstages_is_taken(tmp_path: Path) -> None:
    text = """\
backend:
  cors:
    origin: ['https://*.example.com', 'https://{a,b}.example.org']
    methods: GET,POST
    allowedHeaders: [Authorization, Content-Type]
    exposedHeaders: Link
    maxAge: 600
"""
    assert load(tmp_path, text).sharing == Sharing(
        origins=("https://*.example.com", "https://{a,b}.example.org"),
        methods=("GET", "POST"),
        headers=("Authorization", "Content-Type"),
        exposed=("Link",),
        seconds=600,
    )


def test_an_origin_of_a_variable_that_is_not_set_shares_with_nobody(tmp_path: Path) -> None:
    assert load(tmp_path, "backend: {cors: {origin: '${FRONTEND}'}}").sharing == (
        Sharing(origins=(), methods=METHODS)
    )


@pytest.mark.parametrize(
    ("section", "pointer"),
    [
        ("{origin: 5}", "/backend/cors/origin"),
        ("{origin: [{}]}", "/backend/cors/origin"),
        ("{origin: x, maxAge: -1}", "/backend/cors/maxAge"),
        ("{origin: x, methods: []}", "/backend/cors/methods"),
        ("true", "/backend/cors"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(
    tmp_path: Path, section: str, pointer: str
) -> None:
    [fault] = faults(tmp_path, f"backend: {{cors: {section}}}")
    assert (fault.code, fault.pointer) == ("CONFIG_VALUE", pointer)
