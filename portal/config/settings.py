"""The settings of a portal: one record, read once at the start and handed on.

Only what this version serves is here. How the record is made from files, environment and command
line is `portal.config.loading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from catalog.descriptor.rules import AllowRule
from catalog.problems import Problem
from plugins.contract import (
    ForgeFacts,
    ForgeProvider,
    LinkFacts,
    MailChannel,
    PeopleProvider,
    ReadingRule,
    WebhookChannel,
)
from portal.config.access import Issuer, StaticToken
from portal.config.hooking import Hook
from portal.config.integrations import Integration
from portal.config.repositories import ScorecardRepository
from portal.config.schedules import Schedule
from portal.config.sharing import Sharing
from portal.config.views import View
from scorecards.collection.feeding import SwitchedOn
from scorecards.collection.pushed import Declared
from scorecards.collection.recipes import Recipe
from scorecards.people.exemptions import Policy
from scorecards.people.notices import Timing


class Auth(StrEnum):
    """Who may ask."""

    OPEN = "open"
    """Everyone who can reach the portal: on loopback only, with Host and Origin checked."""
    REQUIRED = "required"
    """Machines with a token, people who signed in by a one-time link."""


class ConfiguredSource(NamedTuple):
    """A location that the operator named."""

    type: str
    """`file` or `url`."""
    target: str
    """Absolute path, or URL."""
    origin: str
    """`command` or `config`: what named it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set."""

    database: str = field(repr=False)
    """SQLAlchemy URL; it may hold a password."""
    data_dir: Path
    """Where the portal keeps its own files; made with mode 0700 by whoever first writes there."""
    host: str = "127.0.0.1"
    """Address to bind to."""
    port: int = 7007
    sources: tuple[ConfiguredSource, ...] = ()
    sample: bool = False
    """Serve the sample organization: neither a source nor a config was given."""
    base_url: str = ""
    """Where people and clients reach the portal, without trailing slash; '': where it listens."""
    base_path: str = ""
    """Path of `base_url`: '' or `/portal`."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names besides the loopback ones that requests may name while everyone may ask."""
    auth: Auth = Auth.OPEN
    tokens: tuple[StaticToken, ...] = ()
    access: tuple[Issuer, ...] = ()
    """Whose signed tokens are taken."""
    sharing: Sharing | None = None
    """Which other sites' pages may ask the APIs; None: no other's."""
    rules: tuple[AllowRule, ...] | None = None
    """Which kinds may come from where; None: every built-in kind (`--source`)."""
    orphan_strategy: str = "delete"
    """`delete` or `keep`: what becomes of entities whose location was unregistered."""
    readonly: bool = False
    """Whether locations may not be registered, changed or let go through the API."""
    default_conflict: str = "reject"
    """`reject` or `refresh`: what registering a location again does."""
    reading: tuple[ReadingRule, ...] = ()
    """Hosts that plain URLs may be read from."""
    integrations: tuple[Integration, ...] = ()
    """Forges and stores with their credentials, in the order of the config within each type."""
    providers: tuple[ForgeProvider, ...] = ()
    """What finds repositories on forges; the target of each is among the sources."""
    people: tuple[PeopleProvider, ...] = ()
    """Whose users and groups are read from forges; the target of each is among the sources."""
    kinds: tuple[Path, ...] = ()
    """JSON Schema files of kinds besides the built-in ones."""
    same_repository_placeholders: bool = True
    """Whether placeholders may name only what is in the repository of their descriptor."""
    codeowners: bool = False
    """Whether the owner of an entity that names none is inferred from CODEOWNERS."""
    scorecards: tuple[Path, ...] = ()
    """Scorecard files besides the built-in ones: files, or folders of `*.yaml`."""
    scorecard_repositories: tuple[ScorecardRepository, ...] = ()
    """Repositories whose scorecards are in force, after those of files."""
    packs: tuple[SwitchedOn, ...] = ()
    """Packs of scorecards that are on."""
    plugins_disabled: tuple[str, ...] = ()
    """Names of plugins that are not loaded."""
    removal_grace: timedelta = timedelta(hours=24)
    """How long a file must be missing from complete listings before its entities go."""
    tombstones_keep: timedelta = timedelta(days=30)
    """How long what was removed can be brought back."""
    history_keep: timedelta = timedelta(days=365)
    """How long former versions of entities are kept."""
    pushed_facts: tuple[Declared, ...] = ()
    """Facts that no collector observes and that may be pushed."""
    recipes: tuple[Recipe, ...] = ()
    """How facts are fetched from other systems."""
    forge_facts: ForgeFacts = field(default_factory=ForgeFacts)
    """What forges are asked beside their repositories."""
    link_facts: LinkFacts = field(default_factory=LinkFacts)
    """Of which links it is asked whether they answer."""
    processing_interval: timedelta | None = timedelta(hours=1)
    """Time between two sweeps over every location; None: there are none."""
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    """By target, when locations are read that no sweep reads."""
    tech_insights_unknown: str = "fail"
    """`fail` or `omit`: what Tech Insights' clients are told of a check that is not known."""
    exemptions: Policy = field(default_factory=lambda: Policy(self_approval=True))
    """Who may exempt what. While everyone may ask nobody is told apart, and so may approve."""
    notices: Timing | None = None
    """When teams are told of what; None: they are told of nothing."""
    channels: tuple[WebhookChannel | MailChannel, ...] = ()
    """Where they are told."""
    hooks: tuple[Hook, ...] = ()
    """Webhooks that are received."""
    views: tuple[View, ...] = ()
    """Queries of the catalog page that everybody is offered, in order."""
    public_badges: bool = False
    """Whether badges are shown to everybody, with sign-in or without."""
    answer_cache_bytes: int = 32 * 1024 * 1024
    """Memory of each web process for answers of the catalog API; 0: none is kept."""
    warnings: tuple[Problem, ...] = ()
    """What was said in the config and is not heeded; the start goes on."""

    @property
    def url(self) -> str:
        """Where the portal is reached: `base_url`, or the address it listens at."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.base_url or f"http://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this host can reach the portal."""
        return is_loopback(self.host)

    @property
    def is_https(self) -> bool:
        """Whether people reach the portal over TLS: cookies are marked Secure then."""
        return self.base_url.startswith("https://")


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address without port, is this host and nothing else."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
