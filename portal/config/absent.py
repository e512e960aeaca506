"""What a configuration says in vain: values for want of a variable, and kinds that there are not."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from catalog.kinds.registry import builtin_kinds
from catalog.problems import Problem, Severity, quote
from portal.config.merging import Merged

_HEEDED = ("/integrations/github/", "/integrations/gitlab/", "/integrations/gitea/", "/plumbline/")
"""Where a value that is absent is missed later, and far from here: as requests that a forge refuses.
Backstage's own files name variables for many things that are not ours."""


def absent(merged: Merged) -> list[Problem]:
    """A warning for each value that its variable leaves out, and each kind that no entity has."""
    return [*_values(merged), *_kinds(merged)]


def _values(merged: Merged) -> Iterator[Problem]:
    for file in merged.files:
        for pointer, variable in file.unset.items():
            if pointer.startswith(_HEEDED) and merged.writer(pointer) is file:
                dotted = pointer.removeprefix("/").replace("/", ".")
                yield merged.problem(
                    pointer,
                    "CONFIG_KEY_MISSING",
                    f"{dotted} is left out",
                    hint=f"The environment variable {variable} is not set.",
                    severity=Severity.WARNING,
                )


def _kinds(merged: Merged) -> Iterator[Problem]:
    """Of `catalog.rules`; not where files define kinds, which are read later."""
    plumbline, catalog = (_mapping(merged.data.get(name)) for name in ("plumbline", "catalog"))
    if plumbline.get("kinds"):
        return
    known = {kind.lower(): kind for kind in builtin_kinds().by_name}
    rules = catalog.get("rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        allowed = _mapping(rule).get("allow")
        for place, one in enumerate(allowed if isinstance(allowed, list) else ()):
            kind = _mapping(one).get("kind") if isinstance(one, dict) else one
            if isinstance(kind, str) and kind.lower() not in known:
                close = get_close_matches(kind.lower(), known, n=1)
                yield merged.problem(
                    f"/catalog/rules/{number}/allow/{place}",
                    "CONFIG_VALUE",
                    f"catalog.rules allows a kind that there is not: {quote(kind)}",
                    hint=f"Did you mean {known[close[0]]}?"
                    if close
                    else "Kinds of your own are defined in files under plumbline.kinds.",
                    severity=Severity.WARNING,
                )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
