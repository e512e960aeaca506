"""`APP_CONFIG_*`: environment variables over config files."""

from pathlib import Path

import pytest

from portal.config import Auth, ConfiguredSource
from tests.portal.configs import faults, load


def test_variables_win_over_files_and_lose_to_the_command_line(tmp_path: Path) -> None:
    text = "backend: {listen: {host: 127.0.0.2, port: 7001}}\ncatalog: {readonly: false}"
    environ = {"APP_CONFIG_backend_listen_port": "7002", "APP_CONFIG_catalog_readonly": "true"}
    settings = load(tmp_path, text, environ=environ)
    assert (settings.host, settings.port, settings.readonly) == ("127.0.0.2", 7002, True)
    own = {**environ, "PLUMBLINE_PORT": "7003"}
    assert load(tmp_path, text, environ=own).port == 7003
    assert load(tmp_path, text, environ=own, port=7004).port == 7004


def test_a_value_is_json_or_else_the_text_itself(tmp_path: Path) -> None:
    environ = {
        "APP_CONFIG_catalog_locations": '[{"type": "url", "target": "https://a.example/b"}]',
        "APP_CONFIG_app_baseUrl": "https://portal.example",
        "APP_CONFIG_catalog_orphanStrategy": '"keep"',
        "APP_CONFIG_catalog_readonly": "",
    }
    settings = load(tmp_path, "catalog: {readonly: true}", environ=environ)
    assert settings.sources == (ConfiguredSource("url", "https://a.example/b", "config"),)
    assert settings.base_url == "https://portal.example"
    assert settings.orphan_strategy == "keep"
    assert settings.readonly


def test_paths_in_a_variable_are_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"APP_CONFIG_plumbline_scorecards": '["cards"]'}
    assert load(tmp_path, "app: {}", environ=environ).scorecards == (tmp_path / "cards",)


def test_what_is_wrong_with_one_is_said_by_its_name(tmp_path: Path) -> None:
    environ = {
        "APP_CONFIG_catalog_orphanStrategy": "burn",
        "APP_CONFIG_plumbline_scorecard": "[]",
        "APP_CONFIG_backend__listen": "7007",
        "APP_CONFIG_app": '{"title": "x"}',
        "APP_CONFIG_app_title": "y",
        "APP_CONFIG_techdocs_builder": "local",
    }
    found = faults(tmp_path, "app: {}", environ=environ)
    assert sorted((problem.file, problem.code) for problem in found) == [
        ("APP_CONFIG_app", "CONFIG_KEY_NOT_SERVED"),
        ("APP_CONFIG_app_title", "CONFIG_VARIABLE"),
        ("APP_CONFIG_backend__listen", "CONFIG_VARIABLE"),
        ("APP_CONFIG_catalog_orphanStrategy", "CONFIG_VALUE"),
        ("APP_CONFIG_plumbline_scorecard", "CONFIG_KEY_UNKNOWN"),
        ("APP_CONFIG_techdocs_builder", "CONFIG_KEY_NOT_SERVED"),
    ]


def test_without_a_config_they_change_nothing_and_are_one_warning_each(tmp_path: Path) -> None:
    environ = {"APP_CONFIG_backend_listen": "0.0.0.0:80", "APP_CONFIG_app_title": "x"}
    settings = load(tmp_path, environ=environ)
    assert (settings.auth, settings.port, settings.sample) == (Auth.OPEN, 7007, True)
    assert [warning.file for warning in settings.warnings] == sorted(environ, reverse=False)
