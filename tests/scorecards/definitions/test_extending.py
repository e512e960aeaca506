"""Scorecards that extend others, across files and in any order."""

from __future__ import annotations

from typing import Any

import orjson

from scorecards.definitions.loading import Loaded, load_files, load_scorecards
from scorecards.lifecycle import Draft
from tests.scorecards.scorecard_samples import SCHEMAS, check


def text(name: str, checks: list[dict[str, Any]] | None = None, **spec: Any) -> str:
    if checks is not None:
        spec["checks"] = checks
    return orjson.dumps(
        {
            "apiVersion": "plumbline.dev/v1",
            "kind": "Scorecard",
            "metadata": {"name": name, "title": name.title()},
            "spec": spec,
        }
    ).decode()


BASE = text(
    "base",
    [
        check("repo.ci.runs_tests", id="ci", level="Silver", weight=3, applies_to="services"),
        check("repo.readme.bytes > 500", id="readme", level="Bronze", effort="days"),
        check("repo.readme.bytes > 900", id="draft", level="Bronze", lifecycle="draft"),
    ],
    levels=["Start", "Bronze", "Silver"],
    filters={"services": {"rule": "entity.spec.type == 'service'", "because": "Services only"}},
    applies_to="entity.kind == 'Component'",
)


def load(*texts: str) -> Loaded:
    files = [(f"{index}.yaml", one) for index, one in enumerate(texts)]
    return load_files(files, schemas=SCHEMAS)


def codes(loaded: Loaded) -> list[tuple[str, str, str]]:
    return [(p.file, p.code, p.pointer) for p in loaded.problems]


def test_it_begins_as_the_other_and_says_only_what_is_different() -> None:
    loaded = load(
        BASE, text("ours", [{"id": "readme", "rule": "repo.readme.bytes > 800"}], extends="base")
    )
    assert loaded.problems == ()
    base, ours = loaded.scorecards
    assert ours.extends == "base"
    assert ours.levels == base.levels
    assert ours.applies_to == base.applies_to
    assert ours.checks[0].rule != base.checks[0].rule
    assert (ours.checks[0].id, ours.checks[0].effort, ours.checks[0].title) == (
        "readme", "days", base.checks[0].title,
    )  # fmt: skip
    assert ours.checks[1] == base.checks[1]
    assert ours.drafts == base.drafts


def test_checks_are_removed_and_added() -> None:
    more = check("repo.ci.systems != []", id="more", level="Bronze")
    loaded = load(BASE, text("ours", [more], extends="base", remove=["readme", "draft"]))
    assert loaded.problems == ()
    assert [c.id for c in loaded.scorecards[1].checks] == ["more", "ci"]
    assert loaded.scorecards[1].drafts == ()


def test_nothing_needs_to_be_different() -> None:
    loaded = load(BASE, text("ours", extends="base"))
    assert loaded.problems == ()
    assert loaded.scorecards[1].checks == loaded.scorecards[0].checks
    assert loaded.scorecards[1].version != loaded.scorecards[0].version


def test_the_order_of_files_and_documents_does_not_matter() -> None:
    child = text("child", extends="ours")
    ours = text("ours", [{"id": "ci", "level": "Bronze"}], extends="base")
    loaded = load(f"{child}\n---\n{ours}", BASE)
    assert loaded.problems == ()
    assert [c.name for c in loaded.scorecards] == ["child", "ours", "base"]
    assert [c.level for c in loaded.scorecards[0].checks] == [1, 1]


def test_its_version_follows_what_it_extends() -> None:
    child = text("ours", extends="base")
    before = load(BASE, child).scorecards[1].version
    assert load(child, BASE).scorecards[0].version == before
    assert load(BASE.replace("500", "501"), child).scorecards[1].version != before


def test_another_ladder_keeps_the_checks_at_the_levels_of_the_same_name() -> None:
    loaded = load(BASE, text("ours", extends="base", levels=["Zero", "Silver", "Bronze"]))
    assert loaded.problems == ()
    assert [(c.id, c.level) for c in loaded.scorecards[1].checks] == [("ci", 1), ("readme", 2)]


def test_a_ladder_without_a_level_that_is_needed_is_refused() -> None:
    loaded = load(BASE, text("ours", extends="base", levels=["Start", "Bronze"]))
    assert codes(loaded) == [("1.yaml", "UNKNOWN_LEVEL", "/spec/levels")]
    assert [c.name for c in loaded.scorecards] == ["base"]


def test_filters_are_inherited_and_can_be_changed_by_name() -> None:
    own = check("repo.ci.runs_tests", id="own", level="Bronze", applies_to="services")
    loaded = load(BASE, text("ours", [own], extends="base"))
    assert loaded.problems == ()
    (found,) = [c for c in loaded.scorecards[1].checks if c.id == "own"]
    assert found.applies_to is not None
    assert found.applies_to.expression == "entity.spec.type == 'service'"
    assert found.applies_because == "Services only"


def test_a_draft_can_be_put_in_force() -> None:
    loaded = load(BASE, text("ours", [{"id": "draft", "lifecycle": "active"}], extends="base"))
    ours = loaded.scorecards[1]
    assert ours.drafts == ()
    assert not any(isinstance(c.lifecycle, Draft) for c in ours.checks)


def test_a_new_check_needs_all_that_a_check_needs() -> None:
    loaded = load(BASE, text("ours", [{"id": "new", "title": "It is new"}], extends="base"))
    assert codes(loaded) == [
        ("1.yaml", "FIELD_REQUIRED", f"/spec/checks/0/{key}")
        for key in ("level", "rule", "why", "fix")
    ]
    assert [c.id for c in loaded.scorecards[1].checks] == ["readme", "ci"]


def test_a_broken_override_leaves_the_check_out() -> None:
    loaded = load(BASE, text("ours", [{"id": "ci", "rule": "repo.nothing"}], extends="base"))
    assert codes(loaded) == [("1.yaml", "UNKNOWN_FACT", "/spec/checks/0/rule")]
    assert [c.id for c in loaded.scorecards[1].checks] == ["readme"]
    broken = load(BASE, text("ours", [{"id": "ci", "weight": "much"}], extends="base"))
    assert [c.id for c in broken.scorecards[1].checks] == ["readme"]


def test_an_unknown_base_is_told_with_line_and_column() -> None:
    (problem,) = load(BASE, "# ours\n" + text("ours", extends="bse")).problems
    assert (problem.code, problem.line, problem.hint) == ("EXTENDS_UNKNOWN", 2, "Known here: base")
    assert problem.column is not None
    (near,) = load(BASE, text("ours", extends="basee")).problems
    assert near.hint == "Did you mean `base`?"


def test_a_circle_is_told() -> None:
    loaded = load(text("a", extends="b"), text("b", extends="c"), text("c", extends="a"), BASE)
    assert {code for _, code, _ in codes(loaded)} == {"EXTENDS_CYCLE", "EXTENDS_UNUSABLE"}
    assert len(loaded.problems) == 3
    assert [c.name for c in loaded.scorecards] == ["base"]
    assert [p.code for p in load(text("a", extends="a")).problems] == ["EXTENDS_CYCLE"]


def test_what_extends_a_broken_scorecard_cannot_be_used() -> None:
    broken = text("base", [check("repo.ci.runs_tests")], applies_to="nothing.here")
    loaded = load(text("ours", extends="base"), broken)
    assert codes(loaded) == [
        ("0.yaml", "EXTENDS_UNUSABLE", "/spec/extends"),
        ("1.yaml", "UNKNOWN_FACT", "/spec/applies_to"),
    ]


def test_removing_what_is_not_there_is_a_warning() -> None:
    loaded = load(BASE, text("ours", extends="base", remove=["readm"]))
    (problem,) = loaded.problems
    assert (problem.code, problem.severity.value, problem.pointer) == (
        "UNKNOWN_CHECK", "warning", "/spec/remove/0",
    )  # fmt: skip
    assert problem.hint == "Did you mean `readme`?"
    assert len(loaded.scorecards) == 2


def test_scorecards_of_elsewhere_can_be_extended() -> None:
    (base,) = load(BASE).scorecards
    cards, problems = load_scorecards(
        text("ours", extends="base"), file="s.yaml", schemas=SCHEMAS, known=[base]
    )
    assert problems == ()
    assert [c.name for c in cards] == ["ours"]


def test_the_first_scorecard_of_a_name_has_it_across_files() -> None:
    loaded = load(BASE, BASE)
    assert codes(loaded) == [("1.yaml", "SCORECARD_NAME_TAKEN", "/metadata/name")]
    assert "0.yaml" in loaded.problems[0].message
    assert len(loaded.scorecards) == 1
