"""Rules on allowed kinds, as `catalog.rules` of Backstage."""

from __future__ import annotations

from catalog.descriptor.rules import DEFAULT_RULES, AllowedKind, AllowRule, is_allowed


def allowed(
    *rules: AllowRule, kind: str = "Group", spec_type: str | None = None, origin: str = "url:x"
) -> bool:
    return is_allowed(rules, kind=kind, spec_type=spec_type, origin=origin)


def test_components_apis_and_locations_are_allowed_by_default() -> None:
    assert all(allowed(*DEFAULT_RULES, kind=kind) for kind in ("component", "API", "Location"))
    assert not any(allowed(*DEFAULT_RULES, kind=kind) for kind in ("Group", "User", "Template"))


def test_no_rules_allow_nothing() -> None:
    assert not allowed(kind="Component")


def test_spec_type_restricts_without_regard_to_case() -> None:
    rule = AllowRule(kinds=(AllowedKind(kind="Resource", spec_type="database"),))
    assert allowed(rule, kind="resource", spec_type="Database")
    assert not allowed(rule, kind="Resource", spec_type="bucket")
    assert not allowed(rule, kind="Resource", spec_type=None)


def test_rule_holds_for_its_locations_only() -> None:
    groups = (AllowedKind(kind="Group"),)
    exact = AllowRule(kinds=groups, locations=(("url", "exact", "https://example.com/a"),))
    assert allowed(exact, origin="url:https://example.com/a")
    assert not allowed(exact, origin="file:https://example.com/a")
    pattern = "https://github.com/acme/*/blob/main/**"
    rule = AllowRule(kinds=groups, locations=(("url", "pattern", pattern),))
    assert allowed(rule, origin="url:https://github.com/Acme/org/blob/main/.x/org.yaml")
    assert not allowed(rule, origin="url:https://github.com/acme/a/b/blob/main/org.yaml")


def test_any_rule_that_fits_is_enough() -> None:
    here = AllowRule(kinds=(AllowedKind(kind="Group"),), locations=(("file", "exact", "/org"),))
    assert allowed(*DEFAULT_RULES, here, origin="file:/org")
    assert not allowed(*DEFAULT_RULES, here, origin="file:/other")
