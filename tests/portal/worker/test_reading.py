"""Reading many descriptors: handed out ahead of who wants them, by a thread that goes with its reading."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from catalog.descriptor.placeholders import Base
from catalog.ingest.readings import ToRead
from catalog.ingest.store import FileReading
from portal.pool import Pool
from portal.worker import reading
from portal.worker.children.parsing import read_files
from tests.portal.processes import eventually

GROUP = reading.FILES_COUNT
DOCUMENT = (
    "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata:\n  name: n{}\nspec: {{owner: o}}\n"
)


class Here:
    """A pool whose children answer at once, in this process."""

    size = 2

    def submit(self, task: str, payload: list[ToRead], **_: float) -> Future[list[FileReading]]:
        future: Future[list[FileReading]] = Future()
        future.set_result(read_files(payload))
        return future


def read(files: Iterator[ToRead], pool: Any = None) -> Iterator[FileReading]:
    return reading._read_in_pool(cast(Pool, pool or Here()), files)


def to_read(n: int) -> ToRead:
    return ToRead(
        base=Base(path=f"{n}.yaml"),
        content=DOCUMENT.format(n).encode(),
        url=f"file:/{n}.yaml",
        origin="file:/",
        annotations={},
        companions={},
        rules=None,
        kinds=(),
    )


def threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("reading")]


@pytest.mark.parametrize("n", [0, 1, GROUP, GROUP + 1, 2 * GROUP, 30 * GROUP + 7])
def test_every_file_is_read_once_and_in_order(n: int) -> None:
    found = [one.path for one in read(map(to_read, range(n)))]
    assert found == [f"{number}.yaml" for number in range(n)]
    assert threads() == []


def test_files_are_fetched_while_nobody_asks_and_only_so_many_ahead() -> None:
    taken: list[int] = []
    most = (2 + reading.AHEAD * Here.size) * GROUP
    enough = threading.Event()

    def files() -> Iterator[ToRead]:
        for n in range(100 * GROUP):
            taken.append(n)
            if len(taken) == most:
                enough.set()
            yield to_read(n)

    found = read(files())
    assert next(found).path == "0.yaml"
    assert enough.wait(20), "what is read next is not fetched"
    for _ in range(GROUP - 1):
        next(found)
    assert len(taken) == most, "more is fetched than is to lie about"
    found.close()  # type: ignore[attr-defined]  # it is a generator
    assert threads() == []
    assert len(taken) <= most + GROUP


def test_few_files_take_no_thread() -> None:
    began = [(one.path, threads()) for one in read(map(to_read, range(GROUP)))]
    assert all(found == [] for _, found in began)


@pytest.mark.parametrize("good", [0, GROUP, 5 * GROUP])
def test_failure_of_who_fetches_is_one_of_who_reads(good: int) -> None:
    def files() -> Iterator[ToRead]:
        yield from map(to_read, range(good))
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(read(files()))
    assert threads() == []


def test_children_are_there_before_anything_is_read() -> None:
    def children() -> set[str]:
        listed = Path("/proc/self/task").glob("*/children")
        return {number for one in listed for number in one.read_text().split()}

    before = children()
    with closing(Pool(2)) as pool:
        reading.get_ready(pool)
        eventually(lambda: len(children() - before) == 2)
        assert [one.path for one in read(map(to_read, range(3)), pool)] == [
            "0.yaml",
            "1.yaml",
            "2.yaml",
        ]
    assert not children() - before
