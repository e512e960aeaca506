"""`portal config`: a configuration is judged before anything is started with it."""

from __future__ import annotations

from pathlib import Path

from tests.portal.cli.commands import invoke, run

GOOD = """\
backend:
  listen: 127.0.0.1:7100
  auth: {dangerouslyDisableDefaultAuthPolicy: true}
catalog:
  locations: [{type: url, target: https://git.example.com/shop/catalog-info.yaml}]
plumbline:
  database: postgresql://portal:pa55-word@db/portal
"""


def written(folder: Path, text: str, name: str = "app-config.yaml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_what_a_configuration_leads_to_is_said_without_its_secrets(tmp_path: Path) -> None:
    said = run("config", "check", written(tmp_path, GOOD))
    assert "http://127.0.0.1:7100" in said
    assert "https://git.example.com/shop/catalog-info.yaml" in said
    assert "everybody who reaches it" in said
    assert "PostgreSQL" in said
    assert "pa55-word" not in said
    assert said.endswith("It can be used; 0 warnings\n")


def test_a_later_file_wins(tmp_path: Path) -> None:
    over = written(tmp_path, "backend: {listen: 127.0.0.1:7200}\n", "app-config.local.yaml")
    assert ":7200" in run("config", "check", written(tmp_path, GOOD), over)


def test_a_fault_is_told_with_its_place_and_what_was_meant(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD.replace("database:", "databse:"))
    said = invoke("config", "check", file, status=2).stderr
    assert f"{file}:7:" in said
    assert "database" in said


def test_a_key_without_effect_is_a_warning_that_can_be_made_to_count(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD + "techdocs: {builder: local}\n")
    assert "It can be used; 1 warning\n" in run("config", "check", file)
    assert "techdocs" in invoke("config", "check", "--strict", file, status=1).stderr


def test_what_it_names_and_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    more = "  scorecards: [./here, ./gone]\n"
    said = run("config", "check", written(tmp_path, GOOD + more))
    assert f"{tmp_path}/gone (nothing is there)\n" in said
    assert f"{tmp_path}/here\n" in said


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "none.yaml" in invoke("config", "check", tmp_path / "none.yaml", status=2).stderr
