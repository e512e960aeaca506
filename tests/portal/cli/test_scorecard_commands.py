"""`portal scorecard lint`, `test` and `diff`, offline."""

import json
from pathlib import Path

import pytest

from portal.db.engine import open_database
from portal.db.evaluation import quarantine
from portal.version import EDITION
from tests.catalog_rows import NOW
from tests.portal.cli.commands import run
from tests.portal.worker.hostile_rules import ENDLESS, scorecard

OURS = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: ours, title: Ours}
spec:
  extends: documentation
  checks:
    - id: doc.readme
      weight: 7
    - id: tested
      title: It is tested
      level: Described
      rule: {all: [repo.ci.runs_tests, repo.tests.files > 0]}
      why: Because.
      fix: Test it.
      tests:
        - {given: {repo.ci.runs_tests: true, repo.tests.files: 1}, expect: pass}
        - {given: {repo.ci.runs_tests: false}, expect: fail, reason: runs_tests}
"""


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    file = tmp_path / "ours.yaml"
    file.write_text(OURS)
    return file


def test_a_good_file_is_linted_without_a_word(ours: Path) -> None:
    said = run("scorecard", "lint", ours)
    assert said == "1 file: 1 scorecard with 12 checks can be used; 0 errors, 0 warnings\n"
    found = json.loads(run("scorecard", "lint", "--json", ours.parent))
    assert [card["name"] for card in found["scorecards"]] == ["ours"]
    assert "tested" in found["scorecards"][0]["checks"]
    assert found["problems"] == []


def test_who_names_what_holds_no_scorecard_learns_of_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.yaml").write_text("# later\n")
    (tmp_path / "bytes.yaml").write_bytes(b"a: \xff")
    said = run("scorecard", "lint", tmp_path / "folder", status=1)
    assert "There is no YAML file in this folder" in said
    said = run("scorecard", "lint", tmp_path, status=1)
    assert f"{tmp_path}/empty.yaml: warning: The file holds nothing [NOT_A_SCORECARD]" in said
    assert "kind: Scorecard" in said
    assert "it is no text in UTF-8 (byte 4)" in said
    assert "1 error, 1 warning\n" in said


def test_what_was_found_and_expected_is_told_where_the_message_does_not(ours: Path) -> None:
    ours.write_text(OURS.replace("kind: Scorecard", "kind: ScoreCard"))
    said = run("scorecard", "lint", ours, status=1)
    assert "no scorecard (found ScoreCard; expected kind: Scorecard) [NOT_A_SCORECARD]" in said


def test_problems_are_shown_with_line_column_and_hint(ours: Path) -> None:
    ours.write_text(OURS.replace("repo.tests.files > 0]", "repo.tests.fils > 0]"))
    said = run("scorecard", "lint", ours, status=1)
    assert f"{ours}:12:40: error: there is no fact 'repo.tests.fils'" in said
    assert "Did you mean 'repo.tests.files'?" in said
    (problem,) = json.loads(run("scorecard", "lint", "--json", ours, status=1))["problems"]
    assert (problem["code"], problem["line"], problem["column"]) == ("UNKNOWN_FACT", 12, 40)


def test_a_warning_is_a_problem_too(ours: Path) -> None:
    ours.write_text(OURS.replace("repo.tests.files > 0]", "repo.ci.runs_tests]"))
    assert "[RULE_DUPLICATE]" in run("scorecard", "lint", ours, status=1)


def test_a_slip_in_a_field_of_the_entity_is_a_warning_unless_a_kind_has_it(
    ours: Path, tmp_path: Path
) -> None:
    ours.write_text(OURS.replace("repo.tests.files > 0]", "has(entity.spec.types)]"))
    said = run("scorecard", "lint", ours, status=1)
    assert f"{ours}:12:44: warning: `entity.spec.types` means nothing" in said
    assert "Did you mean `entity.spec.type`?" in said
    kinds, config = tmp_path / "kinds.json", tmp_path / "app-config.yaml"
    kinds.write_text(
        '{"kind": "Oven", "apiVersions": ["bakery.example/v1"],'
        ' "spec": {"properties": {"types": {"type": "array"}}}}'
    )
    config.write_text(f"plumbline: {{kinds: [{kinds}]}}\n")
    assert "0 warnings" in run("scorecard", "lint", ours, "--config", config)


def test_a_name_of_a_built_in_scorecard_is_taken(ours: Path) -> None:
    ours.write_text(OURS.replace("name: ours", "name: service-maturity"))
    assert "SCORECARD_NAME_TAKEN" in run("scorecard", "lint", ours, status=1)


def test_tests_that_hold_are_counted(ours: Path) -> None:
    assert "0 failed; 0 checks have no test" in run("scorecard", "test", ours)
    verbose = run("scorecard", "test", "-v", ours)
    assert f"ok {ours}:17: tested: It is tested" in verbose


def test_a_test_that_fails_says_what_was_given_expected_and_got(ours: Path) -> None:
    ours.write_text(OURS.replace("reason: runs_tests", "reason: files"))
    said = run("scorecard", "test", ours, status=1)
    assert said.startswith(
        f"FAILED {ours}:17: tested: It is tested\n"
        "    given\n"
        "      repo.ci.runs_tests: false\n"
        "    expected fail, with 'files' in its reason\n"
        "    got fail: `repo.ci.runs_tests` is false\n"
        "      fail: repo.ci.runs_tests\n"
        "      unknown: repo.tests.files > 0\n"
    )
    tried = json.loads(run("scorecard", "test", "--json", ours, status=1))
    (failed,) = [one for one in tried if not one["holds"]]
    assert (failed["check"], failed["expect"], failed["got"]["outcome"]) == (
        "tested",
        "fail",
        "fail",
    )


def test_a_rule_that_takes_too_long_fails_its_test_and_no_other(ours: Path) -> None:
    ours.write_text(OURS.replace("repo.tests.files > 0]", f'"{ENDLESS}"]'))
    tried = json.loads(run("scorecard", "test", "--json", ours, status=1))
    said = {one["line"]: one["got"] for one in tried if one["check"] == "tested"}
    assert (said[16]["outcome"], said[17]["outcome"]) == ("error", "fail")
    assert "took longer than " in said[16]["reason"]
    assert said[16]["reason"].endswith(" and is not run any more")


def test_rules_are_pardoned_and_until_then_the_doctor_tells_of_them(tmp_path: Path) -> None:
    rules, data = tmp_path / "rules.yaml", tmp_path / "data"
    rules.write_text(scorecard("mine", hostile="entity.kind == 'Component'"))
    config = tmp_path / "config.yaml"
    config.write_text(f"plumbline:\n  scorecards: [{rules}]\n")
    place = ("--config", config, "--data-dir", data)
    run("migrate", *place)
    database = open_database(f"sqlite:///{data}/portal.db")
    with database.write() as connection:
        rule = "entity.kind == 'Component'"
        quarantine.put(connection, rule, "was slow", edition=EDITION, now=NOW)
    database.close()
    assert f"{rules}:6:" in (said := run("doctor", *place, status=1))
    assert "the expression was slow" in said
    assert run("scorecard", "pardon", "mine", *place) == f"{rule} is tried again\n"
    assert run("scorecard", "pardon", "mine", *place) == "every rule of mine is run\n"
    run("scorecard", "pardon", "none", *place, status=1)
    assert "was slow" not in run("doctor", *place)


def test_a_broken_file_fails_even_where_no_test_does(ours: Path) -> None:
    ours.write_text(OURS.replace("level: Described", "level: Describd"))
    assert "0 failed" in run("scorecard", "test", ours, status=1)


def test_what_holds_no_scorecard_is_not_tested_in_silence(ours: Path, tmp_path: Path) -> None:
    bare, empty = tmp_path / "bare", tmp_path / "empty"
    for folder in (bare, empty):
        folder.mkdir()
    (empty / "later.yaml").write_text("# later\n")
    assert "0 tests of 0 checks" in run("scorecard", "test", bare, status=2)
    run("scorecard", "test", empty, status=2)
    # One that is right makes the other no better.
    assert "0 failed" in run("scorecard", "test", ours, bare, status=2)
    assert run("scorecard", "test", "--json", bare, status=2) == "[]\n"


def test_the_built_in_scorecards_are_tested() -> None:
    assert "0 failed; 0 checks have no test" in run("scorecard", "test", "--builtin")


def test_a_file_or_builtin_is_needed() -> None:
    run("scorecard", "test", status=2)
    run("scorecard", "lint", status=2)


def test_a_level_for_which_nothing_is_asked_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(
        "apiVersion: plumbline.dev/v1\nkind: Scorecard\nmetadata: {name: small, title: Small}\n"
        "spec:\n  checks:\n    - {id: readme, title: R, level: Managed, why: w, fix: f,\n"
        "       rule: repo.readme.bytes > 0}\n"
    )
    said = run("scorecard", "lint", file, status=1)
    assert "no check asks for Defined, Optimizing" in said
    assert "[LEVEL_UNASKED]" in said
    file.write_text(file.read_text().replace("spec:\n", "spec:\n  levels: [Initial, Managed]\n"))
    assert "0 errors, 0 warnings" in run("scorecard", "lint", file)


def test_a_difference_is_told_by_what_it_means(ours: Path) -> None:
    new = ours.parent / "new.yaml"
    new.write_text(
        OURS.replace("weight: 7", "weight: 8").replace(
            "  checks:", "  remove: [doc.tags]\n  checks:"
        )
    )
    assert run("scorecard", "diff", ours, ours) == "ours: no difference\n"
    said = run("scorecard", "diff", ours, new)
    assert said == (
        "ours\n  ~ check doc.readme: weight\n      - 7\n      + 8\n  - check doc.tags: It is tagged\n"
    )
    changes = json.loads(run("scorecard", "diff", "--json", ours, new))
    assert [(c["op"], c["subject"], c["name"], c["field"]) for c in changes] == [
        ("change", "check", "doc.readme", "weight"),
        ("remove", "check", "doc.tags", ""),
    ]


def test_what_is_broken_is_not_compared_in_silence(ours: Path) -> None:
    new = ours.parent / "new.yaml"
    new.write_text(OURS.replace("extends: documentation", "extends: documentations"))
    run("scorecard", "diff", ours, new, status=1)
