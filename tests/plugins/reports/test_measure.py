"""Reports on disk come to facts; what is wrong with one is data, with its file."""

from __future__ import annotations

from pathlib import Path

from plugins.reports import facts, measure
from scorecards.collection.packs import built_in
from scorecards.collection.pushed import read_value
from tests.plugins.reports.test_coverage_reports import COBERTURA, LCOV
from tests.plugins.reports.test_junit import BOMB, PYTEST, SUREFIRE


def test_patterns_and_shards_are_put_together(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one.xml").write_bytes(PYTEST)
    (tmp_path / "a" / "b" / "two.xml").write_bytes(SUREFIRE)
    (tmp_path / "lcov.info").write_bytes(LCOV.replace(b"DA:4,0", b"DA:4,1"))
    (tmp_path / "coverage.xml").write_bytes(COBERTURA)
    measured = measure(
        # One of them is named twice, and counts once.
        junit=[f"{tmp_path}/a/one.xml", f"{tmp_path}/a/**/*.xml"],
        coverage=[f"{tmp_path}/lcov.info", f"{tmp_path}/coverage.xml"],
    )
    assert measured.problems == ()
    assert measured.facts == {
        "tests.run": 5,
        "coverage.line_pct": 100.0,
        "coverage.lowest_files": [],
    }


def test_the_facts_are_those_of_the_pack_and_of_its_types(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_bytes(PYTEST)
    (tmp_path / "lcov.info").write_bytes(LCOV)
    measured = measure(junit=[f"{tmp_path}/junit.xml"], coverage=[f"{tmp_path}/lcov.info"])
    declared = {fact.schema.name: fact.schema.type for fact in built_in()["testing"].facts}
    for name, value in measured.facts.items():
        read_value(declared[name], value)
    assert measured.facts["coverage.lowest_files"] == ["shop/cart.py"]


def test_each_fault_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "bomb.xml").write_bytes(BOMB)
    (tmp_path / "good.xml").write_bytes(PYTEST)
    (tmp_path / "empty.info").write_bytes(b"")
    measured = measure(
        junit=[f"{tmp_path}/*.xml", f"{tmp_path}/nothing/*.xml"],
        coverage=[f"{tmp_path}/empty.info"],
    )
    said = [(problem.code, problem.file, problem.line) for problem in measured.problems]
    assert said == [
        ("REPORT_NOT_FOUND", "", None),
        ("REPORT_UNREADABLE", f"{tmp_path}/bomb.xml", 1),
        ("REPORT_UNREADABLE", f"{tmp_path}/empty.info", None),
    ]
    assert measured.problems[2].expected == "Cobertura XML, JaCoCo XML or LCOV"


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "large.xml", "wb") as file:
        file.truncate(facts.LARGEST + 1)
    (problem,) = measure(junit=[f"{tmp_path}/large.xml"]).problems
    assert problem.message == "The report is larger than 64 MiB."


def test_a_folder_is_no_report(tmp_path: Path) -> None:
    (problem,) = measure(junit=[str(tmp_path)]).problems
    assert "cannot be read: Is a directory" in problem.message
