"""The whole contract between Plumbline and its plugins: import this module and nothing else.

A plugin is a module-level function in the entry-point group `plumbline.plugins` that takes a
`Context` and returns a `Plugin`: a frozen manifest of what it adds. Built-in plugins come through
the same door.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias

from catalog.documentation import Outline, PageFile
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
from plugins.budgets import ALONE, Budgets
from plugins.settings import (
    DEFAULT_ID,
    Forge,
    ForgeApp,
    ForgeFacts,
    ForgeProvider,
    GiteaPeople,
    GiteaProvider,
    GitHubPeople,
    GitHubProvider,
    GitLabPeople,
    GitLabProvider,
    LinkFacts,
    MailChannel,
    PeopleProvider,
    ReadingRule,
    WebhookChannel,
)
from scorecards.collection.collectors import (
    Collector,
    Observation,
    Observed,
    Paused,
    RemoteCollector,
    RemoteSubject,
    RepositoryView,
    Sees,
    Subject,
)
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
from scorecards.people.notices import Message

__all__ = [
    "DEFAULT_ID",
    "Blob",
    "Budgets",
    "Collector",
    "Complete",
    "Context",
    "Delivered",
    "Documenter",
    "FactRecord",
    "FactSchema",
    "FactState",
    "FactType",
    "FactValue",
    "Failed",
    "FailedFact",
    "Forge",
    "ForgeApp",
    "ForgeFacts",
    "ForgeProvider",
    "GitHubPeople",
    "GitHubProvider",
    "GitLabPeople",
    "GitLabProvider",
    "GiteaPeople",
    "GiteaProvider",
    "JsonValue",
    "Known",
    "LinkFacts",
    "Listing",
    "MailChannel",
    "Message",
    "Missing",
    "NotDelivered",
    "Notifier",
    "Observation",
    "Observed",
    "Outline",
    "PageFile",
    "Partial",
    "Paused",
    "PeopleProvider",
    "Plugin",
    "PluginFactory",
    "Problem",
    "ReadingRule",
    "RemoteCollector",
    "RemoteSubject",
    "Repository",
    "RepositoryView",
    "Sees",
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


class Documenter(Protocol):
    """Knows which files of a repository are the documentation of an entity, as Markdown."""

    name: str
    """Identifier, lower case."""
    version: str
    """Raised whenever the same files may give other outlines."""

    def outlines(
        self, subjects: Sequence[Subject], repository: RepositoryView
    ) -> Iterable[tuple[str, Outline]]:
        """The canonical ref of each subject with its pages, which the portal reads.

        What is the same object for several subjects is read once for all of them.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a plugin is given when it is loaded."""

    cache: Path
    """A folder of the plugin's own, kept between runs and safe to delete; made when first used."""
    working_tree: bool = False
    """Read working trees instead of HEAD, and take what is read for a part of a catalog: what `portal
    check` wants of a checkout that stands alone."""
    reading: tuple[ReadingRule, ...] = ()
    """Hosts that may be read over HTTP."""
    channels: tuple[WebhookChannel | MailChannel, ...] = ()
    """Where notices are sent to."""
    forges: tuple[Forge, ...] = ()
    """Hosts of repositories, each once."""
    providers: tuple[ForgeProvider, ...] = ()
    """What is to be found on them."""
    people: tuple[PeopleProvider, ...] = ()
    """Whose users and groups are read from them."""
    forge_facts: ForgeFacts = field(default_factory=ForgeFacts)
    """What else is to be learned from them."""
    budgets: Budgets = ALONE
    """What systems let all processes of the portal ask together."""
    link_facts: LinkFacts = field(default_factory=LinkFacts)
    """Which links are asked."""


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
    remote_collectors: tuple[RemoteCollector, ...] = ()
    scorecards: tuple[tuple[str, str], ...] = ()
    """Scorecard documents: a name to show for the file, and its YAML text."""
    notifiers: tuple[Notifier, ...] = ()
    documenters: tuple[Documenter, ...] = ()

    @property
    def observers(self) -> tuple[str, ...]:
        """Names of its collectors, of both kinds."""
        return tuple(one.name for one in self._both)

    @property
    def schemas(self) -> tuple[FactSchema, ...]:
        """Of the facts of its collectors, of both kinds."""
        return tuple(schema for one in self._both for schema in one.schemas)

    @property
    def _both(self) -> tuple[Collector | RemoteCollector, ...]:
        return (*self.collectors, *self.remote_collectors)


PluginFactory: TypeAlias = Callable[[Context], Plugin]
