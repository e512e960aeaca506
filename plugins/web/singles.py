"""Single files: the snapshot of one that was read by its URL, and its content from the copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from catalog.problems import quote
from plugins.contract import Blob, Problem, Repository, Snapshot, TreeFile, Unreadable
from plugins.web.cache import Cache, Copy


def single_snapshot(repository: Repository, path: str, copy: Copy) -> Snapshot:
    """The one file of a URL, whose content is `copy`."""
    return Snapshot(
        repository=repository,
        revision=copy.digest,
        is_git=False,
        committed_at=None,
        files=(TreeFile(path=path, token=copy.digest, size=copy.size),),
        named=(path,),
        direct=repository.url,
    )


def read_single(
    cache: Cache, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
) -> Iterator[Blob | Unreadable]:
    """The content as it was when the snapshot was taken."""
    for path in paths:
        if path not in snapshot.named:
            yield Unreadable(path=path, problem=_other_file(path))
            continue
        content = cache.read(snapshot.repository.url, snapshot.revision)
        if content is None:
            yield Unreadable(path=path, problem=_no_copy(path))
        elif len(content) > max_bytes:
            yield Unreadable(path=path, problem=_too_large(path, len(content), max_bytes))
        else:
            yield Blob(path=path, content=content)


def in_backstages_words(problem: Problem, address: str) -> Problem:
    """A missing file as Backstage's users know and search for it (reference 2.3)."""
    if problem.code != "NOT_FOUND":
        return problem
    message = f"Unable to read url, no matching files found for {address}"
    return replace(problem, message=message[:300], found=quote(address))


def no_cache(error: OSError) -> Problem:
    """The copy cannot be kept."""
    return Problem(
        code="CACHE_UNUSABLE",
        message=f"Cannot write the copy of the file: {error.strerror}.",
        hint="Check the cache folder's disk and permissions.",
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


def _too_large(path: str, size: int, max_bytes: int) -> Problem:
    return Problem(
        code="FILE_TOO_LARGE",
        message=f"The file has {size:,} bytes; the limit is {max_bytes:,}.",
        hint="Split the file.",
        file=path,
    )
