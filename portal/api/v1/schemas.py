"""The schemas of answers that resources share. Answers are built in `portal.api.v1.forms`."""

from __future__ import annotations

from marshmallow import fields, validate

from portal.api.v1.conventions import Answer
from scorecards.facts import FactType
from scorecards.results import Outcome

PAST = "With `as_of`: the version of then. What is null beside it is not kept of the past."
LIFECYCLE = "`active`, or an object with `stage`, and the day `from` or `until` it is another."
OUTCOMES = [outcome.value for outcome in Outcome]
SEVERITIES = ["error", "warning", "info"]


def time_field(description: str, *, nullable: bool = False) -> fields.String:
    """A time, RFC 3339 in UTC."""
    return fields.String(
        allow_none=nullable, metadata={"format": "date-time", "description": description}
    )


class ProblemAnswer(Answer):
    """A fault in something that a user wrote."""

    code = fields.String(metadata={"description": "UPPER_SNAKE, stable."})
    severity = fields.String(validate=validate.OneOf(SEVERITIES))
    message = fields.String()
    hint = fields.String(metadata={"description": "What to do about it."})
    file = fields.String(metadata={"description": "Path inside its repository."})
    document = fields.Integer(allow_none=True, metadata={"description": "In its file, from 0."})
    line = fields.Integer(allow_none=True)
    column = fields.Integer(allow_none=True)
    pointer = fields.String(metadata={"description": "JSON pointer in its document."})
    found = fields.String()
    expected = fields.String()


class PlacedProblemAnswer(ProblemAnswer):
    """A fault, and where its file is."""

    ref = fields.String(allow_none=True, metadata={"description": "Entity that has it."})
    repository = fields.String()
    repository_url = fields.String()
    location = fields.String(metadata={"description": "Id of the location."})


class LevelAnswer(Answer):
    """A level of a scorecard."""

    rank = fields.Integer(metadata={"description": "0 is the floor."})
    name = fields.String()


class StandingAnswer(Answer):
    """Where an entity stands on a scorecard."""

    scorecard = fields.String()
    title = fields.String()
    proven = fields.Nested(LevelAnswer, metadata={"description": "Level reached for certain."})
    possible = fields.Nested(
        LevelAnswer, metadata={"description": "Level reached if all that is unknown passes."}
    )
    passed = fields.Integer()
    failed = fields.Integer()
    not_known = fields.Integer(
        data_key="unknown", metadata={"description": "Unknown outcomes, and broken rules."}
    )
    evaluated_at = time_field("When it was first found so.")


class LinkAnswer(Answer):
    """Where to read more."""

    title = fields.String()
    url = fields.String()


class NotAssessedAnswer(Answer):
    """Why an entity could not be assessed when that was last tried: results are from before."""

    reason = fields.String()
    since = time_field("When it could not for the first time since it last could.")


NOT_ASSESSED = "Null: it could be, when that was last tried."


class FactAnswer(Answer):
    """One fact about an entity."""

    name = fields.String()
    type = fields.String(metadata={"description": "Empty where no installed collector says it."})
    state = fields.String(validate=validate.OneOf(["known", "missing", "failed"]))
    value = fields.Raw(allow_none=True, metadata={"description": "Null unless it is known."})
    path = fields.String(metadata={"description": "File or field that showed it."})
    line = fields.Integer(allow_none=True)
    looked_for = fields.String(metadata={"description": "What would have shown it."})
    reason = fields.String(
        metadata={"description": "Why it could not be looked for; `not_collected`: not yet."}
    )
    detail = fields.String()


class FactRecordAnswer(Answer):
    """What one collector observed about an entity."""

    collector = fields.String()
    version = fields.String()
    url = fields.String(metadata={"description": "Where it looked, or the run that said so."})
    revision = fields.String()
    observed_at = time_field("When it was first seen so; null: never yet.", nullable=True)
    age = fields.Integer(allow_none=True, metadata={"description": "Seconds since then."})
    valid_until = time_field("When it becomes stale.", nullable=True)
    stale = fields.Boolean(
        metadata={"description": "Whether that is past: to rules these facts are unknown."}
    )
    facts = fields.List(fields.Nested(FactAnswer))


class OriginAnswer(Answer):
    """Where an entity comes from."""

    location = fields.String(metadata={"description": "Id of the location."})
    repository = fields.String()
    repository_url = fields.String()
    revision = fields.String()
    path = fields.String()
    url = fields.String()
    document = fields.Integer()


class VersionAnswer(Answer):
    """An entity as it was for a while, or is."""

    version = fields.Integer(
        metadata={"description": "The catalog's sequence number at which it came."}
    )
    ref = fields.String(metadata={"description": "Of then: entities can be renamed."})
    uid = fields.String()
    since = time_field("When it came.")
    until = time_field("When it ended; null: it is the present one.", nullable=True)
    revision = fields.String(metadata={"description": "Commit that it was read from."})
    url = fields.String(metadata={"description": "Location ref of the file that declared it."})
    document = fields.Integer(metadata={"description": "In its file, from 0."})


class EntityItemAnswer(Answer):
    """An entity in a list."""

    ref = fields.String()
    updated_at = time_field("When its descriptor last changed it.")
    scorecards = fields.List(fields.Nested(StandingAnswer))
    entity = fields.Dict(metadata={"description": "The entity, as Backstage answers it."})


class EntityPageAnswer(Answer):
    """A page of entities."""

    items = fields.List(fields.Nested(EntityItemAnswer))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer(metadata={"description": "How many match."})


class EntityAnswer(EntityItemAnswer):
    """An entity, and all that is known about it."""

    as_of = fields.Nested(VersionAnswer, allow_none=True, metadata={"description": PAST})
    created_at = time_field("When it was first read.", nullable=True)
    origin = fields.Nested(OriginAnswer, allow_none=True)
    scorecards = fields.List(fields.Nested(StandingAnswer), allow_none=True)
    not_assessed = fields.Nested(
        NotAssessedAnswer, allow_none=True, metadata={"description": NOT_ASSESSED}
    )
    waiting = fields.Boolean(
        allow_none=True,
        metadata={
            "description": "It waits to be looked at: without `scorecards` it is not assessed yet, with "
            "them it is assessed anew. Where it does not, and there are none, none applies."
        },
    )
    facts = fields.List(fields.Nested(FactRecordAnswer), allow_none=True)
    problems = fields.List(fields.Nested(PlacedProblemAnswer), allow_none=True)


class TicketAnswer(Answer):
    """Work that is promised."""

    key = fields.String()
    ticket = fields.String(metadata={"description": "Names this promise."})


class FactSchemaAnswer(Answer):
    """What a collector promises about a fact."""

    name = fields.String()
    type = fields.String(validate=validate.OneOf([kind.value for kind in FactType]))
    description = fields.String()
    when_absent = fields.Raw(metadata={"description": "What rules see while it is missing."})
