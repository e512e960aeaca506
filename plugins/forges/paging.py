"""Pages: the lists of GitLab and Gitea, followed to their end, and what makes one doubtful.

An empty page where another was announced, a count that does not come out, an answer that is no list:
each may be all that a forge in trouble has to say, and none is evidence that something is gone (F35).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from plugins.contract import Problem
from plugins.forges import problems
from plugins.forges.api import Api, Reply
from plugins.forges.projects import MOST_PAGES, Found, Project, add_all


def follow(
    api: Api, url: str, read: Callable[[object], Project | None], *, what: str, total: str
) -> Found:
    """All pages of a list, from its first one; `total` is the header that counts the items."""
    asked: list[str] = []
    found = _follow(api, url, read, asked, what=what, total=total)
    if found.problem is not None:
        # One of the pages may not be what its validator stands for.
        api.forget(asked)
    return found


def items(api: Api, url: str, *, what: str, total: str) -> list[dict[str, Any]] | Problem:
    """All items of a list that is no list of repositories, or why they cannot be told."""
    found: list[dict[str, Any]] = []

    def read(item: object) -> Project | None:
        if not isinstance(item, dict):
            return None
        found.append(item)
        return Project(path=f"item/{len(found)}")

    return follow(api, url, read, what=what, total=total).problem or found


def _follow(
    api: Api,
    url: str,
    read: Callable[[object], Project | None],
    asked: list[str],
    *,
    what: str,
    total: str,
) -> Found:
    found, seen = Found(), 0
    here: str | None = url
    while here is not None and found.pages < MOST_PAGES:
        asked.append(here)
        reply = api.get(here, what=what)
        if isinstance(reply, Problem):
            found.problem = reply
            return found
        if not isinstance(reply.data, list):
            found.problem = problems.bad_answer(api.forge, "it is no list")
            return found
        found.pages += 1
        seen += len(reply.data)
        if not add_all(found, reply.data, read):
            found.problem = problems.incomplete(api.forge, "a part of a list is not shown")
            return found
        there = _next(reply)
        if there is not None and (not reply.data or not _is_same_list(url, there)):
            found.problem = problems.incomplete(api.forge, "its pages do not go on")
            return found
        counted = reply.headers.get(total, "")
        if there is None and counted.isdigit() and int(counted) != seen:
            said = f"it counts {counted} and shows {seen} of a list"
            found.problem = problems.incomplete(api.forge, said)
        here = there
    if here is not None:
        found.problem = problems.incomplete(api.forge, "its pages do not end")
    return found


def _next(reply: Reply) -> str | None:
    """The URL of the next page (RFC 8288)."""
    for link in reply.headers.get("link", "").split(","):
        address, _, parameters = link.strip().partition(">")
        if 'rel="next"' in parameters and address.startswith("<"):
            return address[1:]
    return None


def _is_same_list(url: str, there: str) -> bool:
    """Whether a link leads on in the list that was asked for, and to no other host with it."""
    one, other = urlsplit(url), urlsplit(there)
    return (one.scheme, one.netloc, one.path) == (other.scheme, other.netloc, other.path)
