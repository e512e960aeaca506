"""Lists of entities: what can be asked of them, and the query that it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from marshmallow import fields, validate

from catalog.queries.query import All, EntityQuery, Equals, Filter, FullText, Order, parse_filters
from portal.api.errors import Refusal
from portal.api.v1.conventions import Paging
from portal.api.v1.existing import asked_ref
from portal.config.views import COLUMNS, NAME_ALONE, ON_LEVEL
from portal.db.insights.levels import NOT_ASSESSED, on_named
from scorecards.scorecard import Scorecard

SORTS = {
    "name": "metadata.name",
    "kind": "kind",
    "namespace": "metadata.namespace",
    "title": "metadata.title",
    "owner": "spec.owner",
    "type": "spec.type",
    "lifecycle": "spec.lifecycle",
}
"""What a list can be sorted by, and the key of the search index for it."""


class EntityList(Paging):
    """Which entities, and in what order; values of the same parameter are alternatives."""

    filter = fields.List(
        fields.String(),
        load_default=[],
        metadata={"description": "Backstage's filter: `kind=component,spec.type=service`."},
    )
    q = fields.String(
        load_default="", metadata={"description": "Text in name, title, description or tags."}
    )
    kind = fields.List(fields.String(), load_default=[])
    owner = fields.List(
        fields.String(), load_default=[], metadata={"description": "Ref; by default of a group."}
    )
    type = fields.List(fields.String(), load_default=[], metadata={"description": "`spec.type`."})
    lifecycle = fields.List(fields.String(), load_default=[])
    system = fields.List(
        fields.String(), load_default=[], metadata={"description": "Ref; by default of a system."}
    )
    tag = fields.List(fields.String(), load_default=[])
    level = fields.List(
        fields.String(),
        load_default=[],
        metadata={
            "description": "Scorecard and level, `service-maturity:Managed`; `not-assessed` for a level "
            "are those without a result. Levels on one scorecard are alternatives."
        },
    )
    column = fields.List(
        fields.String(),
        load_default=[],
        metadata={
            "description": "Of the CSV, beside ref, kind, name and title: `type`, `lifecycle`, `owner`, "
            "`system`, `tags`, `level:` with a scorecard, `failing`; `name` for none. By default every "
            "one. JSON has everything."
        },
    )
    sort = fields.String(
        load_default="name",
        validate=validate.OneOf([sign + name for name in SORTS for sign in ("", "-")]),
        metadata={"description": "A leading `-` turns the order round."},
    )
    format = fields.String(
        load_default=None,
        validate=validate.OneOf(["json", "csv"]),
        metadata={"description": "`csv` is of the whole list. By default what `Accept` prefers."},
    )


def chosen_columns(said: Sequence[str], scorecards: Sequence[Scorecard]) -> tuple[str, ...]:
    """The columns of a table beside its first ones, in order; all where none is named.

    Raises `Refusal` for what is none.
    """
    *first, last = COLUMNS
    known = (*first, *(ON_LEVEL + card.name for card in scorecards), last)
    for name in said:
        if name not in (NAME_ALONE, *known):
            raise Refusal("INVALID_VALUE", f"There is no column {name}")
    return tuple(name for name in known if not said or name in said)


def entity_query(asked: dict[str, Any], scorecards: Sequence[Scorecard]) -> EntityQuery:
    """The query of a list. Raises `Refusal` and `QueryError`."""
    parts: list[Filter] = []
    if (given := parse_filters(asked["filter"])) is not None:
        parts.append(given)
    for key, values in (
        ("kind", asked["kind"]),
        ("spec.type", asked["type"]),
        ("spec.lifecycle", asked["lifecycle"]),
        ("metadata.tags", asked["tag"]),
        ("relations.ownedby", _refs(asked["owner"], "group")),
        ("relations.partof", _refs(asked["system"], "system")),
    ):
        if values:
            parts.append(Equals(key=key, values=tuple(value.lower() for value in values)))
    parts += _on_levels(asked["level"], scorecards)
    sort = asked["sort"]
    return EntityQuery(
        filter=All(parts=tuple(parts)) if parts else None,
        order=Order(field=SORTS[sort.removeprefix("-")], descending=sort.startswith("-")),
        full_text=FullText(term=asked["q"], fields=_TEXT_FIELDS) if asked["q"].strip() else None,
        limit=asked["limit"],
        cursor=asked["cursor"],
    )


def _on_levels(said: Sequence[str], scorecards: Sequence[Scorecard]) -> Iterator[Filter]:
    """For each scorecard that is named, one of its levels that are."""
    cards = {card.name: card for card in scorecards}
    named: dict[str, set[str]] = {}
    for text in said:
        name, _, level = text.partition(":")
        levels = [one.name.lower() for one in cards[name].levels] if name in cards else []
        if level.lower() not in (*levels, NOT_ASSESSED):
            raise Refusal("INVALID_VALUE", f"`level` is not a scorecard and a level of it: {text}")
        named.setdefault(name, set()).add(level.lower())
    return (on_named(cards[name], levels) for name, levels in named.items())


_TEXT_FIELDS = ("metadata.name", "metadata.title", "metadata.description", "metadata.tags")


def _refs(texts: Sequence[str], kind: str) -> list[str]:
    return [str(asked_ref(text, kind)) for text in texts]
