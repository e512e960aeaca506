"""Settings: what the configuration says to plugins of forges, hosts and channels.

`plugins.contract` offers them; they are apart because they change with the configuration, and the
contract with what plugins may add.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, TypeAlias

DEFAULT_ID = "default"
"""Id of a provider that is configured without one."""


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
class ForgeApp:
    """A GitHub App that is installed for owners of repositories."""

    id: str
    private_key: str = field(repr=False)
    """In PEM."""
    owners: tuple[str, ...] = ()
    """Whose installations are used; empty: all."""


@dataclass(frozen=True, kw_only=True)
class Forge:
    """A host of repositories, and what opens it (Backstage's `integrations`)."""

    type: str
    """`github`, `gitlab` or `gitea`."""
    host: str
    """With its port, where URLs name one."""
    api_url: str
    """URL of its API, without trailing slash."""
    web_url: str
    """URL of its pages, below which every repository has its own, without trailing slash."""
    raw_url: str = ""
    """URL below which it gives files to everybody; '': only its API gives them."""
    signs_in: bool = False
    """Whether credentials are configured. A process that only reads copies has none of them."""
    apps: tuple[ForgeApp, ...] = ()
    """Used for owners that have one installed, before the token."""
    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class ForgeFacts:
    """What forges are asked beside their repositories (`plumbline.facts.forges`)."""

    every: timedelta = timedelta(hours=6)
    """Time between two runs over all repositories of a forge."""
    disabled: tuple[str, ...] = ()
    """Namespaces of facts that no forge is asked for."""


@dataclass(frozen=True, kw_only=True)
class LinkFacts:
    """Of which links it is asked whether they answer (`plumbline.facts.links`)."""

    every: timedelta = timedelta(hours=8)
    """Time between two runs."""
    allow: tuple[ReadingRule, ...] = ()
    """Hosts that may be asked; empty: none is."""


@dataclass(frozen=True, kw_only=True)
class GitHubProvider:
    """Repositories of an organization or a user of a GitHub, or of all organizations that have an App
    of ours installed (`catalog.providers.github`)."""

    id: str
    host: str
    organization: str = ""
    """'': those that have `app` installed."""
    app: str = ""
    """Id of the App; it counts where no organization is named."""
    catalog_path: str = "catalog-info.yaml"
    """Path from the root of each repository, or a glob: its descriptors."""
    branch: str = ""
    """'': the default branch of each repository."""
    repository: str = ""
    """Regular expression that the whole name fits; '': all do."""
    topics: tuple[str, ...] = ()
    """One of them is needed; empty: none is."""
    no_topics: tuple[str, ...] = ()
    """None of them may be there."""
    visibility: tuple[str, ...] = ()
    """`public`, `private`, `internal`; empty: all."""
    forks: bool = True
    archived: bool = False
    page_size: int = 100
    timeout: timedelta | None = None
    """How long a reading may go on asking; None: however long it takes."""

    @property
    def target(self) -> str:
        """Names it among the locations; one of an App is above all organizations, like its webhooks."""
        return _target(self.host, self.organization, self.id)


@dataclass(frozen=True, kw_only=True)
class GitLabProvider:
    """Projects of a group of a GitLab, or of all (`catalog.providers.gitlab`)."""

    id: str
    host: str
    group: str = ""
    """Path of the group, whose subgroups belong to it; '': every project that can be seen."""
    catalog_path: str = "catalog-info.yaml"
    branch: str = ""
    """'': the default branch of each project."""
    fallback_branch: str = "master"
    """Where a project has no default branch."""
    project: str = ""
    """Regular expression that is found in the path of the project; '': in all."""
    topics: tuple[str, ...] = ()
    """All of them are needed."""
    excluded: tuple[str, ...] = ()
    """Paths of projects that are left out."""
    membership: bool = False
    """Only projects that the user of the token is a member of."""
    forks: bool = True
    archived: bool = False
    timeout: timedelta | None = None
    """How long a reading may go on asking; None: however long it takes."""

    @property
    def target(self) -> str:
        """Names it among the locations."""
        return _target(self.host, self.group, self.id)


@dataclass(frozen=True, kw_only=True)
class GiteaProvider:
    """Repositories of an organization of a Gitea or Forgejo (`catalog.providers.gitea`)."""

    id: str
    host: str
    organization: str
    catalog_path: str = "catalog-info.yaml"
    branch: str = "main"
    timeout: timedelta | None = None
    """How long a reading may go on asking; None: however long it takes."""

    @property
    def target(self) -> str:
        """Names it among the locations."""
        return _target(self.host, self.organization, self.id)


ForgeProvider: TypeAlias = GitHubProvider | GitLabProvider | GiteaProvider


@dataclass(frozen=True, kw_only=True)
class GitHubPeople:
    """Users and teams of organizations of a GitHub (`catalog.providers.githubOrg`)."""

    type: ClassVar[str] = "github"
    id: str
    host: str
    organizations: tuple[str, ...] = ()
    """Empty: all that have one of our Apps installed."""
    namespaced: bool = False
    """Whether the teams of each organization have a namespace of their own."""
    suspended: bool = True
    """Whether users count that are suspended: only a GitHub Enterprise Server tells."""
    verified_emails: bool = False
    """Whether addresses are those that the organization has verified, and no others."""
    team_page: int = 25
    team_member_page: int = 50
    member_page: int = 50
    timeout: timedelta | None = None
    """How long a reading may go on asking; None: however long it takes."""

    @property
    def target(self) -> str:
        """Names it among the locations; it stays the same whatever organizations are named."""
        return f"https://{self.host}/orgs#{self.id}"


@dataclass(frozen=True, kw_only=True)
class GitLabPeople:
    """Users and groups of a GitLab (`catalog.providers.gitlab` with `orgEnabled`)."""

    type: ClassVar[str] = "gitlab"
    id: str
    host: str
    group: str = ""
    """Path of the group whose descendants are read; '': every group that can be seen."""
    user: str = ""
    """Regular expression that is found in the address of a user, or else in the name; '': in all."""
    groups: tuple[str, ...] = ()
    """Regular expressions of which one is found in the path of a group; empty: all groups count."""
    relations: tuple[str, ...] = ("DIRECT",)
    """What makes a user a member of a group, in GitLab's words."""
    only_group: bool = False
    """Whether users are the members of the group alone."""
    without_seat: bool = False
    """Whether users count that use no seat: only gitlab.com tells."""
    timeout: timedelta | None = None
    """How long a reading may go on asking; None: however long it takes."""

    @property
    def target(self) -> str:
        """Names it among the locations."""
        below = f"/{self.group.strip('/')}" if self.group else ""
        return f"https://{self.host}/groups{below}#{self.id}"


@dataclass(frozen=True, kw_only=True)
class GiteaPeople:
    """Members and teams of an organization of a Gitea or Forgejo (`orgEnabled`)."""

    type: ClassVar[str] = "gitea"
    id: str
    host: str
    organization: str
    namespaced: bool = False
    """Whether its teams have a namespace of their own."""
    timeout: timedelta | None = None
    """How long a reading may go on asking; None: however long it takes."""

    @property
    def target(self) -> str:
        """Names it among the locations."""
        return f"https://{self.host}/org/{self.organization}#{self.id}"


PeopleProvider: TypeAlias = GitHubPeople | GitLabPeople | GiteaPeople


def _target(host: str, owner: str, id: str) -> str:  # noqa: A002 - as in the records
    """The page of what is read, so that people know it; several that read the same have their ids.

    It goes by the provider alone: a provider that is added leaves the others their names.
    """
    return f"https://{host}/{owner}" + ("" if id == DEFAULT_ID else f"#{id}")


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
