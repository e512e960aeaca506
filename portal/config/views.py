"""Views of the catalog page that everybody gets: `plumbline.catalog.views`, as records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from marshmallow import ValidationError, fields, post_load, validate

from catalog.errors import RefError
from catalog.refs import parse_ref
from portal.config.fields import Strict, UnknownWord

MOST = 20
"""Views of a portal: more are a list that nobody reads."""

FILTERS = ("kind", "type", "lifecycle", "owner", "system", "tag", "level", "within", "q")
"""Parameters of the page that choose entities; of the last two there is one each."""

COLUMNS = ("type", "lifecycle", "owner", "system", "tags", "failing")
"""What the page can show beside the name of an entity, in this order; before the last, levels."""

ON_LEVEL = "level:"
"""Before the name of a scorecard: the column of its levels."""

NAME_ALONE = "name"
"""The column that is always there: without any other one it asks for it alone."""

SORTED_BY = ("name", "type", "lifecycle")
"""What the page can be sorted by; with a `-` before it, the other way round."""


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A query of the catalog page, by a name."""

    name: str
    """Identifier: lower case letters, digits and `-`."""
    title: str
    parameters: tuple[tuple[str, str], ...]
    """Of the page's URL, in order; at least one."""


def read_parameters(text: str) -> tuple[tuple[str, str], ...]:
    """The parameters of a query as it stands in the address, with or without the `?`.

    Raises `ValidationError` for what the page would not heed.
    """
    try:
        found = parse_qsl(text.removeprefix("?"), strict_parsing=True, keep_blank_values=True)
    except ValueError:
        raise ValidationError("must be of the form kind=component&lifecycle=production") from None
    for name, value in found:
        _check(name, value)
    if not any(name in (*FILTERS, "column") for name, _ in found):
        raise ValidationError(f"must choose by one of {', '.join((*FILTERS, 'column'))}")
    names = [name for name, _ in found]
    for name in ("within", "q", "sort"):
        if names.count(name) > 1:
            raise ValidationError(f"must have {name} once")
    return tuple(found)


def _check(name: str, value: str) -> None:
    known = (*FILTERS, "sort", "column")
    if name not in known:
        raise ValidationError(
            [UnknownWord(found=name, known=known, kind="parameter of the catalog")]
        )
    if not value.strip():
        raise ValidationError(f"has {name} without a value")
    if name == "sort" and value.removeprefix("-") not in SORTED_BY:
        raise ValidationError(f"must be sorted by one of {', '.join(SORTED_BY)}")
    if name in ("within", "owner", "system"):
        _check_ref(name, value)
    if name == "level" and not all(value.partition(":")):
        raise ValidationError(
            "must have a scorecard and a level as level: service-maturity:Managed"
        )
    if name == "column" and not is_column(value):
        words = ", ".join((NAME_ALONE, *COLUMNS))
        raise ValidationError(f"must have one of {words} or {ON_LEVEL}<scorecard> as column")


def is_column(text: str) -> bool:
    """Whether it names a column of the page, or would, if there is such a scorecard."""
    return text in (NAME_ALONE, *COLUMNS) or (text.startswith(ON_LEVEL) and text != ON_LEVEL)


def _check_ref(name: str, value: str) -> None:
    try:
        kind = parse_ref(value).kind.lower()
    except RefError:
        raise ValidationError(f"must have a whole reference as {name}: group:default/x") from None
    if name == "within" and kind not in ("group", "domain"):
        raise ValidationError("must be within a group or a domain")


class _Query(fields.String):
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return read_parameters(super()._deserialize(value, *args, **kwargs))


class CatalogView(Strict):
    """One entry; its result is a `View`."""

    name = fields.String(
        required=True,
        validate=validate.Regexp(
            re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z"),
            error="must be of lower case letters, digits and hyphens",
        ),
    )
    title = fields.String(required=True, validate=validate.Length(1, 60))
    query = _Query(required=True)

    @post_load
    def _view(self, data: dict[str, Any], **_: Any) -> View:
        return View(name=data["name"], title=data["title"], parameters=data["query"])


def distinct(views: list[View]) -> None:
    """Refuse a name that is used twice, and more views than anybody reads."""
    names = [view.name for view in views]
    if len(set(names)) < len(names):
        raise ValidationError("must have each name once")
    if len(views) > MOST:
        raise ValidationError(f"must be at most {MOST}")
