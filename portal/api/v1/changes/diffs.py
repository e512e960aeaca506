"""Diffs as the API shows them: the operation, the place, and both values as far as there is room."""

from __future__ import annotations

from typing import Any, assert_never

import orjson
from marshmallow import fields, validate

from catalog.diffing import Added, Change, Changed, Diff, Removed
from catalog.problems import JsonValue
from portal.api.v1.conventions import Answer

LARGEST_VALUE = 2_000
"""Bytes of JSON of a value that is shown whole."""


class ChangeAnswer(Answer):
    """A field that came, went, or is another one."""

    op = fields.String(validate=validate.OneOf(["add", "remove", "replace"]))
    pointer = fields.String(
        metadata={"description": "JSON pointer; of `add` in the later value, else in the earlier."}
    )
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)
    cut = fields.Boolean(metadata={"description": "A value is too long to be shown whole."})


def changes(found: Diff) -> dict[str, Any]:
    """The changes of a diff, and whether these are all."""
    return {
        "changes": [_change(change) for change in found.changes],
        "truncated": found.truncated,
    }


def _change(change: Change) -> dict[str, Any]:
    before: JsonValue = None
    after: JsonValue = None
    match change:
        case Added(pointer=pointer, after=value):
            op, after = "add", value
        case Removed(pointer=pointer, before=value):
            op, before = "remove", value
        case Changed(pointer=pointer, before=before, after=after):
            op = "replace"
        case _:
            assert_never(change)
    shown, shown_after = _shown(before), _shown(after)
    return {
        "op": op,
        "pointer": pointer,
        "before": shown,
        "after": shown_after,
        "cut": shown is not before or shown_after is not after,
    }


def _shown(value: JsonValue) -> JsonValue:
    """The value, or what there is room for: the start of a text, and nothing of a structure."""
    if len(orjson.dumps(value)) <= LARGEST_VALUE:
        return value
    return f"{value[: LARGEST_VALUE // 2]}…" if isinstance(value, str) else None
