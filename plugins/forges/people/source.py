"""The source of people: the users and groups of an organization, presented as a repository.

Entities that are in no file enter the catalog by the same door as all others. A provider is a location
with one repository; what its forge says of people and teams becomes a snapshot with a file for each of
them, at the path of the page that the forge has for it, and a digest of all of it for the revision. So
what has not changed is known by its token and writes nothing; who disappears is a file that vanished,
which goes after two complete readings and the grace, and never more at once than the policy lets go;
conflicts, history, problems with places, and what explains an entity are those of any file. A reading
that fails or may lack something is a snapshot that failed: nothing changes, and the location says why.

What was read is kept as a copy under its digest: whoever assesses the entities asks the forge nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from plugins.contract import (
    Blob,
    Complete,
    Failed,
    Forge,
    Listing,
    PeopleProvider,
    Problem,
    Repository,
    Snapshot,
    TreeFile,
    Unreadable,
)
from plugins.forges import problems
from plugins.forges.deadlines import within
from plugins.forges.people.directory import PeopleReader
from plugins.forges.people.documents import documents
from plugins.web.answers import Validators
from plugins.web.cache import Cache
from plugins.web.singles import no_cache


class PeopleSource:
    """People and teams of configured forges."""

    name = "forge-people"
    checked = False

    def __init__(
        self,
        readers: Mapping[Forge, PeopleReader[Any]],
        providers: Sequence[PeopleProvider],
        cache: Cache,
    ) -> None:
        self._readers = {(forge.type, forge.host): one for forge, one in readers.items()}
        self._providers = {provider.target: provider for provider in providers}
        self._cache = cache

    def accepts(self, target: str) -> bool:
        """Whether `target` is that of a provider."""
        return target in self._providers

    def list(self, target: str) -> Listing:
        """The provider itself, about which nothing is asked yet."""
        if target not in self._providers:
            return Failed(problem=problems.no_such_forge(target))
        one = Repository(url=target, name=target.removeprefix("https://"))
        return Complete(repositories=(one,), evidence="a provider is one repository")

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        """People and teams as they are now; with a head, as they were when it was told."""
        url, known = repository.url, None
        if repository.head:
            known = self._cache.read(url, repository.head)
        if known is not None:
            return self._snapshot(repository, repository.head, known)
        provider, reader = self._of(url)
        if provider is None or reader is None:
            return Failed(problem=problems.no_such_forge(url))
        with within(provider.timeout):
            read = reader.read(provider)
        if isinstance(read, Problem):
            return Failed(problem=problems.about_people(reader.forge, read))
        if not read.persons:
            # Nobody configures an organization of nobody: it is credentials that see nothing (F35).
            return Failed(problem=problems.incomplete(reader.forge, "no member is visible"))
        texts = {path: content.decode() for path, content in documents(read).items()}
        content = orjson.dumps(texts)
        try:
            copy = self._cache.keep(url, content, Validators(url=url))
        except OSError as error:
            return Failed(problem=no_cache(error))
        return self._snapshot(repository, copy.digest, content)

    def read(
        self, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
    ) -> Iterator[Blob | Unreadable]:
        """The documents as they were when the snapshot was taken; asks the forge nothing."""
        content = self._cache.read(snapshot.repository.url, snapshot.revision)
        texts: dict[str, str] = {} if content is None else orjson.loads(content)
        for path in paths:
            text = texts.get(path, "").encode()
            if not text:
                yield Unreadable(path=path, problem=_no_copy(path))
            elif len(text) > max_bytes:
                yield Unreadable(path=path, problem=_too_large(path, len(text), max_bytes))
            else:
                yield Blob(path=path, content=text)

    def _of(self, url: str) -> tuple[PeopleProvider | None, PeopleReader[Any] | None]:
        """The provider of a target, and who reads its forge; None: there is none of its type."""
        provider = self._providers.get(url)
        if provider is None:
            return None, None
        return provider, self._readers.get((provider.type, provider.host))

    def _snapshot(self, repository: Repository, digest: str, content: bytes) -> Snapshot:
        files = tuple(
            TreeFile(path=path, token=_token(text), size=len(text.encode()))
            for path, text in sorted(orjson.loads(content).items())
        )
        _, reader = self._of(repository.url)
        return Snapshot(
            repository=repository,
            revision=digest,
            is_git=False,
            committed_at=None,
            files=files,
            named=tuple(file.path for file in files),
            only_named=True,
            shown=f"{reader.forge.web_url}/" if reader else "",
            head=digest,
        )


def _token(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _no_copy(path: str) -> Problem:
    return Problem(
        code="CACHE_UNUSABLE",
        message="The copy of what the forge said of its people is no longer in the cache.",
        hint="It is asked for again with the next reading.",
        file=path,
    )


def _too_large(path: str, size: int, max_bytes: int) -> Problem:
    return Problem(
        code="FILE_TOO_LARGE",
        message=f"The document has {size:,} bytes; the limit is {max_bytes:,}.",
        hint="Divide the team into smaller ones.",
        file=path,
    )
