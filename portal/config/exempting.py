"""`plumbline.exemptions`: who may exempt what from checks, how much of it, and for how long."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields, post_load

from portal.config.durations import Duration
from portal.config.fields import Flag, Strict
from scorecards.people.exemptions import Budget

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%")


class BudgetField(fields.Field[Budget]):
    """`20` exempted entities, or `10%` of those that are assessed."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Budget:
        text = "" if isinstance(value, bool) else str(value).strip()
        if re.fullmatch(r"\d{1,9}", text):
            return Budget(most=int(text))
        share = _SHARE.fullmatch(text)
        if share and float(share[1]) <= 100:
            return Budget(share=float(share[1]) / 100)
        raise ValidationError("must be a number of entities, or a part of them: 20, 10%")

    def form(self) -> Any:
        """A number, or a text."""
        text = {"type": "string", "pattern": rf"^\s*(?:\d{{1,9}}|{_SHARE.pattern})\s*$"}
        return {"anyOf": [{"type": "integer", "minimum": 0}, text]}


class _Longest(Duration):
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> timedelta:
        duration = super()._deserialize(value, *args, **kwargs)
        if not duration:
            raise ValidationError("must be longer than nothing")
        return duration


class _Budgets(Strict):
    owner = BudgetField()
    scorecard = BudgetField()


class Exemptions(Strict):
    """The section, as the fields of a `Policy` that it sets."""

    longest = _Longest()
    self_approval = Flag(data_key="selfApproval")
    approvers = fields.List(fields.String())
    budget = fields.Nested(_Budgets)

    @post_load
    def _policy(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        budget = data.pop("budget", {})
        if "approvers" in data:
            data["approvers"] = tuple(data["approvers"])
        named = {"per_owner": budget.get("owner"), "per_scorecard": budget.get("scorecard")}
        return data | {name: value for name, value in named.items() if value is not None}
