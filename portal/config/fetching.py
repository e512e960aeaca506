"""Facts that are fetched from other systems: `plumbline.facts.http`, as recipes, of forges, and links."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from plugins.contract import ForgeFacts, LinkFacts
from plugins.forges.facts.schemas import NAMESPACES
from portal.config.durations import Duration
from portal.config.fields import Strict, Words
from portal.config.pushed import PushedFact
from portal.config.reading import AllowedHost
from scorecards.collection.packs import declarations
from scorecards.collection.pushed import Declared
from scorecards.collection.recipes import FetchedFact, Further, Recipe, faults_of

_NAME = validate.Regexp(
    r"[a-z][a-z0-9_]{0,62}\Z", error="must be the first part of its facts' names: argo"
)
SHORTEST = timedelta(minutes=10)
"""Between two runs over a forge."""

SHORTEST_OF_LINKS = timedelta(hours=1)
"""Between two looks at a link."""

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def _are_headers(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not value.isprintable() or not value.isascii():
            raise ValidationError(f"{name} is no header that can be sent")


class _Fact(PushedFact):
    type = fields.String(validate=PushedFact().fields["type"].validate)
    description = fields.String(validate=PushedFact().fields["description"].validate)
    value = fields.String(required=True, validate=validate.Length(1, 2000))
    needs = fields.String(load_default="", validate=validate.Length(1, 2000))

    @post_load
    def _declared(self, data: dict[str, Any], **more: Any) -> Any:
        """A fact of a pack is what the pack says of it, where nothing else is said."""
        value, needs = data.pop("value"), data.pop("needs")
        declared = declarations().get(data["name"])
        if declared is not None and data.keys() <= {"name", "ttl"}:
            declared = replace(declared, ttl=data.get("ttl") or declared.ttl)
            return FetchedFact(declared=declared, value=value, needs=needs)
        if missing := {"type", "description"} - data.keys():
            raise ValidationError(
                {key: [self.fields[key].error_messages["required"]] for key in missing}
            )
        declared = super()._declared(data, **more)
        return FetchedFact(declared=declared, value=value, needs=needs)


class _Further(Strict):
    name = fields.String(required=True, validate=validate.Length(1, 63))
    path = fields.String(required=True, validate=validate.Length(1, 2000))

    @post_load
    def _further(self, data: dict[str, Any], **_: Any) -> Further:
        return Further(**data)


class _Match(Strict):
    item = fields.String(required=True, validate=validate.Length(1, 2000))
    entity = fields.String(load_default="", validate=validate.Length(1, 2000))


class HttpFacts(Strict):
    """One entry; its result is a `Recipe`."""

    name = fields.String(required=True, validate=_NAME)
    url = fields.String(required=True, validate=validate.Length(1, 2000))
    headers = fields.Dict(
        keys=fields.String(), values=fields.String(), load_default=dict, validate=_are_headers
    )
    body = fields.String(load_default="", validate=validate.Length(1, 2000))
    every = Duration(required=True)
    kinds = Words(load_default=())
    items = fields.String(load_default="", validate=validate.Length(1, 500))
    match = fields.Nested(_Match, load_default=None)
    then = fields.List(fields.Nested(_Further), load_default=list)
    facts = fields.List(fields.Nested(_Fact), required=True, validate=validate.Length(1, 100))

    @post_load
    def _recipe(self, data: dict[str, Any], **_: Any) -> Recipe:
        match = data["match"] or {"item": "", "entity": ""}
        if bool(data["items"]) != bool(match["item"]):
            raise ValidationError("must both be there, or neither: a list, and its `item`", "match")
        recipe = Recipe(
            name=data["name"],
            url=data["url"],
            body=data["body"],
            headers=tuple(data["headers"].items()),
            every=data["every"],
            kinds=tuple(kind.lower() for kind in data["kinds"]),
            items=data["items"],
            item_key=match["item"],
            entity_key=match["entity"],
            then=tuple(data["then"]),
            facts=tuple(data["facts"]),
        )
        for fact in recipe.facts:
            _belongs(recipe, fact.declared)
        if faults := faults_of(recipe):
            raise ValidationError([f"{where}: {why}" for where, why in faults])
        if not data["every"]:
            raise ValidationError("must be longer than no time", "every")
        return recipe


def _belongs(recipe: Recipe, fact: Declared) -> None:
    if fact.namespace != recipe.name:
        raise ValidationError(
            f"{fact.schema.name} must be called {recipe.name}.<something>", "facts"
        )
    if fact.ttl is not None and fact.ttl <= recipe.every:
        raise ValidationError(
            f"{fact.schema.name} must be believed for longer than `every`, or without a `ttl`",
            "facts",
        )


def fetched_once(recipes: list[Recipe]) -> None:
    """Refuse two of one name."""
    names = [recipe.name for recipe in recipes]
    if len(set(names)) < len(names):
        raise ValidationError("must name each namespace once")


class FactsOfForges(Strict):
    """`plumbline.facts.forges`, as a `ForgeFacts`."""

    every = Duration()
    disabled = Words(among=NAMESPACES, or_none=True)

    @post_load
    def _facts(self, data: dict[str, Any], **_: Any) -> ForgeFacts:
        if "every" in data and data["every"] < SHORTEST:
            raise ValidationError("must be at least 10 minutes: forges have limits", "every")
        return ForgeFacts(**data)


class FactsOfLinks(Strict):
    """`plumbline.facts.links`, as a `LinkFacts`."""

    every = Duration()
    allow = fields.List(AllowedHost(), required=True, validate=validate.Length(max=1000))

    @post_load
    def _facts(self, data: dict[str, Any], **_: Any) -> LinkFacts:
        if "every" in data and data["every"] < SHORTEST_OF_LINKS:
            raise ValidationError("must be at least 1 hour: they are pages for people", "every")
        return LinkFacts(**{**data, "allow": tuple(data["allow"])})
