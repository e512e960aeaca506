"""Receiving: a delivery of a webhook becomes keys in the queue, and nothing else.

A forge waits ten seconds and does not ask again, so nothing is read here; what is answered with
"accepted" is committed. Who is in which team is read whole, which may take a hundred requests: it is
asked for seldom, however many deliveries tell of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from catalog.locations import web_url
from plugins.contract import GitHubPeople, GitLabPeople, PeopleProvider
from plugins.hooks import Delivery, Ignored, Malformed, Touched, Unsigned
from plugins.hooks import receive as read_delivery
from portal.config.forges import forges_of
from portal.config.hooking import Hook
from portal.db.ingest import registrations
from portal.db.sources import touched
from portal.db.state import Connection
from portal.wiring import Portal
from portal.worker.requests import Lane, ingest_key, later_key, refresh_key


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """What is to be read anew is committed."""

    keys: tuple[str, ...]
    """At least one."""


Received: TypeAlias = Accepted | Ignored | Malformed | Unsigned


def hook_named(portal: Portal, name: str) -> Hook | None:
    """The webhook that the configuration calls so; None: there is none, or none with a secret."""
    return next((hook for hook in portal.settings.hooks if hook.name == name), None)


def receive(portal: Portal, hook: Hook, delivery: Delivery) -> Received:
    """Ask for what a delivery is about to be read anew."""
    said = read_delivery(hook.type, delivery, secrets=hook.secrets, now=portal.now())
    if not isinstance(said, Touched):
        return said
    home = _home(portal, hook)
    urls, groups = _within(hook, home, said.repositories), _groups(hook, home, said.people)
    if not urls and not groups:
        return Ignored(why=f"It is about nothing below {hook.url}")
    targets = [
        one.target for one in portal.settings.people if any(_reads(one, hook, of) for of in groups)
    ]
    with portal.database.read() as connection:
        keys = _keys(connection, urls, said) if urls else ()
        ids = registrations.ids_of(connection, targets)
    seldom = tuple(ingest_key(ids[target]) for target in targets if target in ids)
    if not keys and not seldom:
        return Ignored(why="Nothing that the portal knows has to be read anew")
    if keys:
        portal.work.request_anew(keys, Lane.EVENT)
    if seldom:
        portal.work.request_seldom(seldom)
    return Accepted(keys=(*keys, *map(later_key, seldom)))


def _home(portal: Portal, hook: Hook) -> str:
    """URL of the pages of the hook's forge, which may be below a path of its host."""
    parts = urlsplit(hook.url)
    forges = forges_of(portal.settings.integrations)
    urls = (one.web_url for one in forges if one.host.lower() == parts.netloc.lower())
    return next(urls, f"{parts.scheme}://{parts.netloc}")


def _within(hook: Hook, home: str, named: Iterable[str]) -> list[str]:
    """The web URLs of those that the hook may speak for, each once."""
    whole = (f"{home}{one}" if one.startswith("/") else one for one in named)
    urls = dict.fromkeys(web_url(one) for one in whole if _is_address(one))
    return [url for url in urls if f"{url}/".lower().startswith(f"{hook.url}/".lower())]


def _is_address(text: str) -> bool:
    """Whether a repository can be there: nothing is at an address that cannot be read, or be kept."""
    try:
        return bool(urlsplit(text)) and "\0" not in text
    except ValueError:  # an address in brackets that is none
        return False


def _groups(hook: Hook, home: str, named: Iterable[str]) -> list[str]:
    """The paths, in lower case, of the organizations and groups that the hook may speak for."""
    base, path = urlsplit(f"{home}/").path.lower(), f"{urlsplit(hook.url).path}/".lower()
    own = path.removeprefix(base).strip("/") if path.startswith(base) else ""
    paths = dict.fromkeys(one.strip("/").lower() or own for one in named)
    return [path for path in paths if _is_below(path, own)]


def _reads(provider: PeopleProvider, hook: Hook, group: str) -> bool:
    """Whether a provider of the hook's forge reads people of a group, or of one above or below it."""
    if (provider.type, provider.host.lower()) != (hook.type, urlsplit(hook.url).netloc.lower()):
        return False
    match provider:
        case GitHubPeople(organizations=names):
            return not names or not group or group in [name.lower() for name in names]
        case GitLabPeople(group=name):
            own = name.strip("/").lower()
            return _is_below(group, own) or _is_below(own, group)
    return False  # a Gitea tells nothing of people


def _is_below(path: str, above: str) -> bool:
    return not above or f"{path}/".startswith(f"{above}/")


def _keys(connection: Connection, urls: Sequence[str], said: Touched) -> tuple[str, ...]:
    at = said.revision
    ids = [id_ for url in urls for id_ in touched.repositories_at(connection, url, but_at=at)]
    listings = touched.listings_over(connection, urls) if said.listed else []
    return tuple(dict.fromkeys([*map(refresh_key, ids), *map(ingest_key, listings)]))
