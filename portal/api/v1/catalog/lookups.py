"""What is looked up across the catalog: problems, search, plugins, and the facts there can be."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.api.v1 import forms
from portal.api.v1.conventions import (
    Answer,
    Camel,
    Paging,
    Resource,
    Tags,
    after,
    answer,
    page,
)
from portal.api.v1.existing import asked_ref
from portal.api.v1.schemas import SEVERITIES, FactSchemaAnswer, PlacedProblemAnswer, ProblemAnswer
from portal.db.catalog.entities import search
from portal.db.sources import problems
from portal.wiring import Portal


class ProblemPageAnswer(Answer):
    """A page of problems."""

    items = fields.List(fields.Nested(PlacedProblemAnswer))
    next_cursor = fields.String(allow_none=True)
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"description": "Of all problems, by severity."},
    )


class ProblemList(Paging):
    """Which problems."""

    severity = fields.String(load_default=None, validate=validate.OneOf(SEVERITIES))
    code = fields.String(load_default=None)
    ref = fields.String(load_default=None, metadata={"description": "Canonical entity ref."})
    location = fields.String(load_default=None, metadata={"description": "Id."})
    owner = fields.String(
        load_default=None,
        metadata={"description": "Ref, by default of a group: who owns the entity."},
    )
    repository = fields.String(load_default=None, metadata={"description": "Name or URL."})
    repo = fields.String(load_default=None, metadata={"description": "Short for `repository`."})
    q = fields.String(
        load_default=None, metadata={"description": "Text in message, path or entity ref."}
    )


class FoundAnswer(Answer):
    """An entity that was found."""

    ref = fields.String()
    kind = fields.String()
    namespace = fields.String()
    name = fields.String()
    title = fields.String()
    description = fields.String()


class FoundListAnswer(Answer):
    """What was found, the best first."""

    items = fields.List(fields.Nested(FoundAnswer))
    next_cursor = fields.String(allow_none=True)


class Search(Camel):
    """What is meant."""

    q = fields.String(required=True, validate=validate.Length(1, 200))
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))


class PluginAnswer(Answer):
    """An installed plugin."""

    name = fields.String()
    version = fields.String()
    summary = fields.String()
    sources = fields.List(fields.String())
    collectors = fields.List(fields.String())
    facts = fields.List(fields.String(), metadata={"description": "That its collectors observe."})
    notifiers = fields.List(fields.String(), metadata={"description": "Channels."})
    documenters = fields.List(
        fields.String(), metadata={"description": "What says which files are documentation."}
    )
    scorecards = fields.List(fields.String(), metadata={"description": "Files."})


class PluginListAnswer(Answer):
    """Every plugin that is loaded."""

    items = fields.List(fields.Nested(PluginAnswer))
    next_cursor = fields.String(allow_none=True)
    problems = fields.List(
        fields.Nested(ProblemAnswer), metadata={"description": "Plugins that could not be loaded."}
    )


class FactListAnswer(Answer):
    """Every fact that a collector can observe."""

    items = fields.List(fields.Nested(FactSchemaAnswer))
    next_cursor = fields.String(allow_none=True)


def resource(portal: Portal, tags: Tags) -> Resource:
    """`/api/v1/problems`, `/search`, `/plugins`, `/facts`."""
    views = Resource("lookups", __name__, url_prefix="/api/v1", description="Across the catalog.")
    _add_finding(views, portal, tags)
    _add_installed(views, portal)
    return views


def _add_finding(views: Resource, portal: Portal, tags: Tags) -> None:
    @views.operation("GET", "/problems", query=ProblemList, answer=ProblemPageAnswer)
    def list_problems(asked: dict[str, Any]) -> Response:
        """List problems in descriptors: errors first, then as they were found."""
        owner = _owner(asked["owner"])
        with portal.database.read() as connection:
            found = problems.list_problems(
                connection,
                ref=asked["ref"],
                location=asked["location"],
                owner=owner,
                repository=asked["repository"] or asked["repo"],
                code=asked["code"],
                severity=asked["severity"],
                text=asked["q"],
                after=after(asked),
                limit=asked["limit"],
            )
            counts = problems.problem_counts(connection)
        items = [forms.placed_problem(row) for row in found.items]
        return answer({**page(items, found.after), "counts": counts})

    @views.operation("GET", "/search", query=Search, answer=FoundListAnswer)
    def search_entities(asked: dict[str, Any]) -> Response:
        """Find entities by a few letters of name, title, description or tag."""
        with portal.database.read() as connection:
            tag = tags.check(connection)
            found = search(connection, asked["q"], asked["limit"])
        return answer(page([forms.entity_head(row) for row in found], None), tag=tag)


def _add_installed(views: Resource, portal: Portal) -> None:
    @views.operation("GET", "/plugins", answer=PluginListAnswer)
    def list_plugins(_: dict[str, Any]) -> Response:
        """List the plugins that are loaded."""
        items = [
            {
                "name": plugin.name,
                "version": plugin.version,
                "summary": plugin.summary,
                "sources": [source.name for source in plugin.sources],
                "collectors": list(plugin.observers),
                "facts": [schema.name for schema in plugin.schemas],
                "notifiers": [notifier.name for notifier in plugin.notifiers],
                "documenters": [documenter.name for documenter in plugin.documenters],
                "scorecards": [file for file, _text in plugin.scorecards],
            }
            for plugin in portal.plugins
        ]
        problems = [forms.problem(one) for one in portal.plugin_problems]
        return answer({**page(items, None), "problems": problems})

    @views.operation("GET", "/facts", answer=FactListAnswer)
    def list_facts(_: dict[str, Any]) -> Response:
        """List the facts that rules can use, with types and meanings."""
        schemas = sorted(portal.schemas.values(), key=lambda schema: schema.name)
        return answer(page([forms.fact_schema(schema) for schema in schemas], None))


def _owner(text: str | None) -> str | None:
    return None if text is None else str(asked_ref(text, "group"))
