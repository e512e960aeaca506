"""Lists that are read forward only: the page that the address asks for, and the line under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import request

from catalog.errors import QueryError
from portal.db.page import Page
from portal.ui.models.paging import Pager, Params, forward, start_of

Item = TypeVar("Item")


def read_page(read: Callable[[str | None], Page[Item]]) -> Page[Item]:
    """What `read` gives from the place in the address on; nothing where no page has given that place."""
    try:
        return read(request.args.get("after"))
    except QueryError:
        return Page(items=(), after=None)


def pager_of(params: Params, found: Page[Any], *, total: int | None = None) -> Pager:
    """The line under a page; `params` are those of the first one."""
    start = start_of(request.args.get("from"))
    return forward(params, start=start, shown=len(found.items), after=found.after, total=total)
