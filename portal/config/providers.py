"""The discovery providers of `catalog.providers`: their keys and what may stand there.

Every provider of the modules that come with Backstage (reference 4.12). What is wrong in one of
`SERVED` stops the start: without a filter, for one, more would be read. What is wrong in another stops
nothing, because nothing is read by it yet: it is said, so that it is right when it is needed.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from plugins.contract import DEFAULT_ID
from portal.config.fields import Flag, Host, Strict, Text, Url, Words
from portal.config.schedules import ScheduleKeys

SERVED = ("github", "githubOrg", "gitlab", "gitea")
"""The providers that something is read by."""


class _Pattern(fields.String):
    """A regular expression of JavaScript's, as far as Python reads the same."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        try:
            re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", text))
        except re.error as error:
            raise ValidationError(f"is no regular expression: {error.msg}") from None
        return text


class _Patterns(fields.Field[Any]):
    """A regular expression, or a list of them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        given = value if isinstance(value, list) else [value]
        return tuple(str(_Pattern().deserialize(one)) for one in given)

    def form(self) -> Any:
        """One, or a list."""
        return _one_or_more(_Pattern())


def _one_or_more(of: fields.Field[Any] | Schema) -> Any:
    return {"anyOf": [of, {"type": "array", "items": of}]}


def _keys(**keys: fields.Field[Any]) -> type[Schema]:
    return Strict.from_dict(keys, name="Provider")


def _one_of(*values: str) -> fields.Field[Any]:
    return fields.String(validate=validate.OneOf(values))


def _object(**keys: fields.Field[Any]) -> fields.Field[Any]:
    return fields.Nested(_keys(**keys))


def _list(of: fields.Field[Any]) -> fields.Field[Any]:
    return fields.List(of)


def _needed() -> fields.Field[Any]:
    return Text(required=True)


def _number() -> fields.Field[Any]:
    return fields.Integer(validate=validate.Range(min=1))


class Provider(fields.Field[Any]):
    """The entries of one provider: an object, a map of them by id, or a list, as it takes them.

    The result is a map by id.
    """

    def __init__(self, *, alone: tuple[str, ...] = (), listed: bool = False, **keys: Any) -> None:
        """`alone`: keys of which each entry has one, and so has the object that is no map of ids."""
        super().__init__()
        self._schema = _keys(**keys, schedule=fields.Nested(ScheduleKeys))
        self._alone = alone
        self._listed = listed

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if self._listed and isinstance(value, list):
            return _with_own_ids(self._each(list(enumerate(value))))
        if not isinstance(value, dict):
            raise ValidationError("must be an object of keys and values")
        if self._listed or any(key in value for key in self._alone):
            return {DEFAULT_ID: self._load(value)}
        return self._each(list(value.items()))

    def _load(self, entry: Any) -> Any:
        try:
            loaded = self._schema().load(entry)
        except ValidationError as error:
            # Without what is valid of it: half a provider is none.
            raise ValidationError(error.messages) from None
        if self._alone and not any(key in loaded for key in self._alone):
            raise ValidationError(f"must have {' or '.join(self._alone)}")
        return loaded

    def _each(self, entries: list[tuple[Any, Any]]) -> Any:
        errors, loaded = {}, {}
        for name, entry in entries:
            try:
                loaded[name] = self._load(entry)
            except ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise ValidationError(errors)
        return loaded

    def form(self) -> Any:
        """As it takes them; a file may say of the only entry what others complete."""
        entry = self._schema()
        if self._listed:
            return _one_or_more(entry)
        by_id = {"type": "object", "additionalProperties": entry}
        return {"anyOf": [entry, by_id]} if self._alone else by_id


def _with_own_ids(entries: dict[Any, Any]) -> dict[Any, Any]:
    """The entries of a list, whose ids tell them apart where they have some."""
    known: set[str] = set()
    for index, entry in entries.items():
        if entry.get("id") in known:
            raise ValidationError({index: {"id": ["names another entry, too"]}})
        known |= {entry["id"]} if "id" in entry else set()
    return entries


class _Searches(fields.Field[Any]):
    """One search of a directory, or a list of them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return _search().load(value, many=isinstance(value, list))

    def form(self) -> Any:
        """One, or a list."""
        return _one_or_more(_search())


def _search() -> Schema:
    return _keys(
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
    return _object(projectKey=_Pattern(), repoSlug=_Pattern(), **more)


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
    return _keys(
        github=Provider(
            alone=("organization", "app"),
            organization=Text(),
            app=Text(),
            host=Host(),
            catalogPath=Text(),
            validateLocationsExist=Flag(),
            filters=_object(
                branch=fields.String(validate=validate.ContainsNoneOf("/")),
                repository=_Pattern(),
                allowForks=Flag(),
                allowArchived=Flag(),
                topic=_object(include=_list(Text()), exclude=_list(Text())),
                visibility=_list(_one_of("private", "internal", "public")),
            ),
            pageSizes=_object(repositories=_number()),
        ),
        githubOrg=Provider(
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
        gitlab=Provider(
            host=Host(required=True),
            group=Text(),
            branch=Text(),
            fallbackBranch=Text(),
            catalogFile=Text(),
            entityFilename=Text(),
            projectPattern=_Pattern(),
            userPattern=_Pattern(),
            groupPattern=_Patterns(),
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
        bitbucketCloud=Provider(
            alone=("workspace",),
            workspace=_needed(),
            catalogPath=Text(),
            filters=_projects_and_repositories(),
            pagelen=_number(),
        ),
        bitbucketServer=Provider(
            alone=("host",),
            host=Host(required=True),
            catalogPath=Text(),
            filters=_projects_and_repositories(skipArchivedRepos=Flag()),
            validateLocationsExist=Flag(),
        ),
        azureDevOps=Provider(
            host=Host(),
            organization=_needed(),
            project=_needed(),
            repository=Text(),
            branch=Text(),
            path=Text(),
        ),
        azureBlob=Provider(
            alone=("containerName",), containerName=_needed(), accountName=_needed()
        ),
        awsS3=Provider(
            alone=("bucketName",),
            bucketName=_needed(),
            prefix=Text(),
            region=Text(),
            accountId=Text(),
        ),
        gitea=Provider(
            host=Host(required=True),
            organization=_needed(),
            branch=Text(),
            catalogPath=Text(),
            orgEnabled=Flag(),  # ours
        ),
        gerrit=Provider(
            host=Host(required=True), query=_needed(), branch=Text(), catalogPath=Text()
        ),
        microsoftGraphOrg=Provider(
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
        ldapOrg=_ldap(),
        puppetdb=Provider(alone=("baseUrl",), baseUrl=Url(required=True), query=Text()),
        gcp=_object(
            gke=_object(
                parents=_list(Text()),
                schedule=fields.Nested(ScheduleKeys),
                authProvider=Text(),
                owner=Text(),
            )
        ),
    )


def ldap_schema() -> type[Schema]:
    """The older `ldap`, with its list `providers`."""
    return _keys(providers=_ldap(listed=True))


PROVIDERS = tuple(providers_schema()().fields)
"""The names of all providers."""
