"""Schedules: when what a provider finds is read, apart from the sweep.

The keys are those of Backstage's `SchedulerServiceTaskScheduleDefinitionConfig` (reference 4.12).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from croniter import croniter
from marshmallow import ValidationError, fields, post_load, validate

from portal.config.durations import Duration
from portal.config.fields import Strict

_SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Cron:
    """Times by the calendar, in UTC: five fields, or six with the seconds first."""

    fields: str

    def after(self, time: datetime) -> datetime:
        """The first of the times that is later; ValueError where there is none."""
        found: datetime = croniter(self.fields, time, second_at_beginning=True).get_next(datetime)
        return found


Frequency: TypeAlias = timedelta | Cron | None
"""None: never by itself, only when it is asked for."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When one location is read."""

    frequency: Frequency
    initial_delay: timedelta = timedelta(0)
    """For which nothing is read by itself after a start."""
    timeout: timedelta
    """How long one reading of it may go on asking."""

    def is_due(self, *, last: datetime | None, started: datetime, now: datetime) -> bool:
        """Whether it is time: of the start and the last turn, of which there may have been none."""
        if now < started + self.initial_delay:
            return False
        if last is not None and last > now:  # by a clock that has since been set back
            last = None
        match self.frequency:
            case None:
                return False
            case timedelta():
                return last is None or last <= now - self.frequency
            case Cron():
                return self.frequency.after(last or started) <= now


class _Frequency(fields.Field[Any]):
    """A duration, `{cron: ...}` or `{trigger: manual}`; its result is a `Frequency`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Frequency:
        match value:
            case {"cron": str(text), **more} if not more:
                return _cron(text)
            case {"trigger": "manual", **more} if not more:
                return None
        try:
            return _some(Duration().deserialize(value))
        except ValidationError:
            raise ValidationError(
                "must be a duration longer than nothing, {cron: '0 * * * *'} or {trigger: manual}"
            ) from None

    def form(self) -> Any:
        """A duration's, and two objects."""
        others = [
            {
                "type": "object",
                "required": [key],
                "properties": {key: form},
                "additionalProperties": False,
            }
            for key, form in {"cron": {"type": "string"}, "trigger": {"const": "manual"}}.items()
        ]
        return {"anyOf": [Duration(), *others]}


def _some(duration: timedelta) -> timedelta:
    if not duration:
        raise ValidationError("must be longer than nothing")
    return duration


def _cron(text: str) -> Cron:
    found = Cron(fields=" ".join(text.split()))
    try:
        # What reads them would take an R for a time by chance, another one whenever it is asked.
        if len(text.split()) not in (5, 6) or re.search(r"\br", text, re.IGNORECASE):
            raise ValueError
        found.after(_SOME_DAY)
    except ValueError:
        raise ValidationError(
            "must be five fields of times that come, or six with the seconds first: 0 */6 * * *"
        ) from None
    return found


class ScheduleKeys(Strict):
    """One `schedule`; its result is a `Schedule`."""

    frequency = _Frequency(required=True)
    timeout = Duration(required=True, validate=_some)
    initial_delay = Duration(data_key="initialDelay")
    # Whether every process runs it, or one of all: here all have one database, and one reads.
    scope = fields.String(validate=validate.OneOf(("global", "local")))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Schedule:
        data.pop("scope", None)
        return Schedule(**data)
