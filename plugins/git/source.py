"""The git source: one repository for each URL that the operator configured.

URLs found in repositories never come here (design 2a.9). Credentials in a URL are kept in memory
only: a process that was not given the target with them asks the remote without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

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
from plugins.git.addresses import Address, parse_address
from plugins.git.mirrors import ask_head, mirror_of, snapshot_of
from plugins.gitstore.commands import GitError
from plugins.gitstore.objects import read_blobs
from plugins.web.breaker import Breaker

VERSION = "1"

NO_ANSWER = ("GIT_TIMEOUT", "GIT_UNREACHABLE")
"""Codes of what git says where a host is down; whatever else it says, the host has answered."""


def plugin(context: Context) -> Plugin:
    """The plugin's manifest."""
    return Plugin(
        name="git",
        version=VERSION,
        summary="Reads git repositories at https and ssh URLs.",
        sources=(GitSource(cache=context.cache),),
    )


class GitSource:
    """Repositories behind git URLs, read from bare copies in a cache."""

    name = "git"
    checked = False

    def __init__(self, *, cache: Path) -> None:
        self._cache, self._breaker = cache, Breaker()
        self._addresses: dict[str, Address] = {}

    def accepts(self, target: str) -> bool:
        """Whether `target` is a URL that git may be given."""
        return parse_address(target) is not None

    def list(self, target: str) -> Listing:
        """The repository at the URL, once its remote has answered: one request."""
        address = parse_address(target)
        if address is None:
            return Failed(problem=_bad_url(target))
        self._addresses[address.url] = address
        try:
            commit = self._head(address)
        except GitError as error:
            return Failed(problem=error.problem)
        one = Repository(url=address.url, name=address.name)
        return Complete(repositories=(one,), evidence=f"the remote's HEAD is {commit}")

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        """The remote's HEAD: one request, and a fetch if it has moved."""
        address = self._addresses.get(repository.url) or parse_address(repository.url)
        if address is None:
            return Failed(problem=_bad_url(repository.url))
        mirror = mirror_of(self._cache, address.url)
        try:
            return snapshot_of(mirror, address, repository, self._head(address))
        except GitError as error:
            return Failed(problem=error.problem)
        except OSError as error:
            return Failed(problem=_no_cache(error))

    def _head(self, address: Address) -> str:
        """The commit at the remote's HEAD, unless its host is left alone: it would only cost time."""
        host = _host(address)
        if wait := self._breaker.wait(host):
            raise GitError(_left_alone(host, wait))
        try:
            commit = ask_head(address)
        except GitError as error:
            self._breaker.note(host, failed=error.problem.code in NO_ANSWER)
            raise
        self._breaker.note(host, failed=False)
        return commit

    def read(
        self, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
    ) -> Iterator[Blob | Unreadable]:
        """The files as they are in the snapshot's commit; asks the remote nothing."""
        mirror = mirror_of(self._cache, snapshot.repository.url)
        return read_blobs(mirror, snapshot, paths, max_bytes=max_bytes)


def _host(address: Address) -> str:
    """Where the repository is, with its port."""
    if "://" in address.url:
        return urlsplit(address.url).netloc
    return address.url.partition(":")[0].rpartition("@")[2]


def _left_alone(host: str, seconds: float) -> Problem:
    return Problem(
        code="UPSTREAM_PAUSED",
        message=f"{quote(host)} keeps failing and is left alone for {seconds:.0f} s.",
        hint="See whether it is down; what was read before stays.",
    )


def _bad_url(target: str) -> Problem:
    # What stands before an `@` may be a secret, in whatever form it is wrong.
    shown = target.rpartition("@")[2]
    return Problem(
        code="BAD_URL",
        message=f"{quote(shown)} is no git URL that can be read.",
        hint="Use https://, http://, ssh:// or user@host:path, without query or fragment.",
    )


def _no_cache(error: OSError) -> Problem:
    return Problem(
        code="CACHE_UNUSABLE",
        message=f"Cannot write the copy of the repository: {error.strerror}.",
        hint="Check the cache folder's disk and permissions.",
    )
