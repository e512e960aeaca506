"""Parsing: in a child, descriptor files read into what they declare."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.descriptor.defined_kinds import kinds_of
from catalog.descriptor.descriptors import read_descriptor
from catalog.descriptor.inference import Inferred, infer
from catalog.descriptor.placeholders import companion_key, outside
from catalog.entity import NamedTarget
from catalog.ingest.readings import ToRead
from catalog.ingest.store import Companion, FileReading
from catalog.problems import Problem


def read_files(files: Sequence[ToRead]) -> list[FileReading]:
    """Read descriptors: one reading for each file, in order."""
    return [_read_file(file) for file in files]


def _read_file(file: ToRead) -> FileReading:
    beside = _Beside(file)
    outcomes, problems = read_descriptor(
        file.content,
        file=file.path,
        location=file.url,
        origin=file.origin,
        extra_annotations=file.annotations,
        resolve=beside.resolve,
        infer=beside.owner if file.codeowners else None,
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
        companions=tuple(Companion(key, "") for key in dict.fromkeys(beside.used)),
    )


class _Beside:
    """What a descriptor may take in from elsewhere, and what of it is asked for."""

    def __init__(self, file: ToRead) -> None:
        self._file = file
        self.used: list[str] = []

    def resolve(self, target: str) -> bytes | Problem:
        """The content that a placeholder names."""
        key = companion_key(target, self._file.base)
        if key is not None:
            self.used.append(key)
            if key in self._file.companions:
                return self._file.companions[key]
        return outside(target)

    def owner(self) -> Inferred | None:
        """Whom CODEOWNERS names; None where there is no such file."""
        self.used.extend(self._file.codeowners)
        place = self._file.codeowners[-1]
        rules = self._file.companions.get(place)
        path = self._file.base.direct or self._file.path
        return infer(rules, place=place, path=path) if isinstance(rules, bytes) else None
