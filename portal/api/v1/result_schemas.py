"""The schemas of results: what each check says of an entity, from what, and the way to the next level."""

from __future__ import annotations

from marshmallow import fields, validate

from portal.api.v1.conventions import Answer
from portal.api.v1.schemas import (
    LIFECYCLE,
    NOT_ASSESSED,
    OUTCOMES,
    LevelAnswer,
    LinkAnswer,
    NotAssessedAnswer,
    StandingAnswer,
    time_field,
)


class LeafAnswer(Answer):
    """A leaf of a rule."""

    expression = fields.String()
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))


class ExcuseAnswer(Answer):
    """The exemption that a check is under, and what it would have said without."""

    id = fields.Integer()
    until = time_field("When it expires.")
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    reason = fields.String()


class HeldAnswer(Answer):
    """A failure that does not count yet: until it has lasted for the check's `grace`, it passes."""

    since = time_field("When the failure was first found.")
    until = time_field("When it will count, if it lasts.")


class CheckResultAnswer(Answer):
    """What a check says about an entity, from what, and what to do."""

    check = fields.String()
    title = fields.String()
    category = fields.String()
    level = fields.Nested(LevelAnswer)
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    counts = fields.Boolean(metadata={"description": "For levels: a preview does not, yet."})
    lifecycle = fields.Raw(metadata={"description": LIFECYCLE})
    reason = fields.String()
    since = time_field("When the outcome began.", nullable=True)
    observed = fields.Dict(keys=fields.String(), metadata={"description": "Values, by name."})
    expected = fields.String()
    not_known = fields.Dict(
        data_key="unknown",
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Why facts are not known, by name."},
    )
    exemption = fields.Nested(ExcuseAnswer, allow_none=True)
    held = fields.Nested(HeldAnswer, allow_none=True)
    leaves = fields.List(fields.Nested(LeafAnswer))
    why = fields.String(metadata={"description": "Markdown."})
    fix = fields.String(metadata={"description": "Markdown, filled in for this entity."})
    effort = fields.String()
    links = fields.List(fields.Nested(LinkAnswer))


class StepAnswer(Answer):
    """One thing to do for the next level."""

    check = fields.String()
    title = fields.String()
    action = fields.String(validate=validate.OneOf(["fix", "find_out", "report"]))
    effort = fields.String()


class ChangeOfLeafAnswer(Answer):
    """A leaf of a rule that has to become another one."""

    expression = fields.String()
    becomes = fields.Boolean(
        allow_none=True,
        metadata={"description": "Null: whether a check applies has to be found out."},
    )
    action = fields.String(validate=validate.OneOf(["fix", "find_out", "report"]))
    effort = fields.String()
    minutes = fields.Integer(metadata={"description": "What the effort counts; 0 for a report."})
    checks = fields.List(fields.String(), metadata={"description": "Ids of those that ask for it."})


class PlanAnswer(Answer):
    """The cheapest way to the next level: of alternatives the cheapest, what is shared once."""

    level = fields.Nested(LevelAnswer)
    minutes = fields.Integer(metadata={"description": "Of work, for all changes together."})
    reachable = fields.Boolean(metadata={"description": "False: the rules contradict each other."})
    exact = fields.Boolean(metadata={"description": "False: there may be a cheaper way."})
    changes = fields.List(fields.Nested(ChangeOfLeafAnswer))


class ResultAnswer(StandingAnswer):
    """A scorecard's result for an entity, explained."""

    not_assessed = fields.Nested(
        NotAssessedAnswer, allow_none=True, metadata={"description": NOT_ASSESSED}
    )
    version = fields.String(metadata={"description": "Digest of the definition it was made with."})
    next_steps = fields.List(
        fields.Nested(StepAnswer), metadata={"description": "To the next level, cheapest first."}
    )
    plan = fields.Nested(
        PlanAnswer,
        allow_none=True,
        metadata={"description": "Null at the top, and where the definition has changed since."},
    )
    checks = fields.List(fields.Nested(CheckResultAnswer))
