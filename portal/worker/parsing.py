"""Parsing: in a child, descriptor files read into what they declare."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.defined_kinds import kinds_of
from catalog.descriptors import read_descriptor
from catalog.entity import NamedTarget
from catalog.inference import Inferred, infer
from catalog.placeholders import companion_key
from catalog.problems import Problem
from catalog.readings import ToRead
from catalog.store import Companion, FileReading


def read_files(files: Sequence[ToRead]) -> list[FileReading]:
    """Read descriptors: one reading for each file, in order."""
    return [_read_file(file) for file in files]


def _read_file(file: ToRead) -> FileReading:
    used: list[str] = []

    def resolve(target: str) -> bytes | Problem:
        key = companion_key(target, file.base)
        if key is not None:
            used.append(key)
            if key in file.companions:
                return file.companions[key]
        return Problem(
            code="PLACEHOLDER_UNREADABLE",
            message="A placeholder names a file that is not in this repository.",
            found=target,
            hint="Name a file relative to the descriptor, in the same repository.",
        )

    def owner() -> Inferred | None:
        used.extend(file.codeowners)
        place = file.codeowners[-1]
        rules = file.companions.get(place)
        return infer(rules, place=place, path=file.path) if isinstance(rules, bytes) else None

    outcomes, problems = read_descriptor(
        file.content,
        file=file.path,
        location=file.url,
        origin=file.origin,
        extra_annotations=file.annotations,
        resolve=resolve,
        infer=owner if file.codeowners else None,
        rules=file.rules,
        kinds=kinds_of(file.kinds)[0],
    )
    return FileReading(
        path=file.path,
        token="",
        url=file.url,
        outcomes=outcomes,
        problems=problems,
        targets=tuple(
            NamedTarget(str(o.entity.ref), target.text, target.type, target.optional)
            for o in outcomes
            if o.entity
            for target in o.entity.targets
        ),
        companions=tuple(Companion(key, "") for key in dict.fromkeys(used)),
    )
