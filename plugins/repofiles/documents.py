"""YAML of repositories, read within the catalog's limits: a value, or why there is none."""

from __future__ import annotations

from catalog.parsing.documents import Empty, Malformed, parse
from plugins.contract import FailedFact, JsonValue, Problem
from plugins.repofiles.tree import Tree


def read_yaml(tree: Tree, path: str) -> list[JsonValue] | Problem | FailedFact:
    """What the documents of a YAML file hold, or the problem of the first that cannot be read.

    `FailedFact`: the file itself cannot be read.
    """
    content = tree.read(path)
    if isinstance(content, FailedFact):
        return content
    parsed = parse(content, file=path)
    values: list[JsonValue] = []
    if parsed.problems:
        return parsed.problems[0]
    for document in parsed.documents:
        match document.state:
            case Malformed(problems=problems):
                return problems[0]
            case Empty():
                continue
            case state:
                values.append(state.data)
    return values
