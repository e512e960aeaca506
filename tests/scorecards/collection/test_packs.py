"""Files of packs, read: what is wrong with one is told with its place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog.problems import Problem
from scorecards.collection.packs import Pack, is_pack, read_pack
from scorecards.collection.pushed import Declared
from scorecards.definitions.loading import load_files
from scorecards.facts import FactSchema, FactType

HEAD = """\
# What a scanner knows.
apiVersion: plumbline.dev/v1
kind: ScorecardPack
metadata:
  name: scans
  title: Scans
  description: What scanners find.
spec:
  facts:
    - name: vuln.open
      type: int
      description: Number of open findings.
      ttl: 14d
      whenAbsent: -1
  sources:
    vuln: The job that scans.
"""

CARD = """\
---
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: scanned, title: Scanned}
spec:
  checks:
    - {id: clean, title: Clean, level: Managed, rule: vuln.open == 0, why: W., fix: F.}
    - {id: wrong, title: Wrong, level: Managed, rule: vuln.opne == 0, why: W., fix: F.}
"""

FACT = FactSchema(
    name="vuln.open", type=FactType.INT, description="Number of open findings.", when_absent=-1
)


def read(text: str) -> Pack:
    pack, problems = read_pack(text, file="scans.yaml")
    assert problems == ()
    assert pack is not None
    return pack


def faults(text: str) -> tuple[Problem, ...]:
    pack, problems = read_pack(text, file="scans.yaml")
    assert pack is None
    return problems


def test_a_pack_declares_facts_and_says_what_can_feed_them() -> None:
    pack = read(HEAD + CARD)
    assert (pack.name, pack.title, pack.description) == ("scans", "Scans", "What scanners find.")
    assert pack.facts == (Declared(schema=FACT, ttl=timedelta(days=14)),)
    assert pack.sources == {"vuln": "The job that scans."}
    assert (pack.file, pack.contains) == ("scans.yaml", ("scanned",))


@pytest.mark.parametrize("before", ["", "---\n", "\n\n"])
def test_problems_of_its_scorecards_have_their_place_in_the_file(before: str) -> None:
    text = before + HEAD + CARD
    loaded = load_files([("scans.yaml", read(text).scorecards)], schemas={FACT.name: FACT})
    [problem] = loaded.problems
    wrong = next(n for n, line in enumerate(text.splitlines(), 1) if "vuln.opne" in line)
    assert (problem.code, problem.line, problem.document) == ("UNKNOWN_FACT", wrong, 1)
    assert [check.id for card in loaded.scorecards for check in card.checks] == ["clean"]


def test_a_scorecard_has_the_version_that_it_would_have_in_a_file_of_its_own() -> None:
    schemas = {FACT.name: FACT}
    [packed] = load_files([("p", read(HEAD + CARD).scorecards)], schemas=schemas).scorecards
    [alone] = load_files([("s", CARD)], schemas=schemas).scorecards
    assert packed.version == alone.version


def test_a_file_of_a_pack_is_told_from_one_of_scorecards() -> None:
    assert is_pack(HEAD)
    assert is_pack("kind: ScorecardPack")
    assert not is_pack(CARD)
    assert not is_pack("{")
    assert not is_pack("\x00")


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (("kind: ScorecardPack", "kind: Scorecard"), "NOT_A_PACK", "/kind"),
        (("  name: scans\n", ""), "FIELD_REQUIRED", "/metadata/name"),
        (("name: scans", "name: Scans"), "FIELD_VALUE", "/metadata/name"),
        (("  sources:\n    vuln: The job that scans.\n", ""), "FIELD_REQUIRED", "/spec/sources"),
        (("    vuln: The", "    vlun: The"), "FIELD_REQUIRED", "/spec/sources/vuln"),
        (("type: int", "type: number"), "FIELD_VALUE", "/spec/facts/0/type"),
        (("ttl: 14d", "ttl: long"), "FIELD_VALUE", "/spec/facts/0/ttl"),
        (("ttl: 14d", "tll: 14d"), "FIELD_UNKNOWN", "/spec/facts/0/tll"),
        (("whenAbsent: -1", "whenAbsent: none"), "FIELD_VALUE", "/spec/facts/0/whenAbsent"),
        (("name: vuln.open", "name: vuln"), "FIELD_VALUE", "/spec/facts/0/name"),
    ],
)
def test_what_is_wrong_with_a_pack_is_told_with_its_place(
    change: tuple[str, str], code: str, place: str
) -> None:
    problem = faults(HEAD.replace(*change))[0]
    assert (problem.code, problem.file) == (code, "scans.yaml")
    assert problem.pointer == (place if code != "NOT_A_PACK" else "")
    assert problem.line
    assert problem.column


def test_a_key_that_is_not_known_comes_with_the_one_that_was_meant() -> None:
    [problem] = faults(HEAD.replace("whenAbsent", "whenAbsnet"))
    assert problem.hint == "Did you mean `whenAbsent`?"
    assert (problem.line, problem.column) == (14, 7)


def test_a_fact_is_declared_once() -> None:
    fact = "    - {name: vuln.open, type: int, description: Again.}\n"
    [problem] = faults(HEAD.replace("  sources:", fact + "  sources:"))
    assert (problem.code, problem.line) == ("DUPLICATE_FACT", 15)


@pytest.mark.parametrize("text", ["", "# nothing", "- a\n- b", "{", "a: [", "\x00", "\ud800"])
def test_what_is_no_pack_is_a_problem_whatever_it_is(text: str) -> None:
    assert faults(text)
