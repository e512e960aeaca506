"""The keys that are served, and what may stand there."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from portal.config.access import BackendAuth, TrustedBackstage
from portal.config.durations import Duration, Interval
from portal.config.exempting import Exemptions
from portal.config.fetching import FactsOfForges, FactsOfLinks, HttpFacts, fetched_once
from portal.config.fields import Flag, Kind, Listen, Strict, Url
from portal.config.hooking import ReceivedWebhook, events_schema, named_once
from portal.config.integrations import integrations_schema
from portal.config.noticing import Notices
from portal.config.packs import PackSwitch, on_once
from portal.config.providers import ldap_schema, providers_schema
from portal.config.pushed import PushedFact, once_each
from portal.config.reading import AllowedHost
from portal.config.repositories import RepositoryOfScorecards
from portal.config.sharing import Cors
from portal.config.views import CatalogView, distinct


class _RuleLocation(Strict):
    type = fields.String(required=True)
    exact = fields.String()
    pattern = fields.String()

    @validates_schema
    def _one_form(self, data: dict[str, Any], **_: Any) -> None:
        if "exact" in data and "pattern" in data:
            raise ValidationError("must not have both exact and pattern")


class _Rule(Strict):
    allow = fields.List(Kind(), required=True)
    locations = fields.List(fields.Nested(_RuleLocation))


class _LocationRule(Strict):
    allow = fields.List(Kind(), required=True)


class _Location(Strict):
    type = fields.String(required=True)
    target = fields.String(required=True, validate=validate.Length(min=1, max=2000))
    rules = fields.List(fields.Nested(_LocationRule))


class _Stitching(Strict):
    mode = fields.String(validate=validate.OneOf(["immediate", "deferred"]))
    polling_interval = Duration(data_key="pollingInterval")
    stitch_timeout = Duration(data_key="stitchTimeout")


class _ScmActions(fields.Field[Any]):
    """`true`, `false`, or an object of what is to be done at which event."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return _actions().load(value) if isinstance(value, dict) else Flag().deserialize(value)

    def form(self) -> Any:
        """A flag, or the object."""
        return {"anyOf": [Flag(), _actions()]}


def _actions() -> Schema:
    actions = dict.fromkeys(("refresh", "unregister", "move"), Flag())
    return Strict.from_dict(actions)()  # type: ignore[arg-type]


class _Import(Strict):
    filename = fields.String(data_key="entityFilename")
    branch = fields.String(data_key="pullRequestBranchName")


def _delete_or_keep(key: str) -> fields.String:
    return fields.String(data_key=key, validate=validate.OneOf(["delete", "keep"]))


class _Catalog(Strict):
    locations = fields.List(fields.Nested(_Location))
    rules = fields.List(fields.Nested(_Rule))
    readonly = Flag()
    orphan_strategy = _delete_or_keep("orphanStrategy")
    processing_interval = Interval(data_key="processingInterval")
    conflict = fields.String(
        data_key="defaultLocationConflictStrategy", validate=validate.OneOf(["reject", "refresh"])
    )
    # What follows is read, and not served: `portal.config.unserved` says so.
    orphan_provider_strategy = _delete_or_keep("orphanProviderStrategy")
    disable_default_processors = Flag(data_key="disableDefaultProcessors")
    processors = fields.Raw()
    processor_options = fields.Dict(data_key="processorOptions")
    provider_options = fields.Dict(data_key="providerOptions")
    providers = fields.Nested(providers_schema())
    stitching = fields.Nested(_Stitching, data_key="stitchingStrategy")
    scm_events = _ScmActions(data_key="scmEvents")
    import_ = fields.Nested(_Import, data_key="import")


class _Reading(Strict):
    allow = fields.List(AllowedHost())


class _Backend(Strict):
    base_url = Url(data_key="baseUrl")
    listen = Listen()
    auth = fields.Nested(BackendAuth)
    reading = fields.Nested(_Reading)
    cors = fields.Nested(Cors)


class _App(Strict):
    base_url = Url(data_key="baseUrl")


class _Removal(Strict):
    grace = Duration()
    keep = Duration()


class _Facts(Strict):
    refresh = Duration()
    pushed = fields.List(fields.Nested(PushedFact), validate=once_each)
    http = fields.List(fields.Nested(HttpFacts), validate=fetched_once)
    forges = fields.Nested(FactsOfForges)
    links = fields.Nested(FactsOfLinks)


class _TechInsights(Strict):
    not_known = fields.String(data_key="unknown", validate=validate.OneOf(["fail", "omit"]))


class _Compat(Strict):
    tech_insights = fields.Nested(_TechInsights, data_key="techInsights")


class _History(Strict):
    keep = Duration()


class _Placeholders(Strict):
    same_repository = Flag(data_key="sameRepository")


class _Plugins(Strict):
    disabled = fields.List(fields.String())


class _Auth(Strict):
    backstage = fields.Nested(TrustedBackstage)


class _CatalogPage(Strict):
    views = fields.List(fields.Nested(CatalogView), validate=distinct)
    codeowners = Flag()


class _Plumbline(Strict):
    catalog = fields.Nested(_CatalogPage)
    scorecards = fields.List(fields.String())
    scorecard_repositories = fields.List(
        fields.Nested(RepositoryOfScorecards), data_key="scorecardRepositories"
    )
    kinds = fields.List(fields.String())
    removal = fields.Nested(_Removal)
    history = fields.Nested(_History)
    facts = fields.Nested(_Facts)
    compat = fields.Nested(_Compat)
    exemptions = fields.Nested(Exemptions)
    notices = fields.Nested(Notices)
    webhooks = fields.List(fields.Nested(ReceivedWebhook), validate=named_once)
    placeholders = fields.Nested(_Placeholders)
    packs = fields.List(PackSwitch(), validate=on_once)
    plugins = fields.Nested(_Plugins)
    auth = fields.Nested(_Auth)
    public_badges = Flag(data_key="publicBadges")
    answer_cache_bytes = fields.Integer(
        data_key="answerCacheBytes", strict=True, validate=validate.Range(min=0)
    )
    database = fields.String()
    data_dir = fields.String(data_key="dataDir")


class Config(Strict):
    """A whole config, merged and resolved."""

    app = fields.Nested(_App)
    backend = fields.Nested(_Backend)
    catalog = fields.Nested(_Catalog)
    events = fields.Nested(events_schema())
    integrations = fields.Nested(integrations_schema())
    ldap = fields.Nested(ldap_schema())
    plumbline = fields.Nested(_Plumbline)
