"""The checks of the engine's benchmarks: fifty of them over the facts of the built-in collectors.

Beside the expression of each leaf stands the same in Python, written by hand, so that a benchmark
can look at its answers: an engine cannot be fast by being wrong. Entities are made from a seed.
"""

# ruff: noqa: ARG005 - every leaf takes the same arguments
from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from plugins.descriptor.schemas import SCHEMAS as CATALOG_FACTS
from plugins.repofiles.schemas import SCHEMAS as REPOSITORY_FACTS
from scorecards.facts import FactRecord, FactState, FailedFact, Known, Missing, Unknown
from scorecards.loading import load_scorecards
from scorecards.scorecard import Scorecard

SCHEMAS = {schema.name: schema for schema in (*CATALOG_FACTS, *REPOSITORY_FACTS)}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEVELS = ["Initial", "Managed", "Defined", "Optimizing"]

Facts = Mapping[str, Any]
Says = Callable[[Facts, Any, datetime], bool]


class Absent(Exception):
    """The entity has no such key."""


def field(entity: Any, *path: str) -> Any:
    """What the entity has at the path; raises `Absent`."""
    for key in path:
        if key not in entity:
            raise Absent
        entity = entity[key]
    return entity


@dataclass(frozen=True)
class L:
    """A leaf: an expression, and the same in Python."""

    cel: str
    says: Says


Tree = L | tuple[Any, ...]
"""A leaf; or `("all", ...)`, `("any", ...)`, `("not", x)`, `("least", n, ...)`."""


def _more(name: str, least: int) -> L:
    return L(f"{name} >= {least}", lambda f, e, now: f[name] >= least)


def _yes(name: str) -> L:
    return L(name, lambda f, e, now: f[name])


def _some(name: str) -> L:
    return L(f"size({name}) > 0", lambda f, e, now: len(f[name]) > 0)


def _none(name: str) -> L:
    return L(f"size({name}) == 0", lambda f, e, now: not f[name])


def _there(name: str) -> L:
    return L(f"{name} != ''", lambda f, e, now: f[name] != "")


def _young(days: int) -> L:
    return L(
        f"now - repo.commit.at < duration('{days * 24}h')",
        lambda f, e, now: now - f["repo.commit.at"] < timedelta(days=days),
    )


def _kind(*kinds: str) -> L:
    return L(f"entity.kind in {list(kinds)}", lambda f, e, now: field(e, "kind") in kinds)


def _annotated(key: str) -> L:
    return L(
        f"'{key}' in entity.metadata.annotations",
        lambda f, e, now: key in field(e, "metadata", "annotations"),
    )


SERVICE = L(
    "entity.spec.type == 'service'", lambda f, e, now: field(e, "spec", "type") == "service"
)
IN_PRODUCTION = L(
    "catalog.lifecycle == 'production'", lambda f, e, now: f["catalog.lifecycle"] == "production"
)
HAS_API = L("api.provided > 0", lambda f, e, now: f["api.provided"] > 0)


@dataclass(frozen=True)
class Asked:
    """A check: its level, its rule, and the condition under which it applies."""

    level: int
    rule: Tree
    condition: L | None = None


MATURITY: dict[str, Asked] = {
    "own.owner": Asked(1, _yes("catalog.owner_exists")),
    "own.members": Asked(1, _more("catalog.owner_members", 2)),
    "own.contact": Asked(1, _there("catalog.owner_contact")),
    "doc.described": Asked(
        1,
        (
            "all",
            _more("catalog.description_length", 40),
            ("not", _yes("catalog.description_is_placeholder")),
        ),
    ),
    "doc.readme": Asked(
        1, ("all", _more("repo.readme.bytes", 500), _more("repo.readme.headings", 3))
    ),
    "ci.runs": Asked(1, _some("repo.ci.systems")),
    "ci.tests": Asked(2, ("all", _yes("repo.ci.runs_tests"), _more("repo.tests.files", 1))),
    "ci.lints": Asked(2, ("any", _yes("repo.ci.runs_linter"), _some("repo.linter.configs"))),
    "own.codeowners": Asked(
        2, ("all", _yes("repo.codeowners.valid"), _yes("repo.codeowners.catch_all"))
    ),
    "doc.license": Asked(
        2,
        L(
            "repo.license.spdx in ['Apache-2.0', 'MIT', 'BSD-3-Clause']",
            lambda f, e, now: f["repo.license.spdx"] in ("Apache-2.0", "MIT", "BSD-3-Clause"),
        ),
    ),
    "own.system": Asked(2, _yes("catalog.system_exists")),
    "ref.none-dangling": Asked(2, _none("catalog.dangling_refs")),
    "dep.locked": Asked(2, ("all", _some("repo.lockfiles"), _none("repo.manifests_unlocked"))),
    "dep.updates": Asked(2, _some("repo.updates.tools")),
    "life.active": Asked(2, _young(180)),
    "doc.techdocs": Asked(
        3, ("all", _there("catalog.techdocs_ref"), _yes("repo.docs.mkdocs_valid"))
    ),
    "doc.decisions": Asked(3, _more("repo.docs.adrs", 3)),
    "doc.complete": Asked(
        3,
        (
            "least",
            3,
            _there("repo.changelog.path"),
            _there("repo.contributing.path"),
            _there("repo.docs.runbook"),
            _more("repo.docs.files", 3),
            _more("catalog.link_count", 2),
        ),
    ),
    "life.fresh": Asked(3, _young(30)),
    "own.title": Asked(3, _there("catalog.title")),
}

READINESS: dict[str, Asked] = {
    "run.runbook": Asked(1, _there("repo.docs.runbook"), IN_PRODUCTION),
    "run.alerts": Asked(1, _annotated("pagerduty.com/service-id"), IN_PRODUCTION),
    "run.container": Asked(1, _there("repo.dockerfile.path"), SERVICE),
    "run.non-root": Asked(2, _yes("repo.dockerfile.non_root"), SERVICE),
    "run.pinned-base": Asked(2, _yes("repo.dockerfile.pinned_base"), SERVICE),
    "sec.policy": Asked(2, _there("repo.security_policy.path")),
    "sec.actions": Asked(
        2,
        (
            "any",
            _none("repo.actions.unpinned"),
            L("repo.actions.used == 0", lambda f, e, now: f["repo.actions.used"] == 0),
        ),
    ),
    "sec.workflows": Asked(3, _none("repo.workflows.unrestricted")),
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
        ("all", _yes("repo.ci.runs_tests"), _yes("repo.ci.runs_linter"), _some("repo.ci.paths")),
    ),
    "own.everyone": Asked(3, _some("repo.codeowners.owners")),
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
        3, ("any", _some("catalog.depends_on"), _some("catalog.consumes_apis")), SERVICE
    ),
    "life.yearly": Asked(1, _young(365)),
    "doc.links": Asked(1, _more("catalog.link_count", 1)),
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
    "api.declared": Asked(
        1, ("any", _some("catalog.provides_apis"), _none("repo.api_definitions"))
    ),
    "api.format": Asked(
        3,
        L(
            "api.definition_format in ['openapi', 'asyncapi', 'grpc']",
            lambda f, e, now: f["api.definition_format"] in ("openapi", "asyncapi", "grpc"),
        ),
        HAS_API,
    ),
    "tag.some": Asked(1, _some("catalog.tags")),
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
            _annotated("github.com/project-slug"),
            _annotated("gitlab.com/project-slug"),
        ),
    ),
    "own.domain": Asked(3, _there("catalog.domain_ref")),
    "own.system": Asked(2, _there("catalog.system_ref"), _kind("Component", "API")),
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
                "applies_to": _kind("Component", "API").cel,
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


# --- The same in Python -------------------------------------------------------------------------


def expected(body: bytes, records: Sequence[FactRecord], now: datetime) -> dict[str, str]:
    """Letters of each scorecard, by its name, in the order of levels; found out one by one."""
    facts, entity = _values(records, now), orjson.loads(body)
    if entity["kind"] not in ("Component", "API"):
        return {}
    return {
        name: "".join(
            _letter(asked, facts, entity, now)
            for asked in sorted(checks.values(), key=lambda asked: asked.level)
        )
        for name, checks in CARDS.items()
    }


def _values(records: Sequence[FactRecord], now: datetime) -> Facts:
    values: dict[str, Any] = {}
    for record in records:
        if record.valid_until is not None and record.valid_until < now:
            continue
        for name, state in record.facts.items():
            if isinstance(state, Known):
                values[name] = state.value
            elif isinstance(state, Missing):
                values[name] = SCHEMAS[name].when_absent
    return values


def _letter(asked: Asked, facts: Facts, entity: Any, now: datetime) -> str:
    if asked.condition is not None:
        applies = _said(asked.condition, facts, entity, now)
        if applies != "p":
            return "n" if applies == "f" else applies
    return _said(asked.rule, facts, entity, now)


def _said(tree: Tree, facts: Facts, entity: Any, now: datetime) -> str:
    if isinstance(tree, L):
        try:
            return "p" if tree.says(facts, entity, now) else "f"
        except Absent:
            return "f"
        except KeyError:
            return "u"
    word, *parts = tree
    if word == "not":
        return {"p": "f", "f": "p"}.get(part := _said(parts[0], facts, entity, now), part)
    needed = {"all": len(parts), "any": 1}.get(word) or parts.pop(0)
    said = [_said(part, facts, entity, now) for part in parts]
    if said.count("p") >= needed:
        return "p"
    return "f" if len(said) - said.count("f") < needed else "u"


# --- Entities -----------------------------------------------------------------------------------

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
