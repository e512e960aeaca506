"""The web source: one file behind each URL, read again only when the server says it has changed.

Reading over HTTP is for hosts that the configuration allows; everything goes through the checked
client, so that it may be given what repositories and strangers name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
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
    TreeFile,
    Unreadable,
)
from plugins.web.answers import Fetched, NotModified, Refused
from plugins.web.cache import Cache, Copy
from plugins.web.client import CheckedClient
from plugins.web.urls import WebUrl, parse_url

VERSION = "1"

LARGEST = 10 * 1024 * 1024
"""Bytes of a file that is read."""


def plugin(context: Context) -> Plugin:
    """The plugin's manifest."""
    return Plugin(
        name="web",
        version=VERSION,
        summary="Reads single files at URLs, from the hosts that the configuration allows.",
        sources=(WebSource(CheckedClient(context.reading), Cache(context.cache)),),
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
                return Failed(problem=_in_backstages_words(problem, address))
            case Fetched():
                try:
                    copy = self._cache.keep(address, answer.content, answer.validators)
                except OSError as error:
                    return Failed(problem=_no_cache(error))
            case NotModified():
                assert copy is not None, "only of a copy it can be said that it is the same"
        return _snapshot_of(repository, url, copy)

    def read(
        self, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
    ) -> Iterator[Blob | Unreadable]:
        """The content as it was when the snapshot was taken; asks the server nothing."""
        for path in paths:
            if path not in snapshot.named:
                yield Unreadable(path=path, problem=_other_file(path))
                continue
            content = self._cache.read(snapshot.repository.url, snapshot.revision)
            if content is None:
                yield Unreadable(path=path, problem=_no_copy(path))
            elif len(content) > max_bytes:
                yield Unreadable(path=path, problem=_too_large(path, len(content), max_bytes))
            else:
                yield Blob(path=path, content=content)


def path_of(url: WebUrl) -> str:
    """What the file is called: the end of the URL's path, or `catalog-info.yaml`."""
    name = unquote(url.path.rpartition("/")[2])
    is_name = name.isprintable() and name.strip(".") and not {"/", "\\"} & set(name)
    return name if is_name else "catalog-info.yaml"


def _snapshot_of(repository: Repository, url: WebUrl, copy: Copy) -> Snapshot:
    path = path_of(url)
    return Snapshot(
        repository=repository,
        revision=copy.digest,
        is_git=False,
        committed_at=None,
        files=(TreeFile(path=path, token=copy.digest, size=copy.size),),
        named=(path,),
        direct=repository.url,
    )


def _in_backstages_words(problem: Problem, address: str) -> Problem:
    """A missing file as Backstage's users know and search for it (reference 2.3)."""
    if problem.code != "NOT_FOUND":
        return problem
    message = f"Unable to read url, no matching files found for {address}"
    return replace(problem, message=message[:300], found=quote(address))


def _pattern(url: WebUrl) -> Problem:
    return Problem(
        code="URL_PATTERN",
        message=f"Unsupported search pattern URL: {quote(url)}",
        hint="Name each file by a URL of its own; only what is behind a repository can be listed.",
    )


def _other_file(path: str) -> Problem:
    return Problem(
        code="FILE_NOT_FOUND",
        message=f"The URL names one file, and that is not {quote(path)}.",
        hint="Name the other file by a URL of its own.",
        file=path,
    )


def _no_copy(path: str) -> Problem:
    return Problem(
        code="CACHE_UNUSABLE",
        message=f"The copy of {quote(path)} is no longer in the cache.",
        hint="It is asked for again with the next reading.",
        file=path,
    )


def _no_cache(error: OSError) -> Problem:
    return Problem(
        code="CACHE_UNUSABLE",
        message=f"Cannot write the copy of the file: {error.strerror}.",
        hint="Check the cache folder's disk and permissions.",
    )


def _too_large(path: str, size: int, max_bytes: int) -> Problem:
    return Problem(
        code="FILE_TOO_LARGE",
        message=f"The file has {size:,} bytes; the limit is {max_bytes:,}.",
        hint="Split the file.",
        file=path,
    )
