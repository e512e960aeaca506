"""Reading descriptors: in the children of the pool, each file with what it takes in from elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from catalog.ingest.companions import LARGEST_FILE
from catalog.ingest.readings import Reader, ToRead
from catalog.ingest.store import FileReading
from catalog.locations import describe_file
from catalog.problems import Problem
from catalog.sources import Blob, Failed, Repository
from plugins.contract import Plugin
from portal.child import TaskFailed
from portal.pool import Pool
from portal.worker.children.views import source_for
from portal.worker.tools import Tools

READ = "portal.worker.children.parsing:read_files"

FILES_BYTES = 512 * 1024
FILES_COUNT = 200
"""Files in one task for a child: enough to hide the cost of handing over."""

AHEAD = 6
"""Tasks for each child that are under way while a batch is being written."""


def reader_of(tools: Tools) -> Reader:
    """Reads descriptors in the children of the pool."""
    return Reader(
        read=lambda files: _read_in_pool(tools.pool, files),
        describe=describe_file,
        fetch=lambda url: fetch(tools.plugins, url),
        kinds=tools.kinds,
        same_repository=tools.same_repository,
        codeowners=tools.codeowners,
    )


def get_ready(pool: Pool) -> None:
    """Let the children start and load what reading takes, so that the first to read finds them ready."""
    pool.get_ready(READ, [])


def fetch(plugins: Sequence[Plugin], url: str) -> tuple[str, bytes] | Problem:
    """A token that changes with the content of a URL, and the content; or why there is none."""
    source = source_for(plugins, url, checked=True)
    if source is None:
        return no_source(url)
    snapshot = source.snapshot(Repository(url=url, name=url))
    if isinstance(snapshot, Failed):
        return snapshot.problem
    found = next(iter(source.read(snapshot, snapshot.named, max_bytes=LARGEST_FILE)))
    return (snapshot.revision, found.content) if isinstance(found, Blob) else found.problem


def _read_in_pool(pool: Pool, files: Iterable[ToRead]) -> Iterator[FileReading]:
    """Read files in the children, some tasks ahead of the caller, in order.

    The children need not wait while a batch is being written: a thread fetches what they read next.
    """
    asked = ((pool.submit(READ, group), group) for group in _groups(files))
    first = list(islice(asked, 2))
    if len(first) < 2:  # as most readings: nothing is to be fetched meanwhile
        for one in first:
            yield from _finished(pool, *one)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="reading") as thread:
        ahead = deque(thread.submit(next, asked, None) for _ in range(AHEAD * pool.size))
        try:
            for one in first:
                yield from _finished(pool, *one)
            while (following := ahead.popleft().result()) is not None:
                ahead.append(thread.submit(next, asked, None))
                yield from _finished(pool, *following)
        finally:
            for future in ahead:
                future.cancel()


def _groups(files: Iterable[ToRead]) -> Iterator[list[ToRead]]:
    group: list[ToRead] = []
    size = 0
    for file in files:
        group.append(file)
        size += len(file.content)
        if size >= FILES_BYTES or len(group) >= FILES_COUNT:
            yield group
            group, size = [], 0
    if group:
        yield group


def _finished(
    pool: Pool, future: Future[list[FileReading]], group: list[ToRead]
) -> Iterator[FileReading]:
    """The readings of a task; one that killed its child is split until the guilty file is found."""
    try:
        yield from future.result()
    except TaskFailed as failure:
        if len(group) == 1:
            yield _unreadable(group[0], str(failure))
            return
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            again = pool.submit(READ, half, deadline=20)
            yield from _finished(pool, again, half)


def _unreadable(file: ToRead, why: str) -> FileReading:
    return FileReading(
        path=file.path,
        token="",
        url=file.url,
        outcomes=(),
        problems=(
            Problem(
                code="FILE_NOT_PARSED",
                message=f"The file could not be parsed: {why}.",
                hint="Split it, or make it simpler; what it declared before is still served.",
                file=file.path,
            ),
        ),
    )


def no_source(target: str) -> Problem:
    """The problem of a target that nobody reads."""
    return Problem(
        code="NO_SOURCE",
        message="No installed plugin reads this target.",
        found=target,
        expected="a folder, a repository, a descriptor file, or a git URL",
        hint="Check the spelling; `portal plugins` lists what is installed.",
    )
