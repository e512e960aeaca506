"""What the discovery providers of `catalog.providers` are made of: entries, and patterns in them."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields

from plugins.contract import DEFAULT_ID
from portal.config.fields import Strict
from portal.config.schedules import ScheduleKeys


class Pattern(fields.String):
    """A regular expression of JavaScript's, as far as Python reads the same."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        try:
            re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", text))
        except re.error as error:
            raise ValidationError(f"is no regular expression: {error.msg}") from None
        return text


class Patterns(fields.Field[Any]):
    """A regular expression, or a list of them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        given = value if isinstance(value, list) else [value]
        return tuple(str(Pattern().deserialize(one)) for one in given)

    def form(self) -> Any:
        """One, or a list."""
        return one_or_more(Pattern())


class Provider(fields.Field[Any]):
    """The entries of one provider: an object, a map of them by id, or a list, as it takes them.

    The result is a map by id.
    """

    def __init__(self, *, alone: tuple[str, ...] = (), listed: bool = False, **keys: Any) -> None:
        """`alone`: keys of which each entry has one, and so has the object that is no map of ids."""
        super().__init__()
        self._schema = strict(**keys, schedule=fields.Nested(ScheduleKeys))
        self._alone = alone
        self._listed = listed

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if self._listed and isinstance(value, list):
            return _with_own_ids(self._each(list(enumerate(value))))
        if not isinstance(value, dict):
            raise ValidationError("must be an object of keys and values")
        if self._listed or any(key in value for key in self._alone):
            return {DEFAULT_ID: self._load(value)}
        return self._each(list(value.items()))

    def _load(self, entry: Any) -> Any:
        try:
            loaded = self._schema().load(entry)
        except ValidationError as error:
            # Without what is valid of it: half a provider is none.
            raise ValidationError(error.messages) from None
        if self._alone and not any(key in loaded for key in self._alone):
            raise ValidationError(f"must have {' or '.join(self._alone)}")
        return loaded

    def _each(self, entries: list[tuple[Any, Any]]) -> Any:
        errors, loaded = {}, {}
        for name, entry in entries:
            try:
                loaded[name] = self._load(entry)
            except ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise ValidationError(errors)
        return loaded

    def form(self) -> Any:
        """As it takes them; a file may say of the only entry what others complete."""
        entry = self._schema()
        if self._listed:
            return one_or_more(entry)
        by_id = {"type": "object", "additionalProperties": entry}
        return {"anyOf": [entry, by_id]} if self._alone else by_id


def _with_own_ids(entries: dict[Any, Any]) -> dict[Any, Any]:
    """The entries of a list, whose ids tell them apart where they have some."""
    known: set[str] = set()
    for index, entry in entries.items():
        if entry.get("id") in known:
            raise ValidationError({index: {"id": ["names another entry, too"]}})
        known |= {entry["id"]} if "id" in entry else set()
    return entries


def one_or_more(of: fields.Field[Any] | Schema) -> Any:
    """The form of one of these, or a list of them."""
    return {"anyOf": [of, {"type": "array", "items": of}]}


def strict(**keys: fields.Field[Any]) -> type[Schema]:
    """An object that has these keys and no others."""
    return Strict.from_dict(keys, name="Provider")
