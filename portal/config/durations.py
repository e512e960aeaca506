"""Durations of a config, in all the spellings that Backstage takes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields

_SECONDS = {
    "years": 31_557_600.0,
    "months": 2_629_800.0,
    "weeks": 604_800.0,
    "days": 86_400.0,
    "hours": 3_600.0,
    "minutes": 60.0,
    "seconds": 1.0,
    "milliseconds": 0.001,
}

_UNITS = {
    **{spelling: name for name in _SECONDS for spelling in (name, name[:-1])},
    "y": "years",
    "yr": "years",
    "yrs": "years",
    "w": "weeks",
    "d": "days",
    "h": "hours",
    "hr": "hours",
    "hrs": "hours",
    "m": "minutes",
    "min": "minutes",
    "mins": "minutes",
    "s": "seconds",
    "sec": "seconds",
    "secs": "seconds",
    "ms": "milliseconds",
    "msec": "milliseconds",
    "msecs": "milliseconds",
}

_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
_WORDS = re.compile(rf"{_NUMBER} ?([A-Za-z]+)")
_ISO = re.compile(
    rf"P(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=.)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)
_LONGEST = 100 * _SECONDS["years"]


class Duration(fields.Field[timedelta]):
    """`30m`, `2 hours`, `PT30M`, or an object: `{hours: 24}`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        seconds = _seconds(value)
        if seconds is None or seconds > _LONGEST:
            raise ValidationError("must be a duration: 30m, 24h, 7d, PT30M or {hours: 24}")
        return timedelta(seconds=seconds)

    def form(self) -> Any:
        """A text, or units with their numbers."""
        text = rf"^\s*(?:{_ISO.pattern}|{_WORDS.pattern})\s*$"
        number = {"type": "number", "minimum": 0}
        return {
            "anyOf": [
                {"type": "string", "pattern": text},
                {
                    "type": "object",
                    "minProperties": 1,
                    "properties": dict.fromkeys(_SECONDS, number),
                    "additionalProperties": False,
                },
            ]
        }


class Interval(Duration):
    """A duration longer than nothing, or `false` for never: None."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> timedelta | None:  # type: ignore[override]
        if value is False or value == "false":
            return None
        duration = super()._deserialize(value, *args, **kwargs)
        if not duration:
            raise ValidationError("must be longer than nothing, or false")
        return duration

    def form(self) -> Any:
        """A duration's, and `false`."""
        return {"anyOf": [{"enum": [False, "false"]}, *super().form()["anyOf"]]}


def _seconds(value: Any) -> float | None:
    match value:
        case str():
            text = value.strip()
            if iso := _ISO.fullmatch(text):
                names = [name for name in _SECONDS if name != "milliseconds"]
                given = [
                    (name, part) for name, part in zip(names, iso.groups(), strict=True) if part
                ]
                return sum(_SECONDS[n] * float(part) for n, part in given) if given else None
            words = _WORDS.fullmatch(text)
            unit = _UNITS.get(words[2].lower()) if words else None
            return float(words[1]) * _SECONDS[unit] if words and unit else None
        case dict() if value and value.keys() <= _SECONDS.keys():
            numbers = [v for v in value.values() if type(v) in (int, float) and 0 <= v < 1e9]
            if len(numbers) == len(value):
                return sum(_SECONDS[part] * float(n) for part, n in value.items())
    return None
