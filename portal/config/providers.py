"""The discovery providers of `catalog.providers`: their keys and what may stand there.

Every provider of the modules that come with Backstage (reference 4.12). What is wrong in one of
`SERVED` stops the start: without a filter, for one, more would be read. What is wrong in another stops
nothing, because nothing is read by it yet: it is said, so that it is right when it is needed.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from marshmallow import Schema, fields, validate

from portal.config.fields import Flag, Host, Text, Url, Words
from portal.config.provider_fields import Pattern, Patterns, Provider, one_or_more, strict
from portal.config.schedules import ScheduleKeys

SERVED = ("github", "githubOrg", "gitlab", "gitea")
"""The providers that something is read by."""

_Providers: TypeAlias = "dict[str, fields.Field[Any]]"
"""Providers by name."""


def _one_of(*values: str) -> fields.Field[Any]:
    return fields.String(validate=validate.OneOf(values))


def _object(**keys: fields.Field[Any]) -> fields.Field[Any]:
    return fields.Nested(strict(**keys))


def _list(of: fields.Field[Any]) -> fields.Field[Any]:
    return fields.List(of)


def _needed() -> fields.Field[Any]:
    return Text(required=True)


def _number() -> fields.Field[Any]:
    return fields.Integer(validate=validate.Range(min=1))


class _Searches(fields.Field[Any]):
    """One search of a directory, or a list of them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return _search().load(value, many=isinstance(value, list))

    def form(self) -> Any:
        """One, or a list."""
        return one_or_more(_search())


def _search() -> Schema:
    return strict(
        dn=_needed(),
        options=_object(
            scope=_one_of("base", "one", "sub"),
            filter=Text(),
            attributes=Words(),
            sizeLimit=fields.Integer(),
            timeLimit=fields.Integer(),
            derefAliases=fields.Integer(),
            typesOnly=Flag(),
            paged=fields.Raw(),
        ),
        set=fields.Dict(),
        map=fields.Dict(keys=fields.String(), values=fields.String()),
    )()


def _projects_and_repositories(**more: fields.Field[Any]) -> fields.Field[Any]:
    return _object(projectKey=Pattern(), repoSlug=Pattern(), **more)


def _ldap(**options: Any) -> Provider:
    return Provider(
        **options,
        target=_needed(),
        bind=_object(dn=_needed(), secret=Text(required=True)),
        tls=_object(rejectUnauthorized=Flag(), certs=Text(), keys=Text()),
        users=_Searches(),
        groups=_Searches(),
        vendor=_object(dnAttributeName=Text(), uuidAttributeName=Text(), dnCaseSensitive=Flag()),
    )


def providers_schema() -> type[Schema]:
    """`catalog.providers`, as a schema."""
    return strict(
        **_of_github(),
        **_of_gitlab(),
        **_of_bitbucket(),
        **_of_clouds(),
        **_of_small_forges(),
        **_of_directories(),
        **_of_machines(),
    )


def _of_github() -> _Providers:
    return {
        "github": Provider(
            alone=("organization", "app"),
            organization=Text(),
            app=Text(),
            host=Host(),
            catalogPath=Text(),
            validateLocationsExist=Flag(),
            filters=_object(
                branch=fields.String(validate=validate.ContainsNoneOf("/")),
                repository=Pattern(),
                allowForks=Flag(),
                allowArchived=Flag(),
                topic=_object(include=_list(Text()), exclude=_list(Text())),
                visibility=_list(_one_of("private", "internal", "public")),
            ),
            pageSizes=_object(repositories=_number()),
        ),
        "githubOrg": Provider(
            listed=True,
            id=_needed(),
            githubUrl=Url(required=True),
            orgs=_list(Text()),
            excludeSuspendedUsers=Flag(),
            alwaysUseDefaultNamespace=Flag(),
            defaultUserTransformer=_object(useVerifiedEmails=Flag()),
            pageSizes=_object(
                teams=_number(), teamMembers=_number(), organizationMembers=_number()
            ),
        ),
    }


def _of_gitlab() -> _Providers:
    return {
        "gitlab": Provider(
            host=Host(required=True),
            group=Text(),
            branch=Text(),
            fallbackBranch=Text(),
            catalogFile=Text(),
            entityFilename=Text(),
            projectPattern=Pattern(),
            userPattern=Pattern(),
            groupPattern=Patterns(),
            useSearch=Flag(),
            skipForkedRepos=Flag(),
            includeArchivedRepos=Flag(),
            excludeRepos=_list(Text()),
            excludeGroups=_list(Text()),
            membership=Flag(),
            topics=Words(or_none=True),
            orgEnabled=Flag(),
            allowInherited=Flag(),
            relations=_list(_one_of("DIRECT", "INHERITED", "DESCENDANTS", "SHARED_FROM_GROUPS")),
            restrictUsersToGroup=Flag(),
            includeUsersWithoutSeat=Flag(),
        ),
    }


def _of_bitbucket() -> _Providers:
    return {
        "bitbucketCloud": Provider(
            alone=("workspace",),
            workspace=_needed(),
            catalogPath=Text(),
            filters=_projects_and_repositories(),
            pagelen=_number(),
        ),
        "bitbucketServer": Provider(
            alone=("host",),
            host=Host(required=True),
            catalogPath=Text(),
            filters=_projects_and_repositories(skipArchivedRepos=Flag()),
            validateLocationsExist=Flag(),
        ),
    }


def _of_clouds() -> _Providers:
    return {
        "azureDevOps": Provider(
            host=Host(),
            organization=_needed(),
            project=_needed(),
            repository=Text(),
            branch=Text(),
            path=Text(),
        ),
        "azureBlob": Provider(
            alone=("containerName",), containerName=_needed(), accountName=_needed()
        ),
        "awsS3": Provider(
            alone=("bucketName",),
            bucketName=_needed(),
            prefix=Text(),
            region=Text(),
            accountId=Text(),
        ),
    }


def _of_small_forges() -> _Providers:
    return {
        "gitea": Provider(
            host=Host(required=True),
            organization=_needed(),
            branch=Text(),
            catalogPath=Text(),
            orgEnabled=Flag(),  # ours
        ),
        "gerrit": Provider(
            host=Host(required=True), query=_needed(), branch=Text(), catalogPath=Text()
        ),
    }


def _of_directories() -> _Providers:
    return {
        "microsoftGraphOrg": Provider(
            alone=("tenantId",),
            tenantId=_needed(),
            clientId=Text(),
            clientSecret=Text(),
            target=Url(),
            authority=Url(),
            queryMode=_one_of("basic", "advanced"),
            user=_object(
                path=Text(),
                filter=Text(),
                expand=Text(),
                select=_list(Text()),
                loadPhotos=Flag(),
            ),
            group=_object(
                path=Text(),
                filter=Text(),
                expand=Text(),
                search=Text(),
                select=_list(Text()),
                includeSubGroups=Flag(),
            ),
            userGroupMember=_object(path=Text(), filter=Text(), search=Text()),
        ),
        "ldapOrg": _ldap(),
    }


def _of_machines() -> _Providers:
    return {
        "puppetdb": Provider(alone=("baseUrl",), baseUrl=Url(required=True), query=Text()),
        "gcp": _object(
            gke=_object(
                parents=_list(Text()),
                schedule=fields.Nested(ScheduleKeys),
                authProvider=Text(),
                owner=Text(),
            )
        ),
    }


def ldap_schema() -> type[Schema]:
    """The older `ldap`, with its list `providers`."""
    return strict(providers=_ldap(listed=True))


PROVIDERS = tuple(providers_schema()().fields)
"""The names of all providers."""
