"""What feeds the facts of packs: collectors, pushes, or nothing, which is said as such."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scorecards.collection.feeding import Fed, Feed, Feeder, SwitchedOn, feed, feeds
from scorecards.collection.packs import Pack
from scorecards.collection.pushed import Declared
from scorecards.collection.stored_facts import stored
from scorecards.evaluation.assessment import Assessor
from scorecards.facts import FactSchema, FactType, FailedFact, Unknown
from scorecards.results import CheckResult
from tests.scorecards.scorecard_samples import NOW, SCHEMAS, check, record, scorecard, subject


def fact(name: str, kind: FactType = FactType.INT) -> Declared:
    schema = FactSchema(name=name, type=kind, description="A fact.", when_absent=0)
    return Declared(schema=schema, ttl=timedelta(days=7))


def pack(*facts: Declared, name: str = "scans") -> Pack:
    return Pack(
        name=name,
        title="Scans",
        description="What scanners find.",
        facts=facts,
        sources={one.namespace: f"The job of {one.namespace}." for one in facts},
        contains=("scanned",),
        file="scans.yaml",
        scorecards="",
    )


OPEN, KNOWN = fact("vuln.open"), fact("sast.findings")
SCANS = pack(OPEN, KNOWN)


def fed(
    *on: tuple[Pack, bool],
    observed: tuple[Declared, ...] = (),
    declared: tuple[Declared, ...] = (),
) -> Fed:
    schemas = {one.schema.name: one.schema for one in observed}
    return feed(
        [(one, SwitchedOn(name=one.name, pushed=pushed)) for one, pushed in on],
        schemas,
        taken={one.namespace for one in observed},
        declared=declared,
    )


def test_without_a_source_the_facts_of_a_pack_are_known_by_type_and_unfed() -> None:
    found = fed((SCANS, False))
    assert found.pushed == {}
    assert found.problems == ()
    assert found.schemas == {"vuln.open": OPEN.schema, "sast.findings": KNOWN.schema}
    why = found.unfed["vuln.open"].why
    assert why.reason is Unknown.NOT_CONFIGURED
    assert why.detail == "the pack `scans` is on, and nothing feeds `vuln.*`"


def test_with_a_push_they_may_be_pushed_as_the_pack_declares_them() -> None:
    found = fed((SCANS, True))
    assert found.pushed == {"vuln.open": OPEN, "sast.findings": KNOWN}
    assert found.unfed == {}


def test_what_a_collector_observes_is_neither_pushed_nor_unfed() -> None:
    found = fed((SCANS, True), observed=(OPEN,))
    assert found.pushed == {"sast.findings": KNOWN}
    assert found.unfed == {}


def test_a_fact_that_a_collector_of_its_namespace_leaves_out_cannot_be_pushed() -> None:
    more = fact("vuln.fixed")
    found = fed((pack(OPEN, more), True), observed=(OPEN,))
    assert found.pushed == {}
    assert list(found.unfed) == ["vuln.fixed"]


def test_what_is_declared_to_be_pushed_feeds_a_pack_without_a_source() -> None:
    own = replace(OPEN, ttl=None)
    found = fed((SCANS, False), declared=(own,))
    assert found.pushed == {"vuln.open": own}
    assert list(found.unfed) == ["sast.findings"]


def test_what_one_pack_pushes_feeds_the_others_that_share_the_fact() -> None:
    found = fed((SCANS, False), (pack(OPEN, name="other"), True))
    assert found.pushed == {"vuln.open": OPEN}
    assert list(found.unfed) == ["sast.findings"]


@pytest.mark.parametrize("by", ["observed", "declared"])
def test_a_fact_of_another_type_than_the_pack_takes_it_for_is_a_problem(by: str) -> None:
    other = fact("vuln.open", FactType.STRING)
    found = fed((SCANS, False), **{by: (other,)})  # type: ignore[arg-type]
    [problem] = found.problems
    assert (problem.code, problem.found) == ("PACK_FACT_TYPE", "vuln.open")
    assert "takes vuln.open for int" in problem.message
    assert "string" in problem.message
    assert problem.hint


def test_a_namespace_says_what_feeds_it_and_what_of_it_nothing_does() -> None:
    more = fact("vuln.fixed")
    told = feeds(pack(OPEN, more, KNOWN), {"vuln.open": "scanner"}, {"sast.findings"})
    assert told == (
        Feed(
            namespace="vuln",
            by=Feeder.COLLECTOR,
            collectors=("scanner",),
            facts=("vuln.open", "vuln.fixed"),
            unfed=("vuln.fixed",),
            source="The job of vuln.",
        ),
        Feed(
            namespace="sast",
            by=Feeder.PUSH,
            collectors=(),
            facts=("sast.findings",),
            unfed=(),
            source="The job of sast.",
        ),
    )
    assert {one.by for one in feeds(SCANS, {}, ())} == {Feeder.NOTHING}


WHY = FailedFact(reason=Unknown.NOT_CONFIGURED, detail="the pack `x` is on, and nothing feeds it")


def said(facts: dict[str, object], **more: object) -> CheckResult:
    card = scorecard(check("repo.readme.bytes > 0"))
    assessor = Assessor([card], SCHEMAS, unfed={"repo.readme.bytes": WHY})
    given = record(facts, **more)  # type: ignore[arg-type]
    what = subject(records=(given,))
    assert assessor.pack(what.body, [stored(given)], now=NOW)[0].letters == "u"
    [result] = assessor.assess(what, now=NOW)
    return result.results[0]


@pytest.mark.parametrize("more", [{}, {"valid_until": NOW - timedelta(hours=1)}])
def test_what_nothing_feeds_is_not_known_whatever_was_stored_of_it(
    more: dict[str, object],
) -> None:
    for facts in ({"repo.readme.bytes": 900}, {"repo.ci.runs_tests": True}):
        found = said(facts, **more)
        assert found.unknown == {"repo.readme.bytes": "not_configured"}
        assert "its source is not configured (the pack `x` is on" in found.reason
