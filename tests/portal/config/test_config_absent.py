"""What a configuration says in vain is a warning, with the place and what was meant."""

from pathlib import Path

import pytest

from catalog.problems import Problem
from portal.config import Settings, load_settings


def warnings(folder: Path, text: str, **environ: str) -> tuple[Problem, ...]:
    file = folder / "app-config.yaml"
    file.write_text(text)
    settings = load_settings(configs=[file], environ=environ)
    assert isinstance(settings, Settings)
    return settings.warnings


def test_a_token_whose_variable_is_not_set_is_told(tmp_path: Path) -> None:
    text = "integrations:\n  github:\n    - host: github.com\n      token: ${GITHUB_TOKEN}\n"
    (told,) = warnings(tmp_path, text)
    assert told.line == 4
    assert told.message == "integrations.github.0.token is left out"
    assert told.hint == "The environment variable GITHUB_TOKEN is not set."
    assert warnings(tmp_path, text, GITHUB_TOKEN="ghp_x") == ()


def test_what_is_not_ours_may_be_left_out(tmp_path: Path) -> None:
    assert warnings(tmp_path, "app: {title: '${TITLE}', baseUrl: http://localhost}\n") == ()


@pytest.mark.parametrize("rule", ["[Component, Componnt]", "[{kind: Componnt}]"])
def test_a_kind_that_there_is_not_is_told_with_what_was_meant(tmp_path: Path, rule: str) -> None:
    (told,) = warnings(tmp_path, f"catalog:\n  rules:\n    - allow: {rule}\n")
    assert (told.line, told.found) == (3, "")
    assert "Componnt" in told.message
    assert told.hint == "Did you mean Component?"


def test_kinds_are_told_apart_by_letters_and_not_by_case(tmp_path: Path) -> None:
    assert warnings(tmp_path, "catalog: {rules: [{allow: [component, API, airesource]}]}\n") == ()


def test_where_files_define_kinds_any_may_be_allowed(tmp_path: Path) -> None:
    text = "catalog: {rules: [{allow: [Dataset]}]}\nplumbline: {kinds: [./kinds]}\n"
    assert warnings(tmp_path, text) == ()
