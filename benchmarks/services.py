"""The services of the engine's benchmarks, with their facts, made from a seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from scorecards.facts import FactRecord, FactState, FailedFact, Known, Missing, Unknown

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

_FAILED = FailedFact(reason=Unknown.SOURCE_FAILED, detail="the repository could not be cloned")


@dataclass(frozen=True)
class Made:
    """An entity with its facts."""

    ref: str
    body: bytes
    records: tuple[FactRecord, ...]


def made(number: int, *, seed: int = 1) -> Made:
    """The entity of this number: always the same."""
    chance = random.Random(f"{seed}/{number}")
    name = f"service-{number:06}"
    kind = chance.choices(["Component", "API", "System"], [80, 15, 5])[0]
    return Made(
        ref=f"{kind.lower()}:default/{name}",
        body=_body(chance, kind, name),
        records=(_catalog(chance, kind, name), _repository(chance, kind, name)),
    )


def _body(chance: random.Random, kind: str, name: str) -> bytes:
    annotations = {
        "backstage.io/managed-by-location": f"url:https://git.example.com/{name}",
        f"{chance.choice(['github', 'gitlab'])}.com/project-slug": f"shop/{name}",
    }
    if chance.random() < 0.5:
        annotations["pagerduty.com/service-id"] = f"P{chance.randrange(10**6)}"
    spec = {
        "type": chance.choice(["service", "website", "library"]),
        "lifecycle": "production",
        "owner": f"group:default/team-{chance.randrange(300)}",
    }
    if chance.random() < 0.4:
        spec["tier"] = chance.choice(["1", "2", "3"])
    return orjson.dumps(
        {
            "metadata": {
                "name": name,
                "namespace": "default",
                "description": f"All about {name}",
                "annotations": annotations,
            },
            "apiVersion": "backstage.io/v1alpha1",
            "kind": kind,
            "spec": spec,
        }
    )


def _catalog(chance: random.Random, kind: str, name: str) -> FactRecord:
    some = chance.randrange
    tags = ("go", "java", "python", "web", "batch", "payments", "search", "core")
    operations = some(40)
    provided = some(3)
    values: dict[str, Any] = {
        "catalog.description": f"All about {name} and what it does for {some(10**4)} others.",
        "catalog.description_length": some(200),
        "catalog.description_is_placeholder": chance.random() < 0.1,
        "catalog.title": name.title(),
        "catalog.owner_ref": f"group:default/team-{some(300)}",
        "catalog.owner_kind": chance.choice(["group", "user"]),
        "catalog.owner_exists": chance.random() < 0.9,
        "catalog.owner_members": some(12),
        "catalog.owner_contact": f"#team-{some(300)}",
        "catalog.lifecycle": chance.choice(["production", "experimental", "deprecated"]),
        "catalog.type": "service",
        "catalog.system_ref": f"system:default/system-{some(2000)}",
        "catalog.system_exists": chance.random() < 0.8,
        "catalog.domain_ref": f"domain:default/domain-{some(50)}",
        "catalog.tags": tuple(chance.sample(tags, some(len(tags)))),
        "catalog.link_titles": tuple(
            chance.sample(["Dashboard", "Wiki", "Logs", "Board"], some(4))
        ),
        "catalog.link_count": some(4),
        "catalog.annotations": ("backstage.io/managed-by-location", "github.com/project-slug"),
        "catalog.techdocs_ref": chance.choice(["dir:.", ""]),
        "catalog.source_location": f"url:https://git.example.com/{name}",
        "catalog.provides_apis": (f"api:default/{name}",) if provided else (),
        "catalog.consumes_apis": tuple(
            f"api:default/service-{some(10**5)}" for _ in range(some(3))
        ),
        "catalog.depends_on": tuple(f"resource:default/db-{some(10**5)}" for _ in range(some(3))),
        "catalog.dangling_refs": () if chance.random() < 0.8 else (f"api:default/x-{some(99)}",),
        "api.provided": provided,
        "api.provided_existing": min(provided, some(3)),
        "api.provided_parsing": min(provided, some(3)),
        "api.definition_parses": chance.random() < 0.9,
        "api.definition_format": chance.choice(["openapi", "asyncapi", "graphql"]),
        "api.version": f"{some(4)}.{some(20)}.{some(20)}",
        "api.operations": operations,
        "api.operations_described": some(operations + 1),
    }
    return _record(chance, kind, name, "catalog", values, revision="", unread=0.0)


def _repository(chance: random.Random, kind: str, name: str) -> FactRecord:
    some = chance.randrange
    files = some(400)
    values: dict[str, Any] = {
        "repo.readme.path": chance.choice(["README.md", "readme.rst", "README.txt"]),
        "repo.readme.bytes": some(20_000),
        "repo.readme.headings": some(15),
        "repo.codeowners.path": ".github/CODEOWNERS",
        "repo.codeowners.valid": chance.random() < 0.7,
        "repo.codeowners.catch_all": chance.random() < 0.5,
        "repo.codeowners.owners": tuple(f"@shop/team-{some(300)}" for _ in range(some(3))),
        "repo.license.path": "LICENSE",
        "repo.license.spdx": chance.choice(["Apache-2.0", "MIT", "GPL-3.0-only", ""]),
        "repo.ci.systems": ("github-actions",) if chance.random() < 0.9 else (),
        "repo.ci.paths": (".github/workflows/ci.yaml",),
        "repo.ci.runs_tests": chance.random() < 0.8,
        "repo.ci.runs_linter": chance.random() < 0.6,
        "repo.tests.files": files,
        "repo.linter.configs": (".golangci.yaml",) if chance.random() < 0.5 else (),
        "repo.docs.mkdocs_valid": chance.random() < 0.4,
        "repo.docs.files": some(30),
        "repo.docs.adrs": some(8),
        "repo.docs.runbook": chance.choice(["docs/runbook.md", ""]),
        "repo.changelog.path": "CHANGELOG.md",
        "repo.contributing.path": "CONTRIBUTING.md",
        "repo.updates.tools": ("renovate",) if chance.random() < 0.7 else (),
        "repo.lockfiles": ("go.sum",),
        "repo.manifests_unlocked": () if chance.random() < 0.8 else ("package.json",),
        "repo.security_policy.path": "SECURITY.md",
        "repo.dockerfile.path": "Dockerfile",
        "repo.dockerfile.non_root": chance.random() < 0.6,
        "repo.dockerfile.pinned_base": chance.random() < 0.3,
        "repo.api_definitions": ("openapi.yaml",) if chance.random() < 0.5 else (),
        "repo.commit.id": f"{chance.getrandbits(160):040x}",
        "repo.commit.at": NOW - timedelta(seconds=some(2 * 365 * 86_400)),
        "repo.actions.unpinned": ("actions/checkout@v4",) if chance.random() < 0.5 else (),
        "repo.actions.used": some(9),
        "repo.workflows.unrestricted": () if chance.random() < 0.6 else ("ci.yaml",),
    }
    return _record(
        chance, kind, name, "repo", values, revision=values["repo.commit.id"], unread=0.08
    )


def _record(
    chance: random.Random,
    kind: str,
    name: str,
    collector: str,
    values: Mapping[str, Any],
    *,
    revision: str,
    unread: float,
) -> FactRecord:
    """The values as facts: one in ten is missing, and some repositories cannot be read."""
    facts: dict[str, FactState] = {
        fact: Missing(looked_for=fact) if chance.random() < 0.1 else Known(value=value)
        for fact, value in values.items()
    }
    if chance.random() < unread:
        facts = dict.fromkeys(values, _FAILED)
    return FactRecord(
        ref=f"{kind.lower()}:default/{name}",
        collector=collector,
        version="1",
        url=f"https://git.example.com/{name}",
        revision=revision,
        observed_at=NOW - timedelta(hours=1),
        valid_until=NOW - timedelta(days=1) if chance.random() < unread / 4 else None,
        facts=facts,
    )
