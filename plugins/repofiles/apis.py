"""Descriptions of APIs among the files, told by their names."""

from __future__ import annotations

import re

from plugins.repofiles.states import Facts, list_or_missing
from plugins.repofiles.tree import Tree, name_of

_DEFINITION = re.compile(
    r"(?:.+[._-])?(?:openapi|swagger|asyncapi)(?:[._-].+)?\.(?:ya?ml|json)"
    r"|.+\.(?:graphqls?|gql|proto|avdl|wsdl|raml|smithy|tsp)",
    re.IGNORECASE,
)


def facts(tree: Tree, directory: str) -> Facts:
    """`repo.api_definitions`."""
    return {
        "repo.api_definitions": list_or_missing(
            tree.matching(directory, _is_definition),
            "openapi.yaml, swagger.json, asyncapi.yaml, *.graphql, *.proto",
        )
    }


def _is_definition(path: str) -> bool:
    return _DEFINITION.fullmatch(name_of(path)) is not None
