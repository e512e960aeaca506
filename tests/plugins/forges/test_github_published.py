"""What GitHub publishes of its interfaces: what we ask is in it, and so is what our forge answers with."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import orjson
import pytest
import requests
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_leaf_type,
    parse,
    validate,
)

from plugins.forges import github
from plugins.forges.facts import github_query
from plugins.forges.people import github as people
from tests.forge.github import SCHEMA
from tests.forge.running import RunningForge

ENTERPRISE = {("User", "suspendedAt")}
"""Fields that GitHub Enterprise Server alone has; they are asked for where a provider leaves people out."""


def from_npm(package: str, file: str, folder: Path) -> Path:
    """A file of a package of npm; skips where it cannot be had."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", package]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"npm could not install {package}: {done.stderr[-300:]}")
    return folder / "node_modules" / package.rpartition("@")[0] / file


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> GraphQLSchema:
    folder = tmp_path_factory.mktemp("published")
    found = from_npm("@octokit/graphql-schema@15.26.1", "schema.graphql", folder)
    return build_schema(found.read_text(), assume_valid=True)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The OpenAPI description of the REST interface."""
    folder = tmp_path_factory.mktemp("described")
    name = "generated/api.github.com.json"
    return orjson.loads(from_npm("@octokit/openapi@23.0.2", name, folder).read_bytes())


def queries(module: ModuleType) -> Iterator[str]:
    for value in vars(module).values():
        if isinstance(value, str) and value.lstrip().startswith("query "):
            yield value.replace("SUSPENDED", "")


def test_every_query_is_one_that_github_understands(published: GraphQLSchema) -> None:
    asked = [text for module in (github, github_query, people) for text in queries(module)]
    assert len(asked) >= 7
    for text in asked:
        assert validate(published, parse(text)) == [], text


def test_our_forge_answers_with_what_github_has(published: GraphQLSchema) -> None:
    compared = 0
    for name, ours in SCHEMA.type_map.items():
        if not isinstance(ours, GraphQLObjectType | GraphQLInterfaceType) or name[:2] == "__":
            continue
        theirs = published.type_map[name]
        assert isinstance(theirs, GraphQLObjectType | GraphQLInterfaceType), name
        for field, made in ours.fields.items():
            if (name, field) in ENTERPRISE:
                continue
            real = theirs.fields[field]
            assert made.args.keys() <= real.args.keys(), (name, field)
            one, other = get_named_type(made.type), get_named_type(real.type)
            # Times, addresses and hashes are strings on the wire.
            assert (is_leaf_type(one) and is_leaf_type(other)) or one.name == other.name, (
                name,
                field,
            )
            assert ("[" in str(made.type)) == ("[" in str(real.type)), (name, field)
            compared += 1
    assert compared > 50


KNOWN: dict[str, Any] = {
    "rules": [
        {"type": "non_fast_forward"},
        {"type": "pull_request", "parameters": {"required_approving_review_count": 1}},
        {
            "type": "required_status_checks",
            "parameters": {"required_status_checks": [{"context": "test"}]},
        },
    ],
    "runs": [
        {"id": 1, "commit": "c1", "began": "2026-03-01T10:00:00Z", "ended": "2026-03-01T10:05:00Z"},
        {
            "id": 2,
            "commit": "c2",
            "began": "2026-03-01T11:00:00Z",
            "ended": "2026-03-01T11:05:00Z",
            "before": "failure",
        },
    ],
    "protection": {
        "required_status_checks": {"contexts": ["test"]},
        "required_pull_request_reviews": {"required_approving_review_count": 1},
        "allow_force_pushes": {"enabled": False},
    },
    "secrets": 2,
    "analyzed": "2026-03-01T10:00:00Z",
    "vulnerabilities": [
        {
            "package": "lodash",
            "versions": "< 4.17.21",
            "severity": "high",
            "since": "2026-03-01T10:00:00Z",
            "fixed": "4.17.21",
        },
        {
            "package": "pad",
            "versions": "< 2",
            "severity": "critical",
            "since": "2026-03-01T10:00:00Z",
        },
    ],
}
"""What our forge is told of a repository."""

ROUTES = {
    "/actions/runs": "/actions/runs",
    "/actions/runs/2/attempts/1": "/actions/runs/{run_id}/attempts/{attempt_number}",
    "/rules/branches/main": "/rules/branches/{branch}",
    "/branches/main": "/branches/{branch}",
    "/branches/main/protection": "/branches/{branch}/protection",
    "/secret-scanning/alerts": "/secret-scanning/alerts",
    "/dependabot/alerts": "/dependabot/alerts",
    "/code-scanning/analyses": "/code-scanning/analyses",
    "/git/trees/main": "/git/trees/{tree_sha}",
}
"""What is asked below a repository, and as what it is described."""


def no_more_than(schema: Any, *, closed: bool = True) -> Any:
    """The JSON Schema for answers that may leave fields out, and have none that is not described."""
    if isinstance(schema, list):
        return [no_more_than(one, closed=closed) for one in schema]
    if not isinstance(schema, dict):
        return schema
    left = {"required", "discriminator", "example", "examples", "format", "nullable", "minItems"}
    made = {
        "anyOf" if key == "oneOf" else key: (
            {name: no_more_than(one) for name, one in value.items()}
            if key == "properties"
            else no_more_than(value, closed=closed and key != "allOf")
        )
        for key, value in schema.items()
        if key not in left
    }
    if "properties" in made and closed and "allOf" not in made:
        made.setdefault("additionalProperties", False)
    return {"anyOf": [{"type": "null"}, made]} if schema.get("nullable") is True else made


def parts_of_others(schema: Any) -> Iterator[str]:
    """The names of schemas that describe a part of an object only."""
    for one in schema if isinstance(schema, list) else schema.values():
        if isinstance(one, dict | list):
            yield from parts_of_others(one)
    if isinstance(schema, dict):
        for part in schema.get("allOf", []):
            yield str(part.get("$ref", "")).rpartition("/")[2]


@pytest.mark.slow
@pytest.mark.parametrize("route", ROUTES)
def test_our_forge_answers_as_github_is_described(
    described: Any, forge: RunningForge, route: str
) -> None:
    forge.reset()
    forge.create("acme/shop", {"catalog-info.yaml": "kind: Component", "docs/index.md": "# Shop"})
    forge.know("acme/shop", **KNOWN)
    answer = requests.get(
        f"{forge.url}/api/v3/repos/acme/shop{route}",
        headers={"Authorization": "Bearer good"},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    operation = described["paths"][f"/repos/{{owner}}/{{repo}}{ROUTES[route]}"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    schemas = described["components"]["schemas"]
    parts = set(parts_of_others(schemas))
    components = {
        "schemas": {
            name: no_more_than(one, closed=name not in parts) for name, one in schemas.items()
        }
    }
    validator = jsonschema_rs.Draft202012Validator(
        {**no_more_than(schema), "components": components}
    )
    assert [str(error)[:300] for error in validator.iter_errors(answer.json())] == []
    assert answer.json(), "it says something"
