"""The whole contract between Plumbline and its plugins: import this module and nothing else.

A plugin is a module-level function in the entry-point group `plumbline.plugins` that takes a
`Context` and returns a `Plugin`: a frozen manifest of what it adds. Built-in plugins come through
the same door.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias

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
from scorecards.notices import Message

__all__ = [
    "Blob",
    "Collector",
    "Complete",
    "Context",
    "Delivered",
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
    "MailChannel",
    "Message",
    "Missing",
    "NotDelivered",
    "Notifier",
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
    "WebhookChannel",
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
class WebhookChannel:
    """A URL that notices are posted to, signed after Standard Webhooks."""

    name: str
    url: str = field(repr=False)  # many hold a secret
    secrets: tuple[str, ...] = field(repr=False)
    """`whsec_...`; each message is signed with all: with two, one can be replaced by the other."""
    internal: bool = False
    """Whether the host may have a private address."""


@dataclass(frozen=True, kw_only=True)
class MailChannel:
    """An SMTP server."""

    name: str
    host: str
    port: int
    security: str
    """`starttls`, `tls` or `none`."""
    sender: str
    to: tuple[str, ...] = ()
    """Who gets every message."""
    teams: bool = True
    """Whether the team's own address gets its messages."""
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """The message was taken."""


@dataclass(frozen=True, kw_only=True)
class NotDelivered:
    """The message was not taken, or nobody knows."""

    problem: Problem
    final: bool
    """Trying again would be in vain."""


class Notifier(Protocol):
    """Takes messages to people. It may be asked to deliver a message again that it delivered."""

    name: str
    """Of the channel, unique among all."""

    def send(self, message: Message, *, now: datetime) -> Delivered | NotDelivered:
        """Deliver one message within a minute. Raises nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a plugin is given when it is loaded."""

    cache: Path
    """A folder of the plugin's own, kept between runs and safe to delete; made when first used."""
    working_tree: bool = False
    """Read working trees instead of HEAD: what `portal check` and `portal validate` want."""
    reading: tuple[ReadingRule, ...] = ()
    """Hosts that may be read over HTTP."""
    channels: tuple[WebhookChannel | MailChannel, ...] = ()
    """Where notices are sent to."""


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
    notifiers: tuple[Notifier, ...] = ()


PluginFactory: TypeAlias = Callable[[Context], Plugin]
