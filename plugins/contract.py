"""The whole contract between Plumbline and its plugins: import this module and nothing else.

A plugin is a module-level function in the entry-point group `plumbline.plugins` that takes a
`Context` and returns a `Plugin`: a frozen manifest of what it adds. Built-in plugins come through
the same door.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from catalog.problems import JsonValue, Problem, Severity
from catalog.sources import (
    Blob,
    Complete,
    Failed,
    Listing,
    Partial,
    Repository,
    Snapshot,
    Source,
    TreeFile,
    Unreadable,
)
from scorecards.collectors import Collector, RepositoryView, Subject
from scorecards.facts import (
    FactRecord,
    FactSchema,
    FactState,
    FactType,
    FactValue,
    FailedFact,
    Known,
    Missing,
    Unknown,
)

__all__ = [
    "Blob",
    "Collector",
    "Complete",
    "Context",
    "FactRecord",
    "FactSchema",
    "FactState",
    "FactType",
    "FactValue",
    "Failed",
    "FailedFact",
    "JsonValue",
    "Known",
    "Listing",
    "Missing",
    "Partial",
    "Plugin",
    "PluginFactory",
    "Problem",
    "ReadingRule",
    "Repository",
    "RepositoryView",
    "Severity",
    "Snapshot",
    "Source",
    "Subject",
    "TreeFile",
    "Unknown",
    "Unreadable",
]


@dataclass(frozen=True, kw_only=True)
class ReadingRule:
    """A host that plain URLs may be read from (Backstage's `backend.reading.allow`)."""

    host: str
    """`example.com`, `*.example.com`, with a port or a range of ports: `host:8080-8090`.

    Without one the URL must name none either.
    """
    paths: tuple[str, ...] = ()
    """Paths that may be read, each with all that is below it; empty: every path."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a plugin is given when it is loaded."""

    cache: Path
    """A folder of the plugin's own, kept between runs and safe to delete; made when first used."""
    working_tree: bool = False
    """Read working trees instead of HEAD: what `portal check` and `portal validate` want."""
    reading: tuple[ReadingRule, ...] = ()
    """Hosts that may be read over HTTP."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """What a plugin adds."""

    name: str
    """Identifier: lower case letters, digits and `-`."""
    version: str
    summary: str
    """One sentence for the list of plugins."""
    sources: tuple[Source, ...] = ()
    collectors: tuple[Collector, ...] = ()
    scorecards: tuple[tuple[str, str], ...] = ()
    """Scorecard documents: a name to show for the file, and its YAML text."""


PluginFactory: TypeAlias = Callable[[Context], Plugin]
