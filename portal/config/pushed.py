"""Facts that may be pushed: `plumbline.facts.pushed`, as records."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from portal.config.durations import Duration
from portal.config.fields import Strict
from scorecards.collection.pushed import ABSENT, Declared, is_name, read_value
from scorecards.facts import FactSchema, FactType


def _is_name(text: str) -> None:
    if not is_name(text) or len(text) > 100:
        raise ValidationError("must be a dotted name in lower case: coverage.line_pct")


class PushedFact(Strict):
    """One entry; its result is a `Declared`."""

    name = fields.String(required=True, validate=_is_name)
    type = fields.String(required=True, validate=validate.OneOf([kind.value for kind in FactType]))
    description = fields.String(required=True, validate=validate.Length(1, 500))
    when_absent = fields.Raw(data_key="whenAbsent")
    ttl = Duration()

    @post_load
    def _declared(self, data: dict[str, Any], **_: Any) -> Declared:
        kind = FactType(data["type"])
        absent = ABSENT[kind]
        if "when_absent" in data:
            try:
                absent = read_value(kind, data["when_absent"])
            except ValueError as error:
                raise ValidationError(f"must be {error}", "whenAbsent") from None
        schema = FactSchema(
            name=data["name"], type=kind, description=data["description"], when_absent=absent
        )
        return Declared(schema=schema, ttl=data.get("ttl") or None)


def once_each(facts: list[Declared]) -> None:
    """Refuse a name that is declared twice."""
    names = [fact.schema.name for fact in facts]
    if len(set(names)) < len(names):
        raise ValidationError("must name each fact once")
