"""GitHub's published GraphQL schema: what we ask is in it, and so is what our own forge answers with.

Only REST answers of that forge are not held to a description; these name fewer fields than GitHub's do.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
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

ENTERPRISE = {("User", "suspendedAt")}
"""Fields that GitHub Enterprise Server alone has; they are asked for where a provider leaves people out."""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> GraphQLSchema:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("published")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(
        [*command, "@octokit/graphql-schema@15.26.1"], cwd=folder, capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"npm could not install the schema: {done.stderr[-300:]}")
    found = Path(folder, "node_modules/@octokit/graphql-schema/schema.graphql")
    return build_schema(found.read_text(), assume_valid=True)


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
