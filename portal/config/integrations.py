"""The forges and stores that `integrations` names: hosts and credentials, as records.

Each record is one entry of the list of its type, and its fields are the keys that Backstage's
`@backstage/integration` reads (reference 4.13). Like Backstage, the first entry of a host counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from marshmallow import Schema, fields, post_load

from portal.config.fields import Strict
from portal.config.records import schema_of


def secret() -> Any:
    """A field that is never shown."""
    return field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class GitHubApp:
    """A GitHub App that the portal may act as."""

    app_id: str
    client_id: str
    private_key: str = field(repr=False)
    client_secret: str = field(repr=False)
    webhook_secret: str = secret()
    allowed_installation_owners: tuple[str, ...] | None = None
    """None: every owner; empty: none, as in Backstage."""
    public_access: bool = False


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """github.com, or a GitHub Enterprise Server."""

    host: str = "github.com"
    token: str = secret()
    api_base_url: str = ""
    raw_base_url: str = ""
    apps: tuple[GitHubApp, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GitLabRetry:
    """How patient a client is with a GitLab."""

    max_retries: int = 0
    retry_status_codes: tuple[int, ...] = ()
    max_api_requests_per_minute: int | None = None


@dataclass(frozen=True, kw_only=True)
class GitLab:
    """gitlab.com, or a GitLab of one's own."""

    host: str = "gitlab.com"
    token: str = secret()
    api_base_url: str = ""
    base_url: str = ""
    commit_signing_key: str = secret()
    retry: GitLabRetry | None = None


@dataclass(frozen=True, kw_only=True)
class BitbucketCloud:
    """bitbucket.org."""

    username: str = ""
    token: str = secret()
    app_password: str = secret()
    client_id: str = ""
    client_secret: str = secret()
    commit_signing_key: str = secret()


@dataclass(frozen=True, kw_only=True)
class BitbucketServer:
    """A Bitbucket Server or Data Center."""

    host: str
    token: str = secret()
    username: str = ""
    password: str = secret()
    api_base_url: str = ""
    commit_signing_key: str = secret()


@dataclass(frozen=True, kw_only=True)
class Bitbucket:
    """A Bitbucket of either kind, in the older spelling."""

    host: str
    token: str = secret()
    username: str = ""
    app_password: str = secret()
    api_base_url: str = ""


@dataclass(frozen=True, kw_only=True)
class AzureCredential:
    """Credentials for all organizations of an Azure DevOps, or for some."""

    organizations: tuple[str, ...] = ()
    personal_access_token: str = secret()
    client_id: str = ""
    client_secret: str = secret()
    tenant_id: str = ""
    managed_identity_client_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Azure:
    """Azure DevOps; `token` and `credential` are older spellings of `credentials`."""

    host: str = "dev.azure.com"
    credentials: tuple[AzureCredential, ...] = ()
    token: str = secret()
    credential: AzureCredential | None = None
    commit_signing_key: str = secret()


@dataclass(frozen=True, kw_only=True)
class Gitea:
    """A Gitea or Forgejo."""

    host: str
    base_url: str = ""
    username: str = ""
    password: str = secret()


@dataclass(frozen=True, kw_only=True)
class Gerrit:
    """A Gerrit with its Gitiles."""

    host: str
    gitiles_base_url: str
    base_url: str = ""
    clone_url: str = ""
    username: str = ""
    password: str = secret()
    disable_edit_url: bool = False


@dataclass(frozen=True, kw_only=True)
class Harness:
    """Harness Code."""

    host: str
    token: str = secret()
    api_key: str = secret()


@dataclass(frozen=True, kw_only=True)
class Aws:
    """S3 or CodeCommit."""

    host: str = ""
    region: str = ""
    endpoint: str = ""
    s3_force_path_style: bool = False
    access_key_id: str = ""
    secret_access_key: str = secret()
    role_arn: str = ""
    external_id: str = ""


@dataclass(frozen=True, kw_only=True)
class AadCredential:
    """An application of Microsoft Entra ID."""

    client_id: str
    tenant_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AzureBlobStorage:
    """A storage account."""

    account_name: str = ""
    account_key: str = secret()
    sas_token: str = secret()
    connection_string: str = secret()
    endpoint: str = ""
    endpoint_suffix: str = ""
    aad_credential: AadCredential | None = None
    host: str = ""


@dataclass(frozen=True, kw_only=True)
class GoogleGcs:
    """Google Cloud Storage."""

    client_email: str = ""
    private_key: str = secret()


Integration: TypeAlias = (
    GitHub
    | GitLab
    | BitbucketCloud
    | BitbucketServer
    | Bitbucket
    | Azure
    | Gitea
    | Gerrit
    | Harness
    | Aws
    | AzureBlobStorage
    | GoogleGcs
)

TYPES: Mapping[str, type[Integration]] = {
    "github": GitHub,
    "gitlab": GitLab,
    "bitbucketCloud": BitbucketCloud,
    "bitbucketServer": BitbucketServer,
    "bitbucket": Bitbucket,
    "azure": Azure,
    "gitea": Gitea,
    "gerrit": Gerrit,
    "harness": Harness,
    "awsS3": Aws,
    "awsCodeCommit": Aws,
    "azureBlobStorage": AzureBlobStorage,
    "googleGcs": GoogleGcs,
}
"""The record of each key of `integrations`."""


class _Integrations(Strict):
    @post_load
    def _flat(self, data: dict[str, Any], **_: Any) -> tuple[Integration, ...]:
        lists = (found if isinstance(found, list) else [found] for found in data.values())
        return tuple(one for found in lists for one in found)


def integrations_schema() -> type[Schema]:
    """`integrations`, as a schema that makes a tuple of records, in the order of `TYPES`."""
    entries = {name: fields.Nested(schema_of(record)) for name, record in TYPES.items()}
    lists = {name: fields.List(entry) for name, entry in entries.items() if name != "googleGcs"}
    return _Integrations.from_dict(
        {**lists, "googleGcs": entries["googleGcs"]}, name="Integrations"
    )
