"""Reads the license file of a repository, and names the license by its words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from plugins.contract import (
    Blob,
    FactRecord,
    FactSchema,
    FactState,
    FactType,
    FailedFact,
    Known,
    Missing,
    RepositoryView,
    Sees,
    Subject,
    Unknown,
)

FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "COPYING")

WORDS = {
    "Apache-2.0": "Apache License",
    "MIT": "Permission is hereby granted, free of charge",
    "GPL-3.0": "GNU GENERAL PUBLIC LICENSE\n                       Version 3",
}
"""By SPDX identifier, words that no other of these licenses has."""

SPDX = FactSchema(
    name="licenses.spdx",
    type=FactType.STRING,
    description="SPDX identifier of the license; 'other' where there is one that is not recognized.",
    when_absent="",
)


class LicenseCollector:
    """One fact; see `SPDX`."""

    name = "licenses"
    version = "1"
    schemas = (SPDX,)
    sees = Sees.REPOSITORY

    def collect(
        self, subjects: Sequence[Subject], repository: RepositoryView | None, *, now: datetime
    ) -> Iterable[FactRecord]:
        """One record for each subject: they share the repository, and so what is found in it."""
        facts = _facts(repository)
        snapshot = repository.snapshot if repository is not None else None
        for subject in subjects:
            yield FactRecord(
                ref=subject.ref,
                collector=self.name,
                version=self.version,
                url=snapshot.repository.url if snapshot else "",
                revision=snapshot.revision if snapshot else "",
                observed_at=now,
                valid_until=None,  # it changes with the revision, and not with time
                facts=facts,
            )


def _facts(repository: RepositoryView | None) -> Mapping[str, FactState]:
    if repository is None:
        detail = "The repository cannot be read."
        return {SPDX.name: FailedFact(reason=Unknown.SOURCE_FAILED, detail=detail)}
    paths = {file.path for file in repository.snapshot.files}
    path = next((name for name in FILES if name in paths), None)
    if path is None:
        return {SPDX.name: Missing(looked_for=", ".join(FILES))}
    found = repository.read(path)
    if not isinstance(found, Blob):
        return {SPDX.name: FailedFact(reason=Unknown.SOURCE_FAILED, detail=found.problem.message)}
    text = found.content.decode("utf-8", "replace")
    spdx = next((name for name, words in WORDS.items() if words in text), "other")
    return {SPDX.name: Known(value=spdx, path=path)}
