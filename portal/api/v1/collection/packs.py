"""Packs: the checks that can be switched on, and what feeds the facts that they need."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Resource, answer, page
from portal.api.v1.schemas import FactSchemaAnswer
from portal.use_cases.packs import PackState, states
from portal.wiring import Portal
from scorecards.collection.feeding import Feed, Feeder


class FeedAnswer(Answer):
    """A namespace of facts, and what feeds it."""

    namespace = fields.String()
    fed_by = fields.String(validate=validate.OneOf([feeder.value for feeder in Feeder]))
    collectors = fields.List(fields.String(), metadata={"description": "That observe it."})
    facts = fields.List(fields.String())
    unfed = fields.List(
        fields.String(), metadata={"description": "Those of the facts that nothing feeds."}
    )
    source = fields.String(metadata={"description": "In words, what can feed it."})


class PackAnswer(Answer):
    """A pack of checks."""

    name = fields.String()
    title = fields.String()
    description = fields.String(metadata={"description": "Markdown."})
    on = fields.Boolean()
    source = fields.String(
        allow_none=True,
        validate=validate.OneOf(["push"]),
        metadata={"description": "As the configuration says; null: none, or it is off."},
    )
    words = fields.String(metadata={"description": "How it stands, in one sentence."})
    scorecards = fields.List(fields.String(), metadata={"description": "Names."})
    facts = fields.List(
        fields.Nested(FactSchemaAnswer), metadata={"description": "As the pack declares them."}
    )
    namespaces = fields.List(fields.Nested(FeedAnswer))
    config = fields.String(
        metadata={"description": "YAML: the lines of a configuration that switch it on, fed."}
    )


class PackListAnswer(Answer):
    """Every pack, by name."""

    items = fields.List(fields.Nested(PackAnswer))
    next_cursor = fields.String(allow_none=True)


def resource(portal: Portal) -> Resource:
    """`/api/v1/packs`."""
    views = Resource("packs", __name__, url_prefix="/api/v1", description="Packs of checks.")

    @views.operation("GET", "/packs", answer=PackListAnswer)
    def list_packs(_: dict[str, Any]) -> Response:
        """List the packs of checks, on or off, with what feeds the facts that they need."""
        return answer(page([form(state) for state in states(portal)], None))

    return views


def form(state: PackState) -> forms.Json:
    """A pack as it is answered."""
    pack = state.pack
    return {
        "name": pack.name,
        "title": pack.title,
        "description": pack.description,
        "on": state.switch is not None,
        "source": "push" if state.switch and state.switch.pushed else None,
        "words": state.words,
        "scorecards": list(pack.contains),
        "facts": [forms.fact_schema(fact.schema) for fact in pack.facts],
        "namespaces": [_feed(feed) for feed in state.feeds],
        "config": state.config,
    }


def _feed(feed: Feed) -> forms.Json:
    return {
        "namespace": feed.namespace,
        "fedBy": feed.by.value,
        "collectors": list(feed.collectors),
        "facts": list(feed.facts),
        "unfed": list(feed.unfed),
        "source": feed.source,
    }
