"""Views of the catalog that somebody named for themselves: what a cookie of their browser says.

In a browser and not in the database, as the chosen team: whoever signs in by a link is the operator, and
no two of them can be told apart. A view is a name for an address, so that nothing is lost with it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from urllib.parse import urlencode

import orjson
from marshmallow import ValidationError

from portal.config.views import View, read_parameters

MOST = 12
LONGEST_TITLE = 60
LONGEST = 3_500
"""Characters of the cookie: browsers keep 4,096 bytes with its name and attributes."""


def read_views(cookie: str) -> tuple[View, ...]:
    """The views that a cookie says, in order; whatever in it makes no sense is left out."""
    try:
        padded = cookie + "=" * (-len(cookie) % 4)
        said = orjson.loads(base64.b64decode(padded.encode(), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        return ()
    found: dict[str, View] = {}
    for one in said if isinstance(said, list) else ():
        match one:
            case [str(title), str(query)] if not fault_of_title(title):
                view = view_of(title, query)
                if view is not None:
                    found.setdefault(title.casefold(), view)
    return tuple(found.values())[:MOST]


def written(views: Iterable[View]) -> str:
    """The value of the cookie."""
    said = [[view.title, urlencode(view.parameters)] for view in views]
    return base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip("=")


def view_of(title: str, query: str) -> View | None:
    """The view of a query as it stands in the address; None for what the page would not heed."""
    try:
        return View(name="", title=title, parameters=read_parameters(query))
    except ValidationError:
        return None


def saved(views: tuple[View, ...], title: str, query: str) -> tuple[View, ...] | str:
    """The views with one more at the end, or why it cannot be."""
    if fault := fault_of_title(title) or _taken(views, title):
        return fault
    view = view_of(title, query)
    if view is None:
        return "There is nothing to be named: choose something in the catalog first."
    if len(views) >= MOST:
        return f"There is room for {MOST} views: remove one that you do not need."
    return _fitting((*views, view))


def renamed(views: tuple[View, ...], old: str, title: str) -> tuple[View, ...] | str:
    """The views with another name for one, or why it cannot be."""
    others = tuple(view for view in views if view.title != old)
    if len(others) == len(views):
        return f"There is no view {old} any more."
    if fault := fault_of_title(title) or _taken(others, title):
        return fault
    return _fitting(
        tuple(
            View(name="", title=title, parameters=view.parameters) if view.title == old else view
            for view in views
        )
    )


def fault_of_title(title: str) -> str:
    """What is wrong with a name; '' where nothing is."""
    if 0 < len(title) <= LONGEST_TITLE and title.isprintable() and title.strip() == title:
        return ""
    return f"A name is one line of 1 to {LONGEST_TITLE} characters."


def _taken(views: tuple[View, ...], title: str) -> str:
    if any(view.title.casefold() == title.casefold() for view in views):
        return f"There is a view {title} already: rename or remove it, or choose another name."
    return ""


def _fitting(views: tuple[View, ...]) -> tuple[View, ...] | str:
    if len(written(views)) > LONGEST:
        return "They are too long together for a browser to keep: remove one that you do not need."
    return views
