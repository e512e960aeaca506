"""The source for single files on forges, and for patterns of them, read by the forge's API.

Everything goes through the checked client to hosts that are configured, so that it may be given what
repositories and strangers name. Who may register locations can have everything read that the
credentials open, as in Backstage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from catalog.globs import compile_glob
from plugins.contract import (
    Blob,
    Complete,
    Failed,
    Forge,
    Listing,
    Problem,
    Repository,
    Snapshot,
    Unreadable,
)
from plugins.forges import problems
from plugins.forges.api import Api
from plugins.forges.places import FilePlace, file_place
from plugins.forges.projects import Hosting
from plugins.web.answers import NotModified
from plugins.web.cache import Cache
from plugins.web.singles import in_backstages_words, no_cache, read_single, single_snapshot

LARGEST = 10 * 1024 * 1024
"""Bytes of a file that is read."""

MOST_HITS = 500
"""Files that one pattern may name (hostile-input row Y32)."""


class FileSource:
    """Files behind the URLs under which forges show them."""

    name = "forge-files"
    checked = True

    def __init__(
        self, hostings: Mapping[Forge, Hosting], apis: Mapping[Forge, Api], cache: Cache
    ) -> None:
        self._hostings, self._apis, self._cache = hostings, apis, cache

    def accepts(self, target: str) -> bool:
        """Whether `target` is the URL of a file, or a pattern of files, on a configured forge."""
        return file_place(tuple(self._hostings), target) is not None

    def list(self, target: str) -> Listing:
        """The one file, about which nothing is asked; or those that a pattern fits."""
        place = file_place(tuple(self._hostings), target)
        if place is None:
            return Failed(problem=problems.no_such_forge(target))
        if place.is_pattern:
            return self._matching(place, target)
        one = Repository(url=target.partition("#")[0], name=f"{place.project}/{place.path}")
        return Complete(repositories=(one,), evidence="a URL names one file")

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        """The file as it is now: one request, conditional where there is a copy."""
        address = repository.url
        place = file_place(tuple(self._hostings), address)
        if place is None:
            return Failed(problem=problems.no_such_forge(address))
        url, accept = self._hostings[place.forge].raw(place.project, place.ref, place.path)
        copy = self._cache.find(address)
        answer = self._apis[place.forge].fetch(
            url,
            what=f"{place.path} of {place.project}",
            accept=accept,
            known=copy.validators if copy else None,
            max_bytes=LARGEST,
            owner=place.project.partition("/")[0],
        )
        if isinstance(answer, Problem):
            return Failed(problem=in_backstages_words(answer, address))
        if not isinstance(answer, NotModified):
            try:
                copy = self._cache.keep(address, answer.content, answer.validators)
            except OSError as error:
                return Failed(problem=no_cache(error))
        assert copy is not None, "only of a copy it can be said that it is the same"
        return single_snapshot(repository, place.path.rpartition("/")[2], copy)

    def read(
        self, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
    ) -> Iterator[Blob | Unreadable]:
        """The content as it was when the snapshot was taken; asks the forge nothing."""
        return read_single(self._cache, snapshot, paths, max_bytes=max_bytes)

    def _matching(self, place: FilePlace, target: str) -> Listing:
        glob = compile_glob(place.path)
        if glob is None:
            return Failed(problem=_too_many(target, "alternatives in braces"))
        files = self._hostings[place.forge].files(place.project, place.ref)
        if isinstance(files, Problem):
            return Failed(problem=in_backstages_words(files, target))
        hits = sorted(path for path in files if glob.matches(path))
        if len(hits) > MOST_HITS:
            return Failed(problem=_too_many(target, f"files: {len(hits):,}"))
        found = [
            Repository(url=place.at(quote(path)), name=f"{place.project}/{path}") for path in hits
        ]
        return Complete(
            repositories=tuple(found), evidence=f"{len(files)} files, {len(found)} of the pattern"
        )


def _too_many(target: str, what: str) -> Problem:
    return Problem(
        code="LOCATION_TOO_MANY",
        message=f"The pattern {target} comes to too many {what}."[:300],
        hint="Name fewer files with one pattern.",
        expected=f"at most {MOST_HITS} files",
    )
