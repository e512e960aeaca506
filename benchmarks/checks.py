"""The checks of the engine's benchmarks: fifty of them over the facts of the built-in collectors.

Beside the expression of each leaf stands the same in Python, written by hand, so that a benchmark
can look at its answers: an engine cannot be fast by being wrong. They are found out in `by_hand`.
"""

# ruff: noqa: ARG005 - every leaf takes the same arguments
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from leaves import (
    HAS_API,
    IN_PRODUCTION,
    SERVICE,
    L,
    Tree,
    annotated,
    field,
    more,
    none,
    of_kind,
    some,
    there,
    yes,
    young,
)

from plugins.descriptor.schemas import SCHEMAS as CATALOG_FACTS
from plugins.repofiles.schemas import SCHEMAS as REPOSITORY_FACTS
from scorecards.definitions.loading import load_scorecards
from scorecards.scorecard import Scorecard

SCHEMAS = {schema.name: schema for schema in (*CATALOG_FACTS, *REPOSITORY_FACTS)}
LEVELS = ["Initial", "Managed", "Defined", "Optimizing"]


@dataclass(frozen=True)
class Asked:
    """A check: its level, its rule, and the condition under which it applies."""

    level: int
    rule: Tree
    condition: L | None = None


MATURITY: dict[str, Asked] = {
    "own.owner": Asked(1, yes("catalog.owner_exists")),
    "own.members": Asked(1, more("catalog.owner_members", 2)),
    "own.contact": Asked(1, there("catalog.owner_contact")),
    "doc.described": Asked(
        1,
        (
            "all",
            more("catalog.description_length", 40),
            ("not", yes("catalog.description_is_placeholder")),
        ),
    ),
    "doc.readme": Asked(
        1, ("all", more("repo.readme.bytes", 500), more("repo.readme.headings", 3))
    ),
    "ci.runs": Asked(1, some("repo.ci.systems")),
    "ci.tests": Asked(2, ("all", yes("repo.ci.runs_tests"), more("repo.tests.files", 1))),
    "ci.lints": Asked(2, ("any", yes("repo.ci.runs_linter"), some("repo.linter.configs"))),
    "own.codeowners": Asked(
        2, ("all", yes("repo.codeowners.valid"), yes("repo.codeowners.catch_all"))
    ),
    "doc.license": Asked(
        2,
        L(
            "repo.license.spdx in ['Apache-2.0', 'MIT', 'BSD-3-Clause']",
            lambda f, e, now: f["repo.license.spdx"] in ("Apache-2.0", "MIT", "BSD-3-Clause"),
        ),
    ),
    "own.system": Asked(2, yes("catalog.system_exists")),
    "ref.none-dangling": Asked(2, none("catalog.dangling_refs")),
    "dep.locked": Asked(2, ("all", some("repo.lockfiles"), none("repo.manifests_unlocked"))),
    "dep.updates": Asked(2, some("repo.updates.tools")),
    "life.active": Asked(2, young(180)),
    "doc.techdocs": Asked(3, ("all", there("catalog.techdocs_ref"), yes("repo.docs.mkdocs_valid"))),
    "doc.decisions": Asked(3, more("repo.docs.adrs", 3)),
    "doc.complete": Asked(
        3,
        (
            "least",
            3,
            there("repo.changelog.path"),
            there("repo.contributing.path"),
            there("repo.docs.runbook"),
            more("repo.docs.files", 3),
            more("catalog.link_count", 2),
        ),
    ),
    "life.fresh": Asked(3, young(30)),
    "own.title": Asked(3, there("catalog.title")),
}

READINESS: dict[str, Asked] = {
    "run.runbook": Asked(1, there("repo.docs.runbook"), IN_PRODUCTION),
    "run.alerts": Asked(1, annotated("pagerduty.com/service-id"), IN_PRODUCTION),
    "run.container": Asked(1, there("repo.dockerfile.path"), SERVICE),
    "run.non-root": Asked(2, yes("repo.dockerfile.non_root"), SERVICE),
    "run.pinned-base": Asked(2, yes("repo.dockerfile.pinned_base"), SERVICE),
    "sec.policy": Asked(2, there("repo.security_policy.path")),
    "sec.actions": Asked(
        2,
        (
            "any",
            none("repo.actions.unpinned"),
            L("repo.actions.used == 0", lambda f, e, now: f["repo.actions.used"] == 0),
        ),
    ),
    "sec.workflows": Asked(3, none("repo.workflows.unrestricted")),
    "sec.tier": Asked(
        3,
        L(
            "entity.spec.tier in ['1', '2']",
            lambda f, e, now: field(e, "spec", "tier") in ("1", "2"),
        ),
        IN_PRODUCTION,
    ),
    "own.group": Asked(
        1, L("catalog.owner_kind == 'group'", lambda f, e, now: f["catalog.owner_kind"] == "group")
    ),
    "ci.two": Asked(
        3,
        ("all", yes("repo.ci.runs_tests"), yes("repo.ci.runs_linter"), some("repo.ci.paths")),
    ),
    "own.everyone": Asked(3, some("repo.codeowners.owners")),
    "src.location": Asked(
        1,
        L(
            "catalog.source_location.startsWith('url:https://')",
            lambda f, e, now: f["catalog.source_location"].startswith("url:https://"),
        ),
    ),
    "src.readme": Asked(
        2,
        L(
            "repo.readme.path.matches('(?i)^readme[.](md|rst)$')",
            lambda f, e, now: f["repo.readme.path"].lower() in ("readme.md", "readme.rst"),
        ),
    ),
    "dep.declared": Asked(
        3, ("any", some("catalog.depends_on"), some("catalog.consumes_apis")), SERVICE
    ),
    "life.yearly": Asked(1, young(365)),
    "doc.links": Asked(1, more("catalog.link_count", 1)),
    "doc.dashboard": Asked(
        2,
        L(
            "catalog.link_titles.exists(t, t.contains('Dashboard'))",
            lambda f, e, now: any("Dashboard" in t for t in f["catalog.link_titles"]),
        ),
        IN_PRODUCTION,
    ),
}

INTERFACES: dict[str, Asked] = {
    "api.known": Asked(
        1,
        L(
            "api.provided_existing == api.provided",
            lambda f, e, now: f["api.provided_existing"] == f["api.provided"],
        ),
        HAS_API,
    ),
    "api.parses": Asked(
        1,
        L(
            "api.provided_parsing == api.provided",
            lambda f, e, now: f["api.provided_parsing"] == f["api.provided"],
        ),
        HAS_API,
    ),
    "api.version": Asked(
        2,
        L(
            "api.version.matches('^v?[0-9]+[.][0-9]+[.][0-9]+')",
            lambda f, e, now: f["api.version"].lstrip("v")[:1].isdigit(),
        ),
        HAS_API,
    ),
    "api.described": Asked(
        2,
        L(
            "api.operations == 0 ? false : "
            "double(api.operations_described) / double(api.operations) >= 0.8",
            lambda f, e, now: (
                f["api.operations"] > 0
                and f["api.operations_described"] / f["api.operations"] >= 0.8
            ),
        ),
        HAS_API,
    ),
    "api.declared": Asked(1, ("any", some("catalog.provides_apis"), none("repo.api_definitions"))),
    "api.format": Asked(
        3,
        L(
            "api.definition_format in ['openapi', 'asyncapi', 'grpc']",
            lambda f, e, now: f["api.definition_format"] in ("openapi", "asyncapi", "grpc"),
        ),
        HAS_API,
    ),
    "tag.some": Asked(1, some("catalog.tags")),
    "tag.few": Asked(
        2, L("size(catalog.tags) <= 6", lambda f, e, now: len(f["catalog.tags"]) <= 6)
    ),
    "tag.language": Asked(
        3,
        L(
            "catalog.tags.exists(t, t in ['go', 'java', 'python'])",
            lambda f, e, now: any(t in ("go", "java", "python") for t in f["catalog.tags"]),
        ),
    ),
    "src.slug": Asked(
        1,
        (
            "any",
            annotated("github.com/project-slug"),
            annotated("gitlab.com/project-slug"),
        ),
    ),
    "own.domain": Asked(3, there("catalog.domain_ref")),
    "own.system": Asked(2, there("catalog.system_ref"), of_kind("Component", "API")),
}

CARDS = {"maturity": MATURITY, "readiness": READINESS, "interfaces": INTERFACES}


def scorecards() -> tuple[Scorecard, ...]:
    """The three scorecards, loaded as a file of them would be."""
    text = "\n---\n".join(_document(name, checks) for name, checks in CARDS.items())
    found, problems = load_scorecards(text, file="benchmark.yaml", schemas=SCHEMAS)
    if problems:
        raise SystemExit(f"the checks do not load: {problems[0]}")
    return found


def documents() -> dict[str, str]:
    """The same as files, by name."""
    return {f"{name}.yaml": _document(name, checks) for name, checks in CARDS.items()}


def count() -> int:
    """How many checks there are."""
    return sum(map(len, CARDS.values()))


def _document(name: str, checks: Mapping[str, Asked]) -> str:
    """JSON is YAML."""
    return orjson.dumps(
        {
            "apiVersion": "plumbline.dev/v1",
            "kind": "Scorecard",
            "metadata": {"name": name, "title": name},
            "spec": {
                "applies_to": of_kind("Component", "API").cel,
                "checks": [
                    {
                        "id": id_,
                        "title": id_,
                        "level": LEVELS[asked.level],
                        "rule": _written(asked.rule),
                        "why": "It is measured.",
                        "fix": "Nothing.",
                    }
                    | ({"applies_to": asked.condition.cel} if asked.condition else {})
                    for id_, asked in checks.items()
                ],
            },
        }
    ).decode()


def _written(tree: Tree) -> Any:
    match tree:
        case L(cel=cel):
            return cel
        case "not", part:
            return {"not": _written(part)}
        case "least", number, *parts:
            return {"at_least": {"count": number, "of": [_written(p) for p in parts]}}
        case word, *parts:
            return {word: [_written(p) for p in parts]}
    raise AssertionError(tree)
