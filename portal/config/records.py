"""A record as a schema: the fields of a frozen dataclass are the keys of an object.

`api_base_url` is written `apiBaseUrl`; a field without a default must be given; types say what may
stand there, and the names of hosts and URLs what more there is to check.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from marshmallow import Schema, post_load
from marshmallow import fields as written

from portal.config.fields import Flag, Host, Strict, Text, Url

_TYPES: dict[Any, type[written.Field[Any]]] = {str: Text, bool: Flag, int: written.Integer}


def schema_of(record: type[Any]) -> type[Schema]:
    """The schema whose result is a `record`."""
    hints = get_type_hints(record)
    keys = {
        field.name: _field(field.name, hints[field.name], required=field.default is MISSING)
        for field in fields(record)
    }

    class Record(Strict.from_dict(keys)):  # type: ignore[misc]
        @post_load
        def _record(self, data: dict[str, Any], **_: Any) -> Any:
            lists = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
            return record(**lists)

    return Record


def _field(name: str, hint: Any, *, required: bool) -> written.Field[Any]:
    options: dict[str, Any] = {"data_key": _camel(name), "required": required}
    if isinstance(hint, UnionType):  # `X | None`: it may be left out
        [hint] = [part for part in get_args(hint) if part is not NoneType]
    if get_origin(hint) is tuple:
        return written.List(_field(name, get_args(hint)[0], required=False), **options)
    if hint not in _TYPES:
        return written.Nested(schema_of(hint), **options)
    if hint is str and name == "host":
        return Host(**options)
    if hint is str and name.endswith(("_url", "endpoint")):
        return Url(**options)
    return _TYPES[hint](**options)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
