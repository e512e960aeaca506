"""Subjects on their way to a process that collects: as the bytes that are stored, parsed there."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson

from catalog.problems import JsonValue
from scorecards.collection.collectors import Subject


class PackedSubject(NamedTuple):
    """An entity to collect facts about; see `Subject`."""

    ref: str
    body: bytes
    file: str
    """Path of its descriptor inside the repository; '': nobody knows."""
    neighbors: Mapping[str, bytes]
    """Bodies, by ref."""
    members: Mapping[str, int]


def unpack_subjects(packed: Iterable[PackedSubject]) -> tuple[Subject, ...]:
    """The subjects in their order. What many of them refer to is parsed once."""
    parsed: dict[bytes, Mapping[str, JsonValue]] = {}

    def read(body: bytes) -> Mapping[str, JsonValue]:
        if body not in parsed:
            parsed[body] = orjson.loads(body)
        return parsed[body]

    return tuple(
        Subject(
            ref=one.ref,
            entity=read(one.body),
            file=one.file,
            directory=posixpath.dirname(one.file),
            neighbors={ref: read(body) for ref, body in one.neighbors.items()},
            members=one.members,
        )
        for one in packed
    )
