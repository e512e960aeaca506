"""The web source: one file behind each URL, read again only when the server says it has changed.

Reading over HTTP is for hosts that the configuration allows; everything goes through the checked
client, so that it may be given what repositories and strangers name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from catalog.problems import quote
from plugins.contract import (
    Blob,
    Complete,
    Context,
    Failed,
    Listing,
    Plugin,
    Problem,
    Repository,
    Snapshot,
    Unreadable,
)
from plugins.web.answers import Fetched, NotModified, Refused
from plugins.web.cache import Cache
from plugins.web.client import CheckedClient
from plugins.web.links import SECONDS, LinkCollector
from plugins.web.singles import in_backstages_words, no_cache, read_single, single_snapshot
from plugins.web.urls import WebUrl, parse_url

VERSION = "1"

LARGEST = 10 * 1024 * 1024
"""Bytes of a file that is read."""


def plugin(context: Context) -> Plugin:
    """The plugin's manifest."""
    visitor = CheckedClient(context.link_facts.allow, seconds=SECONDS)
    links = LinkCollector(context.link_facts, visitor)
    return Plugin(
        name="web",
        version=VERSION,
        summary="Reads single files at URLs, and asks whether links answer, at hosts that are allowed.",
        sources=(WebSource(CheckedClient(context.reading), Cache(context.cache)),),
        remote_collectors=(links,) if context.link_facts.allow else (),
    )


class WebSource:
    """Files behind http and https URLs."""

    name = "web"
    checked = True

    def __init__(self, client: CheckedClient, cache: Cache) -> None:
        self._client, self._cache = client, cache

    def accepts(self, target: str) -> bool:
        """Whether `target` is an HTTP URL: where git comes first, one that is no clone URL."""
        return target[:8].lower().startswith(("http://", "https://"))

    def objection(self, target: str) -> Problem | None:
        """Why the URL is never asked for; None: its server will be."""
        listing = self.list(target)
        if isinstance(listing, Failed):
            return listing.problem
        url = self._client.allowed(target)
        return url if isinstance(url, Problem) else None

    def list(self, target: str) -> Listing:
        """The one file of the URL. Nothing is asked: its snapshot says whether it is there."""
        url = parse_url(target)
        if isinstance(url, Problem):
            return Failed(problem=url)
        if "*" in url.path:
            return Failed(problem=_pattern(url))
        name = f"{url.authority}/{path_of(url)}"
        one = Repository(url=target.partition("#")[0], name=name)
        return Complete(repositories=(one,), evidence="a URL names one file")

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        """The file as it is now: one request, conditional where there is a copy."""
        address = repository.url
        url = parse_url(address)
        if isinstance(url, Problem):
            return Failed(problem=url)
        copy = self._cache.find(address)
        validators = copy.validators if copy else None
        answer = self._client.get(address, max_bytes=LARGEST, known=validators)
        match answer:
            case Refused(problem=problem):
                return Failed(problem=in_backstages_words(problem, address))
            case Fetched():
                try:
                    copy = self._cache.keep(address, answer.content, answer.validators)
                except OSError as error:
                    return Failed(problem=no_cache(error))
            case NotModified():
                assert copy is not None, "only of a copy it can be said that it is the same"
        return single_snapshot(repository, path_of(url), copy)

    def read(
        self, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
    ) -> Iterator[Blob | Unreadable]:
        """The content as it was when the snapshot was taken; asks the server nothing."""
        return read_single(self._cache, snapshot, paths, max_bytes=max_bytes)


def path_of(url: WebUrl) -> str:
    """What the file is called: the end of the URL's path, or `catalog-info.yaml`."""
    name = unquote(url.path.rpartition("/")[2])
    is_name = name.isprintable() and name.strip(".") and not {"/", "\\"} & set(name)
    return name if is_name else "catalog-info.yaml"


def _pattern(url: WebUrl) -> Problem:
    return Problem(
        code="URL_PATTERN",
        message=f"Unsupported search pattern URL: {quote(url)}",
        hint="Name each file by a URL of its own; only what is behind a repository can be listed.",
    )
