"""`portal validate`: every document judged, offline, in three formats."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from portal.cli.validate import validate

GOOD = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments
spec:
  type: service
  lifecycle: production
  owner: team-a
"""
BAD = GOOD.replace("payments", "a b").replace("  owner: team-a\n", "")
WARNED = GOOD + "  providesAPos: [x]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "svc").mkdir()
    for name, text in {
        "catalog-info.yaml": GOOD,
        "empty.yml": "# nothing\n",
        "mkdocs.yml": "nav: []\n",
        "svc/all.yml": f"{WARNED}---\n{BAD}",
        "svc/x.yaml.njk": GOOD.replace("payments", "${{ values.name }}"),
        "svc/y.template": GOOD,
        "svc/README.md": "# no descriptor\n",
        ".git/z.yaml": BAD,
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(validate, [str(arg) for arg in args])


def rows(*args: str | Path) -> list[dict[str, Any]]:
    found = json.loads(run("--format", "json", *args).stdout)
    assert isinstance(found, list)
    return found


def test_valid_file_exits_with_0(folder: Path) -> None:
    assert run(folder / "catalog-info.yaml").exit_code == 0


def test_errors_exit_with_1_and_warnings_do_not(folder: Path) -> None:
    assert run(folder).exit_code == 1
    (folder / "svc/all.yml").write_text(WARNED)
    assert run(folder).exit_code == 0


def test_missing_path_is_a_usage_error(tmp_path: Path) -> None:
    assert run(tmp_path / "nothing").exit_code == 2
    assert run().exit_code == 2


def test_folder_is_read_to_its_ends_but_not_git(folder: Path) -> None:
    found = [
        (Path(row["file"]).relative_to(folder).as_posix(), row["document"]) for row in rows(folder)
    ]
    assert found == [
        ("catalog-info.yaml", 0),
        ("empty.yml", 0),
        ("mkdocs.yml", 0),
        ("svc/all.yml", 0),
        ("svc/all.yml", 1),
        ("svc/x.yaml.njk", 0),
        ("svc/y.template", 0),
    ]


def test_json_has_ref_verdict_and_problems_of_each_document(folder: Path) -> None:
    by_file = {(Path(row["file"]).name, row["document"]): row for row in rows(folder)}
    assert {key: row["verdict"] for key, row in by_file.items()} == {
        ("catalog-info.yaml", 0): "accept",
        ("empty.yml", 0): "empty",
        ("mkdocs.yml", 0): "ignore",
        ("all.yml", 0): "accept",
        ("all.yml", 1): "reject",
        ("x.yaml.njk", 0): "ignore",
        ("y.template", 0): "accept",
    }
    bad = by_file["all.yml", 1]
    assert bad["ref"] == "component:default/a b"
    assert [(p["code"], p["line"], p["column"]) for p in bad["problems"]] == [
        ("NAME_FORMAT", 14, 9),
        ("FIELD_REQUIRED", 15, 1),
    ]
    assert set(bad["problems"][0]) == {
        "code",
        "message",
        "severity",
        "hint",
        "file",
        "document",
        "line",
        "column",
        "pointer",
        "found",
        "expected",
    }


def test_file_is_named_as_it_was_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert [row["file"] for row in rows("svc", "catalog-info.yaml")][-2:] == [
        "svc/y.template",
        "catalog-info.yaml",
    ]


def test_file_that_cannot_be_parsed_is_one_rejected_document(folder: Path) -> None:
    (folder / "catalog-info.yaml").write_bytes(b"a: \xff\n")
    (row,) = rows(folder / "catalog-info.yaml")
    assert (row["document"], row["ref"], row["verdict"]) == (0, None, "reject")
    assert row["problems"][0]["severity"] == "error"


def test_symbolic_links_are_named_but_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "svc/link.yaml").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder)
    found = {Path(row["file"]).name: row for row in rows(folder)}
    assert found["link.yaml"]["verdict"] == "ignore"
    assert found["link.yaml"]["problems"][0]["code"] == "SYMLINK_NOT_FOLLOWED"
    assert not any("loop" in row["file"] for row in rows(folder))


def test_file_name_that_is_no_text_is_shown_as_far_as_it_is(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff.yaml", "w") as file:
        file.write(GOOD)
    (row,) = rows(tmp_path)
    assert (Path(row["file"]).name, row["verdict"]) == ("\ufffd.yaml", "accept")


def test_a_folder_without_files_exits_with_2_and_is_an_empty_array(
    folder: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    done = run("--format", "json", bare)
    assert (done.exit_code, json.loads(done.stdout)) == (2, [])
    assert f"{bare}: nothing to check is in this folder" in done.stderr
    assert run(folder / "catalog-info.yaml", bare).exit_code == 2
    assert run(folder, bare).exit_code == 1


def test_text_names_file_place_code_and_hint_and_sums_up(folder: Path) -> None:
    lines = run(folder).stdout.splitlines()
    assert str(folder / "svc/all.yml") in lines
    assert any("14:9  error" in line and "NAME_FORMAT" in line for line in lines)
    assert any("Try `a-b`" in line for line in lines)
    assert lines[-1] == (
        "6 files: 3 entities accepted, 1 documents rejected, 2 ignored; 2 errors, 1 warnings"
    )


def test_text_says_what_was_expected_where_the_message_does_not(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.replace("kind: Component", "kind: Team"))
    (tmp_path / "b.yaml").write_text(GOOD.replace("  owner: team-a\n", ""))
    said = run(tmp_path).stdout
    assert said.count("Expected: AiResource, API, Component, Domain, Group") == 1
    assert said.count("Expected:") == 1
    assert "`spec.owner` is missing" in said


def test_markup_in_a_file_is_shown_as_it_is(folder: Path) -> None:
    (folder / "x.yaml").write_text(GOOD.replace("payments", "'[bold]x[/] \x85'"))
    assert "[bold]x[/]" in run(folder / "x.yaml").stdout


def test_sarif_has_a_result_for_each_problem_and_a_rule_for_each_code(folder: Path) -> None:
    log = json.loads(run("--format", "sarif", folder).stdout)
    assert log["version"] == "2.1.0"
    (one,) = log["runs"]
    rules = [rule["id"] for rule in one["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in one["results"])
    assert {result["level"] for result in one["results"]} == {"error", "warning", "note"}
    named = next(result for result in one["results"] if result["ruleId"] == "NAME_FORMAT")
    place = named["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 14, "startColumn": 9}
    assert place["artifactLocation"]["uri"] == (folder / "svc/all.yml").as_uri()


def test_sarif_uri_of_a_relative_path_is_escaped(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "a b.yaml").write_text(BAD)
    (result, *_) = json.loads(run("--format", "sarif", "a b.yaml").stdout)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.yaml"


def test_neither_web_framework_nor_database_is_imported() -> None:
    code = "import sys, portal.cli.validate; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"flask", "sqlalchemy", "dbos", "requests"} & set(loaded.stdout.split())


def test_verdicts_agree_with_the_recorded_ones(shared: Path) -> None:
    files = shared / "corpus" / "files"
    found = {
        (Path(row["file"]).relative_to(files.parent).as_posix(), row["document"]): row
        for row in rows(files)
    }
    for line in (shared / "corpus" / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["role"] != "descriptor":
            continue
        for expected in row["documents"] or [{"index": 0, "verdict": "empty", "ref": None}]:
            document = found[row["file"], expected["index"]]
            assert document["verdict"] == expected["verdict"], row["file"]
            if expected["verdict"] == "accept":
                assert document["ref"] == expected["ref"]
