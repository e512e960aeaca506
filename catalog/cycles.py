"""Cycles in a graph: groups of nodes that all lead to each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

Edge = tuple[str, str]
"""From, to."""


def cycles(edges: Iterable[Edge]) -> tuple[tuple[str, ...], ...]:
    """Every group of nodes that lead to each other, and nodes that lead to themselves; sorted.

    The strongly connected components of more than one node (Tarjan 1972), without recursion.
    """
    targets: dict[str, list[str]] = defaultdict(list)
    for source, target in sorted(set(edges)):
        targets[source].append(target)
    found = [
        tuple(sorted(group))
        for group in _components(targets)
        if len(group) > 1 or group[0] in targets.get(group[0], ())
    ]
    return tuple(sorted(found))


def _components(targets: dict[str, list[str]]) -> list[list[str]]:
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    waiting: dict[str, None] = {}  # a stack whose members are known
    found: list[list[str]] = []
    for root in list(targets):
        if root in index:
            continue
        walk = [(root, iter(targets[root]))]
        index[root] = low[root] = len(index)
        waiting[root] = None
        while walk:
            node, rest = walk[-1]
            for target in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    waiting[target] = None
                    walk.append((target, iter(targets.get(target, ()))))
                    break
                if target in waiting:
                    low[node] = min(low[node], index[target])
            else:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[node])
                if low[node] == index[node]:
                    found.append(_taken(waiting, node))
    return found


def _taken(waiting: dict[str, None], node: str) -> list[str]:
    """Take everything off the stack down to `node`."""
    group: list[str] = []
    while not group or group[-1] != node:
        group.append(waiting.popitem()[0])
    return group
