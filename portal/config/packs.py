"""The packs that are on: `plumbline.packs`, as records."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from portal.config.fields import Strict, UnknownWord
from scorecards.collection.feeding import SwitchedOn
from scorecards.collection.packs import names


def _is_pack(text: str) -> None:
    if text not in names():
        raise ValidationError([UnknownWord(found=text, known=names(), kind="pack")])


class _Pack(Strict):
    name = fields.String(required=True, validate=_is_pack)
    source = fields.String(validate=validate.OneOf(["push"]))

    @post_load
    def _switched_on(self, data: dict[str, Any], **_: Any) -> SwitchedOn:
        return SwitchedOn(name=data["name"], pushed="source" in data)


class PackSwitch(fields.Field[SwitchedOn]):
    """The name of a pack, or `{name: security, source: push}`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> SwitchedOn:
        if isinstance(value, dict):
            switch: SwitchedOn = _Pack().load(value)
            return switch
        if not isinstance(value, str):
            raise ValidationError("must be the name of a pack, or an object with name and source")
        _is_pack(value)
        return SwitchedOn(name=value)

    def form(self) -> Any:
        """The names that there are, or the object."""
        return {"anyOf": [{"enum": [*names()]}, _Pack()]}


def on_once(switches: list[SwitchedOn]) -> None:
    """Refuse a pack that is named twice."""
    if len({switch.name for switch in switches}) < len(switches):
        raise ValidationError("must name each pack once")
